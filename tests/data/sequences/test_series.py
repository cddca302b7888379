"""Tables with a time a row to series at a regular step."""

import numpy as np
import pandas as pd
import pytest

from boda.data.sequences import read_sequences
from boda.errors import DataError


@pytest.fixture
def table(tmp_path, plant):
    def read(text, **options):
        return read_sequences(plant(tmp_path, {"air.csv": text}) / "air.csv", **options)

    return read


def column(times, name="date"):
    """A table of `times`, with 0, 1, 2 beside them."""
    return f"{name},y\n" + "".join(f"{time},{i}\n" for i, time in enumerate(times))


def days(frequency, n=10, start="2024-01-01"):
    return [str(time) for time in pd.date_range(start, periods=n, freq=frequency)]


def test_numbers_beside_a_time_are_channels(table):
    dataset = table("date,y,name,z\n" + "".join(f"2024-01-0{i},{i},a,{-i}\n" for i in range(1, 6)))

    assert (dataset.task, dataset.unit, dataset.channels, dataset.names) == (
        "forecast",
        "numbers",
        ("y", "z"),
        ("air",),
    )
    assert dataset.inputs[0].tolist() == [[i, -i] for i in range(1, 6)]
    assert dataset.inputs[0].dtype == np.float32
    assert dataset.times[0][0] == np.datetime64("2024-01-01T00:00:00")


@pytest.mark.parametrize(
    ("times", "step"),
    [
        (days("D"), "1 day"),
        (days("h"), "1 hour"),
        (days("15min"), "15 minutes"),
        (days("s"), "1 second"),
        (days("W"), "1 week"),
        (days("14D"), "2 weeks"),
        (days("MS"), "1 month"),
        (days("ME"), "1 month"),
        (days("QS"), "1 quarter"),
        (days("6MS"), "2 quarters"),
        (days("YS"), "1 year"),
        (days("B"), "1 workday"),
        ([f"{1949 + i // 12}-{i % 12 + 1:02d}" for i in range(15)], "1 month"),
        ([f"20{20 + i // 4}Q{i % 4 + 1}" for i in range(9)], "1 quarter"),
        (list(range(1900, 1910)), "1 year"),
        ([20240226 + i for i in range(4)], "1 day"),
        ([f"2024/1/{i}" for i in range(1, 9)], "1 day"),
        ([f"2024-01-01T0{i}:00:00Z" for i in range(9)], "1 hour"),
        (list(range(10)), "1"),
        ([round(0.1 * i, 1) for i in range(10)], "0.1"),
    ],
)
def test_the_step_is_told_and_may_be_a_calendars(table, times, step):
    dataset = table(column(times))

    assert dataset.step == step
    assert len(dataset.times[0]) == len(times)
    assert dataset.missing[0].tolist() == [0]


def test_rows_come_in_any_order(table):
    assert table("date,y\n2024-01-03,3\n2024-01-01,1\n2024-01-04,4\n2024-01-02,2\n").inputs[0][:, 0].tolist() == [
        1,
        2,
        3,
        4,
    ]


def test_missing_rows_and_cells_are_filled_on_a_line_and_counted(table):
    text = "date,y,z\n" + "".join(f"2024-01-{i:02d},{i},{'' if i == 9 else 0}\n" for i in (1, 2, 3, 4, 6, 7, 8, 9, 10))
    dataset = table(text)

    assert dataset.inputs[0][:, 0].tolist() == list(range(1, 11))
    assert dataset.missing[0].tolist() == [1, 2]
    assert dataset.notes[1] == "1 missing row and 1 missing cell were filled on the line between their neighbours."


def test_missing_months_are_filled_at_their_own_times(table):
    times = [time for i, time in enumerate(days("ME", 12)) if i != 5]

    assert table(column(times)).times[0][5] == np.datetime64("2024-06-30")


def test_holidays_among_workdays_are_missing_and_weekends_are_not(table):
    times = [time for i, time in enumerate(days("B", 20)) if i != 7]
    dataset = table(column(times))

    assert (dataset.step, dataset.missing[0].tolist(), len(dataset.inputs[0])) == ("1 workday", [1], 20)


def test_missing_values_at_the_ends_repeat_the_nearest(table):
    rows = [("", 1), (5, 2), (6, 3), (7, 4), (8, 5), (9, 6)]

    assert table("t,time\n" + "".join(f"{y},{t}\n" for y, t in rows)).inputs[0][:2, 0].tolist() == [5, 5]


def test_series_are_told_apart_where_times_repeat(table):
    rows = [(f"2024-01-0{i}", shop, i + 10 * k, 3) for i in range(1, 6) for k, shop in enumerate(("south", "north"))]
    dataset = table("day,shop,y,n\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))

    assert (dataset.names, dataset.channels) == (("north", "south"), ("y", "n"))
    assert dataset.inputs[0][:, 0].tolist() == [11, 12, 13, 14, 15]


def test_series_may_be_numbered(table):
    rows = [(f"2024-01-0{i}", store, i) for i in range(1, 6) for store in (1, 2)]

    assert table("date,store,y\n" + "".join(f"{d},{s},{y}\n" for d, s, y in rows)).names == ("1", "2")


def test_a_text_that_repeats_is_no_series_where_times_do_not(table):
    text = "date,weekday,y\n" + "".join(f"2024-01-{i:02d},{'ab'[i % 2]},{i}\n" for i in range(1, 9))

    assert table(text).names == ("air",)


def test_channels_may_be_chosen(table):
    text = "date,a,b,c\n" + "".join(f"2024-01-0{i},1,2,3\n" for i in range(1, 6))

    assert table(text, channels="c, a").channels == ("c", "a")
    assert table(text, channels=["b"]).channels == ("b",)
    with pytest.raises(DataError, match="channel_column is 'd', but there is no such column"):
        table(text, channels="d")


def test_a_column_that_counts_the_rows_is_no_channel(table):
    assert table(",date,y\n" + "".join(f"{i},2024-01-0{i},{i}\n" for i in range(1, 6))).channels == ("y",)


def test_a_time_column_is_known_by_its_cells(table):
    assert table(column(days("D"), "when")).step == "1 day"


def test_times_that_repeat_are_refused_with_both_lines(table):
    with pytest.raises(DataError, match=r"time 2024-01-02 stands on line 3 and on line 4. If there are several series"):
        table(column(["2024-01-01", "2024-01-02", "2024-01-02", "2024-01-03", "2024-01-04"]))


def test_irregular_times_are_refused_with_the_first_gap(table):
    times = ["2024-01-01", "2024-01-02", "2024-01-03 07:00", "2024-01-04", "2024-01-05"]

    with pytest.raises(
        DataError, match=r"most gaps are 1 day, but 2024-01-02 is followed by 2024-01-03 07:00:00, .*resample"
    ):
        table(column(times))
    with pytest.raises(DataError, match=r"most gaps are 1, but 2 is followed by 3.5"):
        table(column([0, 1, 2, 3.5, 5]))


def test_a_time_that_is_none_is_a_bad_row(table):
    dataset = table(column(["2024-01-01", "2024-01-02", "soon", "2024-01-04", "2024-01-05", "2024-01-06"]))

    assert dataset.bad[0].name == "air.csv:4"
    assert dataset.bad[0].reason.endswith("or a number in column 'date', came 'soon'")
    assert dataset.inputs[0][2, 0] == 2


def test_a_cell_that_is_no_number_is_filled_and_said(table):
    dataset = table("date,y\n" + "".join(f"2024-01-0{i},{'x' if i == 3 else i}\n" for i in range(1, 7)))

    assert [(bad.name, bad.reason) for bad in dataset.bad] == [
        ("air.csv:4:y", "expected a number in column 'y', came 'x'; filled")
    ]
    assert dataset.inputs[0][2, 0] == 3


def test_a_channel_with_many_gaps_is_left_out(table):
    text = "date,y,z\n" + "".join(f"2024-01-{i:02d},{i},{i if i % 2 else ''}\n" for i in range(1, 11))
    dataset = table(text)

    assert dataset.channels == ("y",)
    assert (dataset.bad[0].name, dataset.bad[0].reason) == ("air.csv:z", "50% is missing, which is over 20%")


def test_a_series_with_many_gaps_is_left_out(table):
    rows = [(i, s, i) for s in "abc" for i in range(1, 11) if s != "c" or i not in {3, 4, 5}]
    dataset = table("time,series,y\n" + "".join(f"{t},{s},{y}\n" for t, s, y in rows))

    assert dataset.names == ("a", "b")
    assert (dataset.bad[0].name, dataset.bad[0].reason) == ("air.csv:c:y", "30% is missing, which is over 20%")


def test_a_series_of_another_step_is_left_out(table):
    rows = [(t * (2 if s == "c" else 1), s) for s in "abc" for t in range(6)]
    dataset = table("time,series,y\n" + "".join(f"{t},{s},{t}\n" for t, s in rows))

    assert (dataset.names, dataset.bad[0].reason) == (("a", "b"), "its step is 2, that of the others 1")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("date,y\n2024-01-01,1\n", "expected 4 rows with a time in column 'date' or more, found 1"),
        (
            "date,y\n" + "".join(f"2024-01-0{i},a\n" for i in range(1, 6)),
            "expected a column of numbers beside the time, such as 1234.5, found none. In air.csv:2 'y' has 'a'.",
        ),
        (
            "date,y\n01/31/2024,1\n",
            "found 0. The first that has none is air.csv:2: expected a time such as .* came '01/31",
        ),
        ("a,b\nx,y\n", "expected a column called time, date, .* Name yours by time_column"),
    ],
)
def test_what_is_no_series_is_refused(table, text, told):
    with pytest.raises(DataError, match=told):
        table(text, task="forecast")


def test_a_data_frame_with_times_is_a_series():
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=6, freq="h"), "y": [1.5, 2, None, 4, 5, 6]})

    dataset = read_sequences(frame)

    assert (dataset.step, dataset.inputs[0][:3, 0].tolist()) == ("1 hour", [1.5, 2, 3])
