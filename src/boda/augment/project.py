"""Perspective: a picture as a plane that is seen from another place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boda.augment import affine
from boda.augment.effects import Effect, Move, Scene
from boda.augment.factors import Factor, draw_factor, expect_factor
from boda.augment.step import Augmentation
from boda.augment.turn import ORDERS

NEAREST_HORIZON = 0.1  # the least depth of a corner, that of the upper left one being 1


@dataclass(frozen=True)
class RandomPerspective(Augmentation):
    """Move three corners of a picture by chance, the upper left one staying, and the whole plane with them.

    A corner moves by up to half of `scale` of its own coordinates. With a `scale` above 2/3 the lower right corner can
    come to lie so far inside that the plane folds over its horizon: Keras then paints a mirrored picture beyond it;
    here all three movements of such a draw are halved, after which it cannot happen. What lies beyond the picture takes
    `fill_value`. Things change their shape and size; text stays readable, measures do not.

    Args:
        factor: the chance that a picture is changed at all; a pair is a range from which the chance is drawn, a
            number f stands for (0, f), as in Keras's layer: 1 changes every second picture, (1, 1) each.
        scale: how far corners move, 0 to 1.
        interpolation: "nearest", "bilinear", or, beyond Keras's layer, "bicubic".
        fill_value: the constant beyond the picture, on the scale of the values.

    Reference:
        keras.layers.RandomPerspective
    """

    factor: Factor = 1.0
    scale: float = 1.0
    interpolation: str = "bilinear"
    fill_value: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no chance, scale or interpolation is."""
        expect_factor(self, "factor", 0.0, 1, "a chance")
        self.expect(0 <= self.scale <= 1, "scale", "from 0 to 1")
        self.expect(self.interpolation in ORDERS, "interpolation", "one of " + ", ".join(ORDERS))

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
        """At most one Move."""
        chance = draw_factor(rng, self.factor, symmetric=False)
        changed = rng.random() < chance
        strength = rng.uniform(-0.5 * self.scale, 0.5 * self.scale, (4, 2))
        if not changed or min(scene.height, scene.width) < 2:
            return ()
        matrix = _plane(scene.height, scene.width, strength)
        return (Move(matrix, (scene.height, scene.width), "constant", self.fill_value, ORDERS[self.interpolation]),)


def _plane(height: int, width: int, strength: np.ndarray) -> np.ndarray:
    """The matrix that moves the centre of each corner's pixel by `strength` (4, 2) times its coordinates (x, y)."""
    corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], np.float64)
    matrix = affine.perspective(corners, corners * (1.0 + strength))
    if (corners @ matrix[2, :2] + 1.0).min() < NEAREST_HORIZON:
        matrix = affine.perspective(corners, corners * (1.0 + strength / 2.0))
    return np.asarray(affine.shift(0.5, 0.5) @ matrix @ affine.shift(-0.5, -0.5))
