"""Raw outputs of a network of boxes to `Detections` in the view's pixels; in NumPy.

Training measures and `boda predict` answers by these functions alike.
Scores stay raw (logits) here: a calibration turns them into confidences later, and keeps their order.
"""

from __future__ import annotations

import numpy as np

from boda.boxes import Detections, nms, pairwise_iou

IOU_THRESHOLD = 0.6
CANDIDATES = 1000
MOST = 100
VOTERS = 3.0  # logits below a box, down to which others have a say in where it lies


def decode_locate(box: np.ndarray, score: float, logits: np.ndarray | None = None, *, size: int) -> Detections:
    """The one box of a picture.

    Args:
        box: (4,) xyxy in 0 to 1 of the view.
        score: logit that the box is right.
        logits: (classes,), or None where there is one class.
        size: side of the view, in pixels.

    Example:
        >>> decode_locate(np.array([0.25, 0.0, 0.75, 1.0]), 2.0, size=100).boxes.tolist()
        [[25.0, 0.0, 75.0, 100.0]]
    """
    label = 0 if logits is None else int(np.argmax(logits))
    return Detections(
        boxes=np.asarray(box, np.float32).reshape(1, 4) * np.float32(size),
        scores=np.array([score], np.float32),
        labels=np.array([label], np.int64),
    )


def decode_detect(
    boxes: np.ndarray,
    logits: np.ndarray,
    *,
    least: float = -np.inf,
    iou_threshold: float = IOU_THRESHOLD,
    most: int = MOST,
) -> Detections:
    """The boxes that stand out, the highest logit first: the best candidates, then suppression a class at a time.

    Where a box lies is not for it to say alone: it becomes the mean of those of its class that it overlaps by more
    than `iou_threshold`, down to `VOTERS` below its own logit, weighed by (IoU · sigmoid(logit))² (box voting: Gidaris
    and Komodakis, arXiv 1505.01749). So two boxes that stay may overlap by a little more than that in the end.

    Args:
        boxes: (p, 4) xyxy in the view's pixels, one a place.
        logits: (p, classes), one a place and class.
        least: what lies below is left out; this changes nothing of what lies above.
        iou_threshold: of two boxes of one class that overlap by more, before they vote, the lower goes.
        most: so many boxes at most.

    Example:
        >>> two = np.array([[0, 0, 9, 9], [0, 0, 9, 9]])
        >>> decode_detect(two, np.array([[1.0], [2.0]])).scores.tolist()
        [2.0]
    """
    place, label, score = _candidates(logits, least - VOTERS)
    chosen = np.asarray(boxes, np.float32)[place]
    kept = nms(chosen, score, iou_threshold=iou_threshold, labels=label)
    kept = kept[score[kept] >= least][:most]
    return Detections(
        boxes=_voted(chosen, score, label, kept, iou_threshold),
        scores=score[kept],
        labels=label[kept],
    )


def _voted(boxes: np.ndarray, score: np.ndarray, label: np.ndarray, kept: np.ndarray, iou: float) -> np.ndarray:
    """The boxes `kept`, each the weighted mean of those of its class with which it has an IoU above `iou`."""
    overlap = pairwise_iou(boxes[kept], boxes).astype(np.float64)
    near = (overlap > iou) & (label[kept, None] == label) & (score >= score[kept, None] - VOTERS)
    rows = np.arange(len(kept))
    near[rows, kept], overlap[rows, kept] = True, 1.0  # it votes itself, also where it has no area
    sure = -np.logaddexp(0.0, -score.astype(np.float64))  # log sigmoid
    row, voter = np.nonzero(near)
    weight = overlap[near] ** 2 * np.exp(2 * (sure[voter] - sure[kept[row]]))
    total = np.bincount(row, weight, len(kept))
    sides = [np.bincount(row, weight * side[voter], len(kept)) / total for side in boxes.T.astype(np.float64)]
    return np.stack(sides, axis=1).astype(np.float32)


def _candidates(logits: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Place, class and logit of the best `CANDIDATES` from `least` on; those that are no numbers never stand out."""
    flat = np.asarray(logits, np.float32).ravel()
    above = np.flatnonzero((flat >= least) & (flat > -np.inf))
    if len(above) > CANDIDATES:
        above = above[np.argpartition(-flat[above], CANDIDATES)[:CANDIDATES]]
    above = above[np.argsort(-flat[above], kind="stable")]
    classes = logits.shape[1]
    return above // classes, (above % classes).astype(np.int64), flat[above]
