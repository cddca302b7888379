"""How many more pictures? Kept features into the error against the number of training pictures, and a weak forecast.

    err(n) = a n^-b + c,  a >= 0,  0 < b <= 1.5,  c >= 0

Errors of many learners were seen to follow this law of power over a middle range of n (Hestness et al. 2017,
arXiv 1712.00409), though none must, and some do not (Viering and Loog 2021, arXiv 2103.10948).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.batches import in_order
from boda.data.split import folds as fold_pairs
from boda.metrics.intervals import percentiles, score_interval
from boda.models.heads.classify import sample_weights, soft_targets
from boda.progress import track
from boda.training.choose import DECAYS, mean_log_loss, one_blas_thread
from boda.training.linear import solve_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from boda.recipe import HeadRecipe

LEAST = 10  # training pictures, and two a class
FEWEST_SIZES = 4  # the law has three unknowns
FARTHEST = 10  # times the pictures that are there
RESAMPLES = 1000
EXPONENTS = np.linspace(0.025, 1.5, 60)
WARNING = (
    "A weak forecast. It assumes that the curve goes on as a law of power, that new pictures are of the same kind as "
    "these, and it is drawn from a linear head on frozen features: thawed layers may gain more from more pictures."
)


def learning_curve(
    features: np.ndarray,
    targets: np.ndarray,
    classes: int,
    groups: np.ndarray | None,
    recipe: HeadRecipe,
    *,
    sizes: Sequence[int] | None = None,
    folds: int = 5,
    draws: int | None = None,
    ahead: Sequence[float] = (1, 2, 4),
    seed: int = 0,
) -> dict[str, Any]:
    """The error of the exact linear head on held-out folds, by number of training pictures, and where it may go.

    In each of `draws` rounds the pictures are dealt into folds anew; a head is fitted on nested, stratified subsets
    of what is seen and answers on what is not. The penalty for a fold is the one with the least log loss on the
    other folds of the same round and size.

    Args:
        features: (n, d), as the backbone gives them.
        targets: (n,) class indices.
        classes: how many there are.
        groups: (n,) integers, equal for pictures that must stay together; None for none.
        recipe: its weight decay, label smoothing and class weights count; the head is linear whatever it says.
        sizes: numbers of training pictures, rising; by default halved from what all folds can give down to 10.
        folds: into how many parts the pictures are dealt.
        draws: how many rounds; by default 3, fewer above 333 pictures.
        ahead: up to which multiples of n to look ahead, at most 10.
        seed: of the folds and the subsets.

    Returns:
        What JSON takes: `sizes`, `error` (shares), `spread` (95 % intervals), `fit` {a, b, c} or None, `forecast`
        [{n, error, interval}], `check` (the last size as the others foretell it, or None), `sentence`, `warning`,
        `seconds`.

    Raises:
        SplitError: the pictures cannot be dealt into folds.
        ValueError: `sizes` do not rise or are more than there are; `ahead` goes too far.
    """
    began = time.perf_counter()
    rounds = draws or int(np.clip(1000 // max(len(targets), 1), 1, 3))
    fits = [fit for draw in range(rounds) for fit in _fits(targets, groups, folds, seed + draw, draw)]
    fullest = min(len(fit.seen) for fit in fits)
    chosen = list(sizes) if sizes is not None else _halved(fullest, max(LEAST, 2 * classes))
    _check(chosen, fullest, ahead)
    wrong = np.stack(
        [_wrong(features, targets, classes, recipe, fits, size) for size in track(chosen, "learning curve")], axis=-1
    )
    measured = Measured(np.array(chosen), wrong, _numbers(fits, len(targets)), _units(groups, len(targets)))
    return {**foretell(measured, ahead, seed), "seconds": round(time.perf_counter() - began, 3)}


@dataclass(frozen=True, eq=False)
class Measured:
    """What was answered wrongly.

    `sizes` (s,) training pictures; `wrong` (draws, n, s) of 0 and 1; `fit` (draws, n) the number of the fit that
    answered; `unit` (n,) equal for pictures that are copies of one another.
    """

    sizes: np.ndarray
    wrong: np.ndarray
    fit: np.ndarray
    unit: np.ndarray

    @property
    def error(self) -> np.ndarray:
        """The share of wrong answers a size, (s,)."""
        return np.asarray(self.wrong.mean(axis=(0, 1)))

    @property
    def covariance(self) -> np.ndarray:
        """Of `error`, (s, s): between pictures, and what the fits add beyond the pictures that they answered.

        Clustered both ways (Cameron, Gelbach and Miller 2011), what the fits add kept from being negative; on the
        diagonal no less than that of a share of so many pictures with one more right and one more wrong.
        """
        off = (self.wrong - self.error).reshape(-1, len(self.sizes)) / self.fit.size
        unit, fit = np.tile(self.unit, len(self.fit)), self.fit.ravel()
        by_picture = _clustered(off, unit)
        by_fit = _clustered(off, fit) - _clustered(off, unit * (fit.max() + 1) + fit)
        n = len(np.unique(self.unit))
        share = (self.error * n + 1) / (n + 2)
        lacking = np.maximum(share * (1 - share) / n - np.diag(by_picture), 0)
        return by_picture + _positive(by_fit) + np.diag(lacking)

    def first(self, count: int) -> Measured:
        """The same with the smallest `count` sizes only."""
        return Measured(self.sizes[:count], self.wrong[..., :count], self.fit, self.unit)


def foretell(measured: Measured, ahead: Sequence[float], seed: int) -> dict[str, Any]:
    """The curve, the law fitted to it and its forecast, or why there is none, as `learning_curve` returns them."""
    sizes, error, n = measured.sizes, measured.error, measured.wrong.shape[1]
    found: dict[str, Any] = {
        "sizes": sizes.tolist(),
        "error": error.tolist(),
        "spread": _spread(measured),
        "fit": None,
        "forecast": [],
        "check": None,
    }
    if len(sizes) < FEWEST_SIZES:
        return {**found, "sentence": _too_few_sentence(sizes), "warning": ""}
    drop = _drop(measured, seed)
    if drop[1] <= 0:
        return {**found, "sentence": _flat_sentence(sizes, *drop), "warning": ""}
    there = np.array([round(n * times) for times in sorted(ahead)])
    law, expected, intervals = _extrapolate(measured, there, seed)
    forecast = [
        {"n": int(size), "error": float(e), "interval": list(ends)}
        for size, e, ends in zip(there, expected, intervals, strict=True)
    ]
    check = _look_back(measured, seed)
    warning = " ".join(filter(None, [WARNING, _check_sentence(check)]))
    fit = dict(zip("abc", map(float, law), strict=True))
    sentence = _forecast_sentence(forecast, n)
    return {**found, "fit": fit, "forecast": forecast, "check": check, "sentence": sentence, "warning": warning}


def fit_power_law(sizes: np.ndarray, errors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The law a n^-b + c that lies nearest to each row of `errors` by weighted squares, (m, 3) of a, b, c.

    For each b of a grid, a and c are a line's slope and height, kept from being negative; the best b is taken.

    Args:
        sizes: (s,) training pictures.
        errors: (m, s).
        weights: (s,), the inverse of the variances.

    Example:
        >>> n = np.array([25, 50, 100, 200])
        >>> fit_power_law(n, (2 * n**-0.5 + 0.1)[None], np.ones(4)).round(2).tolist()
        [[2.0, 0.5, 0.1]]
    """
    w = weights / weights.sum()
    x = (sizes / sizes[-1]) ** -EXPONENTS[:, None]
    x_mean, xx_mean = x @ w, x**2 @ w
    e_mean, xe_mean = (errors @ w)[:, None], errors @ (x * w).T
    slope = (xe_mean - x_mean * e_mean) / (xx_mean - x_mean**2)
    floor = e_mean - slope * x_mean
    slope, floor = np.where(floor < 0, xe_mean / xx_mean, slope), np.maximum(floor, 0)
    slope, floor = np.maximum(slope, 0), np.where(slope < 0, e_mean, floor)
    # mean of (e - slope x - floor)^2, less that of e^2, which is the same for all b
    misses = slope**2 * xx_mean + 2 * slope * (floor * x_mean - xe_mean) + floor * (floor - 2 * e_mean)
    best = misses.argmin(axis=1)
    rows, b = np.arange(len(errors)), EXPONENTS[best]
    return np.stack([slope[rows, best] * sizes[-1] ** b, b, floor[rows, best]], axis=1)


@dataclass(frozen=True, eq=False)
class _Fit:
    """One fold of a round: `seen`, in an order whose beginnings are stratified subsets, and `unseen`."""

    seen: np.ndarray
    unseen: np.ndarray
    draw: int


def _fits(targets: np.ndarray, groups: np.ndarray | None, folds: int, seed: int, draw: int) -> list[_Fit]:
    rng = np.random.default_rng([seed, 1])
    pairs = fold_pairs(targets, groups, folds, seed)
    return [_Fit(_stratified(seen, targets[seen], rng), unseen, draw) for seen, unseen in pairs]


def _stratified(seen: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`seen` in an order of chance in which every beginning has the classes' shares: the j-th of m stands at j / m."""
    place = np.empty(len(seen))
    for k in np.unique(targets):
        own = np.flatnonzero(targets == k)
        place[rng.permutation(own)] = (np.arange(len(own)) + rng.random(len(own))) / len(own)
    return seen[np.argsort(place, kind="stable")]


def _halved(fullest: int, least: int) -> list[int]:
    sizes = [fullest]
    while sizes[-1] // 2 >= least:
        sizes.append(sizes[-1] // 2)
    return sizes[::-1]


def _check(sizes: Sequence[int], fullest: int, ahead: Sequence[float]) -> None:
    if not sizes or sizes[0] < 1 or sizes[-1] > fullest or any(b <= a for a, b in pairwise(sizes)):
        raise ValueError(f"sizes must rise from 1 to at most {fullest}, what each fold can give. Received: {sizes}.")
    if not ahead or min(ahead) < 1 or max(ahead) > FARTHEST:
        raise ValueError(f"ahead must be 1 to {FARTHEST} times the pictures that there are. Received: {list(ahead)}.")


def _wrong(
    features: np.ndarray, targets: np.ndarray, classes: int, recipe: HeadRecipe, fits: Sequence[_Fit], size: int
) -> np.ndarray:
    """(draws, n): 1 where the heads that saw `size` pictures answer wrongly."""

    def path(fit: _Fit) -> Iterator[np.ndarray]:
        some = fit.seen[:size]
        soft = soft_targets(targets[some], classes, recipe.label_smoothing)
        weights = sample_weights(targets[some], classes, recipe)
        for _, head in solve_path(features[some], soft, weights, decays, multilabel=False):
            yield head.logits(features[fit.unseen])

    decays = DECAYS[::2] if recipe.weight_decay == "auto" else (max(float(recipe.weight_decay), 1e-8),)
    paths = [path(fit) for fit in fits]
    answers: list[list[np.ndarray]] = []
    losses: list[list[float]] = []
    with one_blas_thread():
        while len(answers) < len(decays) and not _has_risen(losses):
            answers.append(list(in_order(next, paths)))
            losses.append([mean_log_loss(a, targets[fit.unseen]) for a, fit in zip(answers[-1], fits, strict=True)])
    wrong = np.zeros((fits[-1].draw + 1, len(targets)))
    for i, fit in enumerate(fits):
        others = [j for j, other in enumerate(fits) if other.draw == fit.draw and j != i]
        chosen = answers[np.array(losses)[:, others].mean(axis=1).argmin()][i]
        wrong[fit.draw, fit.unseen] = chosen.argmax(axis=1) != targets[fit.unseen]
    return wrong


def _has_risen(losses: Sequence[Sequence[float]]) -> bool:
    return len(losses) > 1 and np.mean(losses[-1]) > np.mean(losses[-2])


def _numbers(fits: Sequence[_Fit], n: int) -> np.ndarray:
    numbers = np.zeros((fits[-1].draw + 1, n), np.int64)
    for number, fit in enumerate(fits):
        numbers[fit.draw, fit.unseen] = number
    return numbers


def _units(groups: np.ndarray | None, n: int) -> np.ndarray:
    return np.arange(n) if groups is None else np.unique(groups, return_inverse=True)[1].reshape(-1)


def _clustered(off: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Sum over the clusters of the outer product of the sum of their rows, (s, s)."""
    cluster = np.unique(of, return_inverse=True)[1].reshape(-1)
    total = np.stack([np.bincount(cluster, column) for column in off.T])
    return np.asarray(total @ total.T)


def _positive(symmetric: np.ndarray) -> np.ndarray:
    """The nearest matrix without negative variances."""
    values, axes = np.linalg.eigh(symmetric)
    return np.asarray((axes * np.maximum(values, 0)) @ axes.T)


def _resampled(measured: Measured, seed: int) -> np.ndarray:
    """Errors (RESAMPLES, s) as other pictures and other subsets might have given them: a parametric bootstrap."""
    rng = np.random.default_rng([seed, 2])
    values, axes = np.linalg.eigh(measured.covariance)
    noise = rng.normal(size=(RESAMPLES, len(values))) * np.sqrt(np.maximum(values, 0))
    return np.clip(measured.error + noise @ axes.T, 0, 1)


def _drop(measured: Measured, seed: int) -> tuple[float, float, float]:
    """How much the error fell over the last two doublings, and the interval of that."""
    before, after = _resampled(measured, seed)[:, [-3, -1]].T
    return float(measured.error[-3] - measured.error[-1]), *percentiles(before - after)


def _extrapolate(
    measured: Measured, there: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray, list[tuple[float, float]]]:
    """The law (3,), what it says at `there` (t,), and the interval of each."""
    weights = 1 / np.diag(measured.covariance)
    law = fit_power_law(measured.sizes, measured.error[None], weights)
    laws = fit_power_law(measured.sizes, _resampled(measured, seed), weights)
    expected = _at(law, there)[0]
    ends = [percentiles(column) for column in _at(laws, there).T]
    return law[0], expected, [(min(lo, e), max(hi, e)) for (lo, hi), e in zip(ends, map(float, expected), strict=True)]


def _at(laws: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    a, b, c = laws.T[..., None]
    return np.asarray(a * sizes**-b + c)


def _look_back(measured: Measured, seed: int) -> dict[str, Any] | None:
    """The error at the last size, as the sizes before it foretell it."""
    if len(measured.sizes) <= FEWEST_SIZES:
        return None
    _, expected, ends = _extrapolate(measured.first(len(measured.sizes) - 1), measured.sizes[-1:], seed)
    return {
        "n": int(measured.sizes[-1]),
        "error": float(expected[0]),
        "interval": list(ends[0]),
        "measured": float(measured.error[-1]),
    }


def _spread(measured: Measured) -> list[list[float]]:
    """95 % intervals of the errors: Wilson's, with so many pictures as vary as much as was seen."""
    n = len(np.unique(measured.unit))
    ends = []
    for error, variance in zip(measured.error.tolist(), np.diag(measured.covariance).tolist(), strict=True):
        worth = error * (1 - error) / variance if 0 < error < 1 else n
        ends.append(list(score_interval(error, min(worth, n))))
    return ends


def _too_few_sentence(sizes: np.ndarray) -> str:
    return f"Too few pictures for a forecast: a fold leaves {sizes[-1]} to learn from, and the curve has no length yet."


def _flat_sentence(sizes: np.ndarray, drop: float, lo: float, hi: float) -> str:
    return (
        f"From {sizes[-3]:,} to {sizes[-1]:,} training pictures no fall of the error is shown: accuracy changed by "
        f"{100 * drop:+.1f} points (95 % interval {100 * lo:+.1f} to {100 * hi:+.1f}), so no forecast is drawn. "
        "More pictures of the same kind may change little; other levers, or cleaner labels, may do more."
    )


def _forecast_sentence(forecast: Sequence[dict[str, Any]], n: int) -> str:
    more = [f"with {each['n']:,} about {_accuracy(each)}" for each in forecast if each["n"] > n]
    now = [f"with all {each['n']:,} pictures about {_accuracy(each)}" for each in forecast if each["n"] == n]
    text = "; ".join(now + more)
    return f"Accuracy that a linear head may reach (95 % interval): {text}."


def _accuracy(each: dict[str, Any]) -> str:
    lo, hi = each["interval"]
    return f"{100 * (1 - each['error']):.1f} % ({100 * (1 - hi):.1f} to {100 * (1 - lo):.1f})"


def _check_sentence(check: dict[str, Any] | None) -> str:
    if check is None:
        return "There are too few sizes to try it on this curve's own end."
    lo, hi = check["interval"]
    return (
        f"Tried on its own end: without the last point it foretells an error of {100 * check['error']:.1f} % "
        f"({100 * lo:.1f} to {100 * hi:.1f}) with {check['n']:,} pictures; measured were "
        f"{100 * check['measured']:.1f} %."
    )
