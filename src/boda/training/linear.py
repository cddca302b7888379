"""A linear head, solved exactly: features and targets into a Head, by L-BFGS on a strictly convex loss.

    loss(W, b) = mean_i w_i L(y_i, z_i W + b) + decay / 2 |W|^2

where z are the standardised features and L is the cross-entropy of softmax, or the sum of the binary
cross-entropies where a picture has several labels.
The minimum lies in the span of the samples, so that with fewer samples than features the problem is solved
in their coordinates (Z = U S V^T, W = V A), which changes nothing but the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.metrics.classify import sigmoid, softmax
from boda.models.heads.classify import Head

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, eq=False)
class Standard:
    """Centre and scale of the features of a training part; a feature that never varies keeps scale 1."""

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray) -> Standard:
        """Measure `features` (n, d)."""
        spread = features.std(axis=0, dtype=np.float64)
        return cls(features.mean(axis=0, dtype=np.float64), np.where(spread > 1e-6, spread, 1.0))

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """(features - mean) / scale, float32."""
        return ((features - self.mean) / self.scale).astype(np.float32)


def solve_path(
    features: np.ndarray, targets: np.ndarray, weights: np.ndarray, decays: Sequence[float], *, multilabel: bool
) -> Iterator[tuple[float, Head]]:
    """Yield (decay, Head) for each of `decays`, strongest first, each starting where the last one ended.

    Args:
        features: (n, d), as the backbone gives them.
        targets: (n, classes), each row a distribution, or 0 to 1 an entry where `multilabel`.
        weights: (n,), of mean 1.
        decays: strengths of the L2 penalty, above 0.
        multilabel: sigmoid instead of softmax.
    """
    standard = Standard.of(features)
    z, basis = _coordinates(standard(features))
    start = np.zeros((z.shape[1] + 1, targets.shape[1]))
    for decay in sorted(decays, reverse=True):
        start = _minimise(z, targets, weights, decay, start, multilabel=multilabel)
        kernel = basis @ start[:-1] / standard.scale[:, None]
        bias = start[-1] - standard.mean @ kernel
        yield decay, Head(((kernel.astype(np.float32), bias.astype(np.float32)),))


def _coordinates(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Samples in the coordinates of their own span (n, r), and the basis (d, r) that leads back."""
    n, d = z.shape
    if n >= d:
        return z, np.eye(d, dtype=np.float32)
    gram = z.astype(np.float64) @ z.T.astype(np.float64)
    values, vectors = np.linalg.eigh(gram)
    keep = values > values.max(initial=0) * 1e-10
    singular = np.sqrt(values[keep])
    return vectors[:, keep] * singular, z.T @ (vectors[:, keep] / singular)


def _minimise(
    z: np.ndarray, targets: np.ndarray, weights: np.ndarray, decay: float, start: np.ndarray, *, multilabel: bool
) -> np.ndarray:
    """The minimum, (r + 1, classes) with the bias in the last row."""
    from scipy.optimize import minimize

    n, share = len(z), weights[:, None] / len(z)
    squash = sigmoid if multilabel else softmax

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        point = flat.reshape(start.shape)
        logits = z @ point[:-1] + point[-1]
        error = (squash(logits) - targets) * share
        gradient = np.vstack([z.T @ error + decay * point[:-1], error.sum(axis=0)])
        value = _cross_entropy(logits, targets, multilabel=multilabel) @ weights / n
        return float(value + decay / 2 * (point[:-1] ** 2).sum()), gradient.ravel()

    found = minimize(
        loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 500, "gtol": 1e-6, "ftol": 1e-10}
    )
    return found.x.reshape(start.shape)


def _cross_entropy(logits: np.ndarray, targets: np.ndarray, *, multilabel: bool) -> np.ndarray:
    """Cross-entropy a sample (n,), in nats, from logits."""
    if multilabel:
        return (np.logaddexp(0, logits) - targets * logits).sum(axis=1)
    top = logits.max(axis=1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
    return targets.sum(axis=1) * log_sum - (targets * logits).sum(axis=1)
