"""One box a picture, and the box that was found there, to figures: mean IoU, shares above a threshold, and a baseline.

The baseline is the constant answer: the mean box of the training part, at its place in every picture.
Where objects lie in the middle and fill the picture it comes far, so that no mean IoU says anything without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.boxes import iou
from boda.metrics.compare import compare
from boda.metrics.intervals import bootstrap_mean, check_rows, wilson

if TYPE_CHECKING:
    from boda.metrics.compare import Comparison

THRESHOLDS = (0.5, 0.75)
WORDS = {"helps": "better", "hurts": "worse", "no difference shown": "no difference shown"}


def evaluate(
    truth: np.ndarray,
    found: np.ndarray,
    constant: np.ndarray,
    rng: np.random.Generator,
    *,
    right: np.ndarray | None = None,
) -> dict[str, Any]:
    """All figures of a part, each with its 95 % interval.

    The interval of the mean IoU is a bootstrap over pictures (percentiles), that of a share is Wilson's.
    Both tell the luck of which pictures are in this part; neither tells the luck of one training.

    Args:
        truth: (n, 4) xyxy, n of 1 or more.
        found: (n, 4) xyxy, the model's answers on the same pictures.
        constant: (n, 4) xyxy, the constant answer in each picture (`constant_boxes`).
        rng: the source of chance.
        right: (n,) booleans, whether the class was right; None where there is one class.

    Returns:
        `n, mean_iou, mean_iou_interval, iou_50, iou_50_interval, iou_75, iou_75_interval, constant_mean_iou`, and with
        `right` also `accuracy, accuracy_interval`. A share counts what is at its threshold or above.

    Raises:
        ValueError: no picture, or not as many rows in each.

    Example:
        >>> box = np.array([[0.0, 0, 4, 4]])
        >>> found = evaluate(box, np.array([[0.0, 0, 4, 3]]), np.array([[0.0, 0, 2, 4]]), np.random.default_rng(0))
        >>> found["mean_iou"], found["iou_50"], found["iou_75"], found["constant_mean_iou"]
        (0.75, 1.0, 1.0, 0.5)
    """
    ious = _ious(truth, found)
    figures = {
        "n": len(ious),
        "mean_iou": float(ious.mean()),
        "mean_iou_interval": list(bootstrap_mean(ious, rng=rng)),
        **_share("iou_50", ious >= THRESHOLDS[0]),
        **_share("iou_75", ious >= THRESHOLDS[1]),
        "constant_mean_iou": float(_ious(truth, constant).mean()),
    }
    if right is None:
        return figures
    check_rows(truth=ious, right=right)
    return {**figures, **_share("accuracy", np.asarray(right, dtype=bool))}


def against_constant(
    truth: np.ndarray,
    found: np.ndarray,
    constant: np.ndarray,
    rng: np.random.Generator,
    *,
    groups: np.ndarray | None = None,
) -> dict[str, Any]:
    """How much more IoU the model has than the constant answer on the same pictures, and whether that is shown.

    Args:
        truth: (n, 4) xyxy, n of 1 or more.
        found: (n, 4) xyxy.
        constant: (n, 4) xyxy.
        rng: the source of chance.
        groups: (n,) ints, equal for copies of a picture; None where there are none.

    Returns:
        `baseline` ("constant"), `difference` (of mean IoU, above 0 where the model is better), `interval` (95 %,
        Student's t over pictures; None with one picture), `p` (signs flipped) and `verdict` ("better", "worse" or
        "no difference shown").

    Raises:
        ValueError: no picture, or not as many rows in each.
    """
    return {"baseline": "constant", **difference(_ious(truth, found), _ious(truth, constant), rng, groups=groups)}


def difference(
    ours: np.ndarray, theirs: np.ndarray, rng: np.random.Generator, *, groups: np.ndarray | None = None
) -> dict[str, Any]:
    """`against_constant` for any two scores of the same pictures, (n,) each, of which higher is better."""
    check_rows(ours=ours, theirs=theirs)
    pictures = np.arange(len(ours)) if groups is None else np.asarray(groups)
    one: Comparison = compare(theirs[None], {"ours": ours[None]}, pictures, rng=rng)["ours"]
    interval = list(one.interval) if np.isfinite(one.interval).all() else None
    return {"difference": one.difference, "interval": interval, "p": one.p, "verdict": WORDS[one.verdict]}


def mean_box(truth: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The mean of relative centre, width and height of `truth`: where an object lies if one knows nothing else.

    Args:
        truth: (n, 4) xyxy pixels, one box a picture, n of 1 or more; of the training part alone.
        sizes: (n, 2) width and height of each picture.

    Returns:
        (4,) centre x, centre y, width, height, 0 to 1 of the picture.

    Raises:
        ValueError: no picture, or not as many rows in each.

    Example:
        >>> mean_box(np.array([[0.0, 0, 50, 100], [100.0, 0, 200, 100]]), np.array([[100, 100], [200, 200]])).tolist()
        [0.5, 0.375, 0.5, 0.75]
    """
    truth, sizes = _rows(truth, "truth"), np.asarray(sizes, dtype=np.float64).reshape(-1, 2)
    check_rows(truth=truth, sizes=sizes)
    low, high = truth[:, :2] / sizes, truth[:, 2:] / sizes
    return np.concatenate([((low + high) / 2).mean(axis=0), (high - low).mean(axis=0)])


def constant_boxes(mean: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """`mean` (4,), of `mean_box`, in pictures of `sizes` (n, 2): (n, 4) xyxy pixels, within the picture.

    >>> constant_boxes(np.array([0.5, 0.5, 0.5, 1.0]), np.array([[200, 100]])).tolist()
    [[50.0, 0.0, 150.0, 100.0]]
    """
    centre, extent = np.asarray(mean, dtype=np.float64).reshape(2, 2)
    ends = np.clip(np.concatenate([centre - extent / 2, centre + extent / 2]), 0, 1)
    return ends * np.tile(np.asarray(sizes, dtype=np.float64).reshape(-1, 2), 2)


def _ious(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    """(n,) the IoU of each pair."""
    truth, found = _rows(truth, "truth"), np.asarray(found, dtype=np.float64).reshape(-1, 4)
    check_rows(truth=truth, found=found)
    return np.asarray(iou(truth, found))


def _rows(truth: np.ndarray, name: str) -> np.ndarray:
    rows = np.asarray(truth, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != 4 or len(rows) == 0:
        raise ValueError(f"{name} must be (n, 4) boxes, one a picture, n of 1 or more. Received: {rows.shape}.")
    return rows


def _share(name: str, above: np.ndarray) -> dict[str, Any]:
    n, hits = len(above), int(above.sum())
    return {name: hits / n, f"{name}_interval": list(wilson(hits, n))}
