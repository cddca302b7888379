"""What a network of texts writes after each epoch, so that one sees what it has learned: samples.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.data.sequences.vocabulary import END
from boda.models.heads.generate import generate
from boda.models.sequence_plan import Plan
from boda.models.step import Recurrent

if TYPE_CHECKING:
    from boda.data.sequences.dataset import SequenceDataset
    from boda.data.sequences.encoder import Encoder
    from boda.run import Run

STEPS, LINES = 300, 12  # tokens of a long text, or so many lines of so many at most


@dataclass(eq=False)
class WrittenSamples:
    """Called after each epoch; writes RUN/samples.json anew with one sample more."""

    run: Run
    encoder: Encoder
    dataset: SequenceDataset
    seed: int

    def __call__(self, epoch: int, plan: dict[str, Any], weights: dict[str, np.ndarray]) -> None:
        """Write with the weights of this epoch, from the same chances each time."""
        if self.encoder.vocabulary is None:
            return
        network = Recurrent(Plan.from_json(plan), weights)
        before = self.run.read_json("samples.json") if self.run.has("samples.json") else []
        kept = [one for one in before if one["epoch"] < epoch]
        self.run.write_json("samples.json", [*kept, {"epoch": epoch, "text": self._text(network)}])

    def _text(self, network: Recurrent) -> str:
        rng = np.random.default_rng([self.seed, 7])
        if self.encoder.long:
            return self._line(network, None, STEPS, rng)
        labels = (list(self.dataset.classes) or [None]) * LINES  # type: ignore[list-item]
        lines = [(label, self._line(network, label, STEPS // 4, rng)) for label in labels[:LINES]]
        return "\n".join(line if label is None else f"{label}: {line}" for label, line in lines)

    def _line(self, network: Recurrent, label: str | None, steps: int, rng: np.random.Generator) -> str:
        vocabulary = self.encoder.vocabulary
        assert vocabulary is not None  # noqa: S101 - the caller has asked
        prefix = self.encoder.prefix("", label)
        ids = generate(network, prefix, steps, rng, end=self.encoder.end, banned=(*vocabulary.specials, END))
        return vocabulary.decode(np.array(list(ids), np.int64))
