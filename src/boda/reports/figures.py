"""Draws what a Run found, from plain dicts: baselines beside boda, counts, confusion, classes.

Every function returns a matplotlib Figure; `boda.reports.canvas` turns it into PNG or SVG.
Curves (history, reliability, coverage) are in `boda.reports.curves`.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports import canvas
from boda.reports.words import BASELINES, is_interval, number, percent, score_name, worst_confusions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SCORES = {
    "recall": "recall: of these pictures, found",
    "precision": "precision: of these answers, right",
    "ap": "AP: average precision",
    "auc": "AUC: 0.5 is guessing, 1 is perfect",
}
LETTER = 0.078  # inches that a letter takes at 9 points
MOST_CLASSES = 50
MOST_WITH_SHARES = 12
MOST_WITH_COUNTS = 30


def beside_baselines(metrics: Mapping[str, Any]) -> Figure:
    """Boda's leading score beside the baselines', as bars with 95 % intervals.

    Args:
        metrics: what metrics.json holds, with `val` and `baselines`.
    """
    key, title = score_name(metrics)
    baselines = metrics.get("baselines") or {}
    rows = [(BASELINES.get(name, name), scores) for name, scores in baselines.items() if scores.get(key) is not None]
    rows.append(("boda", metrics.get("val") or {}))
    with canvas.style():
        fig, axes = canvas.figure(6.5, 0.7 + 0.5 * len(rows))
        for place, (name, scores) in enumerate(rows):
            score = scores.get(key) or 0.0
            words = percent(score) if key == "accuracy" else number(score)
            _bar_with_interval(axes, place, score, scores.get(f"{key}_interval"), words, own=name == "boda")
        axes.set_yticks(range(len(rows)), [canvas.label(name, 40) for name, _ in rows])
        axes.get_yticklabels()[-1].set_fontweight("bold")
        axes.set_xlim(0, 1.14)
        axes.set_xlabel(f"{title} on the validation pictures, with 95 % intervals")
        if key == "accuracy":
            canvas.percent_axis(axes.xaxis)
        axes.set_xticks(np.linspace(0, 1, 6))
        canvas.tidy(axes, grid="x")
    return fig


def class_counts(counts: Mapping[str, Mapping[str, int]], classes: Sequence[str]) -> Figure:
    """How many pictures each class has, stacked by part; the scarcest only where there are more than 50 classes.

    Args:
        counts: part name to class name to count.
        classes: class names in their order.
    """
    known = [part for part in ("train", "val", "test") if part in counts]
    parts = known + [part for part in counts if part not in known]
    total = {name: sum(counts[part].get(name, 0) for part in parts) for name in classes}
    shown = list(classes) if len(classes) <= MOST_CLASSES else sorted(classes, key=total.__getitem__)[:MOST_CLASSES]
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 0.9 + 0.24 * max(len(shown), 2))
        left = np.zeros(len(shown))
        for part in parts:
            width = np.array([counts[part].get(name, 0) for name in shown], dtype=float)
            colour = canvas.PARTS.get(part, canvas.GREY)
            axes.barh(range(len(shown)), width, left=left, color=colour, label=canvas.label(part), height=0.66)
            left += width
        for place, n in enumerate(left):
            canvas.beside(axes, n, place, f"{n:.0f}", color=canvas.MUTED)
        axes.set_yticks(range(len(shown)), [canvas.label(name) for name in shown])
        axes.set_xlim(0, max(left.max(initial=1) * 1.08, 1))
        axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)
        note = "" if len(shown) == len(classes) else f", the {MOST_CLASSES} scarcest of {len(classes)} classes"
        axes.set_xlabel(f"pictures{note}")
        canvas.tidy(axes, grid="x")
        if len(parts) > 1:
            fig.legend(loc="outside upper left", ncols=len(parts))
    return fig


def confusion(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> Figure:
    """The confusion matrix: counts as numbers, shares of the row as shades; above 50 classes the commonest mistakes.

    Args:
        matrix: (classes, classes) counts, a row for each true class, a column for each answer.
        classes: class names in the order of both.
    """
    if len(classes) > MOST_CLASSES:
        return confused_pairs(matrix, classes)
    counts = np.asarray(matrix, dtype=float).reshape(len(classes), len(classes))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cell = 0.62 if len(classes) <= MOST_WITH_SHARES else 0.34 if len(classes) <= MOST_WITH_COUNTS else 0.2
    size = max(cell * len(classes), 1.8)
    with canvas.style():
        fig, axes = canvas.figure(size + 2.4, size + 1.6)
        image = axes.imshow(shares, cmap=_shades(), vmin=0, vmax=1, interpolation="none")
        _draw_grid(axes, len(classes))
        if len(classes) <= MOST_WITH_COUNTS:
            _write_cells(axes, counts, shares, with_shares=len(classes) <= MOST_WITH_SHARES)
        names, small = [canvas.label(name, 20) for name in classes], 9 if len(classes) <= MOST_WITH_COUNTS else 7
        level = max(map(_letters, names), default=0) * LETTER * small / 9 < size / max(len(names), 1)
        axes.set_xticks(range(len(names)), names, rotation=0 if level else 90, fontsize=small, color=canvas.INK)
        axes.set_yticks(range(len(names)), names, fontsize=small)
        axes.set_xlabel("the answer")
        axes.set_ylabel("the truth")
        bar = fig.colorbar(image, ax=axes, shrink=0.7, aspect=24, pad=0.02)
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0)
        canvas.percent_axis(bar.ax.yaxis)
        canvas.tidy(axes)
    return fig


def confused_pairs(matrix: Sequence[Sequence[int]], classes: Sequence[str], most: int = 25) -> Figure:
    """The `most` commonest mistakes, as bars of their counts."""
    pairs = worst_confusions(matrix, classes, most)
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 0.7 + 0.25 * max(len(pairs), 2))
        axes.barh(range(len(pairs)), [count for _, _, count, _ in pairs], color=canvas.BLUE, height=0.66)
        for place, (_, _, count, n) in enumerate(pairs):
            canvas.beside(axes, count, place, f"{count} of {n}", color=canvas.MUTED)
        axes.set_yticks(
            range(len(pairs)),
            [f"{canvas.label(true, 22)} → {canvas.label(answer, 22)}" for true, answer, _, _ in pairs],
        )
        axes.set_xlim(0, max([count for _, _, count, _ in pairs], default=1) * 1.15)
        axes.set_ylim(max(len(pairs), 1) - 0.4, -0.6)
        axes.set_xlabel("pictures: the truth → the answer")
        canvas.tidy(axes, grid="x")
    return fig


def per_class(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Each class's scores with their intervals, in the order of `rows`; above 50 classes the weakest, weakest first.

    Args:
        rows: what `per_class` in metrics.json holds: `name`, and `recall` and `precision`, or `ap` and `auc`.
    """
    present = [key for key in ("ap", "auc", "recall", "precision") if any(row.get(key) is not None for row in rows)]
    keys = present[:2] or ["recall"]
    weakest = sorted(rows, key=lambda row: _or_zero(row.get(keys[0])))[:MOST_CLASSES]
    shown = list(rows) if len(rows) <= MOST_CLASSES else weakest
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 0.9 + 0.36 * max(len(shown), 2))
        for nth, (key, colour) in enumerate(zip(keys, (canvas.BLUE, canvas.ORANGE), strict=False)):
            places = np.arange(len(shown)) + (nth - (len(keys) - 1) / 2) * 0.36
            values = [_or_zero(row.get(key)) for row in shown]
            axes.barh(places, values, height=0.32, color=colour, alpha=0.85, label=SCORES[key])
            _draw_intervals(axes, places, [row.get(f"{key}_interval") for row in shown])
        axes.set_yticks(range(len(shown)), [canvas.label(row.get("name", "?")) for row in shown])
        axes.set_xlim(0, 1.0)
        axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)
        if "recall" in keys:
            canvas.percent_axis(axes.xaxis)
        canvas.tidy(axes, grid="x")
        fig.legend(loc="outside upper left", ncols=2)
    return fig


def _bar_with_interval(axes: Axes, place: float, value: float, ends: Any, words: str, *, own: bool) -> None:
    axes.barh(place, value, color=canvas.BLUE if own else canvas.GREY, height=0.56)
    _draw_intervals(axes, [place], [ends])
    right = max(value, ends[1]) if is_interval(ends) else value
    canvas.beside(axes, right, place, words, fontweight="bold" if own else "normal")


def _draw_intervals(axes: Axes, places: Sequence[float] | np.ndarray, intervals: Sequence[Any]) -> None:
    """Draw intervals as lines with ends, dark on whatever bars are below; what is no interval is left out."""
    known = [(place, *ends) for place, ends in zip(places, intervals, strict=True) if is_interval(ends)]
    if known:
        y, lo, hi = np.array(known).T
        axes.hlines(y, lo, hi, color=canvas.INK, linewidth=1.2)
        axes.plot([*lo, *hi], [*y, *y], "|", color=canvas.INK, markersize=5)


def _shades() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("shares", canvas.SHADES)


def _draw_grid(axes: Axes, n: int) -> None:
    lines = np.arange(n + 1) - 0.5
    axes.hlines(lines, -0.5, n - 0.5, color="white" if n <= MOST_WITH_COUNTS else canvas.LINE, linewidth=0.8)
    axes.vlines(lines, -0.5, n - 0.5, color="white" if n <= MOST_WITH_COUNTS else canvas.LINE, linewidth=0.8)


def _write_cells(axes: Axes, counts: np.ndarray, shares: np.ndarray, *, with_shares: bool) -> None:
    for (row, column), count in np.ndenumerate(counts):
        if count:
            share = shares[row, column]
            text = f"{count:.0f}\n{100 * share:.0f} %" if with_shares else f"{count:.0f}"
            axes.text(
                column, row, text, ha="center", va="center", fontsize=8, color="white" if share > 0.5 else canvas.INK
            )


def _letters(text: str) -> int:
    """How many letters wide `text` is; Hangul and its neighbours take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _or_zero(value: float | None) -> float:
    return 0.0 if value is None else float(value)
