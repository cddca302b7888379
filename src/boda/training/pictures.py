"""Pictures to learn from: samples with their targets, as the network sees them, plain or varied."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from boda.augment.pipeline import Pipeline
from boda.augment.strength import pipeline_of_strength
from boda.data.view import View
from boda.errors import AugmentError
from boda.models import backbones

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.recipe import Levers, Recipe
    from boda.sample import Sample


@dataclass(frozen=True, eq=False)
class Pictures:
    """Labelled pictures in a view.

    Args:
        samples: n of them.
        digests: SHA-256 of each one's content, in hex.
        targets: (n,) class indices, or (n, classes) of 0 and 1.
        classes: how many there are.
        view: how the network looks at them.
    """

    samples: Sequence[Sample]
    digests: Sequence[str]
    targets: np.ndarray
    classes: int
    view: View

    @property
    def keys(self) -> Sequence[str]:
        """What each one's variants depend on."""
        return self.digests

    def __len__(self) -> int:
        return len(self.samples)

    def some(self, indices: np.ndarray) -> Pictures:
        """Those at `indices`, (m,) int, in that order."""
        samples, digests = ([values[i] for i in indices] for values in (self.samples, self.digests))
        return replace(self, samples=samples, digests=digests, targets=self.targets[indices])

    def plain(self, index: int) -> np.ndarray:
        """One picture as it is, (size, size, 3) uint8; ImageError where it cannot be read or was changed."""
        return self.view.pixels(self.samples[index], self.digests[index])

    def varied(self, index: int, pipeline: Pipeline, epoch: int) -> np.ndarray:
        """One picture varied, (size, size, 3) float32 in 0 to 255; 0 is the epoch of the plain one.

        What is drawn depends on the pipeline's seed, the epoch and the picture's content alone, so that neither the
        order of the pictures nor the part that they are in changes it.
        """
        pixels = self.plain(index)
        if not epoch:
            return pixels.astype(np.float32)
        seen = pipeline(pixels, epoch=epoch, sample=int(self.digests[index][:15], 16))
        if seen.shape != pixels.shape:
            raise AugmentError(
                f"The pipeline must leave pictures the size that the network takes, {pixels.shape}. "
                f"Received: {seen.shape} for {self.samples[index].name}. Leave steps such as Resizing and Crop out."
            )
        return np.clip(seen, 0, 255).astype(np.float32, copy=False)


def pipeline_of(recipe: Recipe, levers: Levers, seed: int) -> Pipeline:
    """How `levers` vary pictures."""
    if levers.augment == "own":
        return replace(Pipeline.from_toml(recipe.augmentation or ""), seed=seed)
    return pipeline_of_strength(levers.augment, seed)


def variants(levers: Levers) -> int:
    """How many variants of each picture there are, the plain one among them."""
    return 1 if levers.augment == "none" else levers.views


def view_of(recipe: Recipe) -> View:
    """How the network looks at a picture to tell its class."""
    assert recipe.resize != "letterbox"  # noqa: S101 - the recipe has refused it
    return View(backbones.side(recipe.backbone, recipe.size), recipe.resize)
