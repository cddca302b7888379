"""Stages of a network of boxes: each is tried on an inner fold first, and rolled back where it is not better there.

What is found on pictures of the inner folds, which the network has not seen, also calibrates the confidence.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.boxes import Detections, iou
from boda.metrics import boxes as box_metrics
from boda.metrics.box_matches import match
from boda.progress import say
from boda.training.box_fit import fit_boxes, truth_of
from boda.training.box_learner import BoxLearner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.recipe import Stage
    from boda.training.box_fit import FittedBoxes
    from boda.training.stage_fit import Setting

ENOUGH = 30  # pictures to calibrate by, and to judge a stage
LARGE = 1000  # pictures of which to hold a few back for good costs less than to train twice
HELD_BACK = 150  # of so many, about
FIGURES = {"locate": ("mean_iou", "mean IoU"), "detect": ("ap", "AP")}
Fold = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class StagedBoxes:
    """What the stages came to.

    Args:
        learner: the trained network.
        unseen: places of training pictures that a network answered on which had not seen them.
        found: the answers, in displayed pixels; scores are logits.
        outcomes: for each stage whether it was kept, and the figures on the inner folds.
        history: a line an epoch of each training.
    """

    learner: BoxLearner
    unseen: np.ndarray
    found: list[Detections]
    outcomes: list[dict[str, Any]]
    history: list[dict[str, Any]]


def run_box_stages(setting: Setting, task: str, folds: Sequence[Fold]) -> StagedBoxes:
    """Try the recipe's stages on inner folds, then train those that are kept on everything.

    Of `LARGE` pictures or more those of one fold are held back for good instead, and what was tried is the result.

    Args:
        setting: what they share; its pictures are `BoxPictures`.
        task: "locate" or "detect".
        folds: (seen, unseen) places, as many as are needed to hold back `ENOUGH` pictures are used.
    """
    learner = BoxLearner.of(setting.recipe, task, setting.pictures.classes, setting.seed)
    beginning, chosen = learner.weights(), _enough(folds)
    tried = _Tried([beginning] * len(chosen))
    for number, stage in enumerate(setting.recipe.stages):
        tried.go_on(setting, learner, stage, number, chosen)
    unseen = np.concatenate([unseen for _, unseen in chosen])
    if len(setting.pictures) >= LARGE:
        learner.set_weights(tried.weights[0])
    else:
        learner.set_weights(beginning)
        everything = np.arange(len(setting.pictures))
        for number, stage in enumerate(tried.kept):
            what = f"{stage.thaw}, all pictures"
            fitted = fit_boxes(setting, learner, stage, everything, None, f"{number}-whole", what=what)
            tried.history += _lines(fitted, stage, None)
    return StagedBoxes(learner, unseen, tried.found, tried.outcomes, tried.history)


def _enough(folds: Sequence[Fold]) -> list[Fold]:
    """The first folds, until enough pictures are held back."""
    chosen: list[Fold] = []
    for fold in folds:
        if sum(len(unseen) for _, unseen in chosen) < ENOUGH:
            chosen.append(fold)
    return chosen


@dataclass(eq=False)
class _Tried:
    """What the stages came to on the inner folds so far; `weights` and `found` are those of the last kept one."""

    weights: list[list[np.ndarray]]
    kept: list[Stage] = field(default_factory=list)
    found: list[Detections] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    best: float | None = None

    def go_on(self, setting: Setting, learner: BoxLearner, stage: Stage, number: int, folds: Sequence[Fold]) -> None:
        """Try one more stage, and keep it where it is better."""
        began, after, answers = time.perf_counter(), [], []
        for fold, (seen, unseen) in enumerate(folds):
            learner.set_weights(self.weights[fold])
            what = f"{stage.thaw}, trial {fold + 1} of {len(folds)}" if len(folds) > 1 else f"{stage.thaw}, trial"
            fitted = fit_boxes(setting, learner, stage, seen, unseen, f"{number}-inner-{fold}", what=what)
            self.history += _lines(fitted, stage, fold)
            after.append(learner.weights())
            answers += in_pictures(setting, fitted.found, unseen)
        places = np.concatenate([unseen for _, unseen in folds])
        figure = judged(learner.task, truth_of(setting.pictures, places), answers, learner.classes)
        better, (name, words) = self.best is None or figure > self.best, FIGURES[learner.task]
        outcome = {"stage": stage.thaw, "number": number, "kept": better, "epochs": len(fitted.history)}
        outcome |= {"n": len(places), name: figure, f"{name}_before": self.best}
        self.outcomes.append({**outcome, "seconds": round(time.perf_counter() - began, 3)})
        say(_sentence(outcome, figure, self.best, words))
        if better:
            self.best, self.weights, self.found = figure, after, answers
            self.kept.append(stage)


def folds_for(pictures: int, usual: int) -> int:
    """How many folds to deal so many pictures into: of many, so that one holds about `HELD_BACK`."""
    return usual if pictures < LARGE else max(usual, round(pictures / HELD_BACK))


def judged(
    task: str, truth: Sequence[tuple[np.ndarray, np.ndarray]], found: Sequence[Detections], classes: int
) -> float:
    """Mean IoU where there is one box a picture, else COCO's AP."""
    if task == "locate":
        pairs = np.concatenate([boxes[:1] for boxes, _ in truth]), np.concatenate([one.boxes[:1] for one in found])
        return float(iou(*pairs).mean())
    figure = box_metrics.whole(match(truth, found, classes))["ap"]
    return 0.0 if figure is None or np.isnan(figure) else float(figure)  # none where nothing is there to be found


def in_pictures(setting: Setting, found: Sequence[Detections], places: np.ndarray) -> list[Detections]:
    """Boxes in pixels of the view as boxes in displayed pixels, clipped to the picture."""
    pictures, back = setting.pictures, []
    for one, place in zip(found, places, strict=True):
        width, height = (int(side) for side in pictures.sizes[place])
        boxes = pictures.view.place(width, height).to_picture(one.boxes)
        limits = np.array([width, height, width, height], np.float32)
        back.append(replace(one, boxes=np.clip(boxes, 0, limits).astype(np.float32)))
    return back


def _sentence(outcome: dict[str, Any], figure: float, before: float | None, words: str) -> str:
    """What came of a stage, in words."""
    told = f"{words} {figure:.3f} on {outcome['n']} training pictures held back"
    if before is None:
        return f"{outcome['stage']}: {told}."
    fate = "kept" if outcome["kept"] else "rolled back"
    return f"{outcome['stage']} is {fate}: {told}, {before:.3f} before it."


def _lines(fitted: FittedBoxes, stage: Stage, fold: int | None) -> list[dict[str, Any]]:
    """History lines, with the stage and the fold (None for everything)."""
    return [{"kind": "epoch", "stage": stage.thaw, "fold": fold, **line} for line in fitted.history]
