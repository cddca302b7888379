"""The learning-rate finder: train a little while the rate rises from tiny to huge, and see where the loss falls.

Reference: Smith, Cyclical Learning Rates for Training Neural Networks, 2017 (arXiv 1506.01186), section 3.3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable

DIVERGED = 4.0  # times the best loss
LEAST_STEPS = 20
AROUND = 0.05  # of the steps on either side are averaged over
CLEAR_FALL = 0.05  # of the loss at the beginning
CLEAR_NOISE = 2.5  # times how much the loss varies from batch to batch; of 500 flat curves of 60 steps none got there
CAREFUL = 10.0  # so far below the rate of the least loss one stays at least


@dataclass(frozen=True, eq=False)
class RateCurve:
    """The loss at each rate.

    Args:
        rates: (n,) learning rates, rising evenly on a logarithmic scale.
        losses: (n,) loss of a batch before its step at that rate; all finite.
        smoothed: (n,) mean of the losses around each.
        suggestion: a learning rate, or None where the curve shows none.
        why: why this one, or why none, in a sentence or two.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float | None
    why: str


def find_rate(
    step: Callable[[float], float], lowest: float = 1e-7, highest: float = 10.0, steps: int = 100
) -> RateCurve:
    """Call `step` with rates that rise from `lowest` to `highest`, until its loss diverges, and read the curve.

    It has diverged where the loss is no finite number, or its running mean is above 4 times the best one.

    The suggestion is the rate at which the smoothed loss falls most steeply, or a tenth of the rate at which it is
    least, whichever is lower: beyond the first, steps begin to do harm; and the curve runs late, since a rate's harm
    shows in the steps that follow.

    Args:
        step: trains on one batch at the rate given to it, and returns that batch's loss before the step.
        lowest: the first rate, above 0.
        highest: the last one, above `lowest`.
        steps: how many rates, 20 or more.

    Raises:
        RecipeError: the range or the number of steps is none of these.

    Example:
        >>> weight = 3.0
        >>> def step(rate):  # the loss is the weight's square
        ...     global weight
        ...     loss, weight = weight**2, weight - rate * 2 * weight
        ...     return loss
        >>> find_rate(step, 1e-4, 10).suggestion > 0.001
        True
    """
    if not 0 < lowest < highest or steps < LEAST_STEPS:
        raise RecipeError(
            f"Rates must rise from above 0, in {LEAST_STEPS} steps or more. "
            f"Received: lowest={lowest}, highest={highest}, steps={steps}"
        )
    rates = np.geomspace(lowest, highest, steps)
    losses = _losses(step, rates)
    return read_curve(rates[: len(losses)], losses, diverged=len(losses) < steps)


def read_curve(rates: np.ndarray, losses: np.ndarray, *, diverged: bool) -> RateCurve:
    """The suggestion of a curve: rates (n,), losses (n,), and whether the loss diverged after the last of them."""
    if len(losses) < LEAST_STEPS // 4:
        return RateCurve(rates, losses, losses, None, _diverged_at_once(rates))
    smoothed = smooth(losses, max(1, round(AROUND * len(losses))))
    suggestion, why = _read(rates, losses, smoothed, diverged=diverged)
    return RateCurve(rates, losses, smoothed, suggestion, why)


def smooth(values: np.ndarray, around: int) -> np.ndarray:
    """The mean of each of `values` (n,) and up to `around` neighbours on either side, fewer at the ends.

    >>> smooth(np.array([0.0, 3.0, 6.0, 3.0]), 1).tolist()
    [1.5, 3.0, 4.0, 4.5]
    """
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    low, high = np.maximum(places - around, 0), np.minimum(places + around + 1, len(values))
    return np.asarray((sums[high] - sums[low]) / (high - low))


def _losses(step: Callable[[float], float], rates: np.ndarray) -> np.ndarray:
    """The losses until they diverge; the one that shows it is left out."""
    losses: list[float] = []
    mean = best = math.inf
    for rate in rates:
        loss = float(step(float(rate)))
        mean = loss if not losses else 0.8 * mean + 0.2 * loss
        best = min(best, mean)
        if not math.isfinite(loss) or mean > DIVERGED * max(best, 1e-12):
            break
        losses.append(loss)
    return np.array(losses)


def _read(rates: np.ndarray, losses: np.ndarray, smoothed: np.ndarray, *, diverged: bool) -> tuple[float | None, str]:
    start, least = smoothed[: max(2, len(losses) // 10)].mean(), int(smoothed.argmin())
    noise = 1.48 * float(np.median(np.abs(losses - smoothed)))  # a standard deviation, of which wild ends say nothing
    fall = float(start - smoothed[least])
    if fall < max(CLEAR_FALL * start, CLEAR_NOISE * noise):
        return None, (
            f"No suggestion: the loss hardly falls at any rate (from {start:.3g} to {smoothed[least]:.3g}, and it "
            f"varies by {noise:.2g} from batch to batch). Try other rates, larger batches, or more steps."
        )
    steep = _steepest(smoothed, least)
    careful = float(rates[least]) / CAREFUL
    whole = "" if diverged else f" The loss did not diverge up to {rates[-1]:.2g}."
    if rates[steep] <= careful:
        return float(rates[steep]), f"At {rates[steep]:.2g} the loss falls most steeply.{whole}"
    return careful, (
        f"{careful:.2g} is a tenth of {rates[least]:.2g}, at which the loss is least; "
        f"it falls most steeply at {rates[steep]:.2g}, which is nearer to that than is safe.{whole}"
    )


def _steepest(smoothed: np.ndarray, least: int) -> int:
    """Where `smoothed` falls most within a tenth of the curve, before it is least; its ends are too noisy to count."""
    reach = max(1, len(smoothed) // 20)
    places = np.arange(reach, max(least, reach + 1))
    falls = smoothed[places - reach] - smoothed[np.minimum(places + reach, len(smoothed) - 1)]
    return int(places[falls.argmax()])


def _diverged_at_once(rates: np.ndarray) -> str:
    where = f"at {rates[-1]:.2g}" if len(rates) else "at the first step"
    return f"No suggestion: the loss diverged {where}, nearly at once. Begin with a lower rate, or look at the data."
