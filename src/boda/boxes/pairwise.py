"""How well every box agrees with every other, a block of rows at a time."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.boxes.array import as_boxes
from boda.boxes.extent import box_area
from boda.boxes.overlap import OVERLAPS
from boda.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 2**17  # pairs that NumPy works on at once: a few MB for all that lies between input and result
FEW = 2**16  # pairs up to which NumPy alone is as fast as waking the compiled loop
ROWS = 256  # rows that a thread takes at once


def pairwise_iou(a: Any, b: Any, *, block: int | None = None, threads: int | None = None) -> np.ndarray:
    """IoU of every box of `a` with every box of `b`: as `pairwise(a, b, "iou")`.

    Args:
        a: (n, 4) xyxy.
        b: (m, 4) xyxy.
        block: Rows that are worked on at once; memory beyond the result does not grow with n.
        threads: How many threads share the rows of a large result; all cores if None.

    Returns:
        (n, m); float32 where both are float32, else float64.

    Raises:
        LabelError: Not (n, 4) numbers.

    Example:
        >>> pairwise_iou([[0, 0, 2, 2]], [[0, 0, 2, 1], [0, 0, 2, 2]]).tolist()
        [[0.5, 1.0]]
    """
    return pairwise(a, b, "iou", block=block, threads=threads)


def pairwise(a: Any, b: Any, kind: str = "iou", *, block: int | None = None, threads: int | None = None) -> np.ndarray:
    """Compare every box of `a` with every box of `b`, by IoU or one of its family.

    Boxes without area, inverted boxes and NaN give an IoU of 0, never NaN. For formulas and sources see the functions
    of these names.

    Args:
        a: (n, 4) xyxy.
        b: (m, 4) xyxy.
        kind: "iou", "giou", "diou" or "ciou".
        block: Rows that are worked on at once; memory beyond the result does not grow with n.
        threads: How many threads share the rows of a large result, for "iou"; all cores if None.

    Returns:
        (n, m); float32 where both are float32, else float64.

    Raises:
        LabelError: Not (n, 4) numbers.
        RecipeError: There is no such kind, or `block` is below 1.

    Example:
        >>> pairwise([[0, 0, 1, 1]], [[2, 0, 3, 1], [0, 0, 1, 1]], "giou").round(3).tolist()
        [[-0.333, 1.0]]
    """
    first, second = _as_pair(a, b)
    out = np.empty((len(first), len(second)), first.dtype)
    if kind == "iou" and out.size > FEW:
        _fill_iou(first, second, out, ROWS if block is None else block, threads or os.cpu_count() or 1)
        return out
    for rows, found in pairwise_blocks(first, second, kind, block=block):
        out[rows] = found
    return out


def pairwise_blocks(
    a: Any, b: Any, kind: str = "iou", *, block: int | None = None
) -> Iterator[tuple[slice, np.ndarray]]:
    """The rows of `pairwise(a, b, kind)` a block at a time, for results that do not fit into memory.

    Args:
        a: (n, 4) xyxy.
        b: (m, 4) xyxy.
        kind: "iou", "giou", "diou" or "ciou".
        block: Rows that are given at once; None chooses such that a block holds 131,072 pairs.

    Yields:
        Which rows, as a slice of `a`, and their values (rows, m).

    Raises:
        LabelError: Not (n, 4) numbers.
        RecipeError: There is no such kind, or `block` is below 1.

    Example:
        >>> boxes = [[0, 0, 2, 2], [0, 0, 2, 1], [4, 4, 5, 5]]
        >>> [(rows.start, rows.stop, iou.shape) for rows, iou in pairwise_blocks(boxes, boxes, block=2)]
        [(0, 2, (2, 3)), (2, 3, (1, 3))]
    """
    first, second = _as_pair(a, b)
    overlap = _overlap(kind)
    for rows in _slices(len(first), max(BLOCK // max(len(second), 1), 1) if block is None else block):
        with np.errstate(all="ignore"):
            found = overlap(first[rows, None], second[None])
        yield rows, found


def _as_pair(a: Any, b: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both of one dtype."""
    first, second = as_boxes(a, "a"), as_boxes(b, "b")
    common = np.result_type(first, second)
    return first.astype(common, copy=False), second.astype(common, copy=False)


def _overlap(kind: str) -> Any:
    if kind not in OVERLAPS:
        raise RecipeError(f"There is no overlap {kind!r}. There are: {', '.join(OVERLAPS)}.")
    return OVERLAPS[kind]


def _slices(n: int, block: int) -> list[slice]:
    if block < 1:
        raise RecipeError(f"block must be 1 row or more. Received: {block}.")
    return [slice(start, min(start + block, n)) for start in range(0, n, block)]


def _fill_iou(a: np.ndarray, b: np.ndarray, out: np.ndarray, block: int, threads: int) -> None:
    """Compiled, without the interpreter's lock; Python's threads, since Numba's bear no fork and no other caller."""
    from boda.boxes.pairwise_kernels import fill_iou

    areas_a, areas_b, columns = box_area(a), box_area(b), np.ascontiguousarray(b.T)

    def fill(rows: slice) -> None:
        fill_iou(a[rows], areas_a[rows], columns, areas_b, out[rows])

    slices = _slices(len(a), block)
    with ThreadPoolExecutor(min(threads, len(slices))) as team:
        list(team.map(fill, slices))
