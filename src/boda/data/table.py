"""A table of pictures and labels, a CSV file or a DataFrame, to samples.

    path,label,part
    cats/1.jpg,cat,train
    dogs/1.jpg,dog,val

Paths are relative to the CSV's folder; `..` and absolute paths are allowed, since the table is the user's own.
Several labels a picture are written `cat|indoors`. Commas, semicolons and tabs separate the columns.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unicodedata import normalize

from boda.data.folders import PARTS, learnable_classes
from boda.errors import DataError, LabelError, RecipeError
from boda.sample import BadFile, Dataset, Label, Part, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH_NAMES = ("path", "file", "filename", "image", "image_path", "filepath")
LABEL_NAMES = ("label", "class", "target", "category", "labels", "tags")
PART_NAMES = ("part", "split", "subset")
SEVERAL_NAMES = ("labels", "tags")
SEPARATORS = ("|", ";", ",")


class Row(NamedTuple):
    """One row: where it stands, long ("photos.csv:3") and short ("line 3"), and its cells by column."""

    where: str
    place: str
    cells: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what; `several` says whether labels are tuples."""

    path: str
    label: str
    part: str | None
    group: str | None
    separator: str
    several: bool = False


def read_table(
    path: Path,
    *,
    path_column: str | None = None,
    label_column: str | None = None,
    part_column: str | None = None,
    group_column: str | None = None,
    label_separator: str | None = None,
) -> Dataset:
    """Read a CSV file with a header, UTF-8.

    Columns that are not given are found by the names in `PATH_NAMES`, `LABEL_NAMES` and `PART_NAMES`.
    A column called labels or tags, or a cell with `label_separator` in it, makes the task "multilabel", where an empty
    cell means that the picture has none of the labels.
    The separator is "|" unless given; in a column called labels or tags it is the first of | ; and , that occurs.

    Raises:
        DataError: The file cannot be read as such a table, or lists nothing that can be learned from.
        LabelError: A label is missing or contradicts another, or a part is unknown; with file and line.

    Example:
        read_table(Path("photos.csv"), label_column="species", group_column="patient")
    """
    path = Path(path)
    header, rows = parse_table(path)
    wanted = {"path": path_column, "label": label_column, "part": part_column, "group": group_column}
    columns = _choose(path, header, wanted, label_separator, rows)
    return _build(path, path.parent, rows, columns)


def read_frame(
    frame: Any,
    *,
    directory: Path | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    part_column: str | None = None,
    group_column: str | None = None,
    label_separator: str | None = None,
) -> Dataset:
    """Read a pandas DataFrame as `read_table` reads a file; paths are relative to `directory`, or where one stands.

    A cell of labels may hold a list. Rows are counted from 0 in messages.
    """
    where = "the DataFrame"
    header = [str(name) for name in frame.columns]
    wanted = {"path": path_column, "label": label_column, "part": part_column, "group": group_column}
    records = frame.to_dict("records")
    rows = [
        Row(f"{where}, row {i}", f"row {i}", {str(name): cell for name, cell in record.items()})
        for i, record in enumerate(records)
    ]
    columns = _choose(where, header, wanted, label_separator, rows)
    return _build(where, Path(directory or "."), rows, columns)


def parse_table(path: Path) -> tuple[list[str], list[Row]]:
    """The header of a CSV file and its rows; DataError says where it is no such table."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: expected a CSV file, but: {error.strerror}. Is the path right?") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DataError(f"{path}:{line}: expected UTF-8, but came other bytes. Save the table as UTF-8.") from error
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        return header, list(_rows(path, header, reader))
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: expected CSV, but: {error}.") from error


def delimiter_of(text: str) -> str:
    """The one that cuts the header into the most columns."""
    header = next(iter(text.splitlines()), "")
    return max(",;\t", key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))


def _rows(path: Path, header: list[str], reader: Any) -> Iterator[Row]:
    before = reader.line_num
    for cells in reader:
        line, before = before + 1, reader.line_num
        if not cells:
            continue
        if len(cells) != len(header):
            raise DataError(
                f"{path}:{line}: expected {len(header)} cells, as in the header, came {len(cells)}. "
                "A cell with the separator in it must stand in quotes."
            )
        yield Row(f"{path}:{line}", f"line {line}", dict(zip(header, cells, strict=True)))


def _choose(
    where: object, header: list[str], wanted: dict[str, str | None], separator: str | None, rows: list[Row]
) -> Columns:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{where}: column {twice[0]!r} stands twice in the header. Rename one of them.")
    if separator == "":
        raise RecipeError(f'{where}: label_separator is empty; give a mark such as "|".')
    part, group = wanted["part"], wanted["group"]
    path = choose_column(where, header, "path", wanted["path"], PATH_NAMES)
    label = choose_column(where, header, "label", wanted["label"], LABEL_NAMES)
    return Columns(
        path=path,
        label=label,
        part=guess_column(header, PART_NAMES) if part is None else choose_column(where, header, "part", part),
        group=None if group is None else choose_column(where, header, "group", group),
        separator=separator or _guess_separator(label, rows),
    )


def _guess_separator(label: str, rows: list[Row]) -> str:
    """Only a column whose name says that it holds several labels is searched for other marks than "|"."""
    if label.lower() not in SEVERAL_NAMES:
        return SEPARATORS[0]
    cells = [str(row.cells[label]) for row in rows]
    return next((mark for mark in SEPARATORS if any(mark in cell for cell in cells)), SEPARATORS[0])


def choose_column(where: object, header: list[str], role: str, wanted: str | None, names: tuple[str, ...] = ()) -> str:
    """The column `wanted`, or where that is None the first of `names` that is there; DataError where none is."""
    found = guess_column(header, names) if wanted is None else wanted if wanted in header else None
    if found is not None:
        return found
    came = f"The header has: {', '.join(header) or 'nothing'}."
    if wanted is None:
        expected = f"expected a column called {' or '.join(names)}, found none"
        raise DataError(f"{where}: {expected}. {came} Name yours by {role}_column, in the command --{role}-column.")
    near = difflib.get_close_matches(wanted, header, n=1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    raise DataError(f"{where}: {role}_column is {wanted!r}, but there is no such column.{meant} {came}")


def guess_column(header: list[str], names: tuple[str, ...]) -> str | None:
    """The first of `names` that stands in the header, in capitals or not."""
    by_lower = {name.lower(): name for name in reversed(header)}
    return next((by_lower[name] for name in names if name in by_lower), None)


def _build(where: object, folder: Path, rows: list[Row], columns: Columns) -> Dataset:
    if not rows:
        raise DataError(f"{where}: expected a row for each picture, found none below the header.")
    several = columns.label.lower() in SEVERAL_NAMES or any(
        len(_names(row.cells[columns.label], columns.separator)) > 1 for row in rows
    )
    columns = replace(columns, several=several)
    samples: list[Sample] = []
    bad: list[BadFile] = []
    first: dict[str, tuple[Row, Sample]] = {}
    for row in rows:
        found = _read_row(row, folder, columns)
        if isinstance(found, Sample):
            found = _refuse_twice(row, found, *first.setdefault(os.path.normpath(str(found.image)), (row, found)))
        if isinstance(found, Sample):
            samples.append(found)
        else:
            bad.append(found)
    if not samples:
        raise DataError(
            f"{where}: none of {len(rows)} pictures is there; the first is {bad[0].name!r}, "
            f"{bad[0].reason}. Paths are relative to {folder}."
        )
    classes = learnable_classes(where, samples, least=1 if several else 2)
    return Dataset(tuple(samples), classes, "multilabel" if several else "classify", root=folder, bad=tuple(bad))


def _read_row(row: Row, folder: Path, columns: Columns) -> Sample | BadFile:
    label = _label(row, columns)
    part = _part(row, columns)
    group = cell_text(row.cells[columns.group]) if columns.group else ""
    cell = cell_text(row.cells[columns.path], strip=False)
    image = next((folder / text for text in (cell, cell.strip()) if is_file(folder / text)), folder / cell)
    name = name_below(image, folder)
    if not is_file(image):
        return BadFile(name, f"{row.place}: {'no such file' if cell.strip() else 'no path'}")
    return Sample(name, image, label, part, group or None)


def is_file(path: Path) -> bool:
    """Whether it is an ordinary file; False where a name is too long for there to be one."""
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where a name is too long


def _refuse_twice(row: Row, sample: Sample, before: Row, same: Sample) -> Sample | BadFile:
    """The sample where `row` is the first that lists its picture, a bad file where it repeats it."""
    if row is before:
        return sample
    if _as_set(sample.label) != _as_set(same.label):
        raise LabelError(
            f"{row.where}: {sample.name!r} is labelled {sample.label!r} here, but {same.label!r} on {before.place}. "
            "Keep the right one."
        )
    return BadFile(sample.name, f"{row.place}: listed twice, first on {before.place}")


def _as_set(label: Label | None) -> set[str]:
    return {label} if isinstance(label, str) else set(label or ())


def _label(row: Row, columns: Columns) -> Label:
    names = _names(row.cells[columns.label], columns.separator)
    if columns.several:
        return names
    if not names:
        raise LabelError(f"{row.where}: expected a label in column {columns.label!r}, but it is empty.")
    return names[0]


def _names(cell: Any, separator: str) -> tuple[str, ...]:
    """The class names in a cell, NFC-normalised, each once."""
    texts = cell if isinstance(cell, list | tuple | set) else cell_text(cell).split(separator)
    names = (normalize("NFC", cell_text(text)) for text in texts)
    return tuple(dict.fromkeys(name for name in names if name))


def _part(row: Row, columns: Columns) -> Part | None:
    text = cell_text(row.cells[columns.part]) if columns.part else ""
    if not text:
        return None
    if text.lower() not in PARTS:
        raise LabelError(f"{row.where}: expected {', '.join(PARTS)} in column {columns.part!r}, came {text!r}.")
    return PARTS[text.lower()]


def cell_text(cell: Any, *, strip: bool = True) -> str:
    """A cell as text; what pandas means by missing is empty, and 3.0, an integer beside missing ones, is "3"."""
    if cell is None or type(cell).__name__ in {"NAType", "NaTType"}:
        return ""
    if isinstance(cell, float):
        return "" if math.isnan(cell) else str(int(cell) if cell.is_integer() else cell)
    return str(cell).strip() if strip else str(cell)


def name_below(image: Path, folder: Path) -> str:
    """The path below `folder`, with `/`; as it was written, where it leads out of it."""
    image = Path(os.path.normpath(image))
    folder = Path(os.path.normpath(folder))
    return (
        image.relative_to(folder) if image.is_relative_to(folder) else Path(os.path.relpath(image, folder))
    ).as_posix()
