"""Windows: series become pieces of history with the steps that follow, each on the scale of its own history.

values   ────────context────────|──horizon──
                              origin
x  =  (context - mean) / scale,    y  =  (horizon - seasonal naive) / scale
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FLOOR = 0.01  # a history that hardly varies is scaled by this share of its level


@dataclass(frozen=True, eq=False)
class Windows:
    """Pieces of one series.

    Args:
        contexts: the history of each, (m, context, channels), in the series' own units.
        targets: the steps that follow, (m, horizon, channels).
        origins: where the first of those is in the series, (m,) int64.
        season: steps after which the series repeats itself; 1 for none.
        usual: what a channel usually varies by, (channels,), for a history of zeros.
    """

    contexts: np.ndarray
    targets: np.ndarray
    origins: np.ndarray
    season: int
    usual: np.ndarray

    @property
    def naive(self) -> np.ndarray:
        """The last season again, (m, horizon, channels)."""
        return seasonal_naive(self.contexts, self.season, self.targets.shape[1])

    @property
    def scale(self) -> np.ndarray:
        """By what each is divided, (m, 1, channels)."""
        return scale_of(self.contexts, self.usual)

    @property
    def x(self) -> np.ndarray:
        """What the network sees, (m, context, channels) float32."""
        return scaled(self.contexts, self.usual)

    @property
    def y(self) -> np.ndarray:
        """What it learns, (m, horizon, channels) float32: the difference to the last season, on the same scale."""
        return np.asarray((self.targets - self.naive) / self.scale, np.float32)

    def undo(self, answers: ArrayLike) -> np.ndarray:
        """The forecasts (m, horizon, channels) in the series' own units, of answers (m, horizon * channels)."""
        rows = np.asarray(answers, np.float64).reshape(self.targets.shape)
        return self.naive + rows * self.scale


def windows(
    series: np.ndarray,
    context: int,
    horizon: int,
    first: int,
    last: int,
    stride: int = 1,
    *,
    season: int = 1,
    usual: ArrayLike = 1.0,
) -> Windows:
    """The windows of a series (t, channels) all of whose targets are in steps `first` to below `last`.

    Their history may reach back before `first`. Of a memory-mapped series the windows alone are read.

    >>> some = windows(np.arange(10.0)[:, None], context=3, horizon=2, first=6, last=10)
    >>> some.origins.tolist(), some.targets[0, :, 0].tolist()
    ([6, 7, 8], [6.0, 7.0])
    """
    origins = np.arange(max(first, context), last - horizon + 1, stride, dtype=np.int64)
    channels = series.shape[1]
    contexts = np.empty((len(origins), context, channels), np.float64)
    targets = np.empty((len(origins), horizon, channels), np.float64)
    for i, origin in enumerate(origins):
        contexts[i] = series[origin - context : origin]
        targets[i] = series[origin : origin + horizon]
    return Windows(contexts, targets, origins, season, np.broadcast_to(np.asarray(usual, np.float64), (channels,)))


def seasonal_naive(contexts: np.ndarray, season: int, horizon: int) -> np.ndarray:
    """The last season of each history (m, context, channels), repeated over (m, horizon, channels).

    >>> seasonal_naive(np.array([[[1.0], [2.0], [3.0]]]), season=2, horizon=3)[0, :, 0].tolist()
    [2.0, 3.0, 2.0]
    """
    span = max(1, min(season, contexts.shape[1]))
    places = contexts.shape[1] - span + np.arange(horizon) % span
    return contexts[:, places]


def scale_of(contexts: np.ndarray, usual: ArrayLike) -> np.ndarray:
    """The standard deviation of each history (m, context, channels) as (m, 1, channels), never 0.

    A history that hardly varies is scaled by a hundredth of its level, and one of zeros by what is `usual`.
    """
    spread = contexts.std(axis=1, keepdims=True)
    level = FLOOR * np.abs(contexts).mean(axis=1, keepdims=True)
    floor = np.where(level > 0, level, np.asarray(usual, np.float64))
    return np.where(spread > level, spread, np.where(floor > 0, floor, 1.0))


def scaled(contexts: np.ndarray, usual: ArrayLike) -> np.ndarray:
    """Histories (m, context, channels) on their own scale, float32."""
    return np.asarray((contexts - contexts.mean(axis=1, keepdims=True)) / scale_of(contexts, usual), np.float32)
