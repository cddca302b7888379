"""Scores of several rungs and of their base on the same pictures, in; differences, p-values and verdicts, out.

The unit of chance is the picture, with all its copies and repeats.
Two things are added to a plain paired test:

* The rungs are tested together: ten rungs that change nothing are called about as seldom as one.
* All pictures of a fold are answered by one fit, whose luck moves them alike, and which counts as chance too.
  `benchmarks/ladder_honesty.py` measures what becomes of false rungs with and without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from boda.metrics.intervals import check_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Verdict: TypeAlias = Literal["helps", "hurts", "no difference shown"]
LEVEL = 0.05  # of a wrong call in the whole ladder
FLIPS = 5000
BLOCK = 2_000_000  # signs held at once, 16 MB
TIE = 1e-9  # sums of the same numbers in another order differ by less
ROUNDING = 1e-20  # squares that small beside the others are no variance


@dataclass(frozen=True, slots=True)
class Comparison:
    """A rung beside its base in one score, of which higher is better.

    Args:
        difference: the mean over all cells (repeat, picture) that both have answered, rung less base; NaN with none.
        interval: its 95 % interval, for this rung alone: not corrected for the number of rungs, so that it may leave
            out 0 where the verdict is "no difference shown".
        p: how often chance alone gives a difference as far from 0, for this rung alone.
        p_adjusted: the same for any rung of the ladder; it decides the verdict, at 0.05.
        pictures: how many different pictures were compared.
    """

    difference: float
    interval: tuple[float, float]
    p: float
    p_adjusted: float
    pictures: int

    @property
    def verdict(self) -> Verdict:
        """Which way, if `p_adjusted` is 0.05 or less."""
        if not self.p_adjusted <= LEVEL:
            return "no difference shown"
        return "helps" if self.difference > 0 else "hurts"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A rung beside its base in accuracy and in log loss (its negative, so that higher is better), tested together."""

    accuracy: Comparison
    log_loss: Comparison

    @property
    def verdict(self) -> Verdict:
        """Accuracy's where a difference in it is shown, for that is what people read; else log loss's."""
        return self.log_loss.verdict if self.accuracy.verdict == "no difference shown" else self.accuracy.verdict

    @property
    def shown_in(self) -> tuple[str, ...]:
        """The scores in which a difference is shown: none, one, or both; they may point opposite ways."""
        both = {"accuracy": self.accuracy, "log_loss": self.log_loss}
        return tuple(name for name, one in both.items() if one.verdict != "no difference shown")


@dataclass(frozen=True, slots=True)
class _Paired:
    """The differences of one score.

    `sums` and `cells` are (rungs, units); `variance` (rungs,) is that of a rung's whole sum over the units that chance
    could have drawn, and `excess` (rungs,), 0 or more, the share by which the luck of fits adds to it.
    """

    sums: np.ndarray
    cells: np.ndarray
    variance: np.ndarray
    excess: np.ndarray

    @property
    def widening(self) -> np.ndarray:
        """(rungs,) by what the fits' luck widens a standard error: a rung's own share or the mean, the larger."""
        return np.sqrt(1 + np.maximum(self.excess, self.excess.mean()))


def compare(
    base: np.ndarray,
    others: Mapping[str, np.ndarray],
    groups: np.ndarray,
    fits: np.ndarray | None = None,
    *,
    rng: np.random.Generator,
    flips: int = FLIPS,
) -> dict[str, Comparison]:
    """Each of `others` beside `base`, in one score of which higher is better.

    With u_g the sum of a rung's differences over unit g, signs s_g of +1 or -1 give what chance could have made of it:

        t(s) = sum_g s_g u_g / sqrt(sum_g u_g^2),    p = share of the draws with |t(s)| >= |t| / sqrt(1 + excess)

    All rungs share the signs, which keeps their correlation; p_adjusted compares with the largest |t(s)| of the rungs
    that are not yet decided (step-down max-T). All signs are tried where that is no more than `flips`.
    `excess` is what the fits add to the variance over pictures, measured by how much the folds' sums vary beyond their
    pictures: the rung's own or the mean over the rungs, whichever is larger, since five folds alone tell it badly.

    Args:
        base: (repeats, n) the score of each picture's out-of-fold answer; NaN where there is none.
        others: the same for each rung; only cells that both have are compared.
        groups: (n,) ints, equal for copies of a picture.
        fits: (repeats, n) ints, which fold of the repeat the picture was tested in; None where no fit is shared.
        rng: the source of chance.
        flips: how many draws of signs.

    Returns:
        A Comparison for each rung, in their order.

    Raises:
        ValueError: the shapes do not fit, or a score is infinite.

    Example:
        >>> base = np.zeros((1, 8))
        >>> found = compare(base, {"better": base + 1, "same": base}, np.arange(8), rng=np.random.default_rng(0))
        >>> found["better"].verdict, found["better"].p, found["same"].p
        ('helps', 0.0078125, 1.0)

    Reference:
        Westfall and Young 1993, Resampling-based multiple testing, chapter 2 (step-down max-T).
        Cameron, Gelbach and Miller 2011, Robust inference with multiway clustering (pictures and fits).
    """
    table = {name: {"score": scores} for name, scores in others.items()}
    found = compare_scores({"score": base}, table, groups, fits, rng=rng, flips=flips)
    return {name: one["score"] for name, one in found.items()}


def judge(
    base: Mapping[str, np.ndarray],
    others: Mapping[str, Mapping[str, np.ndarray]],
    groups: np.ndarray,
    fits: np.ndarray | None = None,
    *,
    rng: np.random.Generator,
    flips: int = FLIPS,
) -> dict[str, Judgement]:
    """Each rung's verdict from two scores, "accuracy" (0 or 1) and "log_loss" (its negative), corrected for both.

    The arguments are those of `compare`, with a mapping of the two scores in place of each array.
    Log loss shows a lever on the way up that accuracy's few changed answers leave open; the Judgement says which.
    """
    both = {score: base[score] for score in ("accuracy", "log_loss")}
    found = compare_scores(both, others, groups, fits, rng=rng, flips=flips)
    return {name: Judgement(**one) for name, one in found.items()}


def compare_scores(
    base: Mapping[str, np.ndarray],
    others: Mapping[str, Mapping[str, np.ndarray]],
    groups: np.ndarray,
    fits: np.ndarray | None = None,
    *,
    rng: np.random.Generator,
    flips: int = FLIPS,
) -> dict[str, dict[str, Comparison]]:
    """`compare` in each score of `base`; p_adjusted is corrected for all rungs and all scores together."""
    if not others:
        return {}
    unit = np.unique(groups, return_inverse=True)[1].reshape(-1)
    paired = [_paired(_differences(score, base, others), unit, fits) for score in base]
    sums, shrunk = (np.concatenate(parts) for parts in zip(*((one.sums, one.widening) for one in paired), strict=True))
    p, p_adjusted = (ps.reshape(len(paired), -1) for ps in _flipped(sums, shrunk, flips, rng))
    found = [_comparisons(one, *ps) for one, *ps in zip(paired, p, p_adjusted, strict=True)]
    return {name: dict(zip(base, column, strict=True)) for name, *column in zip(others, *found, strict=True)}


def _differences(
    score: str, base: Mapping[str, np.ndarray], others: Mapping[str, Mapping[str, np.ndarray]]
) -> np.ndarray:
    """(rungs, repeats, n) float64, NaN where one of the two has no answer."""
    mine = np.asarray(base[score], dtype=np.float64)
    for name, rung in others.items():
        if mine.ndim != 2 or np.shape(rung[score]) != mine.shape:
            shapes = f"{mine.shape} for the base and {np.shape(rung[score])} for {name!r}"
            raise ValueError(f"{score}: expected (repeats, n), the same for all. Received: {shapes}.")
        if np.isinf(mine).any() or np.isinf(rung[score]).any():
            raise ValueError(
                f"{score}: expected finite scores, or NaN for none. Received: inf in {name!r} or the base."
            )
    return np.stack([np.asarray(rung[score], dtype=np.float64) - mine for rung in others.values()])


def _paired(differences: np.ndarray, unit: np.ndarray, fits: np.ndarray | None) -> _Paired:
    """Sum `differences` (rungs, repeats, n) over each unit, and measure how far chance moves their whole sum."""
    check_rows(pictures=differences[0].T, groups=unit)
    if fits is not None and np.shape(fits) != differences.shape[1:]:
        raise ValueError(f"fits must be (repeats, n). Received: {np.shape(fits)}, scores {differences.shape[1:]}.")
    known = ~np.isnan(differences)
    values = np.where(known, differences, 0.0)
    sums, cells = _by(unit, values.sum(axis=1)), _by(unit, known.sum(axis=1))
    mean = _ratio(sums.sum(axis=1), cells.sum(axis=1))
    variance = _spread(sums - mean[:, None] * cells, cells > 0)
    variance[variance < ROUNDING * (sums**2).sum(axis=1)] = 0.0
    extra = np.zeros(len(sums)) if fits is None else _fit_variance(values, known, unit, np.asarray(fits))
    return _Paired(sums, cells, variance, np.maximum(_ratio(extra, variance), 0.0))


def _fit_variance(values: np.ndarray, known: np.ndarray, unit: np.ndarray, fits: np.ndarray) -> np.ndarray:
    """(rungs,) what fits add to the variance of the whole sum, over all repeats; below 0 by chance.

    Within a repeat, with e the difference less the repeat's mean, summed over fold f or unit g:

        k / (k - 1) sum_f e_f^2  -  m / (m - 1) sum_g e_g^2
    """
    extra = np.zeros(len(values))
    for repeat, fit in enumerate(fits):
        value, has = values[:, repeat], known[:, repeat]
        mean = _ratio(value.sum(axis=1), has.sum(axis=1))
        off = np.where(has, value - mean[:, None], 0.0)
        fold = np.unique(fit, return_inverse=True)[1].reshape(-1)
        in_folds, in_units = (_spread(_by(index, off), _by(index, has) > 0) for index in (fold, unit))
        several = (_by(fold, has) > 0).sum(axis=1) > 1
        extra += np.where(several, in_folds - in_units, 0.0)
    return extra


def _spread(sums: np.ndarray, present: np.ndarray) -> np.ndarray:
    """(rungs,) the variance of the whole of `sums` (rungs, m), of mean 0: m / (m - 1) sum_g sums_g^2."""
    m = present.sum(axis=1)
    return _ratio(m, m - 1.0) * (sums**2).sum(axis=1)


def _by(index: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sum `values` (rungs, n) over equal `index` (n,)."""
    return np.stack([np.bincount(index, row) for row in values])


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Above / below, 0 where that is 0 / 0 or would be infinite."""
    return np.divide(above, below, out=np.zeros(np.broadcast(above, below).shape), where=below > 0)


def _flipped(sums: np.ndarray, shrunk: np.ndarray, flips: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """The p and p_adjusted, (rungs,) each, of `sums` (rungs, units), whose t is divided by `shrunk` (rungs,)."""
    moved = sums[:, np.any(sums != 0, axis=0)]
    scaled = _ratio(moved, np.sqrt((moved**2).sum(axis=1, keepdims=True)))
    t = np.abs(scaled.sum(axis=1)) / shrunk - TIE
    drawn = np.abs(np.concatenate([signs @ scaled.T for signs in _signs(moved.shape[1], flips, rng)]))
    order = np.argsort(-t, kind="stable")
    largest = np.maximum.accumulate(drawn[:, order[::-1]], axis=1)[:, ::-1]
    adjusted = np.empty(len(t))
    adjusted[order] = np.maximum.accumulate((largest >= t[order]).mean(axis=0))
    return (drawn >= t).mean(axis=0), adjusted


def _signs(units: int, flips: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Blocks (b, units) of +1 and -1: all there are if no more than `flips`, else none flipped, and `flips` drawn."""
    if 2**units <= flips:
        yield 1.0 - 2.0 * (np.arange(2**units)[:, None] >> np.arange(units) & 1)
        return
    yield np.ones((1, units))
    step = max(1, BLOCK // units)
    for start in range(0, flips, step):
        yield _drawn(min(step, flips - start), units, rng)


def _drawn(rows: int, units: int, rng: np.random.Generator) -> np.ndarray:
    """Random signs (rows, units), eight from a byte."""
    width = (units + 7) // 8
    octets = np.frombuffer(rng.bytes(rows * width), np.uint8).reshape(rows, width)
    return 1.0 - 2.0 * np.unpackbits(octets, axis=1, count=units)


def _comparisons(paired: _Paired, p: np.ndarray, p_adjusted: np.ndarray) -> list[Comparison]:
    """The rungs' Comparisons; the interval is Student's t over pictures, widened by the fits."""
    from scipy.special import stdtrit

    cells, pictures = paired.cells.sum(axis=1), (paired.cells > 0).sum(axis=1)
    difference = np.where(cells > 0, _ratio(paired.sums.sum(axis=1), cells), np.nan)
    error = _ratio(np.sqrt(paired.variance) * paired.widening, cells)
    reach = np.where(pictures > 1, stdtrit(np.maximum(pictures - 1, 1), 0.975) * error, np.inf)
    ends = zip((difference - reach).tolist(), (difference + reach).tolist(), strict=True)
    columns = (difference.tolist(), ends, p.tolist(), p_adjusted.tolist(), pictures.tolist())
    return [Comparison(*one) for one in zip(*columns, strict=True)]
