"""Sources of batches for a stage: kept activations, or pictures that are varied anew in each epoch.

What an epoch shows is a function of (seed, epoch, sample), and comes in the order of `boda.batches.shuffled`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.batches import in_order, shuffled
from boda.models.heads.classify import sample_weights, soft_targets
from boda.training.mixing import mix

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from boda.augment.pipeline import Pipeline
    from boda.recipe import Levers
    from boda.training.activations import Activations, Trunk
    from boda.training.pictures import Pictures

Batch = tuple[np.ndarray, np.ndarray, np.ndarray]
_VIEW = 7  # keeps the choice of views apart from other draws of the same seed and epoch


@dataclass(frozen=True, eq=False)
class Lesson:
    """Which pictures are learned from, in what batches, towards which targets.

    Args:
        pictures: the whole training part.
        indices: those of it that are learned from, (n,).
        targets: soft ones, (n, classes).
        weights: (n,).
        levers: how.
        seed: of the order, the views and the mixing.
    """

    pictures: Pictures
    indices: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    levers: Levers
    seed: int

    @classmethod
    def of(cls, pictures: Pictures, indices: np.ndarray, levers: Levers, seed: int) -> Lesson:
        """The lesson that `levers` make of the pictures `indices`."""
        targets = pictures.targets[indices]
        soft = soft_targets(targets, pictures.classes, levers.label_smoothing)
        return cls(pictures, indices, soft, sample_weights(targets, pictures.classes, levers), levers, seed)

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return -(-len(self.indices) // self.levers.batch_size)

    def rows(self, epoch: int, batch: int) -> np.ndarray:
        """The places (m,) within `indices` of one batch."""
        size = self.levers.batch_size
        return shuffled(len(self.indices), seed=self.seed, epoch=epoch)[batch * size : (batch + 1) * size]

    def names(self, epoch: int, batch: int) -> Sequence[str]:
        """What the pictures of one batch are called."""
        return [self.pictures.samples[i].name for i in self.indices[self.rows(epoch, batch)]]

    def finish(self, x: np.ndarray, epoch: int, batch: int) -> Batch:
        """A batch of `x` with its targets and weights, mixed where that is wanted."""
        rows = self.rows(epoch, batch)
        if self.levers.mix == "none":
            return x, self.targets[rows], self.weights[rows]
        return mix(x, self.targets[rows], self.weights[rows], self.levers, seed=self.seed, epoch=epoch, batch=batch)


@dataclass(frozen=True, eq=False)
class Kept:
    """Kept activations: in each epoch every picture comes in one of its views, drawn anew."""

    lesson: Lesson
    activations: Activations

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return self.lesson.steps

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of `epoch` from `start` on."""
        lesson, n = self.lesson, len(self.lesson.indices)
        views = np.random.default_rng((lesson.seed, epoch, _VIEW)).integers(0, self.activations.views, n)
        for batch in range(start, self.steps):
            rows = lesson.rows(epoch, batch)
            yield lesson.finish(self.activations.batch(lesson.indices[rows], views[rows]), epoch, batch)

    def names(self, epoch: int, batch: int) -> Sequence[str]:
        """What the pictures of one batch are called."""
        return self.lesson.names(epoch, batch)


@dataclass(frozen=True, eq=False)
class Live:
    """Pictures that are varied anew in each epoch, and go through the trunk, where there is one, ahead of time."""

    lesson: Lesson
    pipeline: Pipeline
    trunk: Trunk | None

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return self.lesson.steps

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of `epoch` from `start` on."""
        lesson = self.lesson
        order = [lesson.indices[lesson.rows(epoch, batch)] for batch in range(start, self.steps)]
        seen = in_order(lambda index: self._picture(index, epoch), [index for rows in order for index in rows])
        rows = self.trunk.run(seen) if self.trunk else seen
        for batch, indices in enumerate(order, start):
            x = np.stack([next(rows) for _ in indices])
            yield lesson.finish(x, epoch, batch)

    def names(self, epoch: int, batch: int) -> Sequence[str]:
        """What the pictures of one batch are called."""
        return self.lesson.names(epoch, batch)

    def _picture(self, index: int, epoch: int) -> np.ndarray:
        varied = epoch + 1 if self.pipeline.steps else 0
        return self.lesson.pictures.varied(index, self.pipeline, varied)
