"""How far a box can be trusted: what calibration.json of a Run of boxes says, for the answers on new pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.errors import RunError
from boda.metrics import margin as margins
from boda.metrics.box_calibrate import apply

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Trust:
    """From a raw score to a confidence, the least one that is shown, and by how much a box is to be grown.

    The confidence is 1 / (1 + exp(-(slope * score + offset))).
    `threshold` is a confidence.
    `margin` is the share of its own width and height by which a box grows on every side so that it contains the whole
    object in the share `level` of the pictures; None where it is not known.
    """

    slope: float = 1.0
    offset: float = 0.0
    threshold: float = 0.0
    margin: float | None = None
    level: float = 0.9

    @classmethod
    def of(cls, calibration: Mapping[str, Any]) -> Trust:
        """What calibration.json says; ValueError where it cannot be so."""
        known = calibration.get("margin") or {}
        trust = cls(
            slope=float(calibration["slope"]),
            offset=float(calibration["offset"]),
            threshold=float(calibration.get("threshold") or 0.0),
            margin=None if known.get("pixels_relative") is None else float(known["pixels_relative"]),
            level=float(known.get("level", 0.9)),
        )
        if not (0 < trust.slope < np.inf and np.isfinite(trust.offset)):
            raise ValueError(f"slope {trust.slope} and offset {trust.offset}")
        return trust

    def confidence(self, scores: np.ndarray) -> np.ndarray:
        """Calibrated confidences (n,) float32 of raw scores (n,)."""
        return np.asarray(apply(scores, self.slope, self.offset), np.float32)

    def score_of(self, confidence: float) -> float:
        """The raw score at which the confidence is reached, a little less for rounding; minus infinity for 0."""
        if confidence <= 0:
            return -np.inf
        if confidence >= 1:
            return np.inf
        return (float(np.log(confidence / (1 - confidence))) - self.offset) / self.slope - 1e-3

    def margin_for(self, level: float) -> float:
        """The margin for `level`; RunError where the training measured none."""
        if self.margin is None:
            raise RunError(
                "This model has no margin: it finds many boxes a picture, or it was measured on too few pictures."
            )
        if abs(level - self.level) > 1e-9:
            raise RunError(f"This model's margin is for {self.level:g}. Received: grow={level:g}. Give {self.level:g}.")
        return self.margin

    @staticmethod
    def grow(boxes: np.ndarray, margin: float, size: tuple[int, int]) -> np.ndarray:
        """`boxes` (n, 4) grown by `margin` on every side, within a picture of `size` (width, height)."""
        return np.asarray(margins.grow(boxes, margin, size), np.float32)
