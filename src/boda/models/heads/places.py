"""Places: the cells of one or several maps, as points of the picture."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def places(size: int, strides: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The centres (p, 2), x and y in pixels, of the cells of each map in turn, row by row, and their strides (p,).

    Args:
        size: side of the square that the network sees, pixels; a multiple of each stride.
        strides: pixels a cell, one a map.

    Example:
        >>> places(4, (2, 4))[0].tolist()
        [[1.0, 1.0], [3.0, 1.0], [1.0, 3.0], [3.0, 3.0], [2.0, 2.0]]
    """
    return _places(int(size), tuple(int(stride) for stride in strides))


@functools.lru_cache(maxsize=8)
def _places(size: int, strides: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    centres, steps = [], []
    for stride in strides:
        along = (np.arange(size // stride, dtype=np.float32) + 0.5) * stride
        centres.append(np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2))
        steps.append(np.full(len(along) ** 2, stride, np.float32))
    whole = np.concatenate(centres), np.concatenate(steps)
    for array in whole:
        array.setflags(write=False)
    return whole
