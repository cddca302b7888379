"""Pictures with boxes that are mixed with others of their batch, anew in each epoch."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.augment.batch import Augmented
from boda.augment.mix import MixUp
from boda.augment.mosaic import Mosaic
from boda.training.box_pictures import LEAST_VISIBLE
from boda.training.sources import Live

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boda.augment.batch import BatchAugmentation
    from boda.recipe import Levers
    from boda.training.box_lesson import BoxLesson
    from boda.training.sources import Batch

RATE = 0.5  # of the pictures become mosaics; the others are seen as they will be when they are asked about
STREAM = 20_200_423  # parts these draws from others with the same seed, epoch and batch


@dataclass(frozen=True, eq=False)
class Mixed(Live):
    """Pictures that are varied anew in each epoch, and mixed with others of their batch.

    The partners are learned from too: what is held back shows in no mixture.
    """

    lesson: BoxLesson

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of `epoch` from `start` on."""
        asked: deque[list[np.ndarray]] = deque()
        order = self._order(epoch, start)
        mixed = self._mixed(order, epoch, start, asked)
        rows = self.trunk.run(mixed) if self.trunk else mixed
        for indices in order:
            x = np.stack([next(rows) for _ in indices])
            y = np.stack(asked.popleft())
            yield x, y, np.ones(len(y), np.float32)

    def _mixed(
        self, order: list[np.ndarray], epoch: int, start: int, asked: deque[list[np.ndarray]]
    ) -> Iterator[np.ndarray]:
        """The pictures in turn; what is asked of a batch is appended before its first one comes."""
        lesson, step, seen = self.lesson, step_of(self.lesson.levers), self._pictures(order, epoch)
        for batch, indices in enumerate(order, start):
            pictures = np.stack([next(seen) for _ in indices])
            marks = [lesson.pictures.asked(int(i), self.pipeline, self._view(epoch)) for i in indices]
            rngs = [np.random.default_rng((STREAM, lesson.seed, epoch, batch, i)) for i in range(len(indices))]
            whole = step.mix(Augmented(pictures, *(list(part) for part in zip(*marks, strict=True))), rngs)
            asked.append([lesson.encode(*pair) for pair in zip(whole.boxes, whole.labels, strict=True)])
            yield from whole.image


def step_of(levers: Levers) -> BatchAugmentation:
    """How `levers` mix the pictures of a batch."""
    if levers.mix == "mosaic":
        return Mosaic(rate=RATE, min_visible=LEAST_VISIBLE)
    return MixUp(alpha=levers.mix_alpha)
