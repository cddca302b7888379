"""Draws accuracy against the number of training pictures, and its forecast as a fan that widens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports import canvas
from boda.reports.words import is_interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def learning_curve(found: Mapping[str, Any]) -> Figure:
    """What was measured as points with 95 % intervals, and, where there is a forecast, its law and its fan.

    Args:
        found: what `training.learning_curve.learning_curve` returns; only `sizes` and `error` must be there.
    """
    sizes = np.array(found["sizes"], dtype=float)
    right = 1 - np.array(found["error"], dtype=float)
    forecast = [each for each in found.get("forecast") or [] if is_interval(each.get("interval"))]
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 3.6)
        if forecast:
            _draw_fan(axes, found, forecast)
        _draw_intervals(axes, sizes, found.get("spread") or [])
        axes.plot(sizes, right, "o", color=canvas.BLUE, markersize=6, label="measured on unseen folds", zorder=3)
        if not forecast:
            axes.plot(sizes, right, color=canvas.BLUE, linewidth=1.2, alpha=0.6)
        _lay_axis(axes, [*sizes.tolist(), *(each["n"] for each in forecast)])
        axes.set_xlabel("training pictures (each step to the right doubles them)")
        canvas.percent_axis(axes.yaxis)
        canvas.tidy(axes, grid="both")
        fig.legend(loc="outside upper left", ncols=3)
    return fig


def _draw_fan(axes: Axes, found: Mapping[str, Any], forecast: Sequence[Mapping[str, Any]]) -> None:
    """The law through what was measured, dashed beyond it, and the forecast's intervals joined to a fan."""
    last = float(found["sizes"][-1])
    spread = (found.get("spread") or [[found["error"][-1]] * 2])[-1]
    ends = [(last, *spread), *((each["n"], *each["interval"]) for each in forecast if each["n"] > last)]
    n, lo, hi = np.array(ends, dtype=float).T
    axes.fill_between(n, 1 - hi, 1 - lo, color=canvas.ORANGE, alpha=0.16, linewidth=0, label="forecast, 95 % interval")
    if found.get("fit"):
        before, beyond = np.geomspace(found["sizes"][0], last, 60), np.geomspace(last, n[-1], 30)
        axes.plot(before, 1 - _law(found["fit"], before), color=canvas.GREY, linewidth=1.4, label="fitted law")
        axes.plot(beyond, 1 - _law(found["fit"], beyond), color=canvas.ORANGE, linewidth=1.6, linestyle="--")
    for each in forecast:
        share = 1 - each["error"]
        axes.plot(each["n"], share, "D", color=canvas.ORANGE, markersize=4.5)
        look: dict[str, Any] = {"xytext": (0, -13), "textcoords": "offset points", "ha": "center", "fontsize": 8}
        axes.annotate(f"{100 * share:.1f} %", (each["n"], share), **look)


def _law(fit: Mapping[str, float], n: np.ndarray) -> np.ndarray:
    return np.asarray(fit["a"] * n ** -fit["b"] + fit["c"])


def _draw_intervals(axes: Axes, sizes: np.ndarray, spread: Sequence[Any]) -> None:
    for size, ends in zip(sizes, spread, strict=False):
        if is_interval(ends):
            axes.vlines(size, 1 - ends[1], 1 - ends[0], color=canvas.BLUE, linewidth=2, alpha=0.55)


def _lay_axis(axes: Axes, places: Sequence[float]) -> None:
    """A logarithmic axis with a tick at each size that has room for its number."""
    from matplotlib.ticker import NullLocator

    ticks: list[float] = []
    for place in sorted(places, reverse=True):
        if not ticks or place < ticks[-1] / 1.2:
            ticks.append(place)
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(ticks[::-1], [f"{tick:,.0f}" for tick in ticks[::-1]])
