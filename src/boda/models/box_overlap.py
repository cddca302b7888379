"""IoU and its family as Keras's tensors: the formulas of `boda.boxes.overlap`, with a slope that is always a number.

Where a ratio's denominator is not above 0 the ratio is 0, and so is its slope.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from boda.errors import RecipeError
from boda.models.keras_import import import_keras

if TYPE_CHECKING:
    from collections.abc import Callable

BOX_FORMATS = ("xyxy", "cxcywh", "xywh")
LEAST = 1e-7  # a box whose width and height are both below has no aspect


def check_format(box_format: str) -> str:
    """`box_format`, where it is one; RecipeError otherwise."""
    if box_format not in BOX_FORMATS:
        raise RecipeError(f"box_format must be {', '.join(map(repr, BOX_FORMATS))}. Received: {box_format!r}.")
    return box_format


def as_pair(y_true: Any, y_pred: Any, dtype: Any) -> tuple[Any, Any]:
    """Both as tensors of `dtype`; RecipeError where they are not both (..., 4) of as many axes."""
    ops = import_keras().ops
    true, found = ops.convert_to_tensor(y_true, dtype=dtype), ops.convert_to_tensor(y_pred, dtype=dtype)
    shapes = tuple(true.shape), tuple(found.shape)
    if len(shapes[0]) != len(shapes[1]) or any(shape[-1:] != (4,) for shape in shapes):
        raise RecipeError(
            f"y_true and y_pred must both be (..., 4), a box each. Received: {shapes[0]} and {shapes[1]}."
        )
    return true, found


def to_xyxy(boxes: Any, box_format: str) -> Any:
    """Boxes (..., 4) in `box_format` as four tensors (...): left, top, right, bottom."""
    a, b, c, d = (boxes[..., i] for i in range(4))
    if box_format == "cxcywh":
        return a - c / 2, b - d / 2, a + c / 2, b + d / 2
    if box_format == "xywh":
        return a, b, a + c, b + d
    return a, b, c, d


def iou(a: Any, b: Any) -> Any:
    """Intersection over union of boxes, each four tensors (...): left, top, right, bottom."""
    inter, union = _inter_and_union(a, b)
    return _ratio(inter, union)


def giou(a: Any, b: Any) -> Any:
    """IoU less the share of the smallest box around both that neither fills; arXiv 1902.09630."""
    inter, union = _inter_and_union(a, b)
    width, height = _enclosing(a, b)
    hull = width * height
    return _ratio(inter, union) - _ratio(hull - union, hull)


def diou(a: Any, b: Any) -> Any:
    """IoU less the squared distance of the centres over the enclosing box's squared diagonal; arXiv 1911.08287."""
    width, height = _enclosing(a, b)
    dx, dy = (a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2
    return iou(a, b) - _ratio(dx * dx + dy * dy, width * width + height * height)


def ciou(a: Any, b: Any) -> Any:
    """DIoU less a term for unequal aspects, whose weight passes no slope back, as in arXiv 1911.08287."""
    ops = import_keras().ops
    turn = _aspect(b) - _aspect(a)
    v = (4 / math.pi**2) * turn * turn
    weight = ops.stop_gradient(_ratio(v, 1 - iou(a, b) + v))
    return diou(a, b) - weight * v


OVERLAPS: dict[str, Callable[[Any, Any], Any]] = {"iou": iou, "giou": giou, "diou": diou, "ciou": ciou}


def _inter_and_union(a: Any, b: Any) -> tuple[Any, Any]:
    ops = import_keras().ops
    width = ops.minimum(a[2], b[2]) - ops.maximum(a[0], b[0])
    height = ops.minimum(a[3], b[3]) - ops.maximum(a[1], b[1])
    inter = ops.relu(width) * ops.relu(height)
    return inter, _area(a) + _area(b) - inter


def _area(box: Any) -> Any:
    ops = import_keras().ops
    return ops.relu(box[2] - box[0]) * ops.relu(box[3] - box[1])


def _enclosing(a: Any, b: Any) -> tuple[Any, Any]:
    """Width and height of the smallest boxes that hold both."""
    ops = import_keras().ops
    width = ops.maximum(a[2], b[2]) - ops.minimum(a[0], b[0])
    height = ops.maximum(a[3], b[3]) - ops.minimum(a[1], b[1])
    return ops.relu(width), ops.relu(height)


def _aspect(box: Any) -> Any:
    """arctan(w / h), 0 to π/2; 0 of a point, where it has no slope."""
    ops = import_keras().ops
    width, height = ops.relu(box[2] - box[0]), ops.relu(box[3] - box[1])
    point = ops.maximum(width, height) < LEAST
    return ops.arctan2(ops.where(point, 0.0 * width, width), ops.where(point, 0.0 * height + 1.0, height))


def _ratio(top: Any, bottom: Any) -> Any:
    """`top` / `bottom`; 0, with a slope of 0, where `bottom` is not above 0."""
    ops = import_keras().ops
    sound = bottom > 0
    ones, zeros = ops.ones_like(bottom), ops.zeros_like(top)
    return ops.where(sound, top / ops.where(sound, bottom, ones), zeros)
