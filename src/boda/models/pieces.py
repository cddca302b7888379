"""Pieces: the tensors of a cut, several maps of a picture, as one row of numbers, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Pieces:
    """Maps of these `shapes`, (h, w, c) each, which lie one after the other in a row."""

    shapes: tuple[tuple[int, ...], ...]

    @property
    def length(self) -> int:
        """Numbers in a row."""
        return sum(math.prod(shape) for shape in self.shapes)

    def part(self, rows: Any) -> list[Any]:
        """Rows (n, length), an array or a tensor, as maps (n, h, w, c) each."""
        from boda.models.keras_import import import_keras

        reshape, at, maps = import_keras().ops.reshape, 0, []
        for shape in self.shapes:
            end = at + math.prod(shape)
            maps.append(reshape(rows[:, at:end], (-1, *shape)))
            at = end
        return maps
