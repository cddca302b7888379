"""What a training of sequences learns from: data that was read and split, and a part of it for choices."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from boda.data.findings import write_bad
from boda.data.folds import folds
from boda.data.sequences import read_sequences
from boda.data.sequences.audit import audit_sequences
from boda.data.sequences.dataset import digest_of
from boda.data.sequences.split import LONG, is_long, pieces, split_sequences, strata_of, units_of
from boda.errors import DataError
from boda.progress import say
from boda.recipe.sequence import SequenceRecipe
from boda.sample import fingerprint
from boda.verbs.material import split_of

if TYPE_CHECKING:
    from pathlib import Path

    from boda.data.sequences.dataset import SequenceDataset
    from boda.data.split import Split
    from boda.run import Run

LEAST = 20  # characters, words or events of a long text, so that two are held out, and two more for choices
INNER_FOLDS = 10  # of which one is held back from training, for choices
LONG_SHARE, SHARE = 0.1, 0.2  # held out for the report, of one long text and of all else


@dataclass(frozen=True, eq=False)
class SequenceMaterial:
    """A dataset of sequences and its parts.

    Args:
        dataset: what was read; long texts are cut where the parts meet.
        split: which sequence is in which part.
        seed: of the split, and of all that follows.
    """

    dataset: SequenceDataset
    split: Split
    seed: int

    @classmethod
    def read(
        cls,
        data: Any,
        seed: int,
        *,
        validation_split: float | None = None,
        on_bad: Literal["skip", "error"] = "skip",
        reading: dict[str, Any] | None = None,
        split: Run | Path | str | None = None,
    ) -> SequenceMaterial:
        """Read `data` and split it, or take the split of another Run.

        Raises:
            DataError: there is nothing to learn from.
        """
        dataset = read_sequences(data, **(reading or {}))
        if on_bad == "error" and dataset.bad:
            raise DataError(f"{dataset.bad[0].name}: {dataset.bad[0].reason}")
        reuse = split_of(split)
        _refuse_short(dataset)
        dataset = pieces(dataset, LONG_SHARE if validation_split is None else validation_split)
        share = SHARE if validation_split is None else validation_split
        parts = split_sequences(dataset, seed=seed, validation_split=share, reuse=reuse)
        for note in dataset.notes:
            say(note)
        if dataset.bad:
            say(f"{len(dataset.bad)} left out, with reasons in bad_files.csv; the first: {dataset.bad[0].name}.")
        return cls(dataset, parts, seed)

    def indices(self, part: str) -> np.ndarray:
        """(n,) int64: where the sequences of `part` are in the dataset."""
        names = set(self.split.parts.get(part, ()))
        return np.array([i for i, name in enumerate(self.dataset.names) if name in names], dtype=np.int64)

    def learned_and_inner(self) -> tuple[np.ndarray, np.ndarray, str]:
        """What the weights are learned from, what choices are made on, and a sentence on it.

        Choices are made on the part "val" where the data gives a part "test" as well, as published protocols do; else
        on a tenth of the training part, whose copies and groups stay together; a long text or a series keeps back its
        own end, which the training cuts off by itself.
        """
        train, val, test = (self.indices(part) for part in ("train", "val", "test"))
        if len(test) and len(val):
            return train, val, "Choices are made on the validation part, since there is a test part that none sees."
        own_end = train, np.zeros(0, np.int64), "Choices are made on the end of what is trained on."
        if self.dataset.task == "forecast" or len(train) < INNER_FOLDS:
            return own_end
        units = units_of(self.dataset)[train]
        if len(np.unique(units)) < 2:
            return own_end
        dealt = folds(strata_of(self.dataset)[train], units, INNER_FOLDS, self.seed)
        (kept, held), share = dealt[0], "a tenth" if len(dealt) == INNER_FOLDS else f"one of {len(dealt)} shares"
        return train[kept], train[held], f"Choices are made on {share} of the training part, which is not learned from."

    @property
    def fingerprint(self) -> str:
        """SHA-256 over names, contents and targets."""
        return fingerprint(
            (name, digest_of(given, target))
            for name, given, target in zip(self.dataset.names, self.dataset.inputs, self.dataset.targets, strict=True)
        )

    def usual_recipe(self, cell: str | None = None) -> SequenceRecipe:
        """What suits data of this kind and size, and the cell that is wanted."""
        data = self.dataset
        lengths = [len(data.inputs[i]) for i in self.indices("train")]
        steps = data.task == "forecast" or (data.task == "language" and len(lengths) <= LONG)
        n = sum(lengths) if steps else len(lengths)
        return SequenceRecipe.usual(data.task, n=n, longest=max(lengths, default=0), unit=data.unit, cell=cell)

    def describe(self, run: Run) -> None:
        """Write what was found in the data into the Run."""
        run.write_json("data.json", audit_sequences(self.dataset, self.split))
        text = io.StringIO()
        write_bad(self.dataset.bad, text)
        run.write_text("bad_files.csv", text.getvalue())
        run.write_json("split.json", self.split.to_json())  # last: by it --resume knows that all of this is there


def _refuse_short(dataset: SequenceDataset) -> None:
    """A long text of so few steps that a part of it would be empty."""
    for name, values in zip(dataset.names, dataset.inputs, strict=True) if is_long(dataset) else ():
        steps = len(values.split()) if dataset.unit == "words" else len(values)
        if steps < LEAST:
            raise DataError(f"{name}: expected a text of {LEAST} {dataset.unit} or more, came {steps}. Add text.")
