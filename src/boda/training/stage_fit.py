"""One stage: what thaws, the batches that it learns from, and the training itself; a learner is changed in place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.metrics.calibrate import fit_temperature
from boda.models.cut import cut_layer, freeze, layer_depths, tail
from boda.models.keras_import import import_keras
from boda.training import activations
from boda.training.callbacks import tensorboard
from boda.training.checkpoint import Checkpoints
from boda.training.choose import is_right, mean_log_loss
from boda.training.learner import Learner, hurry_statistics
from boda.training.loop import train
from boda.training.networks import cut_network
from boda.training.objectives import loss_of
from boda.training.optimizers import optimizer_of
from boda.training.pictures import pipeline_of, variants
from boda.training.schedules import callbacks_of
from boda.training.signals import Stop
from boda.training.sources import Kept, Lesson, Live

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from boda.models.heads.classify import Head
    from boda.recipe import Levers, Recipe, Stage

BATCH = 64  # pictures that are answered on at a time
MONITOR = "val_calibrated_loss"


@dataclass(frozen=True, eq=False)
class Setting:
    """What all stages of one training share.

    Args:
        recipe: what to train.
        pictures: the training part, `Pictures` or `BoxPictures`.
        seed: of all chance.
        place: where checkpoints go; None writes none.
        fingerprint: of data and recipe, which a checkpoint must bear.
        callbacks: the user's Keras callbacks.
        tensorboard: a folder for TensorBoard's files, or None.
    """

    recipe: Recipe
    pictures: Any
    seed: int
    place: Path | None = None
    fingerprint: str = ""
    callbacks: Sequence[Any] = ()
    tensorboard: Path | None = None
    stop: Stop = field(default_factory=Stop)


@dataclass(frozen=True, eq=False)
class Fitted:
    """One stage, trained: a line an epoch, the best epoch (from 1), and logits (m, classes) on the unseen pictures."""

    history: list[dict[str, Any]]
    best_epoch: int
    logits: np.ndarray


def fit_stage(
    setting: Setting,
    learner: Learner,
    stage: Stage,
    seen: np.ndarray,
    unseen: np.ndarray | None,
    name: str,
    epochs: int | None = None,
    *,
    watched: bool = True,
    what: str = "",
) -> Fitted:
    """Train one stage in place on the pictures `seen`, watched on `unseen` where there are any.

    Args:
        setting: what all stages share.
        learner: is changed.
        stage: what thaws, and how.
        seen: places to learn from.
        unseen: places to answer on; None for none.
        name: of the checkpoints' folder.
        epochs: how many to run, over which the rate falls; None takes the stage's.
        watched: whether `unseen` is measured after each epoch, by which a stage with patience ends.
        what: its name for people; what thaws where it is empty.
    """
    pictures, keras = setting.pictures, import_keras()
    freeze(learner.model, learner.name, stage.thaw, batch_norm=stage.batch_norm)
    layer = cut_layer(learner.name, stage.thaw)
    above = tail(learner.model, layer)
    above = keras.Model(above.input, above.outputs[-1], name=f"{learner.name}_{stage.thaw}")
    lesson = Lesson.of(pictures, seen, stage, setting.seed)
    source, plain = source_of(setting, learner, lesson, stage, layer)
    answers = _Answers(above, plain, setting.stop, unseen, pictures.targets)
    watched, epochs = watched and unseen is not None, epochs or stage.epochs
    trained = train(
        above,
        source,
        optimizer=optimizer_of(
            stage,
            lesson.steps,
            epochs,
            variables_depth=layer_depths(learner.model, learner.name),
            layer_decay=stage.layer_decay,
            clip_norm=stage.clip_norm,
        ),
        loss=loss_of(stage, multilabel=pictures.targets.ndim == 2),
        epochs=epochs,
        seed=setting.seed,
        evaluate=answers.figures if watched else None,
        patience=stage.patience or None if watched else None,
        metric=every_label if pictures.targets.ndim == 2 else None,
        monitor=MONITOR,
        ema=stage.ema,
        checkpoints=checkpoints_for(setting, name, source),
        callbacks=callbacks_for(setting, stage, lesson.steps, epochs, name, monitor="val_loss" if watched else "loss"),
        stop=setting.stop,
        what=what or stage.thaw,
    )
    return Fitted(trained.history, trained.best_epoch, answers.logits())


def checkpoints_for(setting: Setting, name: str, source: Kept | Live) -> Checkpoints | None:
    """Where they go; kept and live activations are different trainings, so that one does not go on as the other."""
    if setting.place is None:
        return None
    return Checkpoints(setting.place / name, f"{setting.fingerprint}, {type(source).__name__}")


def callbacks_for(setting: Setting, levers: Levers, steps: int, epochs: int, name: str, *, monitor: str) -> list[Any]:
    """The user's callbacks, those that the schedule needs, and TensorBoard's, a folder a training."""
    board = [] if setting.tensorboard is None else [tensorboard(setting.tensorboard / name)]
    return [*setting.callbacks, *callbacks_of(levers, steps, epochs, monitor=monitor), *board]


def learner_of(setting: Setting, head: Head | None) -> Learner:
    """A fresh network with `head` on it, or, where there is none, with untrained layers."""
    recipe = setting.recipe
    widths = (*recipe.head.hidden, setting.pictures.classes)
    scratch = any(stage.thaw == "scratch" for stage in recipe.stages)
    learner = Learner.of(recipe.replace(weights=None) if scratch else recipe, head or widths, setting.seed)
    if scratch:
        hurry_statistics(learner.model)
    return learner


def source_of(
    setting: Setting, learner: Learner, lesson: Lesson, stage: Stage, layer: str | None
) -> tuple[Kept | Live, Callable[[np.ndarray], np.ndarray]]:
    """Where the stage's batches come from, and a function from places to what the tail takes of the plain pictures."""
    pictures, pipeline = setting.pictures, pipeline_of(setting.recipe, stage, setting.seed)

    def pixels(places: np.ndarray) -> np.ndarray:
        return np.stack([pictures.plain(i) for i in places]).astype(np.float32)

    if layer is None:
        return Live(lesson, pipeline, None), pixels
    path, key = cut_network(learner.name, learner.model, layer)
    shape = tuple(learner.model.get_layer(layer).output.shape[1:])
    trunk = activations.Trunk(path, key, shape, setting.recipe.precision)
    kept = activations.keep(trunk, pictures, pipeline, variants(stage))
    if kept is not None:
        return Kept(lesson, kept), kept.batch
    return Live(lesson, pipeline, trunk), lambda places: np.stack(list(trunk.run(iter(pixels(places)))))


def every_label(y: Any, logits: Any) -> Any:
    """Whether each of several labels is right, (n,) booleans, as `val_accuracy` counts them."""
    ops = import_keras().ops
    return ops.all(ops.equal(logits > 0, y > 0.5), axis=-1)


@dataclass(frozen=True, eq=False)
class _Answers:
    """What the tail says of the plain pictures at `places`, none where they are None."""

    model: Any
    plain: Callable[[np.ndarray], np.ndarray]
    stop: Stop
    places: np.ndarray | None
    targets: np.ndarray

    def logits(self) -> np.ndarray:
        """Logits (m, classes)."""
        parts = [np.zeros((0, self.model.output.shape[-1]), np.float32)]
        places = np.zeros(0, np.int64) if self.places is None else self.places
        for start in range(0, len(places), BATCH):
            self.stop.check()
            parts.append(np.asarray(self.model.predict_on_batch(self.plain(places[start : start + BATCH]))))
        return np.concatenate(parts)

    def figures(self, model: Any) -> dict[str, float]:  # noqa: ARG002 - the loop hands it over
        """Log loss, the same at the temperature that suits the answers best, as in the report, and accuracy."""
        logits, targets = self.logits(), self.targets[self.places]
        right = float(is_right(logits, targets).mean())
        loss = {"val_loss": mean_log_loss(logits, targets), "val_calibrated_loss": calibrated_loss(logits, targets)}
        return {**loss, "val_accuracy": right}


def calibrated_loss(logits: np.ndarray, targets: np.ndarray) -> float:
    """Log loss at the temperature that suits these answers best, as the report has it too."""
    return mean_log_loss(logits / fit_temperature(logits, targets, multilabel=targets.ndim == 2), targets)
