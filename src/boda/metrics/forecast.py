"""Forecasts from n origins and what came, in; errors, skill and how often the intervals held, out.

Shapes are (n, H, C): origins in the order of time, steps ahead, channels.
The unit of chance is the origin with all its steps and channels. Where windows overlap, neighbouring origins share
what came, and are drawn in blocks of as many as do.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.metrics.intervals import influence_interval, percentiles
from boda.metrics.sequence import rounded
from boda.metrics.sequence_rivals import told

if TYPE_CHECKING:
    from collections.abc import Sequence

DRAWS = 1000


def forecast_figures(
    truth: np.ndarray,
    answers: np.ndarray,
    scale: np.ndarray,
    seed: int,
    *,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
    overlap: int = 1,
) -> dict[str, Any]:
    """Everything the report says about forecasts.

        mae = mean |y - f|,    mase = mean |y - f| / scale,    smape = mean 2 |y - f| / (|y| + |f|)

    Args:
        truth: (n, H, C), n of 1 or more.
        answers: (n, H, C).
        scale: (C,) or (n, C), above 0: the seasonal naive error within the training part (`naive_scale`).
        seed: of the bootstrap over blocks of origins.
        low: (n, H, C) lower ends of the intervals; None for none.
        high: (n, H, C) upper ends.
        overlap: how many origins in a row share what came, ceil(H / stride).

    Returns:
        `n, horizon, mae, mae_interval` (None where all origins overlap), `mase` (below 1 beats the naive error of the
        training part), `smape` (0 to 2), `per_step` (mae of each step ahead), `per_step_mase`, `per_channel` (mae),
        and with intervals `coverage`, `coverage_interval` (Wilson's, of as many samples as the origins are worth),
        `width` (mean) and `coverage_per_step`.

    Raises:
        ValueError: shapes that do not fit.

    Reference:
        Hyndman and Koehler 2006, Another look at measures of forecast accuracy (MASE).
        Makridakis 1993, Accuracy measures (sMAPE, with 0 / 0 as 0).
    """
    y, f = _fitting(truth=truth, answers=answers)
    errors = np.abs(y - f)
    each = np.asarray(scale, dtype=np.float64)
    scaled = errors / (each[:, None] if each.ndim == 2 else each)
    size = np.abs(y) + np.abs(f)
    return rounded(
        {
            "n": len(y),
            "horizon": y.shape[1],
            "mae": errors.mean(),
            "mae_interval": _blocks_interval(errors.mean(axis=(1, 2)), overlap, seed) if len(y) > overlap else None,
            "mase": scaled.mean(),
            "smape": (2 * errors / np.where(size > 0, size, 1)).mean(),
            "per_step": errors.mean(axis=(0, 2)),
            "per_step_mase": scaled.mean(axis=(0, 2)),
            "per_channel": errors.mean(axis=(0, 1)),
            **(_coverage(y, low, high, overlap) if low is not None and high is not None else {}),
        }
    )


def forecast_difference(
    truth: np.ndarray, ours: np.ndarray, theirs: np.ndarray, seed: int, *, overlap: int = 1
) -> dict[str, Any]:
    """The difference in mean absolute error, ours less theirs, over resampled blocks of origins.

    Args:
        truth: (n, H, C).
        ours: (n, H, C).
        theirs: (n, H, C).
        seed: of the bootstrap.
        overlap: see `forecast_figures`.

    Returns:
        `figure, difference, interval, verdict`; see `sequence_rivals`.

    Raises:
        ValueError: shapes that do not fit.
    """
    y, one, other = _fitting(truth=truth, ours=ours, theirs=theirs)
    gains = (np.abs(y - one) - np.abs(y - other)).mean(axis=(1, 2))
    return told("mae", float(gains.mean()), *_blocks_interval(gains, overlap, seed))


def naive_scale(series: Sequence[np.ndarray], season: int = 1) -> np.ndarray:
    """What MASE divides by, (C,): the mean |y_t - y_(t - season)| of each channel within the training part.

    Args:
        series: (t, C) arrays of the training part, one a series; those no longer than a season are left out.
        season: steps of a period, 1 or more; 1 is the plain naive forecast.

    Returns:
        Above 0: a channel that never varies has 1, so that its error is told in its own units.

    Raises:
        ValueError: no series is longer than a season.

    Example:
        >>> naive_scale([np.array([[1.0], [2.0], [4.0]])]).tolist()
        [1.5]
    """
    long = [np.asarray(one, dtype=np.float64) for one in series if len(one) > season]
    if not long:
        raise ValueError(f"Expected a series longer than a season of {season} steps. Received: none.")
    steps = np.concatenate([np.abs(one[season:] - one[:-season]) for one in long]).mean(axis=0)
    return np.asarray(np.where(steps > 0, steps, 1.0))


def conformal_quantiles(truth: np.ndarray, answers: np.ndarray, level: float = 0.9) -> np.ndarray:
    """How far the interval reaches on either side of each step and channel, so that it holds as often as wanted.

    The k-th smallest of the n errors |y - f|, k = ceil(level (n + 1)): split conformal prediction. It holds for a new
    origin with a probability of `level` or more where origins are exchangeable, which in time they are only nearly;
    `coverage` on a later part tells how nearly.

    Args:
        truth: (n, H, C), of origins that the model was not trained on.
        answers: (n, H, C).
        level: between 0 and 1.

    Returns:
        (H, C); infinite where n is too few for the level (9 are needed for 0.9).

    Raises:
        ValueError: shapes that do not fit, or `level` not between 0 and 1.

    Reference:
        Papadopoulos et al. 2002, Inductive confidence machines for regression.
        Stankevičiūtė et al. 2021, Conformal time-series forecasting (a quantile for each step).
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1. Received: level={level}.")
    y, f = _fitting(truth=truth, answers=answers)
    k = ceil(level * (len(y) + 1) - 1e-9)
    if k > len(y):
        return np.full(y.shape[1:], np.inf)
    return np.sort(np.abs(y - f), axis=0)[k - 1]


def _coverage(y: np.ndarray, low: np.ndarray, high: np.ndarray, overlap: int) -> dict[str, Any]:
    _, lo, hi = _fitting(truth=y, low=low, high=high)
    held = (lo <= y) & (y <= hi)
    by_origin, share = held.mean(axis=(1, 2)), float(held.mean())
    blocks = [block.mean() for block in np.array_split(by_origin, max(1, ceil(len(y) / overlap)))]
    most = held.size / overlap if 0 < share < 1 else len(blocks)
    return {
        "coverage": share,
        "coverage_interval": influence_interval(share, np.array(blocks) - share, most),
        "width": (hi - lo).mean(),
        "coverage_per_step": held.mean(axis=(0, 2)),
    }


def _blocks_interval(values: np.ndarray, overlap: int, seed: int) -> tuple[float, float]:
    """The percentile interval of the mean of `values` (n,), drawn in blocks of `overlap`; NaN where one holds them all.

    A block that begins near the end goes on at the beginning.

    Reference:
        Politis and Romano 1992, A circular block-resampling procedure for stationary data.
    """
    n, rng = len(values), np.random.default_rng([seed, 1])
    if n <= overlap:  # all are one block, of which nothing tells how the next would differ
        return float("nan"), float("nan")
    means = np.convolve(np.concatenate([values, values[: overlap - 1]]), np.full(overlap, 1 / overlap), mode="valid")
    count = ceil(n / overlap)
    return percentiles(np.array([means[rng.integers(0, n, count)].mean() for _ in range(DRAWS)]))


def _fitting(**arrays: np.ndarray) -> list[np.ndarray]:
    """Float64 arrays, all (n, H, C) with n of 1 or more."""
    found = {name: np.asarray(array, dtype=np.float64) for name, array in arrays.items()}
    if len({one.shape for one in found.values()}) != 1 or any(one.ndim != 3 or one.size == 0 for one in found.values()):
        shapes = " and ".join(f"{name} {one.shape}" for name, one in found.items())
        raise ValueError(f"Expected (n, H, C), the same for all, with n of 1 or more. Received: {shapes}.")
    return list(found.values())
