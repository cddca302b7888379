"""What a model must beat: the most frequent class, and a linear model on small raw pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from boda.batches import in_order
from boda.data.view import View
from boda.recipe import HeadRecipe
from boda.training.choose import Training, choose_head, probabilities_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.sample import Sample
    from boda.training.choose import Folds

RAW_SIDE = 16


def most_frequent(targets: np.ndarray, classes: int, n: int) -> np.ndarray:
    """The answer (n, classes) of one who has seen only labels: how often each class occurs."""
    share = np.bincount(targets, minlength=classes) / len(targets) if targets.ndim == 1 else targets.mean(axis=0)
    return np.tile(share, (n, 1))


def raw_pixels(
    train: Sequence[Sample], targets: np.ndarray, held_out: Sequence[Sample], classes: int, folds: Folds
) -> np.ndarray:
    """The answers (n, classes) of a linear model on 16 x 16 pictures, its penalty chosen as boda's own is."""
    view = View(RAW_SIDE)
    seen, unseen = (
        np.stack([p.ravel() for p in in_order(view.pixels, part)]).astype(np.float32) for part in (train, held_out)
    )
    training = Training((seen,), targets, classes, folds)
    choice = choose_head(training, HeadRecipe(), seed=0)
    return probabilities_of(choice.head.logits(unseen), multilabel=training.multilabel)
