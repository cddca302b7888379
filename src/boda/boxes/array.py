"""Whatever holds boxes to an array (n, 4) of floats, and a picture's size to two positive numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from boda.errors import LabelError, RecipeError


def as_boxes(boxes: Any, name: str = "boxes") -> np.ndarray:
    """`boxes` as (n, 4): float32 stays float32, all else becomes float64; what is empty becomes (0, 4).

    Raises:
        LabelError: Not numbers, or another shape; `name` says which argument.
    """
    try:
        array = np.asarray(boxes)
        array = array if array.dtype == np.float32 else array.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        raise LabelError(f"{name} must be (n, 4) numbers, four a box. Received: {_shown(boxes)}.") from error
    if array.size == 0:
        return array.reshape(0, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        advice = " Put one box into a list: [[x0, y0, x1, y1]]." if array.shape == (4,) else ""
        raise LabelError(f"{name} must be (n, 4), four numbers a box. Received an array of {array.shape}.{advice}")
    return array


def as_size(size: Any) -> np.ndarray:
    """A picture's (width, height) as (2,) float64.

    Raises:
        RecipeError: Not two positive, finite numbers.
    """
    try:
        array = np.asarray(size, np.float64)
    except (TypeError, ValueError):
        array = np.zeros(0)
    if array.shape != (2,) or not ((array > 0) & np.isfinite(array)).all():
        raise RecipeError(f"size must be (width, height), both above 0. Received: {_shown(size)}.")
    return array


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
