"""Probabilities and targets in; accuracy, F1, AUC and the report's table of scores out.

Throughout, `targets` are (n,) class indices with one label a sample, or (n, k) of 0 and 1 with several, and
`probabilities` are (n, k) within 0 to 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from boda.metrics.calibrate import average_ranks, expected_calibration_error
from boda.metrics.intervals import bootstrap_mean, check_rows, influence_interval, wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Swayed: TypeAlias = "tuple[float, np.ndarray, float]"  # a score, its influence (n,), and its worth in samples
LEAST_PROBABILITY = 1e-15  # the log loss of one sample is 34.5 at most


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities, (n, k), of which each row sums to 1; large logits do not overflow."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-logits)), of any shape; large logits do not overflow."""
    power = np.exp(-np.abs(logits))
    return np.asarray(np.where(logits >= 0, 1.0, power) / (1.0 + power))


def confusion_matrix(targets: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """How often class i, (n,) `targets`, was called j, (n,) `predicted`: (classes, classes) int64, rows are truth.

    Example:
        >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
        [[1, 1], [0, 1]]
    """
    check_rows(targets=targets, predicted=predicted)
    cells = np.bincount(targets.astype(np.int64) * classes + predicted, minlength=classes**2)
    return cells.reshape(classes, classes).astype(np.int64)


def accuracy(targets: np.ndarray, predicted: np.ndarray) -> float:
    """The share of samples that are right: equal, or with (n, k) targets equal in every label."""
    check_rows(targets=targets, predicted=predicted)
    same = targets == predicted
    return float((same if same.ndim == 1 else same.all(axis=1)).mean())


def balanced_accuracy(targets: np.ndarray, predicted: np.ndarray) -> float:
    """The mean recall of the classes that occur in (n,) `targets`."""
    check_rows(targets=targets, predicted=predicted)
    return float(np.mean([(predicted[targets == c] == c).mean() for c in np.unique(targets)]))


def precision_recall_f1(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Precision, recall and F1 of each class, (k,) each, from a (k, k) matrix; 0 / 0 counts as 0."""
    right, answered, true = confusion.diagonal(), confusion.sum(axis=0), confusion.sum(axis=1)
    return _ratio(right, answered), _ratio(right, true), _ratio(2 * right, answered + true)


def log_losses(targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The loss of each sample in nats, (n,): -log p(target), or the mean binary cross-entropy of its labels.

    Probabilities are clipped to 1e-15 to 1 - 1e-15, so that one sure mistake costs 34.5 and not infinity.
    """
    check_rows(targets=targets, probabilities=probabilities)
    p = np.clip(np.asarray(probabilities, dtype=np.float64), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    if targets.ndim == 1:
        return np.asarray(-np.log(p[np.arange(len(p)), targets]))
    return np.asarray(-np.log(np.where(targets > 0, p, 1 - p)).mean(axis=1))


def log_loss(targets: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean of `log_losses`; log(k) is what knowing nothing about k classes costs."""
    return float(log_losses(targets, probabilities).mean())


def brier(targets: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean over samples of sum_k (p_k - y_k)^2, 0 to 2 with one label a sample (Brier 1950).

    With two classes it is twice the score that looks at one of them only.
    """
    check_rows(targets=targets, probabilities=probabilities)
    return float(((probabilities - _hot(targets, probabilities.shape[1])) ** 2).sum(axis=1).mean())


def auc(targets: np.ndarray, scores: np.ndarray) -> float:
    """The chance that a positive scores above a negative, ties counting half (Mann and Whitney 1947).

    Args:
        targets: (n,) of 0 and 1.
        scores: (n,) higher for the positive.

    Returns:
        0 to 1; NaN where only one class occurs.

    Example:
        >>> auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
        0.75
    """
    check_rows(targets=targets, scores=scores)
    return _auc(targets > 0, scores)[0]


def macro_auc(targets: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean AUC of each class against the rest, of those that have samples on both sides; NaN if none has."""
    return _macro(_auc, _hot(targets, probabilities.shape[1]), probabilities)[0]


def average_precision(targets: np.ndarray, scores: np.ndarray) -> float:
    """The mean, over the positives, of the precision among all that score as high: sum (R_i - R_i-1) P_i.

    Args:
        targets: (n,) of 0 and 1.
        scores: (n,) higher for the positive; equal scores are taken together.

    Returns:
        0 to 1, about the share of positives by chance; NaN where there is no positive.

    Reference:
        Without interpolation, as in TREC: Buckley and Voorhees 2000, Evaluating evaluation measure stability.
    """
    check_rows(targets=targets, scores=scores)
    return _average_precision(targets > 0, scores)[0]


def evaluate(
    targets: np.ndarray, probabilities: np.ndarray, classes: Sequence[str], rng: np.random.Generator
) -> dict[str, Any]:
    """Everything the report says about answers with one label a sample, ready for JSON; 95 % intervals.

    Wilson's for accuracy, precision, recall, and F1 (by way of the share right among all that are of a class or
    called so); the infinitesimal jackknife's for AUC and the means over classes; the percentile bootstrap's, 1000
    draws, for log loss. Means leave out classes for which they are undefined: without samples, or, for F1, without
    samples and answers. What is undefined altogether is None.

    Args:
        targets: (n,) class indices, n of 1 or more.
        probabilities: (n, k), 0 to 1.
        classes: the k names.
        rng: the source of chance of the bootstrap.

    Raises:
        ValueError: shapes that do not fit, no samples, an index without a class, or values beyond 0 to 1.
    """
    y, p, k = np.asarray(targets), np.asarray(probabilities), len(classes)
    _check(y, p, (len(p),), k)
    if y.min() < 0 or y.max() >= k:
        raise ValueError(f"targets must be 0 to {k - 1}. Received: {y.min()} to {y.max()}.")
    predicted = p.argmax(axis=1)
    confusion = confusion_matrix(y, predicted, k)
    truth, answer = _hot(y, k), _hot(predicted, k)
    losses = log_losses(y, p)
    area, sway, worth = _macro(_auc, truth, p)
    return {
        "n": len(y),
        "accuracy": accuracy(y, predicted),
        "accuracy_interval": list(wilson(int(confusion.trace()), len(y))),
        **_with_interval("balanced_accuracy", _macro(_recall, truth, answer)),
        "log_loss": float(losses.mean()),
        "log_loss_interval": list(bootstrap_mean(losses, rng=rng)),
        **_with_interval("auc", (area, sway, worth * (k - 1) / k)),
        **_with_interval("macro_f1", _macro(_f1, truth, answer)),
        "ece": expected_calibration_error(p, y),
        "brier": brier(y, p),
        "confusion": confusion.tolist(),
        "per_class": _per_class(truth, answer, classes),
    }


def evaluate_multilabel(
    targets: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    rng: np.random.Generator,
    threshold: float = 0.5,
) -> dict[str, Any]:
    """Everything the report says about answers with several labels a sample, ready for JSON; see `evaluate`.

    Accuracy is that of all labels at once; `hamming_accuracy` and `ece` look at all n k decisions.

    Args:
        targets: (n, k) of 0 and 1, n of 1 or more.
        probabilities: (n, k), 0 to 1.
        classes: the k names.
        rng: the source of chance of the bootstrap.
        threshold: a label is given where its probability is at or above it.

    Raises:
        ValueError: shapes that do not fit, no samples, or values beyond 0 to 1.
    """
    y, p, k = np.asarray(targets), np.asarray(probabilities), len(classes)
    _check(y, p, p.shape, k)
    truth, answer = y > 0, p >= threshold
    right = (truth == answer).mean(axis=1)
    hamming = float(right.mean())
    losses = log_losses(y, p)
    areas = [_with_interval("auc", _auc(truth[:, c], p[:, c])) for c in range(k)]
    return {
        "n": len(y),
        "accuracy": accuracy(truth, answer),
        "accuracy_interval": list(wilson(int((right == 1).sum()), len(y))),
        **_with_interval("hamming_accuracy", (hamming, right - hamming, y.size)),
        "log_loss": float(losses.mean()),
        "log_loss_interval": list(bootstrap_mean(losses, rng=rng)),
        **_with_interval("auc", _macro(_auc, truth, p)),
        **_with_interval("mean_average_precision", _macro(_average_precision, truth, p)),
        **_with_interval("macro_f1", _macro(_f1, truth, answer)),
        **_with_interval("micro_f1", _micro_f1(truth, answer)),
        "ece": expected_calibration_error(p, y),
        "per_class": [{**row, **area} for row, area in zip(_per_class(truth, answer, classes), areas, strict=True)],
    }


def _check(targets: np.ndarray, probabilities: np.ndarray, expected: tuple[int, ...], classes: int) -> None:
    if probabilities.shape[1:] != (classes,) or targets.shape != expected or len(targets) == 0:
        raise ValueError(
            f"Expected 1 or more samples, probabilities (n, {classes}) for {classes} classes, and their targets. "
            f"Received: targets {targets.shape} and probabilities {probabilities.shape}."
        )
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError(
            f"probabilities must be 0 to 1; are these logits? Received: {probabilities.min()} to {probabilities.max()}."
        )


def _hot(targets: np.ndarray, classes: int) -> np.ndarray:
    """Indices, (n,), as (n, classes) booleans; (n, classes) of 0 and 1 likewise."""
    return np.asarray(targets[:, None] == np.arange(classes) if targets.ndim == 1 else targets > 0)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.asarray(part / np.maximum(whole, 1))


def _auc(positive: np.ndarray, scores: np.ndarray) -> Swayed:
    """The AUC of one class, swayed by (n / m) (placement - AUC), with m the size of a sample's own class.

    A placement is the share of the other class that a sample is on the right side of (DeLong et al. 1988, computed
    from ranks as in Sun and Xu 2014). Near 1, the AUC is worth 4 m (n - m) / n samples (Hanley and McNeil 1982).
    """
    n, m = len(positive), int(positive.sum())
    if m in (0, n):
        return float("nan"), np.zeros(n), 0.0
    ranks = average_ranks(scores)
    placement = np.empty(n)
    placement[positive] = (ranks[positive] - average_ranks(scores[positive])) / (n - m)
    placement[~positive] = 1 - (ranks[~positive] - average_ranks(scores[~positive])) / m
    area = float(placement[positive].mean())
    return area, (placement - area) * np.where(positive, n / m, n / (n - m)), 4 * m * (n - m) / n


def _average_precision(positive: np.ndarray, scores: np.ndarray) -> Swayed:
    """The average precision of one class; a sample sways precision at its own score and at every lower one."""
    n, m = len(positive), int(positive.sum())
    if m == 0:
        return float("nan"), np.zeros(n), 0.0
    _, group, sizes = np.unique(-scores, return_inverse=True, return_counts=True)
    hits = np.bincount(group, positive)
    above = np.cumsum(sizes)
    precision = np.cumsum(hits) / above
    ap = float((hits * precision).sum() / m)
    from_hit = np.cumsum((hits / above)[::-1])[::-1]
    from_any = np.cumsum((hits * precision / above)[::-1])[::-1]
    return ap, (positive * (precision - ap + from_hit)[group] - from_any[group]) * n / m, m


def _f1(true: np.ndarray, answered: np.ndarray) -> Swayed:
    """F1 of one class, 2 right / (answered + true), by the delta method."""
    right, both = true & answered, true.astype(float) + answered
    if not both.any():
        return float("nan"), both, 0.0
    f1 = 2 * float(right.sum() / both.sum())
    return f1, (2 * right - f1 * both) * (true.size / both.sum()), float((true | answered).sum())


def _micro_f1(truth: np.ndarray, answer: np.ndarray) -> Swayed:
    """F1 of all n k decisions as one class; the sway of a sample is that of its decisions together."""
    f1, sway, worth = _f1(truth.ravel(), answer.ravel())
    return f1, sway.reshape(truth.shape).mean(axis=1), worth


def _recall(true: np.ndarray, answered: np.ndarray) -> Swayed:
    n, m = len(true), int(true.sum())
    if m == 0:
        return float("nan"), np.zeros(n), 0.0
    recall = float((true & answered).sum() / m)
    return recall, true * (answered - recall) * (n / m), m


def _macro(score: Callable[..., Swayed], truth: np.ndarray, answers: np.ndarray) -> Swayed:
    """The mean of a class's score over the columns where it is defined.

    The mean of k independent proportions of m_1 to m_k samples is worth k^2 / sum(1 / m_c) samples.
    """
    columns = [score(truth[:, c], answers[:, c]) for c in range(truth.shape[1])]
    known = [column for column in columns if not np.isnan(column[0])]
    if not known:
        return float("nan"), np.zeros(len(truth)), 0.0
    values, sways, worths = zip(*known, strict=True)
    return float(np.mean(values)), np.mean(sways, axis=0), len(known) ** 2 / sum(1 / w for w in worths)


def _per_class(truth: np.ndarray, answer: np.ndarray, classes: Sequence[str]) -> list[dict[str, Any]]:
    counts = np.stack([(truth & answer).sum(axis=0), answer.sum(axis=0), truth.sum(axis=0)], axis=1)
    return [_class_row(name, *map(int, row)) for name, row in zip(classes, counts, strict=True)]


def _class_row(name: str, right: int, answered: int, true: int) -> dict[str, Any]:
    either = answered + true - right
    # F1 = 2 j / (1 + j) grows with j, the share right among those of the class or called so
    f1_ends = [2 * j / (1 + j) for j in wilson(right, either)]
    return {
        "name": name,
        "n": true,
        "precision": right / max(answered, 1),
        "precision_interval": list(wilson(right, answered)),
        "recall": right / max(true, 1),
        "recall_interval": list(wilson(right, true)),
        "f1": 2 * right / max(answered + true, 1),
        "f1_interval": f1_ends,
    }


def _with_interval(name: str, score: Swayed) -> dict[str, Any]:
    """The two entries of a score, None where it is undefined."""
    if np.isnan(score[0]):
        return {name: None, f"{name}_interval": None}
    return {name: score[0], f"{name}_interval": list(influence_interval(*score))}
