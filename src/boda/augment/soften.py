"""Softer and sharper: new values from those of the pixels around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.augment.effects import Effect, Paint, Scene
from boda.augment.factors import FULL, Factor, Range, draw_factor, expect_factor, expect_range
from boda.augment.step import Augmentation

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST_SIGMA = 1e-6  # what Keras adds to a sigma, so that 0 is no division by it


@dataclass(frozen=True)
class RandomGaussianBlur(Augmentation):
    """Blur a picture, by chance; it harms classes that differ in fine texture.

    Beyond the border the outermost pixel is repeated. (Keras 3.15 takes zeros there, which darkens a frame as wide as
    half the kernel; within it the two are equal.)

    Args:
        factor: the range, 0 to 1, from which the chance itself is drawn; a number f stands for (0, f), so that 1
            blurs every second picture, and (1, 1) every one.
        kernel_size: the odd number of pixels, across and along, that are weighed; or a pair of them.
        sigma: the range of the Gaussian's standard deviation in pixels, from 0, drawn apart for across and along;
            a number s stands for (0, s). Keras allows at most 1. A kernel should be 4 to 6 sigma wide, and odd.
        value_range: the least and the greatest value; it is there as in Keras, and nothing depends on it, as a mean
            never leaves the range.

    Reference:
        keras.layers.RandomGaussianBlur
    """

    factor: Factor = 1.0
    kernel_size: int | tuple[int, int] = 3
    sigma: Factor = 1.0
    value_range: Range = FULL

    def __post_init__(self) -> None:
        """Refuse what no chance, kernel or sigma is."""
        expect_factor(self, "factor", 0, 1)
        expect_factor(self, "sigma", 0, np.inf)
        expect_range(self)
        odd = all(isinstance(n, int) and n > 0 and n % 2 for n in self._sizes())
        self.expect(odd and len(self._sizes()) == 2, "kernel_size", "an odd number of pixels, or a pair of them")

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - any scene
        """At most one Paint."""
        blurs = rng.random() >= 1.0 - draw_factor(rng, self.factor, symmetric=False)
        sigmas = [draw_factor(rng, self.sigma, symmetric=False) + LEAST_SIGMA for _ in range(2)]
        across, along = (gaussian(n, sigma) for n, sigma in zip(self._sizes(), sigmas, strict=True))
        return (Paint(blurring(across, along)),) if blurs else ()

    def _sizes(self) -> tuple[int, ...]:
        return tuple(self.kernel_size) if isinstance(self.kernel_size, (tuple, list)) else (self.kernel_size,) * 2


@dataclass(frozen=True)
class RandomSharpness(Augmentation):
    """Make a picture softer or sharper.

    x -> x + (1 - 2 f) (s - x), where s is the mean of the 3 x 3 pixels around, in which x itself counts five times.
    Beyond the border the outermost pixel is repeated; Keras 3.15 takes zeros there, which changes one pixel's frame.

    Args:
        factor: the range of f, 0 to 1: 0 gives s, 0.5 leaves the picture, 1 sharpens as much as 0 softens; a number f
            stands for (0, f).
        value_range: the least and the greatest value; results are clipped to it.

    Reference:
        keras.layers.RandomSharpness
    """

    factor: Factor
    value_range: Range = FULL

    def __post_init__(self) -> None:
        """Refuse what no factor or range is."""
        expect_factor(self, "factor", 0, 1)
        expect_range(self)

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - any scene
        """One Paint."""
        factor = draw_factor(rng, self.factor, symmetric=False)
        return (Paint(sharpening(1.0 - 2.0 * factor, *self.value_range)),)


def gaussian(size: int, sigma: float) -> np.ndarray:
    """The weights (size,) float32 of a Gaussian around the middle, which sum to 1.

    >>> gaussian(3, 1.0).round(3).tolist()
    [0.27399998903274536, 0.45199999213218689, 0.27399998903274536]
    """
    x = np.arange(size) - (size - 1) / 2
    weights = np.exp(-0.5 * np.square(x / sigma))
    return (weights / weights.sum()).astype(np.float32)


def blurring(across: np.ndarray, along: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """What weighs each pixel's neighbours by `across` (k,) and `along` (m,), float32, in place."""

    def paint(image: np.ndarray) -> np.ndarray:
        from boda.augment import soften_kernels

        image = np.ascontiguousarray(image)
        soften_kernels.blur(image.reshape(len(image), -1), image.shape[2], across, along)
        return image

    return paint


def sharpening(share: float, low: float, high: float) -> Callable[[np.ndarray], np.ndarray]:
    """What goes from each pixel by `share` to its neighbourhood's mean, clipped to `low` to `high`, in place."""

    def paint(image: np.ndarray) -> np.ndarray:
        from boda.augment import soften_kernels

        image = np.ascontiguousarray(image)
        soften_kernels.sharpen(
            image.reshape(len(image), -1), image.shape[2], np.float32(share), np.float32(low), np.float32(high)
        )
        return image

    return paint
