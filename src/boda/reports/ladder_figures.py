"""Draws a ladder, from its plain dicts: the forest plot of the levers, and how each lever's trainings went.

Every function returns a matplotlib Figure; `boda.reports.canvas` turns it into PNG or SVG.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports import canvas
from boda.reports import ladder_score as scores
from boda.reports.ladder_words import (
    HELPS,
    HURTS,
    SAME,
    base_of,
    compared,
    title_of,
    verdict_words,
)
from boda.reports.words import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from boda.reports.ladder_words import Ladder, Rung

RED = "#b3261e"
COLOURS = {HELPS: canvas.GREEN, HURTS: RED, SAME: canvas.MUTED}
MARKERS = {HELPS: "^", HURTS: "v", SAME: "o"}
VERDICT_AT = (0.37, 0.44)  # of the text's width, for points and for losses, whose numbers are longer
WIDEST = 3.0  # times the reach of a usual interval; what goes beyond is cut off with an arrow


def forest(ladder: Ladder) -> Figure:
    """Each compared rung's difference from the base, with its interval, verdict and seconds.

    Args:
        ladder: what ladder.json holds.
    """
    base, rows = base_of(ladder), compared(ladder)
    score = scores.score_of(base)
    limits = _limits([rung["interval"] for rung in rows], score)
    with canvas.style():
        fig, (axes, words) = canvas.figure(
            canvas.WIDTH, 1.2 + 0.31 * (len(rows) + 1), columns=2, width_ratios=(1.0, 1.25)
        )
        axes.axvline(0, color=canvas.INK, linewidth=1)
        axes.plot(0, 0, "s", color=canvas.INK, markersize=6)
        known = scores.line(base).removesuffix(score.name) if scores.is_measured(base) else ""
        at = VERDICT_AT[not score.is_share]
        _write_row(words, 0, at, known, "the base", canvas.INK, base)
        for place, rung in enumerate(rows, start=1):
            _draw_difference(axes, place, rung, limits, score.factor)
            gain = f"{scores.gain(rung)}  ({scores.gain_interval(rung)})"
            _write_row(
                words, place, at, gain, verdict_words(rung), COLOURS.get(rung.get("verdict", ""), canvas.INK), rung
            )
        axes.set_yticks(range(len(rows) + 1), [title_of(rung, 34) for rung in (base, *rows)])
        axes.set_xlim(*limits)
        axes.set_xlabel(score.axis)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:+.3g}" if value else "0")
        canvas.tidy(axes, grid="x")
        for both in (axes, words):
            both.set_ylim(len(rows) + 0.6, -0.6)
        _write_heads(words, at, "points" if score.is_share else "gain")
    return fig


def trainings(rung: Rung, base: Rung) -> Figure | None:
    """A rung's folds paired with the base's, and loss and accuracy by epoch; None where there is neither.

    Args:
        rung: one of ladder.json's rungs, with `folds`.
        base: the rung that it is compared with.
    """
    pairs = _pairs(rung, base)
    histories = [lines for cell in _cells(rung) if (lines := _epochs(cell))]
    if not pairs and not histories:
        return None
    keys = [key for key in ("loss", "accuracy") if any(_values(lines, key) for lines in histories)]
    keys += [] if "accuracy" in keys or not any(_values(h, "val_accuracy") for h in histories) else ["accuracy"]
    panels = len(keys) + bool(pairs)
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH / 3 * max(panels, 1), 2.5, columns=max(panels, 1), squeeze=False)
        places = iter(axes[0])
        if pairs:
            _draw_pairs(next(places), pairs, scores.score_of(rung))
        for key in keys:
            _draw_epochs(next(places), histories, key)
    return fig


def _limits(intervals: Sequence[Any], score: scores.Score) -> tuple[float, float]:
    """The ends of the axis in what a difference is told in: every interval, but for what lies far beyond usual ones."""
    if not intervals:
        return -1.0, 1.0
    ends = score.factor * np.array(intervals)
    least = 0.1 if score.is_share else 1e-6
    reach = WIDEST * max(float(np.quantile(np.abs(ends).max(axis=1), 0.75)), least)
    low, high = max(float(ends.min()), -reach), min(float(ends.max()), reach)
    low, high = min(low, -2 * least), max(high, 2 * least)
    room = 0.05 * (high - low)
    return low - room, high + room


def _draw_difference(axes: Axes, place: int, rung: Rung, limits: tuple[float, float], factor: float) -> None:
    """The interval as a line and the difference as the verdict's sign; an arrow where it leaves the axis."""
    verdict = rung.get("verdict", SAME)
    colour = COLOURS.get(verdict, canvas.MUTED)
    lo, hi = (factor * end for end in rung["interval"])
    axes.hlines(place, max(lo, limits[0]), min(hi, limits[1]), color=colour, linewidth=2)
    filled = verdict in {HELPS, HURTS}
    look: dict[str, Any] = {"color": colour, "markersize": 8, "markeredgewidth": 1.6, "zorder": 3}
    look["markerfacecolor"] = colour if filled else "white"
    value = factor * rung["difference"]
    if limits[0] <= value <= limits[1]:
        axes.plot(value, place, MARKERS.get(verdict, "o"), **look)
    else:
        axes.plot(limits[value > limits[1]], place, "<" if value < 0 else ">", clip_on=False, **look)


def _write_row(axes: Axes, place: int, at: float, gain: str, verdict: str, colour: str, rung: Rung) -> None:
    early = " (early)" if rung.get("status") == "stopped early" else ""
    look: dict[str, Any] = {"va": "center", "fontsize": 8.5}
    axes.text(0.0, place, gain.replace("\u202f", " "), **look)
    axes.text(at, place, verdict + early, color=colour, **look)
    axes.text(1.0, place, seconds(rung.get("seconds")), ha="right", color=canvas.MUTED, **look)


def _write_heads(axes: Axes, at: float, gained: str) -> None:
    axes.set_xlim(0, 1)
    axes.axis("off")
    for words, x in ((f"{gained} (95 % interval)", 0.0), ("verdict", at), ("time", 1.0)):
        axes.text(x, -0.75, words, ha="right" if x == 1 else "left", va="bottom", color=canvas.MUTED, fontsize=8.5)


def _cells(rung: Rung) -> list[Mapping[str, Any]]:
    return [cell for cell in rung.get("folds") or [] if isinstance(cell, dict)]


def _pairs(rung: Rung, base: Rung) -> list[tuple[float, float]]:
    """The scores of base and rung on the same folds; of the base with itself, none."""
    key = scores.score_of(rung).key
    if rung is base:
        return []
    known = {(c.get("repeat"), c.get("fold")): c.get(key) for c in _cells(base)}
    both = [(known.get((c.get("repeat"), c.get("fold"))), c.get(key)) for c in _cells(rung)]
    return [(theirs, mine) for theirs, mine in both if theirs is not None and mine is not None]


def _draw_pairs(axes: Axes, pairs: Sequence[tuple[float, float]], score: scores.Score) -> None:
    """A line a fold from the base to the rung, green where it gets better, red where it gets worse."""
    for theirs, mine in pairs:
        gain = (mine - theirs) * (1 if score.is_share else -1)
        colour = canvas.GREEN if gain > 0 else RED if gain < 0 else canvas.GREY
        axes.plot([0, 1], [theirs, mine], color=colour, linewidth=1.2, alpha=0.7)
    for x, values in enumerate(zip(*pairs, strict=True)):
        axes.plot([x] * len(pairs), values, "o", color=canvas.MUTED if x == 0 else canvas.INK, markersize=4.5)
    axes.set_xlim(-0.35, 1.35)
    axes.set_xticks([0, 1], ["the base", "this lever"])
    axes.set_title(f"{score.name.capitalize()} on each fold")
    if score.is_share:
        canvas.percent_axis(axes.yaxis)
    canvas.tidy(axes, grid="y")


def _epochs(cell: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    lines = [line for line in cell.get("history") or [] if isinstance(line, dict)]
    return [line for line in lines if isinstance(line.get("epoch"), (int, float))]


def _values(lines: Sequence[Mapping[str, Any]], key: str) -> list[float]:
    """The figures of `key`, one after the other, whatever the stage."""
    return [float(line[key]) for line in lines if isinstance(line.get(key), (int, float)) and np.isfinite(line[key])]


def _draw_epochs(axes: Axes, histories: Sequence[Sequence[Mapping[str, Any]]], key: str) -> None:
    """A thin line a fold and a thick one for their mean, on the pictures learnt from and on unseen ones."""
    for name, words, colour in ((key, "learnt from", canvas.GREY), (f"val_{key}", "unseen", canvas.BLUE)):
        lines = [values for lines in histories if (values := _values(lines, name))]
        if not lines:
            continue
        for values in lines:
            axes.plot(range(1, len(values) + 1), values, color=colour, linewidth=0.8, alpha=0.5)
        shortest = min(map(len, lines))
        mean = np.mean([values[:shortest] for values in lines], axis=0)
        axes.plot(range(1, shortest + 1), mean, color=colour, linewidth=2.2, label=words)
        for boundary in _stage_ends(histories[0]):
            axes.axvline(boundary + 0.5, color=canvas.LINE, linewidth=1)
    axes.set_xlabel("epoch")
    axes.set_title(f"{key.capitalize()} by epoch")
    axes.legend(loc="best", fontsize=8)
    if key == "accuracy":
        canvas.percent_axis(axes.yaxis)
    canvas.tidy(axes, grid="both")


def _stage_ends(lines: Sequence[Mapping[str, Any]]) -> list[int]:
    """After how many epochs another stage begins."""
    stages = [line.get("stage") for line in lines]
    return [i for i in range(1, len(stages)) if stages[i] != stages[i - 1]]
