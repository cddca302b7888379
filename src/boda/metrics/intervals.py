"""How sure a number is: intervals for proportions, for resampled statistics and for paired answers."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK = 1_000_000  # resampled indices held at once, 8 MB


def check_rows(**arrays: np.ndarray) -> None:
    """Raise ValueError, with every shape, unless all `arrays` have equally many rows.

    Example:
        >>> check_rows(targets=np.zeros(3), probabilities=np.zeros((3, 2)))
    """
    if len({len(array) for array in arrays.values()}) > 1:
        shapes = " and ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"Expected as many rows in each. Received: {shapes}.")


def wilson(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a proportion; it holds near 0 and 1 and for few samples.

        (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)

    Args:
        successes: how many of `n`, 0 to n.
        n: how many in all; 0 tells nothing and gives (0, 1).
        level: the confidence, between 0 and 1.

    Returns:
        The lower and the upper end, within 0 to 1 and around successes / n.

    Raises:
        ValueError: `successes` is not within 0 to n, or `level` not between 0 and 1.

    Example:
        >>> [round(end, 3) for end in wilson(8, 10)]
        [0.49, 0.943]

    Reference:
        Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"successes must be 0 to n. Received: successes={successes}, n={n}.")
    return score_interval(successes / n if n else 0.0, n, level)


def score_interval(p: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval around a share `p` (0 to 1) that is worth `n` samples; `n` need not be whole."""
    if n <= 0:
        return 0.0, 1.0
    z = _z(level)
    centre = p + z**2 / (2 * n)
    reach = z * sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    lo, hi = ((centre + side * reach) / (1 + z**2 / n) for side in (-1, 1))
    return max(0.0, min(lo, p)), min(1.0, max(hi, p))


def influence_interval(estimate: float, influence: np.ndarray, most: float, level: float = 0.95) -> tuple[float, float]:
    """The interval of a statistic within 0 to 1 from how far each sample sways it.

    The variance is the infinitesimal jackknife's, the mean of influence^2 over n.
    It is turned into the number of samples for which a plain proportion varies as much, and goes into Wilson's
    formula, so that the interval stays within 0 to 1 and, unlike the bootstrap's, has a width where the estimate is 1.

    Args:
        estimate: the statistic; NaN gives (NaN, NaN).
        influence: (n,) the derivative of the statistic by each sample's weight, times n; its mean is 0.
        most: how many samples it is worth at most, which counts where the variance is (nearly) 0.
        level: the confidence, between 0 and 1.

    Reference:
        Efron 1982, The jackknife, the bootstrap and other resampling plans, chapter 6.
        Korn and Graubard 1998, Confidence intervals for proportions with small expected number of positive counts
        (the effective sample size).
    """
    if np.isnan(estimate):
        return float("nan"), float("nan")
    variance = float(np.mean(influence**2)) / max(len(influence) - 1, 1)
    worth = estimate * (1 - estimate) / variance if variance > 0 else most
    return score_interval(estimate, min(worth, most), level)


def bootstrap(
    statistic: Callable[[np.ndarray], float],
    n: int,
    *,
    draws: int = 1000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """The percentile interval of any `statistic` over resampled samples.

    Args:
        statistic: takes (n,) indices, drawn with replacement; NaN, where it is undefined, is dropped.
        n: how many samples, 1 or more.
        draws: how often to resample.
        level: the confidence, between 0 and 1.
        rng: the source of chance.

    Returns:
        The lower and the upper end; (NaN, NaN) where every draw was NaN.

    Example:
        >>> heights = np.array([1.6, 1.7, 1.8, 1.9])
        >>> lo, hi = bootstrap(lambda i: heights[i].mean(), 4, rng=np.random.default_rng(0))
        >>> bool(1.6 <= lo < 1.75 < hi <= 1.9)
        True

    Reference:
        Efron 1979, Bootstrap methods: another look at the jackknife.
    """
    return percentiles(np.array([statistic(rng.integers(0, n, n)) for _ in range(draws)]), level)


def bootstrap_mean(
    values: np.ndarray, *, draws: int = 1000, level: float = 0.95, rng: np.random.Generator
) -> tuple[float, float]:
    """`bootstrap` of the mean of `values`, (n,) with n of 1 or more, many draws at a time."""
    n = len(values)
    step = max(1, BLOCK // n)
    blocks = [min(step, draws - start) for start in range(0, draws, step)]
    return percentiles(np.concatenate([values[rng.integers(0, n, (b, n))].mean(axis=1) for b in blocks]), level)


def percentiles(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """The ends that leave (1 - level) / 2 of `values`, (draws,), on either side; NaN is dropped."""
    _z(level)
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return float("nan"), float("nan")
    lo, hi = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(lo), float(hi)


def mcnemar(a_right: np.ndarray, b_right: np.ndarray) -> float:
    """The exact p-value of "a and b are right equally often", from the samples on which they differ.

    Two-sided: twice the smaller binomial tail at 1/2, at most 1; 1 where they never differ.

    Args:
        a_right: (n,) booleans.
        b_right: (n,) booleans of the same samples in the same order.

    Example:
        >>> mcnemar(np.array([1, 1, 1, 1, 1, 0]), np.array([0, 0, 0, 0, 0, 0]))
        0.0625

    Reference:
        McNemar 1947, Note on the sampling error of the difference between correlated proportions.
    """
    _, only_a, only_b, _ = _paired_counts(a_right, b_right)
    differ = only_a + only_b
    tail, ways = 0, 1
    for i in range(min(only_a, only_b) + 1):
        tail += ways
        ways = ways * (differ - i) // (i + 1)
    return min(1.0, 2 * tail / (1 << differ))


def paired_difference(a_right: np.ndarray, b_right: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """How much more often a is right than b, and the interval of that difference.

    The two Wilson intervals are combined, less what their correlation phi (corrected for continuity) explains.

    Args:
        a_right: (n,) booleans.
        b_right: (n,) booleans of the same samples in the same order.
        level: the confidence, between 0 and 1.

    Returns:
        The difference a - b, its lower and its upper end, each -1 to 1; (0, -1, 1) with no samples.

    Reference:
        Newcombe 1998, Improved confidence intervals for the difference between binomial proportions based on paired
        data, method 10.
    """
    both, only_a, only_b, neither = _paired_counts(a_right, b_right)
    n = both + only_a + only_b + neither
    if n == 0:
        return 0.0, -1.0, 1.0
    a, b = (both + only_a) / n, (both + only_b) / n
    (a_lo, a_hi), (b_lo, b_hi) = wilson(both + only_a, n, level), wilson(both + only_b, n, level)
    phi = _phi(both, only_a, only_b, neither)
    below = _hypotenuse(a - a_lo, b_hi - b, phi)
    above = _hypotenuse(a_hi - a, b - b_lo, phi)
    return a - b, max(-1.0, a - b - below), min(1.0, a - b + above)


def _paired_counts(a_right: np.ndarray, b_right: np.ndarray) -> tuple[int, int, int, int]:
    """How often both are right, only a, only b, neither."""
    a, b = np.asarray(a_right, dtype=bool), np.asarray(b_right, dtype=bool)
    check_rows(a_right=a, b_right=b)
    return int((a & b).sum()), int((a & ~b).sum()), int((~a & b).sum()), int((~a & ~b).sum())


def _phi(both: int, only_a: int, only_b: int, neither: int) -> float:
    n = both + only_a + only_b + neither
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    excess: float = both * neither - only_a * only_b
    if excess > 0:
        excess = max(excess - n / 2, 0)
    return excess / sqrt(margins) if margins else 0.0


def _hypotenuse(x: float, y: float, phi: float) -> float:
    """The third side of a triangle with sides x and y and phi the cosine between them."""
    return sqrt(max(0.0, x**2 - 2 * phi * x * y + y**2))


def _z(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1. Received: level={level}.")
    return NormalDist().inv_cdf((1 + level) / 2)
