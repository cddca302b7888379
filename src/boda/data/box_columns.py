"""The header of a table to the columns that hold boxes."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from boda.data.table import PART_NAMES, PATH_NAMES, choose_column, delimiter_of, guess_column
from boda.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

IMAGE_NAMES = (*PATH_NAMES, "image_id", "image_name", "img", "picture")
CLASS_NAMES = ("class", "label", "class_name", "name", "category", "target")
CORNERS = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("x0", "y0", "x1", "y1"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
)
SIDES = (
    ("x", "y", "w", "h"),
    ("xmin", "ymin", "w", "h"),
    ("x", "y", "width", "height"),
    ("left", "top", "width", "height"),
    ("xmin", "ymin", "width", "height"),
)
SIZES = (("width", "height"), ("image_width", "image_height"), ("img_width", "img_height"))


@dataclass(frozen=True, slots=True)
class BoxColumns:
    """Which column holds what; `format` is "xyxy" or "xywh", `size` the columns of the picture's width and height."""

    path: str
    label: str
    box: tuple[str, ...]
    format: str
    size: tuple[str, ...] | None
    part: str | None
    group: str | None


def has_boxes(path: Path) -> bool:
    """Whether the header of a CSV file names the four numbers of a box; False where it cannot be read."""
    try:
        with path.open("rb") as file:
            line = file.readline(2**16).decode("utf-8-sig").strip("\r\n")
    except (OSError, UnicodeDecodeError):
        return False
    return box_columns(next(csv.reader([line], delimiter=delimiter_of(line)), [])) is not None


def box_columns(header: list[str]) -> tuple[str, tuple[str, ...]] | None:
    """The format and the four columns of the boxes, by the names that are common; None where there are none."""
    for format_, sets in (("xyxy", CORNERS), ("xywh", SIDES)):
        for names in sets:
            if found := _all_of(header, names):
                return format_, found
    return None


def choose_box_columns(where: object, header: list[str], wanted: dict[str, str | None]) -> BoxColumns:
    """The columns `wanted`, and the others by their names.

    Raises:
        DataError: One is missing or stands twice.
    """
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise DataError(f"{where}: column {twice[0]!r} stands twice in the header. Rename one of them.")
    found = box_columns(header)
    if found is None:
        raise DataError(
            f"{where}: expected columns of boxes, such as {', '.join(CORNERS[0])} or {', '.join(SIDES[0])}. "
            f"The header has: {', '.join(header) or 'nothing'}."
        )
    sizes = (_all_of(header, names) for names in SIZES)
    part, group = wanted["part"], wanted["group"]
    return BoxColumns(
        path=choose_column(where, header, "path", wanted["path"], IMAGE_NAMES),
        label=choose_column(where, header, "label", wanted["label"], CLASS_NAMES),
        box=found[1],
        format=found[0],
        size=next((size for size in sizes if size and not set(size) & set(found[1])), None),
        part=guess_column(header, PART_NAMES) if part is None else choose_column(where, header, "part", part),
        group=None if group is None else choose_column(where, header, "group", group),
    )


def _all_of(header: list[str], names: tuple[str, ...]) -> tuple[str, ...] | None:
    found = [guess_column([cell.strip() for cell in header], (name,)) for name in names]
    return tuple(name for name in found if name is not None) if all(found) else None
