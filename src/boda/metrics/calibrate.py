"""Whether a confidence means what it says: temperature, calibration error, and when to abstain."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.metrics.intervals import check_rows, wilson

if TYPE_CHECKING:
    from collections.abc import Callable

LOWEST, HIGHEST = 0.05, 20.0  # temperatures looked at; they mirror each other around 1
LEAST_ANSWERS = 10  # below that, neither a bin nor a threshold says anything


def fit_temperature(logits: np.ndarray, targets: np.ndarray, *, multilabel: bool = False) -> float:
    """The temperature T by which `logits` are divided so that their confidence fits `targets`.

    It minimises the summed log loss plus a weak prior, log T normal around 0 with deviation 1:

        sum_i loss(logits_i / T, target_i) + (log T)^2 / 2

    The prior weighs as much as one sample or so.
    It keeps T finite where the samples are few or perfectly separable (the loss alone would send T to 0), gives 1
    with no samples, and since it is 0 at T = 1, the log loss at T is never above that at 1.
    No class changes places: T > 0 keeps the order of every row.

    Args:
        logits: (n, k) finite; from samples that the head was not trained on.
        targets: (n,) class indices, or (n, k) of 0 and 1 where `multilabel`.
        multilabel: whether each label is a sigmoid of its own, rather than all one softmax.

    Returns:
        T, within 0.05 to 20; an end is reached only by many samples whose logits are out of scale by as much.

    Raises:
        ValueError: the shapes do not fit, or a logit is not finite.

    Example:
        >>> logits = np.array([[4.0, 0.0]] * 10)  # 98 % sure, but right in 7 of 10
        >>> round(fit_temperature(logits, np.array([0] * 7 + [1] * 3)), 1)
        3.1

    Reference:
        Guo et al. 2017, On calibration of modern neural networks, section 4.2; the prior is ours.
    """
    z, y = np.asarray(logits, dtype=np.float64), np.asarray(targets)
    expected = z.shape if multilabel else z.shape[:1]
    if z.ndim != 2 or y.shape != expected:
        raise ValueError(f"targets must be {expected}. Received: logits {z.shape} and targets {y.shape}.")
    if not np.isfinite(z).all():
        raise ValueError(f"logits must be finite. Received: {int((~np.isfinite(z)).sum())} that are not.")
    loss = _sigmoid_loss(z, y) if multilabel else _softmax_loss(z, y)
    return exp(_minimum(lambda log_t: loss(exp(-log_t)) + log_t**2 / 2, log(LOWEST), log(HIGHEST)))


def expected_calibration_error(probabilities: np.ndarray, targets: np.ndarray, bins: int = 15) -> float:
    """The mean gap between confidence and accuracy, over bins of equally many samples.

    With (n,) targets the confidence is the top answer's; with (n, k) targets each probability is compared with how
    often its label is present, over all n k of them.
    Bins of equal mass, not of equal width: good models answer nearly always above 0.9, where bins of equal width
    leave most bins empty and average all the rest away.
    At least 10 samples go into a bin, with fewer bins where there are few samples, since the error of nearly empty
    bins is all noise, which counts upwards.

    Args:
        probabilities: (n, k), 0 to 1.
        targets: (n,) class indices, or (n, k) of 0 and 1.
        bins: at most so many.

    Returns:
        0 (calibrated) to 1; NaN with no samples.

    Reference:
        Guo et al. 2017 (the top label); Nguyen and O'Connor 2015, Posterior calibration and exploratory analysis for
        natural language processing models (equal mass).
    """
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(targets)
    check_rows(probabilities=p, targets=y)
    if p.size == 0:
        return float("nan")
    confidences, right = (p.max(axis=1), p.argmax(axis=1) == y) if y.ndim == 1 else (p.ravel(), y.ravel() > 0)
    bin_of = _equal_mass(confidences, bins)
    gaps = np.bincount(bin_of, confidences) - np.bincount(bin_of, right)
    return float(np.abs(gaps).sum() / len(confidences))


def reliability_bins(confidences: np.ndarray, right: np.ndarray, bins: int = 10) -> dict[str, list[Any]]:
    """The bars of a reliability diagram, over bins of equally many samples (see `expected_calibration_error`).

    Args:
        confidences: (n,) 0 to 1.
        right: (n,) booleans, whether the answer was right.
        bins: at most so many; bins without samples are left out.

    Returns:
        Lists of one length: `confidence` (mean), `accuracy`, `count`, and `lo` and `hi`, accuracy's Wilson interval.
    """
    confidences, right = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=bool)
    check_rows(confidences=confidences, right=right)
    bin_of = _equal_mass(confidences, bins)
    counts = np.bincount(bin_of)
    used = counts > 0
    counts = counts[used]
    correct = np.bincount(bin_of, right)[used].astype(int)
    ends = [wilson(int(c), int(n)) for c, n in zip(correct, counts, strict=True)]
    return {
        "confidence": (np.bincount(bin_of, confidences)[used] / counts).tolist(),
        "accuracy": (correct / counts).tolist(),
        "count": counts.tolist(),
        "lo": [lo for lo, _ in ends],
        "hi": [hi for _, hi in ends],
    }


def abstain_threshold(
    confidences: np.ndarray, right: np.ndarray, precision: float, *, level: float = 0.9
) -> dict[str, Any]:
    """The least confidence from which answers are right as often as wanted, so that the rest may abstain.

    It is chosen by the share that was right on the answers given, of which at least 10 must reach the threshold.
    Those answers must be out-of-fold answers of the training part: the validation part is for the report alone.
    As a chosen best it flatters itself a little; the lower end of `precision_interval` is the sober reading.

    Args:
        confidences: (n,) 0 to 1.
        right: (n,) booleans, whether the answer was right.
        precision: the share right that is wanted, 0 to 1.
        level: the confidence of `precision_interval`.

    Returns:
        `threshold` (answer where the confidence is at or above it), `coverage` (the share answered),
        `precision_there` and its Wilson `precision_interval`; None, 0.0, None and None where it cannot be reached.

    Reference:
        Geifman and El-Yaniv 2017, Selective classification for deep neural networks (without its guarantee).
    """
    confidences, right = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=bool)
    check_rows(confidences=confidences, right=right)
    order = np.argsort(-confidences, kind="stable")
    ranked = confidences[order]
    answered = np.arange(1, len(ranked) + 1)
    correct = np.cumsum(right[order])
    last_of_ties = np.append(ranked[1:] < ranked[:-1], True)[: len(ranked)]
    fine = np.flatnonzero(last_of_ties & (answered >= LEAST_ANSWERS) & (correct >= precision * answered - 1e-9))
    if len(fine) == 0:
        return {"threshold": None, "coverage": 0.0, "precision_there": None, "precision_interval": None}
    at = fine[-1]
    return {
        "threshold": float(ranked[at]),
        "coverage": float(answered[at] / len(ranked)),
        "precision_there": float(correct[at] / answered[at]),
        "precision_interval": list(wilson(int(correct[at]), int(answered[at]), level)),
    }


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1 of `values`, (n,); equal values share the mean of their ranks.

    Example:
        >>> average_ranks(np.array([0.3, 0.1, 0.3])).tolist()
        [2.5, 1.0, 2.5]
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse])


def _equal_mass(confidences: np.ndarray, bins: int) -> np.ndarray:
    """The bin of each sample, (n,), by its rank: equal values share a bin, and the order of samples is no matter."""
    n = len(confidences)
    bins = max(1, min(bins, n // LEAST_ANSWERS))
    return ((average_ranks(confidences) - 0.5) * bins / max(n, 1)).astype(np.int64)


def _softmax_loss(z: np.ndarray, y: np.ndarray) -> Callable[[float], float]:
    """The summed cross-entropy of softmax(beta z): sum log sum_j exp(beta (z_j - z_y))."""
    margins = z - z[np.arange(len(z)), y][:, None]
    largest = margins.max(axis=1, initial=0.0)
    below = margins - largest[:, None]
    return lambda beta: float((np.log(np.exp(beta * below).sum(axis=1)) + beta * largest).sum())


def _sigmoid_loss(z: np.ndarray, y: np.ndarray) -> Callable[[float], float]:
    """The summed binary cross-entropy of sigmoid(beta z): sum log(1 + exp(-beta z)) with the sign of the target."""
    against = np.where(y > 0, -z, z)
    return lambda beta: float(np.logaddexp(0.0, beta * against).sum())


def _minimum(function: Callable[[float], float], low: float, high: float, steps: int = 24) -> float:
    """Where `function` is least: the best of steps + 1 points, then golden section between its neighbours."""
    points = np.linspace(low, high, steps + 1)
    best = float(min(points, key=function))
    left, right = max(low, best - (high - low) / steps), min(high, best + (high - low) / steps)
    shrink = (sqrt(5) - 1) / 2
    while right - left > 1e-5:
        a, b = right - shrink * (right - left), left + shrink * (right - left)
        left, right = (left, b) if function(a) < function(b) else (a, right)
    return min(best, (left + right) / 2, key=function)
