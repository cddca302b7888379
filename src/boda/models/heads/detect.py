"""The head that finds many objects: which place of which map is asked for which box, in NumPy.

ATSS (Zhang et al., "Bridging the gap between anchor-based and anchor-free detection", arXiv 1912.02424): of each map,
the places nearest to the middle of an object are candidates; a square stands at each; the candidates whose square
overlaps the object by more than the mean and the standard deviation of all its candidates, and that lie within it, are
asked for it. So the scale on which an object is learned follows from its own candidates, without a table of sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from boda.boxes import pairwise_iou
from boda.models.heads.places import places

if TYPE_CHECKING:
    from collections.abc import Sequence

STRIDES = (8, 16, 32)
NEAREST = 9  # candidates a map, as in the paper
SQUARE = 5.0  # side of a place's square, in strides; the paper's 8 suits pictures of 800 pixels and more


def encode_detect(
    boxes: np.ndarray, labels: np.ndarray, size: int, classes: int, strides: Sequence[int] = STRIDES
) -> np.ndarray:
    """What each place is asked for: a box in 0 to 1 of the view and the index of its class, (p, 5) float32.

    Where a place is asked for nothing the class is `classes`, and the box 0.

    Args:
        boxes: (n, 4) xyxy pixels of the view.
        labels: (n,) class indices.
        size: side of the view, pixels.
        classes: how many there are.
        strides: of the maps.

    Example:
        >>> asked = encode_detect(np.array([[8.0, 8.0, 24.0, 24.0]]), np.array([0]), 32, classes=1, strides=(8,))
        >>> int((asked[:, 4] == 0).sum())
        4
    """
    centres, _ = places(size, strides)
    asked = np.zeros((len(centres), 5), np.float32)
    asked[:, 4] = classes
    if not len(boxes):
        return asked
    boxes = np.asarray(boxes, np.float32)
    overlap, chosen = _assigned(boxes, size, strides)
    best = np.where(chosen, overlap, -1.0).argmax(axis=0)  # of several objects at one place the one it fits best
    taken = chosen.any(axis=0)
    asked[taken, :4] = boxes[best[taken]] / size
    asked[taken, 4] = np.asarray(labels)[best[taken]]
    return asked


def _assigned(boxes: np.ndarray, size: int, strides: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """IoU (n, p) of each object with each place's square, and whether the place is asked for the object."""
    centres, steps = places(size, strides)
    half = steps[:, None] * (SQUARE / 2)
    overlap = pairwise_iou(boxes, np.concatenate([centres - half, centres + half], axis=1))
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    distance = np.linalg.norm(centres[None] - middle[:, None], axis=2)
    candidate = _nearest(distance, steps, strides)
    within = np.minimum(centres[None] - boxes[:, None, :2], boxes[:, None, 2:] - centres[None]).min(axis=2) > 0
    among = np.where(candidate, overlap, np.nan)
    least = np.nanmean(among, axis=1) + np.nanstd(among, axis=1)
    chosen = candidate & within & (overlap >= least[:, None])
    _give_one(chosen, distance, within)
    return overlap, chosen


def _nearest(distance: np.ndarray, steps: np.ndarray, strides: Sequence[int]) -> np.ndarray:
    """Whether a place is among the nearest of its map, (n, p) booleans."""
    near = np.zeros(distance.shape, bool)
    rows = np.arange(len(distance))[:, None]
    for stride in strides:
        where = np.flatnonzero(steps == stride)
        count = min(NEAREST, len(where))
        near[rows, where[np.argpartition(distance[:, where], count - 1, axis=1)[:, :count]]] = True
    return near


def _give_one(chosen: np.ndarray, distance: np.ndarray, within: np.ndarray) -> None:
    """An object without a place gets the nearest one, within it where there is one."""
    without = np.flatnonzero(~chosen.any(axis=1))
    far = np.where(within, distance, distance + distance.max(initial=0.0) + 1.0)
    chosen[without, far[without].argmin(axis=1)] = True
