"""Rescaling values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from boda.augment import tone
from boda.augment.step import Augmentation

if TYPE_CHECKING:
    import numpy as np

    from boda.augment.effects import Effect, Scene


@dataclass(frozen=True)
class Rescaling(Augmentation):
    """x -> scale x + offset.

    Args:
        scale: 1 / 255 brings 0 to 255 to 0 to 1; 1 / 127.5 with an offset of -1 to -1 to 1.
        offset: added after the scaling.

    Reference:
        keras.layers.Rescaling
    """

    scale: float
    offset: float = 0.0

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - nothing to draw
        """One Tone."""
        return (tone.linear(self.scale, self.offset),)
