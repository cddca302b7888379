"""How much a box covers, what of it lies in the picture, and where it is when the picture is resized."""

from __future__ import annotations

from typing import Any

import numpy as np

from boda.boxes.array import as_boxes, as_size


def area(boxes: Any) -> np.ndarray:
    """Width times height, (n,), of `boxes` (n, 4) xyxy; 0 where a box is inverted.

    >>> area([[10, 20, 30, 60], [5, 5, 5, 9], [9, 9, 1, 1]]).tolist()
    [800.0, 0.0, 0.0]
    """
    return box_area(as_boxes(boxes))


def box_area(boxes: np.ndarray) -> np.ndarray:
    """The area of arrays (..., 4); NaN where a number is NaN."""
    with np.errstate(invalid="ignore", over="ignore"):
        sides = np.maximum(boxes[..., 2:] - boxes[..., :2], 0)
        return sides[..., 0] * sides[..., 1]


def clip(boxes: Any, size: tuple[float, float]) -> np.ndarray:
    """The part of `boxes` (n, 4) xyxy pixels that lies in a picture of `size` (width, height).

    What lies wholly outside becomes a box of zero area on the edge; `problems` finds it.

    >>> clip([[-5, 10, 50, 200]], (40, 100)).tolist()
    [[0.0, 10.0, 40.0, 100.0]]
    """
    array = as_boxes(boxes)
    return np.clip(array, 0, np.tile(as_size(size), 2).astype(array.dtype))


def scale(boxes: Any, size: tuple[float, float], target: tuple[float, float]) -> np.ndarray:
    """`boxes` (n, 4) xyxy of a picture of `size` (width, height) when it is resized to `target` (width, height).

    >>> scale([[10, 10, 20, 20]], (100, 100), (200, 50)).tolist()
    [[20.0, 5.0, 40.0, 10.0]]
    """
    array = as_boxes(boxes)
    return array * np.tile(as_size(target) / as_size(size), 2).astype(array.dtype)
