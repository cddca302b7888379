"""Pieces: long sequences in streams side by side, a piece of each at a time, as a source for the training loop.

    stream 1   |---piece 1---|---piece 2---|---piece 3---|
    stream 2   |---piece 1---|---piece 2---|---piece 3---|        each batch is one piece of every stream
    stream 3   |---piece 1---|---piece 2---|---piece 3---|

The state is carried from a stream's piece to its next (`boda.models.carry`). Only the slices of a batch are read, so
that memory does not grow with the length, and a text in a file may be larger than it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from boda.errors import RecipeError
from boda.training.sequences.batches import padded_inputs, padded_targets, step_weights
from boda.training.sequences.examples import part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from boda.recipe.sequence import SequenceRecipe
    from boda.training.sequences.batches import Batch
    from boda.training.sequences.examples import Examples

MOST_WHOLE = 10_000  # steps through which gradients may go back, where nobody says how far
_OFFSET, _ORDER = 13, 14  # keep these draws apart from others of the same seed and epoch

Place = tuple[int, int, int]  # a sequence, where its piece begins, and from which step on the loss counts


@dataclass(frozen=True, eq=False)
class LongStreams:
    """One or several texts that go on and on, as one, which is cut into a stream for each row.

    What does not fill a piece is left out, at another end in each epoch. Where one text follows another the state goes
    on, as if they were one.

    Args:
        examples: what is learned from.
        rows: streams.
        length: steps of a piece, k2.
        every: steps between the beginnings of two pieces, k1.
        seed: of the epochs' beginnings.
    """

    examples: Examples
    rows: int
    length: int
    every: int
    seed: int

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return (self._total // self.rows - (self.length - self.every)) // self.every

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of `epoch` from `start` on."""
        for batch in range(start, self.steps):
            begins = self._begins(epoch, batch)
            x = np.stack([self._read(self.examples.x, begin) for begin in begins])
            y = np.stack([self._read(self.examples.y, begin) for begin in begins])
            if batch:
                y[:, : self.length - self.every] = -1
            codes = np.arange(1, self.rows + 1) * (1 if batch else -1)
            yield coded(padded_inputs(list(x), self.length), codes), y, step_weights("language", y)

    def names(self, epoch: int, batch: int) -> Sequence[str]:
        """Where each row of one batch stands."""
        return [f"step {begin}" for begin in self._begins(epoch, batch)]

    @property
    def _total(self) -> int:
        return int(self.examples.lengths.sum())

    def _begins(self, epoch: int, batch: int) -> np.ndarray:
        span = self.steps * self.every + self.length - self.every
        left = self._total - self.rows * span
        offset = int(np.random.default_rng((self.seed, epoch, _OFFSET)).integers(left + 1))
        return offset + np.arange(self.rows) * span + batch * self.every

    def _read(self, rows: list[Any], begin: int) -> np.ndarray:
        """A piece, which may lie in two texts or more."""
        found, wanted = [], self.length
        for row in rows:
            if begin < len(row) and wanted:
                piece = np.asarray(row[begin : begin + wanted])
                found.append(piece)
                wanted, begin = wanted - len(piece), len(row)
            begin -= len(row)
        return np.concatenate(found)


@dataclass(frozen=True, eq=False)
class Queues:
    """Many sequences, some longer than a piece: each row takes one after the other, and begins anew with each.

    Which sequences a row takes is chosen once, so that all rows are about as long; in what order, in each epoch.

    Args: as of `LongStreams`; `examples` are of a task with an answer at each step.
    """

    examples: Examples
    rows: int
    length: int
    every: int
    seed: int
    _queues: list[list[int]] = field(init=False)

    def __post_init__(self) -> None:
        """Give each sequence to a row, the longest first, to the row with the least."""
        queues: list[list[int]] = [[] for _ in range(self.rows)]
        counts, totals = self._counts, np.zeros(self.rows, np.int64)
        for i in np.argsort(-counts, kind="stable"):
            row = int(totals.argmin())
            queues[row].append(int(i))
            totals[row] += counts[i]
        object.__setattr__(self, "_queues", queues)

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        counts = self._counts
        return max(int(counts[queue].sum()) for queue in self._queues)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of `epoch` from `start` on."""
        rows = self._places(epoch)
        for batch in range(start, self.steps):
            places = [row[batch] if batch < len(row) else None for row in rows]
            x = padded_inputs([self._slice(self.examples.x, place) for place in places], self.length)
            y = padded_targets(self.examples.task, [self._slice(self.examples.y, p) for p in places], self.length)
            for row, place in enumerate(places):
                y[row, : place[2] if place else 0] = -1
            new = np.array([-1 if place is None or place[1] == 0 else 1 for place in places])
            yield coded(x, np.arange(1, self.rows + 1) * new), y, step_weights(self.examples.task, y)

    def names(self, epoch: int, batch: int) -> Sequence[str]:
        """What the sequences of one batch are called."""
        return [self.examples.names[row[batch][0]] if batch < len(row) else "none" for row in self._places(epoch)]

    @property
    def _counts(self) -> np.ndarray:
        """Pieces of each sequence."""
        return 1 + np.maximum(0, -(-(self.examples.lengths - self.length) // self.every))

    def _places(self, epoch: int) -> list[list[Place]]:
        """The pieces of each row, in order."""
        counts, new = self._counts, self.length - self.every
        chance = np.random.default_rng((self.seed, epoch, _ORDER))
        orders = [chance.permutation(queue) for queue in self._queues]
        return [
            [(int(i), piece * self.every, new if piece else 0) for i in order for piece in range(counts[i])]
            for order in orders
        ]

    def _slice(self, rows: list[Any], place: Place | None) -> np.ndarray:
        i, begin, _ = place or (0, 0, 0)
        return np.asarray(part(rows[i], begin, begin + self.length if place else 0)[: self.length])


def streams_of(examples: Examples, recipe: SequenceRecipe, seed: int, *, long: bool) -> LongStreams | Queues:
    """The source in which the state is carried; with fewer rows, or shorter pieces, where there is too little.

    Raises:
        RecipeError: gradients should go back through the whole of a very long text.
    """
    total = int(examples.lengths.sum())
    if not recipe.bptt and total > MOST_WHOLE:
        raise RecipeError(
            f"bptt must say how far gradients go back in a text of {total} steps: all of it would have to stay in "
            "memory. Received: bptt=0. Take bptt=128"
        )
    length = min(recipe.bptt or total, total if long else int(examples.lengths.max()))
    every = min(recipe.every or length, length)
    if long:
        return LongStreams(examples, max(1, min(recipe.batch_size, total // length)), length, every, seed)
    return Queues(examples, min(recipe.batch_size, len(examples)), length, every, seed)


def coded(x: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The inputs with each row's code, its stream: a first id, or a last column."""
    if x.ndim == 2:
        return np.concatenate([codes[:, None].astype(x.dtype), x], axis=1)
    column = np.broadcast_to(codes[:, None, None], (*x.shape[:2], 1)).astype(x.dtype)
    return np.concatenate([x, column], axis=2)


def decoded(x: Any) -> list[Any]:
    """The inputs and the codes again, of a tensor or an array."""
    return [x[:, 1:], x[:, 0]] if len(cast("Any", x.shape)) == 2 else [x[..., :-1], x[:, 0, -1]]
