"""Cells to times."""

import numpy as np
import pytest

from boda.data.sequences.times import are_times, times_of


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("2024", "2024-01-01"),
        ("2024-03", "2024-03-01"),
        ("2024.03", "2024-03-01"),
        ("2024Q2", "2024-04-01"),
        ("2024-03-05", "2024-03-05"),
        ("20240305", "2024-03-05"),
        ("2024. 3. 5.", "2024-03-05"),
        ("2024-03-05 14:30", "2024-03-05T14:30"),
        ("2024-03-05T14:30+09:00", "2024-03-05T05:30"),
        ("2024년", "2024-01-01"),
        ("2024년 3월", "2024-03-01"),
        ("2024년3월5일", "2024-03-05"),
        ("2024년 3월 5일", "2024-03-05"),
        ("2024년 3월 5일 14:30", "2024-03-05T14:30"),
        ("2024년 2분기", "2024-04-01"),
        ("2024년 2/4분기", "2024-04-01"),
    ],
)
def test_a_cell_is_the_time_that_it_writes(cell, time):
    times, bad = times_of([cell])

    assert bad == []
    assert times[0] == np.datetime64(time, "s")


@pytest.mark.parametrize("cell", ["soon", "2024년 13월", "2024년 5분기", "2024-02-30", "년", "01/31/2022"])
def test_what_is_no_time_is_told(cell):
    assert times_of([cell, "2024-01-01", "2024-01-02"])[1] == [0]


def test_months_after_a_point_are_told_where_all_can_be_months():
    times, bad = times_of(["2024.9", "2024.10", "2024.11"])

    assert bad == []
    assert times.astype("datetime64[M]").astype(str).tolist() == ["2024-09", "2024-10", "2024-11"]
    assert times_of(["2024.03", "2024.25"])[0].dtype == np.float64  # no month 25


def test_numbers_are_no_times_by_themselves():
    assert not are_times(["1.5", "2.5"])


def test_korean_months_are_times():
    assert are_times(["2024년 1월", "2024년 2월"])
