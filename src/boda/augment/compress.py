"""JPEG compression, as pictures from the web have gone through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.augment.effects import Effect, Paint, Scene
from boda.augment.factors import FULL, Range, expect_range
from boda.augment.step import Augmentation
from boda.errors import AugmentError

if TYPE_CHECKING:
    from collections.abc import Callable

COLOURS = {1: ("GRAY", 1), 3: ("RGB", 3), 4: ("RGB", 3)}  # by channels: libjpeg's colours, and how many it takes


@dataclass(frozen=True)
class RandomJpegCompression(Augmentation):
    """Write a picture as JPEG and read it again; Keras has no layer for it.

    Values are rounded to whole levels of 255 on the way. Colour is stored at half the resolution (4:2:0), as most
    programs do. Alpha, where there is one, stays. It harms where the finest detail tells the class.

    Args:
        quality: the range of libjpeg's quality, whole numbers from 1 (worst) to 100, both ends drawn too; one number
            for always the same.
        value_range: the least and the greatest value.

    Reference:
        ITU-T T.81; the tables of the Independent JPEG Group
    """

    quality: int | tuple[int, int] = (30, 95)
    value_range: Range = FULL

    def __post_init__(self) -> None:
        """Refuse what no quality or range is."""
        expect_range(self)
        fits = len(self._qualities()) == 2 and all(isinstance(q, int) and 1 <= q <= 100 for q in self._qualities())
        self.expect(fits, "quality", "a whole number from 1 to 100, or a pair of them")

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
        """One Paint.

        Raises:
            AugmentError: A picture of another number of channels than 1, 3 or 4.
        """
        if scene.channels not in COLOURS:
            raise AugmentError(
                f"RandomJpegCompression: a JPEG has 1 or 3 channels, or 3 and alpha. Received: {scene.channels} "
                "channels. Leave the step out for such pictures."
            )
        low, high = min(self._qualities()), max(self._qualities())
        return (Paint(self._compressing(int(rng.integers(low, high + 1)))),)

    def _qualities(self) -> tuple[int, ...]:
        return tuple(self.quality) if isinstance(self.quality, (tuple, list)) else (self.quality, self.quality)

    def _compressing(self, quality: int) -> Callable[[np.ndarray], np.ndarray]:
        low, high = self.value_range

        def paint(image: np.ndarray) -> np.ndarray:
            colours, n = COLOURS[image.shape[2]]
            levels = np.clip((image[..., :n] - low) * (255.0 / (high - low)) + 0.5, 0, 255).astype(np.uint8)
            image[..., :n] = recompress(levels, quality, colours) * np.float32((high - low) / 255.0) + np.float32(low)
            return image

        return paint


def recompress(levels: np.ndarray, quality: int, colours: str = "RGB") -> np.ndarray:
    """Pixels (h, w, 3) or, for "GRAY", (h, w, 1), uint8, after JPEG of `quality`."""
    import simplejpeg

    data = simplejpeg.encode_jpeg(np.ascontiguousarray(levels), quality, colours, "420")
    return np.asarray(simplejpeg.decode_jpeg(data, colours))
