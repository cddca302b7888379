"""Mixing: MixUp and CutMix of a batch of arrays, with its soft targets and sample weights.

`boda.augment` mixes pictures with their boxes and masks; this is for what a training holds: features (n, d),
kept activations (n, h, w, c) and pictures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.augment.erase import draw_span
from boda.errors import RecipeError

if TYPE_CHECKING:
    from boda.recipe import HeadRecipe, Levers

    Batch = tuple[np.ndarray, np.ndarray, np.ndarray]

STREAM = 20_171_025  # parts these draws from others with the same seed, epoch and batch


@dataclass(frozen=True, eq=False)
class Pairs:
    """The partner (n,) of each sample of a batch, and the share (n,) float32 that stays of the sample itself."""

    partner: np.ndarray
    share: np.ndarray

    def blend(self, values: np.ndarray) -> np.ndarray:
        """Blend values (n, ...): share own + (1 - share) partner's, float32."""
        share = self.share.reshape(-1, *[1] * (values.ndim - 1))
        return np.asarray(share * values + (1 - share) * values[self.partner], np.float32)


def pairs(n: int, alpha: float, seed: int, epoch: int, batch: int) -> Pairs:
    """Partners by a permutation, shares from Beta(alpha, alpha): functions of (seed, epoch, batch) alone."""
    rng = _rng(seed, epoch, batch)
    return Pairs(rng.permutation(n), rng.beta(alpha, alpha, n).astype(np.float32))


def mix(x: np.ndarray, y: np.ndarray, w: np.ndarray, levers: Levers, *, seed: int, epoch: int, batch: int) -> Batch:
    """The batch as `levers.mix` has it; the same arrays where that is "none".

    MixUp (Zhang et al., arXiv 1710.09412) blends x, y and w alike. CutMix (Yun et al., arXiv 1905.04899) pastes a
    rectangle of the partner's map into each sample, at the place where it was, and blends y and w by the share of the
    map that really stayed.

    Args:
        x: (n, d), or (n, h, w, c) for either kind.
        y: (n, classes) soft targets.
        w: (n,) sample weights.
        levers: `mix` and `mix_alpha` are read.
        seed: on it, `epoch` and `batch` alone the draws depend.
        epoch: from 0.
        batch: from 0.

    Raises:
        RecipeError: CutMix of features, which have no rectangles.
    """
    if levers.mix == "none":
        return x, y, w
    drawn = pairs(len(x), levers.mix_alpha, seed, epoch, batch)
    if levers.mix == "mixup":
        return drawn.blend(x), drawn.blend(y), drawn.blend(w)
    _refuse_flat(x)
    x, cut = _paste(x, drawn, _rng(seed, epoch, batch, 1))
    return x, cut.blend(y), cut.blend(w)


def check_mix_of_head(recipe: HeadRecipe) -> None:
    """Raise RecipeError for a head that asks for what cuts."""
    if recipe.mix not in {"none", "mixup"}:
        raise RecipeError(
            f"head.mix is {recipe.mix!r}, which cuts maps or pictures; a head has neither. Use head.mix = 'mixup', "
            "or stage.mix = 'cutmix' for a stage that thaws layers."
        )


def _paste(x: np.ndarray, drawn: Pairs, rng: np.random.Generator) -> tuple[np.ndarray, Pairs]:
    """Rectangles of about 1 - share of the map from the partners, and the shares that really stayed."""
    mixed, (height, width) = np.array(x), x.shape[1:3]
    stayed = np.ones(len(x), np.float32)
    for i, (partner, share) in enumerate(zip(drawn.partner, drawn.share, strict=True)):
        side = math.sqrt(1.0 - float(share))
        rows, columns = draw_span(rng, height, side), draw_span(rng, width, side)
        mixed[i, rows, columns] = x[partner, rows, columns]
        stayed[i] -= (rows.stop - rows.start) * (columns.stop - columns.start) / (height * width)
    return mixed, Pairs(drawn.partner, stayed)


def _refuse_flat(x: np.ndarray) -> None:
    if x.ndim != 4:
        raise RecipeError(
            f"mix='cutmix' needs maps or pictures, (n, h, w, c). Received: {x.shape}. Use mix='mixup' for features."
        )


def _rng(*place: int) -> np.random.Generator:
    return np.random.default_rng([STREAM, *map(abs, place)])
