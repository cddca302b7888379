"""Standings: the answers of a ladder's rungs to figures, differences and verdicts, as ladder.json holds them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.metrics.compare import judge
from boda.metrics.intervals import bootstrap_mean, score_interval
from boda.training.cells import Cell, answers_of, calibrated, read_cells, scores_of
from boda.training.ladder import ENDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.metrics.compare import Judgement
    from boda.training.ladder import Ladder
    from boda.training.ladder_pictures import LadderPictures
    from boda.training.rungs import Rung

HELPS = "helps"
DIGITS = 6


@dataclass(frozen=True, eq=False)
class Standing:
    """One rung: what it is, what is known of its run, and its scores.

    `right` and `loss` are (repeats, n), NaN where not answered; None where the rung has not ended.
    The `cells` of a rung that has ended hold no logits any more, so that many rungs take no memory.
    """

    rung: Rung
    state: dict[str, Any]
    cells: Sequence[Cell]
    right: np.ndarray | None
    loss: np.ndarray | None


def standings(ladder: Ladder, *, final: bool, kept: dict[str, Standing] | None = None) -> list[dict[str, Any]]:
    """A dict a rung, in the ladder's order, for ladder.json.

    Args:
        ladder: under way or climbed.
        final: whether to compare; while a ladder runs nothing is compared, so that nobody stops at a lucky moment.
        kept: by name, the rungs that had ended in an earlier call and need not be read anew; this call adds its own.
    """
    pictures, kept = ladder.pictures, {} if kept is None else kept
    some = [_standing(ladder, rung, kept) for rung in ladder.rungs]
    verdicts = _verdicts(some, pictures, ladder.settings.seed) if final else {}
    return [
        {**_about(one, ladder), **_figures(one, pictures, ladder.settings.seed), **verdicts.get(one.rung.name, {})}
        for one in some
    ]


def winner_of(rungs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of the rungs that help, the one that gains most on the pictures that it shares with the base; else the base.

    Gains are compared by accuracy and then by log loss, or by what there is instead of them; a better log loss that
    costs accuracy does not win. `rungs` begin with the base.
    """
    helpful = [rung for rung in rungs if rung.get("verdict") == HELPS and rung["status"] in ENDED]
    gaining = [rung for rung in helpful if rung["difference"] >= 0]
    if not gaining:
        return rungs[0]
    return max(gaining, key=lambda rung: (rung["difference"], -rung.get("log_loss_difference", 0.0)))


def _standing(ladder: Ladder, rung: Rung, kept: dict[str, Standing]) -> Standing:
    """From `kept` where nothing has changed since; else read, and kept where the rung has ended."""
    state = ladder.state(rung)
    if rung.name in kept and kept[rung.name].state == state:
        return kept[rung.name]
    cells = read_cells(ladder.folder / "rungs" / rung.name / "cells")
    if state["status"] not in ENDED or not cells:
        return Standing(rung, state, cells, None, None)
    pictures = ladder.pictures
    logits = answers_of(cells, pictures.targets, len(pictures.fits), pictures.classes)
    light = [replace(cell, logits=np.empty(0, np.float32)) for cell in cells]
    kept[rung.name] = Standing(rung, state, light, *scores_of(logits, pictures.targets))
    return kept[rung.name]


def _about(one: Standing, ladder: Ladder) -> dict[str, Any]:
    """What the rung is, and what is known of its run."""
    rung, state = one.rung, one.state
    known = ("status", "reason", "seconds", "cpu_seconds", "estimate_seconds", "peak_mb")
    return {
        "name": rung.name,
        "title": rung.title,
        "kind": rung.kind,
        "does": rung.does,
        "when": rung.when,
        "change": dict(rung.change),
        "stages": ",".join(rung.recipe(ladder.base).stage_names),
        **{name: state[name] for name in known if name in state},
        "cells": len(one.cells),
    }


def _figures(one: Standing, pictures: LadderPictures, seed: int) -> dict[str, Any]:
    """Accuracy and log loss with intervals, of which a picture is the unit; and the same for each fold."""
    if one.right is None or one.loss is None:
        return {}
    right, loss = (by_unit(scores, pictures.groups) for scores in (one.right, one.loss))
    accuracy, mean_loss = float(np.nanmean(one.right)), float(np.nanmean(one.loss))
    lo, hi = bootstrap_mean(loss, rng=np.random.default_rng([seed, 3]))
    return _rounded(
        {
            "accuracy": accuracy,
            "accuracy_interval": list(score_interval(accuracy, len(right))),
            "log_loss": mean_loss,
            "log_loss_interval": [min(lo, mean_loss), max(hi, mean_loss)],
            "folds": [_fold(cell, one.right, one.loss) for cell in one.cells],
        }
    )


def _fold(cell: Cell, right: np.ndarray, loss: np.ndarray) -> dict[str, Any]:
    at = (cell.repeat, cell.unseen)
    return {
        "repeat": cell.repeat,
        "fold": cell.fold,
        "n": len(cell.unseen),
        "accuracy": float(right[at].mean()),
        "log_loss": float(loss[at].mean()),
        "seconds": cell.seconds,
        "history": [line for line in cell.history if "epoch" in line],
    }


def _verdicts(some: Sequence[Standing], pictures: LadderPictures, seed: int) -> dict[str, dict[str, Any]]:
    """For each rung but the base, its difference from it by accuracy and by log loss, and the verdict.

    A fold without another one of its repeat has nothing that calibrates it, unlike the base, and is not compared.
    """
    base, *others = some
    answered = {one.rung.name: _scores(one) for one in others if one.right is not None and calibrated(one.cells)}
    if base.right is None or not answered:
        return {}
    rng = np.random.default_rng([seed, 4])
    found = judge(_scores(base), answered, pictures.groups, pictures.fits, rng=rng)
    return {name: _rounded(verdict_of(one)) for name, one in found.items()}


def _scores(one: Standing) -> dict[str, np.ndarray]:
    """What `judge` takes, of which higher is better: of the folds that are calibrated."""
    assert one.right is not None  # noqa: S101 - the caller has looked
    assert one.loss is not None  # noqa: S101 - it comes with `right`
    counts = np.zeros(one.right.shape, bool)
    for cell in calibrated(one.cells):
        counts[cell.repeat, cell.unseen] = True
    return {"accuracy": np.where(counts, one.right, np.nan), "log_loss": np.where(counts, -one.loss, np.nan)}


def verdict_of(one: Judgement) -> dict[str, Any]:
    """What ladder.json says of a comparison in accuracy and log loss."""
    right, loss = one.accuracy, one.log_loss
    lo, hi = loss.interval
    return {
        "difference": right.difference,
        "interval": list(right.interval),
        "p": right.p,
        "p_adjusted": right.p_adjusted,
        "verdict": one.verdict,
        "shown_in": list(one.shown_in),
        "log_loss_difference": -loss.difference,
        "log_loss_difference_interval": [-hi, -lo],
        "log_loss_p": loss.p,
        "log_loss_p_adjusted": loss.p_adjusted,
    }


def by_unit(scores: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(m,) the mean score of each group of copies that was answered, over its pictures and the repeats."""
    known = np.isfinite(scores)
    unit = np.unique(groups, return_inverse=True)[1].reshape(-1)
    total = np.bincount(unit, np.where(known, scores, 0.0).sum(axis=0))
    count = np.bincount(unit, known.sum(axis=0))
    return np.asarray(total[count > 0] / count[count > 0])


def _rounded(value: Any) -> Any:
    """The same with numbers of six digits after the point; what is not finite becomes None."""
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    if isinstance(value, (float, np.floating)):
        return round(float(value), DIGITS) if np.isfinite(value) else None
    return value
