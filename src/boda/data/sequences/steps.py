"""Sorted times to a regular step: which it is, the times that it gives, and where each one stands among them.

A step may be a calendar's: months, quarters and years differ in length, and are regular nevertheless, and so are the
days from Monday to Friday.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.data.sequences.times import time_text
from boda.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from boda.data.sequences.dataset import SequenceDataset

SECONDS = ((604800, "week"), (86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_MOST_STEPS = 50_000_000


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular step: its name ("1 month"), all times from first to last, and (n,) where the given ones stand."""

    step: str
    times: np.ndarray
    places: np.ndarray


def grid_of(times: np.ndarray) -> Grid:
    """Find the step of sorted times that differ, datetime64[s] or float64, three of them or more.

    The step is the gap that occurs most often, and each other gap must be a multiple of it.

    Raises:
        DataError: A gap is none; the message names the first.
    """
    if times.dtype.kind != "M":
        return _of_numbers(times)
    return _of_months(times) or _of_workdays(times) or _of_seconds(times)


def following(times: np.ndarray, n: int) -> np.ndarray:
    """The `n` times that come after those of a grid, of which there must be three or more.

    >>> months = np.array(["2024-01-31", "2024-02-29", "2024-03-31"], "datetime64[s]")
    >>> following(months, 2).astype("datetime64[D]").astype(str).tolist()
    ['2024-04-30', '2024-05-31']
    """
    ahead = np.arange(1, n + 1)
    if times.dtype.kind != "M":
        return np.asarray(times[-1] + (times[-1] - times[-2]) * ahead)
    months, days = times.astype("datetime64[M]"), times.astype("datetime64[D]")
    if _of_months(times) is not None:
        within = times - months.astype("datetime64[s]")
        left = (months + 1).astype("datetime64[s]") - times
        rebuild = _same_day(within[0]) if (within == within[0]).all() else _last_day(left[0])
        return rebuild(months[-1] + (months[-1] - months[-2]) * ahead)
    if _of_workdays(times) is not None:
        return np.asarray(np.busday_offset(days[-1], ahead).astype("datetime64[s]") + (times[-1] - days[-1]))
    return np.asarray(times[-1] + (times[-1] - times[-2]) * ahead)


def times_ahead(dataset: SequenceDataset, n: int) -> dict[str, tuple[str, ...]]:
    """By the name of each series what its `n` next times are called; nothing of series without times."""
    return {
        name: tuple(str(time_text(time)) for time in following(times, n))
        for name, times in zip(dataset.names, dataset.times, strict=False)
        if len(times) > 2
    }


def _of_numbers(times: np.ndarray) -> Grid:
    gaps = np.diff(times)
    base = _commonest(np.round(gaps, 9)) or float(np.median(gaps))
    places = np.concatenate([[0.0], np.cumsum(np.rint(gaps / base))])
    wrong = np.flatnonzero((np.abs(times[0] + places * base - times) > 1e-3 * base) | ~_grow(places))
    if len(wrong):
        _refuse(times, int(wrong[0]), f"{base:g}")
    _refuse_many(places)
    return Grid(f"{base:g}", times[0] + np.arange(int(places[-1]) + 1) * base, places.astype(np.int64))


def _grow(places: np.ndarray) -> np.ndarray:
    return np.concatenate([[True], np.diff(places) > 0])


def _of_months(times: np.ndarray) -> Grid | None:
    """Months, quarters or years, where all times are the same day of the month, or all are a month's last."""
    months = times.astype("datetime64[M]")
    within, length = (
        times - months.astype("datetime64[s]"),
        (months + 1).astype("datetime64[s]") - months.astype("datetime64[s]"),
    )
    number = months.astype(np.int64)
    if (np.diff(number) < 1).any():
        return None
    if (within == within[0]).all():
        rebuild = _same_day(within[0])
    elif ((length - within) == (length - within)[0]).all() and (length - within)[0] <= np.timedelta64(1, "D"):
        rebuild = _last_day((length - within)[0])
    else:
        return None
    base = int(_commonest(np.diff(number)))
    places = _places(times, number, base, f"{base} months")
    grid = (number[0] + np.arange(int(places[-1]) + 1) * base).astype("datetime64[M]")
    return Grid(_months_step(base), rebuild(grid), places)


def _same_day(within: np.timedelta64) -> Callable[[np.ndarray], np.ndarray]:
    return lambda months: months.astype("datetime64[s]") + within


def _last_day(left: np.timedelta64) -> Callable[[np.ndarray], np.ndarray]:
    return lambda months: (months + 1).astype("datetime64[s]") - left


def _months_step(base: int) -> str:
    for length, name in ((12, "year"), (3, "quarter"), (1, "month")):
        if base % length == 0:
            return _counted(base // length, name)
    raise AssertionError(base)


def _of_workdays(times: np.ndarray) -> Grid | None:
    """Days from Monday to Friday, where no weekend has a value, and over a week is seen."""
    days = times.astype("datetime64[D]")
    within = times - days.astype("datetime64[s]")
    gaps = np.diff(days).astype(np.int64)
    if (within != within[0]).any() or not np.is_busday(days).all() or _commonest(gaps) != 1 or gaps.sum() < 7:
        return None
    places = np.busday_count(days[0], days).astype(np.int64)
    _refuse_many(places)
    grid = np.busday_offset(days[0], np.arange(int(places[-1]) + 1))
    return Grid("1 workday", grid.astype("datetime64[s]") + within[0], places)


def _of_seconds(times: np.ndarray) -> Grid:
    seconds = times.astype(np.int64)
    base = int(_commonest(np.diff(seconds)))
    length, name = next((length, name) for length, name in SECONDS if base % length == 0)
    step = _counted(base // length, name)
    places = _places(times, seconds, base, step)
    grid = (seconds[0] + np.arange(int(places[-1]) + 1) * base).astype("datetime64[s]")
    return Grid(step, grid, places)


def _places(times: np.ndarray, numbers: np.ndarray, base: int, step: str) -> np.ndarray:
    """(n,) int64: how many steps of `base` each of `numbers` is after the first."""
    wrong = np.flatnonzero(np.diff(numbers) % base)
    if len(wrong):
        _refuse(times, int(wrong[0]) + 1, step)
    places: np.ndarray = (numbers - numbers[0]) // base
    _refuse_many(places)
    return places


def _refuse(times: np.ndarray, at: int, step: str) -> None:
    raise DataError(
        f"most gaps are {step}, but {time_text(times[at - 1])} is followed by {time_text(times[at])}, which is no "
        "multiple of that. Bring the table to a regular step first, such as by the mean of each day "
        '(pandas: frame.resample("1D").mean()).'
    )


def _refuse_many(places: np.ndarray) -> None:
    if places[-1] > max(_MOST_STEPS, 100 * len(places)):
        raise DataError(f"from first to last there are {int(places[-1]):,} steps, but only {len(places)} values.")


def _commonest(gaps: np.ndarray) -> float:
    """The gap that occurs most often; of equally frequent ones, the smallest."""
    values, counts = np.unique(gaps, return_counts=True)
    return float(values[counts.argmax()])


def _counted(number: int, name: str) -> str:
    return f"{number} {name}{'s' * (number != 1)}"
