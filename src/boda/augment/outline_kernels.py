"""The loops over the outlines of boxes: moved, cut at a horizon, clipped, and boxed again.

Compiled by Numba when it is first used, and kept in its cache, which knows this file's date only: nothing here may
depend on another file of ours. Callers check sizes and room.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"}

ELLIPSE_VERTICES = 128


@njit(**_OPTIONS)
def _outline(box: Any, ellipse: bool, points: Any) -> int:
    """Write a box's corners, or its inscribed ellipse as a polygon, into `points` (m, 2); how many were written."""
    x0, y0, x1, y1 = box[0], box[1], box[2], box[3]
    if not ellipse:
        points[0, 0], points[0, 1] = x0, y0
        points[1, 0], points[1, 1] = x1, y0
        points[2, 0], points[2, 1] = x1, y1
        points[3, 0], points[3, 1] = x0, y1
        return 4
    for k in range(ELLIPSE_VERTICES):
        angle = 2.0 * np.pi * k / ELLIPSE_VERTICES
        points[k, 0] = 0.5 * (x0 + x1) + 0.5 * (x1 - x0) * np.cos(angle)
        points[k, 1] = 0.5 * (y0 + y1) + 0.5 * (y1 - y0) * np.sin(angle)
    return ELLIPSE_VERTICES


HORIZON = 1e-6  # the least w = g x + h y + i of a point before a perspective's horizon


@njit(**_OPTIONS)
def _cut_at_horizon(points: Any, n: int, matrix: Any, cut: Any) -> int:
    """Keep the part that a perspective can show, in place by way of `cut`; how many points."""
    m = 0
    for k in range(n):
        p, q = points[k], points[(k + 1) % n]
        before_p = matrix[2, 0] * p[0] + matrix[2, 1] * p[1] + matrix[2, 2] - HORIZON
        before_q = matrix[2, 0] * q[0] + matrix[2, 1] * q[1] + matrix[2, 2] - HORIZON
        if before_p >= 0.0:
            cut[m, 0], cut[m, 1] = p[0], p[1]
            m += 1
        if before_p * before_q < 0.0:
            t = before_p / (before_p - before_q)
            cut[m, 0] = p[0] + t * (q[0] - p[0])
            cut[m, 1] = p[1] + t * (q[1] - p[1])
            m += 1
    points[:m] = cut[:m]
    return m


@njit(**_OPTIONS)
def _move_polygon(points: Any, n: int, matrix: Any, other: Any) -> int:
    """Move `n` points in place; how many there are, what lies behind a perspective's horizon being cut off."""
    if matrix[2, 0] != 0.0 or matrix[2, 1] != 0.0:
        n = _cut_at_horizon(points, n, matrix, other)
    for k in range(n):
        x, y = points[k, 0], points[k, 1]
        w = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
        points[k, 0] = (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / w
        points[k, 1] = (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / w
    return n


@njit(**_OPTIONS)
def _cut_polygon(points: Any, n: int, axis: int, limit: float, sign: float, cut: Any) -> int:
    """Keep the part where sign * (limit - p[axis]) >= 0 (Sutherland and Hodgman 1974); into `cut`, how many points."""
    m = 0
    for k in range(n):
        p, q = points[k], points[(k + 1) % n]
        inside_p = sign * (limit - p[axis])
        inside_q = sign * (limit - q[axis])
        if inside_p >= 0.0:
            cut[m, 0], cut[m, 1] = p[0], p[1]
            m += 1
        if inside_p * inside_q < 0.0:
            t = inside_p / (inside_p - inside_q)
            cut[m, 0] = p[0] + t * (q[0] - p[0])
            cut[m, 1] = p[1] + t * (q[1] - p[1])
            m += 1
    return m


@njit(**_OPTIONS)
def _clip_polygon(points: Any, n: int, width: float, height: float, other: Any) -> int:
    n = _cut_polygon(points, n, 0, 0.0, -1.0, other)
    n = _cut_polygon(other, n, 0, width, 1.0, points)
    n = _cut_polygon(points, n, 1, 0.0, -1.0, other)
    return _cut_polygon(other, n, 1, height, 1.0, points)


@njit(**_OPTIONS)
def _area(points: Any, n: int) -> float:
    """The shoelace formula."""
    twice = 0.0
    for k in range(n):
        m = (k + 1) % n
        twice += points[k, 0] * points[m, 1] - points[m, 0] * points[k, 1]
    return abs(twice) / 2.0


@njit(**_OPTIONS)
def follow_boxes(boxes: Any, matrices: Any, sizes: Any, ellipse: bool, out: Any, visible: Any) -> None:
    """Boxes (n, 4) through `matrices` (g, 3, 3), clipped to `sizes` (g, 2) of (h, w) in turn.

    `out` (n, 4) becomes the boxes of what is left, `visible` (n,) its share of the whole moved area; where nothing is
    left, both are 0. A box without area counts as visible wholly or not at all.
    """
    room = ELLIPSE_VERTICES + 5 * len(matrices) + 5
    clipped, whole, other = np.empty((room, 2)), np.empty((room, 2)), np.empty((room, 2))
    for i in range(len(boxes)):
        n = _outline(boxes[i], ellipse, clipped)
        m = _outline(boxes[i], ellipse, whole)
        out[i] = 0.0
        visible[i] = 0.0
        for g in range(len(matrices)):
            n = _move_polygon(clipped, n, matrices[g], other)
            m = _move_polygon(whole, m, matrices[g], other)
            n = _clip_polygon(clipped, n, sizes[g, 1], sizes[g, 0], other)
            if n == 0:
                break
        if n == 0:
            continue
        out[i, 0], out[i, 1] = clipped[0, 0], clipped[0, 1]
        out[i, 2], out[i, 3] = clipped[0, 0], clipped[0, 1]
        for k in range(1, n):
            out[i, 0], out[i, 1] = min(out[i, 0], clipped[k, 0]), min(out[i, 1], clipped[k, 1])
            out[i, 2], out[i, 3] = max(out[i, 2], clipped[k, 0]), max(out[i, 3], clipped[k, 1])
        area = _area(whole, m)
        visible[i] = _area(clipped, n) / area if area > 1e-9 else 1.0


@njit(**_OPTIONS)
def find_wrong(boxes: Any) -> int:
    """The first of `boxes` (n, 4), xyxy, that is inverted or not finite; -1 where there is none."""
    for i in range(len(boxes)):
        box = boxes[i]
        finite = np.isfinite(box[0]) and np.isfinite(box[1]) and np.isfinite(box[2]) and np.isfinite(box[3])
        if not finite or box[2] < box[0] or box[3] < box[1]:
            return i
    return -1
