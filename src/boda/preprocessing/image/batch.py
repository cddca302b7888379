"""Pictures to one batch: every chance is drawn first, in Keras's order; then threads share the work on the pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.augment.share import share
from boda.preprocessing.image.render import render
from boda.preprocessing.image.transform import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = ("get_random_transform", "apply_transform", "standardize", "random_transform")


def fill_batch(
    batch: np.ndarray,
    load: Callable[[int], np.ndarray],
    generator: Any,
    data_format: str,
    *,
    augment: bool = True,
    threads: int = 2,
) -> list[dict[str, Any]]:
    """Fill `batch` (n, h, w, c), or (n, c, h, w), with what `generator` makes of the pictures.

    Args:
        batch: where the pictures go.
        load: gives picture i, (h, w, c), by its place in the batch; it may be called from several threads.
        generator: an `ImageDataGenerator` or anything with its methods; None changes nothing.
        data_format: that of the batch.
        augment: whether anything is drawn at all.
        threads: how many share the work, where order cannot matter.

    Returns:
        What was drawn for each picture.
    """
    if generator is None:
        share(lambda i: _store(batch, i, load(i), data_format), len(batch), threads)
        return [NOTHING] * len(batch)
    if not _is_plain(generator, batch, data_format):
        return [_by_methods(batch, i, load, generator, data_format, augment=augment) for i in range(len(batch))]
    if generator.preprocessing_function:
        return [_in_turn(batch, i, load, generator, data_format, augment=augment) for i in range(len(batch))]
    drawn = [_draw(generator, batch, augment=augment) for _ in range(len(batch))]
    share(lambda i: _render(batch, i, load, generator, data_format, drawn[i]), len(batch), threads)
    if generator.zca_whitening and len(batch):
        batch[...] = generator.whiten(batch)  # one product of matrices for all
    return drawn


def _is_plain(generator: Any, batch: np.ndarray, data_format: str) -> bool:
    """Whether the generator's own methods are at work, so that their work may be done in one pass."""
    from boda.preprocessing.image.generator import ImageDataGenerator

    if not isinstance(generator, ImageDataGenerator) or batch.dtype != np.float32:
        return False
    own = all(getattr(type(generator), step) is getattr(ImageDataGenerator, step) for step in STEPS)
    return own and generator.data_format == data_format and not any(step in vars(generator) for step in STEPS)


def _draw(generator: Any, batch: np.ndarray, *, augment: bool) -> dict[str, Any]:
    return generator.get_random_transform(batch.shape[1:]) if augment else NOTHING


def _by_methods(
    batch: np.ndarray,
    i: int,
    load: Callable[[int], np.ndarray],
    generator: Any,
    data_format: str,
    *,
    augment: bool,
) -> dict[str, Any]:
    """One picture as Keras does it, method by method: a subclass may have changed any of them."""
    x = load(i).astype(batch.dtype)
    x = np.ascontiguousarray(np.moveaxis(x, 2, 0)) if data_format == "channels_first" else x
    drawn = generator.get_random_transform(x.shape) if augment else NOTHING
    batch[i] = generator.standardize(generator.apply_transform(x, drawn) if augment else x)
    return drawn


def _in_turn(
    batch: np.ndarray,
    i: int,
    load: Callable[[int], np.ndarray],
    generator: Any,
    data_format: str,
    *,
    augment: bool,
) -> dict[str, Any]:
    """One picture after the other, since the user's function may draw chances too."""
    image = load(i)
    drawn = _draw(generator, batch, augment=augment)
    x = np.empty(image.shape, np.float32)
    render(image, drawn, generator.rendering(1.0), x)
    batch[i] = generator.standardize(np.moveaxis(x, 2, 0) if data_format == "channels_first" else x)
    return drawn


def _render(
    batch: np.ndarray,
    i: int,
    load: Callable[[int], np.ndarray],
    generator: Any,
    data_format: str,
    drawn: dict[str, Any],
) -> None:
    image, how = load(i), generator.rendering(generator.rescale or 1.0)
    if data_format == "channels_first":
        x = np.empty(image.shape, np.float32)
        render(image, drawn, how, x)
        batch[i] = np.moveaxis(x, 2, 0)
    else:
        render(image, drawn, how, batch[i])
    generator.centre(batch[i])


def _store(batch: np.ndarray, i: int, image: np.ndarray, data_format: str) -> None:
    batch[i] = np.moveaxis(image, 2, 0) if data_format == "channels_first" else image
