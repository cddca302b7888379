"""Draws what a Run of boxes found, from plain numbers: scores, overlaps, errors, precision and recall, confidence.

Every function returns a matplotlib Figure; `boda.reports.canvas` turns it into PNG or SVG.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports import canvas
from boda.reports.words import is_interval, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BINS = np.linspace(0, 1, 21)
PALE = "#8db8dc"
MOST_CLASSES = 50
MOST_CURVES = 8
COLOURS = (canvas.ORANGE, canvas.GREEN, canvas.PURPLE, "#c0392b", "#0e8f9e", "#8c6d1f", "#d06ba5", "#5a6b7b")


def scores(rows: Sequence[tuple[str, float, Any]], title: str) -> Figure:
    """Scores from 0 to 1 as bars with intervals, the last of `rows` (name, score, interval) being boda's own."""
    with canvas.style():
        fig, axes = canvas.figure(6.5, 0.7 + 0.5 * len(rows))
        for place, (_, score, ends) in enumerate(rows):
            own = place == len(rows) - 1
            axes.barh(place, score, color=canvas.BLUE if own else canvas.GREY, height=0.56)
            _interval(axes, place, ends)
            right = max(score, ends[1]) if is_interval(ends) else score
            canvas.beside(axes, right, place, number(score), fontweight="bold" if own else "normal")
        axes.set_yticks(range(len(rows)), [canvas.label(name, 40) for name, _, _ in rows])
        axes.get_yticklabels()[-1].set_fontweight("bold")
        axes.set_xlim(0, 1.14)
        axes.set_xticks(np.linspace(0, 1, 6))
        axes.set_xlabel(title)
        canvas.tidy(axes, grid="x")
    return fig


def overlaps(ious: np.ndarray, sizes: np.ndarray) -> Figure:
    """How many objects were found with which overlap; and the overlap against the object's size.

    Args:
        ious: (n,) of each true box with the box that found it, 0 where none did.
        sizes: (n,) the object's size as a share of the picture's side, 0 to 1.
    """
    with canvas.style():
        fig, (left, right) = canvas.figure(canvas.WIDTH, 3.2, columns=2)
        counts, _ = np.histogram(np.clip(ious, 0, 1), BINS)
        left.bar(BINS[:-1], counts, width=0.046, align="edge", color=[_shade(start) for start in BINS[:-1]])
        left.set_ylim(0, 1.2 * max(counts.max(), 1))
        for place in (0.5, 0.75):
            left.axvline(place, color=canvas.MUTED, linewidth=1, linestyle=":")
            words, where = f"{100 * (ious >= place).mean():.0f} % above ", {"xycoords": ("data", "axes fraction")}
            left.annotate(words, (place, 0.99), ha="right", va="top", fontsize=8, color=canvas.MUTED, **where)
        left.set(xlim=(-0.01, 1.01), xlabel="overlap with the true box (IoU)", title="How well the boxes fit")
        left.set_ylabel("objects")
        left.yaxis.get_major_locator().set_params(integer=True)
        _draw_sizes(right, ious, sizes)
        for axes in (left, right):
            canvas.tidy(axes, grid="both" if axes is right else "y")
    return fig


def errors(rows: Sequence[tuple[str, int]]) -> Figure:
    """Counts of errors by kind, as bars in the order of `rows`."""
    with canvas.style():
        fig, axes = canvas.figure(6.5, 0.7 + 0.36 * len(rows))
        for place, (_, count) in enumerate(rows):
            axes.barh(place, count, color=canvas.ORANGE, height=0.62)
            canvas.beside(axes, count, place, f"{count:,}")
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        axes.set_xlim(0, max([count for _, count in rows] + [1]) * 1.12)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.invert_yaxis()
        axes.set_xlabel("boxes, and of missed ones objects")
        canvas.tidy(axes, grid="x")
    return fig


def per_class(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """AP and AP50 of each class; above 50 classes the weakest.

    Args:
        rows: with `name`, `ap` and `ap50`; None where the validation part has no object of the class.
    """
    shown = list(rows) if len(rows) <= MOST_CLASSES else sorted(rows, key=lambda row: row.get("ap") or 0)[:MOST_CLASSES]
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 0.9 + 0.36 * max(len(shown), 2))
        for nth, (key, words, colour) in enumerate(
            (("ap50", "AP50: found at all (overlap 0.5)", PALE), ("ap", "AP: found and fitting", canvas.BLUE))
        ):
            places = np.arange(len(shown)) + (nth - 0.5) * 0.36
            axes.barh(places, [row.get(key) or 0.0 for row in shown], height=0.32, color=colour, label=words)
        axes.set_yticks(range(len(shown)), [canvas.label(row.get("name", "?")) for row in shown])
        axes.set_xlim(0, 1)
        axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)
        canvas.tidy(axes, grid="x")
        fig.legend(loc="outside upper left", ncols=2)
    return fig


def precision_recall(panels: Sequence[tuple[str, Mapping[str, Sequence[float | None]]]]) -> Figure:
    """Precision at every recall, a panel for each threshold of overlap: over all in bold, and a line a class.

    Args:
        panels: a title, and by name (over all first) the precision at evenly spaced recalls from 0 to 1.
    """
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 3.4, columns=len(panels), squeeze=False)
        for panel, (title, lines) in zip(axes[0], panels, strict=True):
            _draw_precision(panel, lines)
            panel.set_title(title)
        handles, names = axes[0, 0].get_legend_handles_labels()
        if len(names) > 1:
            fig.legend(handles, names, loc="outside lower left", ncols=5)
    return fig


def reliability(bins: Mapping[str, Sequence[float | None]]) -> Figure:
    """How often boxes of a given confidence are right, above how many there are.

    Args:
        bins: lists `confidence`, `accuracy`, `lo`, `hi` and `count`.
    """
    keys = ("confidence", "accuracy", "lo", "hi", "count")
    rows = [row for row in zip(*(bins.get(key, ()) for key in keys), strict=False) if row[4] and None not in row]
    with canvas.style():
        fig, (above, below) = canvas.figure(6.2, 4.4, rows=2, sharex=True, height_ratios=(4, 1))
        above.plot([0, 1], [0, 1], color=canvas.MUTED, linewidth=1, linestyle=":")
        for confidence, right, lo, hi, _ in rows:
            above.plot([confidence, confidence], [lo, hi], color=canvas.BLUE, linewidth=2, alpha=0.6)
            above.plot(confidence, right, "o", color=canvas.BLUE, markersize=6)
        above.set(xlim=(0, 1.02), ylim=(0, 1.02), ylabel="share that is right")
        below.bar([row[0] for row in rows], [row[4] for row in rows], width=0.03, color=canvas.BLUE)
        below.set(xlabel="confidence", ylabel="boxes")
        for axes in (above, below):
            canvas.tidy(axes, grid="both" if axes is above else "y")
        canvas.percent_axis(above.yaxis)
        canvas.percent_axis(below.xaxis)
    return fig


def _interval(axes: Axes, place: float, ends: Any) -> None:
    if is_interval(ends):
        axes.hlines(place, ends[0], ends[1], color=canvas.INK, linewidth=1.2)
        axes.plot(ends, [place, place], "|", color=canvas.INK, markersize=5)


def _shade(start: float) -> str:
    return canvas.BLUE if start > 0.749 else PALE if start > 0.499 else canvas.GREY


def _draw_sizes(axes: Axes, ious: np.ndarray, sizes: np.ndarray) -> None:
    """A dot an object, and the mean of each third where there are enough."""
    axes.plot(sizes, ious, "o", color=canvas.BLUE, alpha=0.45, markersize=4.5, markeredgewidth=0)
    if len(ious) >= 12:
        thirds = np.array_split(np.argsort(sizes, kind="stable"), 3)
        for some in thirds:
            ends, mean = (sizes[some].min(), sizes[some].max()), ious[some].mean()
            axes.plot(ends, [mean, mean], color=canvas.ORANGE, linewidth=2.2)
        axes.plot([], [], color=canvas.ORANGE, linewidth=2.2, label="mean of a third of the objects")
        axes.legend(loc="lower right")
    axes.set(
        xlim=(0, 1.02),
        ylim=(-0.03, 1.03),
        xlabel="size of the object: its side as a share of the picture's",
        title="Small and large objects",
        ylabel="overlap (IoU)",
    )


def _draw_precision(axes: Axes, lines: Mapping[str, Sequence[float | None]]) -> None:
    every, *classes = lines.items()
    few = len(classes) <= MOST_CURVES
    for (name, values), colour in zip(classes, COLOURS * len(classes), strict=False):
        look = {"color": colour, "label": canvas.label(name, 20)} if few else {"color": canvas.GREY, "alpha": 0.5}
        _line(axes, values, linewidth=1.2, **look)
    _line(axes, every[1], linewidth=2.4, color=canvas.BLUE, label=every[0])
    axes.set(xlim=(0, 1.02), ylim=(0, 1.03), xlabel="recall: share of the objects found", ylabel="precision")
    canvas.tidy(axes, grid="both")


def _line(axes: Axes, values: Sequence[float | None], **look: Any) -> None:
    shown = [float("nan") if value is None or value < 0 else float(value) for value in values]
    axes.plot(np.linspace(0, 1, len(shown)), shown, **look)
