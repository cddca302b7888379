"""What is wrong with a box, in one word or two."""

from __future__ import annotations

from typing import Any

import numpy as np

from boda.boxes.array import as_boxes, as_size

PROBLEMS = ("not finite", "inverted", "zero area", "outside", "partly outside")  # the graver first
TOLERANCE = 0.01  # pixels: what six decimals of a relative format lose in a picture of 10,000


def problems(boxes: Any, size: tuple[float, float], *, tolerance: float = TOLERANCE) -> list[str]:
    """For each of `boxes` what is wrong with it, of `PROBLEMS` the gravest, or "" where nothing is.

    Args:
        boxes: (n, 4) xyxy pixels.
        size: The picture's (width, height) in pixels.
        tolerance: Pixels that a box may reach over the edge without being called outside.

    Returns:
        n strings: "not finite" (a NaN or an infinity), "inverted" (right of left, or below top), "zero area" (no width
        or no height), "outside" (nothing of it is in the picture), "partly outside" (`clip` mends it), or "".

    Raises:
        LabelError: `boxes` are not (n, 4) numbers.
        RecipeError: `size` is not two positive numbers.

    Example:
        >>> problems([[1, 1, 9, 9], [9, 1, 1, 9], [5, 5, 15, 9]], (10, 10))
        ['', 'inverted', 'partly outside']
    """
    x0, y0, x1, y1 = array = as_boxes(boxes).T
    width, height = as_size(size)
    found = {
        "not finite": ~np.isfinite(array).all(axis=0),
        "inverted": (x0 > x1) | (y0 > y1),
        "zero area": (x0 == x1) | (y0 == y1),
        "outside": (x1 <= 0) | (y1 <= 0) | (x0 >= width) | (y0 >= height),
        "partly outside": (np.minimum(x0, y0) < -tolerance) | (x1 > width + tolerance) | (y1 > height + tolerance),
    }
    return np.select([found[name] for name in PROBLEMS], PROBLEMS, default="").tolist()
