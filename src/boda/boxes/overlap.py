"""How well two boxes agree: IoU and its family, box by box.

Every ratio whose denominator is not above 0 counts 0. So boxes without area, inverted boxes and NaN give an IoU of 0,
and never NaN, in every kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.boxes.array import as_boxes
from boda.boxes.extent import box_area
from boda.errors import LabelError

if TYPE_CHECKING:
    from collections.abc import Callable


def iou(a: Any, b: Any) -> np.ndarray:
    """Intersection over union, 0 to 1, of each pair of boxes.

        IoU = area(A and B) / area(A or B)

    Args:
        a: (n, 4) xyxy.
        b: (n, 4) xyxy, one for each of `a`.

    Returns:
        (n,); float32 where both are float32, else float64.

    Raises:
        LabelError: Not (n, 4) numbers, or not as many in both.

    Source: Jaccard (1901); for boxes Everingham et al., "The Pascal Visual Object Classes Challenge", IJCV 2010.

    Example:
        >>> iou([[0, 0, 2, 2]], [[0, 0, 2, 1]]).tolist()
        [0.5]
    """
    return _paired(overlap_iou, a, b)


def giou(a: Any, b: Any) -> np.ndarray:
    """Generalised IoU, -1 to 1: it goes on falling as boxes that do not meet move apart.

        GIoU = IoU - (area(C) - area(A or B)) / area(C)

    with C the smallest box that holds both.

    Args, Returns, Raises: as `iou`.

    Source: Rezatofighi et al., "Generalized Intersection over Union", CVPR 2019, arXiv 1902.09630.

    Example:
        >>> giou([[0, 0, 1, 1]], [[2, 0, 3, 1]]).round(3).tolist()
        [-0.333]
    """
    return _paired(overlap_giou, a, b)


def diou(a: Any, b: Any) -> np.ndarray:
    """Distance IoU, -1 to 1: less the squared distance of the centres, in units of the enclosing box's diagonal.

        DIoU = IoU - d² / c²

    with d between the centres, and c the diagonal of the smallest box that holds both.

    Args, Returns, Raises: as `iou`.

    Source: Zheng et al., "Distance-IoU Loss", AAAI 2020, arXiv 1911.08287.

    Example:
        >>> diou([[0, 0, 1, 1]], [[2, 0, 3, 1]]).tolist()
        [-0.4]
    """
    return _paired(overlap_diou, a, b)


def ciou(a: Any, b: Any) -> np.ndarray:
    """Complete IoU: DIoU less a term for unequal aspects.

        CIoU = DIoU - v² / (1 - IoU + v),   v = (4 / π²) (arctan(w_b / h_b) - arctan(w_a / h_a))²

    Args, Returns, Raises: as `iou`.

    Source: Zheng et al., "Distance-IoU Loss", AAAI 2020, arXiv 1911.08287.

    Example:
        >>> ciou([[0, 0, 2, 2]], [[0, 0, 2, 1]]).round(4).tolist()
        [0.4655]
    """
    return _paired(overlap_ciou, a, b)


def overlap_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """IoU of arrays (..., 4) that broadcast."""
    inter, union = _inter_and_union(a, b)
    return _ratio(inter, union)


def overlap_giou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """GIoU of arrays (..., 4) that broadcast."""
    inter, union = _inter_and_union(a, b)
    width, height = _enclosing(a, b)
    hull = width * height
    return _ratio(inter, union) - _ratio(hull - union, hull)


def overlap_diou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """DIoU of arrays (..., 4) that broadcast."""
    width, height = _enclosing(a, b)
    dx = (a[..., 0] + a[..., 2] - b[..., 0] - b[..., 2]) / 2
    dy = (a[..., 1] + a[..., 3] - b[..., 1] - b[..., 3]) / 2
    return overlap_iou(a, b) - _ratio(dx**2 + dy**2, width**2 + height**2)


def overlap_ciou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """CIoU of arrays (..., 4) that broadcast."""
    v = (4 / np.pi**2) * (_aspect(b) - _aspect(a)) ** 2
    return overlap_diou(a, b) - _ratio(v**2, 1 - overlap_iou(a, b) + v)


OVERLAPS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "iou": overlap_iou,
    "giou": overlap_giou,
    "diou": overlap_diou,
    "ciou": overlap_ciou,
}


def _paired(overlap: Callable[[np.ndarray, np.ndarray], np.ndarray], a: Any, b: Any) -> np.ndarray:
    first, second = as_boxes(a, "a"), as_boxes(b, "b")
    if len(first) != len(second):
        raise LabelError(
            f"As many boxes in b as in a are wanted, a pair each. Received: {len(first)} in a, {len(second)} in b. "
            "For every box of a with every box of b take pairwise."
        )
    with np.errstate(all="ignore"):  # of infinities, whose ratios count 0
        return overlap(first, second)


def _inter_and_union(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    width = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    height = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    inter = np.maximum(width, 0) * np.maximum(height, 0)
    return inter, box_area(a) + box_area(b) - inter


def _enclosing(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Width and height of the smallest boxes that hold both."""
    width = np.maximum(a[..., 2], b[..., 2]) - np.minimum(a[..., 0], b[..., 0])
    height = np.maximum(a[..., 3], b[..., 3]) - np.minimum(a[..., 1], b[..., 1])
    return np.maximum(width, 0), np.maximum(height, 0)


def _aspect(boxes: np.ndarray) -> np.ndarray:
    """arctan(w / h), 0 to π/2; 0 of a point."""
    width, height = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    return np.arctan2(np.maximum(width, 0), np.maximum(height, 0))


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """`top` / `bottom`, and 0 where `bottom` is not a number above 0."""
    sound = (bottom > 0) & (bottom < np.inf)
    return np.where(sound, top / np.where(sound, bottom, 1), 0)
