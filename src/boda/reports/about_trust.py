"""The report's sections on trust: whether its confidence can be taken at its word, and when it should abstain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from boda.reports import curves
from boda.reports.page import Section, element, join, note
from boda.reports.words import abstain_sentence, calibration_sentence, number, percent

if TYPE_CHECKING:
    from boda.reports.contents import Contents


def reliability_section(contents: Contents) -> Section | None:
    """The reliability diagram, and the calibration error before and after the temperature."""
    after = contents.calibration.get("bins_after")
    if not after:
        return None
    figure = curves.reliability(contents.calibration.get("bins_before"), after)
    body = join(
        note(
            "When it says 80 %, is it right 80 % of the time? Points on the dotted line: yes. "
            "Below it: too sure of itself. Above it: too modest. The bars are 95 % intervals; "
            "below stands how many pictures each point is made of."
        ),
        element("p", _temperature_sentence(contents)),
        contents.draw("reliability", figure, "Reliability diagram: confidence against the share that is right"),
    )
    return Section("reliability", "Is its confidence honest?", body)


def abstain_section(contents: Contents) -> Section | None:
    """The abstain threshold in words, and coverage against confidence."""
    abstain = contents.calibration.get("abstain")
    if not abstain:
        return None
    confidence, right = _answers(contents)
    body = join(
        note(
            "Often it is better to hand unsure pictures to a person. The higher the confidence that you ask for, "
            "the fewer pictures are answered, and the more of these answers are right."
        ),
        element("p", element("b", abstain_sentence(contents.calibration))),
        element(
            "p",
            f"It was chosen inside the training part, for a precision of {percent(abstain.get('wanted'), 0)}; "
            "the figures above are those of the validation pictures.",
            class_="muted",
        ),
        None
        if confidence is None or right is None
        else contents.draw(
            "coverage",
            curves.coverage(confidence, right, abstain.get("threshold"), abstain.get("wanted")),
            "Curves: share answered and share of these that is right, against the confidence asked for",
        ),
    )
    return Section("abstain", "When to stay silent", body)


def _temperature_sentence(contents: Contents) -> str:
    temperature = contents.calibration.get("temperature")
    text = ""
    if temperature is not None:
        way = (
            "was too sure of itself"
            if temperature > 1.02
            else "was too modest"
            if temperature < 0.98
            else "was about right"
        )
        text = f"The head {way}; its scores are divided by a temperature of {number(temperature, 2)}. "
    return text + calibration_sentence(contents.val)


def _answers(contents: Contents) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The confidence of each validation answer and whether it is right; None for several labels a picture."""
    labels = contents.predictions.get("labels") or []
    if not labels or isinstance(labels[0], list):
        return None, None
    probabilities = np.asarray(contents.predictions["probabilities"], dtype=float)
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == np.asarray(labels)
