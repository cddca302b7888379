"""Cropping: a window of a fixed size, from the middle or from anywhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boda.augment import affine
from boda.augment.effects import Effect, Move, Scene
from boda.augment.resize import expect_size, middle
from boda.augment.step import Augmentation

TRIES = 100


@dataclass(frozen=True)
class CenterCrop(Augmentation):
    """Cut a window of `height` x `width` from the middle; values do not change.

    Of a picture that is smaller on a side, the largest window of the same shape is taken and resized.

    Args:
        height: rows of the window, in pixels.
        width: columns of the window, in pixels.

    Reference:
        keras.layers.CenterCrop
    """

    height: int
    width: int

    def __post_init__(self) -> None:
        """Refuse what no size is."""
        expect_size(self, self.height, self.width)

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - nothing to draw
        """One Move."""
        size = (self.height, self.width)
        if scene.height < self.height or scene.width < self.width:
            return (_resized(scene, size),)
        return (_cut((scene.width - self.width) // 2, (scene.height - self.height) // 2, size),)


@dataclass(frozen=True)
class RandomCrop(Augmentation):
    """Cut a window of `height` x `width` from anywhere, each place as likely as the others; values do not change.

    Of a picture that is smaller on a side, the largest window of the same shape is taken from the middle and resized.
    Keras's layer differs in two ways: it does so too where a side is just as long, and it then cuts a window of
    another shape, which stretches the picture. Its boxes are wrong, since it takes x for y; these follow the pixels.

    A crop can cut off what tells the class, or a part of a thing whose box then holds the rest. `min_object_share`
    guards boxes: of 100 places that are drawn, the first is taken at which each box keeps at least this share of the
    area that it has in the picture so far, or lies outside entirely. Where there is none, the place is taken whose
    most severely cut box keeps the largest share.

    Args:
        height: rows of the window, in pixels.
        width: columns of the window, in pixels.
        min_object_share: 0 to 1; 0 cuts anywhere.

    Reference:
        keras.layers.RandomCrop
    """

    height: int
    width: int
    min_object_share: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what no size or share is."""
        expect_size(self, self.height, self.width)
        self.expect(0 <= self.min_object_share <= 1, "min_object_share", "from 0 to 1")

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
        """One Move."""
        size = (self.height, self.width)
        down, right = scene.height - self.height, scene.width - self.width
        places = rng.integers(0, (max(down, 0) + 1, max(right, 0) + 1), (TRIES if self.min_object_share else 1, 2))
        if down < 0 or right < 0:
            return (_resized(scene, size),)
        top, left = places[self._choose(places, scene)].tolist()
        return (_cut(left, top, size),)

    def _choose(self, places: np.ndarray, scene: Scene) -> int:
        """Which of `places` (n, 2) of (top, left) to take."""
        boxes = scene.boxes() if self.min_object_share else None
        if boxes is None or not len(boxes):
            return 0
        whole = _overlap(boxes, np.zeros((1, 2)), (scene.height, scene.width))
        left = _overlap(boxes, places, (self.height, self.width))
        share = np.where((left > 0) & (whole > 0), left / np.maximum(whole, 1e-9), 1.0).min(axis=1)
        fits = np.flatnonzero(share >= self.min_object_share - 1e-9)
        return int(fits[0]) if fits.size else int(share.argmax())


def _overlap(boxes: np.ndarray, places: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The area (m, n) of each of `boxes` (n, 4) in the windows of `size` (h, w) at `places` (m, 2) of (top, left)."""
    start = places[:, None, ::-1]
    low, high = np.maximum(boxes[:, :2], start), np.minimum(boxes[:, 2:], start + np.array(size[::-1]))
    return np.asarray(np.maximum(high - low, 0.0).prod(axis=-1))


def _cut(left: int, top: int, size: tuple[int, int]) -> Move:
    return Move(affine.shift(-left, -top), size, order=None)


def _resized(scene: Scene, size: tuple[int, int]) -> Move:
    return Move(affine.window(*middle(scene.height, scene.width, size), size), size)
