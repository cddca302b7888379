"""The value that holds sequences."""

import numpy as np
import pytest

from boda.data.sequences.dataset import SequenceDataset, digest_of
from boda.errors import DataError


def made(**changes):
    values = {
        "task": "classify",
        "unit": "characters",
        "inputs": ("one", "two"),
        "targets": ("a", "b"),
        "names": ("x:1", "x:2"),
        "parts": (None, "val"),
        "groups": (None, None),
        "classes": ("a", "b"),
    }
    return SequenceDataset(**(values | changes))


def test_a_choice_keeps_what_belongs_together():
    chosen = made().select([1])

    assert (chosen.inputs, chosen.targets, chosen.names, chosen.parts) == (("two",), ("b",), ("x:2",), ("val",))
    assert (chosen.classes, chosen.times) == (("a", "b"), ())


def test_rows_are_found_by_name_in_the_order_of_the_data():
    assert made().rows_of(["x:2", "x:1", "y"]).tolist() == [0, 1]


def test_names_must_differ():
    with pytest.raises(DataError, match="2 sequences are named 'x:1'"):
        made(names=("x:1", "x:1"))


def test_there_must_be_a_target_for_each_input():
    with pytest.raises(DataError, match="2 inputs need as many targets, came 1"):
        made(targets=("a",))


def test_the_fingerprint_depends_on_content_and_not_on_order():
    data = made()

    assert data.fingerprint() == data.select([1, 0]).fingerprint()
    assert data.fingerprint() != made(inputs=("one", "too")).fingerprint()
    assert data.fingerprint() != made(targets=("a", "a")).fingerprint()


def test_arrays_of_another_shape_are_other_content():
    assert digest_of(np.zeros((2, 3))) != digest_of(np.zeros((3, 2)))
