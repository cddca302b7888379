"""Sources of batches for a stage: kept activations, or pictures that are varied anew in each epoch.

What an epoch shows is a function of (seed, epoch, sample), and comes in the order of `boda.batches.shuffled`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
class Order:
    """Which pictures are learned from, in what batches.

    Args:
        pictures: the whole training part.
        indices: those of it that are learned from, (n,).
        levers: how.
        seed: of the order, the views and the mixing.
    """

    pictures: Any
    indices: np.ndarray
    levers: Levers
    seed: int

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

    def finish(self, x: np.ndarray, epoch: int, batch: int, views: np.ndarray) -> Batch:
        """A batch of `x`, whose pictures come in `views` (m,), with its targets and weights."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Lesson(Order):
    """Pictures to learn classes from.

    Args:
        targets: soft ones, (n, classes).
        weights: (n,).

    The others are those of `Order`.
    """

    pictures: Pictures
    targets: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, pictures: Pictures, indices: np.ndarray, levers: Levers, seed: int) -> Lesson:
        """The lesson that `levers` make of the pictures `indices`."""
        targets = pictures.targets[indices]
        soft = soft_targets(targets, pictures.classes, levers.label_smoothing)
        return cls(pictures, indices, levers, seed, soft, sample_weights(targets, pictures.classes, levers))

    def finish(self, x: np.ndarray, epoch: int, batch: int, views: np.ndarray) -> Batch:  # noqa: ARG002 - a class stays
        """A batch of `x` with its targets and weights, mixed where that is wanted."""
        rows = self.rows(epoch, batch)
        if self.levers.mix == "none":
            return x, self.targets[rows], self.weights[rows]
        return mix(x, self.targets[rows], self.weights[rows], self.levers, seed=self.seed, epoch=epoch, batch=batch)


@dataclass(frozen=True, eq=False)
class Kept:
    """Kept activations: in each epoch every picture comes in one of its views, drawn anew."""

    lesson: Order
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
            yield lesson.finish(self.activations.batch(lesson.indices[rows], views[rows]), epoch, batch, views[rows])

    def names(self, epoch: int, batch: int) -> Sequence[str]:
        """What the pictures of one batch are called."""
        return self.lesson.names(epoch, batch)


@dataclass(frozen=True, eq=False)
class Live:
    """Pictures that are varied anew in each epoch, and go through the trunk, where there is one, ahead of time."""

    lesson: Order
    pipeline: Pipeline
    trunk: Trunk | None

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return self.lesson.steps

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of `epoch` from `start` on."""
        lesson = self.lesson
        order = self._order(epoch, start)
        seen = self._pictures(order, epoch)
        rows = self.trunk.run(seen) if self.trunk else seen
        for batch, indices in enumerate(order, start):
            x = np.stack([next(rows) for _ in indices])
            yield lesson.finish(x, epoch, batch, np.full(len(indices), self._view(epoch)))

    def names(self, epoch: int, batch: int) -> Sequence[str]:
        """What the pictures of one batch are called."""
        return self.lesson.names(epoch, batch)

    def _order(self, epoch: int, start: int) -> list[np.ndarray]:
        """The pictures of each batch of `epoch` from `start` on."""
        lesson, size = self.lesson, self.lesson.levers.batch_size
        every = lesson.indices[shuffled(len(lesson.indices), seed=lesson.seed, epoch=epoch)]
        return [every[batch * size : (batch + 1) * size] for batch in range(start, self.steps)]

    def _pictures(self, order: list[np.ndarray], epoch: int) -> Iterator[np.ndarray]:
        """The pictures of all batches in turn, each varied as `epoch` wants it."""
        pictures, view = self.lesson.pictures, self._view(epoch)
        indices = [int(index) for rows in order for index in rows]
        return in_order(lambda index: pictures.varied(index, self.pipeline, view), indices)

    def _view(self, epoch: int) -> int:
        """Which variant of each picture comes in `epoch`."""
        return epoch + 1 if self.pipeline.steps else 0
