"""Factors: the ranges from which a step draws one number for a picture, given as Keras's layers take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from boda.augment.step import Augmentation

Factor = float | tuple[float, float]
Range = tuple[float, float]
FULL: Range = (0.0, 255.0)


def as_range(value: Factor, *, symmetric: bool = True) -> Range:
    """Keras's factor: a number f stands for (-f, f), or for (0, f) where not `symmetric`; a pair for itself.

    >>> as_range(0.2)
    (-0.2, 0.2)
    """
    if isinstance(value, (int, float)):
        return (-abs(float(value)) if symmetric else 0.0), abs(float(value))
    low, high = value
    return float(low), float(high)


def draw_factor(rng: np.random.Generator, factor: Factor, *, symmetric: bool = True) -> float:
    """One number from `factor`, which is read as by `as_range`; the ends of a pair may stand in either order."""
    first, second = as_range(factor, symmetric=symmetric)
    return min(first, second) + abs(second - first) * rng.random()


def expect_factor(
    step: Augmentation, argument: str, least: float, most: float, unit: str = "", *, above: bool = False
) -> None:
    """Refuse, for `step`, what is neither a number nor a pair of numbers from `least` (or `above` it) to `most`."""
    value = getattr(step, argument)
    numbers = value if isinstance(value, (tuple, list)) else (value, value)
    fits = len(numbers) == 2 and all(isinstance(n, (int, float)) and least <= n <= most for n in numbers)
    fits = fits and not (above and least in as_range(value))
    within = "" if np.isinf(most) else f" from {least:g} to {most:g}"
    step.expect(fits, argument, f"a number or a pair of numbers{within}{', ' * bool(unit)}{unit}")


def expect_range(step: Augmentation) -> None:
    """Refuse, for `step`, a `value_range` that is no pair (least, greatest)."""
    value = getattr(step, "value_range", None)
    fits = isinstance(value, (tuple, list)) and len(value) == 2 and value[0] < value[1]
    step.expect(fits, "value_range", "a pair (least, greatest), such as (0, 255)")
