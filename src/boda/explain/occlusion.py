"""Occlusion: a grey window slides over the picture, and the answer's fall says what it stood on.

The check needs no gradient and no look inside the network (Zeiler and Fergus 2014, arXiv 1311.2901, section 4.2).
Windows overlap: there is one around each cell of a grid, and it reaches over the cell's neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

GRID = 7
SPAN = 3.0

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Occlusion:
    """How the logits fall where a picture is covered.

    Attributes:
        logits: (grid, grid, classes) of the picture with the window around each cell of the grid.
        falls: (grid, grid) by how much the explained class's logit is lower than without a window.
    """

    logits: np.ndarray
    falls: np.ndarray


def windows(side: int, grid: int = GRID, span: float = SPAN) -> list[Box]:
    """Boxes (xyxy pixels) around each cell of a `grid` x `grid` on a square of `side` pixels, row by row.

    Args:
        side: of the picture.
        grid: cells a side.
        span: side of the window, in cells; at the picture's edge it is cut off.

    Example:
        >>> windows(4, grid=2, span=1)
        [(0, 0, 2, 2), (2, 0, 4, 2), (0, 2, 2, 4), (2, 2, 4, 4)]
    """
    cell = side / grid
    ends = [
        (max(0, round((k + 0.5 - span / 2) * cell)), min(side, round((k + 0.5 + span / 2) * cell))) for k in range(grid)
    ]
    return [(x0, y0, x1, y1) for y0, y1 in ends for x0, x1 in ends]


def covered(pixels: np.ndarray, boxes: Iterable[Box]) -> Iterator[np.ndarray]:
    """Copies of `pixels` (h, w, 3) uint8, each with one of `boxes` in the picture's mean colour."""
    grey = np.rint(pixels.mean(axis=(0, 1))).astype(np.uint8)
    for x0, y0, x1, y1 in boxes:
        copy = pixels.copy()
        copy[y0:y1, x0:x1] = grey
        yield copy


def occlude(
    logits: Callable[[Iterable[np.ndarray]], np.ndarray],
    pixels: np.ndarray,
    output: int,
    *,
    grid: int = GRID,
    span: float = SPAN,
) -> Occlusion:
    """Cover each place of a picture in turn and see what becomes of the class `output`.

    Args:
        logits: the network: pictures (side, side, 3) uint8 to logits (n, classes).
        pixels: the picture as the network sees it, (side, side, 3) uint8.
        output: index of the class.
        grid: windows a side; the network runs grid * grid + 1 times.
        span: side of a window in cells of the grid.
    """
    seen = logits([pixels, *covered(pixels, windows(len(pixels), grid, span))])
    under = seen[1:].reshape(grid, grid, -1)
    return Occlusion(under, seen[0, output] - under[..., output])
