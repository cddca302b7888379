"""Erasing a rectangle, so that a model looks at more than one part of a thing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.augment.effects import Effect, Paint, Scene
from boda.augment.factors import FULL, Factor, Range, draw_factor, expect_factor, expect_range
from boda.augment.step import Augmentation

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class RandomErasing(Augmentation):
    """Fill a rectangle with noise or a constant, by chance.

    Boxes, masks and points stay, also those of what is erased; so it harms where things are smaller than the
    rectangle.

    Args:
        factor: the range, 0 to 1, from which the chance itself is drawn; a number f stands for (0, f), so that 1
            erases in every second picture, and (1, 1) in every one.
        scale: the range, 0 to 1, from which u and v are drawn; the rectangle takes sqrt(u) of the width and sqrt(v)
            of the height. A number s stands for (0, s).
        fill_value: the filling, on the scale of the values, one number or one for each channel; None takes noise, a
            normal deviate times the greatest value for each value. It is clipped to the range.
        value_range: the least and the greatest value.

    Reference:
        keras.layers.RandomErasing; Zhong et al., Random Erasing Data Augmentation, 2020
    """

    factor: Factor = 1.0
    scale: Factor = (0.02, 0.33)
    fill_value: float | tuple[float, ...] | None = None
    value_range: Range = FULL

    def __post_init__(self) -> None:
        """Refuse what no chance, scale, filling or range is."""
        expect_factor(self, "factor", 0, 1)
        expect_factor(self, "scale", 0, 1)
        expect_range(self)
        values = self.fill_value if isinstance(self.fill_value, (tuple, list)) else (self.fill_value or 0.0,)
        fits = len(values) > 0 and all(isinstance(value, (int, float)) for value in values)
        self.expect(fits, "fill_value", "None, a number, or a number for each channel")

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
        """At most one Paint."""
        if isinstance(self.fill_value, (tuple, list)):
            wanted = f"a number, or one for each of the picture's {scene.channels} channels"
            self.expect(len(self.fill_value) == scene.channels, "fill_value", wanted)
        shares = [math.sqrt(draw_factor(rng, self.scale, symmetric=False)) for _ in range(2)]
        columns, rows = draw_span(rng, scene.width, shares[0]), draw_span(rng, scene.height, shares[1])
        erases = rng.random() >= 1.0 - draw_factor(rng, self.factor, symmetric=False)
        return (Paint(self._filling(rows, columns, int(rng.integers(2**63)))),) if erases else ()

    def _filling(self, rows: slice, columns: slice, seed: int) -> Callable[[np.ndarray], np.ndarray]:
        low, high = self.value_range

        def paint(image: np.ndarray) -> np.ndarray:
            part = image[rows, columns]
            if self.fill_value is None:
                noise = np.random.Generator(np.random.SFC64(seed)).standard_normal(part.shape, np.float32)
                np.clip(noise * np.float32(high), low, high, out=part)
            else:
                part[...] = np.clip(np.asarray(self.fill_value, np.float32), low, high)
            return image

        return paint


def draw_span(rng: np.random.Generator, length: int, share: float) -> slice:
    """The whole pixels of a span of `share` of `length`, anywhere in it: those whose index lies in it, as Keras's."""
    start = rng.random() * (1.0 - share) * length
    return slice(math.ceil(start), math.ceil(start + share * length))
