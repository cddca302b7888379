"""Sequences to parts: copies on one side, classes in equal shares; long texts and series are cut by place and time.

Which sequence goes where depends on the seed, the names, the targets and the groups, not on the order of the input.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.data.duplicates import groups
from boda.data.sequences.dataset import digest_of
from boda.data.split import Split, make_split
from boda.errors import SplitError
from boda.sample import Dataset, Sample

if TYPE_CHECKING:
    from boda.data.sequences.dataset import SequenceDataset
    from boda.sample import Part

__all__ = [
    "BY_PLACE",
    "BY_TIME",
    "Split",
    "copy_ids",
    "is_long",
    "pieces",
    "rows_of",
    "split_sequences",
    "strata_of",
    "units_of",
]

BY_TIME = "by time: what comes last is held out, in windows"
BY_PLACE = "by place: the last {:.0f} % of each text held out"
FIFTHS = ("lowest", "low", "middle", "high", "highest")
LONG = 3  # inputs of a language, up to which each is one long text to cut
_NOTHING = np.zeros((1, 1, 3), np.uint8)


def split_sequences(
    dataset: SequenceDataset, *, seed: int = 0, validation_split: float = 0.2, reuse: Split | None = None
) -> Split:
    """Say which sequences are for training, which for the report.

    Parts that the data gives are kept; a sequence without one is for training. Where there is no "val",
    `validation_split` of "train" becomes it, of each class alike (of each fifth of the numbers in "regress", of each
    tag). Sequences with the same content, or of one group, stay on one side, and each class keeps one for training.
    A long text must be cut before, by `pieces`. Of a forecast every series is in "train" and in "val" alike, since it
    is divided by time, when windows are made.

    Args:
        dataset: The sequences.
        seed: Another seed gives another validation part.
        validation_split: Above 0 and below 1.
        reuse: An earlier split of the same sequences, which is returned as it is.

    Raises:
        SplitError: The sequences are not those of `reuse`, are long texts in one piece, or no part would be left.
    """
    if dataset.task == "forecast":
        return _by_time(dataset, seed, reuse)
    if reuse is None and is_long(dataset):
        raise SplitError(f"{dataset.names[0]} is one long text, which is divided by place. Cut it before, by pieces().")
    try:
        split = make_split(
            _stand_in(dataset),
            group_ids=copy_ids(dataset),
            seed=seed,
            validation_split=validation_split,
            reuse=reuse,
        )
    except SplitError as error:
        raise SplitError(_of_sequences(str(error))) from error
    if reuse is not None:
        return split
    method = BY_PLACE.format(100 * _share_of(dataset)) if _are_pieces(dataset) else split.method
    return replace(split, method=method, notes=tuple(map(_of_sequences, split.notes)))


def rows_of(split: Split, dataset: SequenceDataset, part: str) -> np.ndarray:
    """(n,) int64: where the sequences of `part` are in `dataset`, in its order; none for a part that is not there."""
    return dataset.rows_of(split.parts.get(part, ()))


def is_long(dataset: SequenceDataset) -> bool:
    """Whether each input is one long text or stream of events: a language of up to three, without labels or parts."""
    given = [*dataset.targets, *dataset.parts]
    return dataset.task == "language" and len(dataset) <= LONG and all(value is None for value in given)


def pieces(dataset: SequenceDataset, share: float = 0.1) -> SequenceDataset:
    """Cut each long text in two, the first for training, the last `share` for validation; else the dataset as it is.

    Of n characters or events, exactly int(n * (1 - share)) are for training; words are not cut, so that of them it may
    be some characters less. "notes.txt" becomes "notes.txt:train" and "notes.txt:val".

    Args:
        dataset: Any.
        share: Above 0 and below 1.

    Raises:
        SplitError: A text is too short, or the share not between 0 and 1.
    """
    if not is_long(dataset):
        return dataset
    if not 0 < share < 1:
        raise SplitError(f"The share of validation must be between 0 and 1. Received: {share!r}")
    cuts = [_cut(values, share, dataset.unit) for values in dataset.inputs]
    for name, values, at in zip(dataset.names, dataset.inputs, cuts, strict=True):
        if not 0 < at < len(values):
            raise SplitError(f"{name} is too short to be cut: {len(values)} {dataset.unit}. Add text.")
    parts: tuple[Part, ...] = ("train", "val")
    n = 2 * len(dataset)
    return replace(
        dataset,
        inputs=tuple(x for v, at in zip(dataset.inputs, cuts, strict=True) for x in (v[:at], v[at:])),
        targets=(None,) * n,
        names=tuple(f"{name}:{part}" for name in dataset.names for part in parts),
        parts=parts * len(dataset),
        groups=(None,) * n,
        notes=(*dataset.notes, f"The last {100 * share:.0f} % of each text are kept to measure on."),
    )


def copy_ids(dataset: SequenceDataset) -> np.ndarray:
    """(n,) int64: the same number for inputs with the same content, whatever their targets are."""
    first: dict[Any, int] = {}
    keys = (digest_of(x) if isinstance(x, np.ndarray) else x for x in dataset.inputs)
    return np.array([first.setdefault(key, i) for i, key in enumerate(keys)], dtype=np.int64)


def units_of(dataset: SequenceDataset) -> np.ndarray:
    """(n,) int64: the same number for what cannot be taken apart: copies, what is of one group, and chains of both."""
    ties: list[tuple[int, int]] = []
    for keys in (copy_ids(dataset).tolist(), dataset.groups):
        first: dict[Any, int] = {}
        ties += [(first.setdefault(key, i), i) for i, key in enumerate(keys) if key is not None]
    tied = groups(len(dataset), ties)
    firsts = np.unique(tied, return_index=True)[1]
    return np.unique(firsts[tied].astype(str), return_inverse=True)[1].reshape(-1)  # as text: the order of old runs


def strata_of(dataset: SequenceDataset) -> np.ndarray:
    """(n,) int64: what is to come in equal shares into each fold: classes, labels, or fifths of the numbers."""
    if dataset.task == "regress":
        return _fifths(dataset.targets)
    if dataset.task not in {"classify", "language"} or not dataset.classes:
        return np.zeros(len(dataset), np.int64)
    index = dataset.class_indices
    return np.array([index.get(target, -1) for target in dataset.targets], np.int64)


def _fifths(targets: Any) -> np.ndarray:
    numbers = np.array(targets, np.float64)
    return np.searchsorted(np.quantile(numbers, (0.2, 0.4, 0.6, 0.8)), numbers)


def _cut(values: Any, share: float, unit: str) -> int:
    """Where the training piece of a text ends."""
    at = int(len(values) * (1 - share) + 1e-9)
    if unit == "words":
        while 0 < at < len(values) and not values[at].isspace():
            at -= 1
    return at


def _are_pieces(dataset: SequenceDataset) -> bool:
    named = zip(dataset.names, dataset.parts, strict=True)
    return dataset.task == "language" and all(part and name.endswith(f":{part}") for name, part in named)


def _share_of(dataset: SequenceDataset) -> float:
    lengths = np.array([len(values) for values in dataset.inputs])
    held = np.array([part != "train" for part in dataset.parts])
    return float(lengths[held].sum() / lengths.sum())


def _by_time(dataset: SequenceDataset, seed: int, reuse: Split | None) -> Split:
    names = tuple(sorted(dataset.names))
    if reuse is None:
        return Split({"train": names, "val": names}, seed, BY_TIME)
    if reuse.parts != {"train": names, "val": names}:
        raise SplitError("The split is of other series. Restore the data as it was, or make a new split.")
    return reuse


def _stand_in(dataset: SequenceDataset) -> Dataset:
    """The names, parts, groups and strata as samples, which `boda.data.split` divides."""
    labels, several = _strata(dataset)
    rows = zip(dataset.names, labels, dataset.parts, dataset.groups, strict=True)
    samples = tuple(Sample(name, _NOTHING, label, part, group) for name, label, part, group in rows)
    classes = {name for label in labels for name in ((label,) if isinstance(label, str) else label)}
    return Dataset(samples, tuple(sorted(classes)), "multilabel" if several else "classify")


def _strata(dataset: SequenceDataset) -> tuple[list[Any], bool]:
    """What is to come in equal shares, a name a sequence, or a tuple of names where it may be several."""
    if dataset.task == "tag":
        return [tuple(sorted(set(tags))) for tags in dataset.targets], True
    if dataset.task == "regress":
        return [FIFTHS[i] for i in _fifths(dataset.targets)], False
    if dataset.classes:
        return [target if target in dataset.class_indices else "" for target in dataset.targets], False
    return [dataset.task] * len(dataset), False


def _of_sequences(text: str) -> str:
    """What `boda.data.split` says of pictures, of sequences."""
    return re.sub(r"picture(s?)\b", r"sequence\1", text)
