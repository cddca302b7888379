"""Explanations to one HTML page that opens offline: a section a picture, and the files that could not be read."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from boda.explain.overlay import to_jpeg
from boda.reports.page import Html, Section, document, element, join, listing, name, note, photo
from boda.reports.why_sheet import panels_of
from boda.reports.why_words import (
    agreement_sentence,
    answer_sentence,
    covering_sentence,
    label_text,
    neighbours_sentence,
)
from boda.reports.words import base_name, clean, number, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from boda.explain.explanation import Explanation

MOST_SHOWN = 100
THREE = "display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,200px),1fr));gap:14px;margin:12px 0"
CAPTIONS = (
    ("the picture", "The picture"),
    ("Grad-CAM: places that speak for it", "Grad-CAM over the picture"),
    ("occlusion: places that it misses when they are covered", "Occlusion over the picture"),
)
HOW_TO_READ = (
    "Warm colours: places that matter for the named class. Grad-CAM looks inside the network, which is quick but "
    "indirect. Occlusion covers one place after the other with grey and sees how far the class falls, which asks the "
    "network itself, but shows it pictures that nobody took. Where both point at the thing itself, it looks where it "
    "should; where they point at the background, it has learnt a habit of your photographs. The training pictures "
    "below are those that the network takes for most alike: a wrong answer beside wrong labels has its cause there."
)


def why_html(found: Sequence[Explanation], run: str, thumbnails: Mapping[str, np.ndarray]) -> str:
    """One page of what speaks for each answer of the Run `run`.

    Args:
        found: the first 100 are shown; the others have their sheets.
        run: what the page calls the Run.
        thumbnails: (h, w, 3) uint8 of training pictures by name.
    """
    good = [one for one in found if one.error is None]
    sections = [Section("how", "How to read this", note(HOW_TO_READ))]
    sections += [_section(i, one, thumbnails) for i, one in enumerate(good[:MOST_SHOWN])]
    if len(good) > MOST_SHOWN:
        rest = element("p", f"{plural(len(good) - MOST_SHOWN, 'further picture')}: see the PNG files beside this page.")
        sections.append(Section("further", "Further pictures", rest))
    if bad := [one for one in found if one.error is not None]:
        rows = [join(name(one.path), f": {clean(one.error, 200)}") for one in bad]
        sections.append(Section("bad", "Not read", listing(rows)))
    heading = join(
        element("div", "boda · why", class_="mark"),
        element("h1", f"Why? {base_name(run)}"),
        element("p", plural(len(found), "picture")),
    )
    return document(f"{base_name(run)}: boda why", heading, sections, "Made by boda why. This file needs no network.")


def _section(number_: int, one: Explanation, thumbnails: Mapping[str, np.ndarray]) -> Section:
    figures = (
        _figure(to_jpeg(panel), f"{alt}: {clean(one.path)}", caption)
        for panel, (caption, alt) in zip(panels_of(one), CAPTIONS, strict=True)
    )
    body = join(
        element("p", element("b", answer_sentence(one))),
        element("p", name(one.path), class_="muted"),
        element("div", *figures, style=THREE),
        element("p", agreement_sentence(one)),
        element("p", covering_sentence(one)),
        element("p", neighbours_sentence(one)),
        _neighbours(one, thumbnails) if one.neighbours else None,
    )
    return Section(f"picture-{number_}", base_name(one.path), body)


def _figure(jpeg: bytes, alt: str, caption: str) -> Html:
    source = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"
    picture = element("img", src=source, alt=alt, style="max-width:100%")
    return element("figure", picture, element("figcaption", caption), style="margin:0")


def _neighbours(one: Explanation, thumbnails: Mapping[str, np.ndarray]) -> Html:
    shown = []
    for neighbour in one.neighbours:
        small = thumbnails.get(neighbour.name)
        alt = f"Training picture of {clean(label_text(neighbour))}"
        shown.append(
            element(
                "figure",
                photo(None if small is None else to_jpeg(small), alt),
                element("figcaption", name(label_text(neighbour)), f", {number(neighbour.similarity, 2)} alike"),
                element("figcaption", name(neighbour.name), class_="muted"),
            )
        )
    return element("div", *shown, class_="strip", style="grid-template-columns:repeat(auto-fill,minmax(120px,1fr))")
