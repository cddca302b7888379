"""The table of recurrent cells: what each is, when it helps, and how its Keras layer is made.

Light: Keras is imported when a layer is made.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Any

from boda.errors import RecipeError


@dataclass(frozen=True, slots=True)
class Cell:
    """One row.

    Args:
        name: what recipes and commands call it.
        title: what people call it.
        says: a sentence: what it is, and when it helps.
        states: how many states it carries from step to step; the first is its output.
        gates: what its weights' columns belong to, in Keras's order, each as wide as the state.
        builder: the layer's class in `boda.models.recurrent_layers`.
        recurrent: whether it multiplies its state with a kernel, so that `recurrent_dropout` has something to drop.
    """

    name: str
    title: str
    says: str
    states: int
    gates: tuple[str, ...]
    builder: str
    recurrent: bool = True

    def layer(self, units: int, *, recurrent_dropout: float = 0.0, **options: Any) -> Any:
        """The Keras layer, `units` wide; `options` are those of Keras's recurrent layers.

        Raises:
            RecipeError: `recurrent_dropout` for a cell without a recurrent kernel.
        """
        if recurrent_dropout and not self.recurrent:
            raise RecipeError(
                f"recurrent_dropout is {recurrent_dropout}, but {self.title} has no recurrent kernel whose input it "
                "could drop. Use dropout, or another cell."
            )
        from boda.models.recurrent_layers import recurrent_layers

        dropped = {"recurrent_dropout": recurrent_dropout} if self.recurrent else {}
        return getattr(recurrent_layers(), self.builder)(units, **dropped, **options)


def get(name: str) -> Cell:
    """The row `name`.

    >>> get("lstm").states
    2
    """
    if name not in CELLS:
        close = difflib.get_close_matches(name, CELLS, 1)
        raise RecipeError(
            f"There is no cell {name}. {f'Did you mean {close[0]}?' if close else 'Known: ' + ', '.join(CELLS) + '.'}"
        )
    return CELLS[name]


def layer(name: str, units: int, **options: Any) -> Any:
    """The Keras layer of the cell `name`, `units` wide, as `Cell.layer` makes it."""
    return get(name).layer(units, **options)


CELLS = {
    "lstm": Cell(
        name="lstm",
        title="LSTM",
        says="Keeps a second state behind gates, so that it remembers over hundreds of steps; the safe first choice.",
        states=2,
        gates=("i", "f", "c", "o"),
        builder="FastLSTM",
    ),
    "gru": Cell(
        name="gru",
        title="GRU",
        says="Has one state and a gate less than the LSTM, which suits small data and trains a little faster.",
        states=1,
        gates=("z", "r", "h"),
        builder="FastGRU",
    ),
    "rnn": Cell(
        name="rnn",
        title="plain RNN",
        says="Has no gates, so that it forgets within some ten steps; good to learn from and for short sequences.",
        states=1,
        gates=("h",),
        builder="FastSimpleRNN",
    ),
    "mingru": Cell(
        name="mingru",
        title="minGRU",
        says="Decides what to remember by the input alone, which makes it the fastest; for long sequences.",
        states=1,
        gates=("z", "h"),
        builder="MinGRU",
        recurrent=False,
    ),
}
