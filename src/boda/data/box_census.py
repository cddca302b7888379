"""Samples to one table of their boxes, a row a box: what is counted, drawn and found odd is computed on its columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from boda.sample import Dataset, Sample


@dataclass(frozen=True, eq=False)
class Census:
    """All boxes of some pictures.

    Attributes:
        boxes: (n, 4) float64 xyxy pixels; those of a picture stand together, in their order.
        labels: (n,) int64, indices in `classes`.
        picture: (n,) int64, rows of `names`, `parts` and `sizes`.
        number: (n,) int64, which box of its picture, from 1; boxes that a reader dropped are not counted.
        names: of the pictures, with boxes or without.
        parts: of the pictures; "all" where the data gives none.
        sizes: (pictures, 2) float64, width and height as displayed.
        classes: in the order of the data.
    """

    boxes: np.ndarray
    labels: np.ndarray
    picture: np.ndarray
    number: np.ndarray
    names: tuple[str, ...]
    parts: tuple[str, ...]
    sizes: np.ndarray
    classes: tuple[str, ...]

    @classmethod
    def of(cls, dataset: Dataset, sizes: Mapping[str, tuple[int, int]]) -> Census:
        """The boxes of the samples whose (width, height) is in `sizes`, by name."""
        seen = [sample for sample in dataset if sample.name in sizes]
        each = [len(_boxes(sample)) for sample in seen]
        index = dataset.class_indices
        labels = [index[str(name)] for sample in seen if sample.box_labels is not None for name in sample.box_labels]
        return cls(
            boxes=np.concatenate([np.zeros((0, 4)), *(_boxes(sample) for sample in seen)]),
            labels=np.array(labels, dtype=np.int64),
            picture=np.repeat(np.arange(len(seen)), each),
            number=_concatenated(np.arange(1, n + 1) for n in each),
            names=tuple(sample.name for sample in seen),
            parts=tuple(sample.part or "all" for sample in seen),
            sizes=np.array([sizes[sample.name] for sample in seen], dtype=np.float64).reshape(-1, 2),
            classes=dataset.classes,
        )

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def sides(self) -> np.ndarray:
        """(n, 2) width and height of each box in pixels."""
        return self.boxes[:, 2:] - self.boxes[:, :2]

    @property
    def relative_sides(self) -> np.ndarray:
        """(n, 2) width and height of each box, as shares of its picture's."""
        return self.sides / self.sizes[self.picture]

    @property
    def relative_centres(self) -> np.ndarray:
        """(n, 2) centre of each box, as shares of its picture's width and height."""
        return (self.boxes[:, :2] + self.boxes[:, 2:]) / 2 / self.sizes[self.picture]

    @property
    def shares(self) -> np.ndarray:
        """(n,) the share of its picture's area that each box covers."""
        return self.relative_sides.prod(axis=1)

    @property
    def per_picture(self) -> np.ndarray:
        """(pictures,) how many boxes each has."""
        return np.bincount(self.picture, minlength=len(self.names))

    def counts(self) -> dict[str, dict[str, int]]:
        """Part to class to number of boxes, each class in every part."""
        parts = np.array(self.parts, dtype=object)[self.picture] if len(self) else np.zeros(0, dtype=object)
        known = dict.fromkeys(self.parts)
        order = [part for part in ("train", "val", "test", "all") if part in known]
        each = (np.bincount(self.labels[parts == part], minlength=len(self.classes)).tolist() for part in order)
        return {part: dict(zip(self.classes, numbers, strict=True)) for part, numbers in zip(order, each, strict=True)}

    def largest(self) -> np.ndarray:
        """The row of the largest box of each picture that has one, in the order of the pictures."""
        order = np.lexsort((self.number, -self.sides.prod(axis=1), self.picture))
        return order[np.unique(self.picture[order], return_index=True)[1]]


def _boxes(sample: Sample) -> np.ndarray:
    return np.zeros((0, 4)) if sample.boxes is None else np.asarray(sample.boxes, dtype=np.float64)


def _concatenated(arrays: Iterable[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.int64), *arrays])
