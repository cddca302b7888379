"""Batches: sequences of similar length, padded at the right, as a source for the training loop.

x   3 1 4 1 5 9 0 0       ids, 0 where there is no step; numbers have one more column, 1 where there is one
y   1 4 1 5 9 3 . .       -1 where there is none
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from boda.training.sequences.examples import Examples

Batch = tuple[np.ndarray, np.ndarray, np.ndarray]
SHORT, GROWTH = 16, 1.5  # up to how many steps sequences are mixed freely, and from there on by what factor they may
STEPWISE = ("tag", "language", "music", "pairs")
_ORDER, _LENGTHS = 11, 12  # keep these draws apart from others of the same seed and epoch


@dataclass(frozen=True, eq=False)
class Batches:
    """Every example once an epoch, beside others of similar length; a batch is a function of (seed, epoch, batch).

    The weights (n,) make the loss of a batch the mean a step of all that its examples have.

    Args:
        examples: what is learned from.
        batch_size: examples of a batch; one of them may be smaller.
        seed: of the order.
    """

    examples: Examples
    batch_size: int
    seed: int

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return -(-len(self.examples) // self.batch_size)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of `epoch` from `start` on."""
        for rows in self._order(epoch)[start:]:
            x, y = padded(self.examples, rows)
            yield x, y, step_weights(self.examples.task, y)

    def names(self, epoch: int, batch: int) -> Sequence[str]:
        """What the sequences of one batch are called."""
        return [self.examples.names[i] for i in self._order(epoch)[batch]]

    def _order(self, epoch: int) -> list[np.ndarray]:
        """The places of each batch's examples.

        A batch is drawn from all sequences of a class of lengths, not from those nearest in length: batches of one
        length each would pull the weights to and fro, where length tells of the answer.
        """
        chance = np.random.default_rng((self.seed, epoch, _LENGTHS))
        mixed = chance.permutation(len(self.examples))
        by_length = mixed[np.argsort(length_classes(self.examples.lengths)[mixed], kind="stable")]
        parts = [by_length[i : i + self.batch_size] for i in range(0, len(by_length), self.batch_size)]
        return [parts[i] for i in np.random.default_rng((self.seed, epoch, _ORDER)).permutation(len(parts))]


def length_classes(lengths: np.ndarray) -> np.ndarray:
    """(n,) int64: 0 up to 16 steps, 1 up to 24, 2 up to 36, and so on: padding is a third of a batch at most.

    >>> length_classes(np.array([3, 16, 17, 30])).tolist()
    [0, 0, 1, 2]
    """
    classes = np.ceil(np.log(np.maximum(lengths, SHORT) / SHORT) / np.log(GROWTH) - 1e-9)
    return np.asarray(classes, np.int64)


def padded(examples: Examples, rows: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The x and y of the examples at `rows`, padded to the longest of them.

    Of pairs x is (n, t, 2): the source, and what was written before each step.
    """
    x, y = [examples.x[i] for i in rows], [examples.y[i] for i in rows]
    if examples.task == "pairs":
        steps = max(len(side) for both in x for side in both)
        sides = [fill([both[side] for both in x], steps, 0, np.int32) for side in (0, 1)]
        return np.stack(sides, axis=-1), fill(y, max(map(len, y)), -1, np.int32)
    steps = max(map(len, x))
    return padded_inputs(x, steps), padded_targets(examples.task, y, steps)


def padded_inputs(x: Sequence[Any], steps: int) -> np.ndarray:
    """Ids as (n, steps) int32, or numbers as (n, steps, c + 1) float32 whose last column is 1 on steps."""
    first = np.asarray(x[0][:1])
    if first.ndim == 1:
        return fill(x, steps, 0, np.int32)
    numbers = fill(x, steps, 0, np.float32)
    there = np.arange(steps) < np.array([len(row) for row in x])[:, None]
    return np.concatenate([numbers, there[..., None].astype(np.float32)], axis=-1)


def padded_targets(task: str, y: Sequence[Any], steps: int) -> np.ndarray:
    """Targets of each step, -1 where there is none; of tasks with one answer as they are."""
    if task in STEPWISE:
        return fill(y, steps, -1, np.float32 if task == "music" else np.int32)
    return np.array(y, np.int32 if task == "classify" else np.float32)


def fill(rows: Sequence[Any], steps: int, value: int, dtype: Any) -> np.ndarray:
    """Rows (t, ...) as (n, steps, ...), `value` behind the end of each."""
    whole = np.full((len(rows), steps, *np.asarray(rows[0][:1]).shape[1:]), value, dtype)
    for place, row in enumerate(rows):
        whole[place, : len(row)] = row[: len(row)]
    return whole


def step_weights(task: str, y: np.ndarray) -> np.ndarray:
    """What makes the mean over samples of sums over steps the mean over steps, (n,) float32."""
    if task not in STEPWISE:
        return np.ones(len(y), np.float32)
    steps = y[..., 0] if y.ndim == 3 else y
    return np.full(len(y), len(y) / max(1, int((steps >= 0).sum())), np.float32)
