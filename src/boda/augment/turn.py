"""Turning, shifting, zooming and slanting: what moves a picture within its frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from boda.augment import affine
from boda.augment.effects import Effect, Move, Scene
from boda.augment.step import Augmentation, as_range
from boda.augment.warp import FILL_MODES

if TYPE_CHECKING:
    import numpy as np

ORDERS = {"nearest": 0, "bilinear": 1, "bicubic": 3}
Factor = float | tuple[float, float]


@dataclass(frozen=True)
class RandomRotation(Augmentation):
    """Turn a picture about its centre.

    Args:
        factor: the range of angles as fractions of a full turn, counter-clockwise positive: 0.1 stands for
            (-0.1, 0.1), which is -36 to 36 degrees.
        fill_mode: what fills the corners, "reflect", "wrap", "constant" or "nearest".
        interpolation: "nearest" or "bilinear".
        fill_value: the constant.

    Reference:
        keras.layers.RandomRotation
    """

    factor: Factor
    fill_mode: str = "reflect"
    interpolation: str = "bilinear"
    fill_value: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no angle, fill or interpolation is."""
        low, high = as_range(self.factor)
        self.expect(-1 <= low <= high <= 1, "factor", "a number or a pair (low, high) from -1 to 1, in full turns")
        self.expect(self.fill_mode in FILL_MODES, "fill_mode", "one of " + ", ".join(FILL_MODES))
        self.expect(self.interpolation in ORDERS, "interpolation", "one of " + ", ".join(ORDERS))

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
        """One Move."""
        turns = rng.uniform(*as_range(self.factor))
        matrix = affine.about(affine.rotation(turns), scene.width / 2, scene.height / 2)
        size, order = (scene.height, scene.width), ORDERS[self.interpolation]
        return (Move(matrix, size, self.fill_mode, self.fill_value, order),)
