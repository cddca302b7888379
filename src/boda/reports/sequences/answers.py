"""The report's sections on answers that are no classes: numbers, tagged sentences, texts for texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports.page import Html, Section, element, join, name, note, table
from boda.reports.sequences import figures, inside_figures
from boda.reports.sequences.held import inside_of
from boda.reports.sequences.measures import short
from boda.reports.sequences.strips import ground
from boda.reports.words import clean, percent, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from boda.reports.contents import Contents

MOST = 10
MOST_ATTENTION = 4
MOST_TOKENS = 40


def numbers_section(contents: Contents) -> Section | None:
    """Answers against the truth, and the texts that they are farthest off on."""
    told = contents.predictions
    if contents.about.get("task") != "regress" or not told.get("targets"):
        return None
    truth, answer = (np.asarray(told[key], dtype=float) for key in ("targets", "answers"))
    far = np.argsort(-np.abs(answer - truth), kind="stable")[:MOST]
    texts = told.get("texts") or told["names"]
    rows = [
        (element("bdi", clean(texts[i], 160)), name(told["names"][i]), short(float(truth[i])), short(float(answer[i])))
        for i in far
    ]
    body = join(
        note("Each point is a text. On the dotted line the answer is right; below it is too low, above too high."),
        contents.draw(
            "answers", figures.answers(truth, answer), "Answers against the truth, and a histogram of errors"
        ),
        element("h3", "Farthest off"),
        table(("text", "where", "the truth", "the answer"), rows, words=2),
    )
    return Section("answers", "How far off is it?", body)


def sentences_section(contents: Contents) -> Section | None:
    """The sentences with the most wrong tags, wrong ones marked."""
    told = contents.predictions
    if contents.about.get("task") != "tag" or not told.get("tokens"):
        return None
    rows = list(zip(told["tokens"], told["tags"], told["answers"], told["names"], strict=True))
    wrong = [sum(t != a for t, a in zip(tags, answers, strict=True)) for _, tags, answers, _ in rows]
    order = sorted((i for i, count in enumerate(wrong) if count), key=lambda i: -wrong[i])[:MOST]
    whole = sum(not count for count in wrong)
    body = join(
        note("Sentences with the most mistakes. Marked words have a wrong tag: the answer, and in brackets the truth."),
        element("p", f"{percent(whole / max(len(rows), 1))} of the {plural(len(rows), 'sentence')} have no mistake."),
        *(_sentence(*rows[i]) for i in order),
    )
    return Section("sentences", "Where it stumbles", body)


def pairs_section(contents: Contents) -> Section | None:
    """Examples that are right and wrong, side by side."""
    told = contents.predictions
    if contents.about.get("task") != "pairs" or not told.get("sources"):
        return None
    right = told.get("right") or [a == b for a, b in zip(told["answers"], told["targets"], strict=True)]
    blocks = [
        (title, [i for i, is_right in enumerate(right) if bool(is_right) == wanted][:MOST])
        for title, wanted in (("Wrong", False), ("Right", True))
    ]
    body = join(
        note("What went in, what should have come out, and what did. Look for what wrong answers have in common."),
        *(join(element("h3", title), _pairs_table(told, where)) for title, where in blocks if where),
    )
    return Section("pairs", "Answers, right and wrong", body)


def attention_section(contents: Contents) -> Section | None:
    """For some answers, on which tokens of the source each token of the answer looked."""
    some = [one for one in inside_of(contents).get("attention") or [] if one.get("weights")][:MOST_ATTENTION]
    if not some:
        return None
    drawn = [
        contents.draw(
            f"attention_{nth}",
            inside_figures.attention(one["weights"], one["source"], one["answer"]),
            f"Attention: {clean(_line(one['source']))} to {clean(_line(one['answer']))}",
        )
        for nth, one in enumerate(some)
    ]
    body = join(
        note(
            "Each row is a token of the answer, each column one of the source; the darker, the more it looked there. "
            "A diagonal means that it reads and writes in the same order; jumps show what it has learned to move."
        ),
        element("div", *drawn, class_="two"),
    )
    return Section("attention", "Where it looks while writing", body)


def _sentence(tokens: Sequence[str], tags: Sequence[str], answers: Sequence[str], where: str) -> Html:
    pieces: list[Html | str] = []
    for token, tag, answer in list(zip(tokens, tags, answers, strict=True))[: 2 * MOST_TOKENS]:
        shown = clean(token, 60)
        told = (
            None if tag == answer else element("small", f" {clean(answer, 30)} (", clean(tag, 30), ")", class_="muted")
        )
        pieces += [element("mark", shown, told, style=ground(-4)) if told else shown, " "]
    more = len(tokens) - 2 * MOST_TOKENS
    end = f"… and {more:,} more" if more > 0 else None
    return element("p", *pieces, end, element("small", "  ", name(where), class_="muted"), dir="auto")


def _pairs_table(told: Mapping[str, Any], where: Sequence[int]) -> Html:
    rows = [[element("bdi", clean(told[key][i], 120)) for key in ("sources", "targets", "answers")] for i in where]
    return table(("the source", "the truth", "the answer"), rows, words=3)


def _line(tokens: Sequence[str] | str) -> str:
    return tokens if isinstance(tokens, str) else "".join(tokens)
