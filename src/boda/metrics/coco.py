"""True boxes and detections, in; COCO's own figures, out, by faster-coco-eval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from boda.boxes import Detections
    from boda.metrics.box_matches import Truth

SIZES = {"small": 1, "medium": 2, "large": 3}  # places among COCO's area ranges, of which 0 is all
MOST = {1: 0, 10: 1, 100: 2}  # places among COCO's numbers of detections
AT_50, AT_75 = 0, 5  # places among COCO's thresholds


def coco_figures(truth: Sequence[Truth], found: Sequence[Detections], classes: Sequence[str]) -> dict[str, Any]:
    """COCO's twelve figures, and AP and AP50 of each class.

    AP is the mean precision at 101 recalls, over IoU thresholds 0.5 to 0.95 and over the classes that have objects.
    AR is the recall that is reached with at most 1, 10 or 100 detections of a class in a picture, over the same.
    An object of less than 32 x 32 pixels is small, of less than 96 x 96 medium, else large; the scale is that of the
    picture as it was given.

    Args:
        truth: boxes (n, 4) xyxy pixels and class indices (n,) of each picture.
        found: detections of each picture, in the same order; the best 100 of a class in a picture count.
        classes: names.

    Returns:
        `ap, ap50, ap75, ap_small, ap_medium, ap_large, ar1, ar10, ar100, ar_small, ar_medium, ar_large`, each 0 to 1,
        or None where there is no such object, and `per_class: {name: {boxes, ap, ap50}}`.

    Reference:
        Lin et al. 2014, Microsoft COCO: common objects in context; https://cocodataset.org/#detection-eval.
    """
    precision, recall = _accumulated(truth, found, len(classes))
    most = MOST[100]
    labels = np.concatenate([np.zeros(0, dtype=np.int64), *(one for _, one in truth)]).astype(np.int64)
    boxes = np.bincount(labels, minlength=len(classes)).tolist()
    return {
        "ap": _mean(precision[..., 0, most]),
        "ap50": _mean(precision[AT_50, ..., 0, most]),
        "ap75": _mean(precision[AT_75, ..., 0, most]),
        **{f"ap_{size}": _mean(precision[..., place, most]) for size, place in SIZES.items()},
        **{f"ar{number}": _mean(recall[..., 0, place]) for number, place in MOST.items()},
        **{f"ar_{size}": _mean(recall[..., place, most]) for size, place in SIZES.items()},
        "per_class": {
            name: {
                "boxes": boxes[k],
                "ap": _mean(precision[:, :, k, 0, most]),
                "ap50": _mean(precision[AT_50, :, k, 0, most]),
            }
            for k, name in enumerate(classes)
        },
    }


def _mean(values: np.ndarray) -> float | None:
    """COCO's mean: -1 stands for what has no object."""
    known = values[values > -1]
    return float(known.mean()) if known.size else None


def _accumulated(truth: Sequence[Truth], found: Sequence[Detections], classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Precision (thresholds, recalls, classes, sizes, numbers) and recall (the same without recalls)."""
    from faster_coco_eval import COCO, COCOeval_faster

    head = {
        "images": [{"id": i, "width": 1, "height": 1} for i in range(len(truth))],
        "categories": [{"id": k, "name": str(k)} for k in range(classes)],
    }
    objects = [{**one, "iscrowd": 0} for one in _annotations(truth)]
    rows = list(_annotations([(one.boxes, one.labels) for one in found]))
    scores = [float(score) for one in found for score in one.scores]
    results = [{**one, "score": score} for one, score in zip(rows, scores, strict=True)]
    evaluation = COCOeval_faster(
        *(COCO({**head, "annotations": annotations}) for annotations in (objects, results)), iouType="bbox"
    )
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation.eval["precision"], evaluation.eval["recall"]


def _annotations(pictures: Sequence[Truth]) -> Iterator[dict[str, Any]]:
    """COCO's entries, numbered from 1, since 0 means "unmatched" there."""
    number = 0
    for picture, (boxes, labels) in enumerate(pictures):
        xyxy = np.reshape(boxes, (-1, 4)).astype(np.float64)
        extent = xyxy[:, 2:] - xyxy[:, :2]
        rows = np.concatenate([xyxy[:, :2], extent, extent.prod(axis=1, keepdims=True)], axis=1).tolist()
        for (*bbox, area), label in zip(rows, np.asarray(labels).tolist(), strict=True):
            number += 1
            yield {"id": number, "image_id": picture, "category_id": label, "bbox": bbox, "area": area}
