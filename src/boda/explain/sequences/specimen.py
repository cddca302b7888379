"""Specimen: one sequence to look at, as the network takes it, with its tokens and what was said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from boda.errors import DataError

if TYPE_CHECKING:
    import numpy as np


class Network(Protocol):
    """What is asked of a network: `boda.models.step.Recurrent` has it."""

    @property
    def plan(self) -> Any:
        """What the network is made of."""

    def run(self, x: np.ndarray, *, record: bool = False) -> Any:
        """One pass over (1, t) ids or (1, t, c) numbers; with `record`, `.layers[i]` holds "h" and gates, (1, t, u)."""

    def saliency(self, sequence: np.ndarray, class_index: int) -> Any:
        """(t,) how strongly each step moves the logit of a class."""

    def gradient_reach(self, sequence: np.ndarray) -> np.ndarray:
        """(t,) the norm of the gradient that reaches each step from the last one."""


@dataclass(frozen=True, slots=True, eq=False)
class Specimen:
    """One sequence to look at.

    `inputs` are (t,) ids or (t, channels) numbers, as the network takes them; `tokens` are what is written below the
    steps, () for numbers. `truth` and `answer` are words, `class_index` is the answer's place among the outputs, and
    `confidence` the answer's, 0 to 1.

    Raises DataError where there is not one token a step.
    """

    name: str
    inputs: np.ndarray
    tokens: tuple[str, ...] = ()
    truth: str = ""
    answer: str = ""
    class_index: int | None = None
    confidence: float | None = None

    def __post_init__(self) -> None:
        if self.tokens and len(self.tokens) != len(self.inputs):
            raise DataError(
                f"{self.name}: expected a token for each of the {len(self.inputs)} steps, came {len(self.tokens)}. "
                "Give the tokens of the ids that the network takes; begin and label ids count as steps."
            )

    def __len__(self) -> int:
        return len(self.inputs)

    def cut(self, most: int) -> Specimen:
        """The first `most` steps."""
        told = (self.truth, self.answer, self.class_index, self.confidence)
        return Specimen(self.name, self.inputs[:most], self.tokens[:most], *told)

    @property
    def described(self) -> dict[str, Any]:
        """Its name and what was said of it, as JSON."""
        told = {"truth": self.truth, "answer": self.answer, "confidence": self.confidence}
        return {"name": self.name, **{key: value for key, value in told.items() if value not in {"", None}}}
