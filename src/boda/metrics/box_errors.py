"""True boxes and detections, in; every mistake by its kind, out, as TIDE tells them apart, and the worst pictures.

| kind | what it is |
| --- | --- |
| correct | IoU of 0.5 or more with an object of its class that no surer detection has found |
| loose | IoU of 0.1 to 0.5 with an object of its class |
| wrong_class | IoU of 0.5 or more with an object of another class |
| doubled | IoU of 0.5 or more with an object of its class that is found already |
| background | none of these: nothing that it could have meant is there |
| missed | an object that no detection found, nor a loose one or one of a wrong class met |

The kinds are tried in the order of the table. TIDE's sixth, an IoU of 0.1 to 0.5 with an object of another class, is
background here.

Reference: Bolya et al. 2020, TIDE: a general toolbox for identifying object detection errors, arXiv 2008.08115.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.metrics.box_matches import by_picture, match, overlaps, pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.boxes import Detections
    from boda.metrics.box_matches import Truth

KINDS = ("correct", "loose", "wrong_class", "doubled", "background")
ERRORS = ("missed", "loose", "doubled", "wrong_class", "background")
ENOUGH, SOME = 0.5, 0.1  # IoU of a found object, and of a box that at least meant one


@dataclass(frozen=True, slots=True)
class BoxErrors:
    """Every detection and every object of one picture.

    Attributes:
        kinds: (n,) of `KINDS`, one a detection, in their order.
        missed: (m,) booleans, one an object, in their order: what the kind "missed" says.
        found: (m,) booleans: whether a correct detection found it. An object may be neither missed nor found.
        iou: (n,) the overlap of a correct detection with its object, else with the object of its class that it
            overlaps most; 0 with none.
    """

    kinds: np.ndarray
    missed: np.ndarray
    found: np.ndarray
    iou: np.ndarray


def box_errors(truth: Sequence[Truth], found: Sequence[Detections], classes: int) -> list[BoxErrors]:
    """Tell the kind of every detection and every missed object, picture by picture.

    Args:
        truth: boxes (n, 4) xyxy pixels and class indices (n,) of each picture.
        found: detections of each picture in the same order, those that would be shown: a detector's doubtful
            hundreds are nearly all background.
        classes: how many there are.

    Raises:
        ValueError: not as many pictures in both, or a class that does not exist.
    """
    n, m = sum(len(one) for one in found), sum(len(labels) for _, labels in truth)
    matches = match(truth, found, classes, np.array([ENOUGH]), most=max(n, 1))
    partner, iou = np.full(n, -1), np.zeros(n)
    partner[matches.place], iou[matches.place] = matches.partner[:, 0], matches.iou[:, 0]
    (own, own_object), (other, other_object) = (_nearest(truth, found, same=same) for same in (True, False))
    kinds = np.select(
        [partner >= 0, (own >= SOME) & (own < ENOUGH), other >= ENOUGH, own >= ENOUGH], KINDS[:-1], default=KINDS[-1]
    )
    is_found, met = np.zeros(m, dtype=bool), np.zeros(m, dtype=bool)
    is_found[partner[partner >= 0]] = True
    met[own_object[kinds == "loose"]] = met[other_object[kinds == "wrong_class"]] = True
    objects = [labels for _, labels in truth]
    columns = (
        by_picture(kinds, found),
        by_picture(~is_found & ~met, objects),
        by_picture(is_found, objects),
        by_picture(np.where(partner >= 0, iou, own), found),
    )
    return [BoxErrors(*one) for one in zip(*columns, strict=True)]


def count_errors(truth: Sequence[Truth], found: Sequence[Detections], classes: int) -> dict[str, int]:
    """How many mistakes of each kind: `missed, loose, doubled, wrong_class, background`; see `box_errors`."""
    pictures = box_errors(truth, found, classes)
    counts = {kind: sum(int((one.kinds == kind).sum()) for one in pictures) for kind in ERRORS}
    return {**counts, "missed": sum(int(one.missed.sum()) for one in pictures)}


def picture_loss(errors: BoxErrors) -> float:
    """How far the boxes of one picture are from right: 0 (all exact, or rightly none) to 1 (nothing right).

        (sum over correct detections of (1 - IoU) / (1 - 0.5)  +  wrong detections  +  objects not found)
        / (correct detections + wrong detections + objects not found)

    Reference:
        Oksuz et al. 2018, Localization recall precision (LRP), arXiv 1807.01696, for one picture.

    Example:
        >>> nothing = BoxErrors(np.array([]), np.array([True]), np.array([False]), np.array([]))
        >>> picture_loss(nothing)
        1.0
    """
    correct = errors.kinds == "correct"
    wrong = int((~correct).sum()) + int((~errors.found).sum())
    cost = float(((1 - errors.iou[correct]) / (1 - ENOUGH)).sum()) + wrong
    return cost / max(int(correct.sum()) + wrong, 1)


def iou_histogram(ious: np.ndarray, bins: int = 20) -> dict[str, list[float]]:
    """How many of `ious` (n,) lie in each of `bins` from 0 to 1: `edges` (bins + 1) and `counts` (bins).

    >>> iou_histogram(np.array([0.1, 0.9, 1.0]), bins=2)
    {'edges': [0.0, 0.5, 1.0], 'counts': [1, 2]}
    """
    counts, edges = np.histogram(ious, bins=bins, range=(0, 1))
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def _nearest(truth: Sequence[Truth], found: Sequence[Detections], *, same: bool) -> tuple[np.ndarray, np.ndarray]:
    """For each detection the greatest IoU with an object of its picture, of the same class or of others, and which.

    Both (n,), over all pictures; 0 and -1 where there is no such object.
    """
    boxes, labels, picture = _flat([(one.boxes, one.labels) for one in found])
    objects, classes, home = _flat(truth)
    one, other, _ = pairs(picture, home)
    fits = (labels[one] == classes[other]) == same
    one, other = one[fits], other[fits]
    iou = overlaps(boxes[one], objects[other])
    last = np.lexsort((iou, one))
    nearest, which = np.zeros(len(boxes)), np.full(len(boxes), -1)
    nearest[one[last]], which[one[last]] = iou[last], other[last]  # the greatest comes last, and stays
    return nearest, which


def _flat(pictures: Sequence[Truth]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes (n, 4) xywh, class indices (n,) and pictures (n,), one picture after the other."""
    boxes = np.concatenate([np.zeros((0, 4)), *(np.reshape(one, (-1, 4)) for one, _ in pictures)]).astype(np.float64)
    boxes[:, 2:] -= boxes[:, :2]
    labels = np.concatenate([np.zeros(0, dtype=np.int64), *(np.asarray(one, dtype=np.int64) for _, one in pictures)])
    return boxes, labels, np.repeat(np.arange(len(pictures)), [len(one) for _, one in pictures])
