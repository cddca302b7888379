"""How a rung answers on a fold: by the nearest class mean, an exact head, a head by Keras, or thawed layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.models.heads.classify import sample_weights, soft_targets
from boda.training.cells import Cell, place_on_path
from boda.training.choose import DECAYS, Training, class_means, mean_log_loss, nearest_means, one_blas_thread
from boda.training.features import Extractor, head_views
from boda.training.linear import solve_path
from boda.training.pictures import view_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from boda.models.heads.classify import Head
    from boda.recipe import HeadRecipe, Recipe
    from boda.training.ladder_pictures import LadderPictures
    from boda.training.pictures import Pictures

Answered = tuple[np.ndarray, list[dict[str, Any]]]


def answerer(
    recipe: Recipe, pictures: LadderPictures, seed: int, base: Sequence[Cell] = ()
) -> Callable[[int, int], Answered]:
    """A function from (repeat, fold) to logits (p, m, classes) on the fold's m unseen pictures, and history lines.

    p is the number of penalties that a linear head tries, strongest first; 1 where there is no such path.
    Chance is a function of the seed, the repeat and the fold, the same for all rungs.

    Args:
        recipe: what to train.
        pictures: with their folds.
        seed: of all chance.
        base: the base's cells, which choose the penalty of the head that thawed layers begin with.
    """
    seen_in = pictures.seen_in(view_of(recipe))
    starts, thaws = recipe.stages[0].thaw, any(stage.trains_backbone for stage in recipe.stages)
    training = None if starts == "scratch" else _training(recipe, seen_in, seed)

    def answer(repeat: int, fold: int) -> Answered:
        seen, unseen = pictures.cell(repeat, fold)
        own = seed + 1 + repeat * pictures.folds + fold
        if thaws:
            others = [cell for cell in base if cell.repeat == repeat and cell.fold != fold]
            head = None if training is None else _first_head(training, recipe, seen, others, own)
            return _by_stages(recipe, seen_in, seen, unseen, head, own)
        assert training is not None  # noqa: S101 - only scratch has no head to begin with, and it thaws
        if starts == "as-is":
            return _by_means(training, seen, unseen)
        if recipe.head.is_linear:
            return _by_path(training, recipe.head, seen, unseen)
        return _by_keras(training, recipe.head, seen, unseen, own)

    return answer


def _training(recipe: Recipe, pictures: Pictures, seed: int) -> Training:
    """The features of all views."""
    views = head_views(recipe, Extractor.of(recipe), pictures, seed)
    return Training(views, pictures.targets, pictures.classes, folds=[])


def _by_means(training: Training, seen: np.ndarray, unseen: np.ndarray) -> Answered:
    one = Training(training.views, training.targets, training.classes, [(seen, unseen)])
    return nearest_means(one).logits[None, unseen], []


def _by_path(training: Training, recipe: HeadRecipe, seen: np.ndarray, unseen: np.ndarray) -> Answered:
    logits, history = [], []
    with one_blas_thread():
        for decay, head in _path(training, recipe, seen, _decays(recipe)):
            logits.append(head.logits(training.views[0][unseen]))
            loss = mean_log_loss(logits[-1], training.targets[unseen])
            history.append({"kind": "candidate", "weight_decay": decay, "val_loss": loss})
    return np.stack(logits), history


def _by_keras(training: Training, recipe: HeadRecipe, seen: np.ndarray, unseen: np.ndarray, seed: int) -> Answered:
    """One fit on all that is seen, for the recipe's epochs: without early stopping there is nothing to choose."""
    from boda.training.fit import fit_keras_head

    fit = fit_keras_head(training.rows(seen), None, training.classes, recipe, seed, recipe.epochs)
    return fit.head.logits(training.views[0][unseen])[None], fit.history


def _by_stages(
    recipe: Recipe, pictures: Pictures, seen: np.ndarray, unseen: np.ndarray, head: Head | None, seed: int
) -> Answered:
    from boda.training.stages import answer_unseen

    logits, history = answer_unseen(recipe, pictures, seen, unseen, seed=seed, head=head)
    return logits[None], history


def _first_head(training: Training, recipe: Recipe, seen: np.ndarray, others: Sequence[Cell], seed: int) -> Head:
    """The head with which thawed layers begin, fitted on what is seen; its penalty is the base's on this fold."""
    levers = recipe.head
    if recipe.stages[0].thaw == "as-is":
        return class_means(training, seen)
    if not levers.is_linear:
        from boda.training.fit import fit_keras_head

        return fit_keras_head(training.rows(seen), None, training.classes, levers, seed, levers.epochs).head
    decays = _decays(levers)
    alike = [cell for cell in others if len(cell.logits) == len(decays)]
    place = place_on_path(alike, training.targets, len(decays))
    with one_blas_thread():
        *_, (_, head) = _path(training, levers, seen, decays[: place + 1])
    fitted: Head = head
    return fitted


def _decays(recipe: HeadRecipe) -> tuple[float, ...]:
    """The penalties of the path, strongest first."""
    return DECAYS if recipe.weight_decay == "auto" else (max(float(recipe.weight_decay), 1e-8),)


def _path(training: Training, recipe: HeadRecipe, seen: np.ndarray, decays: Sequence[float]) -> Any:
    features, targets = training.rows(seen)
    weights = sample_weights(targets, training.classes, recipe)
    soft = soft_targets(targets, training.classes, recipe.label_smoothing)
    return solve_path(features, soft, weights, decays, multilabel=training.multilabel)
