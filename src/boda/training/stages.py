"""Stages: from a head on frozen features to a network of which more and more has been trained on the user's pictures.

Each stage is tried first on inner folds: it learns from most of the training pictures and is measured on the others,
on so many folds that some 200 pictures are held back. Where neither log loss nor accuracy is better there than before,
it is rolled back. The stages that are kept then train on all training pictures.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.progress import say
from boda.training.choose import is_right, refit
from boda.training.stage_fit import Fitted, Setting, calibrated_loss, fit_stage, learner_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.models.heads.classify import Head
    from boda.recipe import Recipe, Stage
    from boda.training.choose import Choice, Training
    from boda.training.learner import Learner
    from boda.training.pictures import Pictures

ENOUGH = 200  # pictures to judge a stage by; on 100 the error of a difference is as large as what a stage gains
MOST_TRIALS = 3  # inner folds, since each costs nearly as much as the training on everything


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
            name, what = f"{number}-whole", f"{stage.thaw}, all pictures"
            fitted = fit_stage(setting, learner, stage, everything, None, name, outcome["epochs"], what=what)
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
            name, what = f"{number}-inner-{fold}", f"{stage.thaw}, trial {fold + 1} of {len(trials)}"
            fitted = fit_stage(setting, learner, stage, trial.seen, trial.unseen, name, what=what)
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


def _outcome(
    stage: Stage, number: int, before: np.ndarray | None, fits: Sequence[Fitted], targets: np.ndarray
) -> dict[str, Any]:
    """Whether the stage is kept: where it is better on the inner folds than what came before, in either figure.

    Log loss is calibrated. Either will do, since the trial is hard on a stage: of the fifth of the pictures that it
    lacks thawed layers gain more than a head does (on thirds of the flowers' training part: log loss 0.40 with 266
    pictures and 0.28 with 333, the head 0.43 and 0.38).
    """
    logits = np.concatenate([fitted.logits for fitted in fits])
    ours, right = calibrated_loss(logits, targets), float(is_right(logits, targets).mean())
    theirs = None if before is None else calibrated_loss(before, targets)
    right_before = None if before is None else float(is_right(before, targets).mean())
    better = theirs is None or right_before is None or ours < theirs or right > right_before
    return {
        "stage": stage.thaw,
        "number": number,
        "kept": better,
        "epochs": round(float(np.mean([fitted.best_epoch for fitted in fits]))),
        "n": len(targets),
        "log_loss": ours,
        "log_loss_before": theirs,
        "accuracy": right,
        "accuracy_before": right_before,
    }


def _sentence(outcome: dict[str, Any]) -> str:
    """What came of a stage, in words."""
    loss, before = outcome["log_loss"], outcome["log_loss_before"]
    told = f"log loss {loss:.3f} and accuracy {outcome['accuracy']:.3f} on {outcome['n']} training pictures held back"
    if before is None:
        return f"{outcome['stage']}: {told}."
    fate = "kept" if outcome["kept"] else "rolled back"
    return f"{outcome['stage']} is {fate}: {told}, {before:.3f} and {outcome['accuracy_before']:.3f} before it."


def _lines(fitted: Fitted, stage: Stage, fold: int | None) -> list[dict[str, Any]]:
    """History lines, with the stage and the fold (None for everything)."""
    return [{"kind": "epoch", "stage": stage.thaw, "fold": fold, **line} for line in fitted.history]
