"""Examples are cut, held back and refused as their task needs it."""

import numpy as np
import pytest

from boda.data.sequences.dataset import SequenceDataset
from boda.data.sequences.encoder import Encoder
from boda.errors import DataError
from boda.recipe.sequence import SequenceRecipe
from boda.training.sequences.examples import Examples, examples_of, lessons


def dataset(task, inputs, targets=None, unit="characters", classes=()):
    n = len(inputs)
    targets = (None,) * n if targets is None else tuple(targets)
    names = tuple(f"s{i}" for i in range(n))
    return SequenceDataset(task, unit, tuple(inputs), targets, names, (None,) * n, (None,) * n, classes)


def learned(some, inner=(), **recipe):
    recipe = SequenceRecipe(**recipe)
    everything = np.setdiff1d(np.arange(len(some.inputs)), inner)
    encoder = Encoder.of(some, everything, recipe)
    return (*lessons(some, everything, inner, encoder, recipe), encoder)


def test_an_inner_part_that_is_given_is_taken():
    train, inner, _ = learned(dataset("classify", "abcd", "xyxy", classes=("x", "y")), inner=[2])

    assert (train.names, inner.names) == (["s0", "s1", "s3"], ["s2"])


def test_without_one_the_last_tenth_is_held_back():
    train, inner, _ = learned(dataset("regress", ["ab"] * 20, range(20)))

    assert (len(train), inner.names) == (18, ["s18", "s19"])


def test_one_sequence_is_learned_from_whole():
    train, inner, _ = learned(dataset("music", [np.eye(9)], unit="numbers"))

    assert (len(train), inner) == (1, None)


def test_long_texts_hold_back_their_ends():
    train, inner, _ = learned(dataset("language", ["ab" * 1000]), bptt=10)

    assert (len(train.x[0]), len(inner.x[0])) == (1799, 200)


def test_series_hold_back_what_comes_before_the_held_out_end():
    some = dataset("forecast", [np.arange(100.0)[:, None]], unit="numbers")
    train, inner, encoder = learned(some, context=10, horizon=2, season=1)
    val = examples_of(some, [0], encoder, "val")

    assert train.names[-1] == "s0 from step 66"
    assert (inner.names[0], inner.names[-1]) == ("s0 from step 68", "s0 from step 78")
    assert (val.names[0], val.names[-1]) == ("s0 from step 80", "s0 from step 98")


def test_one_line_in_ten_is_learned_without_its_label():
    train, _, encoder = learned(dataset("language", ["ab"] * 40, ["x", "y"] * 20, classes=("x", "y")))
    firsts = [int(row[0]) for row in train.x]

    assert firsts.count(2) == 4
    assert set(firsts) == {2, encoder.first("x"), encoder.first("y")}


def test_pairs_are_told_what_was_written_before():
    train, _, _ = learned(dataset("pairs", ["ab", "b"], ["7", "78"]))

    assert [row.tolist() for row in train.x[0]] == [[5, 4], [2, 4]]
    assert train.y[0].tolist() == [4, 3]


def test_what_has_no_steps_is_left_out():
    train, _, _ = learned(dataset("music", [np.eye(1), np.eye(4), np.eye(4)], unit="numbers"))

    assert train.names == ["s1"]


def test_long_sequences_are_cut_where_each_step_has_an_answer():
    row = np.arange(5, dtype=np.int32)
    some = Examples("tag", [row, row[:2]], [row, row[:2]], ["a", "b"]).cut(2)

    assert [x.tolist() for x in some.x] == [[0, 1], [2, 3], [4], [0, 1]]
    assert some.names == ["a", "a", "a", "b"]


def test_long_pairs_are_left_out():
    pairs = [(np.arange(5), np.arange(2)), (np.arange(2), np.arange(2))]

    assert Examples("pairs", pairs, [np.arange(2)] * 2, ["a", "b"]).cut(3).names == ["b"]


@pytest.mark.parametrize(
    ("some", "message"),
    [
        (dataset("classify", "ab", "xx", classes=("x", "y")), r"All \d sequences .* have the same class"),
        (dataset("regress", "ab", [1.0, 1.0]), "have the same value"),
        (dataset("music", [np.eye(1)], unit="numbers"), "There is no sequence to learn from; all are empty"),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused(some, message):
    with pytest.raises(DataError, match=message):
        learned(some)
