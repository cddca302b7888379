"""The loops that blur and sharpen, row by row.

Compiled by Numba when it is first used, and kept in its cache, which knows this file's date only: nothing here may
depend on another file of ours. Callers check sizes and room.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_FAST = {"nnan", "nsz", "contract", "arcp"}
_OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"}


@njit(fastmath=_FAST, inline="always", **_OPTIONS)
def _within(x: float, low: float, high: float) -> float:
    x = x if x > low else low
    return x if x < high else high


@njit(fastmath=_FAST, **_OPTIONS)
def _scale(row: Any, weight: float, out: Any) -> None:
    for k in range(out.size):
        out[k] = weight * row[k]


@njit(fastmath=_FAST, **_OPTIONS)
def _add_pair(first: Any, second: Any, weight: float, out: Any) -> None:
    for k in range(out.size):
        out[k] += weight * (first[k] + second[k])


@njit(fastmath=_FAST, **_OPTIONS)
def _add_three(first: Any, second: Any, third: Any, out: Any) -> None:
    for k in range(out.size):
        out[k] = first[k] + second[k] + third[k]


@njit(fastmath=_FAST, **_OPTIONS)
def _repeat_ends(padded: Any, channels: int, side: int) -> None:
    """Repeat the first and the last pixel of a row that has room for `side` pixels before and behind it."""
    first, end = side * channels, padded.size - side * channels
    for k in range(first):
        padded[k] = padded[first + k % channels]
        padded[end + k] = padded[end - channels + k % channels]


@njit(fastmath=_FAST, **_OPTIONS)
def blur(pixels: Any, channels: int, across: Any, along: Any) -> None:
    """Weigh the neighbours of each pixel by `across` x `along`, symmetric and of odd length, in `pixels` (h, w c).

    Rows are handed to their loops as arrays: a sum of indices would be asked each time whether it is below 0.
    """
    height, width = pixels.shape
    half_x, half_y = across.size // 2, along.size // 2
    padded = np.empty(width + 2 * half_x * channels, np.float32)
    inner = padded[half_x * channels : half_x * channels + width]
    rows = np.empty((height, width), np.float32)
    for i in range(height):
        _scale(pixels[i], np.float32(1.0), inner)
        _repeat_ends(padded, channels, half_x)
        _scale(inner, across[half_x], rows[i])
        for t in range(half_x):
            left, right = t * channels, (across.size - 1 - t) * channels
            _add_pair(padded[left : left + width], padded[right : right + width], across[t], rows[i])
    for i in range(height):
        _scale(rows[i], along[half_y], pixels[i])
        for t in range(half_y):
            above, below = max(i + t - half_y, 0), min(i - t + half_y, height - 1)
            _add_pair(rows[above], rows[below], along[t], pixels[i])


@njit(fastmath=_FAST, **_OPTIONS)
def _sharpen_row(row: Any, before: Any, here: Any, behind: Any, around: float, low: float, high: float) -> None:
    own = np.float32(1.0) - np.float32(9.0) * around
    for k in range(row.size):
        row[k] = _within(own * row[k] + around * (before[k] + here[k] + behind[k]), low, high)


@njit(fastmath=_FAST, **_OPTIONS)
def sharpen(pixels: Any, channels: int, share: float, low: float, high: float) -> None:
    """Go from each pixel x by `share` to s = (4 x + the sum of the 3 x 3 around it) / 13, in `pixels` (h, w c)."""
    height, width = pixels.shape
    original = np.empty((2, width), np.float32)  # of the row above and of this one, in turn
    padded = np.empty(width + 2 * channels, np.float32)
    sums = padded[channels : channels + width]
    original[0] = pixels[0]
    for i in range(height):
        row = pixels[i]
        _add_three(original[i % 2], row, pixels[min(i + 1, height - 1)], sums)
        _repeat_ends(padded, channels, 1)
        _scale(row, np.float32(1.0), original[(i + 1) % 2])
        _sharpen_row(row, padded[:width], sums, padded[2 * channels :], share / np.float32(13.0), low, high)
