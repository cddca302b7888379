"""Windows of series, in; forecasts that need no network, out: the season before, and a linear map of the window."""

from __future__ import annotations

import numpy as np

ALPHAS = tuple(float(f"{10.0**e:.0e}") for e in range(-5, 3))  # penalties, in units of a standardised step's variance
INNER = 0.2  # share of the windows, the last ones, that choose the penalty


def seasonal_naive(contexts: np.ndarray, horizon: int, season: int = 1) -> np.ndarray:
    """What was seen one season before, over and over; the last value where the window is shorter than a season.

    Args:
        contexts: (n, L, C).
        horizon: steps ahead, H.
        season: steps of a period, 1 or more.

    Returns:
        (n, H, C).

    Example:
        >>> seasonal_naive(np.array([[[1.0], [2.0], [3.0]]]), horizon=4, season=2)[0, :, 0].tolist()
        [2.0, 3.0, 2.0, 3.0]
    """
    length = contexts.shape[1]
    period = season if 1 <= season <= length else 1
    return np.asarray(contexts)[:, length - period + np.arange(horizon) % period]


def linear(train: tuple[np.ndarray, np.ndarray], contexts: np.ndarray) -> np.ndarray:
    """Each step ahead as a linear function of the window, for each channel by itself (direct, by ridge regression).

    A window is measured in standard deviations around its own mean, and so is what followed, so that one map serves
    every level. With n windows, standardised as X and Y around their column means:

        W = (X^T X + alpha n I)^-1 X^T Y

    The penalty is the one of least absolute error on the last fifth of the windows, less those that overlap with it.

    Args:
        train: (n, L, C) contexts and the (n, H, C) that followed, in the order of time.
        contexts: (m, L, C).

    Returns:
        (m, H, C).

    Reference:
        Zeng et al. 2022, Are transformers effective for time series forecasting?, arXiv 2205.13504.
        Kim et al. 2022, Reversible instance normalization (the window's own scale).
    """
    x, y, new = (np.asarray(one, dtype=np.float64) for one in (*train, contexts))
    channels = [_one_channel(x[..., c], y[..., c], new[..., c]) for c in range(x.shape[2])]
    return np.stack(channels, axis=2)


def _one_channel(x: np.ndarray, y: np.ndarray, new: np.ndarray) -> np.ndarray:
    """(m, H) from (n, L), (n, H) and (m, L)."""
    middle, width = _scale(x)
    z, target = (x - middle) / width, (y - middle) / width
    maps = _ridge(z, target, [_alpha(z, target, width)])
    middle, width = _scale(new)
    return _apply(maps[0], (new - middle) / width) * width + middle


def _alpha(z: np.ndarray, target: np.ndarray, width: np.ndarray) -> float:
    cut = len(z) - round(len(z) * INNER)
    first = max(1, cut - target.shape[1])
    if len(z) < 10:
        return 1.0
    maps = _ridge(z[:first], target[:first], ALPHAS)
    cost = [float((np.abs(_apply(one, z[cut:]) - target[cut:]) * width[cut:]).mean()) for one in maps]
    return ALPHAS[int(np.argmin(cost))]


def _ridge(z: np.ndarray, target: np.ndarray, alphas: tuple[float, ...] | list[float]) -> list[np.ndarray]:
    """(L + 1, H) for each penalty, the constant in the last row; all from one eigendecomposition."""
    middle, level = z.mean(axis=0), target.mean(axis=0)
    values, vectors = np.linalg.eigh((z - middle).T @ (z - middle))
    seen = vectors.T @ ((z - middle).T @ (target - level))
    found = [vectors @ (seen / (np.maximum(values, 0) + alpha * len(z))[:, None]) for alpha in alphas]
    return [np.vstack([kernel, level - middle @ kernel]) for kernel in found]


def _apply(kernel: np.ndarray, z: np.ndarray) -> np.ndarray:
    return z @ kernel[:-1] + kernel[-1]


def _scale(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each row, (n, 1); 1 of a row that never varies."""
    middle, width = windows.mean(axis=1, keepdims=True), windows.std(axis=1, keepdims=True)
    return middle, np.where(width > 1e-12 * np.maximum(np.abs(middle), 1e-300), width, 1.0)
