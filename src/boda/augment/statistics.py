"""Pictures to the means and deviations that the featurewise steps subtract and divide by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.errors import AugmentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FLOOR = 1e-6  # added to every deviation that is divided by, as Keras does
BLOCK = 256  # pictures at a time


@dataclass(frozen=True)
class FeaturewiseStatistics:
    """The mean and the standard deviation of each channel of a data set.

    Args:
        mean: (c,) float64.
        std: (c,) float64, of the population, as NumPy's.
        count: how many pictures it was learned from.
    """

    mean: np.ndarray
    std: np.ndarray
    count: int


def fit_statistics(images: np.ndarray | Iterable[np.ndarray]) -> FeaturewiseStatistics:
    """Learn each channel's mean and standard deviation in one pass, in float64.

    Args:
        images: (n, h, w, c), or batches of such an array; sizes may differ from batch to batch.

    Raises:
        AugmentError: No pictures, an array that has not four axes, or another number of channels in between.

    Example:
        >>> fitted = fit_statistics(np.array([[[[0.0]], [[4.0]]]]))
        >>> fitted.mean.tolist(), fitted.std.tolist(), fitted.count
        ([2.0], [2.0], 1)

    Reference:
        Chan, Golub and LeVeque, Updating formulae and a pairwise algorithm for computing sample variances, 1979
    """
    count, number, mean, squares = 0, 0, np.zeros(1), np.zeros(1)
    for batch in as_batches(images):
        values = batch.reshape(-1, batch.shape[-1]).astype(np.float64)
        if count and values.shape[1] != len(mean):
            raise AugmentError(
                f"fit_statistics: the first batches have {len(mean)} channels, but then came one of shape "
                f"{batch.shape}. Give all pictures the same number of channels."
            )
        own = values.mean(axis=0)
        share = len(values) / (number + len(values))
        squares = squares + np.square(values - own).sum(axis=0) + np.square(own - mean) * number * share
        mean = mean + (own - mean) * share
        number, count = number + len(values), count + len(batch)
    if not number:
        raise AugmentError("fit_statistics: expected pictures (n, h, w, c), but there were none. Give at least one.")
    return FeaturewiseStatistics(mean, np.sqrt(squares / number), count)


def as_batches(images: np.ndarray | Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The pictures of an array (n, h, w, c), some at a time; or the batches of an iterable, each checked.

    Raises:
        AugmentError: An array that has not four axes.
    """
    whole = isinstance(images, np.ndarray) and images.ndim == 4
    for batch in (images[i : i + BLOCK] for i in range(0, len(images), BLOCK)) if whole else images:  # type: ignore[arg-type, index] # it has a length
        if not isinstance(batch, np.ndarray) or batch.ndim != 4:
            raise AugmentError(
                f"Expected pictures as an array (n, h, w, c), or batches of such. Received "
                f"{getattr(batch, 'shape', type(batch).__name__)}. Stack the pictures, or add the missing axis."
            )
        if len(batch):
            yield batch
