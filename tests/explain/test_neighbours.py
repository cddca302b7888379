"""Neighbours: the training pictures nearest by features, kept in the Run without pickle."""

import io
import json

import numpy as np
import pytest

from boda.errors import RunError
from boda.explain import neighbours as room
from boda.explain.neighbours import Neighbours, write_neighbours
from boda.run import Run


@pytest.fixture
def known():
    features = np.array([[1.0, 0.0], [3.0, 4.0], [0.0, 2.0]])
    return Neighbours.of(features, ["east", "between", "north"], ["x", "y", ("x", "y")])


def test_the_nearest_comes_first_by_cosine(known):
    (found,) = known.nearest(np.array([[0.0, 5.0]]), count=2)

    assert [(n.name, n.label) for n in found] == [("north", ("x", "y")), ("between", "y")]
    assert [n.similarity for n in found] == pytest.approx([1.0, 0.8], abs=1e-3)


def test_lengths_do_not_matter(known):
    short, long = known.nearest(np.array([[1e-3, 0], [1e3, 0]]))

    assert [n.name for n in short] == [n.name for n in long]


def test_a_picture_that_was_trained_on_is_called_a_copy(known):
    (found,) = known.nearest(np.array([[6.0, 8.0]]))

    assert [n.is_copy for n in found] == [True, False, False]


def test_fewer_pictures_than_asked_for_are_all_given(known):
    assert len(known.nearest(np.ones((1, 2)), count=9)[0]) == 3


def test_features_of_zeros_are_like_nothing(known):
    assert {n.similarity for n in known.nearest(np.zeros((1, 2)))[0]} == {0.0}


def test_of_many_pictures_some_are_taken_at_equal_distances():
    names = [str(i) for i in range(1001)]
    some = Neighbours.of(np.ones((1001, 2)), names, names, most=11)

    assert some.names == tuple(str(100 * i) for i in range(11))


def test_names_and_labels_must_be_as_many_as_rows():
    with pytest.raises(ValueError, match="Received: 2 rows, 1 names, 2 labels"):
        Neighbours.of(np.ones((2, 2)), ["a"], ["x", "y"])


def test_a_run_keeps_what_was_written(tmp_path):
    run = Run.create(tmp_path / "run", task="multilabel", seed=0)
    names = ["é漢/1.jpg", "caf\udce9.jpg"]
    written = write_neighbours(run, np.eye(2), names, ["x", ("x", "y")])

    read = Neighbours.read(run)

    assert read.names == written.names == tuple(names)
    assert read.labels == ("x", ("x", "y"))
    np.testing.assert_array_equal(read.vectors, np.eye(2))


def test_a_run_without_them_has_none(tmp_path):
    assert Neighbours.read(Run.create(tmp_path / "run", task="classify", seed=0)) is None


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def listed(names):
    return np.frombuffer(json.dumps({"names": names, "labels": names}).encode(), np.uint8)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no archive", "not a zip file"),
        (npz(vectors=np.array([{}], object), listed=listed(["a"])), "Object arrays cannot be loaded"),
        (npz(vectors=np.ones((2, 2), np.float16), listed=listed(["a"])), "for 1 names and 1 labels"),
        (npz(vectors=np.full((1, 2), np.nan, np.float16), listed=listed(["a"])), "not all of its numbers are finite"),
        (npz(vectors=np.ones((1, 2), np.float16)), "listed is not a file"),
    ],
)
def test_a_damaged_file_is_refused_with_its_reason(data, said):
    with pytest.raises(RunError, match=rf"neighbours\.npz is damaged: .*{said}"):
        Neighbours.from_bytes(data)


def test_what_would_unpack_to_too_much_is_refused_before_it_is_unpacked(known, monkeypatch):
    monkeypatch.setattr(room, "MOST_BYTES", 100)

    with pytest.raises(RunError, match="unpacks to"):
        Neighbours.from_bytes(known.to_bytes())


def test_features_of_another_network_are_refused(known):
    with pytest.raises(RunError, match="holds 2 features a picture, and the network has 3"):
        known.nearest(np.ones((1, 3)))
