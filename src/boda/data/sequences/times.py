"""Cells to times: ISO dates, years, months, quarters, in digits or as Korean writes them, or numbers."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EXPECTED = "a time such as 2024-01-31, 2024-01-31 14:00, 2024-01, 2024Q1, 2024 or 2024년 1월, or a number"
_YEAR = re.compile(r"[12]\d{3}")
_DAY = re.compile(r"[12]\d{3}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_MONTH = re.compile(r"([12]\d{3})[-/.](\d{1,2})")
_DOTTED = re.compile(r"[12]\d{3}\.(?:0?[1-9]|1[0-2])")
_QUARTER = re.compile(r"([12]\d{3})[- ]?[Qq]([1-4])")
_KOREAN = re.compile(r"([12]\d{3})년(?: ?(\d{1,2})월(?: ?(\d{1,2})일( \d{2}:\d{2}(?::\d{2})?)?)?)?")
_KOREAN_QUARTER = re.compile(r"([12]\d{3})년 ?([1-4])(?:/4)?분기")
_DATE = re.compile(r"([12]\d{3})[-/.] ?(\d{1,2})[-/.] ?(\d{1,2})\.?(.*)", re.DOTALL)


def times_of(cells: Sequence[str]) -> tuple[np.ndarray, list[int]]:
    """The times of `cells`, datetime64[s] or float64, and the rows that are none (NaT or NaN there).

    Numbers are years where all have four digits from 1000 to 2999, months where all read as YYYY.MM, and days where
    all read as YYYYMMDD. Times with a zone are brought to UTC.

    >>> times_of(["2024-01-31 06:00", "2024Q2", "soon"])[1]
    [2]
    """
    texts = [cell.strip() for cell in cells]
    filled = [text for text in texts if text]
    if filled and _most(filled, lambda text: _number(text) is not None) and not _are_dates(filled):
        numbers = [math.nan if (number := _number(text)) is None else number for text in texts]
        return np.array(numbers, np.float64), [i for i, number in enumerate(numbers) if math.isnan(number)]
    times = np.array([_time(text) for text in texts], "datetime64[s]")
    return times, np.flatnonzero(np.isnat(times)).tolist()


def are_times(cells: Sequence[str]) -> bool:
    """Whether most of `cells`, and one at least, are dates or times, which plain numbers are not."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and _most(filled, lambda text: not np.isnat(_time(text)))


def time_text(time: np.datetime64 | float) -> str | float:
    """A time for people: the date alone where it is midnight, a number as it is."""
    if not isinstance(time, np.datetime64):
        return int(time) if float(time).is_integer() else float(time)
    text = str(time.astype("datetime64[s]"))
    return text.removesuffix("T00:00:00").replace("T", " ")


def _most(texts: Sequence[str], fits: Callable[[str], bool]) -> bool:
    return sum(map(fits, texts)) > len(texts) / 2


def _are_dates(texts: Sequence[str]) -> bool:
    return any(all(map(form.fullmatch, texts)) for form in (_YEAR, _DAY, _DOTTED))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _time(text: str) -> np.datetime64:
    try:
        return _datetime(text)
    except (ValueError, OverflowError):
        return np.datetime64("NaT", "s")


def _datetime(text: str) -> np.datetime64:
    """The time that `text` writes; ValueError where it is none."""
    if _YEAR.fullmatch(text):
        return np.datetime64(f"{text}-01-01", "s")
    if found := _QUARTER.fullmatch(text) or _KOREAN_QUARTER.fullmatch(text):
        return np.datetime64(f"{found[1]}-{3 * int(found[2]) - 2:02d}-01", "s")
    if found := _MONTH.fullmatch(text):
        return np.datetime64(f"{found[1]}-{int(found[2]):02d}-01", "s")
    if found := _KOREAN.fullmatch(text):
        text = f"{found[1]}-{int(found[2] or 1):02d}-{int(found[3] or 1):02d}{found[4] or ''}"
    elif found := _DATE.fullmatch(text):
        text = f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}{found[4]}"
    time = datetime.fromisoformat(text.strip())
    plain = time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    return np.datetime64(plain, "s")
