"""The encoder: sequences and targets become arrays of ids or numbers, and answers become values again."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from boda.data.sequences.events import SPECIALS, Events
from boda.data.sequences.fitting import fitted
from boda.data.sequences.vocabulary import BEGIN, END, Vocabulary
from boda.data.sequences.windows import Windows, scale_of, scaled, seasonal_naive, windows
from boda.errors import LabelError, RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from boda.data.sequences.dataset import SequenceDataset
    from boda.recipe.sequence import SequenceRecipe

INNER = 0.15  # share of what a series or a long text is trained on that is held back at its end, for choices


@dataclass(frozen=True)
class Encoder:
    """What a network of sequences must know of its data to read a sequence and to be understood.

    Args:
        task: what a sequence is turned into.
        unit: "characters", "words", "numbers" or "events".
        vocabulary: of the inputs; None for numbers and events.
        target_vocabulary: of what pairs write.
        classes: names of classes or tags.
        events: how many kinds of events there are, 0 to `events` - 1; 0 for all else.
        width: numbers a step, where the input are numbers.
        mean: of numbers that are classified or measured, one a channel; () takes them as they are.
        std: of the same; of forecasts, what each channel usually varies by.
        target_mean: of what is measured (regress).
        target_std: of the same.
        channels: names of the columns of series.
        context: steps of history that a forecast sees.
        horizon: steps that are forecast at once.
        season: steps after which series repeat themselves; 1 for none.
        length: steps to which a sequence with a single answer is cut; 0 does not cut.
        long: whether texts to write on are long ones, which have neither begin nor end.
        held: share of each series that is held out at its end, for the report.
    """

    task: str
    unit: str
    vocabulary: Vocabulary | None = None
    target_vocabulary: Vocabulary | None = None
    classes: tuple[str, ...] = ()
    events: int = 0
    width: int = 0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    target_mean: float = 0.0
    target_std: float = 1.0
    channels: tuple[str, ...] = ()
    context: int = 0
    horizon: int = 0
    season: int = 0
    length: int = 0
    long: bool = False
    held: float = 0.0

    @classmethod
    def of(cls, dataset: SequenceDataset, indices: Sequence[int] | np.ndarray, recipe: SequenceRecipe) -> Self:
        """The encoder that the sequences at `indices`, those to learn from, need.

        Of series, only what lies before the held-out end is looked at.

        Raises:
            DataError: there is nothing to learn from.
        """
        recipe.check_task(dataset.task)
        return cls(**fitted(dataset, [int(i) for i in indices], recipe))

    # What the network reads ---------------------------------------------------------------------------------------

    @property
    def kind(self) -> str:
        """What a step of the input is: "ids" or "numbers"."""
        return "numbers" if self.vocabulary is None and not self.events else "ids"

    @property
    def size(self) -> int:
        """How many ids there are, or how many numbers a step has."""
        if self.vocabulary is not None:
            return self.vocabulary.size
        return self.events + SPECIALS if self.events else self.width

    @property
    def outputs(self) -> int:
        """How many numbers the network answers with: of each step, or of the whole sequence."""
        if self.task in {"classify", "tag"}:
            return len(self.classes)
        if self.task == "forecast":
            return self.horizon * self.width
        if self.target_vocabulary is not None:
            return self.target_vocabulary.size
        return 1 if self.task == "regress" else self.size

    @property
    def end(self) -> int | None:
        """The id with which a text ends; None where long texts go on and on."""
        return None if self.long else END

    def encode(self, inputs: Sequence[Any]) -> list[Any]:
        """Each input as ids (t,) int32 or numbers (t, width) float32; long events as a view that reads slices.

        Texts to write on come without begin and end (see `shifted`); of series it is their scaled end that counts
        (see `window`).
        """
        return [self._encoded(given) for given in inputs]

    def encode_targets(self, targets: Sequence[Any]) -> list[Any]:
        """Each target as the network learns it.

        A class as its index; a number scaled; tags as (t,) indices; the text of a pair as ids without begin and end.

        Raises:
            LabelError: a class or a tag is none of those known.
        """
        if self.task == "regress":
            return [np.float32((value - self.target_mean) / self.target_std) for value in targets]
        if self.task == "pairs":
            assert self.target_vocabulary is not None  # noqa: S101 - pairs always have it
            return [self.target_vocabulary.encode(text) for text in targets]
        places = {name: place for place, name in enumerate(self.classes)}
        if self.task == "classify":
            return [_place(name, places) for name in targets]
        return [np.array([_place(name, places) for name in names], np.int32) for names in targets]

    def shifted(
        self, inputs: Sequence[Any], labels: Sequence[str | None] | None = None
    ) -> tuple[list[Any], list[np.ndarray]]:
        """What the network reads and what comes next, a pair of arrays a sequence (language and music).

        Lines begin with their label, or with the begin, and end with the end; of long texts and of music the first
        step is told nothing about and the last one tells nothing.
        """
        rows = self.encode(inputs)
        if self.long or self.task == "music":
            return [_part(row, 0, len(row) - 1) for row in rows], [_part(row, 1, len(row)) for row in rows]
        firsts = [self.first(label) for label in (labels or [None] * len(rows))]
        return (
            [np.concatenate([[first], row]).astype(np.int32) for first, row in zip(firsts, rows, strict=True)],
            [np.concatenate([row, [END]]).astype(np.int32) for row in rows],
        )

    def first(self, label: str | None = None) -> int:
        """The id with which a line of `label` begins."""
        return BEGIN if label is None or self.vocabulary is None else self.vocabulary.label_id(label)

    def prefix(self, start: str = "", label: str | None = None) -> np.ndarray:
        """The ids after which the network writes on, (t,) int32: at least one."""
        ids, first = self._encoded(start), self.first(label)
        if self.long:
            return ids if len(ids) else self._encoded("\n")
        return np.concatenate([[first], ids]).astype(np.int32)

    def tokens_of(self, sample: Any) -> list[str]:
        """The tokens of a text, or those given."""
        assert self.vocabulary is not None  # noqa: S101 - only texts have tokens
        return self.vocabulary.tokens_of(sample)

    def refusal(self, sample: Any) -> str | None:
        """Why `sample` cannot be read, or None."""
        if self.kind == "numbers":
            return _refused_numbers(sample, self.width)
        if self.events:
            return None if np.ndim(sample) == 1 and len(sample) else "expected an array (t,) of events"
        if not isinstance(sample, str) and not (self.task == "tag" and _are_words(sample)):
            return f"expected a text, came {type(sample).__name__}"
        return None if self.tokens_of(sample) else "there is no text in it"

    def values(self, answers: np.ndarray) -> np.ndarray:
        """What is measured, (n,) float64 in its own units, of answers (n, 1)."""
        return np.asarray(answers, np.float64).reshape(-1) * self.target_std + self.target_mean

    # Series -------------------------------------------------------------------------------------------------------

    def bounds(self, n: int, part: str) -> tuple[int, int]:
        """Which steps of a series of `n` are told of in `part`: "train", "inner" (its end), or "val" (held out)."""
        last = n - max(self.horizon, round(n * self.held))
        middle = last - max(self.horizon, round(last * INNER))
        return {"train": (0, middle), "inner": (middle, last), "val": (last, n)}[part]

    def windows(self, series: np.ndarray, part: str, stride: int = 1) -> Windows:
        """The windows of a series (t, width) whose targets are in `part`."""
        first, last = self.bounds(len(series), part)
        return windows(
            series, self.context, self.horizon, first, last, stride, season=self.season, usual=self.std or 1.0
        )

    def window(self, history: np.ndarray) -> tuple[np.ndarray, Callable[[Any], np.ndarray]]:
        """What the network sees of the last `context` steps (context, width), and what turns its answer into values.

        The second is a function of answers (horizon * width,), which gives (horizon, width) in the series' own units.
        """
        last = np.asarray(history, np.float64)[None, -self.context :]
        naive, scale = seasonal_naive(last, self.season, self.horizon)[0], scale_of(last, self.std or 1.0)[0]

        def undo(answers: Any) -> np.ndarray:
            return naive + np.asarray(answers, np.float64).reshape(naive.shape) * scale

        return scaled(last, self.std or 1.0)[0], undo

    def scale_of(self, history: np.ndarray) -> np.ndarray:
        """By what the last `context` steps (context, width) are divided, (width,)."""
        scale: np.ndarray = scale_of(np.asarray(history, np.float64)[None, -self.context :], self.std or 1.0)[0, 0]
        return scale

    # JSON ---------------------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """The encoder as JSON."""
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        for name in ("vocabulary", "target_vocabulary"):
            plain[name] = plain[name] and plain[name].to_json()
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read what `to_json` wrote; RunError for anything else."""
        try:
            made: dict[str, Any] = {
                name: tuple(given) if isinstance(given, list) else given for name, given in value.items()
            }
            for name in ("vocabulary", "target_vocabulary"):
                made[name] = None if made.get(name) is None else Vocabulary.from_json(made[name])
            return cls(**made)
        except (TypeError, AttributeError) as error:
            raise RunError(f"This is no saved encoder: {error}. Take encoder.json from a Run.") from error

    def _encoded(self, given: Any) -> Any:
        if self.events:
            return Events(given, self.events)
        if self.vocabulary is not None:
            return self._cut(self.vocabulary.encode(given))
        rows = np.asarray(given, np.float32)
        return self._cut((rows - self._mean) / self._std if self.mean else rows)

    def _cut(self, rows: np.ndarray) -> np.ndarray:
        return rows[: self.length] if self.length and self.task in {"classify", "regress"} else rows

    @property
    def _mean(self) -> np.ndarray:
        return np.array(self.mean, np.float32)

    @property
    def _std(self) -> np.ndarray:
        return np.array(self.std, np.float32)


def _part(rows: Any, start: int, stop: int) -> Any:
    """A slice of the steps, of which long events read nothing yet."""
    return rows.part(start, stop) if isinstance(rows, Events) else rows[start:stop]


def _place(name: Any, places: dict[str, int]) -> int:
    if name not in places:
        raise LabelError(f"{name!r} is none of the {len(places)} classes that were trained: {', '.join(places)}.")
    return places[name]


def _are_words(sample: Any) -> bool:
    return isinstance(sample, (tuple, list)) and all(isinstance(word, str) for word in sample)


def _refused_numbers(sample: Any, width: int) -> str | None:
    try:
        rows = np.asarray(sample, np.float32)
    except (TypeError, ValueError):
        return f"expected numbers (t, {width}), came {type(sample).__name__}"
    if rows.ndim != 2 or rows.shape[1] != width or not len(rows):
        return f"expected numbers (t, {width}), came {rows.shape}"
    return None if np.isfinite(rows).all() else "it has values that are no finite numbers"
