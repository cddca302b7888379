"""Of boxes that lie on one another, the best: suppression, plain, a class at a time, and soft."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from boda.boxes.array import as_boxes
from boda.boxes.extent import area
from boda.boxes.pairwise import pairwise_iou
from boda.errors import LabelError, RecipeError

Soft = Literal["linear", "gaussian"]
SOFT: tuple[Soft, ...] = ("linear", "gaussian")
FEW = 256  # boxes that NumPy suppresses in a millisecond or two


def nms(
    boxes: Any,
    scores: Any,
    *,
    iou_threshold: float = 0.5,
    labels: Any = None,
    soft: Soft | None = None,
    sigma: float = 0.5,
    min_score: float = 0.001,
) -> np.ndarray:
    """Which boxes stay when each drops those of lower score that overlap it by an IoU above `iou_threshold`.

    Args:
        boxes: (n, 4) xyxy.
        scores: (n,) numbers, the more the better; among equals the first goes first.
        iou_threshold: IoU, 0 to 1, above which the box of lower score goes.
        labels: (n,) class indices: boxes of different classes leave each other alone. None: all are of one class.
        soft: "linear" or "gaussian": scores are lowered, not boxes dropped; see `soft_nms`, which gives them too.
        sigma: Of `soft="gaussian"`.
        min_score: Of soft: boxes whose score falls below this go.

    Returns:
        (k,) int64 indices of the boxes that stay, highest score first.

    Raises:
        LabelError: Not (n, 4) boxes, not as many scores or labels, or a score that is NaN.
        RecipeError: There is no such `soft`, or a threshold is not from 0 to 1.

    Example:
        >>> boxes = [[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]]
        >>> nms(boxes, [0.6, 0.9, 0.8]).tolist()
        [1, 2]
        >>> nms(boxes, [0.6, 0.9, 0.8], labels=[0, 1, 1]).tolist()
        [1, 2, 0]
    """
    if soft is not None:
        return soft_nms(
            boxes, scores, method=soft, iou_threshold=iou_threshold, labels=labels, sigma=sigma, min_score=min_score
        )[0]
    array, ranks, classes = _checked(boxes, scores, labels, iou_threshold)
    order = np.argsort(-ranks, kind="stable")
    array, classes = array[order], classes[order]
    if len(array) <= FEW:
        return order[~_dropped_of_few(array, classes, float(iou_threshold))]
    from boda.boxes.suppress_kernels import suppress

    dropped = np.zeros(len(order), np.bool_)
    suppress(array, area(array), classes, float(iou_threshold), dropped)
    return order[~dropped]


def _dropped_of_few(array: np.ndarray, classes: np.ndarray, iou_threshold: float) -> np.ndarray:
    """What `suppress` drops, in NumPy, which spares a first answer the seconds that Numba takes to load."""
    over = (pairwise_iou(array, array) > iou_threshold) & (classes[:, None] == classes)
    dropped = np.zeros(len(array), np.bool_)
    for i in range(len(array)):
        if not dropped[i]:
            dropped[i + 1 :] |= over[i, i + 1 :]
    return dropped


def soft_nms(
    boxes: Any,
    scores: Any,
    *,
    method: Soft = "gaussian",
    iou_threshold: float = 0.5,
    labels: Any = None,
    sigma: float = 0.5,
    min_score: float = 0.001,
) -> tuple[np.ndarray, np.ndarray]:
    """Suppression that lowers the scores of overlapping boxes instead of dropping them.

    The best box M is taken, the others' scores fall, and so on:

        linear:    s_i ← s_i (1 - IoU(M, b_i))   where IoU(M, b_i) > iou_threshold
        gaussian:  s_i ← s_i exp(-IoU(M, b_i)² / sigma)

    Args:
        boxes: (n, 4) xyxy.
        scores: (n,) numbers from 0 up.
        method: "linear" or "gaussian".
        iou_threshold: Of "linear": IoU, 0 to 1, above which scores fall.
        labels: (n,) class indices: boxes of different classes leave each other alone. None: all are of one class.
        sigma: Of "gaussian", above 0: the less, the harder.
        min_score: Boxes whose score falls below this go.

    Returns:
        (k,) int64 indices of the boxes that stay, and (k,) float64 lowered scores, highest first.

    Raises:
        LabelError: Not (n, 4) boxes, not as many scores or labels, or a score that is NaN.
        RecipeError: There is no such `method`, `sigma` is not above 0, or a threshold is not from 0 to 1.

    Source: Bodla et al., "Soft-NMS: Improving Object Detection With One Line of Code", ICCV 2017, arXiv 1704.04503.

    Example:
        >>> kept, lowered = soft_nms([[0, 0, 10, 10], [0, 0, 10, 8]], [0.9, 0.8], method="linear")
        >>> kept.tolist(), lowered.round(2).tolist()
        ([0, 1], [0.9, 0.16])
    """
    array, ranks, classes = _checked(boxes, scores, labels, iou_threshold)
    if method not in SOFT:
        raise RecipeError(f"soft suppression is {' or '.join(map(repr, SOFT))}. Received: {method!r}.")
    if not sigma > 0:
        raise RecipeError(f"sigma must be above 0. Received: {sigma!r}.")
    from boda.boxes.suppress_kernels import soften

    order, lowered = np.empty(len(array), np.int64), ranks.copy()
    numbers = SOFT.index(method), float(iou_threshold), float(sigma), float(min_score)
    kept = order[: soften(array, area(array), classes, *numbers, order, lowered)]
    return kept, lowered[kept]


def _checked(boxes: Any, scores: Any, labels: Any, iou_threshold: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes (n, 4), scores (n,) and labels (n,) of the dtypes that the kernels are compiled for."""
    array = np.ascontiguousarray(as_boxes(boxes), np.float64)
    ranks = np.asarray(scores, np.float64).reshape(-1)
    classes = np.zeros(len(array), np.int64) if labels is None else np.asarray(labels, np.int64).reshape(-1)
    if not len(array) == len(ranks) == len(classes):
        given = f"{len(array)} boxes, {len(ranks)} scores" + ("" if labels is None else f", {len(classes)} labels")
        raise LabelError(f"One score and one label a box are wanted. Received: {given}.")
    if np.isnan(ranks).any():
        raise LabelError(f"scores[{int(np.isnan(ranks).argmax())}] is NaN; a box without a score cannot be ranked.")
    if not 0 <= iou_threshold <= 1:
        raise RecipeError(f"iou_threshold must be from 0 to 1. Received: {iou_threshold!r}.")
    return array, ranks, classes
