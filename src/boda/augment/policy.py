"""Policies: steps that choose among the other steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from boda.augment.colour import (
    AutoContrast,
    Equalization,
    RandomBrightness,
    RandomColorDegeneration,
    RandomContrast,
    RandomPosterization,
    Solarization,
)
from boda.augment.effects import Effect, Paint, Scene
from boda.augment.factors import FULL, Factor, Range, as_range, expect_factor, expect_range
from boda.augment.render import arrange, render
from boda.augment.soften import RandomSharpness
from boda.augment.step import Augmentation, draw_in_turn
from boda.augment.turn import ORDERS, RandomRotation, RandomShear, RandomTranslation

if TYPE_CHECKING:
    from collections.abc import Sequence

STEEPEST = 0.99  # two shears of 1 would flatten the picture to a line


@dataclass(frozen=True)
class RandAugment(Augmentation):
    """Apply `num_ops` steps to each picture, drawn with equal chances from eleven, each at random strength.

    They are RandomShear, RandomTranslation, RandomRotation, RandomBrightness, RandomColorDegeneration, RandomContrast,
    RandomSharpness, RandomPosterization, Solarization, AutoContrast and Equalization. As in Keras's layer, each takes
    `factor` as it stands: 0.5 shifts down and right only, turns by up to half a turn, and only brightens. A step that
    is drawn twice draws its strength twice (Keras's layer repeats the first).

    Boxes, masks and points follow. Turns of that size harm labels where up and down matter.

    Args:
        value_range: the least and the greatest value.
        num_ops: how many steps, 0 or more.
        factor: the range of strength, 0 to 1; a number f stands for (0, f).
        interpolation: "nearest" or "bilinear", or, beyond Keras's layer, "bicubic".

    Reference:
        keras.layers.RandAugment; Cubuk et al., RandAugment: Practical automated data augmentation with a reduced
        search space, 2019 (arXiv:1909.13719)
    """

    value_range: Range = FULL
    num_ops: int = 2
    factor: Factor = 0.5
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        """Refuse what no range, number, strength or interpolation is."""
        _expect_policy(self, self.interpolation, ("num_ops",))

    def steps(self) -> list[Augmentation]:
        """The steps that are drawn from."""
        return [
            *_moving(_pair(self.factor), self.interpolation),
            *_shading(_pair(self.factor), tuple(self.value_range)),
            *_levelling(_pair(self.factor), tuple(self.value_range)),
        ]

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
        """What the chosen steps do."""
        steps = self.steps()
        return draw_in_turn([steps[i] for i in rng.integers(len(steps), size=self.num_ops)], rng, scene)


@dataclass(frozen=True)
class AugMix(Augmentation):
    """Blend a picture with the mean of several copies of it, each of which went through a chain of steps.

    w x + (1 - w) sum_k d_k chain_k(x), with w of Beta(alpha, alpha) and d of Dirichlet(alpha, ..., alpha)

    Each place in a chain is one of eleven steps (those of `RandAugment`), or none, with equal chances.

    Three of them move the picture: RandomShear, RandomTranslation and RandomRotation. A blend shows a thing in several
    places, so that no box could follow: for a sample with boxes, masks or points they are left out. (Keras's layer
    moves the pixels, leaves the boxes and blends the numbers of classes in masks.)

    Args:
        value_range: the least and the greatest value; results are clipped to it.
        num_chains: how many chains, 1 or more.
        chain_depth: the most steps in a chain, 0 or more.
        factor: the range of strength, 0 to 1, as in `RandAugment`; a number f stands for (0, f).
        alpha: above 0; the smaller it is, the more one chain, or the picture itself, outweighs the others.
        all_ops: False leaves out RandomBrightness, RandomColorDegeneration, RandomContrast and RandomSharpness.
        interpolation: "nearest" or "bilinear", or, beyond Keras's layer, "bicubic".

    Reference:
        keras.layers.AugMix; Hendrycks et al., AugMix: A Simple Data Processing Method to Improve Robustness and
        Uncertainty, 2019 (arXiv:1912.02781)
    """

    value_range: Range = FULL
    num_chains: int = 3
    chain_depth: int = 3
    factor: Factor = 0.3
    alpha: float = 1.0
    all_ops: bool = True
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        """Refuse what no range, number, strength or interpolation is."""
        _expect_policy(self, self.interpolation, ("num_chains", "chain_depth"))
        self.expect(self.num_chains >= 1, "num_chains", "a whole number from 1")
        self.expect(isinstance(self.alpha, (int, float)) and self.alpha > 0, "alpha", "a number above 0")

    def steps(self, *, moving: bool = True) -> list[Augmentation]:
        """The steps that are drawn from, those that move things among them or not."""
        return [
            *(_moving(_pair(self.factor), self.interpolation) if moving else []),
            *_levelling(_pair(self.factor), tuple(self.value_range)),
            *(_shading(_pair(self.factor), tuple(self.value_range)) if self.all_ops else []),
        ]

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
        """One Paint."""
        weights, weight = rng.dirichlet([self.alpha] * self.num_chains), rng.beta(self.alpha, self.alpha)
        steps = self.steps(moving=not scene.given)
        chains = [arrange(self._draw_chain(steps, rng, scene)) for _ in range(self.num_chains)]
        shares = [weight, *((1.0 - weight) * weights)]
        return (Paint(partial(_blend, chains=[[], *chains], shares=shares, limits=self.value_range)),)

    def _draw_chain(self, steps: list[Augmentation], rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
        places = rng.integers(len(steps) + 1, size=self.chain_depth)
        return draw_in_turn([steps[i] for i in places if i < len(steps)], rng, scene)


@lru_cache
def _moving(factor: Range, interpolation: str) -> tuple[Augmentation, ...]:
    slant = (min(factor[0], STEEPEST), min(factor[1], STEEPEST))
    return (
        RandomShear(slant, slant, interpolation=interpolation),
        RandomTranslation(factor, factor, interpolation=interpolation),
        RandomRotation(factor, interpolation=interpolation),
    )


@lru_cache
def _shading(factor: Range, value_range: Range) -> tuple[Augmentation, ...]:
    kinds = (RandomBrightness, RandomColorDegeneration, RandomContrast, RandomSharpness)
    return tuple(kind(factor, value_range) for kind in kinds)


@lru_cache
def _levelling(factor: Range, value_range: Range) -> tuple[Augmentation, ...]:
    return (
        RandomPosterization((1, max(1, int(8 * factor[1]))), value_range),
        Solarization(factor, factor, value_range),
        AutoContrast(value_range),
        Equalization(value_range),
    )


def _pair(factor: Factor) -> Range:
    first, second = as_range(factor, symmetric=False)
    return min(first, second), max(first, second)


def _blend(image: np.ndarray, chains: Sequence[Sequence[Effect]], shares: Sequence[float], limits: Range) -> np.ndarray:
    """The sum of `image` after each of `chains`, by its share."""
    blended = np.zeros_like(image)
    for chain, share in zip(chains, shares, strict=True):
        done = render(image, chain) if chain else image.copy()
        done *= np.float32(share)
        blended += done
    return np.clip(blended, *limits, out=blended)


def _expect_policy(step: Augmentation, interpolation: str, counts: Sequence[str]) -> None:
    """Refuse, for `step`, a wrong range, factor or interpolation, and `counts` that are none."""
    expect_range(step)
    expect_factor(step, "factor", 0, 1)
    step.expect(interpolation in ORDERS, "interpolation", "one of " + ", ".join(ORDERS))
    for name in counts:
        value = getattr(step, name)
        step.expect(isinstance(value, int) and value >= 0, name, "a whole number from 0")
