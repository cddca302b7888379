"""The training loop in which nothing is lost: it can stop after any step, and goes on from there to the same bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.errors import RecipeError
from boda.models.keras_import import import_keras
from boda.training.callbacks import HistoryFile, callback_list
from boda.training.chance import deterministic
from boda.training.checkpoint import Checkpoints, Writer
from boda.training.course import Course, Logs, Settings, Source, Trained
from boda.training.display import Display
from boda.training.signals import Stop
from boda.training.state import State
from boda.training.step import Step, accuracy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = ["Checkpoints", "Source", "Stop", "Trained", "train"]


def train(
    model: Any,
    source: Source,
    *,
    optimizer: Any,
    loss: Callable[[Any, Any], Any],
    epochs: int,
    seed: int,
    evaluate: Callable[[Any], Logs] | None = None,
    patience: int | None = None,
    monitor: str = "val_loss",
    ema: float = 0.0,
    metric: Callable[[Any, Any], Any] | None = None,
    metric_name: str = "accuracy",
    parted: Callable[[Any], Any] | None = None,
    varying: bool = False,
    checkpoints: Checkpoints | None = None,
    callbacks: Sequence[Any] = (),
    stop: Stop | None = None,
    what: str = "training",
    history_file: Path | None = None,
) -> Trained:
    """Train `model` in place, or go on from the newest of `checkpoints` that is whole.

    Going on gives the same bits as running through, after a kill at any place: with the same arguments, a `source`
    and an `evaluate` without a memory, and the same versions, machine and number of threads.
    TensorFlow's operations are deterministic meanwhile. The state of Dropout and its kin is set from `seed`.

    Args:
        model: a built Keras model of one input with logits; only layers whose `trainable` is set learn.
        source: the batches.
        optimizer: a Keras optimizer, fresh; its learning rate may be a schedule.
        loss: `loss(y, logits)`, (n,) losses, such as a Keras loss with `reduction="none"`.
        epochs: 1 or more.
        seed: of what the model draws.
        evaluate: called with the model after each epoch; gives figures such as {"val_loss": 0.3}. It may call
            `stop.check()` now and then, so that a signal is answered there too.
        patience: epochs without a better `monitor` after which training stops; the best epoch's weights are restored
            then, and at the last epoch too. None: the last epoch counts.
        monitor: what is better when lower, or when higher where its name says accuracy, auc, f1, precision or recall.
        ema: momentum of the weights' moving average, 0 to below 1; 0 is off. In step t it is at most (1+t)/(10+t), so
            that the average soon forgets where it began. Evaluation, the callbacks' `on_epoch_end` and the result see
            the averages.
        metric: `metric(y, logits)`, (n,) values, whose mean is shown; by default, right or not.
        metric_name: what it is called in the history.
        parted: turns a batch of `source` into the model's inputs, where it has several.
        varying: whether axis 1 of a batch's x and y, the steps of sequences, differs from batch to batch.
        checkpoints: where to write them; None writes none.
        callbacks: Keras callbacks. Keras's `on_epoch_begin` is called again when training goes on within an epoch, and
            then everything is as the checkpoint has it. Whatever weights `on_train_end` sets stay.
        stop: the flag that signals set; by default one of its own.
        what: name of the training, for people.
        history_file: a file of JSON lines, whole after each epoch.

    Raises:
        Interrupted: a signal came; a checkpoint is written first.
        BodaError: the loss or the weights are no longer finite, or memory does not suffice for one sample. The model
            then has the best epoch's weights, or those with which the epoch began.
        RecipeError: an argument is out of range, nothing in the model is trainable, or Keras is not on TensorFlow.
        RunError: a checkpoint belongs to other data or another recipe, or none can be written.
    """
    keras = import_keras()
    _check_backend(keras)
    settings = Settings(epochs, seed, evaluate, patience, monitor, ema, metric_name)
    settings.check()
    _check_something_to_learn(model, source)
    model.compile(optimizer=optimizer, loss=loss)
    optimizer.build(model.trainable_variables)
    flag, display = stop or Stop(), Display(what, epochs=epochs, steps=source.steps)
    with deterministic(seed), flag, display:
        listed = callback_list(callbacks, model, epochs=epochs, steps=source.steps)
        state = State(model, listed.callbacks, ema=ema > 0)
        averages = list(zip(state.learning, state.averages, strict=False))
        step = Step(model, optimizer, loss, metric or accuracy, averages, parted, varying=varying)
        history = HistoryFile(history_file, what) if history_file else None
        return Course(source, settings, step, state, listed, Writer(checkpoints), history, flag, display).run()


def _check_backend(keras: Any) -> None:
    if keras.backend.backend() != "tensorflow":
        raise RecipeError(
            f"Training runs on Keras's TensorFlow backend. Received: KERAS_BACKEND={keras.backend.backend()}. "
            "Unset it, or set it to tensorflow."
        )


def _check_something_to_learn(model: Any, source: Source) -> None:
    if not model.trainable_variables:
        raise RecipeError("Nothing in the model is trainable. Thaw some of its layers.")
    if source.steps < 1:
        raise RecipeError(f"A source must have 1 batch or more an epoch. Received: steps={source.steps}")
