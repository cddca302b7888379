"""What a step does to one sample once its chances are drawn: a move, a tone, or a new painting of the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from boda.augment import affine
from boda.augment.labels import NO_LABELS, Labels

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """Pixels, boxes, masks and points go where `matrix` takes them, into a picture of `size` (h, w).

    `matrix` is of the kind that `affine.py` explains. `fill_mode` is None for what never looks beyond the picture.
    `order` is that of `warp`, or None for what takes whole pixels within the picture, so that no value changes.
    `antialias` says that the picture shrinks by weighted averages (`shrink.py`), apart from other moves.
    """

    matrix: np.ndarray
    size: tuple[int, int]
    fill_mode: str | None = None
    fill_value: float = 0.0
    order: int | None = 1
    antialias: bool = False

    def then(self, later: Move) -> Move | None:
        """Both as one resampling, or None where they fill or interpolate in different ways."""
        orders = {move.order for move in (self, later) if move.order is not None}
        fills = {(move.fill_mode, move.fill_value) for move in (self, later) if move.fill_mode is not None}
        if len(orders) > 1 or len(fills) > 1 or self.antialias or later.antialias:
            return None
        mode, value = fills.pop() if fills else (None, 0.0)
        return Move(later.matrix @ self.matrix, later.size, mode, value, orders.pop() if orders else None)


@dataclass(frozen=True, slots=True, eq=False)
class Tone:
    """Values change, each pixel by itself: `operations` (k, 16) float32 for the kernel in `tone.py`.

    `linear` says that all of it is x -> gain x + offset, without clipping, so that it commutes with a Move.
    """

    operations: np.ndarray
    linear: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Paint:
    """New values from the whole picture: `paint` takes (h, w, c) float32, which it may change, and keeps the shape."""

    paint: Callable[[np.ndarray], np.ndarray]


Effect: TypeAlias = Move | Tone | Paint


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What a step may know when it draws: the picture's present size, and where its labels now are."""

    height: int
    width: int
    channels: int
    given: Labels = NO_LABELS
    moves: tuple[Move, ...] = ()

    def after(self, effect: Effect) -> Scene:
        """The scene as the next step finds it."""
        if not isinstance(effect, Move):
            return self
        height, width = effect.size
        return Scene(height, width, self.channels, self.given, (*self.moves, effect))

    def boxes(self) -> np.ndarray | None:
        """Boxes (n, 4) where they are by now, unclipped; None where the sample has none."""
        if self.given.boxes is None:
            return None
        corners = self.given.boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
        moved = affine.move_points(corners, affine.compose(move.matrix for move in self.moves))
        return np.concatenate([moved.min(axis=1), moved.max(axis=1)], axis=1)
