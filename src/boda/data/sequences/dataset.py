"""Sequences with what is to be told of them, as one value, whatever file they come from."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from boda.errors import DataError, LabelError
from boda.sample import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from boda.sample import BadFile, Part

TASKS = ("classify", "regress", "tag", "language", "music", "pairs", "forecast")
UNITS = ("characters", "words", "numbers", "events")


@dataclass(frozen=True, eq=False)
class SequenceDataset:
    """Sequences of one kind, and what was left out with its reason.

    `task` is one of `TASKS`: one answer a sequence ("classify", "regress"), one a step ("tag"), the next step
    ("language" for text and events, "music" for frames of keys, "forecast" for series), another sequence ("pairs").
    `unit` is what a step is: "characters" or "words" of text, "numbers" of music and series, "events" of integers.
    `inputs` are texts (str, NFC), of "tag" tuples of tokens, of "forecast" (t, channels) float32, of "music" (t, keys)
    uint8, of "language" over events (n,) integers; what comes from .npy is mapped from disk and keeps its type.
    `targets` are a class name, a float ("regress"), a tuple of tags, a text ("pairs"), the label that a text belongs
    to or None ("language"), or None.
    `names` are unique ("Arabic.txt:12"), `parts` and `groups` what the data itself says, None where it says nothing.
    `classes` are the names of classes or tags, or of the labels of "language", sorted.
    `channels` name the columns of series, `times` are theirs, datetime64[s] or float64, one array a series, `step` what
    lies between two ("1 day"), and `missing` (channels,) int64, one array a series, how many values were filled.
    `notes` say in a sentence each what the reader decided.

    Raises:
        DataError: The tuples differ in length, or a name stands twice.
    """

    task: str
    unit: str
    inputs: tuple[Any, ...]
    targets: tuple[Any, ...]
    names: tuple[str, ...]
    parts: tuple[Part | None, ...]
    groups: tuple[str | None, ...]
    classes: tuple[str, ...]
    channels: tuple[str, ...] = ()
    times: tuple[np.ndarray, ...] = ()
    step: str = ""
    root: Path | None = None
    bad: tuple[BadFile, ...] = ()
    notes: tuple[str, ...] = ()
    missing: tuple[np.ndarray, ...] = ()

    def __post_init__(self) -> None:
        for what in ("targets", "names", "parts", "groups"):
            if len(getattr(self, what)) != len(self.inputs):
                raise DataError(f"{len(self.inputs)} inputs need as many {what}, came {len(getattr(self, what))}.")
        if len(set(self.names)) < len(self.names):
            name, times = Counter(self.names).most_common(1)[0]
            raise DataError(f"Names must differ, but {times} sequences are named {name!r}. Rename them.")

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def class_indices(self) -> dict[str, int]:
        """Class name to output index."""
        return {name: i for i, name in enumerate(self.classes)}

    def select(self, rows: Iterable[int]) -> Self:
        """The sequences at `rows`, in that order; classes, channels and what was left out stay."""
        rows = [int(row) for row in rows]
        held = ("inputs", "targets", "names", "parts", "groups", "times", "missing")
        kept: dict[str, Any] = {
            what: tuple(getattr(self, what)[i] for i in rows if getattr(self, what)) for what in held
        }
        return replace(self, **kept)

    def rows_of(self, names: Iterable[str]) -> np.ndarray:
        """(n,) int64: where the sequences with these names are, in the dataset's order; others are passed over."""
        wanted = set(names)
        return np.array([i for i, name in enumerate(self.names) if name in wanted], dtype=np.int64)

    def fingerprint(self) -> str:
        """SHA-256 over names, inputs and targets, independent of their order."""
        digests = ((n, digest_of(x, y)) for n, x, y in zip(self.names, self.inputs, self.targets, strict=True))
        return fingerprint(digests)


def digest_of(*values: Any) -> str:
    """SHA-256 of texts, tokens, numbers and arrays, in hex; the same for the same content."""
    whole = hashlib.sha256()
    for value in values:
        if isinstance(value, np.ndarray):
            whole.update(repr((value.shape, value.dtype.str)).encode())
            whole.update(np.ascontiguousarray(value).data)
        else:
            whole.update(repr(value).encode("utf-8", "backslashreplace"))
    return whole.hexdigest()


def learnable_classes(where: object, targets: Sequence[str | None], parts: Sequence[Part | None]) -> tuple[str, ...]:
    """The sorted class names of `targets`, of which there must be two to learn from.

    Raises:
        DataError: There is one class, or none.
        LabelError: A class is in val or test, but not among what is trained on.
    """
    found: dict[str, set[Part | None]] = {}
    for target, part in zip(targets, parts, strict=True):
        if target is not None:
            found.setdefault(target, set()).add(part)
    for name, seen in sorted(found.items()):
        if seen.isdisjoint({"train", None}):
            raise LabelError(
                f"{where}: class {name!r} is in {' and '.join(sorted(map(str, seen)))}, but not in train. "
                "Add sequences of it to train, or remove it."
            )
    if len(found) < 2:
        came = f"only {next(iter(found))!r}" if found else "none"
        raise DataError(f"{where}: expected 2 classes or more, found {came}. Add sequences of another class.")
    return tuple(sorted(found))
