"""Resizing: a picture of any size becomes one of a fixed size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from boda.augment import affine
from boda.augment.effects import Effect, Move, Scene
from boda.augment.step import Augmentation
from boda.augment.turn import ORDERS

if TYPE_CHECKING:
    import numpy as np

Window = tuple[float, float, float, float]


@dataclass(frozen=True)
class Resizing(Augmentation):
    """Bring a picture to `height` x `width`; it is stretched, unless one of the two ways to keep its shape is chosen.

    Boxes follow exactly; those of Keras's layer are off by a pixel or two where it crops or pads.

    Args:
        height: rows of the result, in pixels.
        width: columns of the result, in pixels.
        interpolation: "nearest", "bilinear" or "bicubic" (Keys 1981, with -1/2, as TensorFlow's).
        crop_to_aspect_ratio: cut the largest window of the result's shape from the middle first. What lies at the
            ends of the longer side is lost.
        pad_to_aspect_ratio: put the whole picture in the middle of a ground of the result's shape first.
        fill_mode: how the ground is filled; "constant" is all that Keras has here.
        fill_value: the ground's value, on the scale of the pictures.
        antialias: shrink by weighted means of all pixels that a new one stands for: slower, and without the false
            patterns that picking four neighbours leaves in fine texture when a picture becomes less than half as
            large. The step then does not join with others into one resampling. "nearest" ignores it.

    Reference:
        keras.layers.Resizing
    """

    height: int
    width: int
    interpolation: str = "bilinear"
    crop_to_aspect_ratio: bool = False
    pad_to_aspect_ratio: bool = False
    fill_mode: str = "constant"
    fill_value: float = 0.0
    antialias: bool = False

    def __post_init__(self) -> None:
        """Refuse what no size, fill or interpolation is."""
        expect_size(self, self.height, self.width)
        self.expect(self.interpolation in ORDERS, "interpolation", "one of " + ", ".join(ORDERS))
        self.expect(self.fill_mode == "constant", "fill_mode", "'constant'")
        both = self.crop_to_aspect_ratio and self.pad_to_aspect_ratio
        self.expect(not both, "pad_to_aspect_ratio", "False where crop_to_aspect_ratio is True")

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - nothing to draw
        """One Move; where nothing has to be scaled, one that takes whole pixels."""
        size = (self.height, self.width)
        window: Window = (0, 0, scene.width, scene.height)
        if self.crop_to_aspect_ratio:
            window = middle(scene.height, scene.width, size)
        elif self.pad_to_aspect_ratio:
            window = _around(scene.height, scene.width, size)
        fill_mode = "constant" if self.pad_to_aspect_ratio else None
        antialias = self.antialias and self.interpolation != "nearest"
        if window[2:] == size[::-1] and fill_mode is None:
            return (Move(affine.shift(-window[0], -window[1]), size, order=None),)
        matrix, order = affine.window(*window, size), ORDERS[self.interpolation]
        return (Move(matrix, size, fill_mode, self.fill_value, order, antialias),)


def middle(height: int, width: int, size: tuple[int, int]) -> Window:
    """The largest window, in whole pixels, of the shape of `size` (h, w) in the middle: left, top, width, height."""
    cut_height = max(min(height, width * size[0] // size[1]), 1)
    cut_width = max(min(width, height * size[1] // size[0]), 1)
    return (width - cut_width) // 2, (height - cut_height) // 2, cut_width, cut_height


def _around(height: int, width: int, size: tuple[int, int]) -> Window:
    """The smallest window of the shape of `size` around the whole picture, with as many whole pixels on each side."""
    above = (max(height, width * size[0] // size[1]) - height) // 2
    before = (max(width, height * size[1] // size[0]) - width) // 2
    return -before, -above, width + 2 * before, height + 2 * above


def expect_size(step: Augmentation, height: int, width: int) -> None:
    """Refuse, for `step`, a `height` or `width` that is no whole number from 1."""
    for name, value in (("height", height), ("width", width)):
        whole = isinstance(value, int) and not isinstance(value, bool)
        step.expect(whole and value >= 1, name, "a whole number of pixels from 1")
