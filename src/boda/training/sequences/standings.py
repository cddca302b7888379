"""Standings of a ladder of sequences: the scores of its rungs to figures, differences and verdicts, for ladder.json.

A difference says by how much a rung is better than the base, so that above 0 is better whatever the score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.metrics.compare import compare, judge
from boda.metrics.intervals import bootstrap_mean, score_interval
from boda.metrics.sequence import rounded
from boda.training.cells import read_cells
from boda.training.ladder import ENDED
from boda.training.sequences.rung_scores import SCORES, scores_of, sign_of
from boda.training.standings import by_unit, verdict_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.metrics.compare import Comparison
    from boda.training.cells import Cell
    from boda.training.rungs import Rung
    from boda.training.sequences.ladder import SequenceLadder
    from boda.training.sequences.ladder_sequences import LadderSequences

KNOWN = ("status", "reason", "seconds", "cpu_seconds", "estimate_seconds", "peak_mb")
Scores = dict[str, np.ndarray]


def standings(ladder: SequenceLadder, *, final: bool) -> list[dict[str, Any]]:
    """A dict a rung, in the ladder's order.

    Args:
        ladder: under way or climbed.
        final: whether to compare; while a ladder runs nothing is compared, so that nobody stops at a lucky moment.
    """
    cells = {rung.name: read_cells(ladder.folder / "rungs" / rung.name / "cells") for rung in ladder.rungs}
    states = {rung.name: ladder.state(rung) for rung in ladder.rungs}
    ended = [name for name, state in states.items() if state.get("status") in ENDED and cells[name]]
    scores = {name: scores_of(cells[name], ladder.pictures) for name in ended}
    verdicts = _verdicts(scores, ladder) if final else {}
    return [
        {
            **_about(rung, states[rung.name], cells[rung.name]),
            **_figures(scores.get(rung.name), cells[rung.name], ladder.pictures, ladder.settings.seed),
            **verdicts.get(rung.name, {}),
        }
        for rung in ladder.rungs
    ]


def _about(rung: Rung, state: dict[str, Any], cells: Sequence[Cell]) -> dict[str, Any]:
    """What the rung is, and what is known of its run."""
    told = {"name": rung.name, "title": rung.title, "kind": rung.kind, "does": rung.does, "when": rung.when}
    known = {name: state[name] for name in KNOWN if name in state}
    return {**told, "change": dict(rung.change), **known, "cells": len(cells)}


def _figures(scores: Scores | None, cells: Sequence[Cell], sequences: LadderSequences, seed: int) -> dict[str, Any]:
    """Each score's mean with its interval, of which a unit with its copies is one; and the same for each fold."""
    if scores is None:
        return {}
    found: dict[str, Any] = {}
    for name, values in scores.items():
        mean, units = float(np.nanmean(values)), by_unit(values, sequences.groups)
        found[name] = mean
        found[f"{name}_interval"] = _interval(name, mean, units, seed)
    return rounded({**found, "folds": [_fold(cell, scores) for cell in cells]})


def _interval(name: str, mean: float, units: np.ndarray, seed: int) -> list[float] | None:
    if name == "accuracy":
        return list(score_interval(mean, len(units)))
    if len(units) < 2:
        return None
    lo, hi = bootstrap_mean(units, rng=np.random.default_rng([seed, 3]))
    return [min(lo, mean), max(hi, mean)]


def _fold(cell: Cell, scores: Scores) -> dict[str, Any]:
    means = {name: float(values[cell.repeat, cell.unseen].mean()) for name, values in scores.items()}
    history = [line for line in cell.history if "epoch" in line]
    known = {"repeat": cell.repeat, "fold": cell.fold, "n": len(cell.unseen)}
    return {**known, **means, "seconds": cell.seconds, "history": history}


def _verdicts(scores: dict[str, Scores], ladder: SequenceLadder) -> dict[str, dict[str, Any]]:
    """For each rung but the base, by how much it is better, and the verdict, corrected for all rungs and scores."""
    base = ladder.rungs[0].name
    if base not in scores or len(scores) < 2:
        return {}
    dealt, rng = ladder.pictures, np.random.default_rng([ladder.settings.seed, 4])
    better = {name: {key: sign_of(key) * values for key, values in some.items()} for name, some in scores.items()}
    mine = better.pop(base)
    key, *second = SCORES[dealt.dataset.task]
    if second:
        found = judge(mine, better, dealt.groups, dealt.fits, rng=rng)
        return {name: rounded(verdict_of(one)) for name, one in found.items()}
    alone = {name: some[key] for name, some in better.items()}
    compared = compare(mine[key], alone, dealt.groups, dealt.fits, rng=rng)
    return {name: rounded(_verdict(one, key)) for name, one in compared.items()}


def _verdict(one: Comparison, key: str) -> dict[str, Any]:
    shown = one.verdict != "no difference shown"
    return {
        "difference": one.difference,
        "interval": list(one.interval),
        "p": one.p,
        "p_adjusted": one.p_adjusted,
        "verdict": one.verdict,
        "shown_in": [key] if shown else [],
    }
