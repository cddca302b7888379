"""The loops of suppression, over boxes in the order of their scores.

Compiled by Numba when it is first used, and kept in its cache, which knows this file's date only: nothing here may
depend on another file of ours. Callers check sizes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"}

LINEAR, GAUSSIAN = 0, 1


@njit(**_OPTIONS)
def _iou(boxes: Any, areas: Any, i: int, j: int) -> float:
    width = min(boxes[i, 2], boxes[j, 2]) - max(boxes[i, 0], boxes[j, 0])
    height = min(boxes[i, 3], boxes[j, 3]) - max(boxes[i, 1], boxes[j, 1])
    if not (width > 0.0 and height > 0.0):
        return 0.0
    union = areas[i] + areas[j] - width * height
    return width * height / union if union > 0.0 else 0.0


@njit(**_OPTIONS)
def suppress(boxes: Any, areas: Any, labels: Any, threshold: float, dropped: Any) -> None:
    """Mark in `dropped` (n,) every box that meets a kept one before it, of its own label, by more than `threshold`."""
    for i in range(boxes.shape[0]):
        if dropped[i]:
            continue
        for j in range(i + 1, boxes.shape[0]):
            if not dropped[j] and labels[i] == labels[j] and _iou(boxes, areas, i, j) > threshold:
                dropped[j] = True


@njit(**_OPTIONS)
def soften(
    boxes: Any,
    areas: Any,
    labels: Any,
    method: int,
    threshold: float,
    sigma: float,
    least: float,
    order: Any,
    scores: Any,
) -> int:
    """Take the best box, lower the `scores` of those of its label that it meets, and so on; into `order`, how many.

    `scores` (n,) end as they were when each box was taken; boxes below `least` are never taken.
    """
    taken = np.zeros(boxes.shape[0], np.bool_)
    for k in range(boxes.shape[0]):
        best = -1
        for j in range(boxes.shape[0]):
            if not taken[j] and (best < 0 or scores[j] > scores[best]):
                best = j
        if scores[best] < least:
            return k
        taken[best] = True
        order[k] = best
        for j in range(boxes.shape[0]):
            if taken[j] or labels[j] != labels[best]:
                continue
            overlap = _iou(boxes, areas, best, j)
            if method == GAUSSIAN:
                scores[j] *= np.exp(-(overlap * overlap) / sigma)
            elif overlap > threshold:
                scores[j] *= 1.0 - overlap
    return boxes.shape[0]
