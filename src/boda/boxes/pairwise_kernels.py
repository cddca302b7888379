"""The loop over all pairs of many boxes.

Compiled by Numba when it is first used, and kept in its cache, which knows this file's date only: nothing here may
depend on another file of ours. Callers check sizes; several threads may run it at once, on rows of their own.
"""

from __future__ import annotations

from typing import Any

from numba import njit


@njit(nogil=True, cache=True, error_model="numpy")
def fill_iou(a: Any, areas_a: Any, columns_b: Any, areas_b: Any, out: Any) -> None:
    """Write the IoU of `a` (n, 4) with the boxes whose four numbers are the rows of `columns_b` (4, m), into `out`.

    An area that is NaN makes every ratio of its box 0, as do two areas of 0; the comparisons are written such that each
    becomes one instruction for several pairs.
    """
    zero = out.dtype.type(0)
    left_b, top_b, right_b, bottom_b = columns_b[0], columns_b[1], columns_b[2], columns_b[3]
    for i in range(a.shape[0]):
        left_a, top_a, right_a, bottom_a, area_a = a[i, 0], a[i, 1], a[i, 2], a[i, 3], areas_a[i]
        row = out[i]
        for j in range(row.shape[0]):
            left = left_a if left_a > left_b[j] else left_b[j]
            top = top_a if top_a > top_b[j] else top_b[j]
            right = right_a if right_a < right_b[j] else right_b[j]
            bottom = bottom_a if bottom_a < bottom_b[j] else bottom_b[j]
            width, height = right - left, bottom - top
            inter = (width if width > zero else zero) * (height if height > zero else zero)
            union = area_a + areas_b[j] - inter
            row[j] = inter / union if union > zero else zero
