"""Arrays in files to music, events or series."""

import numpy as np
import pytest
import scipy.io

from boda.data.sequences import read_sequences
from boda.data.sequences.split import pieces
from boda.errors import DataError

ROLL = np.eye(4, 3, dtype=np.uint8)


@pytest.fixture
def npz(tmp_path):
    def read(task=None, **arrays):
        np.savez(tmp_path / "r.npz", **arrays)
        return read_sequences(tmp_path / "r.npz", task=task)

    return read


@pytest.fixture
def npy(tmp_path):
    def read(values, task=None):
        np.save(tmp_path / "e.npy", values)
        return read_sequences(tmp_path / "e.npy", task=task)

    return read


def cells(*arrays):
    values = np.empty((1, len(arrays)), object)
    values[0, :] = arrays
    return values


def test_cells_of_a_mat_file_are_music_with_parts(tmp_path):
    rolls = {"traindata": cells(ROLL, ROLL[:2]), "validdata": cells(ROLL[:3], ROLL), "testdata": cells(ROLL, ROLL[:2])}
    scipy.io.savemat(tmp_path / "m.mat", rolls)
    dataset = read_sequences(tmp_path / "m.mat")

    assert (dataset.task, dataset.unit) == ("music", "numbers")
    assert dataset.names == ("train:1", "train:2", "val:1", "val:2", "test:1", "test:2")
    assert dataset.parts == ("train", "train", "val", "val", "test", "test")
    assert dataset.inputs[2].tolist() == ROLL[:3].tolist()
    assert dataset.inputs[2].dtype == np.uint8


def test_keys_of_an_npz_file_name_parts_and_numbers(npz):
    dataset = npz(train_0=ROLL, train_1=ROLL[:2], train_10=ROLL, val=np.stack([ROLL, ROLL]))

    assert dataset.names == ("train:0", "train:1", "train:10", "val:1", "val:2")
    assert [len(values) for values in dataset.inputs] == [4, 2, 4, 4, 4]


def test_other_numbers_are_series(npz):
    dataset = npz(train=np.linspace(0, 1, 24).reshape(2, 4, 3))

    assert (dataset.task, dataset.channels, dataset.step) == ("forecast", ("channel 1", "channel 2", "channel 3"), "1")
    assert dataset.times[0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (ROLL[:, :2], r"expected an array \(steps, 3\), as most are, came \(4, 2\)"),
        (ROLL[:1], "expected 2 steps or more, came 1"),
        (np.full((4, 3), np.nan), "step 0 holds no finite number"),
        (np.full((4, 3), "a"), "expected numbers, came <U1"),
    ],
)
def test_an_array_unlike_the_others_is_bad(npz, values, reason):
    dataset = npz(train_0=ROLL, train_1=ROLL, train_2=values)

    assert (len(dataset), dataset.bad[0].name) == (2, "train:2")
    with pytest.raises(DataError, match=f"found none that can serve; the first is train:0: {reason}|2 steps"):
        npz(train_0=values) if values.shape != (4, 2) else npz(train_0=ROLL[:1])


def test_music_is_of_zeros_and_ones(npz):
    with pytest.raises(DataError, match="music is of 0 and 1 alone, which train:1 is not"):
        npz(train=ROLL * 2, task="music")


def test_pickled_objects_are_refused(npz):
    with pytest.raises(DataError, match="holds Python objects, which may run code"):
        npz(train=cells(ROLL, ROLL))


def test_keys_without_a_part_are_refused(npz):
    with pytest.raises(DataError, match=r"expected arrays called train, val and test, .* found: x"):
        npz(x=ROLL)


@pytest.mark.parametrize("name", ["r.mat", "r.npz", "r.npy"])
def test_damaged_files_are_refused(tmp_path, plant, name):
    with pytest.raises(DataError, match=f"expected an? {name[1:]} file"):
        read_sequences(plant(tmp_path, {name: "not an array, but a text of some length"}) / name)


def test_events_stay_on_disk(npy):
    dataset = npy(np.arange(10, dtype=np.uint16))
    cut = pieces(dataset, 0.2)

    assert (dataset.task, dataset.unit, dataset.names) == ("language", "events", ("e.npy",))
    assert isinstance(dataset.inputs[0], np.memmap)
    assert isinstance(cut.inputs[1], np.memmap)
    assert [values.tolist() for values in cut.inputs] == [[0, 1, 2, 3, 4, 5, 6, 7], [8, 9]]


def test_events_are_not_below_0(npy):
    with pytest.raises(DataError, match="events are integers from 0"):
        npy(np.array([1, -1]))


@pytest.mark.parametrize("shape", [(6,), (6, 2)])
def test_numbers_are_one_series_that_stays_on_disk(npy, shape):
    dataset = npy(np.full(shape, 0.5))

    assert (dataset.task, dataset.names, len(dataset.channels)) == ("forecast", ("e",), len(shape))
    assert isinstance(dataset.inputs[0], np.memmap)
    assert dataset.inputs[0].shape == (6, len(shape))


def test_integers_may_be_a_series_where_that_is_said(npy):
    assert npy(np.arange(6), task="forecast").inputs[0].shape == (6, 1)


def test_a_series_with_gaps_is_refused(npy):
    with pytest.raises(DataError, match=r"no finite numbers. Fill them first"):
        npy(np.array([0.0, np.nan, 1.0]))


@pytest.mark.data
def test_the_chorales_are_read(data_dir):
    dataset = read_sequences(data_dir / "sequences" / "JSB_Chorales.mat")

    assert [dataset.parts.count(part) for part in ("train", "val", "test")] == [229, 76, 77]
    assert dataset.inputs[0].shape == (129, 88)
