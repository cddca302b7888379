"""Values at some of a grid's times to values at all of them: what is missing lies on the line between neighbours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from boda.sample import BadFile

if TYPE_CHECKING:
    from boda.data.sequences.steps import Grid

MOST_MISSING = 0.2  # of a channel


@dataclass(frozen=True, eq=False)
class Filled:
    """A series without gaps: times (t,), values (t, channels), and what was filled.

    `missing` (channels,) counts values, `rows` whole rows that were not there, `cells` empty cells in the others.
    """

    name: str
    step: str
    times: np.ndarray
    values: np.ndarray
    missing: np.ndarray
    rows: int
    cells: int


def fill(name: str, values: np.ndarray, grid: Grid) -> Filled:
    """Put `values`, (n, channels) with NaN where one is missing, on the grid; at the ends, the nearest is repeated."""
    whole = np.full((len(grid.times), values.shape[1]), np.nan)
    whole[grid.places] = values
    missing = np.isnan(whole)
    place = np.arange(len(whole))
    for channel, gaps in zip(whole.T, missing.T, strict=True):
        if gaps.any() and not gaps.all():
            channel[gaps] = np.interp(place[gaps], place[~gaps], channel[~gaps])
    return Filled(
        name=name,
        step=grid.step,
        times=grid.times,
        values=whole,
        missing=missing.sum(axis=0),
        rows=len(whole) - len(values),
        cells=int(np.isnan(values).sum()),
    )


def with_one_step(table: str, filled: list[Filled]) -> tuple[list[Filled], list[BadFile]]:
    """The series with the step that most have, and the others as bad."""
    steps = [one.step for one in filled]
    common = max(dict.fromkeys(steps), key=steps.count, default="")
    others = [one for one in filled if one.step != common]
    bad = [BadFile(f"{table}:{one.name}", f"its step is {one.step}, that of the others {common}") for one in others]
    return [one for one in filled if one.step == common], bad


def without_gaps(table: str, filled: list[Filled], names: list[str]) -> tuple[list[Filled], list[int], list[BadFile]]:
    """Leave out the channels that most series lack, then the series that lack one of those left.

    A series lacks a channel where over `MOST_MISSING` of it is missing. Also gives the numbers of the channels left.
    """
    lacking = np.array([one.missing > MOST_MISSING * len(one.times) for one in filled]).reshape(len(filled), len(names))
    sparse = lacking.mean(axis=0) > 0.5 if filled else np.zeros(len(names), dtype=bool)
    kept = np.flatnonzero(~sparse)
    bad = [_sparse(f"{table}:{names[i]}", filled, i) for i in np.flatnonzero(sparse).tolist()]
    whole = []
    for one, lacks in zip(filled, lacking[:, kept], strict=True):
        if lacks.any():
            bad.append(_sparse(f"{table}:{one.name}:{names[kept[lacks.argmax()]]}", [one], int(kept[lacks.argmax()])))
        else:
            whole.append(replace(one, values=one.values[:, kept], missing=one.missing[kept]))
    return whole, kept.tolist(), bad


def _sparse(name: str, filled: list[Filled], channel: int) -> BadFile:
    share = np.mean([one.missing[channel] / len(one.times) for one in filled])
    return BadFile(name, f"{share:.0%} is missing, which is over {MOST_MISSING:.0%}")
