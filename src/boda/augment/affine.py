"""One geometry: matrices that move a picture's pixels, boxes, masks and points alike.

Coordinates are continuous and in pixels, x to the right and y down: pixel (row i, column j) covers j to j + 1 and
i to i + 1, and the picture covers 0 to width and 0 to height. A matrix (3, 3) takes a point (x, y, 1) of the picture
to its place in the result; `a @ b` does b first. Sampling goes the other way, by `sampling_matrix`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from boda.errors import AugmentError

if TYPE_CHECKING:
    from collections.abc import Iterable

HORIZON = 1e-6  # the least depth, the third coordinate of a moved point, that a perspective can show


def shift(right: float, down: float) -> np.ndarray:
    """Move by `right` and `down` pixels.

    >>> move_points(np.array([[1.0, 1.0]]), shift(2, -1)).tolist()
    [[3.0, 0.0]]
    """
    return np.array([[1.0, 0.0, right], [0.0, 1.0, down], [0.0, 0.0, 1.0]])


def scale(across: float, along: float) -> np.ndarray:
    """Stretch x by `across` and y by `along`, away from the origin."""
    return np.array([[across, 0.0, 0.0], [0.0, along, 0.0], [0.0, 0.0, 1.0]])


def rotation(turns: float) -> np.ndarray:
    """Turn about the origin by a fraction of a full turn, counter-clockwise on the screen as Keras's layers.

    x' = cos(a) x + sin(a) y,   y' = -sin(a) x + cos(a) y,   a = 2 pi turns
    """
    c, s = math.cos(2.0 * math.pi * turns), math.sin(2.0 * math.pi * turns)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def shear(across: float, along: float) -> np.ndarray:
    """Slant: x' = x + across y,   y' = y + along x."""
    return np.array([[1.0, across, 0.0], [along, 1.0, 0.0], [0.0, 0.0, 1.0]])


def flip_across(width: float) -> np.ndarray:
    """Mirror left and right in a picture `width` wide."""
    return np.array([[-1.0, 0.0, width], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def flip_along(height: float) -> np.ndarray:
    """Mirror up and down in a picture `height` high."""
    return np.array([[1.0, 0.0, 0.0], [0.0, -1.0, height], [0.0, 0.0, 1.0]])


def about(matrix: np.ndarray, x: float, y: float) -> np.ndarray:
    """`matrix`, affine, with (x, y) in the place of the origin: shift(x, y) @ matrix @ shift(-x, -y)."""
    (a, b, c), (d, e, f), _ = matrix.tolist()
    return np.array([[a, b, c + x - a * x - b * y], [d, e, f + y - d * x - e * y], [0.0, 0.0, 1.0]])


def window(left: float, top: float, width: float, height: float, size: tuple[int, int]) -> np.ndarray:
    """Bring the window at (left, top) to the whole of a picture of `size` (h, w): a crop, a resize, or both."""
    return scale(size[1] / width, size[0] / height) @ shift(-left, -top)


def perspective(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The projective matrix that takes four points `start` (4, 2) to `end` (4, 2).

    Each pair gives two linear equations in the eight unknowns h (Hartley and Zisserman, Multiple View Geometry, 4.1):

        h0 x + h1 y + h2 - h6 x x' - h7 y x' = x',    h3 x + h4 y + h5 - h6 x y' - h7 y y' = y'

    Raises:
        AugmentError: Three of the points lie on a line.
    """
    rows, right = [], []
    for (x, y), (u, v) in zip(start, end, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -x * u, -y * u], [0, 0, 0, x, y, 1, -x * v, -y * v]]
        right += [u, v]
    try:
        solved = np.linalg.solve(np.array(rows, float), np.array(right, float))
    except np.linalg.LinAlgError as error:
        raise AugmentError(f"Four points with no three on a line are needed. Received: {end.tolist()}.") from error
    return np.append(solved, 1.0).reshape(3, 3)


def compose(matrices: Iterable[np.ndarray]) -> np.ndarray:
    """One matrix for several, the first of which is done first."""
    whole = np.eye(3)
    for matrix in matrices:
        whole = matrix @ whole
    return whole


def sampling_matrix(forward: np.ndarray) -> np.ndarray:
    """From a matrix of this file to the one that `warp` wants: from an output index back to a source index.

    The centre of pixel index j lies at j + 1/2, so M = T^-1 F^-1 T with T the shift by half a pixel.

    Raises:
        AugmentError: `forward` flattens the picture to a line, so that no way leads back.
    """
    (a, b, c), (d, e, f), (g, h, _) = forward.tolist()
    if g or h:
        return _projective_inverse(forward)
    c, f = c + 0.5 * (a + b - 1.0), f + 0.5 * (d + e - 1.0)
    determinant = a * e - b * d
    if not np.isfinite(determinant) or abs(determinant) < 1e-12:
        raise AugmentError(f"The matrix {forward.tolist()} flattens the picture, so it cannot be sampled.")
    a, b, d, e = e / determinant, -b / determinant, -d / determinant, a / determinant
    return np.array([[a, b, -(a * c + b * f)], [d, e, -(d * c + e * f)], [0.0, 0.0, 1.0]])


def _projective_inverse(forward: np.ndarray) -> np.ndarray:
    moved = shift(-0.5, -0.5) @ forward @ shift(0.5, 0.5)
    if not np.isfinite(moved).all() or abs(np.linalg.det(moved)) < 1e-12:
        raise AugmentError(f"The matrix {forward.tolist()} flattens the picture, so it cannot be sampled.")
    inverse = np.linalg.inv(moved)
    return inverse / inverse[2, 2]


def move_points(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Move `points` (..., 2) of (x, y); what lies behind a perspective's horizon becomes NaN."""
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    depth = moved[..., 2:]
    return np.asarray(moved[..., :2] / np.where(depth > HORIZON, depth, np.nan))


def mirrors(matrix: np.ndarray) -> bool:
    """Whether left and right are exchanged: the determinant of the linear part is below 0."""
    return bool(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0] < 0)
