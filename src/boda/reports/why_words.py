"""An Explanation in words: how the maps agree, what covering does, which training pictures it resembles."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from boda.explain.agreement import verdict
from boda.reports.about_data import label_words
from boda.reports.words import clean, number, percent, plural

if TYPE_CHECKING:
    from boda.explain.explanation import Explanation
    from boda.explain.neighbours import Neighbour

SMALL_FALL = 0.1
ADVICE = {
    "agree": "The two maps agree",
    "agree in part": "The two maps agree in part: trust what both show",
    "disagree": "The two maps disagree: trust neither alone",
    "cannot be compared": "One of the two maps is the same everywhere, so that they cannot be compared: "
    "trust neither alone",
}


def answer_sentence(one: Explanation) -> str:
    """The class that is explained, and how probable it is."""
    if one.is_answer:
        return f"Answer: {clean(one.label, 40)}, {percent(one.probability, 0)}"
    return f"What speaks for {clean(one.label, 40)}, which it gives {percent(one.probability, 0)}"


def agreement_sentence(one: Explanation) -> str:
    """Whether Grad-CAM and occlusion point at the same places."""
    correlation = "" if one.agreement is None else f" (rank correlation {number(one.agreement, 2)})"
    return f"{ADVICE[verdict(one.agreement)]}{correlation}."


def covering_sentence(one: Explanation) -> str:
    """What becomes of the class where the place is covered that it stands on most."""
    label, before, after = clean(one.label, 40), percent(one.probability, 0), percent(one.least, 0)
    if one.probability - one.least < SMALL_FALL * one.probability:
        return f"No single window changes much ({before} to {after}): no one place decides."
    then = "" if one.then == one.label or not one.is_answer else f", and the answer is {clean(one.then, 40)}"
    return f"With the most important place covered, {label} falls from {before} to {after}{then}."


def neighbours_sentence(one: Explanation) -> str:
    """How many of the nearest training pictures have the class, and what most of the others are."""
    if not one.neighbours:
        return "The training pictures are not at hand."
    labels = [label_text(n) for n in one.neighbours]
    same = sum(_has(n, one.label) for n in one.neighbours)
    total = plural(len(labels), "nearest training picture")
    text = f"{same} of the {total} {'is' if same == 1 else 'are'} of {clean(one.label, 40)}"
    others = Counter(label for label, n in zip(labels, one.neighbours, strict=True) if not _has(n, one.label))
    rest = ", ".join(f"{count} of {clean(label, 40)}" for label, count in others.most_common(3))
    copy = " It was trained on this picture itself, or on a copy." if one.neighbours[0].is_copy else ""
    return f"{text}{f' ({rest})' if rest else ''}.{copy}"


def label_text(neighbour: Neighbour) -> str:
    """The label of a training picture, several of them with commas."""
    return label_words(neighbour.label)


def _has(neighbour: Neighbour, label: str) -> bool:
    return label == neighbour.label if isinstance(neighbour.label, str) else label in neighbour.label
