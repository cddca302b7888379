"""Pieces of long sequences follow one another in their streams, and no more is read than a batch needs."""

from itertools import pairwise

import numpy as np
import pytest

from boda.data.sequences.events import Events
from boda.errors import RecipeError
from boda.recipe.sequence import SequenceRecipe
from boda.training.sequences.batches import Batches
from boda.training.sequences.examples import Examples
from boda.training.sequences.fit import source_of
from boda.training.sequences.pieces import LongStreams, Queues, coded, decoded, streams_of


def text(*lengths):
    """Examples of long texts, whose steps are numbered through all of them from 4."""
    edges = np.cumsum([0, *lengths])
    rows = [np.arange(a, b + 1, dtype=np.int32) + 4 for a, b in pairwise(edges)]
    return Examples("language", [row[:-1] for row in rows], [row[1:] for row in rows], [str(n) for n in lengths])


def test_each_stream_goes_on_where_its_last_piece_ended():
    batches = list(LongStreams(text(103), rows=3, length=10, every=10, seed=0).batches(0))
    x = np.concatenate([decoded(x)[0] for x, _, _ in batches], axis=1)

    assert len(batches) == 3
    assert (np.diff(x, axis=1) == 1).all()
    assert len(np.unique(x)) == x.size


def test_the_first_piece_alone_begins_anew():
    codes = [decoded(x)[1].tolist() for x, _, _ in LongStreams(text(103), 3, 10, 10, seed=0).batches(1)]

    assert codes == [[-1, -2, -3], [1, 2, 3], [1, 2, 3]]


def test_a_target_is_the_step_that_follows():
    for x, y, w in LongStreams(text(103), 3, 10, 10, seed=0).batches(0):
        assert np.array_equal(decoded(x)[0] + 1, y)
        assert w.tolist() == pytest.approx([0.1] * 3)


def test_where_pieces_overlap_each_step_counts_once():
    source = LongStreams(text(41), rows=1, length=8, every=3, seed=0)
    batches = list(source.batches(0))
    counted = np.concatenate([y[y >= 0] for _, y, _ in batches])

    assert decoded(batches[1][0])[0][0, 0] == decoded(batches[0][0])[0][0, 3]
    assert np.array_equal(counted, np.arange(counted[0], counted[0] + len(counted)))
    assert len(counted) == 8 + 3 * (source.steps - 1)
    assert batches[1][2] == pytest.approx(1 / 3)


def test_what_is_left_out_is_at_another_end_in_each_epoch():
    source = LongStreams(text(119), rows=2, length=10, every=10, seed=0)
    starts = {int(decoded(next(source.batches(epoch))[0])[0][0, 0]) for epoch in range(300)}

    assert (source.steps, min(starts), max(starts)) == (5, 4, 4 + 19)


def test_texts_follow_one_another_as_one():
    source = LongStreams(text(13, 20, 9), rows=2, length=7, every=7, seed=0)
    x = np.concatenate([decoded(x)[0] for x, _, _ in source.batches(0)], axis=1)

    assert x.shape == (2, 21)
    assert (np.diff(x, axis=1) == 1).all()


def test_from_any_batch_on_the_pieces_are_the_same():
    source = LongStreams(text(103), 3, 10, 5, seed=0)
    for (x, y, _), (a, b, _) in zip(list(source.batches(3))[2:], source.batches(3, 2), strict=True):
        assert np.array_equal(x, a)
        assert np.array_equal(y, b)


class Counting:
    """Events of a length that no memory holds, which count what is read of them."""

    def __init__(self, n):
        self.n, self.read = n, 0

    def __len__(self):
        return self.n

    def __getitem__(self, where):
        start, stop, _ = where.indices(self.n)
        self.read += stop - start
        return np.arange(start, stop) % 7


def test_memory_does_not_grow_with_the_length():
    row = Counting(10**13)
    whole = Events(row, 7)
    examples = Examples("language", [whole.part(0, 10**13 - 1)], [whole.part(1, 10**13)], ["events"])
    batches = LongStreams(examples, rows=4, length=50, every=50, seed=0).batches(0)
    next(batches)
    next(batches)

    assert row.read <= 2 * 2 * 4 * 51


def songs(*lengths):
    rows = [np.full((n, 2), i, np.float32) for i, n in enumerate(lengths)]
    return Examples("music", rows, rows, [f"song {i}" for i in range(len(lengths))])


def test_many_sequences_are_read_whole_and_each_begins_anew():
    source = Queues(songs(5, 17, 8, 3, 9, 4), rows=2, length=6, every=6, seed=0)
    begun, steps = [], np.zeros(6, int)
    for x, y, _ in source.batches(0):
        values, codes = decoded(x)
        for row in range(2):
            there = values[row, :, -1] > 0
            assert np.array_equal(there, y[row, :, 0] >= 0)
            if there.any():
                song = int(values[row, 0, 0])
                steps[song] += there.sum()
                begun += [song] if codes[row] < 0 else []

    assert sorted(begun) == list(range(6))
    assert steps.tolist() == [5, 17, 8, 3, 9, 4]


def test_rows_are_about_as_long():
    source = Queues(songs(*range(10, 60)), rows=5, length=10, every=10, seed=0)

    assert source.steps <= 1.1 * sum(-(-n // 10) for n in range(10, 60)) / 5


def test_steps_of_overlapping_pieces_count_once_in_queues_too():
    source = Queues(songs(20, 11), rows=2, length=6, every=2, seed=0)

    assert sum(int((y[..., 0] >= 0).sum()) for _, y, _ in source.batches(0)) == 31


def test_names_tell_where_a_row_stands():
    assert Queues(songs(5, 3), 2, 6, 6, seed=0).names(0, 0) == ["song 0", "song 1"]
    assert LongStreams(text(20), 1, 20, 20, seed=0).names(0, 0) == ["step 0"]


@pytest.mark.parametrize("x", [np.arange(6).reshape(2, 3), np.arange(12.0).reshape(2, 3, 2)])
def test_codes_go_in_and_come_out(x):
    values, codes = decoded(coded(x, np.array([-1, 2])))

    assert np.array_equal(values, x)
    assert codes.tolist() == [-1, 2]


def test_a_short_text_takes_fewer_streams_or_shorter_pieces():
    some = streams_of(text(100), SequenceRecipe(bptt=30, batch_size=64), 0, long=True)
    assert (some.rows, some.length, some.steps) == (3, 30, 1)

    some = streams_of(text(20), SequenceRecipe(bptt=30), 0, long=True)
    assert (some.rows, some.length, some.steps) == (1, 20, 1)


def test_a_very_long_text_needs_to_be_told_how_far_gradients_go_back():
    with pytest.raises(RecipeError, match=r"bptt must say how far .* text of 20000 steps.*Take bptt=128"):
        streams_of(text(20000), SequenceRecipe(), 0, long=True)


def test_short_sequences_need_no_pieces():
    assert isinstance(source_of(SequenceRecipe(bptt=30), songs(5, 7), 0, long=False), Batches)
    assert isinstance(source_of(SequenceRecipe(bptt=6), songs(5, 7), 0, long=False), Queues)
