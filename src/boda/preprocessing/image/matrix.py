"""The numbers that Keras draws for a picture to the one matrix that `warp` takes.

A matrix here is (3, 3) and takes an index of the result, (column, row, 1), to an index of the source.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping


def index_matrix(
    theta: float, tx: float, ty: float, shear: float, zx: float, zy: float, height: float, width: float
) -> np.ndarray | None:
    """Keras's rotation, shift, shear and zoom of a picture, about its centre; None where they do nothing.

    With c, s = cos, sin of `theta` and the `shear` angle p, both in degrees:

        | c -s | | 1 tx | | 1 -sin p | | zx  0 |
        | s  c | | 0 ty | | 0  cos p | | 0  zy |     about (height / 2 - 1/2, width / 2 - 1/2)

    Height stands before width although x comes first: so it is in Keras, and a picture that is not square then turns
    about another point than its centre.
    """
    steps = []
    if theta != 0:
        angle = math.radians(theta)
        c, s = math.cos(angle), math.sin(angle)
        steps.append([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    if tx != 0 or ty != 0:
        steps.append([[1.0, 0.0, tx], [0.0, 1.0, ty], [0.0, 0.0, 1.0]])
    if shear != 0:
        slant = math.radians(shear)
        steps.append([[1.0, -math.sin(slant), 0.0], [0.0, math.cos(slant), 0.0], [0.0, 0.0, 1.0]])
    if zx != 1 or zy != 1:
        steps.append([[zx, 0.0, 0.0], [0.0, zy, 0.0], [0.0, 0.0, 1.0]])
    return _about(_product(steps), height / 2 - 0.5, width / 2 - 0.5) if steps else None


def _product(steps: list[list[list[float]]]) -> np.ndarray:
    """The matrices multiplied as Keras does, to the last digit."""
    whole = np.array(steps[0])
    for step in steps[1:]:
        whole = whole.dot(np.array(step))
    return whole


def _about(matrix: np.ndarray, x: float, y: float) -> np.ndarray:
    to, fro = [[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]], [[1.0, 0.0, -x], [0.0, 1.0, -y], [0.0, 0.0, 1.0]]
    return np.array(to).dot(matrix).dot(np.array(fro))


def matrix_of(parameters: Mapping[str, Any], height: int, width: int) -> np.ndarray | None:
    """`index_matrix` of what `get_random_transform` draws; what is missing does nothing."""
    get = parameters.get
    return index_matrix(
        get("theta", 0), get("tx", 0), get("ty", 0), get("shear", 0), get("zx", 1), get("zy", 1), height, width
    )


def flips_of(parameters: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether a picture is mirrored left and right, and up and down."""
    return bool(parameters.get("flip_horizontal", False)), bool(parameters.get("flip_vertical", False))


def fold_flips(matrix: np.ndarray, height: int, width: int, across: bool, along: bool) -> np.ndarray:  # noqa: FBT001 - two flags of one kind
    """`matrix` and then mirroring, as one: column x of the result is column width - 1 - x of the unmirrored one."""
    if across:
        matrix[:2, 2] += matrix[:2, 0] * (width - 1)
        matrix[:2, 0] *= -1
    if along:
        matrix[:2, 2] += matrix[:2, 1] * (height - 1)
        matrix[:2, 1] *= -1
    return matrix


def is_brittle(matrix: np.ndarray) -> bool:
    """Whether the last digits of `matrix` decide where pixels land: quarter turns and the like, but for exact ones.

    cos(90 degrees) is 6e-17, not 0, and puts border pixels in or out of the picture as the rounding falls. There only
    SciPy's own order of operations gives SciPy's own result.
    """
    places = [2.0 * value for value in (*matrix[0], *matrix[1])]
    near = [abs(value - round(value)) for value in places]
    return max(near) < 1e-6 and any(near)
