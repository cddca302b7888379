"""Records to an Audit: counts, sizes, copies, leaks and conflicts, and all of it in words."""

from __future__ import annotations

import csv
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from boda.data.advice import advice
from boda.data.groups import Groups, group, shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import TextIO

    from boda.data.records import Records
    from boda.sample import BadFile, Label

SHOWN = 100  # bad files and groups of each kind that a summary names; it counts all


class Member(NamedTuple):
    """One picture of a group of copies."""

    name: str
    part: str | None
    label: Label | None


class Audit:
    """What a scan found; counts are in memory, names and reasons are read from disk when they are asked for.

    `deep` says whether pictures were decoded; without, damage behind the header and near copies are unknown.
    Use it as a context manager, or let it go, to remove its temporary folder.
    """

    def __init__(self, records: Records, *, deep: bool, groups: Groups | None = None) -> None:
        self.deep = deep
        self.records = records
        if groups is not None:
            self.groups = groups

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.records.remove()

    def __len__(self) -> int:
        return self.records.count

    @property
    def bad_count(self) -> int:
        """How many files cannot serve."""
        return self.records.bad_count

    @property
    def flat_count(self) -> int:
        """How many pictures show next to nothing: one colour, or close to it."""
        return int(self.rows["is_flat"].sum())

    @cached_property
    def groups(self) -> Groups:
        """The group of each picture."""
        return group(self.records)

    @cached_property
    def rows(self) -> np.ndarray:
        """Sizes, codes of part, label, format and notes, and where the name lies; see `records.ROW`."""
        return self.records.rows()

    @cached_property
    def counts(self) -> dict[str, dict[str, int]]:
        """Part to class to number of pictures; "all" is the part of pictures without one."""
        parts, labels = _names(self.records.parts, "all"), list(self.records.labels)
        pairs, numbers = np.unique(self.rows["part"].astype(np.int64) << 32 | self.rows["label"], return_counts=True)
        counts: dict[str, dict[str, int]] = {}
        for pair, number in zip(pairs.tolist(), numbers.tolist(), strict=True):
            of_part = counts.setdefault(parts[pair >> 32], {})
            for name in _classes(labels[pair & 0xFFFFFFFF]):
                of_part[name] = of_part.get(name, 0) + number
        return {part: dict(sorted(counts[part].items())) for part in sorted(counts)}

    @cached_property
    def class_counts(self) -> dict[str, int]:
        """Class to number of pictures in all parts; a picture with several labels counts for each."""
        names = sorted({name for of_part in self.counts.values() for name in of_part})
        return {name: sum(of_part.get(name, 0) for of_part in self.counts.values()) for name in names}

    @property
    def imbalance(self) -> float:
        """How many times larger the largest class is than the smallest; 1 without classes."""
        return max(self.class_counts.values()) / min(self.class_counts.values()) if self.class_counts else 1.0

    def bad(self) -> Iterator[BadFile]:
        """Every file that cannot serve, with its reason, one at a time."""
        return self.records.bad()

    def write_bad(self, path: Path) -> None:
        """Write all bad files as CSV (file, reason); a cell that a table would run is quoted by an apostrophe."""
        with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            write_bad(self.bad(), file)

    def exact_groups(self) -> Iterator[tuple[Member, ...]]:
        """Pictures with the same bytes, a group at a time."""
        return self.members(shared(self.groups.exact))

    def near_groups(self) -> Iterator[tuple[Member, ...]]:
        """Pictures that are copies but not byte for byte: re-encoded, scaled, mirrored, recoloured, the same scene."""
        return self.members(self._near)

    def leaks(self) -> Iterator[tuple[Member, ...]]:
        """Groups of copies that lie in more than one part: a validation on them flatters."""
        return self.members(self._crossing("part"))

    def conflicts(self) -> Iterator[tuple[Member, ...]]:
        """Groups of copies with different labels: at most one of them can be right."""
        return self.members(self._conflicts)

    def members(self, groups: list[np.ndarray]) -> Iterator[tuple[Member, ...]]:
        """The pictures of groups of row numbers, a group at a time."""
        parts, labels = list(self.records.parts), list(self.records.labels)
        for rows in groups:
            yield tuple(
                Member(self.records.name(int(row["name_at"])), parts[row["part"]], labels[row["label"]])
                for row in self.rows[rows]
            )

    @cached_property
    def leaks_count(self) -> int:
        """How many groups `leaks` gives."""
        return len(self._crossing("part"))

    @cached_property
    def conflicts_count(self) -> int:
        """How many groups `conflicts` gives."""
        return len(self._conflicts)

    def to_json(self) -> dict[str, Any]:
        """A summary that json can say; its keys are stable, and lists end after the first 100."""
        groups = self.groups  # first, while little else is in memory
        return {
            "n": len(self),
            "deep": self.deep,
            "counts": self.counts,
            "imbalance": round(self.imbalance, 3),
            "sizes": {"width": _spread(self.rows["width"]), "height": _spread(self.rows["height"])},
            "formats": self._histogram("format", _names(self.records.formats, "")),
            "notes": {name: int((self.rows["notes"] >> bit & 1).sum()) for name, bit in self.records.notes.items()},
            "bad": [{"name": bad.name, "reason": bad.reason} for bad in islice(self.bad(), SHOWN)],
            "bad_count": self.bad_count,
            "flat_count": self.flat_count,
            "exact_duplicates": _shown(self.exact_groups()),
            "exact_duplicates_count": len(shared(groups.exact)),
            "near_duplicates": _shown(self.near_groups()),
            "near_duplicates_count": len(self._near),
            "leaks": _shown(self.leaks()),
            "leaks_count": self.leaks_count,
            "conflicts": _shown(self.conflicts()),
            "conflicts_count": self.conflicts_count,
            "alike": groups.alike,
            "warnings": self.warnings(),
        }

    def warnings(self) -> list[str]:
        """What to mend before training, in plain words, the gravest first."""
        return advice(self)

    @cached_property
    def _near(self) -> list[np.ndarray]:
        exact = self.groups.exact
        return [rows for rows in shared(self.groups.all) if len(np.unique(exact[rows])) > 1]

    @cached_property
    def _conflicts(self) -> list[np.ndarray]:
        unlabelled = self.records.labels.get(None, -1)
        labels = ((rows, self.rows["label"][rows]) for rows in shared(self.groups.all))
        return [rows for rows, codes in labels if len(np.unique(codes[codes != unlabelled])) > 1]

    def _crossing(self, column: str) -> list[np.ndarray]:
        return [rows for rows in shared(self.groups.all) if len(np.unique(self.rows[column][rows])) > 1]

    def _histogram(self, column: str, names: list[str]) -> dict[str, int]:
        numbers = np.bincount(self.rows[column], minlength=len(names)).tolist()
        return dict(sorted(zip(names, numbers, strict=True)))


def write_bad(bad: Iterable[BadFile], file: TextIO) -> None:
    """Write CSV with the columns file and reason; a cell that a table would run is quoted by an apostrophe."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("file", "reason"))
    writer.writerows((_cell(each.name), _cell(each.reason)) for each in bad)


def _names(table: dict[Any, int], nothing: str) -> list[str]:
    return [nothing if name is None else str(name) for name in table]


def _classes(label: Label | None) -> tuple[str, ...]:
    if label is None:
        return ()
    return (label,) if isinstance(label, str) else label


def _shown(groups: Iterable[tuple[Member, ...]]) -> list[list[str]]:
    return [[member.name for member in group] for group in islice(groups, SHOWN)]


def _spread(values: np.ndarray) -> dict[str, float]:
    if not len(values):
        return {"min": 0, "median": 0, "max": 0}
    return {"min": int(values.min()), "median": float(np.median(values)), "max": int(values.max())}


def _cell(text: str) -> str:
    return "'" + text if text.startswith(("=", "+", "-", "@")) else text
