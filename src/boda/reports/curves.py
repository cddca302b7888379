"""Draws a Run's curves, from plain dicts: how the head was chosen, reliability, coverage against confidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports import canvas
from boda.reports.words import number, percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (canvas.BLUE, canvas.ORANGE, canvas.GREEN, canvas.PURPLE)


def history(lines: Sequence[Mapping[str, Any]]) -> Figure:
    """The scores of the head's candidates against their weight decay, or loss and accuracy by epoch.

    Args:
        lines: what history.jsonl holds; `kind` says "candidate" or "epoch".
    """
    epochs = [line for line in lines if line.get("kind") == "epoch"]
    with canvas.style():
        fig, (left, right) = canvas.figure(canvas.WIDTH, 3.0, columns=2)
        for axes, key, title in (
            (left, "loss", "Loss: lower is better"),
            (right, "accuracy", "Accuracy: higher is better"),
        ):
            if epochs:
                _draw_epochs(axes, epochs, key)
            else:
                _draw_candidates(axes, [line for line in lines if line.get("kind") == "candidate"], key)
            axes.set_title(title)
            canvas.tidy(axes, grid="both")
        canvas.percent_axis(right.yaxis)
        handles, names = left.get_legend_handles_labels()
        fig.legend(handles, names, loc="outside lower left", ncols=4)
    return fig


def reliability(before: Mapping[str, Sequence[float]] | None, after: Mapping[str, Sequence[float]]) -> Figure:
    """How often answers of a given confidence are right, before and after the temperature, above the counts.

    Args:
        before: bins with `confidence`, `accuracy`, `count` and the Wilson ends `lo` and `hi`; None leaves it out.
        after: the same, with the temperature.
    """
    panels = [("As the head says it", before, canvas.GREY), ("With the temperature", after, canvas.BLUE)]
    panels = [panel for panel in panels if panel[1] is not None]
    with canvas.style():
        fig, axes = canvas.figure(
            canvas.WIDTH / 2 * len(panels),
            4.6,
            rows=2,
            columns=len(panels),
            sharex=True,
            squeeze=False,
            height_ratios=(4, 1),
        )
        for column, (title, bins, colour) in enumerate(panels):
            _draw_reliability(axes[0, column], bins or {}, colour)
            axes[0, column].set_title(title)
            _draw_bin_counts(axes[1, column], bins or {}, colour)
        axes[0, 0].set_ylabel("share that is right")
        axes[1, 0].set_ylabel("pictures")
    return fig


def coverage(confidence: np.ndarray, right: np.ndarray, threshold: float | None, wanted: float | None = None) -> Figure:
    """Which share is answered, and which share of these is right, for every confidence that one may ask for.

    Args:
        confidence: (n,) the confidence of each answer, 0 to 1.
        right: (n,) bool, whether the answer is right.
        threshold: the abstain threshold, marked where there is one.
        wanted: the precision for which it was chosen.
    """
    order = np.argsort(-confidence, kind="stable")
    level = confidence[order]
    answered = np.arange(1, len(level) + 1) / max(len(level), 1)
    precise = np.cumsum(right[order]) / np.arange(1, len(level) + 1)
    last = np.append(level[1:] != level[:-1], True) if len(level) else np.zeros(0, dtype=bool)
    level, answered, precise = (_down_to_zero(values[last]) for values in (level, answered, precise))
    level[-1:] = 0.0
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 3.1)
        axes.plot(level, answered, drawstyle="steps-post", color=canvas.ORANGE, linewidth=2, label="answered")
        axes.plot(
            level, precise, drawstyle="steps-post", color=canvas.BLUE, linewidth=2, label="right, of those answered"
        )
        if wanted is not None:
            axes.axhline(wanted, color=canvas.MUTED, linewidth=1, linestyle=":")
            canvas.beside(axes, 1.0, wanted, f"wanted {percent(wanted, 0)}", color=canvas.MUTED, fontsize=8)
        if threshold is not None:
            axes.axvline(threshold, color=canvas.INK, linewidth=1.2, linestyle="--")
            axes.text(threshold - 0.008, 0.03, f"threshold {number(threshold, 2)}", ha="right", color=canvas.INK)
        axes.set(xlim=(0, 1), ylim=(0, 1.03), xlabel="answer only above this confidence")
        canvas.percent_axis(axes.yaxis)
        canvas.tidy(axes, grid="both")
        fig.legend(loc="outside upper left", ncols=2)
    return fig


def _down_to_zero(values: np.ndarray) -> np.ndarray:
    """The values with the last one once more: below the least confidence nothing changes."""
    return np.append(values, values[-1:])


def _draw_epochs(axes: Axes, epochs: Sequence[Mapping[str, Any]], key: str) -> None:
    for name, words, colour in ((key, "training part", canvas.GREY), (f"val_{key}", "inner validation", canvas.BLUE)):
        points = [(line["epoch"], line[name]) for line in epochs if line.get(name) is not None]
        if points:
            axes.plot(*zip(*points, strict=True), color=colour, linewidth=2, label=words)
    axes.set_xlabel("epoch")


def _draw_candidates(axes: Axes, lines: Sequence[Mapping[str, Any]], key: str) -> None:
    name = "log_loss" if key == "loss" else key
    lines = [line for line in lines if line.get(name) is not None and _is_decay(line.get("weight_decay"))]
    viewed = any(line.get("view") for line in lines)
    for view, colour in zip(
        dict.fromkeys(str(line.get("view", "plain")) for line in lines), COLOURS * len(lines), strict=False
    ):
        own = sorted(
            (line for line in lines if line.get("view", "plain") == view), key=lambda line: line["weight_decay"]
        )
        decay, score = (np.array([line[k] for line in own], dtype=float) for k in ("weight_decay", name))
        spread = np.array([line.get(f"{name}_sd") or 0.0 for line in own])
        words = f"view: {canvas.label(view)}" if viewed else "a candidate"
        axes.plot(decay, score, color=colour, linewidth=1.8, marker="o", markersize=3.5, label=words)
        axes.fill_between(decay, score - spread, score + spread, color=colour, alpha=0.13, linewidth=0)
    for line in (line for line in lines if line.get("chosen")):
        axes.plot(
            line["weight_decay"],
            line[name],
            "o",
            markersize=11,
            fillstyle="none",
            markeredgewidth=2,
            color=canvas.INK,
            label="chosen",
        )
    _scale_decay(axes, [float(line["weight_decay"]) for line in lines])
    axes.set_xlabel("weight decay")


def _scale_decay(axes: Axes, decays: Sequence[float]) -> None:
    """A logarithmic axis, with room for 0 where it is among the candidates."""
    from matplotlib.ticker import NullLocator

    above = [decay for decay in decays if decay > 0]
    if above and len(above) == len(decays):
        axes.set_xscale("log")
    elif above:
        axes.set_xscale("symlog", linthresh=min(above))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda decay, _: f"{decay:g}")


def _is_decay(value: object) -> bool:
    return isinstance(value, (int, float)) and value >= 0


def _draw_reliability(axes: Axes, bins: Mapping[str, Sequence[float]], colour: str) -> None:
    keys = ("confidence", "accuracy", "lo", "hi", "count")
    rows = [row for row in zip(*(bins.get(key, ()) for key in keys), strict=False) if row[4] and None not in row]
    axes.plot([0, 1], [0, 1], color=canvas.MUTED, linewidth=1, linestyle=":")
    for confidence, accuracy, lo, hi, _ in rows:
        axes.plot([confidence, confidence], [lo, hi], color=colour, linewidth=2, alpha=0.6)
        axes.plot(confidence, accuracy, "o", color=colour, markersize=6)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    canvas.percent_axis(axes.yaxis)
    canvas.tidy(axes, grid="both")


def _draw_bin_counts(axes: Axes, bins: Mapping[str, Sequence[float]], colour: str) -> None:
    pairs = [
        p for p in zip(bins.get("confidence", ()), bins.get("count", ()), strict=False) if p[1] and p[0] is not None
    ]
    axes.bar([p[0] for p in pairs], [p[1] for p in pairs], width=0.03, color=colour)
    axes.set_xlabel("confidence")
    canvas.percent_axis(axes.xaxis)
    canvas.tidy(axes, grid="y")
