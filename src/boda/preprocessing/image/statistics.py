"""A data set to what the featurewise steps subtract, divide by, and multiply with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from boda.augment.whiten import Whitening


def channel_mean(x: np.ndarray, channel_axis: int) -> np.ndarray:
    """The mean of each channel of `x`, four axes, shaped to be subtracted from one picture."""
    return _per_channel(np.mean(x, axis=_others(channel_axis), dtype=np.float64), x.dtype, channel_axis)


def channel_deviation(x: np.ndarray, channel_axis: int) -> np.ndarray:
    """The standard deviation of each channel, shaped as `channel_mean`."""
    return _per_channel(np.std(x, axis=_others(channel_axis), dtype=np.float64), x.dtype, channel_axis)


def whitening(x: np.ndarray, epsilon: float) -> Whitening:
    """The ZCA whitening of centred pictures `x`, four axes, from all of them, in their dtype."""
    from boda.augment.whiten import fit_whitening

    return fit_whitening(x, epsilon, samples=None, center=False, dtype=x.dtype)


def _others(channel_axis: int) -> Any:
    return tuple(axis for axis in range(4) if axis != channel_axis)


def _per_channel(values: np.ndarray, dtype: np.dtype[Any], channel_axis: int) -> np.ndarray:
    shape = [1, 1, 1]
    shape[channel_axis - 1] = len(values)
    return values.astype(dtype).reshape(shape)
