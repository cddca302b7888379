"""Draws the learning-rate finder's curves, from plain dicts: the loss at each rate, and the rate that it suggests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports import canvas

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ABOVE = 1.3  # of the first loss is shown; a diverging loss would flatten the rest


def rate_curves(curves: Mapping[str, Mapping[str, Any]]) -> Figure:
    """A panel a stage: each batch's loss, their smoothed course, and the suggestion.

    Args:
        curves: stage name to `rates`, `losses` and `smoothed`, (n,) each, and `suggestion`, a rate or None.
    """
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 0.5 + 2.7 * len(curves), rows=len(curves), squeeze=False)
        for panel, (name, curve) in zip(axes[:, 0], curves.items(), strict=True):
            _draw(panel, curve)
            panel.set_title(canvas.label(name))
        axes[-1, 0].set_xlabel("learning rate")
        handles, labels = axes[0, 0].get_legend_handles_labels()
        fig.legend(handles, labels, loc="outside upper right", ncols=3)
    return fig


def _draw(axes: Axes, curve: Mapping[str, Any]) -> None:
    rates, losses, smoothed = (np.asarray(curve[key], float) for key in ("rates", "losses", "smoothed"))
    axes.plot(rates, losses, color=canvas.GREY, linewidth=1, label="each batch")
    axes.plot(rates, smoothed, color=canvas.BLUE, linewidth=2, label="smoothed")
    axes.set_xscale("log")
    axes.set_ylabel("loss")
    if len(losses):
        axes.set_ylim(0, ABOVE * max(smoothed[0], float(np.median(losses)), 1e-9))
    if curve["suggestion"] is not None:
        _mark(axes, float(curve["suggestion"]), rates, smoothed)
    _few_ticks(axes, rates)
    canvas.tidy(axes, grid="both")


def _mark(axes: Axes, suggestion: float, rates: np.ndarray, smoothed: np.ndarray) -> None:
    """A line at the suggestion, with its number."""
    height = float(np.interp(np.log(suggestion), np.log(rates), smoothed))
    axes.axvline(suggestion, color=canvas.ORANGE, linewidth=1.2, linestyle="--", label="suggestion")
    canvas.beside(axes, suggestion, height, f"{suggestion:.2g}", color=canvas.ORANGE, fontweight="bold")


def _few_ticks(axes: Axes, rates: Sequence[float] | np.ndarray) -> None:
    """A tick a power of ten, as a plain number."""
    from matplotlib.ticker import NullLocator

    if len(rates):
        low, high = np.floor(np.log10(rates[0])), np.ceil(np.log10(rates[-1]))
        axes.set_xticks(10.0 ** np.arange(low, high + 1))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda rate, _: f"{rate:g}")
