"""A CSV, TSV or Parquet file, or a DataFrame, to a table of cells; a damaged row is named, and the others stand.

Commas, semicolons and tabs separate the columns. In a CSV file cells with these, or with line ends, stand in quotes; in
a file with tabs each line is a row.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from boda.data.sequences.text_file import check_file, clean, read_lines
from boda.errors import DataError
from boda.sample import BadFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from boda.data.sequences.text_file import Line

SUFFIXES = (".csv", ".tsv", ".tab", ".parquet")
_MOST = 2**31 - 1  # characters in a cell


class Row(NamedTuple):
    """The cells of a row by column, as text, and the line where it begins."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, eq=False)
class Table:
    """Rows with the same columns; `name` is the file's, `where` its path for messages."""

    name: str
    where: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    bad: tuple[BadFile, ...] = ()

    def place(self, row: Row) -> str:
        """The name of a row: "reviews.csv:3"."""
        return f"{self.name}:{row.line}"

    def column(self, name: str) -> list[str]:
        """The cells of one column."""
        return [row.cells[name] for row in self.rows]


def read_table_file(source: Any, *, encoding: str | None = None, header: Sequence[str] | None = None) -> Table:
    """Read a table.

    Args:
        source: A file, told by its suffix, or a pandas DataFrame.
        encoding: Where it is not UTF-8.
        header: The names of the first columns, where the file has no header line.

    Raises:
        DataError: It cannot be read, has no header or no row, its header is damaged, or a column's name stands twice.
    """
    if hasattr(source, "columns"):
        table = _of_frame(source, "the DataFrame", "row")
    elif source.suffix.lower() == ".parquet":
        table = _of_frame(_read_parquet(source), str(source), source.name)
    else:
        table = _of_text(source, encoding, header)
    twice = [name for name, times in Counter(table.header).items() if times > 1]
    if twice:
        raise DataError(f"{table.where}: column {twice[0]!r} stands twice in the header. Rename one of them.")
    if not table.rows:
        first = f" The first damaged row is {table.bad[0].name}: {table.bad[0].reason}." if table.bad else ""
        raise DataError(f"{table.where}: expected rows below the header, found none that can be read.{first}")
    return table


def delimiter_of(path: Path, line: str) -> str:
    """The mark that separates columns: a tab in a .tsv file, else the one that cuts `line` into the most cells."""
    if path.suffix.lower() in {".tsv", ".tab"}:
        return "\t"
    return max("\t,;", key=lambda mark: len(cells_of(line, mark)))


def cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line, the quotes around them removed."""
    if delimiter == "\t":
        return [_unquoted(cell) for cell in line.split("\t")]
    with _long_cells():
        try:
            return next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            return []


def _of_text(path: Path, encoding: str | None, header: Sequence[str] | None) -> Table:
    file = read_lines(path, path.name, encoding)
    if header is None and file.bad and file.bad[0].name == f"{path.name}:1":
        raise DataError(f"{path}: the header, line 1, cannot be read: {file.bad[0].reason}.")
    lines = file.lines if header else file.lines[1:]
    first = file.lines[0].text if file.lines else ""
    delimiter = delimiter_of(path, first)
    names = tuple(header or (cell.strip() for cell in cells_of(first, delimiter)))
    table = Table(path.name, str(path), _named(names), (), file.bad)
    rows: list[Row] = []
    bad = list(file.bad)
    with _long_cells():
        found = _by_line(lines) if delimiter == "\t" else _quoted(lines, delimiter)
        for line, cells in found:
            row = _row(table, line, cells, at_least=header is not None)
            if isinstance(row, Row):
                rows.append(row)
            else:
                bad.append(row)
    return replace(table, rows=tuple(rows), bad=tuple(bad))


def _named(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name or f"column {i}" for i, name in enumerate(names, start=1))


def _row(table: Table, line: int, cells: list[str] | str, *, at_least: bool) -> Row | BadFile:
    """The row; a BadFile where its cells are not those of the header."""
    wanted = len(table.header)
    if isinstance(cells, str):
        return BadFile(f"{table.name}:{line}", cells)
    if (len(cells) > wanted and at_least) or not any(cells[wanted:]):
        cells = cells[:wanted]
    if len(cells) != wanted:
        return BadFile(
            f"{table.name}:{line}",
            f"expected {wanted} cells, as in the header, came {len(cells)}; a cell with the separator in it must stand "
            "in quotes",
        )
    return Row(line, {name: clean(cell) for name, cell in zip(table.header, cells, strict=True)})


def _by_line(lines: Sequence[Line]) -> Iterator[tuple[int, list[str]]]:
    for line in lines:
        if line.text:
            yield line.number, cells_of(line.text, "\t")


def _unquoted(cell: str) -> str:
    """A cell without the quotes around it; those of a text that only begins with one stay."""
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell


def _quoted(lines: Sequence[Line], delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """The line and the cells of each row; the reason, where it is damaged: then the next line begins a row again."""
    at = 0
    while at < len(lines):
        first = at
        reader = csv.reader((f"{line.text}\n" for line in lines[first:]), delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                if cells:
                    yield lines[at].number, cells
                at = first + reader.line_num
        except csv.Error as error:
            yield lines[at].number, f"expected CSV, but: {error}; is a quote never closed?"
            at += 1


@contextmanager
def _long_cells() -> Iterator[None]:
    """Allow cells as long as files are: csv's own limit, 128 KiB, is below many a text."""
    before = csv.field_size_limit(_MOST)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _read_parquet(path: Path) -> Any:
    check_file(path)
    try:
        import pandas as pd

        return pd.read_parquet(path)
    except ImportError as error:
        raise DataError(
            f"{path}: Parquet is read by pandas and pyarrow, of which one is not installed. Install them "
            "(pip install pandas pyarrow), or save the table as CSV."
        ) from error
    except Exception as error:
        raise DataError(f"{path}: expected a Parquet file, but: {error}.") from error


def _of_frame(frame: Any, where: str, name: str) -> Table:
    """The cells of a DataFrame as text, rows counted from 1, as lines of a file are."""
    header = tuple(map(str, frame.columns))
    columns = [[_as_text(cell) for cell in frame.iloc[:, i]] for i in range(len(header))]
    rows = (Row(i, dict(zip(header, cells, strict=True))) for i, cells in enumerate(zip(*columns, strict=True), 1))
    return Table(name, where, header, tuple(rows))


def _as_text(cell: Any) -> str:
    """What pandas means by missing is empty, times are ISO, and 3.0, an integer beside missing ones, is "3"."""
    if cell is None or type(cell).__name__ in {"NAType", "NaTType"} or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return cell.isoformat() if hasattr(cell, "isoformat") else clean(str(cell))
