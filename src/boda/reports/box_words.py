"""Turns the figures of a Run of boxes into words: the score that leads, verdicts, margins, errors and their advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports.words import is_interval, number, percent, plural
from boda.run import SCORES

if TYPE_CHECKING:
    from collections.abc import Mapping

BASELINES = {
    "constant": "the constant answer",
    "nothing": "no box at all",
}
CONSTANT = {
    "locate": "the mean box of the training part, at the same place in every picture",
    "detect": "one box: the mean of all of the training part, at the same place in every picture",
}
LEAD = {
    "mean_iou": "the mean overlap (IoU) of the box with the true one; 1 is perfect",
    "ap": "average precision over ten overlaps from 0.5 to 0.95; 1 is perfect",
}
KINDS = (
    (
        "missed",
        "missed",
        "An object that no box found, not even loosely.",
        (
            "Add pictures with objects like these; let the network see larger pictures where they are small; "
            "or show boxes of lower confidence."
        ),
    ),
    (
        "loose",
        "loose",
        "The right class, but the box fits badly (overlap 0.1 to 0.5).",
        "Train more of the network, or longer; look whether the true boxes are all drawn alike.",
    ),
    (
        "doubled",
        "doubled",
        "One more box on an object that was found already.",
        "Often two objects that were labelled as one, or a part and the whole; a higher confidence leaves them out.",
    ),
    (
        "wrong_class",
        "wrong class",
        "On an object, but with another name.",
        "Look at the classes below: add pictures of those that are mixed up, and check their labels.",
    ),
    (
        "background",
        "background",
        "A box where nothing is labelled.",
        (
            "Look first whether something is there that was not labelled; if not, add pictures without any object, "
            "which teach what is none."
        ),
    ),
)


def is_boxes(metrics: Mapping[str, Any]) -> bool:
    """Whether these are the figures of a Run of boxes."""
    return metrics.get("task") in SCORES


def score_name(metrics: Mapping[str, Any]) -> tuple[str, str]:
    """The key of the score that leads the report, and its name in words.

    >>> score_name({"task": "detect"})
    ('ap', 'AP')
    """
    return SCORES[metrics["task"]]


def verdict(metrics: Mapping[str, Any]) -> tuple[str, str]:
    """Whether the model beats the constant answer: "better", "same", "worse" or "none", and a sentence."""
    _, words = score_name(metrics)
    against = metrics.get("against_baseline") or {}
    rival = BASELINES.get(str(against.get("baseline")), "the constant answer")
    ends, difference = against.get("interval"), against.get("difference")
    if difference is None:
        return "none", "There is no baseline to compare with."
    if not is_interval(ends):
        return "none", f"{difference:+.3f} {words} beside {rival}; too few pictures to say how sure that is."
    spread = f"{ends[0]:+.3f} to {ends[1]:+.3f} on the same pictures"
    if ends[0] > 0:
        return "better", f"Better than {rival} by {difference:.3f} {words} ({spread})."
    if ends[1] < 0:
        return "worse", f"Worse than {rival} by {-difference:.3f} {words} ({spread})."
    return "same", f"No difference shown from {rival} ({spread}, which includes 0)."


def certainty_sentence(metrics: Mapping[str, Any]) -> str:
    """What the interval means, for a person who has never met one."""
    key, words = score_name(metrics)
    val = metrics.get("val") or {}
    measured = f"Measured on {part_words(metrics)} that it had not learnt from."
    ends = val.get(f"{key}_interval")
    if not is_interval(ends):
        return measured
    few = " With so few pictures the true figure may well lie outside of it." if (val.get("n") or 0) < 20 else ""
    return (
        f"{measured} We can be 95\u202f% sure that its {words} on further pictures of this kind lies between "
        f"{number(ends[0])} and {number(ends[1])}; more validation pictures would narrow this.{few}"
    )


def part_words(metrics: Mapping[str, Any], part: str = "val") -> str:
    """How many pictures, and where there are many boxes a picture how many of them, in words.

    >>> part_words({"task": "detect", "val": {"n": 40, "boxes": 43}})
    '40 validation pictures with 43 boxes'
    """
    val = metrics.get(part) or {}
    pictures = plural(val.get("n") or 0, {"val": "validation picture", "test": "test picture"}[part])
    return pictures if val.get("boxes") is None else f"{pictures} with {plural(val['boxes'], 'box', 'boxes')}"


def margin_sentence(calibration: Mapping[str, Any]) -> str:
    """By how much a box must grow to hold the whole object, in one sentence; empty where that is not known."""
    margin = calibration.get("margin") or {}
    if margin.get("pixels_relative") is None:
        return ""
    level = percent(margin.get("level"), 0)
    measured = f", measured on {plural(margin['n'], 'picture')} held out" if margin.get("n") else ""
    return (
        f"Grown on every side by {percent(margin['pixels_relative'])} of its own width and height, "
        f"the box contains the whole object in {level} of the pictures{measured}."
    )


def threshold_sentence(calibration: Mapping[str, Any]) -> str:
    """Which boxes are shown, in one sentence; empty where that is not known."""
    threshold = calibration.get("threshold")
    return "" if not threshold else f"Boxes of a confidence of {number(threshold, 2)} or more are shown."


def calibration_sentence(calibration: Mapping[str, Any]) -> str:
    """How far the confidence is from the truth, in one sentence; empty where that is not known."""
    error = (calibration.get("reliability") or {}).get("ece", calibration.get("ece"))
    return "" if error is None else f"The mean gap between confidence and truth (ECE) is {percent(error)}."


def share(value: float) -> str:
    """The share of a picture that a box covers, as percent with two figures or whole, never as a power of ten.

    >>> share(1.0), share(0.0213), share(0.0), share(0.996)
    ('100 %', '2.1 %', 'below 0.001 %', '100 %')
    """
    if value < 1e-5:
        return "below 0.001 %"
    return f"{100 * value:.0f} %" if value >= 0.0995 else f"{100 * value:.2g} %"


def leaks_sentence(count: int) -> str:
    """Why the figures flatter where pictures are in more than one part.

    >>> leaks_sentence(1)
    '1 picture is in more than one part; the figures on it flatter.'
    """
    are, them = ("is", "it") if count == 1 else ("are", "them")
    return f"{plural(count, 'picture')} {are} in more than one part; the figures on {them} flatter."
