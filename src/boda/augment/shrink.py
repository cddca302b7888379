"""Shrinking by weighted averages, so that what is finer than the result's pixels does not turn into false patterns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from boda.augment.warp import KEYS_CUBIC

if TYPE_CHECKING:
    from collections.abc import Callable


def triangle(t: np.ndarray) -> np.ndarray:
    """The weight at distance `t` of linear interpolation: max(1 - |t|, 0)."""
    return np.maximum(1.0 - np.abs(t), 0.0)


def cubic(t: np.ndarray) -> np.ndarray:
    """The weight at distance `t` of Keys's bicubic convolution (1981), of parameter -1/2."""
    t, a = np.abs(t), KEYS_CUBIC
    near = ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0
    far = a * (((t - 5.0) * t + 8.0) * t - 4.0)
    return np.where(t <= 1.0, near, np.where(t < 2.0, far, 0.0))


_FILTERS: dict[int, tuple[Callable[[np.ndarray], np.ndarray], float]] = {1: (triangle, 1.0), 3: (cubic, 2.0)}


def shrink(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], order: int, fill_value: float) -> np.ndarray:
    """Resize `image` (h, w, c) by `matrix`, a scale and a shift of `affine.py`, to float32 of `size` (h, w).

    Each axis by itself: an output pixel is the weighted mean of the source pixels around its place, by the filter of
    `order` (1 a triangle, 3 Keys's cubic), stretched where the picture becomes smaller so that it spans as many source
    pixels as it stands for. Pixels whose place lies outside the picture take `fill_value`.
    """
    from boda.augment import warp_kernels

    columns, across = _weights(image.shape[1], size[1], matrix[0, 0], matrix[0, 2], order)
    rows, along = _weights(image.shape[0], size[0], matrix[1, 1], matrix[1, 2], order)
    out = np.empty((*size, image.shape[2]), np.float32)
    warp_kernels.shrink(np.ascontiguousarray(image), rows, along, columns, across, np.float32(fill_value), out)
    return out


def _weights(source: int, target: int, scale: float, offset: float, order: int) -> tuple[np.ndarray, np.ndarray]:
    """For each of `target` pixels the first source pixel that it takes from, and the weights from there on.

    (target,) int64, -1 where its place lies outside, and (target, k) float32 that sum to 1.
    """
    weigh, radius = _FILTERS[order]
    stretch = max(1.0 / scale, 1.0)
    place = (np.arange(target) + 0.5 - offset) / scale
    first = np.clip(np.ceil(place - radius * stretch - 0.5), 0, source - 1).astype(np.int64)
    taken = first[:, None] + np.arange(int(2 * radius * stretch) + 2)
    weights = np.where(taken < source, weigh((taken + 0.5 - place[:, None]) / stretch), 0.0)
    outside = (place < 0) | (place > source)
    weights[outside] = 1.0
    weights /= weights.sum(axis=1, keepdims=True)
    return np.where(outside, -1, first), weights.astype(np.float32)
