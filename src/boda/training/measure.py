"""What a trained head is worth: calibration on inner folds, then the figures on the held-out part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.metrics import calibrate, classify, intervals
from boda.training.choose import is_right, probabilities_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.training.choose import Choice, Training


def calibration_of(choice: Choice, training: Training, precision_wanted: float) -> dict[str, Any]:
    """Temperature and abstain threshold, from answers on training pictures by heads that had not seen them."""
    answered = np.isfinite(choice.logits).all(axis=1)
    logits, targets = choice.logits[answered], training.targets[answered]
    temperature = calibrate.fit_temperature(logits, targets, multilabel=training.multilabel)
    confidence = confidences_of(logits, temperature, multilabel=training.multilabel)
    threshold = calibrate.abstain_threshold(confidence, is_right(logits, targets), precision_wanted)
    return {"temperature": float(temperature), "abstain": {"wanted": precision_wanted, **threshold}}


def add_reliability(calibration: dict[str, Any], logits: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    """`calibration` with the reliability before and after on the held-out part, and the threshold tried there."""
    multilabel = targets.ndim == 2
    temperature, threshold = calibration["temperature"], calibration["abstain"]["threshold"]
    right = is_right(logits, targets)
    before, after = (confidences_of(logits, t, multilabel=multilabel) for t in (1.0, temperature))
    bins = {
        "bins_before": calibrate.reliability_bins(before, right),
        "bins_after": calibrate.reliability_bins(after, right),
    }
    return {**calibration, **bins, "val_at_threshold": None if threshold is None else _at(after, right, threshold)}


def _at(confidence: np.ndarray, right: np.ndarray, threshold: float) -> dict[str, Any]:
    answered = confidence >= threshold
    n, hits = int(answered.sum()), int(right[answered].sum())
    precision = hits / n if n else None
    return {"coverage": n / len(right), "precision": precision, "precision_interval": list(intervals.wilson(hits, n))}


def confidences_of(logits: np.ndarray, temperature: float, *, multilabel: bool) -> np.ndarray:
    """How sure each answer is (n,): the top class's probability; with several labels, that all of them are right."""
    probabilities = probabilities_of(logits, multilabel=multilabel, temperature=temperature)
    return np.asarray(
        np.maximum(probabilities, 1 - probabilities).prod(axis=1) if multilabel else probabilities.max(axis=1)
    )


def figures(
    targets: np.ndarray, logits: np.ndarray, classes: Sequence[str], temperature: float, seed: int
) -> dict[str, Any]:
    """All figures of one part, from calibrated probabilities, each with its interval."""
    multilabel = targets.ndim == 2
    found = evaluate(targets, probabilities_of(logits, multilabel=multilabel, temperature=temperature), classes, seed)
    before, after = (probabilities_of(logits, multilabel=multilabel, temperature=t) for t in (1.0, temperature))
    ece, rng = evaluate_ece(targets, after), np.random.default_rng([seed, 2])
    lo, hi = intervals.bootstrap(
        lambda some: evaluate_ece(targets[some], after[some]), len(targets), draws=200, rng=rng
    )
    around = [min(lo, ece), max(hi, ece)]  # drawn samples look somewhat worse calibrated than what they are drawn from
    return {**found, "ece_interval": around, "ece_uncalibrated": evaluate_ece(targets, before)}


def evaluate(targets: np.ndarray, probabilities: np.ndarray, classes: Sequence[str], seed: int) -> dict[str, Any]:
    """`metrics.classify.evaluate` for one or several labels a picture."""
    rng = np.random.default_rng([seed, 1])
    if targets.ndim == 1:
        return classify.evaluate(targets, probabilities, classes, rng)
    return classify.evaluate_multilabel(targets, probabilities, classes, rng)


def evaluate_ece(targets: np.ndarray, probabilities: np.ndarray) -> float:
    """Expected calibration error of the answers, or of the single decisions with several labels a picture."""
    if targets.ndim == 1:
        return float(calibrate.expected_calibration_error(probabilities, targets))
    both = np.stack([1 - probabilities.ravel(), probabilities.ravel()], axis=1)
    return float(calibrate.expected_calibration_error(both, targets.ravel().astype(np.int64)))


def against(ours: np.ndarray, theirs: np.ndarray) -> dict[str, Any]:
    """Whether being right differs between two answers on the same pictures, (n,) booleans each."""
    difference, lo, hi = intervals.paired_difference(ours, theirs)
    p = intervals.mcnemar(ours, theirs)
    verdict = "no difference shown" if lo <= 0 <= hi else "better" if lo > 0 else "worse"
    return {"difference": float(difference), "interval": [float(lo), float(hi)], "p": float(p), "verdict": verdict}
