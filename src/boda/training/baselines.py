"""What a model must beat: the most frequent class, and a linear model on small raw pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from boda.batches import in_order
from boda.data.view import View
from boda.recipe import HeadRecipe
from boda.training.cache import key_of
from boda.training.choose import DECAYS, Training, choose_head, probabilities_of
from boda.training.features import compute_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from boda.sample import Sample
    from boda.training.choose import Folds

    Pictures = Sequence[tuple[Sample, str]]  # with the digest of each one's content

RAW_SIDE = 16


def most_frequent(targets: np.ndarray, classes: int, n: int) -> np.ndarray:
    """The answer (n, classes) of one who has seen only labels: how often each class occurs."""
    share = np.bincount(targets, minlength=classes) / len(targets) if targets.ndim == 1 else targets.mean(axis=0)
    return np.tile(share, (n, 1))


def raw_pixels(train: Pictures, targets: np.ndarray, held_out: Pictures, classes: int, folds: Folds) -> np.ndarray:
    """The answers (n, classes) of a linear model on 16 x 16 pictures, its penalty chosen as boda's own is."""
    training = Training((_pixels(train),), targets, classes, folds)
    choice = choose_head(training, HeadRecipe(), seed=0, decays=DECAYS[::2])
    return probabilities_of(choice.head.logits(_pixels(held_out)), multilabel=training.multilabel)


def _pixels(pictures: Pictures) -> np.ndarray:
    """(n, 768) float32; kept beside the features, since decoding is most of the time."""
    view = View(RAW_SIDE)
    keys = [key_of("raw pixels", view.key, digest) for _, digest in pictures]

    def compute(missing: list[tuple[Sample, str]]) -> Iterator[np.ndarray]:
        return map(np.ravel, in_order(lambda picture: view.pixels(*picture), missing))

    return compute_once(keys, pictures, compute, "raw pixels")
