"""The report's section on why: mistakes, unsure and right answers, with what the network looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports.about_data import label_words
from boda.reports.page import Html, Section, element, join, name, note, photo
from boda.reports.words import clean, number, percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from boda.reports.contents import Contents

KINDS = (
    ("mistakes", "The most confident mistakes"),
    ("unsure", "The pictures it was least sure of"),
    ("right", "Right answers: of each class the surest, and one in the middle"),
)
ROW = "display:grid;grid-template-columns:repeat(3,1fr);gap:6px;margin-top:8px"


def pictures_section(contents: Contents) -> Section | None:
    """The most confident mistakes, the least sure and some right answers, with what the network looked at."""
    shown = [(title, contents.pictures.get(kind) or []) for kind, title in KINDS]
    if not any(entries for _, entries in shown):
        return None
    body = join(
        note(
            "The right-hand picture shows which places spoke for the answer (warm colours: most). "
            "Look whether they lie on the thing itself. A model that looks at the background has learnt a habit "
            "of your photographs, and right answers can rest on it too; a confident mistake is often a wrong label."
        ),
        *(join(element("h3", title), _cards(contents, entries)) for title, entries in shown if entries),
        element("p", "Any picture, with a check that needs no gradient and the training pictures that it resembles:"),
        element("pre", "boda why RUN PICTURE"),
    )
    return Section("pictures", "Pictures worth a look", body)


def _cards(contents: Contents, entries: Sequence[Mapping[str, Any]]) -> Html:
    return element("div", *(_card(contents, entry) for entry in entries), class_="cards")


def _card(contents: Contents, entry: Mapping[str, Any]) -> Html:
    truth, answer = label_words(entry.get("label")), label_words(entry.get("predicted"))
    alt = f"Picture of {clean(truth)}, answered {clean(answer)}"
    both = [photo(contents.picture(entry.get("file")), alt)]
    if entry.get("cam"):
        both.append(
            photo(
                contents.picture(entry.get("cam")), f"The same picture with the places that spoke for {clean(answer)}"
            )
        )
    return element(
        "div",
        element("div", *both, class_="both"),
        element(
            "dl",
            *(element("dt", "truth"), element("dd", name(truth))),
            *(element("dt", "answer"), element("dd", name(answer), class_=None if answer == truth else "wrong")),
            *(element("dt", "confidence"), element("dd", percent(entry.get("confidence"), 0))),
        ),
        element("p", name(entry.get("name")), class_="file"),
        _resembles(contents, entry.get("neighbours") or []),
        class_="card",
    )


def _resembles(contents: Contents, neighbours: Sequence[Mapping[str, Any]]) -> Html | None:
    """The training pictures that the network takes for most alike, with their labels."""
    if not neighbours:
        return None
    shown = (
        element(
            "div",
            photo(contents.picture(n.get("file")), f"Training picture of {clean(label_words(n.get('label')))}"),
            element("p", name(label_words(n.get("label"))), f" {number(n.get('similarity'), 2)}", class_="file"),
        )
        for n in neighbours
    )
    return join(element("p", "The training pictures most like it:", class_="file"), element("div", *shown, style=ROW))
