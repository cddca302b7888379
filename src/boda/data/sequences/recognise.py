"""What a person gives to the name of the reader of sequences that fits it, or to none, where it shows pictures.

x.txt                                   "conll" where lines are tagged tokens, "table" where they are cells, else "text"
x.csv, x.tsv, x.parquet, a DataFrame    "series" where a column holds times, else "table"; none where one names pictures
x.mat, x.npz, x.npy                     "rolls"
x.conll, x.conllu, x.bio, x.iob         "conll", and so a folder of these
a folder of texts                       "folder"; none where it holds pictures or boxes
(texts, labels), a list of texts        "texts"
a list of arrays                        "arrays"

Only names and the first lines are looked at.
"""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from boda.data.box_columns import box_columns
from boda.data.decode import SUFFIXES as PICTURES
from boda.data.recognise import box_formats
from boda.data.sequences import rolls, table_file, tags
from boda.data.sequences.columns import LABEL_NAMES, TEXT_NAMES, TIME_NAMES, find_column, find_pair
from boda.data.sequences.series import has_time
from boda.data.sequences.table_file import cells_of, delimiter_of
from boda.data.sequences.text_file import BOMS
from boda.data.table import PATH_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ENTRIES = 500  # of a folder that are looked at
LINES = 40  # of a file
HEAD = 2**16  # bytes of a file
TEXT = ".txt"
BLANK = 0.05  # of the lines of texts that are no lists


class Head(NamedTuple):
    """The header of a table and its first rows."""

    header: list[str]
    rows: list[list[str]]


def reader_of(source: Any, task: str | None = None) -> str | None:
    """The name of the reader for `source`; None where it is none of sequences, or cannot be told."""
    if isinstance(source, str | os.PathLike):
        return _reader_of_path(Path(source), task)
    if hasattr(source, "columns") and hasattr(source, "iloc"):
        return _reader_of_table(_head_of_frame(source), task)
    if isinstance(source, tuple) and len(source) == 2:
        return "texts" if _are_texts(source[0]) else None
    if isinstance(source, list) and source:
        return "texts" if _are_texts(source) else "arrays" if _are_arrays(source) else None
    return None


def _reader_of_path(path: Path, task: str | None) -> str | None:
    suffix = path.suffix.lower()
    if path.is_dir():
        return _reader_of_folder(path, task)
    if suffix in tags.SUFFIXES or (task == "tag" and suffix in {TEXT, ".tsv"}):
        return "conll"
    if suffix in rolls.SUFFIXES:
        return "rolls"
    if suffix == ".parquet":
        return "series" if task == "forecast" else "table" if task else _reader_of_parquet(path)
    if suffix in table_file.SUFFIXES:
        return _reader_of_table(_head_of_file(path), task)
    return _reader_of_text(path, task) if suffix == TEXT else None


def _reader_of_text(path: Path, task: str | None) -> str:
    lines = _lines(path)
    if task in {None, "tag"} and tags.looks_tagged(lines):
        return "conll"
    head = _head_of_lines(path, lines)
    if task in {"pairs", "regress"}:
        return "table"
    if task == "forecast":
        return "series"
    known = find_column(head.header, TEXT_NAMES) and find_column(head.header, LABEL_NAMES)
    return "table" if len(head.header) > 1 and "\t" in lines[0] and known else "text"


def _reader_of_table(head: Head | None, task: str | None) -> str | None:
    """By the columns: pictures and boxes are not ours, times make series, and all else is read as texts."""
    if head is None or _names_pictures(head) or box_columns(head.header) is not None:
        return None
    if task is not None:
        return "series" if task == "forecast" else "table"
    pair = find_pair(head.header)
    text = pair[0] if pair else find_column(head.header, TEXT_NAMES)
    is_text = bool(text) and not _is_number_column(head, text)
    if is_text and (pair or find_column(head.header, LABEL_NAMES)):
        return "table"
    if find_column(head.header, PATH_NAMES):
        return None
    timed = text is None and find_column(head.header, LABEL_NAMES) is None and find_column(head.header, TIME_NAMES)
    return "series" if timed or has_time(head.header, head.rows) else "table"


def _reader_of_parquet(path: Path) -> str:
    """By the columns where it can be read; where not, the reader of tables says what is missing."""
    from boda.errors import DataError

    try:
        table = table_file.read_table_file(path)
    except DataError:
        return "table"
    rows = [list(row.cells.values()) for row in table.rows[:LINES]]
    return _reader_of_table(Head(list(table.header), rows), None) or "table"


def _reader_of_folder(root: Path, task: str | None) -> str | None:
    texts, pictures, tagged = [], 0, 0
    for name in islice(_names(root), ENTRIES):
        suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - names, not paths
        texts += [name] if suffix == TEXT else []
        pictures += suffix in PICTURES
        tagged += suffix in tags.SUFFIXES
    if pictures * 10 > len(texts) or not texts + [""] * tagged or box_formats(root):
        return "conll" if tagged and not pictures else None
    if task == "tag" or tagged > len(texts) or (task is None and _are_tagged(root, texts)):
        return "conll"
    return "text" if task == "language" and _is_prose(root, texts) else "folder"


def _are_tagged(root: Path, texts: Sequence[str]) -> bool:
    """Whether the files are parts, with a token and a tag a line."""
    here = [root / name for name in texts if os.sep not in name]
    return any(tags.part_of(file) and tags.looks_tagged(_lines(file)) for file in here)


def _is_prose(root: Path, texts: Sequence[str]) -> bool:
    """Whether the first files have empty lines between others, as long texts have, and lists do not."""
    lines = [line for name in texts[:3] for line in _lines(root / name)]
    return sum(not line.strip() for line in lines) > BLANK * len(lines)


def _names(root: Path, below: str = "", depth: int = 3) -> Iterator[str]:
    """Paths of files below `root`, those of each folder first; hidden ones and links to folders are passed over."""
    try:
        with os.scandir(root / below) as entries:
            seen = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError:
        return
    yield from (os.path.join(below, entry.name) for entry in seen if not entry.is_dir())  # noqa: PTH118 - names
    for entry in seen:
        if depth > 1 and entry.is_dir(follow_symlinks=False):
            yield from islice(_names(root, os.path.join(below, entry.name), depth - 1), ENTRIES // 5)  # noqa: PTH118


def _lines(path: Path, most: int = HEAD) -> list[str]:
    """The first whole lines of a file; what cannot be decoded is replaced."""
    try:
        with path.open("rb") as file:
            data = file.read(most)
    except OSError:
        return [""]
    encoding = next((name for mark, name in BOMS if data.startswith(mark)), "utf-8")
    lines = data.decode(encoding, "replace").splitlines()
    return (lines[:-1] if len(data) == most and len(lines) > 1 else lines) or [""]


def _head_of_file(path: Path) -> Head:
    return _head_of_lines(path, _lines(path))


def _head_of_lines(path: Path, lines: list[str]) -> Head:
    mark = delimiter_of(path, lines[0])
    rows = [cells_of(line, mark) for line in lines[1 : LINES + 1] if line]
    return Head([name.strip() for name in cells_of(lines[0], mark)], rows)


def _head_of_frame(frame: Any) -> Head:
    rows = frame.head(LINES).to_numpy().tolist()
    return Head([str(name) for name in frame.columns], [["" if c is None else str(c) for c in row] for row in rows])


def _names_pictures(head: Head) -> bool:
    return any(os.path.splitext(cell.strip())[1].lower() in PICTURES for row in head.rows for cell in row)  # noqa: PTH122


def _is_number_column(head: Head, name: str | None) -> bool:
    cells = [row[head.header.index(name)] for row in head.rows if name and len(row) == len(head.header)]
    return bool(cells) and all(cell.strip().replace(".", "", 1).lstrip("+-").isdigit() for cell in cells)


def _are_texts(values: Any) -> bool:
    """Whether these are texts, and not the names of pictures."""
    if not isinstance(values, list | tuple) and not (isinstance(values, np.ndarray) and values.ndim == 1):
        return False
    first = list(values[:LINES])
    if not first or not all(isinstance(value, str) for value in first):
        return False
    return not all(os.path.splitext(value)[1].lower() in PICTURES for value in first)  # noqa: PTH122


def _are_arrays(values: list[Any]) -> bool:
    return all(
        isinstance(value, np.ndarray) and value.ndim in {1, 2} and value.dtype.kind in "biuf" for value in values
    )
