"""Draws what the boxes of a dataset are like: how large, where, how many a picture and a class, of which shape.

Every function returns a matplotlib Figure; `boda.reports.canvas` turns it into PNG or SVG.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports import canvas

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_POINTS = 4000
MOST_COLOURS = 6
MOST_CLASSES = 50
MOST_BARS = 20
SHARES = (0.001, 0.01, 0.1, 0.5)  # of the picture's area
COLOURS = (canvas.BLUE, canvas.ORANGE, canvas.GREEN, canvas.PURPLE, "#c0392b", "#0e8f9e")
PAPER = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1}  # behind words on a drawing
ASPECTS = (0.25, 0.5, 1, 2, 4)


def sizes_and_places(
    sides: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    centres: np.ndarray,
    constant: Sequence[float] | None = None,
) -> Figure:
    """Width against height of the boxes with lines of equal area, beside a map of where their centres lie.

    Args:
        sides: (n, 2) relative width and height; of more than 4,000, that many are drawn, evenly chosen.
        labels: (n,) indices in `classes`, which colour the points where there are at most six classes.
        classes: names in their order.
        centres: (rows, columns) counts, rows from the top.
        constant: relative centre x, centre y, width and height of the mean box, which is marked on both.
    """
    with canvas.style():
        fig, (left, right) = canvas.figure(canvas.WIDTH, 4.4, columns=2)
        _draw_areas(left)
        _draw_sizes(left, sides, labels, classes)
        _draw_places(fig, right, centres)
        if constant is not None:
            _mark_constant(left, right, constant)
        left.set_title("How large the boxes are")
        right.set_title("Where their centres lie")
    return fig


def numbers_and_shapes(per_picture: Mapping[str, int], aspects: np.ndarray) -> Figure:
    """How many boxes a picture has, beside how wide the boxes are for their height.

    Args:
        per_picture: number of boxes to number of pictures.
        aspects: (n,) width over height, above 0.
    """
    with canvas.style():
        fig, (left, right) = canvas.figure(canvas.WIDTH, 3.0, columns=2)
        _draw_numbers(left, per_picture)
        _draw_aspects(right, aspects)
    return fig


def boxes_by_class(counts: Mapping[str, Mapping[str, int]]) -> Figure:
    """How many boxes each class has, stacked by part, the commonest first; the scarcest where there are above 50.

    Args:
        counts: part name to class name to count.
    """
    total: dict[str, int] = {}
    for of_part in counts.values():
        for name, n in of_part.items():
            total[name] = total.get(name, 0) + n
    shown = sorted(total, key=lambda name: -total[name])[-MOST_CLASSES:]
    with canvas.style():
        fig, axes = canvas.figure(canvas.WIDTH, 0.9 + 0.24 * max(len(shown), 2))
        left = np.zeros(len(shown))
        for part, of_part in counts.items():
            width = np.array([of_part.get(name, 0) for name in shown], dtype=float)
            axes.barh(
                range(len(shown)), width, left=left, color=_part_colour(part), label=canvas.label(part), height=0.66
            )
            left += width
        for place, boxes in enumerate(left):
            canvas.beside(axes, boxes, place, f"{boxes:,.0f}", color=canvas.MUTED)
        axes.set_yticks(range(len(shown)), [canvas.label(name) for name in shown])
        axes.set_xlim(0, max(left.max(initial=1) * 1.08, 1))
        axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)
        _whole_numbers(axes.xaxis)
        note = "" if len(shown) == len(total) else f", the {MOST_CLASSES} scarcest of {len(total)} classes"
        axes.set_xlabel(f"boxes{note}")
        canvas.tidy(axes, grid="x")
        if len(counts) > 1:
            fig.legend(loc="outside upper left", ncols=len(counts))
    return fig


def _draw_sizes(axes: Axes, sides: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> None:
    rows = np.unique(np.linspace(0, len(sides) - 1, MOST_POINTS).astype(int)) if len(sides) else np.zeros(0, int)
    sides, labels = sides[rows], labels[rows]
    look: dict[str, Any] = {"s": 14 if len(rows) < 1000 else 6, "alpha": 0.55, "linewidths": 0}
    if 1 < len(classes) <= MOST_COLOURS:
        for i, name in enumerate(classes):
            of_class = sides[labels == i]
            axes.scatter(*of_class.T, color=COLOURS[i], label=canvas.label(name, 20), **look)
        axes.legend(loc="upper left", fontsize=8, markerscale=1.4, handletextpad=0.2)
    else:
        axes.scatter(*sides.T, color=canvas.BLUE, **look)
    axes.set(xlim=(-0.015, 1.02), ylim=(-0.015, 1.02), aspect="equal")
    axes.set(xlabel="width, of the picture's", ylabel="height, of the picture's")
    canvas.percent_axis(axes.xaxis)
    canvas.percent_axis(axes.yaxis)
    canvas.tidy(axes, grid="both")


def _draw_areas(axes: Axes) -> None:
    """Lines on which boxes cover the same share of the picture."""
    for share in SHARES:
        width = np.geomspace(share, 1, 60)
        axes.plot(width, share / width, color=canvas.MUTED, linewidth=0.9, linestyle="--", alpha=0.8)
        middle = (share**0.5, share**0.5)
        axes.annotate(
            f"{100 * share:g} %", middle, ha="center", va="center", fontsize=8, color=canvas.MUTED, bbox=PAPER
        )


def _draw_places(fig: Figure, axes: Axes, centres: np.ndarray) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    shades = LinearSegmentedColormap.from_list("places", canvas.SHADES)
    image = axes.imshow(centres, cmap=shades, vmin=0, extent=(0, 1, 1, 0), interpolation="none")
    bar = fig.colorbar(image, ax=axes, shrink=0.8, aspect=26, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)
    _whole_numbers(bar.ax.yaxis)
    bar.set_label("boxes")
    axes.set(xlabel="left to right in the picture", ylabel="top to bottom in the picture")
    canvas.percent_axis(axes.xaxis)
    canvas.percent_axis(axes.yaxis)
    axes.set_yticks((0, 0.2, 0.4, 0.6, 0.8))  # the last would stand on the first of the other axis
    canvas.tidy(axes)


def _mark_constant(left: Axes, right: Axes, constant: Sequence[float]) -> None:
    """The mean box: a ring among the sizes, an outline among the places."""
    from matplotlib.patches import Rectangle

    x, y, width, height = constant
    left.plot([width], [height], "o", markersize=9, markerfacecolor="none", color=canvas.INK, markeredgewidth=1.6)
    left.annotate("mean", (width, height), xytext=(8, 0), textcoords="offset points", va="center", fontsize=8,
                  fontweight="bold", bbox=PAPER)  # fmt: skip
    corner = (x - width / 2, y - height / 2)
    right.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=canvas.INK, linestyle="--", linewidth=1.2))
    where = (max(corner[0], 0) + 0.015, max(corner[1], 0) + 0.015)
    right.annotate("the mean box", where, va="top", fontsize=8, fontweight="bold",
                   bbox=PAPER)  # fmt: skip


def _draw_numbers(axes: Axes, per_picture: Mapping[str, int]) -> None:
    """Bars, one a number; all numbers from 20 on share the last."""
    numbers = {int(number): n for number, n in per_picture.items()}
    most = max(numbers, default=1)
    last = min(most, MOST_BARS)
    heights = [sum(n for number, n in numbers.items() if min(number, last) == place) for place in range(last + 1)]
    bars: Any = axes.bar(range(last + 1), heights, color=canvas.BLUE, width=0.7)
    if last <= 12:
        axes.bar_label(bars, [f"{n:,}" if n else "" for n in heights], fontsize=8, color=canvas.MUTED, padding=2)
        axes.set_xticks(range(last + 1))
    axes.set_xlim(-0.6, max(last, 4) + 0.6)
    axes.set_ylim(0, 1.12 * max([*heights, 1]))
    _whole_numbers(axes.yaxis)
    more = f" ({MOST_BARS} stands for up to {most:,})" if most > MOST_BARS else ""
    axes.set(title="How many boxes a picture has", xlabel=f"boxes in a picture{more}", ylabel="pictures")
    canvas.tidy(axes, grid="y")


def _draw_aspects(axes: Axes, aspects: np.ndarray) -> None:
    """A histogram on a scale on which 2:1 lies as far from the square as 1:2."""
    within = np.clip(np.log2(np.maximum(aspects, 1e-9)), -3, 3)
    counts, edges = np.histogram(within, np.linspace(-3, 3, 31))
    axes.bar(edges[:-1], counts, width=0.17, align="edge", color=canvas.BLUE)
    axes.axvline(0, color=canvas.MUTED, linewidth=1, linestyle=":")
    axes.set_xticks(np.log2(ASPECTS), ["1:4", "1:2", "square", "2:1", "4:1"])
    axes.set_xlim(-3.05, 3.05)
    _whole_numbers(axes.yaxis)
    axes.set(title="Which shape they have", xlabel="width to height; upright to the left, wide to the right")
    axes.set_ylabel("boxes")
    canvas.tidy(axes, grid="y")


def _whole_numbers(axis: Any) -> None:
    """Ticks at counts, not between them."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=8, integer=True))


def _part_colour(part: str) -> str:
    return canvas.BLUE if part == "all" else canvas.PARTS.get(part, canvas.GREY)
