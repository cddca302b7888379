"""Augmented pictures, one or a batch of them, and the steps that mix the pictures of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.augment.labels import Labels
from boda.augment.step import Augmentation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True, eq=False)
class Augmented:
    """A picture (h, w, c) float32 with the labels that followed it, each as `Labels` says.

    Of a batch, `image` is (n, h, w, c), and everything else a list with one entry a picture, or None; labels and masks
    that are numbers or arrays of one shape are stacked to an array.
    """

    image: Any
    boxes: Any = None
    labels: Any = None
    masks: Any = None
    points: Any = None
    kept: Any = None


@dataclass(frozen=True)
class BatchAugmentation(Augmentation):
    """A step that mixes the pictures of a batch with each other, such as MixUp."""

    def mix(self, batch: Augmented, rngs: Sequence[np.random.Generator]) -> Augmented:
        """A new batch; `rngs` holds each sample's own source of chance, and `batch` is not written into."""
        raise NotImplementedError


def split_at_batch_steps(steps: Iterable[Augmentation]) -> list[Any]:
    """Steps in turn: a tuple of those that treat each picture by itself, then a batch step, and so on."""
    stages: list[Any] = [()]
    for step in steps:
        if isinstance(step, BatchAugmentation):
            stages.append(step)
        elif isinstance(stages[-1], tuple):
            stages[-1] = (*stages[-1], step)
        else:
            stages.append((step,))
    return stages


def pack(pictures: Sequence[Augmented], whole: np.ndarray | None = None, *, stack: bool = True) -> Augmented:
    """Many Augmented as one; `whole` (n, h, w, c) is the array that already holds their pixels."""
    images = whole if whole is not None else [one.image for one in pictures]
    parts = [_column([getattr(one, name) for one in pictures], stack=stack and name in _STACKED) for name in _PARTS]
    return Augmented(images, *parts)


def unpack(batch: Augmented) -> list[tuple[np.ndarray, Labels]]:
    """Each picture of a batch with its labels."""
    columns = [getattr(batch, name) for name in _PARTS]
    return [
        (image, Labels(*(None if column is None else column[i] for column in columns)))
        for i, image in enumerate(batch.image)
    ]


_PARTS = ("boxes", "labels", "masks", "points", "kept")
_STACKED = ("labels", "masks")  # the others have as many rows as there are objects, which differs by chance


def _column(entries: list[Any], *, stack: bool) -> Any:
    """One part of all pictures: None, an array where all are arrays (or numbers) of one shape, else a list."""
    if all(entry is None for entry in entries):
        return None
    shapes = {np.shape(entry) if isinstance(entry, (np.ndarray, int, float, np.generic)) else None for entry in entries}
    return (
        np.stack([np.asarray(entry) for entry in entries])
        if stack and len(shapes) == 1 and None not in shapes
        else entries
    )
