"""Inputs to those that are there again: copies, copies in two parts, and copies with other targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.data.groups import shared
from boda.data.sequences.split import copy_ids

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from boda.data.sequences.dataset import SequenceDataset

SHOWN = 20


def about_copies(dataset: SequenceDataset, part_of: Mapping[str, str]) -> dict[str, Any]:
    """Counts of what is there again, with names of the first.

    "duplicates_count" counts the inputs that an earlier one equals; "leaks" are pairs of names, one in training and
    one outside it; "conflicts" are groups of names of one input with several targets; labels to generate from are none.
    """
    groups = [rows.tolist() for rows in shared(copy_ids(dataset))]
    leaks = [pair for rows in groups if (pair := _leak(dataset, rows, part_of))]
    answered = [] if dataset.task == "language" else groups
    conflicts = [rows for rows in answered if len({dataset.targets[i] for i in rows}) > 1]
    return {
        "duplicates_count": sum(len(rows) - 1 for rows in groups),
        "leaks_count": len(leaks),
        "leaks": leaks[:SHOWN],
        "conflicts_count": len(conflicts),
        "conflicts": [_apart(dataset, rows) for rows in conflicts[:SHOWN]],
    }


def _leak(dataset: SequenceDataset, rows: Sequence[int], part_of: Mapping[str, str]) -> list[str] | None:
    """The first name in training and the first outside; None where all are on one side."""
    names = [dataset.names[i] for i in rows]
    inside = next((name for name in names if part_of.get(name) == "train"), None)
    outside = next((name for name in names if part_of.get(name, "train") != "train"), None)
    return [inside, outside] if inside is not None and outside is not None else None


def _apart(dataset: SequenceDataset, rows: Sequence[int]) -> list[str]:
    """One name for each of the targets."""
    first: dict[Any, str] = {}
    for i in rows:
        first.setdefault(dataset.targets[i], dataset.names[i])
    return list(first.values())
