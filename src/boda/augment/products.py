"""Pictures that come in batches to the products among them: all that whitening learns from.

Either the pictures themselves are held and multiplied with each other, X X^T (n, n), or only the sums of their values'
products are, X^T X (d, d): whichever is smaller.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.augment.statistics import as_batches
from boda.errors import AugmentError
from boda.progress import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ELEMENTS = 2**21  # float64 values in a block that is worked on: 16 MB


class Pictures:
    """Flat pictures (d,), held: at most `room` of those that came, each with the same chance."""

    def __init__(self, room: int | None, rng: np.random.Generator) -> None:
        self.room, self.rng = room, rng
        self.rows: list[np.ndarray] = []
        self.came = 0

    @property
    def count(self) -> int:
        """How many are held."""
        return len(self.rows)

    def add(self, rows: Iterable[np.ndarray], *, copy: bool) -> None:
        """Algorithm R of Vitter, Random sampling with a reservoir, 1985."""
        for picture in rows:
            self.came += 1
            if self.room is None or len(self.rows) < self.room:
                self.rows.append(picture.copy() if copy else picture)
            elif (place := int(self.rng.integers(self.came))) < self.room:
                self.rows[place] = picture.copy() if copy else picture

    def mean(self, channels: int) -> np.ndarray:
        """(channels,), over all pixels."""
        total = sum(row.reshape(-1, channels).sum(axis=0, dtype=np.float64) for row in self.rows)
        return np.asarray(total) / (self.count * len(self.rows[0]) // channels)

    def squares(self, mean: np.ndarray) -> np.ndarray:
        """X X^T (n, n), its upper half."""
        self.centre = np.tile(mean, len(self.rows[0]) // len(mean))
        total = np.zeros((self.count, self.count), order="F")
        for columns in self._columns():
            total = _add_squares(total, self._block(columns), of_rows=True)
        return total

    def factor(self, vectors: np.ndarray, s: np.ndarray, root: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
        """H = U diag(root), with U = X^T V / s."""
        factor = np.empty((len(self.rows[0]), len(s)), dtype)
        scaled = vectors * (root / s)
        for columns in self._columns():
            factor[columns] = self._block(columns).T @ scaled
        return factor

    def _columns(self) -> Iterator[slice]:
        wide = max(ELEMENTS // self.count, 1)
        return (slice(i, i + wide) for i in range(0, len(self.rows[0]), wide))

    def _block(self, columns: slice) -> np.ndarray:
        block = np.array([row[columns] for row in self.rows], np.float64)
        block -= self.centre[columns]
        return block


class Sums:
    """Sums over all pictures, less the first ones' mean, so that little is lost when the true mean is subtracted."""

    def __init__(self, rows: Sequence[np.ndarray], channels: int) -> None:
        self.count = 0
        self.shift = np.mean([row.reshape(-1, channels).mean(axis=0, dtype=np.float64) for row in rows], axis=0)
        self.total = np.zeros(len(rows[0]))
        self.products = np.zeros((len(rows[0]), len(rows[0])), order="F")
        self.waiting: list[np.ndarray] = []
        self.add(rows)

    def add(self, rows: Iterable[np.ndarray], *, copy: bool = False) -> None:  # noqa: ARG002 - it always copies
        """Add flat pictures."""
        for row in rows:
            self.count += 1
            self.waiting.append(row.astype(np.float64))
            if len(self.waiting) * len(row) >= ELEMENTS:
                self._sum_up()

    def mean(self, channels: int) -> np.ndarray:
        """(channels,), over all pixels."""
        self._sum_up()
        return self.shift + self.total.reshape(-1, channels).mean(axis=0) / self.count

    def squares(self, mean: np.ndarray) -> np.ndarray:
        """X^T X (d, d), its upper half: S - t c^T - c t^T + n c c^T for sums less the shift, with c = mean - shift."""
        self._sum_up()
        centre = np.tile(mean - self.shift, len(self.total) // len(mean))
        outer = np.outer(self.total - self.count / 2 * centre, centre)
        self.products -= outer
        self.products -= outer.T
        return self.products

    @staticmethod
    def factor(vectors: np.ndarray, s: np.ndarray, root: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:  # noqa: ARG004 - as Pictures
        """H = U diag(root)."""
        return (vectors * root).astype(dtype)

    def _sum_up(self) -> None:
        if self.waiting:
            block = np.array(self.waiting) - np.tile(self.shift, len(self.total) // len(self.shift))
            self.total += block.sum(axis=0)
            self.products = _add_squares(self.products, block, of_rows=False)
            self.waiting = []


def gather(
    images: np.ndarray | Iterable[np.ndarray], samples: int | None, rng: np.random.Generator
) -> tuple[tuple[int, int, int], Pictures | Sums]:
    """The pictures' shape, and pictures or, beyond d of them, sums."""
    shape: tuple[int, int, int] | None = None
    for batch in as_batches(images):
        if shape is None:
            shape, d = batch.shape[1:], math.prod(batch.shape[1:])
            sums = samples is None or samples > d
            seen: Pictures | Sums = Pictures(None if sums else samples, rng)
        if batch.shape[1:] != shape:
            raise AugmentError(
                f"fit_whitening: the first pictures have the shape {shape}, but then came a batch of shape "
                f"{batch.shape}. Resize all pictures to one shape first."
            )
        seen.add(batch.reshape(len(batch), -1), copy=not isinstance(images, np.ndarray))
        if sums and isinstance(seen, Pictures) and seen.count > d:
            seen = Sums(seen.rows, shape[2])
    if shape is None:
        raise AugmentError("fit_whitening: expected pictures (n, h, w, c), but there were none. Give at least one.")
    if isinstance(seen, Pictures) and seen.came > seen.count:
        say(f"Whitening learns from {seen.count} of {seen.came} pictures, chosen by chance; samples=None takes all.")
    return shape, seen


def _add_squares(total: np.ndarray, block: np.ndarray, *, of_rows: bool) -> np.ndarray:
    """Add B B^T or B^T B to the upper half of `total`, in place: half the work of a product."""
    from scipy.linalg.blas import dsyrk

    return np.asarray(dsyrk(1.0, block.T, beta=1.0, c=total, trans=int(of_rows), overwrite_c=1))
