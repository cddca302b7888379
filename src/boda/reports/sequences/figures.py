"""Draws what a Run of sequences found, from plain numbers: scores on any scale, learning, numbers, lengths, rolls.

Every function returns a matplotlib Figure; `boda.reports.canvas` turns it into PNG or SVG.
Forecasts are drawn in `forecast_figures`, what is inside a network in `inside_figures`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports import canvas
from boda.reports.sequences.measures import Measure, short
from boda.reports.words import is_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_STEPS_OF_A_ROLL = 200
MOST_POINTS = 3000


def scores(rows: Sequence[tuple[str, float, Any]], measure: Measure, title: str) -> Figure:
    """A figure on any scale as bars with intervals, the last of `rows` (name, value, interval) being boda's own."""
    with canvas.style():
        fig, axes = canvas.figure(6.5, 0.7 + 0.5 * len(rows))
        for place, (_, value, ends) in enumerate(rows):
            own = place == len(rows) - 1
            axes.barh(place, value, color=canvas.BLUE if own else canvas.GREY, height=0.56)
            _interval(axes, place, ends)
            right = max(value, ends[1]) if is_interval(ends) else value
            canvas.beside(axes, max(right, 0), place, measure.write(value), fontweight="bold" if own else "normal")
        axes.set_yticks(range(len(rows)), [canvas.label(name, 40) for name, _, _ in rows])
        axes.get_yticklabels()[-1].set_fontweight("bold")
        _scale(axes, rows, measure)
        axes.set_xlabel(title)
        canvas.tidy(axes, grid="x")
    return fig


def learning(lines: Sequence[Mapping[str, Any]], unit: str = "loss") -> Figure:
    """Loss on the training part and on the inner validation by epoch, the lowest of the latter marked.

    Args:
        lines: what history.jsonl holds: `epoch`, `loss`, `val_loss`.
        unit: what the loss is, for the axis.
    """
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 3.2)
        for key, words, colour in (
            ("loss", "training part", canvas.GREY),
            ("val_loss", "inner validation", canvas.BLUE),
        ):
            points = [(line["epoch"], line[key]) for line in lines if _is_known(line.get(key))]
            if points:
                x, y = np.array(points, dtype=float).T
                axes.plot(x, y, color=colour, linewidth=2, label=words, marker="o" if len(x) < 3 else "")
        inner = [(line["val_loss"], line["epoch"]) for line in lines if _is_known(line.get("val_loss"))]
        if inner:
            loss, epoch = min(inner)
            axes.plot(epoch, loss, "o", color=canvas.BLUE, markersize=7, label=f"lowest: {short(loss)}")
        axes.set(xlabel="epoch", ylabel=unit)
        axes.xaxis.get_major_locator().set_params(integer=True)
        canvas.tidy(axes, grid="both")
        if axes.get_legend_handles_labels()[0]:
            fig.legend(loc="outside upper left", ncols=3)
    return fig


def answers(truth: np.ndarray, answer: np.ndarray) -> Figure:
    """Answers against the truth, (n,) each, with the line on which they agree; beside it a histogram of errors."""
    some = np.linspace(0, len(truth) - 1, min(len(truth), MOST_POINTS)).astype(int)
    with canvas.style():
        fig, (left, right) = canvas.figure(canvas.WIDTH, 3.6, columns=2)
        ends = [min(truth.min(), answer.min()), max(truth.max(), answer.max())]
        left.plot(ends, ends, color=canvas.MUTED, linewidth=1, linestyle=":")
        left.plot(truth[some], answer[some], "o", color=canvas.BLUE, markersize=3, alpha=0.5, markeredgewidth=0)
        left.set(xlabel="the truth", ylabel="the answer", title="On the dotted line: right")
        right.hist(answer - truth, bins=31, color=canvas.BLUE)
        right.axvline(0, color=canvas.MUTED, linewidth=1, linestyle=":")
        right.set(xlabel="answer minus truth", ylabel="texts", title="How far off")
        canvas.tidy(left, grid="both")
        canvas.tidy(right, grid="y")
    return fig


def lengths(edges: Sequence[float], counts: Sequence[int], noun: str, step: str) -> Figure:
    """How many sequences are how long, a bar a bin."""
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 2.4)
        left = np.asarray(edges[:-1], dtype=float)
        wide = np.diff(np.asarray(edges, dtype=float))
        axes.bar(left, counts, width=0.94 * wide, align="edge", color=canvas.BLUE)
        axes.set(xlabel=f"{step}s", ylabel=noun)
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_major_locator().set_params(integer=True)
        canvas.tidy(axes, grid="y")
    return fig


def rolls(rows: Sequence[tuple[str, Sequence[Sequence[int]]]], prompt: int = 0) -> Figure:
    """Piano rolls one above the other, each a title and the keys that sound at each step; `prompt` steps were given."""
    every = [key for _, roll in rows for keys in roll for key in keys]
    low, high = (min(every), max(every)) if every else (0, 87)
    steps = min(max((len(roll) for _, roll in rows), default=1), MOST_STEPS_OF_A_ROLL)
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 0.4 + 2.0 * len(rows), rows=len(rows), sharex=True, squeeze=False)
        for nth, (axis, (title, roll)) in enumerate(zip(axes[:, 0], rows, strict=True)):
            x = [step for step, keys in enumerate(roll[:steps]) for _ in keys]
            y = [key for keys in roll[:steps] for key in keys]
            axis.barh(y, 1, left=x, height=0.86, color=canvas.ORANGE if nth else canvas.BLUE)
            if prompt and nth:
                axis.axvline(prompt, color=canvas.INK, linewidth=1.2, linestyle="--")
            axis.set(xlim=(0, steps), ylim=(low - 1, high + 1), ylabel="key", title=title)
            canvas.tidy(axis, grid="both")
        axes[-1, 0].set_xlabel("step")
    return fig


def series(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Series one above the other, each with `name`, `channel` and `values`."""
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 0.3 + 1.5 * len(rows), rows=len(rows), squeeze=False)
        for axis, one in zip(axes[:, 0], rows, strict=True):
            values = np.array([np.nan if v is None else v for v in one.get("values") or []], dtype=float)
            x = np.linspace(0, max(float(one.get("n") or len(values)) - 1, 1), len(values))
            axis.plot(x, values, color=canvas.BLUE, linewidth=1.2)
            axis.set_title(canvas.label(series_name(one), 60))
            _ends_on_axis(axis, one, len(values))
            canvas.tidy(axis, grid="y")
    return fig


def series_name(one: Mapping[str, Any]) -> str:
    """A series' name and channel, once where they are the same."""
    return " · ".join(dict.fromkeys(str(one[key]) for key in ("name", "channel") if one.get(key)))


def _ends_on_axis(axes: Axes, one: Mapping[str, Any], points: int) -> None:
    """Only the first and the last time below a series."""
    last = max(float(one.get("n") or points) - 1, 1)
    first, final = (canvas.label(one.get(key, words), 24) for key, words in (("first", "first"), ("last", "last")))
    axes.set_xticks([0, last], [first, final])
    left, right = axes.get_xticklabels()
    left.set_horizontalalignment("left")
    right.set_horizontalalignment("right")


def _interval(axes: Axes, place: float, ends: Any) -> None:
    if is_interval(ends):
        axes.hlines(place, ends[0], ends[1], color=canvas.INK, linewidth=1.2)
        axes.plot(ends, [place, place], "|", color=canvas.INK, markersize=5)


def _scale(axes: Axes, rows: Sequence[tuple[str, float, Any]], measure: Measure) -> None:
    """Shares from 0 to 100 %, other figures from 0 to a little beyond the longest bar."""
    if measure.share:
        axes.set_xlim(0, 1.14)
        canvas.percent_axis(axes.xaxis)
        axes.set_xticks(np.linspace(0, 1, 6))
        return
    tops = [max(value, ends[1]) if is_interval(ends) else value for _, value, ends in rows]
    floor = min([0.0, *(value for _, value, _ in rows)])
    axes.set_xlim(floor, max(*tops, 1e-9) * 1.16)


def _is_known(value: object) -> bool:
    return isinstance(value, (int, float)) and bool(np.isfinite(value))
