"""What networks of boxes learn from: the loss of each sample, and a figure to watch.

IoU and GIoU are those of `boda.models.box_overlap`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.models import box_overlap
from boda.models.keras_import import import_keras

if TYPE_CHECKING:
    from collections.abc import Callable

BOX_WEIGHT = 2.0  # of the overlap beside the score, as in arXiv 2006.04388
BOX_WEIGHT_OF_SEVERAL = 4.0  # with two classes or more, to keep pace with what tells them apart
CLASSES_WEIGHT = 0.5  # of which class it is
SMOOTH = 0.1  # below which a distance counts by its square, as a share of the view


def locate_loss(classes: int, overlap: str = "giou") -> Callable[[Any, Any], Any]:
    """`loss(y, answer)`, (n,), of y (n, 5) as `encode_locate` gives it and the answer of a network that locates.

    1 - overlap(box, truth) + smooth L1 over the sides (Girshick, arXiv 1504.08083)
      + cross-entropy of the score against the IoU that was reached + cross-entropy of the class.
    The score learns what the box is worth, and does not pull at it (Jiang et al., IoU-Net, arXiv 1807.11590).
    """
    ops, alike = import_keras().ops, box_overlap.OVERLAPS[overlap]

    def loss(y: Any, answer: Any) -> Any:
        box, truth = answer[:, :4], y[:, :4]
        reached = ops.stop_gradient(_between(box_overlap.iou, truth, box))
        total = 1.0 - _between(alike, truth, box) + ops.sum(_smooth(ops.abs(box - truth)), axis=-1)
        total += _binary(reached, answer[:, 4])
        if classes > 1:
            wanted = ops.one_hot(ops.cast(y[:, 4], "int32"), classes)
            total -= ops.sum(wanted * ops.log_softmax(answer[:, 5:], axis=-1), axis=-1)
        return total

    return loss


def detect_loss(classes: int, overlap: str = "giou") -> Callable[[Any, Any], Any]:
    """`loss(y, answer)`, (n,), of y (n, p, 5) as `encode_detect` gives it and the answer (n, p, 4 + classes).

    Quality focal loss (Li et al., arXiv 2006.04388): the score of the asked class is to be the IoU that the box
    reaches, all others 0, each counted by the square of how far off it is; through the number of places that are
    asked in the batch. Beside it 1 - overlap of the boxes, weighed by that IoU, times `BOX_WEIGHT`.

    With two classes or more the cross-entropy of a softmax over the classes is added at the asked places, times
    `CLASSES_WEIGHT`: the score learns of a class only as far as its box is good, which few boxes are at first. The
    overlap then counts `BOX_WEIGHT_OF_SEVERAL` times.
    """
    ops, alike = import_keras().ops, box_overlap.OVERLAPS[overlap]

    def loss(y: Any, answer: Any) -> Any:
        truth, box, logits = y[..., :4], answer[..., :4], answer[..., 4:]
        asked = ops.cast(y[..., 4] < classes - 0.5, answer.dtype)
        reached = ops.stop_gradient(_between(box_overlap.iou, truth, box)) * asked
        wanted = ops.one_hot(ops.cast(y[..., 4], "int32"), classes) * reached[..., None]
        focal = _binary(wanted, logits) * ops.square(wanted - ops.sigmoid(logits))
        places = ops.maximum(ops.mean(ops.sum(asked, axis=1)), 1.0)
        weight = ops.maximum(ops.mean(ops.sum(reached, axis=1)), 1.0)
        apart = ops.sum(reached * (1.0 - _between(alike, truth, box)), axis=1) / weight
        total = ops.sum(focal, axis=(1, 2)) / places
        if classes == 1:
            return total + BOX_WEIGHT * apart
        told = -ops.sum(ops.one_hot(ops.cast(y[..., 4], "int32"), classes) * ops.log_softmax(logits, axis=-1), axis=-1)
        return total + BOX_WEIGHT_OF_SEVERAL * apart + CLASSES_WEIGHT * ops.sum(told * asked, axis=1) / places

    return loss


def locate_metric(y: Any, answer: Any) -> Any:
    """The IoU of each picture's box, (n,)."""
    return _between(box_overlap.iou, y[:, :4], answer[:, :4])


def detect_metric(y: Any, answer: Any) -> Any:
    """The mean IoU of each picture's asked places, (n,); 1 where none is asked."""
    ops = import_keras().ops
    asked = ops.cast(y[..., 4] < answer.shape[-1] - 4.5, answer.dtype)
    total = ops.sum(_between(box_overlap.iou, y[..., :4], answer[..., :4]) * asked, axis=1)
    count = ops.sum(asked, axis=1)
    return ops.where(count > 0, total / ops.maximum(count, 1.0), 1.0)


def _between(alike: Callable[[Any, Any], Any], truth: Any, box: Any) -> Any:
    """`alike` of boxes (..., 4)."""
    return alike(box_overlap.to_xyxy(truth, "xyxy"), box_overlap.to_xyxy(box, "xyxy"))


def _smooth(apart: Any) -> Any:
    ops = import_keras().ops
    return ops.where(apart < SMOOTH, apart**2 / (2 * SMOOTH), apart - SMOOTH / 2)


def _binary(wanted: Any, logit: Any) -> Any:
    """Cross-entropy of sigmoid(logit) against a share."""
    ops = import_keras().ops
    return ops.relu(logit) - logit * wanted + ops.softplus(-ops.abs(logit))
