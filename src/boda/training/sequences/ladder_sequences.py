"""The ladder's sequences on disk: what every process of a ladder reads, so that all see the same ones and folds.

LADDER/sequences.json   names, texts, targets and folds of the training part
LADDER/sequences.npy    the steps of what are arrays, one after the other

What is told of in a fold are its units. Of many sequences a unit is one of them, and a fold is learned from all others.
Of long texts and of series the last part is cut into consecutive blocks, a fold each, which is learned from all that
comes before it; a unit is a piece of a block, or a forecast from one origin in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from boda import atomic
from boda.data.folds import folds
from boda.data.sequences.dataset import SequenceDataset
from boda.data.sequences.split import strata_of, units_of
from boda.errors import DataError, RunError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from boda.data.sequences.encoder import Encoder

NAME, STEPS = "sequences.json", "sequences.npy"
INNER_FOLDS = 10  # of which one is held back from what is learned, for choices; as `boda train` does
LAST = 0.3  # of a text or a series is dealt into blocks
PIECE = {"words": 1400}  # characters of a piece of a long text, about 256 steps
USUAL_PIECE = 256
WARM = 500  # steps that are read before a block, so that the memory is full
MOST_ORIGINS = 400  # in a block, of all series together


@dataclass(frozen=True, eq=False)
class LadderSequences:
    """The training part of a ladder, n units.

    Args:
        dataset: the sequences to learn from.
        groups: (n,) ints, equal for units that chance moves together.
        fits: (repeats, n) ints, the fold in which each unit is answered.
        steps: the mean number of steps that a unit tells of.
        ends: of each fold its begin and end as shares of a text or a series; empty where whole sequences are dealt.
        stride: of series, from every so manieth origin a forecast is asked for.
    """

    dataset: SequenceDataset
    groups: np.ndarray
    fits: np.ndarray
    steps: float = 1.0
    ends: tuple[tuple[float, float], ...] = ()
    stride: int = 1

    @classmethod
    def dealt(
        cls, dataset: SequenceDataset, encoder: Encoder, *, count: int, repeats: int, seed: int
    ) -> LadderSequences:
        """The sequences with `repeats` times up to `count` folds.

        Args:
            dataset: the training part alone.
            encoder: of the base recipe.
            count: folds that are wanted.
            repeats: how often they are dealt; blocks in time are the same each time.
            seed: with seed + 1, and so on, of the dealing.

        Raises:
            DataError: the series are too short.
        """
        if dataset.task == "forecast":
            return _series_dealt(dataset, encoder, count, repeats)
        if dataset.task == "language" and encoder.long:
            return _texts_dealt(dataset, encoder, count, repeats)
        groups = units_of(dataset)
        fits = np.zeros((repeats, len(dataset)), np.int64)
        for repeat in range(repeats):
            for fold, (_, unseen) in enumerate(folds(strata_of(dataset), groups, count, seed + repeat)):
                fits[repeat, unseen] = fold
        return cls(dataset, groups, fits, _mean_steps(dataset, encoder))

    @property
    def folds(self) -> int:
        """How many folds a repeat has."""
        return int(self.fits.max()) + 1

    def cell(self, repeat: int, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """The units that others have in other folds, and those to answer, int64 each."""
        return np.flatnonzero(self.fits[repeat] != fold), np.flatnonzero(self.fits[repeat] == fold)

    def learned(self, repeat: int, fold: int, seed: int) -> tuple[SequenceDataset, np.ndarray, np.ndarray]:
        """What the fold's network may look at, and in it what is learned from and what choices are made on.

        Of texts and of series choices are made on the end of what is learned, which `lessons` holds back.
        """
        if self.ends:
            begin, end = self.ends[fold]
            share = end if self.dataset.task == "forecast" else begin
            return self.until(share), np.arange(len(self.dataset)), np.zeros(0, np.int64)
        seen, _ = self.cell(repeat, fold)
        if len(seen) < INNER_FOLDS:
            return self.dataset, seen, np.zeros(0, np.int64)
        kept, held = folds(strata_of(self.dataset)[seen], self.groups[seen], INNER_FOLDS, seed)[0]
        return self.dataset, seen[kept], seen[held]

    def until(self, share: float) -> SequenceDataset:
        """The texts or series up to a share of each."""
        return replace(self.dataset, inputs=tuple(x[: cut_at(x, share)] for x in self.dataset.inputs), times=())

    def write(self, ladder: Path) -> None:
        """Leave them in the folder `ladder`."""
        data, inputs = self.dataset, list(self.dataset.inputs)
        lengths = [len(x) for x in inputs]
        if inputs and isinstance(inputs[0], np.ndarray):
            _write_steps(ladder / STEPS, inputs)
            inputs = []
        fields = ("task", "unit", "targets", "names", "groups", "classes", "channels", "step")
        about = {
            "dataset": {name: getattr(data, name) for name in fields},
            "inputs": inputs,
            "lengths": lengths,
            "units": self.groups.tolist(),
            "fits": self.fits.tolist(),
            "steps": self.steps,
            "ends": self.ends,
            "stride": self.stride,
        }
        atomic.write_json(ladder / NAME, about)

    @classmethod
    def read(cls, ladder: Path) -> LadderSequences:
        """Read what `write` left; RunError where it is missing or damaged."""
        try:
            about = json.loads((ladder / NAME).read_text("utf-8"))
            inputs, lengths = about["inputs"], about["lengths"]
            if not inputs and lengths:
                stops = np.cumsum(lengths)
                rows = np.load(ladder / STEPS, mmap_mode="r", allow_pickle=False)
                inputs = [rows[stop - length : stop] for stop, length in zip(stops, lengths, strict=True)]
            plain: dict[str, Any] = {name: _tuple(value) for name, value in about["dataset"].items()}
            dataset = SequenceDataset(inputs=_tuple(inputs), parts=(None,) * len(lengths), **plain)
            groups, fits = np.array(about["units"], np.int64), np.array(about["fits"], np.int64)
            return cls(dataset, groups, fits, about["steps"], _tuple(about["ends"]), about["stride"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{ladder / NAME} cannot be read ({error!r}). Begin the ladder again.") from error


def cut_at(values: Any, share: float) -> int:
    """Where the first `share` of a text or series ends; words are not cut."""
    at = round(len(values) * share)
    while isinstance(values, str) and 0 < at < len(values) and not values[at].isspace():
        at -= 1
    return at


def pieces_in(begin: int, end: int, unit: str) -> int:
    """How many units a block of a long text has."""
    return max(1, round((end - begin) / PIECE.get(unit, USUAL_PIECE))) if end > begin else 0


def shares(count: int) -> tuple[tuple[float, float], ...]:
    """Begin and end of each of `count` blocks, as shares.

    >>> [(round(begin, 2), round(end, 2)) for begin, end in shares(3)]
    [(0.7, 0.8), (0.8, 0.9), (0.9, 1.0)]
    """
    edges = np.linspace(1 - LAST, 1, count + 1).tolist()
    return tuple(pairwise(edges))


def _texts_dealt(dataset: SequenceDataset, encoder: Encoder, count: int, repeats: int) -> LadderSequences:
    ends = shares(count)
    spans = [[(cut_at(x, a), cut_at(x, b)) for x in dataset.inputs] for a, b in ends]
    told = [sum(pieces_in(*span, dataset.unit) for span in block) for block in spans]
    steps = sum(
        len(encoder.encode([text[a:b]])[0])
        for block in spans
        for text, (a, b) in zip(dataset.inputs, block, strict=True)
    )
    fits = np.tile(np.repeat(np.arange(count), told), (repeats, 1))
    return LadderSequences(dataset, np.arange(sum(told)), fits, steps / max(sum(told), 1), ends)


def _series_dealt(dataset: SequenceDataset, encoder: Encoder, count: int, repeats: int) -> LadderSequences:
    """As many blocks as leave each a horizon, of which the origins within one horizon are one group."""
    before = tuple(x[: encoder.bounds(len(x), "val")[0]] for x in dataset.inputs)
    known = replace(dataset, inputs=before, times=())
    longest = max(map(len, before))
    fitting = [n for n in range(count, 1, -1) if longest * LAST / n >= encoder.horizon + 1]
    if not fitting:
        raise DataError(
            f"A ladder holds back two blocks of {encoder.horizon} steps or more from the last {LAST:.0%} of the "
            f"{longest} steps that are learned from. Give longer series, or a smaller horizon."
        )
    ends = shares(fitting[0])
    some = LadderSequences(known, np.zeros(1, np.int64), np.zeros((1, 1), np.int64), ends=ends)
    origins = [_origins(some, fold, encoder) for fold in range(len(ends))]
    stride = max(1, -(-max(map(len, origins)) // MOST_ORIGINS))
    kept = [rows[rows[:, 1] % stride == 0] for rows in origins]
    keys = np.concatenate([np.column_stack([np.full(len(rows), f), rows]) for f, rows in enumerate(kept)])
    keys[:, 2] //= encoder.horizon
    _, groups = np.unique(keys, axis=0, return_inverse=True)
    return replace(some, groups=groups.reshape(-1), fits=np.tile(keys[:, 0], (repeats, 1)), stride=stride)


def _origins(some: LadderSequences, fold: int, encoder: Encoder) -> np.ndarray:
    """(m, 2): of each forecast in a block, its series, and its place after the first of the block there."""
    encoder, series = held_encoder(encoder, some.ends[fold]), some.until(some.ends[fold][1]).inputs
    found = [encoder.windows(x, "val").origins for x in series]
    rows = [np.column_stack([np.full(len(at), i), at - at[0] if len(at) else at]) for i, at in enumerate(found)]
    return np.concatenate(rows)


def held_encoder(encoder: Encoder, ends: tuple[float, float]) -> Encoder:
    """The same, with the block between `ends` held out."""
    return replace(encoder, held=held_share(ends))


def held_share(ends: tuple[float, float]) -> float:
    """Which share of what ends with a block the block is."""
    begin, end = ends
    return (end - begin) / end


def _mean_steps(dataset: SequenceDataset, encoder: Encoder) -> float:
    """The mean number of steps that a sequence tells of, where each step has an answer."""
    if dataset.task in {"language", "music"}:
        return max(1.0, float(np.mean([len(y) for y in encoder.shifted(dataset.inputs)[1]])))
    return float(np.mean([len(x) for x in dataset.inputs])) if dataset.task == "tag" else 1.0


def _write_steps(path: Path, inputs: Sequence[np.ndarray]) -> None:
    """All steps in one row, written a sequence at a time, so that what lies in files need not fit into memory."""
    shape = (sum(map(len, inputs)), *inputs[0].shape[1:])
    beside = path.with_name(f"{path.name}.unfinished")
    rows = np.lib.format.open_memmap(beside, "w+", np.result_type(*{x.dtype for x in inputs}), shape)
    start = 0
    for x in inputs:
        rows[start : start + len(x)] = x
        start += len(x)
    rows.flush()
    beside.replace(path)


def _tuple(value: Any) -> Any:
    """Lists as tuples, and those in them."""
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
