"""A data set to what the featurewise steps subtract, divide by, and multiply with."""

from __future__ import annotations

from typing import Any

import numpy as np

FLOOR = 1e-6  # added to every deviation that is divided by


def channel_mean(x: np.ndarray, channel_axis: int) -> np.ndarray:
    """The mean of each channel of `x`, four axes, shaped to be subtracted from one picture."""
    return _per_channel(np.mean(x, axis=_others(channel_axis), dtype=np.float64), x.dtype, channel_axis)


def channel_deviation(x: np.ndarray, channel_axis: int) -> np.ndarray:
    """The standard deviation of each channel, shaped as `channel_mean`."""
    return _per_channel(np.std(x, axis=_others(channel_axis), dtype=np.float64), x.dtype, channel_axis)


def whitening_matrix(flat: np.ndarray, epsilon: float) -> np.ndarray:
    """The ZCA matrix (d, d) of centred samples `flat` (n, d), as Keras scales it.

    With flat^T = U diag(s) V^T:   W = sqrt(n) U diag(1 / (s + epsilon)) U^T

    Directions along which the samples do not vary beyond rounding are left out; Keras's SVD keeps what rounding leaves
    there and multiplies it by up to sqrt(n) / epsilon.

    Reference:
        Bell and Sejnowski, The "independent components" of natural scenes are edge filters, 1997
    """
    directions, deviations = _principal_directions(flat.astype(np.float64))
    half = (directions * np.sqrt(np.sqrt(len(flat)) / (deviations + epsilon))).astype(flat.dtype)
    return np.asarray(half @ half.T)  # of a matrix and its own transpose, BLAS computes one half only


def _principal_directions(flat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """U (d, k) and s (k,): from the smaller of flat^T flat and flat flat^T."""
    from scipy.linalg import eigh

    n, d = flat.shape
    gram = flat @ flat.T if n < d else flat.T @ flat
    values, vectors = eigh(gram, driver="evd", overwrite_a=True, check_finite=False)
    kept = values > max(values[-1], 0.0) * max(n, d) * np.finfo(np.float64).eps
    deviations = np.sqrt(values[kept])
    directions = vectors[:, kept]
    return (flat.T @ directions / deviations if n < d else directions), deviations


def _others(channel_axis: int) -> Any:
    return tuple(axis for axis in range(4) if axis != channel_axis)


def _per_channel(values: np.ndarray, dtype: np.dtype[Any], channel_axis: int) -> np.ndarray:
    shape = [1, 1, 1]
    shape[channel_axis - 1] = len(values)
    return values.astype(dtype).reshape(shape)
