"""The pictures of docs/sequences.md that are drawn, not measured: the cells, the shapes, and how gradients are cut."""
# ruff: noqa: INP001 - a script's other half

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from boda.reports import canvas
from boda.reports.sequences.inside_figures import CELLS, NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

Point = tuple[float, float]
STEPS = 4
PIECE = 4  # steps of a piece in the picture of truncated gradients
SHAPES: dict[str, tuple[list[str], list[str], list[tuple[int, int]]]] = {  # inputs, answers, (step, answer)
    "many to one\nclassify, regress": (["K", "i", "m", ""], ["Korean"], [(2, 0)]),
    "one to many\nlanguage, from a label": (["Korean", "K", "i", "m"], ["K", "i", "m", "end"], []),
    "many to many, aligned\ntag, language, music": (["t", "o", "b", "e"], ["B", "I", "B", "I"], []),
    "forecast\nmany to one, of several numbers": (["Mon", "Tue", "Wed", "Thu"], ["Fri, Sat, Sun"], [(3, 0)]),
}


def draw_all() -> dict[str, bytes]:
    """The pictures by name, as PNG."""
    return {"cells": draw_cells(), "shapes": draw_shapes(), "bptt": draw_bptt()}


# The cells -------------------------------------------------------------------------------------------------------


def draw_cells() -> bytes:
    """One step of each cell: what flows from the left to the right, and what decides on it."""
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 5.6, 2, 2)
        draws = (draw_rnn, draw_lstm, draw_gru, draw_mingru)
        for axis, name, draw in zip(axes.flat, ("rnn", "lstm", "gru", "mingru"), draws, strict=True):
            axis.set(xlim=(0, 10), ylim=(0, 5.4), xticks=[], yticks=[])
            axis.set_title(f"{NAMES[name]}: one step", color=CELLS[name])
            canvas.tidy(axis)
            draw(axis, CELLS[name])
    return canvas.to_png(fig)


def draw_rnn(axes: Axes, colour: str) -> None:
    """An input and the state before, through a tanh."""
    arrow(axes, (1.7, 3), (4.1, 3))
    arrow(axes, (5, 0.8), (5, 2.5))
    arrow(axes, (5.9, 3), (8.9, 3))
    box(axes, (5, 3), "tanh", colour, width=1.6)
    words(axes, (0.7, 3), "h before")
    words(axes, (5, 0.45), "x")
    words(axes, (9.4, 3), "h")


def draw_lstm(axes: Axes, colour: str) -> None:
    """The memory goes straight through; three gates and a candidate see x and h."""
    arrow(axes, (1.7, 4.6), (8.9, 4.6), width=2.4)
    arrow(axes, (1.7, 0.9), (6.5, 0.9))
    for x, gate in ((2.5, "f"), (4, "i"), (5.2, "tanh"), (6.5, "o")):
        arrow(axes, (x, 0.9), (x, 1.7))
        box(axes, (x, 2), gate, colour if gate == "tanh" else canvas.BLUE, width=1.0)
    arrow(axes, (2.5, 2.3), (2.5, 4.3))
    arrow(axes, (4, 2.3), (4.45, 3.1))
    arrow(axes, (5.2, 2.3), (4.75, 3.1))
    arrow(axes, (4.6, 3.5), (4.6, 4.3))
    arrow(axes, (7.7, 4.6), (7.7, 3.5))
    arrow(axes, (6.5, 2.3), (7.4, 3.1))
    arrow(axes, (8, 3.3), (8.9, 3.3))
    for place, sign in (((2.5, 4.6), "x"), ((4.6, 4.6), "+"), ((4.6, 3.3), "x"), ((7.7, 3.3), "x")):
        circle(axes, place, sign)
    words(axes, (8.35, 4.1), "tanh")
    words(axes, (0.7, 4.6), "c before")
    words(axes, (9.4, 4.6), "c")
    words(axes, (0.7, 0.9), "h before, x")
    words(axes, (9.4, 3.3), "h")


def draw_gru(axes: Axes, colour: str) -> None:
    """The update gate mixes the state before with a candidate; the reset gate says what the candidate sees of it."""
    _mixed(axes, colour, "h before, x")
    arrow(axes, (2.4, 0.9), (2.4, 1.7))
    box(axes, (2.4, 2), "r", canvas.BLUE, width=1.0)
    arrow(axes, (2.9, 2), (3.7, 2))
    words(axes, (2.4, 2.6), "what it sees")


def draw_mingru(axes: Axes, colour: str) -> None:
    """The same mixture, but gate and candidate see x alone."""
    _mixed(axes, colour, "x", "linear")


def _mixed(axes: Axes, colour: str, below: str, candidate: str = "tanh") -> None:
    arrow(axes, (1.7, 4.6), (8.9, 4.6), width=2.4)
    arrow(axes, (1.7, 0.9), (6.6, 0.9))
    for x, name in ((4.3, candidate), (6.6, "z")):
        arrow(axes, (x, 0.9), (x, 1.7))
        box(axes, (x, 2), name, canvas.BLUE if name == "z" else colour, width=1.2 if name != "z" else 1.0)
    arrow(axes, (4.3, 2.3), (5.3, 4.3))
    arrow(axes, (6.6, 2.3), (5.6, 4.3))
    box(axes, (5.45, 4.6), "mix", canvas.GREY, width=1.3)
    words(axes, (0.7, 4.6), "h before")
    words(axes, (9.4, 4.6), "h")
    words(axes, (0.7, 0.9), below)


# The shapes ------------------------------------------------------------------------------------------------------


def draw_shapes() -> bytes:
    """The same cell unrolled over the steps, with answers at some of them."""
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 4.9, 2, 3)
        panels = list(axes.flat)
        for axis, (title, (inputs, answers, links)) in zip(panels, SHAPES.items(), strict=False):
            _shape(axis, title, inputs, answers, links or [(i, i) for i in range(len(inputs))])
        _pairs(panels[4])
        panels[5].set_visible(False)
    return canvas.to_png(fig)


def _stage(axes: Axes, title: str) -> None:
    axes.set(xlim=(-0.7, 4.9), ylim=(-0.6, 2.6), xticks=[], yticks=[])
    axes.set_title(title)
    canvas.tidy(axes)


def _shape(axes: Axes, title: str, inputs: Sequence[str], answers: Sequence[str], links: Any) -> None:
    _stage(axes, title)
    steps = [i for i, text in enumerate(inputs) if text]
    for i in steps:
        words(axes, (1.2 * i, -0.3), inputs[i])
        arrow(axes, (1.2 * i, 0), (1.2 * i, 0.75))
        if i:
            arrow(axes, (1.2 * i - 0.85, 1), (1.2 * i - 0.35, 1))
        box(axes, (1.2 * i, 1), "", canvas.PURPLE, width=0.7, height=0.5)
    for step, answer in links:
        arrow(axes, (1.2 * step, 1.25), (1.2 * step, 2))
        words(axes, (1.2 * step, 2.3), answers[answer], bold=True)


def _pairs(axes: Axes) -> None:
    """One network reads, a second writes from what the first knows."""
    _stage(axes, "many to many, of different length\npairs")
    for i, (read, write) in enumerate(zip(["5", "+", "7", "", ""], ["", "", "", "1", "2"], strict=True)):
        colour = canvas.PURPLE if read else canvas.ORANGE
        if i:
            arrow(axes, (i - 0.7, 1), (i - 0.3, 1))
        box(axes, (i, 1), "", colour, width=0.6, height=0.5)
        if read:
            words(axes, (i, -0.3), read)
            arrow(axes, (i, 0), (i, 0.75))
        else:
            arrow(axes, (i, 1.25), (i, 2))
            words(axes, (i, 2.3), write, bold=True)
    words(axes, (1, 1.55), "reads")
    words(axes, (3.5, 0.45), "writes")


# How gradients are cut -------------------------------------------------------------------------------------------


def draw_bptt() -> bytes:
    """States go on to the right in all three; gradients go back to the left, through all or through a piece."""
    titles = (
        "whole: gradients go back through all steps",
        f"truncated, k1 = k2 = {PIECE}: pieces side by side, the state goes on, gradients stop at a piece's edge",
        f"truncated, k1 = {PIECE // 2}, k2 = {PIECE}: pieces overlap, and gradients go back {PIECE // 2} steps or more",
    )
    with canvas.style():
        fig, rows = canvas.figure(canvas.WIDTH, 4.6, 3, 1)
        for axes, title in zip(rows, titles, strict=True):
            axes.set(xlim=(-0.6, 12), ylim=(-1.5, 0.7), xticks=[], yticks=[])
            axes.set_title(title)
            canvas.tidy(axes)
            for i in range(12):
                box(axes, (i, 0.2), "", canvas.PURPLE, width=0.6, height=0.5)
                arrow(axes, (i + 0.3, 0.2), (i + 0.7, 0.2))
        back(rows[0], [(0, 11)])
        back(rows[1], [(start, start + PIECE - 1) for start in range(0, 12, PIECE)])
        back(rows[2], [(start, start + PIECE - 1) for start in range(0, 12 - PIECE // 2, PIECE // 2)])
    return canvas.to_png(fig)


def back(axes: Axes, spans: Sequence[tuple[int, int]]) -> None:
    """An arrow to the left below the steps of each span, in two rows where they overlap."""
    overlapping = any(one[1] >= other[0] for one, other in pairwise(spans))
    for nth, (first, last) in enumerate(spans):
        y = -0.5 - 0.45 * (nth % 2) * overlapping
        arrow(axes, (last + 0.3, y), (first - 0.3, y), canvas.ORANGE, 1.8)


# What they are drawn with ----------------------------------------------------------------------------------------


def arrow(axes: Axes, start: Point, end: Point, colour: str = canvas.MUTED, width: float = 1.2) -> None:
    """An arrow from `start` to `end`."""
    look = {"arrowstyle": "-|>", "color": colour, "linewidth": width, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=look)


def box(axes: Axes, centre: Point, text: str, colour: str, *, width: float, height: float = 0.7) -> None:
    """A coloured box with white words."""
    from matplotlib.patches import Rectangle

    corner = centre[0] - width / 2, centre[1] - height / 2
    axes.add_patch(Rectangle(corner, width, height, facecolor=colour, edgecolor="white", zorder=3))
    axes.text(*centre, text, color="white", ha="center", va="center", zorder=4, fontsize=9)


def circle(axes: Axes, centre: Point, sign: str) -> None:
    """An operation, number by number."""
    axes.plot(*centre, "o", color="white", markeredgecolor=canvas.INK, markersize=13, zorder=3)
    axes.text(*centre, sign, ha="center", va="center_baseline", zorder=4, fontsize=9)


def words(axes: Axes, centre: Point, text: str, *, bold: bool = False) -> None:
    """Words on their own."""
    axes.text(*centre, text, ha="center", va="center", fontsize=9, fontweight="bold" if bold else "normal")
