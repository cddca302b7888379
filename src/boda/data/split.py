"""A dataset to parts: train, val and test, with copies on one side, classes in equal shares, and nothing left to luck.

Which sample goes where depends on the seed, the names, the labels and the groups, not on the order of the input.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.data.duplicates import groups
from boda.data.folds import folds
from boda.errors import SplitError
from boda.sample import BOX_TASKS

if TYPE_CHECKING:
    from boda.sample import Dataset

__all__ = ["EVERY_5TH", "Split", "every_5th", "folds", "leaks", "make_split", "strata_of", "units_of"]

PARTS = ("train", "val", "test")
GIVEN = "as the data gives them"
EVERY_5TH = "every-5th"
_TRIALS = 16


@dataclass(frozen=True)
class Split:
    """Which sample belongs to which part.

    `parts` maps "train", "val" and "test" (where there is one) to sorted names, `method` says in words how they were
    chosen, and `notes` what a reader should know, such as a class that "val" lacks.
    """

    parts: dict[str, tuple[str, ...]]
    seed: int
    method: str
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of parts, seed and method."""
        return hashlib.sha256(json.dumps([self.parts, self.seed, self.method], sort_keys=True).encode()).hexdigest()

    def indices(self, dataset: Dataset, part: str) -> np.ndarray:
        """(n,) int64: where the samples of `part` are in `dataset`, in its order; none for a part that is not there."""
        names = set(self.parts.get(part, ()))
        return np.array([i for i, sample in enumerate(dataset.samples) if sample.name in names], dtype=np.int64)

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads back."""
        parts = {part: list(names) for part, names in self.parts.items()}
        return {
            "parts": parts,
            "seed": self.seed,
            "method": self.method,
            "notes": list(self.notes),
            "digest": self.digest,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Split:
        """Read what `to_json` wrote.

        Raises:
            SplitError: An entry is missing, or the digest does not fit the rest.
        """
        try:
            parts = {part: tuple(names) for part, names in value["parts"].items()}
            split = cls(parts, value["seed"], value["method"], tuple(value["notes"]))
            digest = value["digest"]
        except (KeyError, TypeError, AttributeError) as error:
            raise SplitError(f"This is no saved split: {error!r}. Take split.json from a run.") from error
        if split.digest != digest:
            raise SplitError(f"The split was changed since it was saved: its digest is {split.digest}, not {digest}.")
        return split


def make_split(
    dataset: Dataset,
    *,
    group_ids: np.ndarray | None = None,
    seed: int = 0,
    validation_split: float = 0.2,
    reuse: Split | None = None,
) -> Split:
    """Say which samples are for training, which for the report.

    Parts that the data gives are kept; a sample without one is for training.
    Where there is no "val", `validation_split` of each class of "train" becomes it.
    Samples that share a number in `group_ids`, or a `Sample.group`, are kept together (so are chains of both), and
    each class keeps a training sample.
    Of 16 seeded orders, the one whose class shares come nearest is taken; with several labels a picture, each label
    counts in relation to how rare it is (after Sechidis, "On the stratification of multi-label data", 2011). Of boxes,
    each class that occurs in a picture is such a label, and to show nothing is one more.

    Args:
        dataset: Labelled samples with names that differ.
        group_ids: (n,) integers, equal for copies, as `boda.data.audit.scan` finds them.
        seed: Another seed gives another validation part.
        validation_split: Share of each class, above 0 and below 1.
        reuse: An earlier split of the same samples, which is returned as it is.

    Raises:
        SplitError: The samples are not those of `reuse`, all training samples are one group, or no part is left.
    """
    names = [sample.name for sample in dataset.samples]
    _check_names(names)
    if reuse is not None:
        _check_same(names, reuse)
        return reuse
    parts = np.array([sample.part or "train" for sample in dataset.samples], dtype=object)
    train = np.flatnonzero(parts == "train")
    if not len(train):
        raise SplitError("No sample is for training. Add a folder train/ with a folder for each class.")
    if (parts == "val").any():
        return Split(_by_part(names, parts), seed, GIVEN, _missing(dataset, parts))
    units = units_of(dataset, group_ids)
    chosen = _choose(strata_of(dataset)[train], units[train], [names[i] for i in train], seed, validation_split)
    parts[train[chosen]] = "val"
    method = f"{100 * validation_split:.0f} % held out, stratified by class, copies and groups kept together"
    return Split(_by_part(names, parts), seed, method, _missing(dataset, parts))


def every_5th(dataset: Dataset, *, fold: int = 4, seed: int = 0, group_ids: np.ndarray | None = None) -> Split:
    """Hold out the pictures at index `fold`, `fold` + 5, ... of the sorted names: five folds that anyone can repeat.

    What the data gives to "test" stays there and is not counted; its "val" is training material like the rest.
    Copies and groups are not kept together, but where `group_ids` show copies on both sides, a note says so.

    Args:
        dataset: Samples with names that differ.
        fold: 0 to 4.
        seed: Of what follows; it changes no part.
        group_ids: (n,) integers, equal for copies, as `boda.data.audit.scan` finds them.

    Raises:
        SplitError: `fold` is not 0 to 4, or there are fewer than five pictures.
    """
    names = [sample.name for sample in dataset.samples]
    _check_names(names)
    if not 0 <= fold < 5:
        raise SplitError(f"{EVERY_5TH} has the folds 0 to 4. Received: fold={fold}")
    parts = np.array([sample.part if sample.part == "test" else "train" for sample in dataset.samples], dtype=object)
    rows = sorted(np.flatnonzero(parts == "train").tolist(), key=names.__getitem__)
    if len(rows) < 5:
        raise SplitError(f"{EVERY_5TH} needs five pictures or more that are not in test. Received: {len(rows)}")
    parts[rows[fold::5]] = "val"
    split = Split(_by_part(names, parts), seed, f"{EVERY_5TH} of the sorted names, from index {fold}")
    copies = [] if group_ids is None else leaks(split, dataset, group_ids)
    return replace(split, notes=(*_missing(dataset, parts), *_leaking(copies)))


def strata_of(dataset: Dataset) -> np.ndarray:
    """(n, k) int64 of 0 and 1, what is to come in equal shares: the classes, and of boxes also that there are none."""
    hot = _hot(dataset)
    if dataset.task not in BOX_TASKS:
        return hot
    empty = (hot.sum(axis=1, keepdims=True) == 0).astype(np.int64)
    return np.hstack([hot, empty]) if empty.any() else hot


def leaks(split: Split, dataset: Dataset, group_ids: np.ndarray) -> list[tuple[str, str]]:
    """(val or test name, train name) for each sample outside "train" that has a copy in it."""
    in_train = set(split.parts["train"])
    copies: dict[int, str] = {}
    for sample, number in zip(dataset.samples, group_ids.tolist(), strict=True):
        if sample.name in in_train:
            copies[number] = min(sample.name, copies.get(number, sample.name))
    pairs = zip((s.name for s in dataset.samples), group_ids.tolist(), strict=True)
    return sorted((name, copies[number]) for name, number in pairs if name not in in_train and number in copies)


def _check_names(names: list[str]) -> None:
    if len(set(names)) < len(names):
        name, times = Counter(names).most_common(1)[0]
        raise SplitError(f"Names must differ, but {times} samples are named {name!r}. Rename them.")


def _check_same(names: list[str], split: Split) -> None:
    train, val = (set(split.parts.get(part, ())) for part in ("train", "val"))
    if not train or not val or train & val:
        raise SplitError("The split has no train or no val part, or a sample in both. Take split.json from a run.")
    then, now = {name for part in split.parts.values() for name in part}, set(names)
    for what, which in (("missing", then - now), ("new", now - then)):
        if which:
            listed = ", ".join(sorted(which)[:3]) + (", ..." if len(which) > 3 else "")
            raise SplitError(
                f"The split is of other samples: {len(which)} {'is' if len(which) == 1 else 'are'} {what} ({listed}). "
                "Restore the folder as it was, or make a new split."
            )


def _by_part(names: list[str], parts: np.ndarray) -> dict[str, tuple[str, ...]]:
    found = {part: tuple(sorted(name for name, of in zip(names, parts, strict=True) if of == part)) for part in PARTS}
    return {part: members for part, members in found.items() if members}


def _hot(dataset: Dataset) -> np.ndarray:
    """(n, classes) int64 of 0 and 1, for one label a picture too."""
    targets = dataset.targets()
    hot = np.eye(len(dataset.classes), dtype=np.int64)[targets] if targets.ndim == 1 else targets
    return hot.astype(np.int64)


def units_of(dataset: Dataset, group_ids: np.ndarray | None) -> np.ndarray:
    """(n,) numbers of what cannot be taken apart: the components of copies and of `Sample.group`."""
    n = len(dataset)
    ties: list[tuple[int, int]] = []
    copies = [None] * n if group_ids is None else group_ids.tolist()
    for keys in (copies, [sample.group for sample in dataset.samples]):
        first: dict[Any, int] = {}
        ties += [(first.setdefault(key, i), i) for i, key in enumerate(keys) if key is not None]
    return groups(n, ties)


def _missing(dataset: Dataset, parts: np.ndarray) -> tuple[str, ...]:
    """One note for each part that lacks classes."""
    hot, notes = _hot(dataset), []
    for part in PARTS:
        lacking = [dataset.classes[c] for c in np.flatnonzero(hot[parts == part].sum(axis=0) == 0)]
        if (parts == part).any() and lacking:
            listed = ", ".join(lacking[:3]) + (f" and {len(lacking) - 3} more" if len(lacking) > 3 else "")
            notes.append(f"{part} has no picture of {listed}, so nothing is measured on it there.")
    return tuple(notes)


def _leaking(copies: list[tuple[str, str]]) -> tuple[str, ...]:
    if not copies:
        return ()
    name, twin = copies[0]
    verb = "picture outside train has a copy" if len(copies) == 1 else "pictures outside train have copies"
    return (f"{len(copies)} {verb} in it, such as {name} ({twin}), so that figures there are too good.",)


def _choose(hot: np.ndarray, units: np.ndarray, names: list[str], seed: int, share: float) -> np.ndarray:
    """(n,) bool: which samples are for validation."""
    if len(np.unique(units)) < 2:
        raise SplitError(
            f"All {len(names)} training pictures are one group, so none can be held out. "
            "Add pictures of other subjects, or give a val part of your own."
        )
    total = hot.sum(axis=0)
    wanted = np.clip(np.rint(total * share), np.minimum(total - 1, 1), np.maximum(total - 1, 0))
    members = _members(units, names)
    best, least = np.zeros(len(names), dtype=bool), np.inf
    for trial in range(_TRIALS):
        chosen = _fill(hot, members, _order(members, names, f"{seed}/{trial}"), wanted)
        away = float((np.abs(hot[chosen].sum(axis=0) - wanted) / np.maximum(total, 1)).sum())
        if chosen.any() and away < least:
            best, least = chosen, away
        if least == 0:
            break
    if not best.any():
        best = _least(hot, members)
    if not best.any():
        raise SplitError(
            "No picture can be held out: each class would lose its last one, or its groups are too large. "
            "Add pictures, at least two groups a class, or give a val part of your own."
        )
    return best


def _least(hot: np.ndarray, members: list[np.ndarray]) -> np.ndarray:
    """The smallest unit that leaves every class a training sample, where each is more than was wanted; maybe none."""
    total, chosen = hot.sum(axis=0), np.zeros(len(hot), dtype=bool)
    for rows in sorted(members, key=len):
        if (hot[rows].sum(axis=0) < np.maximum(total, 1)).all():
            chosen[rows] = True
            break
    return chosen


def _members(units: np.ndarray, names: list[str]) -> list[np.ndarray]:
    """The samples of each unit, sorted by name, units sorted by their first name."""
    found: dict[int, list[int]] = {}
    for i in sorted(range(len(names)), key=names.__getitem__):
        found.setdefault(int(units[i]), []).append(i)
    return [np.array(rows) for rows in found.values()]


def _order(members: list[np.ndarray], names: list[str], seed: str) -> list[int]:
    """Units in an order drawn from the seed and each one's first name, so that a new picture moves few others."""
    keys = [hashlib.sha256(f"{seed}/".encode() + names[rows[0]].encode("utf-8", "surrogateescape")) for rows in members]
    return sorted(range(len(members)), key=lambda unit: keys[unit].digest())


def _fill(hot: np.ndarray, members: list[np.ndarray], order: list[int], wanted: np.ndarray) -> np.ndarray:
    """Take each unit that brings the class counts nearer to `wanted` and leaves every class a training sample.

    nearer: sum_c |wanted_c - count_c| / total_c shrinks
    """
    total = hot.sum(axis=0)
    weight, count = (1.0 / np.maximum(total, 1)).tolist(), [0] * len(total)
    most, wished = np.maximum(total, 1).tolist(), wanted.tolist()
    table = _counted(hot, members)
    chosen = np.zeros(len(hot), dtype=bool)
    for unit in order:
        more = table[unit].items()
        gain = sum((abs(wished[c] - count[c]) - abs(wished[c] - count[c] - k)) * weight[c] for c, k in more)
        if gain > 1e-12 and all(count[c] + k < most[c] for c, k in more):
            chosen[members[unit]] = True
            for c, k in more:
                count[c] += k
    return chosen


def _counted(hot: np.ndarray, members: list[np.ndarray]) -> list[dict[int, int]]:
    """How many samples of each class a unit has; classes without any are left out."""
    units = np.repeat(np.arange(len(members)), [len(rows) for rows in members])
    rows, classes = np.nonzero(hot[np.concatenate(members)])
    table: list[dict[int, int]] = [{} for _ in members]
    for unit, c in zip(units[rows].tolist(), classes.tolist(), strict=True):
        table[unit][c] = table[unit].get(c, 0) + 1
    return table
