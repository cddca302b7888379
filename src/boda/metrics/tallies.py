"""How often each class was right, answered and true, a row a sequence, in; F1 and accuracy with their intervals, out.

The unit of chance is the row: the tokens of a sentence are right or wrong together, so that a thousand tokens in ten
sentences tell less than in a hundred.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.metrics.intervals import check_rows, influence_interval

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BLOCK = 4_000_000  # weights held at once, 32 MB


@dataclass(frozen=True, slots=True)
class Tallies:
    """Counts of n sequences and k classes, (n, k) each.

    Attributes:
        right: how often the class was answered where it is true.
        answered: how often it was answered.
        true: how often it is true.
    """

    right: np.ndarray
    answered: np.ndarray
    true: np.ndarray

    @classmethod
    def of(cls, truth: Sequence[np.ndarray], answers: Sequence[np.ndarray], classes: int) -> Tallies:
        """Count indices: one (t,) array a sequence in `truth` and in `answers`, with as many entries in both.

        Example:
            >>> Tallies.of([np.array([0, 1, 1])], [np.array([0, 0, 1])], 2).right.tolist()
            [[1, 1]]
        """
        rows = np.repeat(np.arange(len(truth)), [len(one) for one in truth])
        true, answered = (np.concatenate([np.zeros(0, np.int64), *some]) for some in (truth, answers))
        check_rows(truth=true, answers=answered)

        def counted(some: np.ndarray, labels: np.ndarray) -> np.ndarray:
            cells = np.bincount(some * classes + labels.astype(np.int64), minlength=len(truth) * classes)
            return cells.reshape(len(truth), classes)

        same = true == answered
        return cls(counted(rows[same], true[same]), counted(rows, answered), counted(rows, true))

    def macro_f1(self) -> float:
        """The mean of 2 right / (answered + true) over classes that are true or answered; NaN where there is none."""
        return float(_macro_f1(*(counts.sum(axis=0) for counts in (self.right, self.answered, self.true))))

    def macro_f1_interval(self) -> tuple[float, float]:
        """The 95 % interval of `macro_f1`, by the infinitesimal jackknife over sequences.

        A sequence sways the F1 of a class by (2 right_i - F1 (answered_i + true_i)) n / (answered + true).
        """
        either = (self.answered + self.true).sum(axis=0)
        known = either > 0
        if not known.any():
            return float("nan"), float("nan")
        right, both = self.right[:, known], (self.answered + self.true)[:, known]
        f1 = 2 * right.sum(axis=0) / either[known]
        sway = ((2 * right - f1 * both) * (len(right) / either[known])).mean(axis=1)
        involved = either[known] - right.sum(axis=0)
        return influence_interval(self.macro_f1(), sway, float(known.sum() ** 2 / (1 / involved).sum()))

    def accuracy(self) -> float:
        """The share of steps that is right; 0 with no step."""
        return share(self.right.sum(axis=1), self.true.sum(axis=1))[0]

    def accuracy_interval(self) -> tuple[float, float]:
        """The 95 % interval of `accuracy`; see `share`."""
        return share(self.right.sum(axis=1), self.true.sum(axis=1))[1]

    def rows(self, classes: Sequence[str]) -> list[dict[str, Any]]:
        """`name, n, precision, recall, f1` of each class, with their intervals over sequences; 0 / 0 counts as 0."""
        return [self._row(name, column) for column, name in enumerate(classes)]

    def _row(self, name: str, column: int) -> dict[str, Any]:
        right, answered, true = self.right[:, column], self.answered[:, column], self.true[:, column]
        found: dict[str, Any] = {"name": name, "n": int(true.sum())}
        of = {"precision": (right, answered), "recall": (right, true), "f1": (2 * right, answered + true)}
        for figure, (part, whole) in of.items():
            found[figure], found[f"{figure}_interval"] = share(part, whole)
        return found

    def drawn_macro_f1(self, draws: Iterator[np.ndarray]) -> np.ndarray:
        """`macro_f1` of resampled parts, (draws,), from blocks of weights (b, n) as `drawn` gives them."""
        tables = [counts.astype(np.float64) for counts in (self.right, self.answered, self.true)]
        return np.concatenate([_macro_f1(*(weights @ table for table in tables)) for weights in draws])


def share(parts: np.ndarray, wholes: np.ndarray) -> tuple[float, tuple[float, float]]:
    """Sum of `parts` (n,) over sum of `wholes` (n,), and its 95 % interval by the infinitesimal jackknife over rows.

    A row sways the share p by (part_i - p whole_i) n / sum of wholes; 0 / 0 counts as 0, of which nothing is known.

    Example:
        >>> value, (lo, hi) = share(np.array([2, 0]), np.array([2, 2]))
        >>> value, round(lo, 2), round(hi, 2)
        (0.5, 0.05, 0.95)
    """
    whole = max(float(wholes.sum()), 0.0)
    p = float(parts.sum()) / whole if whole else 0.0
    return p, influence_interval(p, (parts - p * wholes) * (len(parts) / max(whole, 1.0)), whole)


def drawn(n: int, seed: int, draws: int = 1000) -> Iterator[np.ndarray]:
    """How often each of `n` sequences comes into each resampled part: blocks (b, n) float64, `draws` rows in all.

    Two answers that are resampled with the same seed are resampled alike, which makes their difference a paired one.
    """
    rng, step = np.random.default_rng(seed), max(1, BLOCK // max(n, 1))
    for start in range(0, draws, step):
        rows = min(step, draws - start)
        places = rng.integers(0, n, (rows, n)) + np.arange(rows)[:, None] * n
        yield np.bincount(places.ravel(), minlength=rows * n).reshape(rows, n).astype(np.float64)


def drawn_ratio(parts: np.ndarray, wholes: np.ndarray, draws: Iterator[np.ndarray]) -> np.ndarray:
    """Sum of `parts` (n,) over sum of `wholes` (n,) in each resampled part, (draws,); NaN where that is by 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.concatenate([(weights @ parts) / (weights @ wholes) for weights in draws])


def _macro_f1(right: np.ndarray, answered: np.ndarray, true: np.ndarray) -> np.ndarray:
    """The mean over the last axis, (..., k) to (...), of F1 where a class is true or answered."""
    either = answered + true
    known = either > 0
    with np.errstate(invalid="ignore"):
        return np.where(known, 2 * right / np.maximum(either, 1), 0).sum(axis=-1) / known.sum(axis=-1)
