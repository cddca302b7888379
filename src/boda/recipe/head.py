"""The recipe of a head: the layers on top of the backbone's features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from boda.recipe.checks import is_whole, plain, refuse_wrong, share
from boda.recipe.levers import Levers

CHECKS = {
    "hidden": ("widths above 0", lambda value: all(is_whole(width) and width > 0 for width in value)),
    "dropout": share(),
    "batch_norm": ("true or false", lambda value: isinstance(value, bool)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRecipe(Levers):
    """The layers on top of the backbone's features, and how they are trained.

    With no hidden layers, no dropout and no BatchNormalization, and with a loss that is convex in its weights, the
    head is solved exactly where the optimizer is "auto"; otherwise Keras trains it.

    Args:
        hidden: widths of the hidden layers, each followed by ReLU; (512,) is a usual one, for which 512 may stand.
        dropout: share of the values that are dropped before each dense layer, 0 to below 1.
        batch_norm: BatchNormalization after each hidden layer (before the dense layer where there is none).

    The others are `Levers`.
    """

    PREFIX: ClassVar[str] = "head."

    hidden: tuple[int, ...] = ()
    dropout: float = 0.0
    batch_norm: bool = False

    def __post_init__(self) -> None:
        """Refuse values out of range, with the field's name."""
        object.__setattr__(self, "hidden", _as_tuple(self.hidden))
        Levers.__post_init__(self)
        refuse_wrong(self, CHECKS, self.PREFIX)

    @property
    def is_linear(self) -> bool:
        """Whether one dense layer is all there is, so that SciPy can solve it exactly."""
        plain = self.loss == "cross-entropy" and self.mix == "none" and not self.ema and self.optimizer == "auto"
        return plain and not self.hidden and not self.dropout and not self.batch_norm


def _as_tuple(value: object) -> tuple[object, ...]:
    """One width, or a list of them, as a tuple."""
    return tuple(map(plain, value)) if isinstance(value, (list, tuple)) else (plain(value),)
