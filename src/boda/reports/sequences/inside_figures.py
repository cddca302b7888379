"""Draws what is inside a network, from plain numbers: states, gates, how far gradients reach, attention.

Every function returns a matplotlib Figure; `boda.reports.canvas` turns it into PNG or SVG.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports import canvas
from boda.reports.sequences.words import are_words, token_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GATES = {
    "i": "input gate: what is written",
    "f": "forget gate: what is kept",
    "o": "output gate: what is shown",
    "z": "update gate: what is kept",
    "r": "reset gate: what of the past is used",
}
CELLS = {"rnn": canvas.ORANGE, "gru": canvas.GREEN, "lstm": canvas.PURPLE, "mingru": "#0e8f9e"}
NAMES = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM", "mingru": "minGRU"}
REPLACED = "update gate: what is replaced"  # of minGRU, whose z says so
MOST_LETTERS = 60


def states(one: Mapping[str, Any]) -> Figure:
    """A heat map of hidden states, a row a unit and a column a step: blue above 0, orange below."""
    h = np.array(one["h"], dtype=float)
    limit = max(float(np.abs(h).max(initial=0)), 1e-6)
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 1.1 + 0.052 * len(h))
        image = axes.imshow(h, cmap=_diverging(), vmin=-limit, vmax=limit, aspect="auto", interpolation="none")
        axes.set_ylabel(f"{len(h)} units")
        axes.set_yticks([])
        _tokens_below(axes, one.get("tokens") or [], h.shape[1])
        _bar(fig, image, axes)
        canvas.tidy(axes)
    return fig


def gates(one: Mapping[str, Any]) -> Figure:
    """The gates of a layer: their mean over all units a step, above heat maps of the units that vary most."""
    shown = {name: gate for name, gate in one["gates"].items() if name in GATES}
    tokens = one.get("tokens") or []
    with canvas.style():
        heights = [1.6] + [1.0] * len(shown)
        fig, axes = canvas.figure(
            canvas.WIDTH, 0.6 + sum(heights), rows=1 + len(shown), height_ratios=heights, sharex=True, squeeze=False
        )
        top, below = axes[0, 0], axes[1:, 0]
        for (name, gate), colour in zip(shown.items(), (canvas.BLUE, canvas.ORANGE, canvas.GREEN), strict=False):
            top.plot(gate["mean"], color=colour, linewidth=1.6, label=f"{name}: mean of all units")
        top.set(ylim=(0, 1), title="How open the gates are: 0 closed, 1 open")
        canvas.tidy(top, grid="y")
        for axis, (name, gate) in zip(below, shown.items(), strict=True):
            look = {"cmap": _shades(), "vmin": 0, "vmax": 1, "aspect": "auto", "interpolation": "none"}
            image = axis.imshow(np.array(gate["units"], dtype=float), **look)
            axis.set_title(f"{name}, {REPLACED if [*shown] == ['z'] else GATES[name]}", fontsize=9)
            axis.set_yticks([])
            canvas.tidy(axis)
        _tokens_below(axes[-1, 0], tokens, len(next(iter(shown.values()))["mean"]))
        _bar(fig, image, list(below))
        fig.legend(loc="outside lower left", ncols=3)
    return fig


def reach(told: Mapping[str, Any]) -> Figure:
    """The gradient's norm against steps back, on a logarithmic scale: of the trained network and of fresh ones."""
    own = told["own"]
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 3.6)
        for one in told.get("fresh") or []:
            colour = CELLS.get(one["cell"], canvas.GREY)
            axes.plot(_positive(one["norms"]), color=colour, linewidth=1.3, label=f"{_cell(one)}, fresh")
        axes.plot(
            _positive(own["norms"]), color=canvas.BLUE, linewidth=2.6, label=f"this network ({_cell(own)}), trained"
        )
        axes.axhline(0.01, color=canvas.MUTED, linewidth=1, linestyle=":")
        axes.annotate(
            "1 %",
            (1, 0.01),
            xycoords=("axes fraction", "data"),
            va="bottom",
            ha="right",
            color=canvas.MUTED,
            fontsize=8,
        )
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda norm, _: f"{norm:g}")
        axes.set_ylim(bottom=max(1e-12, min(axes.get_ylim()[0], 1e-3)))
        axes.set(xlabel="steps back from the last one", ylabel="gradient, 1 at the last step")
        canvas.tidy(axes, grid="both")
        fig.legend(loc="outside upper left", ncols=5)
    return fig


def attention(weights: Sequence[Sequence[float]], source: Sequence[str], answer: Sequence[str]) -> Figure:
    """Where each token of the answer (rows) looked in the source (columns): the darker, the more."""
    shown = np.array(weights, dtype=float)[: len(answer) or None, : len(source) or None][:MOST_LETTERS, :MOST_LETTERS]
    rows, columns = shown.shape
    with canvas.style():
        fig, axes = canvas.figure(max(1.4 + 0.2 * columns, 2.6), max(1.0 + 0.2 * rows, 1.6))
        axes.imshow(shown, cmap=_shades(), vmin=0, vmax=1, interpolation="none", aspect="auto")
        long = are_words(source)
        across = [canvas.label(token_words(token), 12) for token in source[:columns]]
        axes.set_xticks(range(len(across)), across, rotation=90 if long else 0, fontsize=8, color=canvas.INK)
        down = [canvas.label(token_words(token), 12) for token in answer[:rows]]
        axes.set_yticks(range(len(down)), down, fontsize=8)
        axes.set(xlabel="the source", ylabel="the answer")
        canvas.tidy(axes)
    return fig


def _tokens_below(axes: Axes, tokens: Sequence[str], steps: int) -> None:
    """Tokens as ticks: letters all of them where they fit, words turned, of many every so many-th."""
    if not tokens:
        axes.set_xlabel("step")
        return
    words = are_words(tokens)
    every = -(-steps // (45 if words else 100))
    places = range(0, min(steps, len(tokens)), every)
    shown = [canvas.label(token_words(tokens[place]), 12) for place in places]
    size = 9 if steps <= 60 else 7
    axes.set_xticks(list(places), shown, rotation=90 if words else 0, fontsize=size, color=canvas.INK)


def _bar(fig: Figure, image: Any, axes: Any) -> None:
    bar = fig.colorbar(image, ax=axes, shrink=0.8, aspect=20, pad=0.01)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8)


def _positive(norms: Sequence[float]) -> np.ndarray:
    """The norms with gaps where they are 0, which has no logarithm."""
    values = np.array(norms, dtype=float)
    return np.where(values > 0, values, np.nan)


def _cell(one: Mapping[str, Any]) -> str:
    return NAMES.get(one["cell"], canvas.label(one["cell"]))


@functools.cache
def _diverging() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signs", ("#9a4d00", "#e8a35c", "#f7f8f9", "#6fa8d6", "#12467f"))


@functools.cache
def _shades() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("shares", canvas.SHADES)
