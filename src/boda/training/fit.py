"""Keras trains a head on kept features: arrays in, a folded Head and its history out."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.errors import BodaError
from boda.models.heads.classify import Head, build_keras_head, fold_keras_head, sample_weights, soft_targets
from boda.models.keras_import import import_keras
from boda.training.linear import Standard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boda.recipe import HeadRecipe

DEFAULT_DECAY = 1e-4
PATIENCE = 8


@dataclass(frozen=True, eq=False)
class Fit:
    """A trained head, the epoch (from 1) whose weights it has, and a line an epoch."""

    head: Head
    best_epoch: int
    history: list[dict[str, Any]]


def fit_keras_head(
    seen: tuple[np.ndarray, np.ndarray],
    unseen: tuple[np.ndarray, np.ndarray] | None,
    classes: int,
    recipe: HeadRecipe,
    seed: int,
    epochs: int | None = None,
) -> Fit:
    """Train the recipe's head on `seen` (features (n, d), targets), by AdamW with a cosine decay.

    With `unseen`, an inner part of the training pictures, it stops when their loss no longer falls,
    and the best epoch's weights are kept; without, it trains for `epochs`.

    Raises:
        BodaError: the loss is no longer finite; it says in which epoch, and what to try.
    """
    keras = import_keras()
    keras.utils.set_random_seed(seed % 2**32)  # NumPy takes no more
    features, targets = seen
    standard = Standard.of(features)
    model = build_keras_head(features.shape[1], classes, recipe, seed)
    total = epochs or recipe.epochs
    model.compile(
        optimizer=_optimizer(keras, recipe, len(features), recipe.epochs), loss=_loss(keras, targets.ndim == 2)
    )
    with _without_remarks_on_tracing():
        history = model.fit(
            standard(features),
            soft_targets(targets, classes, recipe.label_smoothing),
            sample_weight=sample_weights(targets, classes, recipe),
            validation_data=None if unseen is None else (standard(unseen[0]), soft_targets(unseen[1], classes)),
            batch_size=recipe.batch_size,
            epochs=total,
            verbose=0,
            callbacks=[keras.callbacks.TerminateOnNaN(), *([] if unseen is None else [_stopping(keras)])],
        ).history
    lines = [
        {"epoch": i + 1, **{name: float(values[i]) for name, values in history.items()}}
        for i in range(len(history["loss"]))
    ]
    if not np.isfinite(history["loss"][-1]):
        raise BodaError(
            f"The head's loss became {history['loss'][-1]} in epoch {len(lines)}; "
            f"try a lower head.learning_rate than {recipe.learning_rate}."
        )
    best = len(lines) if unseen is None else int(np.argmin(history["val_loss"])) + 1
    return Fit(fold_keras_head(model, standard.mean, standard.scale), best, lines)


@contextmanager
def _without_remarks_on_tracing() -> Iterator[None]:
    """Each fold has a graph of its own, which TensorFlow takes for a mistake and warns of."""
    logger = logging.getLogger("tensorflow")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _optimizer(keras: Any, recipe: HeadRecipe, n: int, epochs: int) -> Any:
    steps = max(1, -(-n // recipe.batch_size)) * epochs
    decay = DEFAULT_DECAY if recipe.weight_decay == "auto" else float(recipe.weight_decay)
    return keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps), weight_decay=decay
    )


def _loss(keras: Any, multilabel: bool) -> Any:  # noqa: FBT001 - private
    return (
        keras.losses.BinaryCrossentropy(from_logits=True)
        if multilabel
        else keras.losses.CategoricalCrossentropy(from_logits=True)
    )


def _stopping(keras: Any) -> Any:
    return keras.callbacks.EarlyStopping(monitor="val_loss", patience=PATIENCE, restore_best_weights=True)
