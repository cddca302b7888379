"""A table with a box a row to samples.

    filename,width,height,class,xmin,ymin,xmax,ymax,part
    images/1.jpg,640,480,cat,10,20,110,80,train
    images/2.jpg,640,480,,,,,,val

Boxes are pixels, x and y of two corners (or a corner, a width and a height), counted from the picture's edge; where no
number in the table is above 1, they are shares of the picture. A row without a box says that its picture shows nothing.
Paths are relative to the table's folder, or to images/ in it.
"""

from __future__ import annotations

import math
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import normalize

from boda.data.box_columns import choose_box_columns
from boda.data.box_dataset import build_dataset
from boda.data.box_folders import PICTURE_FOLDERS
from boda.data.box_rows import BoxRow, Marked
from boda.data.folders import PARTS
from boda.data.table import cell_text, is_file, name_below, parse_table
from boda.errors import DataError, LabelError
from boda.sample import BadFile

if TYPE_CHECKING:
    from boda.data.box_columns import BoxColumns
    from boda.data.box_dataset import BoxTask
    from boda.data.table import Row
    from boda.sample import Dataset, Part


_QUOTED = re.compile(r"^'(?='*[=+\-@])")  # what keeps a table program from running a name


def read_box_table(
    path: Path,
    *,
    task: BoxTask | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    part_column: str | None = None,
    group_column: str | None = None,
) -> Dataset:
    """Read a CSV file with a header, UTF-8, of which each row is a box.

    Columns that are not given are found by the names in `boda.data.box_columns`.

    Args:
        path: The file.
        task: "locate" (the largest box of each picture) or "detect"; told from the data unless given.
        path_column: The picture's file.
        label_column: The class.
        part_column: train, val or test.
        group_column: What stays in one part.

    Raises:
        DataError: The file cannot be read as such a table, or no box can be used.
        LabelError: A picture's rows contradict each other, or a part is unknown; with file and line.

    Example:
        read_box_table(Path("raccoon_labels.csv"), label_column="class")
    """
    path = Path(path)
    header, rows = parse_table(path)
    wanted = {"path": path_column, "label": label_column, "part": part_column, "group": group_column}
    columns = choose_box_columns(path, header, wanted)
    by_picture: dict[str, list[Row]] = {}
    for row in rows:
        by_picture.setdefault(os.path.normpath(_find(path.parent, row, columns)), []).append(row)
    found = [_marked(path, Path(image), rows, columns) for image, rows in by_picture.items()]
    marked = [entry for entry in found if isinstance(entry, Marked)]
    bad = [entry for entry in found if isinstance(entry, BadFile)]
    if bad and not marked:
        raise DataError(f"{path}: none of {len(bad)} pictures is there; the first is {bad[0].name!r}, {bad[0].reason}.")
    marked, notes = _as_shares(marked)
    return build_dataset(path.parent, marked, task=task, bad=bad, notes=notes)


def _find(folder: Path, row: Row, columns: BoxColumns) -> Path:
    """The picture of a row, in the table's folder or in images/ there; where it is in neither, as it stands."""
    cell = cell_text(row.cells[columns.path])
    if not cell:
        raise LabelError(f"{row.where}: expected a path in column {columns.path!r}, but it is empty.")
    places = [folder / cell, *(folder / images / cell for images in PICTURE_FOLDERS)]
    return next((place for place in places if is_file(place)), places[0])


def _marked(path: Path, image: Path, rows: list[Row], columns: BoxColumns) -> Marked | BadFile:
    name = name_below(image, path.parent)
    if not is_file(image):
        return BadFile(name, f"{rows[0].place}: no such file")
    boxes: list[BoxRow] = []
    faults: list[str] = []
    for row in rows:
        found = _row(row, columns)
        if isinstance(found, BoxRow):
            boxes.append(found)
        elif found:
            faults.append(found)
    part, group = _part(rows, columns), _same(rows, columns.group)
    size, form = _size(rows, columns), columns.format
    return Marked(name, image, path.name, tuple(boxes), form, size, part, group, faults=tuple(faults))


def _row(row: Row, columns: BoxColumns) -> BoxRow | str | None:
    """The box of a row, what is wrong with it, or None where it has none."""
    cells = [cell_text(row.cells[name]) for name in columns.box]
    label = _QUOTED.sub("", normalize("NFC", cell_text(row.cells[columns.label])))
    if not any(cells):
        return None
    try:
        a, b, c, d = map(float, cells)
    except ValueError:
        return f"{row.place}: expected numbers in {', '.join(columns.box)}, came {', '.join(cells)[:80]!r}; dropped"
    return BoxRow(row.place, label, (a, b, c, d)) if label else f"{row.place}: a box without a class; dropped"


def _part(rows: list[Row], columns: BoxColumns) -> Part | None:
    text = _same(rows, columns.part)
    if text is None:
        return None
    if text.lower() not in PARTS:
        raise LabelError(f"{rows[0].where}: expected {', '.join(PARTS)} in column {columns.part!r}, came {text!r}.")
    return PARTS[text.lower()]


def _same(rows: list[Row], column: str | None) -> str | None:
    """What `column` says of one picture, in each of its rows alike."""
    if column is None:
        return None
    first = cell_text(rows[0].cells[column])
    for row in rows:
        if (text := cell_text(row.cells[column])) != first:
            raise LabelError(f"{row.where}: {column} is {text!r} here, but {first!r} on {rows[0].place}. Keep one.")
    return first or None


def _size(rows: list[Row], columns: BoxColumns) -> tuple[int, int] | None:
    if columns.size is None:
        return None
    try:
        width, height = (int(float(cell_text(rows[0].cells[name]))) for name in columns.size)
    except (ValueError, OverflowError):
        return None
    return (width, height) if width > 0 and height > 0 else None


def _as_shares(marked: list[Marked]) -> tuple[list[Marked], list[str]]:
    """`marked` with relative formats, where no number is above 1; else as it came."""
    numbers = [value for entry in marked for row in entry.rows for value in row.box if math.isfinite(value)]
    if not numbers or max(numbers) > 1:
        return marked, []
    shares = [replace(entry, format=f"rel_{entry.format}") for entry in marked]
    return shares, ["No number of a box is above 1, so that they were read as shares of the picture's sides."]
