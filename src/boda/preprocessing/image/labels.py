"""Boxes and masks that follow their picture through the numbers that Keras draws for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.augment import affine
from boda.augment.effects import Move
from boda.augment.labels import move_boxes
from boda.errors import AugmentError
from boda.preprocessing.image.io import crop_box
from boda.preprocessing.image.matrix import flips_of, fold_flips, matrix_of
from boda.preprocessing.image.render import Rendering, move

if TYPE_CHECKING:
    from collections.abc import Mapping

MIN_VISIBLE = 0.1


def check_boxes(boxes: Any, whose: str) -> np.ndarray:
    """`boxes` as (n, 4 + k) float: xyxy pixels, and whatever k numbers belong to each box, such as its class.

    Raises:
        AugmentError: Another shape, or a box that is inverted or not finite.
    """
    boxes = np.asarray(boxes, np.float64)
    if boxes.size == 0:
        return np.zeros((0, boxes.shape[1] if boxes.ndim == 2 and boxes.shape[1] > 3 else 4))
    if boxes.ndim != 2 or boxes.shape[1] < 4:
        raise AugmentError(f"boxes of {whose} must be (n, 4) of x0, y0, x1, y1 in pixels. Received: {boxes.shape}.")
    corners = boxes[:, :4]
    if not np.isfinite(corners).all() or (corners[:, 2:] < corners[:, :2]).any():
        raise AugmentError(f"boxes of {whose} must have x0 <= x1 and y0 <= y1, all finite. Received: {boxes.tolist()}.")
    return boxes


def fit_boxes(boxes: np.ndarray, size: tuple[int, int], target: tuple[int, int], *, crop: bool) -> np.ndarray:
    """Boxes of a picture of `size` (w, h) in the one of `target` (w, h) that was made of it, whole or of its centre."""
    left, top, right, bottom = crop_box(size, target) if crop and size != target else (0, 0, *size)
    across, along = target[0] / (right - left), target[1] / (bottom - top)
    fitted = boxes.copy()
    fitted[:, [0, 2]] = (boxes[:, [0, 2]] - left) * across
    fitted[:, [1, 3]] = (boxes[:, [1, 3]] - top) * along
    return fitted


def follow_boxes(
    boxes: np.ndarray, parameters: Mapping[str, Any], height: int, width: int, min_visible: float
) -> np.ndarray:
    """Boxes (n, 4 + k) where their picture shows them: clipped, those that show less than `min_visible` dropped."""
    moved, visible = move_boxes(boxes[:, :4], [Move(_forward(parameters, height, width), (height, width))])
    kept = (visible > 0) & (visible >= min_visible)
    return np.concatenate([moved, boxes[:, 4:]], axis=1)[kept].astype(np.float32)


def follow_mask(mask: np.ndarray, parameters: Mapping[str, Any], how: Rendering) -> np.ndarray:
    """A mask (h, w) or (h, w, c), moved by the nearest pixel; filled as its picture is, with 0 for a constant."""
    layers = mask if mask.ndim == 3 else mask[..., None]
    out = np.empty(layers.shape, mask.dtype)
    move(layers, parameters, replace(how, order=0, cval=0.0), out)
    return out.reshape(mask.shape)


def join_targets(y: Any, boxes: list[np.ndarray] | None, masks: np.ndarray | None) -> Any:
    """What a batch has beside its pictures: y alone, masks alone, or a dict of "labels", "boxes" and "masks"."""
    if boxes is None and masks is None:
        return y
    if boxes is None and y is None:
        return masks
    parts = {"labels": y, "boxes": boxes, "masks": masks}
    return {name: part for name, part in parts.items() if part is not None}


def _forward(parameters: Mapping[str, Any], height: int, width: int) -> np.ndarray:
    """From the picture's own continuous coordinates to the result's: T B^-1 T^-1, with B the index matrix."""
    back = matrix_of(parameters, height, width)
    back = fold_flips(np.eye(3) if back is None else back, height, width, *flips_of(parameters))
    return affine.shift(0.5, 0.5) @ np.linalg.inv(back) @ affine.shift(-0.5, -0.5)
