"""What goes wrong in training, in words that say what to do."""

from __future__ import annotations

from typing import Any

import numpy as np

from boda.errors import BodaError


class TooLarge(Exception):  # noqa: N818 - it never leaves the room
    """Memory does not suffice for `n` samples at once."""

    def __init__(self, n: int) -> None:
        super().__init__(f"Memory does not suffice for {n} samples at once.")
        self.n = n


def smaller(n: int) -> int:
    """How many samples to try after `n` were too many; BodaError where there is nothing smaller.

    >>> smaller(32)
    16
    """
    if n <= 1:
        raise BodaError(
            "Memory does not suffice for training on one picture at a time. "
            "Take a smaller backbone, smaller pictures or fewer thawed blocks, or end other programs."
        )
    return (n + 1) // 2


def not_finite(what: str, where: str, batch: tuple[np.ndarray, ...] | None, names: list[str], rate: float) -> BodaError:
    """The error for `what` is no number any more, with the likely cause: bad values in `batch`, or the learning rate.

    Args:
        what: such as "The loss became nan".
        where: such as "in epoch 3, batch 12".
        batch: x, targets and weights, where they are known.
        names: of the batch's samples, or none.
        rate: the learning rate.
    """
    for part, values in zip(("input", "targets", "weights"), batch or (), strict=False):
        if (bad := _bad_rows(values)).size:
            shown = ", ".join(names[i] if i < len(names) else f"sample {i} of the batch" for i in bad[:5])
            more = f" and {bad.size - 5} more" if bad.size > 5 else ""
            return BodaError(f"{what} {where}: the {part} of {shown}{more} has values that are no finite numbers.")
    return BodaError(
        f"{what} {where}, though the batch's own values are finite. "
        f"The learning rate, {rate:.3g}, is the likely cause; try a tenth of it."
        if batch
        else f"{what} {where}. The learning rate, {rate:.3g}, is the likely cause; try a tenth of it."
    )


def _bad_rows(values: Any) -> np.ndarray:
    finite = np.isfinite(np.asarray(values, dtype=np.float64))
    return np.flatnonzero(~finite.reshape(len(finite), -1).all(axis=1))
