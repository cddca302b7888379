"""A part of the data to be measured on, and what a measure of a task does with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from boda.data.sequences.dataset import SequenceDataset
    from boda.sequence_answers import SequenceModel

SHOWN = 200  # characters of a text that predictions.json keeps


@dataclass(frozen=True, eq=False)
class Part:
    """Some sequences of a dataset, with what is true of them.

    Args:
        inputs: as the dataset has them.
        targets: the same.
        names: what each is called.
        classes: names of classes, tags or labels.
        unit: of texts, "characters" or "words".
        times: of series, one array each, or ().
        which: "train", "inner", "val" or "test"; of series it says which part of each is meant.
    """

    inputs: tuple[Any, ...]
    targets: tuple[Any, ...]
    names: tuple[str, ...]
    classes: tuple[str, ...]
    unit: str
    times: tuple[np.ndarray, ...]
    which: str

    @classmethod
    def of(cls, dataset: SequenceDataset, where: np.ndarray, which: str) -> Self:
        """The sequences at `where`."""
        chosen = [int(i) for i in where]
        inputs, targets, names = (
            tuple(rows[i] for i in chosen) for rows in (dataset.inputs, dataset.targets, dataset.names)
        )
        times = tuple(dataset.times[i] for i in chosen) if dataset.times else ()
        return cls(inputs, targets, names, dataset.classes, dataset.unit, times, which)

    def take(self, where: Sequence[int]) -> Self:
        """Some of them, in the order asked for."""
        inputs, targets, names = (tuple(rows[i] for i in where) for rows in (self.inputs, self.targets, self.names))
        times = tuple(self.times[i] for i in where) if self.times else ()
        return replace(self, inputs=inputs, targets=targets, names=names, times=times)

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def texts(self) -> list[str]:
        """The beginning of each input, for people; of what is no text, its size."""
        return [given[:SHOWN] if isinstance(given, str) else _size(given) for given in self.inputs]


class Measure(Protocol):
    """How a task is measured; `answers` are whatever the measure itself takes."""

    def calibrate(self, model: SequenceModel, inner: Part | None) -> dict[str, Any]:
        """What calibration.json holds, from sequences that were not learned from."""

    def answers(self, model: SequenceModel, part: Part) -> Any:
        """What the model says of a part."""

    def rivals(self, model: SequenceModel, train: Part, held: Part, seed: int) -> dict[str, Any]:
        """What each baseline says of the held-out part."""

    def figures(self, model: SequenceModel, part: Part, answers: Any, seed: int) -> dict[str, Any]:
        """The figures of answers, with their intervals; those of a baseline are asked for without a calibration."""

    def difference(self, model: SequenceModel, part: Part, ours: Any, theirs: Any, seed: int) -> dict[str, Any]:
        """How much better ours are: `figure, difference, interval, verdict`."""

    def predictions(self, model: SequenceModel, part: Part, answers: Any) -> dict[str, Any]:
        """What predictions.json holds."""


def _size(given: Any) -> str:
    return f"{len(given)} steps"
