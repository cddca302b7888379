"""A table with a text a row to texts and labels, texts and numbers, or pairs of texts.

    text,label,split                  classify; regress where labels are many numbers
    "It was great!",good,train

    source,target                     pairs
    123+456,579

A file of pairs may come without a header: two columns with a tab between them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from boda.data.folders import PARTS
from boda.data.sequences.columns import (
    LABEL_NAMES,
    PART_NAMES,
    TEXT_NAMES,
    choose_column,
    find_pair,
    optional_column,
)
from boda.data.sequences.dataset import SequenceDataset, learnable_classes
from boda.data.sequences.table_file import read_table_file
from boda.data.sequences.text_file import fault_of
from boda.data.sequences.units import check_tokens, unit_of
from boda.errors import DataError
from boda.sample import BadFile

if TYPE_CHECKING:
    from boda.data.sequences.table_file import Row, Table
    from boda.sample import Part

HEADLESS = "The header names no columns of pairs, so that the first line was read as a pair like the others."
MANY = 20  # whole numbers that differ: more of them are no classes, nor are numbers with fractions
KNOWN_PARTS: dict[str, Part] = {**PARTS, "dev": "val", "training": "train", "testing": "test"}


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what; `target` is the label, or the second text of a pair."""

    text: str
    target: str | None
    part: str | None
    group: str | None


class Entry(NamedTuple):
    """A row that can serve."""

    name: str
    text: str
    target: Any
    part: Part | None
    group: str | None


def read_text_table(
    source: Any,
    *,
    task: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    source_column: str | None = None,
    target_column: str | None = None,
    part_column: str | None = None,
    group_column: str | None = None,
    encoding: str | None = None,
    tokens: str = "auto",
) -> SequenceDataset:
    """Read a CSV, TSV or Parquet file, or a DataFrame, with a text a row.

    Columns that are not given are found by the names in `boda.data.sequences.columns`.

    Args:
        source: The file or the DataFrame.
        task: "classify", "regress", "pairs" or "language"; told from the columns unless given.
        text_column: The text.
        label_column: The class, or the number.
        source_column: Of pairs, the text that is given.
        target_column: Of pairs, the text that is wanted.
        part_column: train, val (valid, validation, dev) or test.
        group_column: What stays in one part.
        encoding: Where the file is not UTF-8, such as "cp949".
        tokens: "characters" or "words"; "auto" takes words for sentences.

    Raises:
        DataError: The file cannot be read as such a table, or no row can serve.
        LabelError: A class is in val or test, but not in train.

    Example:
        read_text_table(Path("reviews.csv"), text_column="body", label_column="stars", task="regress")
    """
    check_tokens(tokens)
    table = read_table_file(source, encoding=encoding)
    pair = _pair(table, task, source_column, target_column, text_column or label_column)
    headless = pair is None and task == "pairs"
    if headless:
        table, pair = _without_header(table, source, encoding), ("source", "target")
    part = optional_column(table.where, table.header, "part", part_column, PART_NAMES)
    group = None if group_column is None else choose_column(table.where, table.header, "group", group_column, ())
    if pair is not None:
        return _build(table, source, "pairs", Columns(*pair, part, group), tokens, notes=(HEADLESS,) * headless)
    text = choose_column(table.where, table.header, "text", text_column, TEXT_NAMES)
    if task == "language":
        label = optional_column(table.where, table.header, "label", label_column, LABEL_NAMES)
    else:
        label = choose_column(table.where, [h for h in table.header if h != text], "label", label_column, LABEL_NAMES)
    task = task or ("regress" if label and _are_many_numbers(table.column(label)) else "classify")
    return _build(table, source, task, Columns(text, None if label == text else label, part, group), tokens)


def _pair(
    table: Table, task: str | None, source: str | None, target: str | None, other: str | None
) -> tuple[str, str] | None:
    """The columns of pairs; None where the table is of labels, or has no header."""
    if source or target:
        pair = find_pair(table.header) or (None, None)
        return (
            choose_column(table.where, table.header, "source", source or pair[0], ("source",)),
            choose_column(table.where, table.header, "target", target or pair[1], ("target",)),
        )
    return find_pair(table.header) if task == "pairs" or (task is None and other is None) else None


def _without_header(table: Table, source: Any, encoding: str | None) -> Table:
    """The file read again, its first line a pair like the others."""
    if len(table.header) < 2 or not isinstance(source, Path) or source.suffix.lower() == ".parquet":
        raise DataError(
            f"{table.where}: expected columns of pairs, such as source and target, found: {', '.join(table.header)}. "
            "Name yours by source_column and target_column."
        )
    return read_table_file(source, encoding=encoding, header=("source", "target"))


def _are_many_numbers(cells: list[str]) -> bool:
    filled = {cell.strip() for cell in cells if cell.strip()}
    numbers = {number for cell in filled if (number := _number(cell)) is not None}
    are_measured = len(numbers) > MANY or any(not number.is_integer() for number in numbers)
    return are_measured and len(numbers) == len(filled)


def _number(cell: str) -> float | None:
    try:
        number = float(cell)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _build(
    table: Table, source: Any, task: str, columns: Columns, tokens: str, *, notes: tuple[str, ...] = ()
) -> SequenceDataset:
    found = [_entry(table, row, task, columns) for row in table.rows]
    entries = [entry for entry in found if isinstance(entry, Entry)]
    bad = [*table.bad, *(entry for entry in found if isinstance(entry, BadFile))]
    if not entries:
        raise DataError(
            f"{table.where}: none of {len(bad)} rows can serve; the first is {bad[0].name}: {bad[0].reason}."
        )
    texts, targets = tuple(entry.text for entry in entries), tuple(entry.target for entry in entries)
    parts = tuple(entry.part for entry in entries)
    return SequenceDataset(
        task=task,
        unit="characters" if (task, tokens) == ("language", "auto") else unit_of(texts, tokens),
        inputs=texts,
        targets=targets,
        names=tuple(entry.name for entry in entries),
        parts=parts,
        groups=tuple(entry.group for entry in entries),
        classes=_classes(table.where, task, targets, parts),
        root=source.parent if isinstance(source, Path) else None,
        bad=tuple(bad),
        notes=(*notes, *_decided(task, columns)),
    )


def _classes(where: str, task: str, targets: tuple[Any, ...], parts: tuple[Part | None, ...]) -> tuple[str, ...]:
    if task == "classify":
        return learnable_classes(where, targets, parts)
    return tuple(sorted({target for target in targets if target is not None})) if task == "language" else ()


def _decided(task: str, columns: Columns) -> tuple[str, ...]:
    target = f" and {columns.target!r} as {'target' if task == 'pairs' else 'label'}" if columns.target else ""
    how = ' The labels are numbers, so that the task is "regress".' if task == "regress" else ""
    return (f"Column {columns.text!r} was read as text{target}.{how}",)


def _entry(table: Table, row: Row, task: str, columns: Columns) -> Entry | BadFile:
    name, text = table.place(row), row.cells[columns.text].strip()
    part = row.cells[columns.part].strip().lower() if columns.part else ""
    target = _target(row, task, columns)
    fault = (
        ("the text is empty" if not text else fault_of(text))
        or (target.reason if isinstance(target, BadFile) else None)
        or (
            f"expected train, val or test in column {columns.part!r}, came {part!r}"
            if part not in {"", *KNOWN_PARTS}
            else None
        )
    )
    if fault is not None:
        return BadFile(name, fault)
    group = row.cells[columns.group].strip() if columns.group else ""
    return Entry(name, text, target, KNOWN_PARTS.get(part), group or None)


def _target(row: Row, task: str, columns: Columns) -> str | float | BadFile | None:
    """What is to be told of a row; a BadFile with the reason where it is missing or damaged."""
    cell = row.cells[columns.target].strip() if columns.target else ""
    if task == "language":
        return cell or None
    if not cell:
        return BadFile("", f"column {columns.target!r} is empty")
    if task == "regress":
        number = _number(cell)
        return (
            BadFile("", f"expected a number in column {columns.target!r}, came {cell[:40]!r}")
            if number is None
            else number
        )
    fault = fault_of(cell)
    return BadFile("", fault) if fault else cell
