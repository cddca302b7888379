"""Stages: from a head on frozen features to a network of which more and more has been trained on the user's pictures.

Each stage is tried first on inner folds: it learns from most of the training pictures and is measured on the others,
on so many folds that some 200 pictures are held back. Where it is not better there than what came before, it is rolled
back. The stages that are kept then train on all training pictures.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.metrics.calibrate import fit_temperature
from boda.models.cut import cut_layer, freeze, layer_depths, tail
from boda.models.keras_import import import_keras
from boda.progress import say
from boda.training import activations
from boda.training.callbacks import tensorboard
from boda.training.checkpoint import Checkpoints
from boda.training.choose import is_right, mean_log_loss, refit
from boda.training.learner import Learner
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
    from boda.recipe import Recipe, Stage
    from boda.training.choose import Choice, Training
    from boda.training.pictures import Pictures

ENOUGH = 200  # pictures to judge a stage by; on 100 the error of a difference is as large as what a stage gains
MOST_TRIALS = 3  # inner folds, since each costs nearly as much as the training on everything
BATCH = 64  # pictures that are answered on at a time
SCRATCH_MOMENTUM = 0.9  # of BatchNormalization's statistics, which 0.99 would not learn in a few hundred steps
MONITOR = "val_calibrated_loss"


@dataclass(frozen=True, eq=False)
class Setting:
    """What all stages of one training share.

    Args:
        recipe: what to train.
        pictures: the training part.
        seed: of all chance.
        place: where checkpoints go; None writes none.
        fingerprint: of data and recipe, which a checkpoint must bear.
        callbacks: the user's Keras callbacks.
        tensorboard: a folder for TensorBoard's files, or None.
    """

    recipe: Recipe
    pictures: Pictures
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


@dataclass(frozen=True, eq=False)
class Staged:
    """What the stages came to.

    Args:
        learner: the trained network; None where every stage was rolled back.
        logits: (n, classes) answers on training pictures that had not been seen; NaN where there is none.
        outcomes: for each stage whether it was kept, and the figures on the inner split.
        history: a line an epoch of each training.
    """

    learner: Learner | None
    logits: np.ndarray
    outcomes: list[dict[str, Any]]
    history: list[dict[str, Any]]


def run_stages(setting: Setting, training: Training, choice: Choice | None) -> Staged:
    """Try the recipe's stages on inner folds, then train those that are kept on everything.

    Args:
        setting: what they share.
        training: the features and inner folds, of which the first ones are tried on.
        choice: the head to begin with; None for a network from scratch.
    """
    trials, outcomes, history = _try(setting, training, choice)
    kept = [outcome for outcome in outcomes if outcome["kept"]]
    everything = np.arange(len(training.targets))
    learner = None
    if kept:
        learner = learner_of(setting, None if choice is None else choice.head)
        for number, outcome in enumerate(kept):
            stage = setting.recipe.stages[outcome["number"]]
            fitted = fit_stage(setting, learner, stage, everything, None, f"{number}-whole", outcome["epochs"])
            history += _lines(fitted, stage, None)
    answers = np.full((len(training.targets), training.classes), np.nan, np.float32)
    for trial in trials:
        answers[trial.unseen] = trial.logits
    return Staged(learner, answers, outcomes, history)


def answer_unseen(
    recipe: Recipe, pictures: Pictures, seen: np.ndarray, unseen: np.ndarray, *, seed: int, head: Head | None
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Train every stage of `recipe` on the pictures `seen`, for all of its epochs, and answer on `unseen`.

    Args:
        recipe: with stages that train the backbone.
        pictures: all of them.
        seen: places to learn from.
        unseen: places to answer on, which no choice has seen.
        seed: of all chance.
        head: fitted on `seen`, to begin with; None for a network from scratch.

    Returns:
        Logits (len(unseen), classes), and a line an epoch.
    """
    setting = Setting(recipe, pictures, seed)
    learner, history, logits = learner_of(setting, head), [], np.zeros((0, pictures.classes), np.float32)
    for stage in recipe.stages:
        if stage.trains_backbone:
            fitted = fit_stage(setting, learner, stage, seen, unseen, "", watched=False)
            history += _lines(fitted, stage, None)
            logits = fitted.logits
    return logits, history


@dataclass(eq=False)
class _Trial:
    """An inner fold: the weights so far, and the answers (m, classes) on the unseen pictures; None before any."""

    seen: np.ndarray
    unseen: np.ndarray
    weights: list[np.ndarray]
    logits: np.ndarray | None


def _try(
    setting: Setting, training: Training, choice: Choice | None
) -> tuple[list[_Trial], list[dict[str, Any]], list[dict[str, Any]]]:
    """Each stage on inner folds: the folds with their last kept answers, an outcome a stage, and a line an epoch."""
    learner, trials = _trials(setting, training, choice)
    targets = training.targets[np.concatenate([trial.unseen for trial in trials])]
    outcomes, history = [], []
    for number, stage in enumerate(setting.recipe.stages):
        if not stage.trains_backbone:
            continue
        began, after = time.perf_counter(), []
        for fold, trial in enumerate(trials):
            learner.set_weights(trial.weights)
            fitted = fit_stage(setting, learner, stage, trial.seen, trial.unseen, f"{number}-inner-{fold}")
            after.append((fitted, learner.weights()))
            history += _lines(fitted, stage, fold)
        outcome = _outcome(stage, number, _joined(trials), [fitted for fitted, _ in after], targets)
        outcomes.append({**outcome, "seconds": round(time.perf_counter() - began, 3)})
        say(_sentence(outcome))
        if outcome["kept"]:
            for trial, (fitted, weights) in zip(trials, after, strict=True):
                trial.logits, trial.weights = fitted.logits, weights
    return trials, outcomes, history


def _trials(setting: Setting, training: Training, choice: Choice | None) -> tuple[Learner, list[_Trial]]:
    """A learner, and so many inner folds that enough pictures are held back to judge by."""
    folds = training.folds[:MOST_TRIALS]
    while len(folds) > 1 and sum(len(unseen) for _, unseen in folds[:-1]) >= ENOUGH:
        folds = folds[:-1]
    learner, trials = None, []
    for seen, unseen in folds:
        head = None if choice is None else refit(training, seen, setting.recipe.head, choice, setting.seed)
        learner = learner or learner_of(setting, head)
        if head is not None:
            learner.set_head(head)
        logits = None if head is None else head.logits(training.views[0][unseen])
        trials.append(_Trial(seen, unseen, learner.weights(), logits))
    assert learner is not None  # noqa: S101 - there are two folds or more
    return learner, trials


def _joined(trials: Sequence[_Trial]) -> np.ndarray | None:
    """The answers of all folds; None where there are none yet."""
    logits = [trial.logits for trial in trials if trial.logits is not None]
    return np.concatenate(logits) if logits else None


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
        checkpoints=_checkpoints(setting, name, source),
        callbacks=_callbacks(setting, stage, lesson.steps, epochs, name, monitor="val_loss" if watched else "loss"),
        stop=setting.stop,
        what=stage.thaw,
    )
    return Fitted(trained.history, trained.best_epoch, answers.logits())


def _checkpoints(setting: Setting, name: str, source: Kept | Live) -> Checkpoints | None:
    """Where they go; kept and live activations are different trainings, so that one does not go on as the other."""
    if setting.place is None:
        return None
    return Checkpoints(setting.place / name, f"{setting.fingerprint}, {type(source).__name__}")


def _callbacks(setting: Setting, stage: Stage, steps: int, epochs: int, name: str, *, monitor: str) -> list[Any]:
    """The user's callbacks, those that the schedule needs, and TensorBoard's, a folder a training."""
    board = [] if setting.tensorboard is None else [tensorboard(setting.tensorboard / name)]
    return [*setting.callbacks, *callbacks_of(stage, steps, epochs, monitor=monitor), *board]


def learner_of(setting: Setting, head: Head | None) -> Learner:
    """A fresh network with `head` on it, or, where there is none, with untrained layers."""
    recipe = setting.recipe
    widths = (*recipe.head.hidden, setting.pictures.classes)
    scratch = any(stage.thaw == "scratch" for stage in recipe.stages)
    learner = Learner.of(recipe.replace(weights=None) if scratch else recipe, head or widths, setting.seed)
    if scratch:
        for layer in learner.model.layers:
            if hasattr(layer, "moving_mean"):
                layer.momentum = SCRATCH_MOMENTUM
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


def _outcome(
    stage: Stage, number: int, before: np.ndarray | None, fits: Sequence[Fitted], targets: np.ndarray
) -> dict[str, Any]:
    """Whether the stage is kept: its log loss on the inner folds against that of what came before, both calibrated."""
    logits = np.concatenate([fitted.logits for fitted in fits])
    ours = calibrated_loss(logits, targets)
    theirs = None if before is None else calibrated_loss(before, targets)
    return {
        "stage": stage.thaw,
        "number": number,
        "kept": theirs is None or ours < theirs,
        "epochs": round(float(np.mean([fitted.best_epoch for fitted in fits]))),
        "n": len(targets),
        "log_loss": ours,
        "log_loss_before": theirs,
        "accuracy": float(is_right(logits, targets).mean()),
        "accuracy_before": None if before is None else float(is_right(before, targets).mean()),
    }


def calibrated_loss(logits: np.ndarray, targets: np.ndarray) -> float:
    """Log loss at the temperature that suits these answers best, as the report has it too."""
    return mean_log_loss(logits / fit_temperature(logits, targets, multilabel=targets.ndim == 2), targets)


def _sentence(outcome: dict[str, Any]) -> str:
    """What came of a stage, in words."""
    loss, before = outcome["log_loss"], outcome["log_loss_before"]
    where = f"on {outcome['n']} training pictures held back"
    if before is None:
        return f"{outcome['stage']}: log loss {loss:.3f} {where}."
    fate = "kept" if outcome["kept"] else "rolled back"
    return f"{outcome['stage']} is {fate}: log loss {loss:.3f} {where}, {before:.3f} before it."


def _lines(fitted: Fitted, stage: Stage, fold: int | None) -> list[dict[str, Any]]:
    """History lines, with the stage and the fold (None for everything)."""
    return [{"kind": "epoch", "stage": stage.thaw, "fold": fold, **line} for line in fitted.history]
