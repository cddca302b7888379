"""Boxes from one way of writing them to another, by way of xyxy pixels."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from boda.boxes.array import as_boxes, as_size
from boda.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable


class _Format(NamedTuple):
    """How a format becomes xyxy and is made from it; `relative` to the picture's width and height, or in pixels."""

    to_xyxy: Callable[[np.ndarray], np.ndarray]
    from_xyxy: Callable[[np.ndarray], np.ndarray]
    relative: bool = False


def convert(boxes: Any, source: str, target: str, size: tuple[float, float] | None = None) -> np.ndarray:
    """Convert `boxes` from the format `source` to the format `target`.

    | format | four numbers a box | in |
    | --- | --- | --- |
    | "xyxy" | left, top, right, bottom | pixels |
    | "xywh" | left, top, width, height (COCO) | pixels |
    | "cxcywh" | centre x, centre y, width, height | pixels |
    | "rel_xyxy" | left, top, right, bottom | shares of the picture, 0 to 1 |
    | "rel_xywh" | left, top, width, height | shares of the picture, 0 to 1 |
    | "yolo" | centre x, centre y, width, height | shares of the picture, 0 to 1 |
    | "voc" | first and last column and row: xmin, ymin, xmax, ymax (Pascal VOC) | pixels counted from 1 |

    In all but "voc" a number is a place between pixels: the first pixel lies from 0 to 1. Pascal VOC counts pixels from
    1 and includes the last, so that its 1, 1, 1, 1 is the first pixel alone: 0, 0, 1, 1 as xyxy.

    Args:
        boxes: (n, 4) numbers.
        source: The format that they are in.
        target: The format that is wanted.
        size: The picture's (width, height) in pixels; wanted where one format is relative and the other is not.

    Returns:
        A new array (n, 4); float32 where `boxes` are float32, else float64.

    Raises:
        LabelError: `boxes` are not (n, 4) numbers.
        RecipeError: There is no such format, or `size` is missing or not positive.

    Example:
        >>> convert([[10, 20, 30, 60]], "xyxy", "cxcywh").tolist()
        [[20.0, 40.0, 20.0, 40.0]]
        >>> convert([[0.5, 0.5, 1.0, 1.0]], "yolo", "xyxy", size=(200, 100)).tolist()
        [[0.0, 0.0, 200.0, 100.0]]
    """
    array, start, end = as_boxes(boxes), _format(source), _format(target)
    if source == target:
        return array.copy()
    xyxy = start.to_xyxy(array)
    if start.relative != end.relative:
        sides = _sides(size, source if start.relative else target).astype(array.dtype)
        xyxy = xyxy * sides if start.relative else xyxy / sides
    return end.from_xyxy(xyxy)


def _format(name: str) -> _Format:
    if name in FORMATS:
        return FORMATS[name]
    near = difflib.get_close_matches(str(name), FORMATS, n=1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    raise RecipeError(f"There is no box format {name!r}.{meant} There are: {', '.join(FORMATS)}.")


def _sides(size: tuple[float, float] | None, relative: str) -> np.ndarray:
    if size is None:
        raise RecipeError(f"{relative!r} is relative to the picture: give its size=(width, height) in pixels.")
    return np.tile(as_size(size), 2)


def _same(boxes: np.ndarray) -> np.ndarray:
    return boxes.copy()


def _xywh_to_xyxy(boxes: np.ndarray) -> np.ndarray:
    x, y, w, h = boxes.T
    return np.stack([x, y, x + w, y + h], axis=1)


def _xyxy_to_xywh(boxes: np.ndarray) -> np.ndarray:
    x0, y0, x1, y1 = boxes.T
    return np.stack([x0, y0, x1 - x0, y1 - y0], axis=1)


def _cxcywh_to_xyxy(boxes: np.ndarray) -> np.ndarray:
    cx, cy, w, h = boxes.T
    return np.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], axis=1)


def _xyxy_to_cxcywh(boxes: np.ndarray) -> np.ndarray:
    x0, y0, x1, y1 = boxes.T
    return np.stack([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0], axis=1)


_FIRST_PIXEL = np.array([1, 1, 0, 0], np.float32)  # VOC counts from 1, and its last pixel ends at its own number


def _voc_to_xyxy(boxes: np.ndarray) -> np.ndarray:
    return boxes - _FIRST_PIXEL


def _xyxy_to_voc(boxes: np.ndarray) -> np.ndarray:
    return boxes + _FIRST_PIXEL


FORMATS: dict[str, _Format] = {
    "xyxy": _Format(_same, _same),
    "xywh": _Format(_xywh_to_xyxy, _xyxy_to_xywh),
    "cxcywh": _Format(_cxcywh_to_xyxy, _xyxy_to_cxcywh),
    "rel_xyxy": _Format(_same, _same, relative=True),
    "rel_xywh": _Format(_xywh_to_xyxy, _xyxy_to_xywh, relative=True),
    "yolo": _Format(_cxcywh_to_xyxy, _xyxy_to_cxcywh, relative=True),
    "voc": _Format(_voc_to_xyxy, _xyxy_to_voc),
}
