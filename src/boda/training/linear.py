"""A linear head, solved exactly: features and targets into a Head, by L-BFGS on a strictly convex loss.

    loss(W, b) = mean_i w_i L(y_i, z_i W + b) + decay / 2 |W|^2

where z are the standardised features and L is the cross-entropy of softmax, or the sum of the binary
cross-entropies where a picture has several labels.
The minimum lies in the span of the samples, so the problem is solved in the coordinates of their principal axes
(Z = U S V^T, W = V A), which changes nothing but the time.
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
    span = Span.of(standard(features))
    start = np.zeros((len(span.lengths) + 1, targets.shape[1]))
    for decay in sorted(decays, reverse=True):
        start = _minimise(span, targets, weights, decay, start, multilabel=multilabel)
        kernel = span.basis @ start[:-1] / standard.scale[:, None]
        bias = start[-1] - standard.mean @ kernel
        yield decay, Head(((kernel.astype(np.float32), bias.astype(np.float32)),))


@dataclass(frozen=True, eq=False)
class Span:
    """Samples (n, d) in the coordinates of their own principal axes.

    `samples` (n, r) are U S, `basis` (d, r) is V, `lengths` (r,) are the singular values S; axes along which
    hardly anything varies are left out.
    """

    samples: np.ndarray
    basis: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, z: np.ndarray) -> Span:
        """The axes of `z`, by the smaller one of z z^T and z^T z."""
        z = z.astype(np.float64)
        few = len(z) < z.shape[1]
        values, vectors = np.linalg.eigh(z @ z.T if few else z.T @ z)
        keep = values > values.max(initial=0) * 1e-10
        lengths, vectors = np.sqrt(values[keep]), vectors[:, keep]
        if few:
            return cls(vectors * lengths, z.T @ (vectors / lengths), lengths)
        return cls(z @ vectors, vectors, lengths)


def _minimise(
    span: Span, targets: np.ndarray, weights: np.ndarray, decay: float, start: np.ndarray, *, multilabel: bool
) -> np.ndarray:
    """The minimum, (r + 1, classes) with the bias in the last row.

    Each axis is measured in units of the curvature that it has at the uniform answer, about c S^2 / n + decay with
    c = 1/4 for sigmoids and (1 - 1/k) / k for softmax: that makes the valley round, and L-BFGS quick.
    """
    from scipy.optimize import minimize

    n, share, k = len(span.samples), weights[:, None] / len(span.samples), targets.shape[1]
    squash = sigmoid if multilabel else softmax
    curvature = 0.25 if multilabel else (1 - 1 / k) / k
    unit = np.sqrt(curvature * span.lengths**2 / n + decay)[:, None]
    z = span.samples / unit.T

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        point = flat.reshape(start.shape)
        logits = z @ point[:-1] + point[-1]
        error = (squash(logits) - targets) * share
        pull = decay * point[:-1] / unit**2
        value = _cross_entropy(logits, targets, multilabel=multilabel) @ weights / n + (pull * point[:-1]).sum() / 2
        return float(value), np.vstack([z.T @ error + pull, error.sum(axis=0)]).ravel()

    begin = np.vstack([start[:-1] * unit, start[-1:]])
    options = {"maxiter": 500, "gtol": 1e-6, "ftol": 1e-11}
    found = minimize(loss, begin.ravel(), jac=True, method="L-BFGS-B", options=options).x.reshape(start.shape)
    return np.vstack([found[:-1] / unit, found[-1:]])


def _cross_entropy(logits: np.ndarray, targets: np.ndarray, *, multilabel: bool) -> np.ndarray:
    """Cross-entropy a sample (n,), in nats, from logits."""
    if multilabel:
        return (np.logaddexp(0, logits) - targets * logits).sum(axis=1)
    top = logits.max(axis=1, keepdims=True)
    log_sum = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
    return targets.sum(axis=1) * log_sum - (targets * logits).sum(axis=1)
