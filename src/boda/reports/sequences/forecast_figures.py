"""Draws forecasts, from plain numbers: beside the truth, errors by step ahead, and coverage.

Every function returns a matplotlib Figure; `boda.reports.canvas` turns it into PNG or SVG.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports import canvas
from boda.reports.sequences.figures import series_name
from boda.reports.words import percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HISTORY = 4  # times the part that forecasts cover
MOST_FORECASTS = 6
COLOURS = (canvas.ORANGE, canvas.GREEN, canvas.PURPLE, "#c0392b", "#0e8f9e")


def forecast(one: Mapping[str, Any], level: float | None = None) -> Figure:
    """A series with some forecasts that do not overlap: the last ones, each with its band and the naive forecast.

    Args:
        one: `name`, `channel`, `times`, `truth` and `forecasts`, whose `origin` is the place of their first step.
        level: how often the band should hold the truth, for the legend.
    """
    truth = np.array([np.nan if v is None else v for v in one["truth"]], dtype=float)
    shown = _apart(one["forecasts"])
    first = max(min(f["origin"] for f in shown) - HISTORY * max(len(f["values"]) for f in shown), 0)
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 3.3)
        axes.plot(np.arange(first, len(truth)), truth[first:], color=canvas.INK, linewidth=1.3, label="what came")
        for nth, each in enumerate(shown):
            _draw(axes, each, level, named=nth == 0)
        axes.set_title(canvas.label(series_name(one), 60))
        _times(axes, one.get("times") or [], first, len(truth))
        canvas.tidy(axes, grid="both")
        handles, names = axes.get_legend_handles_labels()
        fig.legend(handles, names, loc="outside upper right", ncols=4)
    return fig


def by_step(own: Sequence[float], rivals: Mapping[str, Sequence[float]]) -> Figure:
    """The mean error of each step ahead: boda's, and that of each baseline."""
    ahead = np.arange(1, len(own) + 1)
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 3.0)
        for (name, values), colour in zip(rivals.items(), COLOURS * len(rivals), strict=False):
            axes.plot(
                ahead, values, color=colour, linewidth=1.4, marker="o", markersize=3, label=canvas.label(name, 40)
            )
        axes.plot(ahead, own, color=canvas.BLUE, linewidth=2.4, marker="o", markersize=4, label="boda")
        axes.set(xlabel="steps ahead", ylabel="mean error")
        axes.set_ylim(bottom=0)
        axes.xaxis.get_major_locator().set_params(integer=True)
        canvas.tidy(axes, grid="both")
        fig.legend(loc="outside upper left", ncols=4)
    return fig


def coverage(by_step: Sequence[float], level: float) -> Figure:
    """Which share lay inside the interval at each step ahead, with the share that was wanted."""
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 2.2)
        axes.bar(np.arange(1, len(by_step) + 1), by_step, color=canvas.BLUE, width=0.7)
        axes.axhline(level, color=canvas.ORANGE, linewidth=1.4, linestyle="--")
        axes.annotate(
            f"wanted {percent(level, 0)}", (1, level), xycoords=("axes fraction", "data"), va="bottom", ha="right"
        )
        axes.set(xlabel="steps ahead", ylabel="inside", ylim=(0, 1.12))
        canvas.percent_axis(axes.yaxis)
        axes.xaxis.get_major_locator().set_params(integer=True)
        canvas.tidy(axes, grid="y")
    return fig


def _apart(forecasts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The last forecasts, each beginning where the next but one has not begun: none covers another."""
    kept: list[Mapping[str, Any]] = []
    for one in sorted(forecasts, key=lambda each: -each["origin"]):
        if not kept or one["origin"] + len(one["values"]) <= kept[-1]["origin"]:
            kept.append(one)
        if len(kept) == MOST_FORECASTS:
            break
    return kept[::-1]


def _draw(axes: Axes, one: Mapping[str, Any], level: float | None, *, named: bool) -> None:
    x = one["origin"] + np.arange(len(one["values"]))
    if one.get("low") and one.get("high"):
        band = f"{percent(level, 0)} interval" if level is not None else "interval"
        low, high = (np.array(one[key], dtype=float) for key in ("low", "high"))
        axes.fill_between(x, low, high, color=canvas.BLUE, alpha=0.16, linewidth=0, label=band if named else None)
    if one.get("naive"):
        dashed: dict[str, Any] = {"color": canvas.ORANGE, "linewidth": 1.2, "linestyle": "--"}
        axes.plot(x, one["naive"], label="naive" if named else None, **dashed)
    axes.plot(x, one["values"], color=canvas.BLUE, linewidth=2, label="forecast" if named else None)
    axes.axvline(one["origin"] - 0.5, color=canvas.LINE, linewidth=1, zorder=0)


def _times(axes: Axes, times: Sequence[Any], first: int, end: int) -> None:
    """Some of the times below the axis; their numbers where there are none."""
    if len(times) < end:
        axes.set_xlabel("step")
        return
    places = np.unique(np.linspace(first, end - 1, 6).round().astype(int))
    axes.set_xticks(places, [canvas.label(_short_time(times[place]), 20) for place in places])


def _short_time(time: Any) -> str:
    """An ISO time without a midnight, a number without useless decimals."""
    if isinstance(time, float):
        return f"{time:g}"
    return str(time).replace("T", " ").removesuffix(" 00:00:00").removesuffix(":00")
