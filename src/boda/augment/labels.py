"""Labels that follow their picture: boxes, masks and points through the same matrices as the pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

import numpy as np

from boda.augment import affine
from boda.augment.warp import HALF_PIXEL, warp
from boda.errors import AugmentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.augment.effects import Move

BoxShape = Literal["corners", "ellipse", "mask"]


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What is known of one picture beside its pixels; all of it optional.

    Attributes:
        boxes: (n, 4) float, xyxy pixels in the displayed frame.
        labels: whatever belongs to the picture (a class, one-hot) or, where there are boxes and as many labels,
            to each box; those of dropped boxes are dropped with them.
        masks: (h, w) of class ids, or (n, h, w), one for each object; any integer dtype, or bool.
        points: (n, k, 2) or (k, 2) of (x, y) pixels; those that leave the picture become NaN.
        kept: (m,) indices of the boxes that are still there, of those that were given.
    """

    boxes: np.ndarray | None = None
    labels: Any = None
    masks: np.ndarray | None = None
    points: np.ndarray | None = None
    kept: np.ndarray | None = None

    def __bool__(self) -> bool:
        return self.boxes is not None or self.masks is not None or self.points is not None


NO_LABELS = Labels()
LEAST_SHARE = np.finfo(np.float64).tiny  # of a box of which nothing stays, 0 is visible
_STAY = np.eye(3)


@dataclass(frozen=True, slots=True)
class Following:
    """How labels follow.

    Args:
        box_shape: what a box is taken to hold when it turns: "corners" its whole rectangle, "ellipse" its inscribed
            ellipse (tighter for things that are round), "mask" the object's own mask, where there is one a box.
        min_visible: the least share of a box's area that must stay in the picture for the box to be kept, 0 to 1.
            A box of which nothing stays is always dropped.
        point_pairs: pairs of point indices that change places when the picture is mirrored: ((0, 1), ...) for a left
            and a right eye.
    """

    box_shape: BoxShape = "corners"
    min_visible: float = 0.1
    point_pairs: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.box_shape not in ("corners", "ellipse", "mask"):
            raise AugmentError(f"box_shape must be 'corners', 'ellipse' or 'mask'. Received: {self.box_shape!r}.")
        if not 0 <= self.min_visible <= 1:
            raise AugmentError(f"min_visible must be from 0 to 1. Received: {self.min_visible!r}.")


def follow(given: Labels, moves: Sequence[Move], following: Following, frame: tuple[int, int] | None = None) -> Labels:
    """`given`, in a picture of size `frame` (h, w), as it is after `moves`, each of which clips to its own frame.

    Boxes are the tightest that can be known: of the moved outline, clipped to each frame in turn. Boxes that show
    less than `following.min_visible` of their moved area, or nothing, are dropped with their labels, masks and points;
    so are, where boxes follow their masks, those whose mask has no pixel left.
    """
    if not moves or not given:
        return given if given.kept is not None or given.boxes is None else replace(given, kept=_all(given.boxes))
    masks = None if given.masks is None else move_masks(given.masks, moves)
    points = None if given.points is None else move_points(given.points, moves, following.point_pairs, frame)
    if given.boxes is None:
        return replace(given, masks=masks, points=points)
    boxes, visible = move_boxes(given.boxes, moves, frame, ellipse=following.box_shape == "ellipse")
    if following.box_shape == "mask" and _one_each(given.masks, boxes) and masks is not None:
        boxes = _tighten(boxes, masks)
        visible[given.masks.any(axis=(1, 2)) & ~masks.any(axis=(1, 2))] = 0.0
    kept = (visible >= max(following.min_visible, LEAST_SHARE)).nonzero()[0]
    return _keep(Labels(boxes, given.labels, masks, points, given.kept), kept)


def move_boxes(
    boxes: np.ndarray, moves: Sequence[Move], frame: tuple[int, int] | None = None, *, ellipse: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Where boxes (n, 4) are after `moves`: the tightest boxes (n, 4), and the share (n,) of each that is visible.

    The outline, four corners or the inscribed ellipse, is clipped to the picture's `frame` (h, w) where it is given,
    then moved and clipped to the frame (Sutherland and Hodgman 1974), move by move; the box is that of what is left.
    Visible is the area left by the whole area moved.
    """
    from boda.augment import outline_kernels

    first = 1 if frame else 0
    matrices, sizes = np.empty((first + len(moves), 3, 3)), np.empty((first + len(moves), 2))
    if frame:
        matrices[0], sizes[0] = _STAY, frame
    for i, move in enumerate(moves, start=first):
        matrices[i], sizes[i] = move.matrix, move.size
    out, visible = np.empty((len(boxes), 4)), np.empty(len(boxes))
    outline_kernels.follow_boxes(np.ascontiguousarray(boxes, np.float64), matrices, sizes, ellipse, out, visible)
    return out, visible


def move_masks(masks: np.ndarray, moves: Sequence[Move]) -> np.ndarray:
    """Masks (h, w) or (n, h, w) after `moves`, by the nearest pixel; beyond the picture, and each frame, they are 0.

    However many the moves are, each pixel is looked up once, so that outlines do not fray.
    """
    channels_last = masks[..., None] if masks.ndim == 2 else np.moveaxis(masks, 0, -1)
    if channels_last.shape[-1] == 0:
        return np.zeros((0, *moves[-1].size), masks.dtype)
    moved = _take_nearest(channels_last, moves)
    for k in range(1, len(moves)):
        frame = np.ones((*moves[k - 1].size, 1), np.uint8)
        moved[_take_nearest(frame, moves[k:])[..., 0] == 0] = 0
    return moved[..., 0] if masks.ndim == 2 else np.ascontiguousarray(np.moveaxis(moved, -1, 0))


def _take_nearest(image: np.ndarray, moves: Sequence[Move]) -> np.ndarray:
    back = affine.sampling_matrix(affine.compose(move.matrix for move in moves))
    return warp(image, back, moves[-1].size, fill_mode="constant", order=0, edge=HALF_PIXEL)


def move_points(
    points: np.ndarray,
    moves: Sequence[Move],
    pairs: Sequence[tuple[int, int]] = (),
    frame: tuple[int, int] | None = None,
) -> np.ndarray:
    """Points (..., k, 2) after `moves`; mirrored `pairs` change places.

    Those outside the picture's `frame` (h, w), where it is given, or outside a frame on the way become NaN.
    """
    moved = np.array(points, np.float64)
    if frame:
        _forget_outside(moved, frame)
    for move in moves:
        moved = affine.move_points(moved, move.matrix)
        _forget_outside(moved, move.size)
    if affine.mirrors(affine.compose(move.matrix for move in moves)):
        for left, right in pairs:
            moved[..., [left, right], :] = moved[..., [right, left], :]
    return moved


def _forget_outside(points: np.ndarray, size: tuple[int, int]) -> None:
    points[((points < 0) | (points > np.array(size[::-1]))).any(axis=-1)] = np.nan


def check_labels(labels: Labels, height: int, width: int) -> Labels:
    """`labels` as arrays of the right shapes for a picture (height, width).

    Raises:
        AugmentError: A shape that does not fit, a box that is inverted or not finite, masks of another size.
    """
    boxes = None if labels.boxes is None else _check_boxes(labels.boxes)
    masks = None if labels.masks is None else np.asarray(labels.masks)
    points = None if labels.points is None else np.asarray(labels.points, np.float64)
    if masks is not None and (masks.ndim not in (2, 3) or masks.shape[-2:] != (height, width)):
        raise AugmentError(
            f"masks must be ({height}, {width}) or (n, {height}, {width}), as the picture. Received: {masks.shape}."
        )
    if points is not None and (points.ndim not in (2, 3) or points.shape[-1] != 2):
        raise AugmentError(f"points must be (k, 2) or (n, k, 2) of (x, y). Received: {points.shape}.")
    return Labels(boxes, labels.labels, masks, points, labels.kept)


def _check_boxes(given: Any) -> np.ndarray:
    boxes = np.asarray(given, np.float64)
    if boxes.size == 0:
        return boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise AugmentError(f"boxes must be (n, 4) of x0, y0, x1, y1 in pixels. Received: {boxes.shape}.")
    from boda.augment import outline_kernels

    wrong = outline_kernels.find_wrong(boxes)
    if wrong >= 0:
        raise AugmentError(
            f"boxes[{wrong}] = {boxes[wrong].tolist()} is inverted or not finite: x0 <= x1 and y0 <= y1 "
            "are wanted, in pixels."
        )
    return boxes


def _all(boxes: np.ndarray) -> np.ndarray:
    return np.arange(len(boxes))


def _keep(labels: Labels, kept: np.ndarray) -> Labels:
    """Only the objects `kept`, of everything that has one entry an object."""
    if labels.boxes is not None and len(kept) == len(labels.boxes):
        given = kept if labels.kept is None else labels.kept
        return Labels(labels.boxes, labels.labels, labels.masks, labels.points, given)
    boxes = labels.boxes if labels.boxes is not None else np.zeros((0, 4))
    return Labels(
        boxes[kept],
        _pick(labels.labels, kept, len(boxes)),
        labels.masks[kept] if _one_each(labels.masks, boxes) else labels.masks,
        labels.points[kept] if _one_each(labels.points, boxes) else labels.points,
        labels.kept[kept] if labels.kept is not None and len(labels.kept) == len(boxes) else kept,
    )


def _one_each(parts: np.ndarray | None, boxes: np.ndarray) -> TypeGuard[np.ndarray]:
    """Whether `parts` are masks (n, h, w) or points (n, k, 2) with one entry for each box."""
    return parts is not None and parts.ndim == 3 and len(parts) == len(boxes)


def _pick(values: Any, kept: np.ndarray, n: int) -> Any:
    """The entries `kept` of a list, tuple or array with one entry an object; anything else as it is."""
    if isinstance(values, (list, tuple)) and len(values) == n:
        return type(values)(values[i] for i in kept)
    if isinstance(values, np.ndarray) and values.ndim and len(values) == n:
        return values[kept]
    return values


def _tighten(boxes: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """The extent of each mask (n, h, w), where it has any; elsewhere the box that is given."""
    tight = boxes.copy()
    for i, mask in enumerate(masks):
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if rows.size:
            tight[i] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return tight
