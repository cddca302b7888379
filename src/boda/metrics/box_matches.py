"""True boxes and detections of many pictures, in; which detection found which object, out, as COCO pairs them.

Within a picture and a class the detections choose in order of their scores, each the free object that it overlaps most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from boda.boxes import Detections

Truth: TypeAlias = tuple[np.ndarray, np.ndarray]  # of a picture: boxes (n, 4) xyxy pixels, class indices (n,)

IOUS = np.linspace(0.5, 0.95, 10)  # COCO's thresholds, as its own code makes them
MOST = 100  # detections of a class in a picture that count


@dataclass(frozen=True, slots=True)
class Matches:
    """All detections that count, classes in order, within a class the highest score first.

    Attributes:
        picture: (d,) the index of the picture.
        label: (d,) the class index.
        score: (d,) float64.
        place: (d,) the index among all detections, one picture after the other.
        partner: (d, thresholds) the object that was found at each threshold, an index among all true boxes, one
            picture after the other; -1 where none was.
        iou: (d, thresholds) the overlap with it, 0 where there is none.
        truths: (pictures, classes) how many objects there are.
    """

    picture: np.ndarray
    label: np.ndarray
    score: np.ndarray
    place: np.ndarray
    partner: np.ndarray
    iou: np.ndarray
    truths: np.ndarray


@dataclass(frozen=True, slots=True)
class _Rows:
    """Boxes of all pictures, one picture after the other; `group` is picture times classes plus class."""

    boxes: np.ndarray
    label: np.ndarray
    picture: np.ndarray
    group: np.ndarray


def match(
    truth: Sequence[Truth],
    found: Sequence[Detections],
    classes: int,
    thresholds: np.ndarray = IOUS,
    most: int = MOST,
) -> Matches:
    """Pair the detections of each picture and class with its true boxes, at each of `thresholds`.

    Equal scores keep their order, and of equal overlaps the last object is taken, as in COCO's own code.
    All pictures go through together: in round r each picture and class matches its r-th detection.

    Args:
        truth: boxes and class indices of each picture.
        found: detections of each picture, in the same order.
        classes: how many there are.
        thresholds: (t,) least IoU of a pair, above 0.
        most: detections of a class in a picture beyond these, by score, are left out.

    Raises:
        ValueError: not as many pictures in both, a class that does not exist, or boxes that are not (n, 4).

    Reference:
        Lin et al. 2014, Microsoft COCO; the evaluation code of pycocotools, `evaluateImg`.
    """
    objects, rows, score = _checked(truth, found, classes)
    order = np.lexsort((-score, rows.group))
    group = rows.group[order]
    rank = np.arange(len(order)) - np.searchsorted(group, group)
    order, rank = order[rank < most], rank[rank < most]
    partner, iou = _pair(objects, rows, order, rank, np.minimum(thresholds, 1 - 1e-10))
    across = np.lexsort((-score[order], rows.label[order]))
    truths = np.bincount(objects.group, minlength=len(truth) * classes).reshape(len(truth), classes)
    place = order[across]
    columns = (rows.picture[place], rows.label[place], score[place], place, partner[across], iou[across])
    return Matches(*columns, truths=truths)


def is_right(
    truth: Sequence[Truth], found: Sequence[Detections], classes: int, threshold: float = 0.5
) -> list[np.ndarray]:
    """For each picture (n,) booleans: which detections found an object of their class that none before had found."""
    matches = match(truth, found, classes, np.array([threshold]))
    right = np.zeros(sum(len(one) for one in found), dtype=bool)
    right[matches.place] = matches.partner[:, 0] >= 0
    return by_picture(right, found)


def matched_ious(
    truth: Sequence[Truth], found: Sequence[Detections], classes: int, threshold: float = 0.1
) -> np.ndarray:
    """(pairs,) the IoU of each detection with the object that it is paired with, at `threshold` or above."""
    matches = match(truth, found, classes, np.array([threshold]))
    return matches.iou[matches.partner >= 0]


def by_picture(values: np.ndarray, pictures: Sequence[Detections] | Sequence[np.ndarray]) -> list[np.ndarray]:
    """Cut `values`, one a box of all pictures, into one array a picture."""
    ends = np.cumsum([len(one) for one in pictures], dtype=np.int64)
    return np.split(values, ends[:-1]) if len(ends) else []


def pairs(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every entry of `left` with every entry of `right` that equals it; `right` is sorted.

    Returns:
        The indices into `left` and into `right`, (pairs,) each, and where the pairs of each entry of `left` start.

    Example:
        >>> pairs(np.array([1, 2]), np.array([1, 1, 3]))[0].tolist()
        [0, 0]
    """
    first = np.searchsorted(right, left)
    counts = np.searchsorted(right, left, side="right") - first
    starts = np.cumsum(counts) - counts
    one = np.repeat(np.arange(len(left)), counts)
    return one, np.arange(len(one)) + np.repeat(first - starts, counts), starts


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """IoU (n,) of pairs (n, 4) xywh float64, 0 without a common area; in COCO's order of operations, to the last bit.

    At a threshold the last bit decides, so that `boda.boxes.iou`, which measures xyxy, would not do.
    """
    low = np.maximum(a[:, :2], b[:, :2])
    common = np.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:]) - low
    inside = np.where((common > 0).all(axis=1), common.prod(axis=1), 0.0)
    union = a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - inside
    return np.divide(inside, union, out=np.zeros(len(a)), where=inside > 0)


def _pair(
    objects: _Rows, rows: _Rows, order: np.ndarray, rank: np.ndarray, thresholds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Partner and IoU, (d, thresholds) each, of the detections `order`, of which `rank` is the place in its group."""
    sorted_objects = np.argsort(objects.group, kind="stable")
    groups = objects.group[sorted_objects]
    partner = np.full((len(order), len(thresholds)), -1)
    iou = np.zeros(partner.shape)
    taken = np.zeros((len(objects.boxes), len(thresholds)), dtype=bool)
    for turn in _rounds(rank):
        has = turn[np.isin(rows.group[order[turn]], groups)]
        one, other, starts = pairs(rows.group[order[has]], groups)
        if len(one) == 0:
            continue
        candidate = sorted_objects[other]
        value = overlaps(rows.boxes[order[has[one]]], objects.boxes[candidate])[:, None]
        value = np.where(taken[candidate] | (value < thresholds), -1.0, value)
        best = np.maximum.reduceat(value, starts)
        last = np.maximum.reduceat(np.where(value == best[one], np.arange(len(one))[:, None], -1), starts)
        row, column = np.nonzero(best >= 0)
        chosen = candidate[last[row, column]]
        taken[chosen, column] = True
        partner[has[row], column], iou[has[row], column] = chosen, best[row, column]
    return partner, iou


def _rounds(rank: np.ndarray) -> Iterator[np.ndarray]:
    """The indices of all entries of rank 0, of rank 1, and so on."""
    order = np.argsort(rank, kind="stable")
    return iter(np.split(order, np.cumsum(np.bincount(rank))[:-1])) if len(rank) else iter(())


def _checked(truth: Sequence[Truth], found: Sequence[Detections], classes: int) -> tuple[_Rows, _Rows, np.ndarray]:
    """Both sides as rows, and the scores (d,) float64."""
    if len(truth) != len(found):
        raise ValueError(f"Expected as many pictures in both. Received: truth {len(truth)}, found {len(found)}.")
    objects = _rows([boxes for boxes, _ in truth], [labels for _, labels in truth], classes, "truth")
    rows = _rows([one.boxes for one in found], [one.labels for one in found], classes, "found")
    score = np.concatenate([np.zeros(0), *(one.scores for one in found)]).astype(np.float64)
    if len(score) != len(rows.boxes) or not np.isfinite(score).all():
        raise ValueError(f"found: expected a finite score for each of {len(rows.boxes)} boxes. Received: {len(score)}.")
    return objects, rows, score


def _rows(boxes: Sequence[np.ndarray], labels: Sequence[np.ndarray], classes: int, name: str) -> _Rows:
    """One picture after the other, as xywh."""
    counts = [len(one) for one in labels]
    label = np.concatenate([np.zeros(0, dtype=np.int64), *(np.asarray(one, dtype=np.int64) for one in labels)])
    flat = np.concatenate([np.zeros((0, 4)), *(np.reshape(one, (-1, 4)) for one in boxes)]).astype(np.float64)
    if counts != [len(np.reshape(one, (-1, 4))) for one in boxes]:
        raise ValueError(f"{name}: expected a class for each box. Received: {len(flat)} boxes, {len(label)} classes.")
    if len(label) and not (label.min() >= 0 and label.max() < classes):
        raise ValueError(f"{name}: class index {label.min()} to {label.max()}, but there are {classes} classes.")
    flat[:, 2:] -= flat[:, :2]
    picture = np.repeat(np.arange(len(counts)), counts)
    return _Rows(flat, label, picture, picture * classes + label)
