"""Events: long rows of whole numbers, which may lie in a file, as ids that are read a slice at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.data.sequences.vocabulary import UNKNOWN
from boda.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

SPECIALS = 4  # ids before the first event, as before the first token of a vocabulary
BLOCK = 2**20  # events that are looked at together


class Events:
    """The ids of events (n,), an event e being e + 4; one that the training had not is unknown.

    Only the slices that are asked for are read, so that a memory-mapped file may be larger than memory.

    Args:
        values: whole numbers, an array or a memory-mapped one.
        kinds: how many kinds there are, 0 to `kinds` - 1.

    >>> Events(np.array([0, 2, 9]), kinds=3)[1:3].tolist()
    [6, 1]
    """

    def __init__(self, values: Any, kinds: int, start: int = 0, stop: int | None = None) -> None:
        self.values, self.kinds, self.start = values, kinds, start
        self.stop = len(values) if stop is None else stop

    def __len__(self) -> int:
        return self.stop - self.start

    def part(self, start: int, stop: int) -> Events:
        """A part of them, of which nothing is read yet."""
        return Events(self.values, self.kinds, self.start + start, self.start + stop)

    def __getitem__(self, where: slice) -> np.ndarray:
        """The ids of a slice, (m,) int32."""
        start, stop, step = where.indices(len(self))
        found = np.asarray(self.values[self.start + start : self.start + stop : step], np.int64)
        return np.where((found >= 0) & (found < self.kinds), found + SPECIALS, UNKNOWN).astype(np.int32)


def kinds_of(rows: Sequence[Any]) -> int:
    """How many kinds of events there are: 1 more than the greatest, read a block at a time.

    Raises:
        DataError: one is below 0.
    """
    most = 0
    for row in rows:
        for start in range(0, len(row), BLOCK):
            block = np.asarray(row[start : start + BLOCK])
            if block.min() < 0:
                raise DataError(f"Events are whole numbers from 0. Received: {block.min()}. Number them anew.")
            most = max(most, int(block.max()) + 1)
    return most
