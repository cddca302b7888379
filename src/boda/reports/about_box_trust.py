"""The report's sections on trust in boxes: whether the confidence is honest, and by how much a box must grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boda.reports import box_figures, box_words
from boda.reports.page import Section, element, join, note

if TYPE_CHECKING:
    from boda.reports.contents import Contents


def margin_section(contents: Contents) -> Section | None:
    """For one box a picture: the margin in words, and how to ask for it."""
    sentence = box_words.margin_sentence(contents.calibration)
    if not sentence or contents.metrics["task"] != "locate":
        return None
    level = (contents.calibration.get("margin") or {}).get("level", 0.9)
    body = join(
        note(
            "A good box still cuts off an ear now and then. Where the whole object is wanted, such as for cutting it "
            "out, let the box grow; by how much was measured on pictures that the model had not learnt from "
            "(split conformal prediction), and holds for further pictures of this kind."
        ),
        element("p", element("b", sentence)),
        element("pre", f"boda predict RUN PICTURES --grow {level:g}"),
    )
    return Section("margin", "Does the box hold the whole object?", body)


def reliability_section(contents: Contents) -> Section | None:
    """The reliability diagram of the boxes' confidence."""
    bins = contents.calibration.get("reliability") or {}
    if not bins.get("confidence"):
        return None
    sentences = (
        box_words.calibration_sentence(contents.calibration),
        box_words.threshold_sentence(contents.calibration),
    )
    body = join(
        note(
            "A box is right where it overlaps a true one of its class by 0.5 or more. "
            "When it says 80 %, is it right 80 % of the time? Points on the dotted line: yes. "
            "Below it: too sure of itself. Above it: too modest. The bars are 95 % intervals; "
            "below stands how many boxes each point is made of."
        ),
        element("p", " ".join(filter(None, sentences))),
        contents.draw("reliability", box_figures.reliability(bins), "Reliability: confidence against the share right"),
    )
    return Section("reliability", "Is its confidence honest?", body)
