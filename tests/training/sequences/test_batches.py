"""Batches show each example once an epoch, beside others of like length, and say which steps are there."""

import numpy as np

from boda.training.sequences.batches import Batches, padded, step_weights
from boda.training.sequences.examples import Examples


def lines(lengths):
    """Examples of language with these lengths; the first id of each is its number from 1."""
    x = [np.full(n, i + 1, np.int32) for i, n in enumerate(lengths)]
    return Examples("language", x, [row + 1 for row in x], [f"line {i}" for i in range(len(x))])


def ids_of(x):
    return x[:, 0].tolist()


LENGTHS = np.random.default_rng(0).integers(1, 100, 57)
SOURCE = Batches(lines(LENGTHS), 8, seed=3)


def test_each_example_comes_once_an_epoch():
    seen = [i for x, _, _ in SOURCE.batches(0) for i in ids_of(x)]

    assert sorted(seen) == list(range(1, 58))
    assert SOURCE.steps == len(list(SOURCE.batches(0))) == 8


def test_a_batch_holds_sequences_of_like_length():
    for x, _, _ in SOURCE.batches(1):
        lengths = LENGTHS[np.array(ids_of(x)) - 1]
        assert lengths.max() - lengths.min() <= 45
    whole = sum(x.size for x, _, _ in SOURCE.batches(1))
    assert whole < 1.35 * LENGTHS.sum()


def test_an_epoch_is_the_same_from_any_batch_on_and_others_differ():
    first, later = list(SOURCE.batches(2)), list(SOURCE.batches(2, 5))
    for (x, y, w), (a, b, c) in zip(first[5:], later, strict=True):
        assert np.array_equal(x, a)
        assert np.array_equal(y, b)
        assert np.array_equal(w, c)
    assert [ids_of(x) for x, _, _ in first] != [ids_of(x) for x, _, _ in SOURCE.batches(3)]


def test_the_names_are_those_of_the_batch():
    batch = list(SOURCE.batches(4))[3][0]

    assert SOURCE.names(4, 3) == [f"line {i - 1}" for i in ids_of(batch)]


def test_ids_are_padded_with_0_and_targets_with_minus_1():
    x, y = padded(lines([3, 1]), [0, 1])

    assert x.tolist() == [[1, 1, 1], [2, 0, 0]]
    assert y.tolist() == [[2, 2, 2], [3, -1, -1]]


def test_numbers_say_in_a_last_column_which_steps_are_there():
    rolls = [np.ones((2, 3), np.float32), np.zeros((1, 3), np.float32)]
    x, y = padded(Examples("music", rolls, rolls, ["a", "b"]), [0, 1])

    assert x[..., -1].tolist() == [[1, 1], [1, 0]]
    assert y[1].tolist() == [[0, 0, 0], [-1, -1, -1]]


def test_pairs_come_side_by_side():
    pair = (np.array([5, 6, 7], np.int32), np.array([2, 8], np.int32))
    x, y = padded(Examples("pairs", [pair], [np.array([8, 3], np.int32)], ["a"]), [0])

    assert (x[0, :, 0].tolist(), x[0, :, 1].tolist(), y.tolist()) == ([5, 6, 7], [2, 8, 0], [[8, 3]])


def test_single_answers_are_no_steps():
    some = Examples("classify", [np.array([4, 5], np.int32)] * 2, [1, 0], ["a", "b"])

    assert padded(some, [0, 1])[1].tolist() == [1, 0]
    assert step_weights("classify", np.array([1, 0])).tolist() == [1, 1]


def test_the_weights_make_the_loss_the_mean_a_step():
    y = np.array([[4, 4, 4], [4, -1, -1]])

    assert step_weights("language", y).tolist() == [0.5, 0.5]  # 2 samples through 4 steps
