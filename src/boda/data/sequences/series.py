"""A table with a time a row to series of numbers at a regular step.

    date,shop,sales,visitors
    2024-01-01,north,12.5,130
    2024-01-01,south,8,

Columns of numbers are channels; where times repeat, a column tells the series apart. What is missing is filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.data.sequences.columns import SERIES_NAMES, TIME_NAMES, choose_column, find_column
from boda.data.sequences.dataset import SequenceDataset
from boda.data.sequences.fill import Filled, fill, with_one_step, without_gaps
from boda.data.sequences.steps import grid_of
from boda.data.sequences.table_file import read_table_file
from boda.data.sequences.times import EXPECTED, are_times, time_text, times_of
from boda.errors import DataError
from boda.sample import BadFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.data.sequences.table_file import Table

MISSING = {"", "na", "n/a", "nan", "null", "none", "-", "?", "."}
INDEX_NAMES = ("", "column 1", "unnamed: 0", "index", "id", "no")
LEAST = 4  # times in a series


@dataclass(frozen=True, eq=False)
class Series:
    """One series as it came: sorted times (n,), and values (n, channels) with NaN where one is missing."""

    name: str
    times: np.ndarray
    values: np.ndarray
    lines: np.ndarray


def read_series(
    source: Any,
    *,
    time_column: str | None = None,
    series_column: str | None = None,
    channels: Sequence[str] | str | None = None,
    encoding: str | None = None,
) -> SequenceDataset:
    """Read a CSV, TSV or Parquet file, or a DataFrame, with a time a row.

    The step is told from the times, which may be a calendar's. Rows that are missing at a regular step, and empty
    cells, are filled on the line between their neighbours. A channel, or of several series the series, of which over
    20 % is missing is left out.

    Args:
        source: The file or the DataFrame.
        time_column: Told by its name or its cells unless given.
        series_column: What tells series apart; looked for where times repeat.
        channels: The columns of numbers to read, or one of them, or several with commas between; all unless given.
        encoding: Where the file is not UTF-8, such as "cp949".

    Raises:
        DataError: There is no time column or no channel, times repeat or are irregular, or nothing can serve.

    Example:
        read_series(Path("sales.csv"), time_column="day", channels="sales")
    """
    table = read_table_file(source, encoding=encoding)
    time = _time_column(table, time_column)
    times, wrong = times_of(table.column(time))
    bad = [*table.bad, *(_no_time(table, i, time) for i in wrong)]
    rows = np.setdiff1d(np.arange(len(table.rows)), wrong)
    if len(rows) < LEAST:
        first = f" The first that has none is {bad[-len(wrong)].name}: {bad[-len(wrong)].reason}." if wrong else ""
        raise DataError(
            f"{table.where}: expected {LEAST} rows with a time in column {time!r} or more, found {len(rows)}.{first}"
        )
    by = _series_column(table, rows, times, time, series_column)
    names = _channels(table, {time, by}, channels)
    values = np.stack([_numbers(table, name, bad) for name in names], axis=1)
    found = _apart(table, rows, times, values, by)
    return _build(table, source, found, names, bad)


def has_time(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a column's name says that it holds times and its cells do not contradict, or its cells are dates."""
    named = find_column(header, TIME_NAMES)
    for i, name in enumerate(header):
        cells = [row[i] for row in rows if i < len(row)]
        if are_times(cells) or (name == named and cells and len(times_of(cells)[1]) < len(cells) / 2):
            return True
    return False


def _time_column(table: Table, wanted: str | None) -> str:
    if wanted is None and find_column(table.header, TIME_NAMES) is None:
        seen = (name for name in table.header if are_times(table.column(name)[:50]))
        wanted = next(seen, None)
    return choose_column(table.where, table.header, "time", wanted, TIME_NAMES)


def _no_time(table: Table, i: int, time: str) -> BadFile:
    cell = table.rows[i].cells[time]
    return BadFile(table.place(table.rows[i]), f"expected {EXPECTED} in column {time!r}, came {cell[:40]!r}")


def _series_column(table: Table, rows: np.ndarray, times: np.ndarray, time: str, wanted: str | None) -> str | None:
    """What tells series apart: the column that is wanted, or, where times repeat, one with which they do not."""
    if wanted is not None:
        return choose_column(table.where, table.header, "series", wanted, ())
    if len(np.unique(times[rows])) == len(rows):
        return None
    named = [name for name in table.header if name.strip().lower() in SERIES_NAMES]
    texts = [name for name in table.header if name not in named and not _is_numeric(table.column(name))]
    for name in (*named, *texts):
        if name != time and _tells_apart(table.column(name), rows, times):
            return name
    return None


def _tells_apart(cells: list[str], rows: np.ndarray, times: np.ndarray) -> bool:
    ids = [cells[i] for i in rows]
    return len(set(ids)) <= len(ids) / 2 and len(set(zip(ids, times[rows].tolist(), strict=True))) == len(ids)


def _channels(table: Table, taken: set[str | None], wanted: Sequence[str] | str | None) -> list[str]:
    if wanted is not None:
        names = [name.strip() for name in wanted.split(",")] if isinstance(wanted, str) else list(wanted)
        return [choose_column(table.where, table.header, "channel", name, ()) for name in names]
    free = [name for name in table.header if name not in taken]
    names = [name for name in free if _is_numeric(table.column(name))]
    names = [name for name in names if not _is_index(table, name)] or names
    if not names:
        raise DataError(
            f"{table.where}: expected a column of numbers beside the time, such as 1234.5, found none. "
            f"{_first_cells(table, free)} If it holds texts, name their column by text_column."
        )
    return names


def _first_cells(table: Table, names: list[str]) -> str:
    if not names:
        return f"The header has: {', '.join(table.header)}."
    shown = (f"{name!r} has {table.rows[0].cells[name][:40]!r}" for name in names[:5])
    return f"In {table.place(table.rows[0])} {', '.join(shown)}."


def _is_numeric(cells: list[str]) -> bool:
    """Whether most of the cells that are filled are numbers, and one at least."""
    filled = [cell for cell in cells if cell.strip().lower() not in MISSING]
    return bool(filled) and sum(np.isfinite(_number(cell)) for cell in filled) > len(filled) / 2


def _is_index(table: Table, name: str) -> bool:
    """Whether a column only counts the rows."""
    numbers = np.array([_number(cell) for cell in table.column(name)])
    return name.strip().lower() in INDEX_NAMES and bool((np.diff(numbers) == 1).all())


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return np.nan


def _numbers(table: Table, name: str, bad: list[BadFile]) -> np.ndarray:
    """(n,) float64, NaN for what is missing or, with a BadFile, is no finite number."""
    numbers = np.array([_number(cell) for cell in table.column(name)])
    for i in np.flatnonzero(~np.isfinite(numbers)).tolist():
        cell = table.rows[i].cells[name].strip()
        if cell.lower() not in MISSING:
            reason = f"expected a number in column {name!r}, came {cell[:40]!r}; filled"
            bad.append(BadFile(f"{table.place(table.rows[i])}:{name}", reason))
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def _apart(table: Table, rows: np.ndarray, times: np.ndarray, values: np.ndarray, by: str | None) -> list[Series]:
    """The series of the table, sorted by name, each sorted by time."""
    whole = Path(table.name).stem if by is None else ""
    ids = np.array([table.rows[i].cells[by].strip() if by else whole for i in rows])
    lines = np.array([row.line for row in table.rows])
    found = []
    for name in np.unique(ids).tolist():
        own = rows[ids == name]
        own = own[np.argsort(times[own], kind="stable")]
        found.append(Series(str(name), times[own], values[own], lines[own]))
        _refuse_repeated(table, found[-1], by)
    return found


def _refuse_repeated(table: Table, series: Series, by: str | None) -> None:
    same = np.flatnonzero(series.times[1:] == series.times[:-1])
    if len(same):
        at = int(same[0])
        advice = "Keep one of the rows." if by else "If there are several series, name their column by series_column."
        raise DataError(
            f"{table.where}: time {time_text(series.times[at])} stands on line {series.lines[at]} and on line "
            f"{series.lines[at + 1]}{f' of {series.name!r}' if by else ''}. {advice}"
        )


def _build(table: Table, source: Any, found: list[Series], names: list[str], bad: list[BadFile]) -> SequenceDataset:
    filled: list[Filled] = []
    for series in found:
        try:
            filled.append(_regular(series))
        except DataError as error:
            if len(found) == 1:
                raise DataError(f"{table.where}: {error}") from error
            bad.append(BadFile(f"{table.name}:{series.name}", str(error)))
    filled, off = with_one_step(table.name, filled)
    filled, kept, sparse = without_gaps(table.name, filled, names)
    bad += [*off, *sparse]
    if not filled or not kept:
        raise DataError(f"{table.where}: no series can serve; the first: {bad[-1].name}: {bad[-1].reason}.")
    nothing = (None,) * len(filled)
    return SequenceDataset(
        task="forecast",
        unit="numbers",
        inputs=tuple(one.values.astype(np.float32) for one in filled),
        targets=nothing,
        names=tuple(one.name for one in filled),
        parts=nothing,
        groups=nothing,
        classes=(),
        channels=tuple(names[i] for i in kept),
        times=tuple(one.times for one in filled),
        step=filled[0].step,
        root=source.parent if isinstance(source, Path) else None,
        bad=tuple(bad),
        notes=_notes(filled),
        missing=tuple(one.missing for one in filled),
    )


def _regular(series: Series) -> Filled:
    if len(series.times) < LEAST:
        raise DataError(f"expected {LEAST} times or more, found {len(series.times)}.")
    return fill(series.name, series.values, grid_of(series.times))


def _notes(filled: list[Filled]) -> tuple[str, ...]:
    rows, cells = sum(one.rows for one in filled), sum(one.cells for one in filled)
    notes = [f"The step is {filled[0].step}."]
    if rows or cells:
        notes.append(
            f"{rows} missing {'row' if rows == 1 else 'rows'} and {cells} missing {'cell' if cells == 1 else 'cells'} "
            "were filled on the line between their neighbours."
        )
    return tuple(notes)
