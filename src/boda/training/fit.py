"""Keras trains a head on kept features: arrays in, a folded Head and its history out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.batches import shuffled
from boda.errors import BodaError, RecipeError
from boda.models.heads.classify import Head, fold_keras_head, sample_weights, soft_targets
from boda.models.keras_import import import_keras
from boda.training.head_network import Epoch, network_of
from boda.training.linear import Standard
from boda.training.mixing import check_mix_of_head, pairs
from boda.training.schedules import plateau_factor, rate_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from boda.recipe import HeadRecipe
    from boda.training.head_network import Network

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
    """Train the recipe's head on `seen` (features (n, d), targets), as its levers say.

    With `unseen`, an inner part of the training pictures, it stops when their loss no longer falls,
    and the best epoch's weights are kept; without, it trains for `epochs`, on the schedule of the recipe's.
    How pictures are varied is the caller's business. One call at a time in a process: the graph is shared.

    Raises:
        RecipeError: the recipe asks for CutMix, which a head cannot have, or Keras is not on TensorFlow.
        BodaError: the loss is no longer finite; it says in which epoch, and what to try.
    """
    lesson = _Lesson.of(seen, classes, recipe, seed)
    network = lesson.network()
    held_out = None
    if unseen is not None:
        held_out = lesson.standard(unseen[0]), soft_targets(unseen[1], classes)
    lines: list[dict[str, Any]] = []
    best, weights = 0, None
    for epoch in range(epochs or recipe.epochs):
        rates = lesson.rates(epoch, lines)
        line = {"epoch": epoch + 1, "learning_rate": float(rates[-1])}
        line["loss"] = network.train(lesson.epoch(epoch, rates))
        if held_out is not None:
            line["val_loss"] = network.measure(*held_out)
        _refuse_infinite(line, recipe)
        lines.append(line)
        if held_out is None:
            continue
        if weights is None or line["val_loss"] < lines[best]["val_loss"]:
            best, weights = epoch, network.weights()
        elif epoch - best >= PATIENCE:
            break
    if weights is not None:
        network.set_weights(weights)
    head = fold_keras_head(network.answering, lesson.standard.mean, lesson.standard.scale)
    return Fit(head, len(lines) if held_out is None else best + 1, lines)


def head_step(
    features: np.ndarray, targets: np.ndarray, classes: int, recipe: HeadRecipe, seed: int
) -> Callable[[float], float]:
    """A function that trains a fresh head on the next batch at the rate given to it, and returns the batch's loss.

    Batches follow one another through epochs without end; the loss is that before the step. Nothing else that uses
    heads may run in between.
    """
    lesson = _Lesson.of((features, targets), classes, recipe, seed)
    network = lesson.network()
    place = iter(range(2**62))

    def step(rate: float) -> float:
        epoch, batch = divmod(next(place), lesson.steps)
        return network.train(lesson.epoch(epoch, np.full(lesson.steps, rate)).only(batch))

    return step


@dataclass(frozen=True, eq=False)
class _Lesson:
    """What a head learns from, and how: standardised features (n, d), soft targets (n, classes), weights (n,)."""

    standard: Standard
    data: tuple[Any, Any, Any]
    recipe: HeadRecipe
    seed: int
    multilabel: bool

    @classmethod
    def of(cls, seen: tuple[np.ndarray, np.ndarray], classes: int, recipe: HeadRecipe, seed: int) -> _Lesson:
        check_mix_of_head(recipe)
        _check_backend()
        import tensorflow as tf

        features, targets = seen
        standard = Standard.of(features)
        soft = soft_targets(targets, classes, recipe.label_smoothing)
        weights = sample_weights(targets, classes, recipe)
        data = tuple(tf.constant(array, tf.float32) for array in (standard(features), soft, weights))
        return cls(standard, data, recipe, seed % 2**31, targets.ndim == 2)

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return -(-len(self.data[0]) // self.recipe.batch_size)

    def network(self) -> Network:
        """The network, as untrained as the seed makes it."""
        features, classes = self.data[0].shape[1], self.data[1].shape[1]
        return network_of(features, classes, self.recipe, self.seed, multilabel=self.multilabel)

    def rates(self, epoch: int, lines: list[dict[str, Any]]) -> np.ndarray:
        """The rate (steps,) of each step of `epoch`, after epochs with `lines`."""
        steps = epoch * self.steps + np.arange(self.steps)
        rates = rate_at(self.recipe, steps, self.steps, self.recipe.epochs)
        if self.recipe.schedule == "plateau":
            rates = rates * plateau_factor([line.get("val_loss", line["loss"]) for line in lines])
        return rates

    def epoch(self, epoch: int, rates: np.ndarray) -> Epoch:
        """What the graph goes through in `epoch`."""
        n, size = len(self.data[0]), self.recipe.batch_size
        order = shuffled(n, seed=self.seed, epoch=epoch)
        done = epoch * self.steps + np.arange(self.steps)
        momenta = np.minimum(self.recipe.ema, (1 + done) / (10 + done))
        return Epoch(self.data, order, size, rates, momenta, *self._partners(order, epoch))

    def _partners(self, order: np.ndarray, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The partner of each sample within its batch, and the share that stays of its own."""
        if self.recipe.mix == "none":
            return order, np.ones(len(order))
        size, alpha = self.recipe.batch_size, self.recipe.mix_alpha
        batches = [order[i : i + size] for i in range(0, len(order), size)]
        drawn = [pairs(len(rows), alpha, self.seed, epoch, batch) for batch, rows in enumerate(batches)]
        partners = [rows[pair.partner] for rows, pair in zip(batches, drawn, strict=True)]
        return np.concatenate(partners), np.concatenate([pair.share for pair in drawn])


def _refuse_infinite(line: dict[str, Any], recipe: HeadRecipe) -> None:
    if wrong := [name for name in ("loss", "val_loss") if not np.isfinite(line.get(name, 0.0))]:
        raise BodaError(
            f"The head's {wrong[0]} became {line[wrong[0]]} in epoch {line['epoch']}; "
            f"try a lower head.learning_rate than {recipe.learning_rate}."
        )


def _check_backend() -> None:
    if (backend := import_keras().backend.backend()) != "tensorflow":
        raise RecipeError(f"Heads train in Keras on TensorFlow. Received: KERAS_BACKEND={backend}. Unset it.")
