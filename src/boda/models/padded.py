"""Sequences of different lengths to arrays that are as long as their longest, and masks of what is no padding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from boda.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from boda.models.sequence_plan import Input


def padded_batches(
    sequences: Sequence[np.ndarray], first: Input, batch: int
) -> Iterator[tuple[list[int], np.ndarray, np.ndarray]]:
    """Sequences by falling length, so that little is padding: which they are, the array, and their lengths.

    Arrays are (b, t) ids or (b, t, channels) numbers; t is 1 at least.
    """
    order = sorted(range(len(sequences)), key=lambda row: -len(sequences[row]))
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        lengths = np.array([len(sequences[row]) for row in rows])
        steps = (len(rows), max(int(lengths[0]), 1))
        x: np.ndarray = np.zeros((*steps, first.size)) if first.kind == "numbers" else np.zeros(steps, np.int64)
        for place, row in enumerate(rows):
            x[place, : lengths[place]] = sequences[row]
        yield rows, x, lengths


def check_batch(x: np.ndarray, first: Input) -> None:
    """RunError where `x` is no batch of (b, t) ids or (b, t, channels) numbers, as `first` reads them."""
    if first.kind == "numbers":
        fits = x.ndim == 3 and x.shape[2] == first.size
    else:
        fits = x.ndim == 2 and x.dtype.kind in "iu" and (x.size == 0 or (x.min() >= 0 and x.max() < first.size))
    if not fits or x.shape[1] == 0:
        raise RunError(f"x is {x.dtype} {x.shape}; expected a batch of sequences (b, t) of {reads(first)}.")


def mask_of(x: np.ndarray, lengths: Sequence[int] | np.ndarray | None, first: Input) -> np.ndarray | None:
    """(b, t), True on valid steps, or None where all are; without lengths the zeros at the end of ids are padding."""
    if lengths is None and first.kind == "numbers":
        return None
    steps = np.arange(x.shape[1])
    count = ((x != 0) * (steps + 1)).max(axis=1) if lengths is None else np.asarray(lengths)
    if count.shape != x.shape[:1] or count.min(initial=0) < 0 or count.max(initial=0) > x.shape[1]:
        raise RunError(f"lengths are {count.tolist()}; expected {len(x)} whole numbers from 0 to {x.shape[1]}.")
    mask: np.ndarray = steps < count[:, None]
    return None if mask.all() else mask


def reads(first: Input) -> str:
    """What a step must be, in words."""
    return f"ids below {first.size}" if first.kind == "ids" else f"{first.size} numbers a step"
