"""Examples: what a network of sequences reads and what it learns to say, as one array a sequence each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from boda.data.sequences.events import Events
from boda.data.sequences.vocabulary import BEGIN, END
from boda.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from boda.data.sequences.dataset import SequenceDataset
    from boda.data.sequences.encoder import Encoder
    from boda.recipe.sequence import SequenceRecipe

MOST_WINDOWS = 20_000  # of all series together; more overlap so much that they tell nothing new
INNER, INNER_LONG, ENOUGH = 0.1, 0.05, 20_000  # shares held back, the second of texts where it gives so many steps
UNLABELLED = 10  # one line in so many is learned without its label, so that lines of no label can be told too

Rows = list[Any]


@dataclass(frozen=True, eq=False)
class Examples:
    """Sequences to learn from, or to be judged by.

    Args:
        task: what a sequence is turned into.
        x: of each ids (t,) int32, numbers (t, c) float32, or long `Events`; of pairs the ids of the source, and what
            was written before each step of the target.
        y: of each a class index, a number, or the steps' targets: ids, tags, frames or forecasts.
        names: what each is called.
    """

    task: str
    x: Rows
    y: Rows
    names: list[str]

    def __len__(self) -> int:
        return len(self.x)

    @property
    def lengths(self) -> np.ndarray:
        """Steps of each, (n,) int64; of pairs those of both sides."""
        pairs = self.task == "pairs"
        return np.array([len(x[0]) + len(x[1]) if pairs else len(x) for x in self.x], np.int64)

    def take(self, places: Iterable[int]) -> Self:
        """Some of them."""
        chosen = [int(i) for i in places]
        return type(self)(self.task, *([rows[i] for i in chosen] for rows in (self.x, self.y, self.names)))

    def cut(self, length: int) -> Self:
        """The same steps in sequences of at most `length`; whole where that is 0. Longer pairs are left out."""
        if not length or self.task not in {"tag", "language", "music", "pairs"}:
            return self
        if self.task == "pairs":
            return self.take(i for i, (a, b) in enumerate(self.x) if max(len(a), len(b)) <= length)
        places = [(i, start) for i, x in enumerate(self.x) for start in range(0, len(x), length)]
        parts = [
            (part(self.x[i], start, start + length), part(self.y[i], start, start + length), self.names[i])
            for i, start in places
        ]
        return type(self)(self.task, *(list(column) for column in zip(*parts, strict=True)))


def examples_of(
    dataset: SequenceDataset,
    indices: Sequence[int] | np.ndarray,
    encoder: Encoder,
    part_of_series: str = "train",
    *,
    unlabelled: int = 0,
) -> Examples:
    """The examples that the sequences at `indices` are.

    Args:
        dataset: what was read.
        indices: of the sequences.
        encoder: what turns them into arrays.
        part_of_series: "train", "inner" or "val": which part of each series is told of (`Encoder.bounds`).
        unlabelled: one line in so many is without its label; 0 for none.
    """
    places = [int(i) for i in indices]
    inputs, targets = [dataset.inputs[i] for i in places], [dataset.targets[i] for i in places]
    names, task = [dataset.names[i] for i in places], dataset.task
    if task == "forecast":
        return _windows(inputs, names, encoder, part_of_series)
    if task in {"language", "music"}:
        labels = [None if unlabelled and i % unlabelled == 0 else label for i, label in enumerate(targets)]
        x, y = encoder.shifted(inputs, labels)
    else:
        x, y = encoder.encode(inputs), encoder.encode_targets(targets)
    if task == "pairs":
        x = [(a, np.concatenate([[BEGIN], b]).astype(np.int32)) for a, b in zip(x, y, strict=True)]
        y = [np.concatenate([b, [END]]).astype(np.int32) for b in y]
    some = Examples(task, x, y, names)
    full = np.flatnonzero(some.lengths)
    return some if len(full) == len(some) else some.take(full)


def lessons(
    dataset: SequenceDataset,
    learned: Sequence[int] | np.ndarray,
    inner: Sequence[int] | np.ndarray,
    encoder: Encoder,
    recipe: SequenceRecipe,
) -> tuple[Examples, Examples | None]:
    """What the weights are learned from, and what choices are made on: None where there is too little for both.

    Where `inner` is empty, or the data are series, the end of what is learned from is held back: of long texts and of
    series each one's own, of others the last tenth of the sequences.

    Raises:
        DataError: there is nothing to learn from.
    """
    lines = dataset.task == "language" and not encoder.long and any(dataset.classes)
    some = examples_of(dataset, learned, encoder, unlabelled=UNLABELLED if lines else 0)
    if dataset.task == "forecast":
        held: Examples | None = examples_of(dataset, learned, encoder, "inner")
    elif len(inner):
        held = examples_of(dataset, inner, encoder)
    else:
        some, held = _ends_held(some) if encoder.long else _last_held(some)
    length = 0 if encoder.long or recipe.bptt else recipe.length
    some, held = some.cut(length), held if held is None or len(held) else None
    check_learnable(some)
    return some, held


def check_learnable(examples: Examples) -> None:
    """Refuse what nothing can be learned from.

    Raises:
        DataError: there is no sequence, but one class, or but one value.
    """
    if not len(examples):
        raise DataError("There is no sequence to learn from; all are empty or too short. Give more or longer ones.")
    if examples.task not in {"classify", "regress"}:
        return
    values = Counter(examples.y)
    if len(values) < 2:
        what = "class" if examples.task == "classify" else "value"
        raise DataError(
            f"All {len(examples)} sequences to learn from have the same {what}; expected two or more. "
            "Give sequences of others, or look at the split."
        )


def part(rows: Any, start: int, stop: int) -> Any:
    """A slice of the steps, of which long events read nothing yet."""
    stop = min(stop, len(rows))
    return rows.part(start, stop) if isinstance(rows, Events) else rows[start:stop]


def _windows(inputs: Rows, names: list[str], encoder: Encoder, which: str) -> Examples:
    """The windows of series; fewer than all where they are many."""
    spans = [encoder.bounds(len(series), which) for series in inputs]
    stride = max(1, -(-sum(last - first for first, last in spans) // MOST_WINDOWS))
    x: Rows = []
    y: Rows = []
    called: list[str] = []
    for series, name in zip(inputs, names, strict=True):
        found = encoder.windows(series, which, stride)
        x, y = x + list(found.x), y + list(found.y.reshape(len(found.y), -1))
        called += [f"{name} from step {origin}" for origin in found.origins]
    return Examples("forecast", x, y, called)


def _ends_held(some: Examples) -> tuple[Examples, Examples]:
    """Long texts without their ends, and those."""
    cuts = [len(x) - max(round(INNER_LONG * len(x)), min(round(INNER * len(x)), ENOUGH)) for x in some.x]
    firsts = [(0, cut) for cut in cuts]
    return _spans(some, firsts), _spans(some, [(cut, len(x)) for cut, x in zip(cuts, some.x, strict=True)])


def _spans(some: Examples, spans: list[tuple[int, int]]) -> Examples:
    """A slice of each sequence."""
    x, y = ([part(row, *span) for row, span in zip(rows, spans, strict=True)] for rows in (some.x, some.y))
    return Examples(some.task, x, y, some.names)


def _last_held(some: Examples) -> tuple[Examples, Examples | None]:
    """All but the last tenth of the sequences, and that; only one sequence is learned from whole."""
    if len(some) < 2:
        return some, None
    cut = len(some) - max(1, round(INNER * len(some)))
    return some.take(range(cut)), some.take(range(cut, len(some)))
