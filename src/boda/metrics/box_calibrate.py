"""How probable it is that a detection is right, from its score; and the score from which boxes are worth showing.

A detection is right where it found an object of its class, at an IoU of 0.5 or more, that no surer one had found
(`box_matches.is_right`). Its confidence is sigmoid(slope logit + offset): slope 1 and offset 0 leave it as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from boda.metrics.calibrate import expected_calibration_error, reliability_bins
from boda.metrics.classify import sigmoid
from boda.metrics.intervals import check_rows

LEAST_SLOPE = 0.01  # keeps the order of the scores, which AP is made of
STEPS = 100


def fit(logits: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """Slope and offset of the confidence sigmoid(slope logit + offset), as Platt fits them.

    They minimise the log loss against targets a little within 0 and 1, of which the samples can never be surer:

        right: (N+ + 1) / (N+ + 2)        wrong: 1 / (N- + 2)

    Args:
        logits: (n,) finite; of detections on pictures that the model was not trained on. For a probability p its logit
            is log(p / (1 - p)), of `logit`.
        right: (n,) booleans.

    Returns:
        The slope, 0.01 or more, so that no two detections change places, and the offset; (1, 0) with no samples.

    Raises:
        ValueError: not as many rows in both, or a logit is not finite.

    Example:
        >>> slope, offset = fit(np.array([4.0] * 10), np.array([True] * 7 + [False] * 3))
        >>> round(float(apply(np.array([4.0]), slope, offset)[0]), 2)
        0.68

    Reference:
        Platt 1999, Probabilistic outputs for support vector machines.
        Lin, Lin and Weng 2007, A note on Platt's probabilistic outputs (Newton's method with backtracking).
    """
    x, y = np.asarray(logits, dtype=np.float64).reshape(-1), np.asarray(right, dtype=bool).reshape(-1)
    check_rows(logits=x, right=y)
    if not np.isfinite(x).all():
        raise ValueError(f"logits must be finite. Received: {int((~np.isfinite(x)).sum())} that are not.")
    if len(x) == 0:
        return 1.0, 0.0
    middle, width = float(x.mean()), float(x.std()) or 1.0
    targets = np.where(y, (y.sum() + 1) / (y.sum() + 2), 1 / ((~y).sum() + 2))
    design = np.stack([(x - middle) / width, np.ones(len(x))], axis=1)
    slope, offset = _newton(design, targets)
    least = LEAST_SLOPE * width
    if slope < least:
        held = _newton(design[:, 1:], targets, least * design[:, 0])
        slope, offset = least, held[0]
    return float(slope / width), float(offset - slope * middle / width)


def apply(logits: np.ndarray, slope: float, offset: float) -> np.ndarray:
    """The confidences, 0 to 1, of `logits` of any shape."""
    return sigmoid(slope * np.asarray(logits, dtype=np.float64) + offset)


def logit(scores: np.ndarray) -> np.ndarray:
    """log(p / (1 - p)) of `scores`, 0 to 1, of any shape; finite, since 0 and 1 are taken as 1e-7 off.

    >>> logit(np.array([0.5])).tolist()
    [0.0]
    """
    p = np.clip(np.asarray(scores, dtype=np.float64), 1e-7, 1 - 1e-7)
    return np.log(p) - np.log1p(-p)


def reliability(confidences: np.ndarray, right: np.ndarray, bins: int = 10) -> dict[str, Any]:
    """Whether confidences mean what they say, on pictures that they were not fitted on.

    Args:
        confidences: (n,) 0 to 1.
        right: (n,) booleans.
        bins: at most so many, of equally many detections.

    Returns:
        `ece`, the expected calibration error over at most 15 bins (None with no detections), and the lists
        `confidence`, `accuracy`, `count`, `lo`, `hi` of `calibrate.reliability_bins`, which says what they are.
    """
    confidences, right = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=bool)
    check_rows(confidences=confidences, right=right)
    error = expected_calibration_error(confidences[:, None], right[:, None].astype(np.int64))
    return {"ece": None if np.isnan(error) else error, **reliability_bins(confidences, right, bins)}


def best_threshold(confidences: np.ndarray, right: np.ndarray, objects: int) -> dict[str, Any]:
    """The confidence from which boxes are shown, so that F1 is greatest on unseen answers.

        F1 = 2 right shown / (shown + objects)

    Of equal F1 the highest threshold is taken. It lies halfway between the last box shown and the first one hidden.
    As a chosen best its F1 flatters itself a little.

    Args:
        confidences: (n,) 0 to 1; of answers on pictures that the model was not trained on.
        right: (n,) booleans.
        objects: how many there are in those pictures, found or not.

    Returns:
        `threshold` (0.5 where nothing is right, for want of a better), `f1`, `precision` and `recall` there.

    Example:
        >>> best_threshold(np.array([0.9, 0.6, 0.2]), np.array([True, True, False]), objects=2)
        {'threshold': 0.4, 'f1': 1.0, 'precision': 1.0, 'recall': 1.0}
    """
    confidences, right = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=bool)
    check_rows(confidences=confidences, right=right)
    if not right.any():
        return {"threshold": 0.5, "f1": 0.0, "precision": 0.0, "recall": 0.0}
    order = np.argsort(-confidences, kind="stable")
    ranked, hits = confidences[order], np.cumsum(right[order])
    shown = np.arange(1, len(ranked) + 1)
    below = np.append(ranked[1:], -1.0)
    f1 = np.where(below < ranked, 2 * hits / (shown + objects), -1.0)  # equal confidences are shown together
    at = int(f1.argmax())
    return {
        "threshold": float((ranked[at] + max(below[at], 0.0)) / 2),
        "f1": float(f1[at]),
        "precision": float(hits[at] / shown[at]),
        "recall": float(hits[at] / objects),
    }


def _newton(design: np.ndarray, targets: np.ndarray, shift: np.ndarray | float = 0.0) -> np.ndarray:
    """The weights (k,) of least log loss of sigmoid(design weights + shift) against `targets` (n,), 0 to 1."""

    def loss(weights: np.ndarray) -> float:
        z = design @ weights + shift
        return float(np.logaddexp(0.0, z).sum() - targets @ z)

    weights = np.zeros(design.shape[1])
    for _ in range(STEPS):
        p = sigmoid(design @ weights + shift)
        curve = (design.T * (p * (1 - p))) @ design + 1e-12 * np.eye(len(weights))
        step = np.linalg.solve(curve, design.T @ (p - targets))
        while loss(weights - step) > loss(weights) and np.abs(step).max() > 1e-10:
            step = step / 2
        weights = weights - step
        if np.abs(step).max() <= 1e-10:
            break
    return weights
