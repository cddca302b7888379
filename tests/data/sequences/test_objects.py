"""Texts and arrays in memory to sequences."""

import numpy as np
import pytest

from boda.data.sequences import read_sequences
from boda.errors import DataError, LabelError

ROLL = np.eye(4, 3)


def test_texts_with_labels_are_told_apart():
    dataset = read_sequences((["good", "bad"], ["+", "-"]))

    assert (dataset.task, dataset.targets, dataset.classes) == ("classify", ("+", "-"), ("+", "-"))
    assert dataset.names == ("text 0", "text 1")


def test_whole_numbers_are_classes_and_others_are_regressed():
    assert read_sequences((["a", "b"], np.array([0, 1]))).classes == ("0", "1")
    assert read_sequences((["a", "b"], [0.5, 1])).targets == (0.5, 1.0)


def test_texts_with_texts_are_pairs_where_that_is_said():
    dataset = read_sequences((["1+1"], ["2"]), task="pairs")

    assert (dataset.inputs, dataset.targets, dataset.classes) == (("1+1",), ("2",), ())


def test_a_list_of_texts_is_a_language():
    assert read_sequences(["one", "two"]).targets == (None, None)


def test_texts_that_cannot_serve_are_bad():
    dataset = read_sequences((["a", " ", "b\x00", "c"], ["x", "x", "x", "y"]))

    assert (dataset.inputs, dataset.names) == (("a", "c"), ("text 0", "text 3"))
    assert [bad.reason for bad in dataset.bad] == [
        "the text is empty",
        "a control character, U+0000, at column 2; remove it",
    ]


def test_arrays_of_zeros_and_ones_are_music_and_others_are_series():
    assert read_sequences([ROLL, ROLL[:2]]).task == "music"
    assert read_sequences([ROLL, ROLL[:2]], task="forecast").inputs[1].tolist() == ROLL[:2].tolist()
    assert read_sequences([np.array([0.5, 1, 2])]).inputs[0].shape == (3, 1)


@pytest.mark.parametrize(
    ("source", "error", "told"),
    [
        ((["a", "b"], ["x"]), DataError, "came 2 texts and 1 labels"),
        (([" "], ["x"]), DataError, "None of 1 texts can serve: text 0: the text is empty"),
        ((["a", "b"], ["x", None]), LabelError, "expected a label at 1, came None"),
        ((["a", "b"], ["x", "x"]), DataError, "expected 2 classes or more, found only 'x'"),
        (3, DataError, "came int"),
    ],
)
def test_what_cannot_serve_is_refused(source, error, told):
    with pytest.raises(error, match=told):
        read_sequences(source)


def test_a_number_that_is_none_is_refused():
    with pytest.raises(LabelError, match="expected a finite number at 1, came nan"):
        read_sequences((["a", "b"], [0.5, float("nan")]), task="regress")
