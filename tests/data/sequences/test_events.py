"""Events are read a slice at a time, and become ids."""

import numpy as np
import pytest

from boda.data.sequences.events import Events, kinds_of
from boda.errors import DataError


class OnlySlices:
    """An array that cannot be read whole."""

    def __init__(self, n):
        self.n, self.read = n, 0

    def __len__(self):
        return self.n

    def __getitem__(self, where):
        start, stop, step = where.indices(self.n)
        self.read += stop - start
        return np.arange(start, stop, step) % 5


def test_an_event_is_an_id_after_the_specials_and_what_is_new_is_unknown():
    assert Events(np.array([0, 2, 3, -1]), kinds=3)[:].tolist() == [4, 6, 1, 1]


def test_a_part_of_a_part_is_where_it_should_be():
    assert Events(np.arange(10), kinds=10).part(2, 9).part(1, 3)[:].tolist() == [7, 8]


def test_only_what_is_asked_for_is_read():
    row = OnlySlices(10**12)
    some = Events(row, kinds=5).part(10**9, 10**11)

    assert (len(some), some[5:8].tolist(), row.read) == (99 * 10**9, [4, 5, 6], 3)


def test_kinds_are_counted_over_all_rows():
    assert kinds_of([np.array([0, 3]), np.array([6])]) == 7


def test_an_event_below_0_is_refused():
    with pytest.raises(DataError, match=r"Events are whole numbers from 0. Received: -2"):
        kinds_of([np.array([1, -2])])
