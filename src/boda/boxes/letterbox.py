"""A picture on a network's canvas: how it is resized and placed, and boxes there and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from boda.boxes.array import as_boxes, as_size


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a picture lies on a canvas; every pair is (width, height), in pixels.

    Attributes:
        size: of the picture.
        canvas: what the network sees.
        inner: of the resized picture on the canvas, whole pixels.
        offset: from the canvas's upper left corner to the picture's.
    """

    size: tuple[int, int]
    canvas: tuple[int, int]
    inner: tuple[int, int]
    offset: tuple[int, int] = (0, 0)

    @property
    def scale(self) -> tuple[float, float]:
        """Canvas pixels a picture's pixel, across and down; they differ by the rounding to whole pixels at least."""
        return self.inner[0] / self.size[0], self.inner[1] / self.size[1]

    def to_canvas(self, boxes: Any) -> np.ndarray:
        """`boxes` (n, 4) xyxy of the picture, on the canvas."""
        scale, offset = self._scale_and_offset()
        array = as_boxes(boxes)
        return (array * scale + offset).astype(array.dtype)

    def to_picture(self, boxes: Any) -> np.ndarray:
        """`boxes` (n, 4) xyxy of the canvas, in the picture; not clipped. The inverse of `to_canvas`."""
        scale, offset = self._scale_and_offset()
        array = as_boxes(boxes)
        return ((array - offset) / scale).astype(array.dtype)

    def _scale_and_offset(self) -> tuple[np.ndarray, np.ndarray]:
        return np.tile(np.array(self.scale), 2), np.tile(np.array(self.offset, np.float64), 2)


def letterbox(size: tuple[int, int], target: tuple[int, int], *, enlarge: bool = True) -> Letterbox:
    """Place a picture of `size` on a canvas of `target`, as large as fits, in the middle, its aspect kept.

    Args:
        size: The picture's (width, height) in pixels.
        target: The canvas's (width, height) in pixels.
        enlarge: Whether a picture that is smaller than the canvas grows.

    Raises:
        RecipeError: A size is not two positive numbers.

    Example:
        >>> box = letterbox((640, 480), (320, 320))
        >>> box.inner, box.offset
        ((320, 240), (0, 40))
        >>> box.to_canvas([[0, 0, 640, 480]]).tolist()
        [[0.0, 40.0, 320.0, 280.0]]
    """
    given, wanted = as_size(size), as_size(target)
    share = float((wanted / given).min())
    if not enlarge:
        share = min(share, 1.0)
    inner = np.maximum(np.rint(given * share), 1).astype(int)
    return Letterbox(_pair(given), _pair(wanted), _pair(inner), _pair((wanted - inner) // 2))


def squash(size: tuple[int, int], target: tuple[int, int]) -> Letterbox:
    """Resize a picture of `size` to fill a canvas of `target`, both (width, height); the aspect is not kept.

    >>> squash((640, 480), (224, 224)).to_picture([[0, 0, 224, 112]]).tolist()
    [[0.0, 0.0, 640.0, 240.0]]
    """
    given, wanted = _pair(as_size(size)), _pair(as_size(target))
    return Letterbox(given, wanted, wanted)


def _pair(pair: np.ndarray) -> tuple[int, int]:
    return int(pair[0]), int(pair[1])
