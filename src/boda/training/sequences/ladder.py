"""The ladder of sequences under way: as that of pictures, but that every rung trains a network of its own.

What a rung will cost is guessed from what the base has taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from boda.training.cells import read_cells, seconds_a_fold
from boda.training.ladder import Ladder

if TYPE_CHECKING:
    from boda.recipe.sequence import SequenceRecipe
    from boda.training.rungs import Rung

START = 8.0  # seconds until libraries are loaded and the first graph is traced
CELL = {"lstm": 1.0, "gru": 0.9, "rnn": 0.5, "mingru": 0.5}  # of an LSTM's time
SERIAL = 64  # units below which a step's time does not depend on the width


class SequenceLadder(Ladder):
    """A ladder whose `base` is a SequenceRecipe, and whose `pictures` are LadderSequences."""

    module: ClassVar[str] = "boda.training.sequences.rung"

    def _guess(self, rung: Rung) -> float:
        """The base's seconds a fold, by what the change costs."""
        known = read_cells(self._folder(self.rungs[0]) / "cells")
        each = seconds_a_fold(known) or 10.0
        return START + len(self._cells(rung)) * each * cost(rung.recipe(self.base)) / cost(self.base)

    def _pace(self, rung: Rung) -> str:
        return rung.kind

    def _threads(self, rung: Rung) -> int:  # noqa: ARG002 - as the base class
        """One for the base too, so that seconds can be compared."""
        return 1


def cost(recipe: SequenceRecipe) -> float:
    """What a pass over the sequences costs, in relation to others; a guess."""
    width = SERIAL + recipe.units**2 / 256 + recipe.units / 4
    both = 2 if recipe.bidirectional else 1
    upper = (recipe.layers - 1) * (1.2 if recipe.bidirectional else 1.0)
    masks = 1.3 if recipe.recurrent_dropout else 1.0
    return CELL[recipe.cell] * width * both * masks * (1 + upper) * recipe.epochs
