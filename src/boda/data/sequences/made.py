"""Pairs of texts that are made, not collected: sums, and dates in many spellings, with answers that are known.

A model that writes may be judged on them without a doubt, and nobody holds a right to them.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from boda.atomic import write_text
from boda.errors import DataError, RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
KOREAN_DAYS = ("월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일")
FIRST, LAST = date(1950, 1, 1), date(2049, 12, 31)  # a century, so that two digits tell a year
_ENDINGS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


def make_addition(n: int, seed: int = 0, *, digits: int = 3) -> tuple[list[str], list[str]]:
    """Make `n` different sums, such as "123+45", and their answers, "168".

    How many digits a number has, 1 to `digits`, is drawn first, so that short ones are no rarity.

    Raises:
        RecipeError: There are not so many different sums, or `digits` is not 1 to 9.
    """
    if not 1 <= digits <= 9:
        raise RecipeError(f"Sums are of numbers with 1 to 9 digits. Received: digits={digits}")
    every = 10**digits
    if n > every**2:
        raise RecipeError(f"There are {every**2:,} sums of numbers with up to {digits} digits. Received: n={n}")
    rng = np.random.default_rng(seed)
    pairs = _any_pairs(rng, n, every) if 4 * n > every**2 else _drawn_pairs(rng, n, digits)
    return [f"{a}+{b}" for a, b in pairs], [str(a + b) for a, b in pairs]


def make_dates(n: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Make `n` different spellings of dates, "Tuesday, 3 March 1998", and the dates as ISO writes them, "1998-03-03".

    Dates lie from 1950 to 2049, so that two digits tell the year, and a day that could be a month is never written as
    a number beside slashes, so that each spelling has one answer.

    Raises:
        RecipeError: Over 200,000 are wanted.
    """
    if n > 200_000:
        raise RecipeError(f"Up to 200,000 dates can be made. Received: n={n}")
    rng = np.random.default_rng(seed)
    made: dict[str, str] = {}
    while len(made) < n:
        day = FIRST + timedelta(days=int(rng.integers((LAST - FIRST).days + 1)))
        spell = SPELLINGS[int(rng.integers(len(SPELLINGS)))]
        made.setdefault(spell(day), day.isoformat())
        made.pop("", None)
    return list(made), list(made.values())


def write_pairs(
    path: Path, sources: Sequence[str], targets: Sequence[str], parts: Sequence[str | None] | None = None
) -> Path:
    """Write pairs as a TSV file with the columns source and target, and part where parts are given.

    Raises:
        DataError: The lists differ in length, or a text holds a tab or a line end.
    """
    columns = [sources, targets, *([] if parts is None else [[part or "" for part in parts]])]
    if len({len(column) for column in columns}) > 1:
        raise DataError(f"Expected lists of one length, came {', '.join(str(len(column)) for column in columns)}.")
    rows = [("source", "target", "part")[: len(columns)], *zip(*columns, strict=True)]
    write_text(path, "".join("\t".join(map(_cell, row)) + "\n" for row in rows))
    return path


def _any_pairs(rng: np.random.Generator, n: int, every: int) -> list[tuple[int, int]]:
    """`n` of all pairs, each as likely: for when most are wanted."""
    return [divmod(int(i), every) for i in rng.permutation(every**2)[:n]]


def _drawn_pairs(rng: np.random.Generator, n: int, digits: int) -> list[tuple[int, int]]:
    found: dict[tuple[int, int], None] = {}
    while len(found) < n:
        length = rng.integers(1, digits + 1, (n, 2))
        least = np.where(length == 1, 0, 10 ** (length - 1))
        found |= dict.fromkeys((int(a), int(b)) for a, b in rng.integers(least, 10**length))
    return list(found)[:n]


def _cell(text: str) -> str:
    """A text as a cell, in quotes where it begins with one."""
    if any(mark in text for mark in "\t\n\r"):
        raise DataError(f"A cell can hold no tab and no line end, but {text[:60]!r} does.")
    return '"' + text.replace('"', '""') + '"' if text.startswith('"') else text


def _clear(day: date, text: str) -> str:
    """`text`, where day and month cannot be mistaken for each other; else nothing."""
    return text if day.day > 12 or day.day == day.month else ""


def _short(names: Sequence[str], i: int) -> str:
    return names[i][:3]


SPELLINGS: tuple[Callable[[date], str], ...] = (
    lambda d: f"{DAYS[d.weekday()]}, {d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{DAYS[d.weekday()]}, {MONTHS[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{_short(DAYS, d.weekday())} {d.day} {_short(MONTHS, d.month - 1)} {d.year}",
    lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{_short(MONTHS, d.month - 1)} {d.day}, {d.year}",
    lambda d: f"{MONTHS[d.month - 1].upper()} {d.day}, {d.year}",
    lambda d: f"{d.day} {_short(MONTHS, d.month - 1)} {d.year % 100:02d}",
    lambda d: f"{d.day:02d}-{_short(MONTHS, d.month - 1)}-{d.year}",
    lambda d: f"the {d.day}{_ENDINGS.get(d.day, 'th')} of {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{MONTHS[d.month - 1]} {d.day}{_ENDINGS.get(d.day, 'th')}, {d.year}",
    lambda d: f"{d.year}/{d.month:02d}/{d.day:02d}",
    lambda d: f"{d.year}{d.month:02d}{d.day:02d}",
    lambda d: f"{d.day}.{d.month}.{d.year}",  # with dots, the day always comes first
    lambda d: f"{d.day:02d}.{d.month:02d}.{d.year % 100:02d}",
    lambda d: _clear(d, f"{d.month}/{d.day}/{d.year % 100:02d}"),
    lambda d: _clear(d, f"{d.day}/{d.month}/{d.year}"),
    lambda d: f"{d.year}년 {d.month}월 {d.day}일",
    lambda d: f"{d.year}년 {d.month}월 {d.day}일 {KOREAN_DAYS[d.weekday()]}",
    lambda d: f"{d.year % 100:02d}년 {d.month}월 {d.day}일",
    lambda d: f"{d.year}. {d.month}. {d.day}.",
)
