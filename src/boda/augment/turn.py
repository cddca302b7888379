"""Turning, shifting, zooming and slanting: what moves a picture within its frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from boda.augment import affine
from boda.augment.effects import Effect, Move, Scene
from boda.augment.factors import Factor, as_range, draw_factor, expect_factor
from boda.augment.step import Augmentation

if TYPE_CHECKING:
    import numpy as np

ORDERS = {"nearest": 0, "bilinear": 1, "bicubic": 3}
FILLS = {"reflect": "reflect", "wrap": "grid-wrap", "constant": "constant", "nearest": "nearest"}  # ours and warp's


@dataclass(frozen=True)
class RandomRotation(Augmentation):
    """Turn a picture about its centre.

    A box becomes that of its turned corners, so that it grows around things that are not rectangles: choose the
    pipeline's `box_shape`. Do not use it with more than a few degrees where up and down matter (6 and 9).

    Args:
        factor: the range of angles as fractions of a full turn, counter-clockwise positive: 0.1 stands for
            (-0.1, 0.1), which is -36 to 36 degrees.
        fill_mode: what fills the corners: "reflect" (d c b a | a b c d | d c b a), "wrap" (a b c d | a b c d |
            a b c d), "constant" or "nearest" (a a a a | a b c d | d d d d). The first two show things again in parts
            that no box holds.
        interpolation: "nearest", "bilinear", or, beyond Keras's layer, "bicubic".
        fill_value: the constant, on the scale of the values.

    Reference:
        keras.layers.RandomRotation
    """

    factor: Factor
    fill_mode: str = "reflect"
    interpolation: str = "bilinear"
    fill_value: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no angle, fill or interpolation is."""
        expect_factor(self, "factor", -1.0, 1, "in full turns")
        expect_filling(self, self.fill_mode, self.interpolation)

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
        """One Move."""
        turns = draw_factor(rng, self.factor)
        matrix = affine.about(affine.rotation(turns), scene.width / 2, scene.height / 2)
        return (_within(scene, matrix, self),)


@dataclass(frozen=True)
class RandomTranslation(Augmentation):
    """Shift a picture down or up and right or left.

    Things are lost at one side: boxes are clipped, and dropped under the pipeline's `min_visible`.

    Args:
        height_factor: the range of shifts as fractions of the height, down positive: 0.1 stands for (-0.1, 0.1).
        width_factor: the range of shifts as fractions of the width, right positive.
        fill_mode: "reflect", "wrap", "constant" or "nearest", as in `RandomRotation`.
        interpolation: "nearest", "bilinear", or, beyond Keras's layer, "bicubic".
        fill_value: the constant, on the scale of the values.

    Reference:
        keras.layers.RandomTranslation
    """

    height_factor: Factor
    width_factor: Factor
    fill_mode: str = "reflect"
    interpolation: str = "bilinear"
    fill_value: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no shift, fill or interpolation is."""
        expect_factor(self, "height_factor", -1.0, 1, "of the height")
        expect_factor(self, "width_factor", -1.0, 1, "of the width")
        expect_filling(self, self.fill_mode, self.interpolation)

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
        """One Move."""
        down = draw_factor(rng, self.height_factor) * scene.height
        right = draw_factor(rng, self.width_factor) * scene.width
        return (_within(scene, affine.shift(right, down), self),)


@dataclass(frozen=True)
class RandomZoom(Augmentation):
    """Zoom into a picture or out of it, about its centre.

    The picture shows 1 + factor times as much as before, so that a negative factor makes things larger. What lies
    near the border leaves the picture; where the size of a thing tells its class, it does harm.

    Args:
        height_factor: the range of the vertical zoom, above -1 and at most 1: 0.2 stands for (-0.2, 0.2), -0.5 shows
            half the height, things twice as high.
        width_factor: the horizontal one; None takes the vertical one, which keeps the aspect ratio.
        fill_mode: "reflect", "wrap", "constant" or "nearest", as in `RandomRotation`.
        interpolation: "nearest", "bilinear", or, beyond Keras's layer, "bicubic".
        fill_value: the constant, on the scale of the values.

    Reference:
        keras.layers.RandomZoom
    """

    height_factor: Factor
    width_factor: Factor | None = None
    fill_mode: str = "reflect"
    interpolation: str = "bilinear"
    fill_value: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no zoom, fill or interpolation is."""
        for name in ("height_factor", "width_factor")[: 1 if self.width_factor is None else 2]:
            expect_factor(self, name, -1.0, 1, "above -1, where nothing would be left to show", above=True)
        expect_filling(self, self.fill_mode, self.interpolation)

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
        """One Move."""
        along = 1.0 + draw_factor(rng, self.height_factor)
        across = along if self.width_factor is None else 1.0 + draw_factor(rng, self.width_factor)
        matrix = affine.about(affine.scale(1.0 / across, 1.0 / along), scene.width / 2, scene.height / 2)
        return (_within(scene, matrix, self),)


@dataclass(frozen=True)
class RandomShear(Augmentation):
    """Slant a picture, away from its upper left pixel as Keras's layer does.

    An output pixel (x, y) takes the source's (x + a y, y + b x), with a and b drawn from the factors, and one sign for
    both drawn by a chance of one half. Keras's own layer returns wrong boxes here (it slants them in relative
    coordinates, as if each picture were square, and in the wrong order); these follow the pixels.

    Args:
        x_factor: the range of a, 0 to 1: pixels a row to the side for each row down. 0.2 stands for (-0.2, 0.2),
            a pair holds no negative number.
        y_factor: the range of b, 0 to 1. Of the two at most one may reach 1.
        interpolation: "nearest", "bilinear", or, beyond Keras's layer, "bicubic".
        fill_mode: "reflect", "wrap", "constant" or "nearest", as in `RandomRotation`.
        fill_value: the constant, on the scale of the values.
        center: beyond Keras's layer: slant about the picture's centre instead, which moves things less.

    Reference:
        keras.layers.RandomShear
    """

    x_factor: Factor = 0.0
    y_factor: Factor = 0.0
    interpolation: str = "bilinear"
    fill_mode: str = "reflect"
    fill_value: float = 0.0
    center: bool = False

    def __post_init__(self) -> None:
        """Refuse what no slant, fill or interpolation is, and slants that flatten the picture to a line."""
        expect_factor(self, "x_factor", 0.0, 1, "sideways for one down")
        expect_factor(self, "y_factor", 0.0, 1, "down for one sideways")
        flat = as_range(self.x_factor)[1] * as_range(self.y_factor)[1] >= 1
        self.expect(not flat, "y_factor", "below 1 where x_factor reaches 1, since both flatten the picture to a line")
        expect_filling(self, self.fill_mode, self.interpolation)

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
        """One Move."""
        sign = -1.0 if rng.random() > 0.5 else 1.0
        b = sign * draw_factor(rng, self.y_factor)
        a = sign * draw_factor(rng, self.x_factor)
        back_again = affine.scale(1.0 / (1.0 - a * b), 1.0 / (1.0 - a * b)) @ affine.shear(-a, -b)
        x, y = (scene.width / 2, scene.height / 2) if self.center else (0.5, 0.5)
        return (_within(scene, affine.about(back_again, x, y), self),)


def expect_filling(step: Augmentation, fill_mode: str, interpolation: str) -> None:
    """Refuse, for `step`, a fill mode or an interpolation that does not exist."""
    step.expect(fill_mode in FILLS, "fill_mode", "one of " + ", ".join(FILLS))
    step.expect(interpolation in ORDERS, "interpolation", "one of " + ", ".join(ORDERS))


def _within(
    scene: Scene, matrix: np.ndarray, step: RandomRotation | RandomTranslation | RandomZoom | RandomShear
) -> Move:
    size, order = (scene.height, scene.width), ORDERS[step.interpolation]
    return Move(matrix, size, FILLS[step.fill_mode], step.fill_value, order)
