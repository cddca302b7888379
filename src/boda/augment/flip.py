"""Mirroring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from boda.augment import affine
from boda.augment.effects import Effect, Move, Scene
from boda.augment.step import Augmentation

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class RandomFlip(Augmentation):
    """Mirror a picture left and right, up and down, or both, each with a chance of one half.

    Values do not change. Left and right pairs of points change places. Do not use it on digits, text, or whatever has
    a handedness.

    Args:
        mode: "horizontal", "vertical", or "horizontal_and_vertical": each by its own chance, while Keras 3's layer
            draws one chance for both, and so gives two of the four pictures only.

    Reference:
        keras.layers.RandomFlip
    """

    mode: Literal["horizontal", "vertical", "horizontal_and_vertical"] = "horizontal_and_vertical"

    def __post_init__(self) -> None:
        """Refuse another mode."""
        modes = ("horizontal", "vertical", "horizontal_and_vertical")
        self.expect(self.mode in modes, "mode", "one of " + ", ".join(modes))

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
        """At most one Move."""
        across, along = rng.random() < 0.5, rng.random() < 0.5
        matrices = [
            *([affine.flip_across(scene.width)] if across and self.mode != "vertical" else []),
            *([affine.flip_along(scene.height)] if along and self.mode != "horizontal" else []),
        ]
        size = (scene.height, scene.width)
        return (Move(affine.compose(matrices), size, order=None),) if matrices else ()
