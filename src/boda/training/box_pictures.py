"""Pictures with boxes to learn from, as the network sees them, plain or varied, each with its boxes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from boda.augment.labels import Labels
from boda.augment.pipeline import Pipeline
from boda.augment.strength import pipeline_of_strength
from boda.errors import AugmentError
from boda.sample import with_marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.data.box_view import BoxView
    from boda.recipe import Levers, Recipe
    from boda.sample import Dataset, Sample

LEAST_VISIBLE = 0.3  # of an object, for its box to be asked for in a varied picture


@dataclass(frozen=True, eq=False)
class BoxPictures:
    """Pictures in a view.

    Args:
        samples: n of them, with boxes.
        digests: SHA-256 of each one's content, in hex.
        sizes: (n, 2) width and height, as displayed.
        labels: class indices of each one's boxes.
        classes: how many there are.
        view: how the network looks at them.
    """

    samples: Sequence[Sample]
    digests: Sequence[str]
    sizes: np.ndarray
    labels: Sequence[np.ndarray]
    classes: int
    view: BoxView

    @classmethod
    def of(
        cls, dataset: Dataset, digests: Sequence[str], sizes: np.ndarray, where: np.ndarray, view: BoxView
    ) -> BoxPictures:
        """Those of `dataset` at the places `where`."""
        index = dataset.class_indices
        samples = [dataset.samples[i] for i in where]
        labels = [np.array([index[str(name)] for name in _labels_of(sample)], np.int64) for sample in samples]
        return cls(samples, [digests[i] for i in where], sizes[where], labels, len(dataset.classes), view)

    @property
    def keys(self) -> Sequence[str]:
        """What each one's variants depend on: its content, and its boxes, which no variant may lose."""
        return [with_marks(*pair) for pair in zip(self.samples, self.digests, strict=True)]

    def __len__(self) -> int:
        return len(self.samples)

    def some(self, indices: np.ndarray) -> BoxPictures:
        """Those at `indices`, (m,) int, in that order."""
        samples, digests, labels = ([all_[i] for i in indices] for all_ in (self.samples, self.digests, self.labels))
        return replace(self, samples=samples, digests=digests, sizes=self.sizes[indices], labels=labels)

    def truth(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Boxes (n, 4) in pixels of the displayed picture, and class indices (n,)."""
        boxes = self.samples[index].boxes
        return np.zeros((0, 4), np.float32) if boxes is None else np.asarray(boxes, np.float32), self.labels[index]

    def plain(self, index: int) -> np.ndarray:
        """One picture as it is, (size, size, 3) uint8; ImageError where it cannot be read or was changed."""
        return self.view.see(self.samples[index], self.digests[index]).pixels

    def varied(self, index: int, pipeline: Pipeline, epoch: int) -> np.ndarray:
        """One picture varied, (size, size, 3) float32 in 0 to 255; 0 is the epoch of the plain one.

        What is drawn depends on the pipeline's seed, the epoch and the picture's content alone.
        """
        pixels = self.plain(index)
        if not epoch or not self._shows(index, pipeline, epoch):
            return pixels.astype(np.float32)
        boxes, labels = self._placed(index)
        seen = pipeline(pixels, boxes=boxes, labels=labels, epoch=epoch, sample=self._number(index)).image
        if seen.shape != pixels.shape:
            raise AugmentError(
                f"The pipeline must leave pictures the size that the network takes, {pixels.shape}. "
                f"Received: {seen.shape} for {self.samples[index].name}. Leave steps such as Resizing and Crop out."
            )
        return np.clip(seen, 0, 255).astype(np.float32, copy=False)

    def asked(self, index: int, pipeline: Pipeline, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Boxes (n, 4) in pixels of the view, and class indices (n,), of what `varied` gives."""
        given = self._placed(index)
        if not epoch or not self._shows(index, pipeline, epoch):
            return given
        return self._moved(index, pipeline, epoch)

    def _shows(self, index: int, pipeline: Pipeline, epoch: int) -> bool:
        """Whether something is left to see where there was something; else the picture stays as it is."""
        return not len(self.labels[index]) or len(self._moved(index, pipeline, epoch)[1]) > 0

    def _moved(self, index: int, pipeline: Pipeline, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        shape = (self.view.size, self.view.size, 3)
        boxes, labels = self._placed(index)
        moved = pipeline.labels_after(Labels(boxes, labels), shape, epoch=epoch, sample=self._number(index))
        return np.asarray(moved.boxes, np.float32), np.asarray(moved.labels, np.int64)

    def _placed(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Boxes in pixels of the view, clipped to it."""
        boxes, labels = self.truth(index)
        width, height = (int(side) for side in self.sizes[index])
        placed = self.view.place(width, height).to_canvas(boxes)
        return np.clip(placed, 0, self.view.size).astype(np.float32), labels

    def _number(self, index: int) -> int:
        return int(self.digests[index][:15], 16)


def box_pipeline_of(recipe: Recipe, levers: Levers, seed: int) -> Pipeline:
    """How `levers` vary pictures with boxes."""
    if levers.augment == "own":
        pipeline = replace(Pipeline.from_toml(recipe.augmentation or ""), seed=seed)
    else:
        pipeline = pipeline_of_strength(levers.augment, seed, boxes=True)
    return replace(pipeline, min_visible=LEAST_VISIBLE)


def _labels_of(sample: Sample) -> Sequence[object]:
    return () if sample.box_labels is None else tuple(sample.box_labels)
