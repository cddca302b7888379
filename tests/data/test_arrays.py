"""Arrays and tf.data to samples, and how `read` chooses."""

import numpy as np
import pytest

from boda.data import READERS, read
from boda.data.arrays import read_arrays, read_tf_data
from boda.errors import DataError, LabelError, RecipeError
from boda.sample import Dataset

TWO = np.zeros((2, 4, 4, 3), np.uint8)


class Tensor:
    def __init__(self, value):
        self.value = np.asarray(value)

    def numpy(self):
        return self.value


class TfData(list):
    """What `read_tf_data` needs of a tf.data.Dataset."""

    element_spec = "of tensors"


def first_pixel(images):
    return read_arrays(images).samples[0].image[0, 0].tolist()


def test_a_uint8_batch_is_taken_as_it_is():
    images = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)

    dataset = read_arrays(images, ["dog", "cat"])

    np.testing.assert_array_equal(dataset.samples[1].image, images[1])
    assert [(sample.name, sample.label) for sample in dataset] == [("000000", "dog"), ("000001", "cat")]
    assert dataset.classes == ("cat", "dog")


@pytest.mark.parametrize(("images", "pixel"), [
    (np.full((1, 4, 4), 9, np.uint8), [9, 9, 9]),
    (np.full((1, 4, 4, 1), 9, np.uint8), [9, 9, 9]),
    ([np.full((4, 4), 9, np.uint8), np.zeros((2, 6, 3))], [9, 9, 9]),
    (np.full((1, 2, 2, 4), (255, 0, 0, 51), np.uint8), [255, 204, 204]),  # a fifth of red over white
    (np.full((1, 2, 2, 4), (1.0, 0.0, 0.0, 0.0)), [255, 255, 255]),
    (np.full((1, 2, 2, 3), (0.0, 0.2, 1.0), np.float32), [0, 51, 255]),
    (np.full((1, 2, 2, 3), (0.4, 99.6, 255.0)), [0, 100, 255]),
    (np.full((1, 2, 2, 3), (0, 1, 1), np.int64), [0, 1, 1]),
    (np.full((1, 2, 2), fill_value=True), [255, 255, 255]),
])  # fmt: skip
def test_every_layout_becomes_rgb_bytes(images, pixel):
    image = read_arrays(images).samples[0].image

    assert (image.dtype, image.shape[2]) == (np.uint8, 3)
    assert image[0, 0].tolist() == pixel


def test_one_range_holds_for_all_pictures():
    dark, bright = np.full((2, 2), 1.0), np.full((2, 2), 200.0)

    assert first_pixel([dark, bright]) == [1, 1, 1]
    assert first_pixel([dark]) == [255, 255, 255]


def test_the_callers_arrays_stay_as_they_were():
    images = np.full((2, 2, 2, 4), 0.5)
    before = images.copy()

    read_arrays(images, ["a", "b"])

    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize(("images", "message"), [
    (np.full((1, 2, 2), -1.0), "expected values within 0 to 255, or floats within 0 to 1, came -1 to -1"),
    (np.full((1, 2, 2), 256, np.uint16), "came 256 to 256. Scale them first"),
    (np.array([[[0, np.nan]]]), r"images\[0\]: NaN or infinity among the pixels"),
    (np.array([[[0, np.inf]]]), r"images\[0\]: NaN or infinity"),
    (np.zeros((1, 3, 8, 8)), r"images\[0\]: expected \(h, w\) or \(h, w, c\) with c 1, 3 or 4, came \(3, 8, 8\)"),
    (np.zeros((8, 8, 3)), r"expected \(n, h, w, c\), came \(8, 8, 3\), one picture"),
    (np.zeros((0, 8, 8, 3)), "expected pictures, came none"),
    (np.zeros((2, 0, 8, 3)), r"images\[0\]: expected .* came \(0, 8, 3\)"),
    ([["a", "b"]], r"images\[0\]: expected \(h, w\)"),
    ([[["a", "b"]]], r"images\[0\]: expected numbers, came <U1"),
])  # fmt: skip
def test_arrays_that_are_no_pictures_are_refused(images, message):
    with pytest.raises(DataError, match=message):
        read_arrays(images)


def test_indices_name_the_classes_in_their_order():
    dataset = read_arrays(TWO, np.array([1, 0]), classes=["zebra", "ant"])

    assert [sample.label for sample in dataset] == ["ant", "zebra"]
    assert dataset.classes == ("zebra", "ant")
    assert dataset.targets().tolist() == [1, 0]


def test_indices_without_names_keep_their_numeric_order():
    dataset = read_arrays(np.zeros((3, 2, 2)), [[10], [9], [2]])  # a column, as Keras's CIFAR-10 has it

    assert dataset.classes == ("2", "9", "10")
    assert dataset.targets().tolist() == [2, 1, 0]


def test_rows_of_zeros_and_ones_are_several_labels():
    dataset = read_arrays(TWO, [[1, 1], [0, 0]], classes=["red", "round"])

    assert [sample.label for sample in dataset] == [("red", "round"), ()]
    assert dataset.task == "multilabel"


def test_one_hot_rows_are_one_label_each():
    dataset = read_arrays(TWO, [[0.0, 1.0], [1.0, 0.0]], classes=["cat", "dog"])

    assert [sample.label for sample in dataset] == ["dog", "cat"]
    assert dataset.task == "classify"


def test_without_labels_there_are_no_classes():
    dataset = read_arrays(TWO)

    assert [sample.label for sample in dataset] == [None, None]
    assert dataset.classes == ()


@pytest.mark.parametrize(("labels", "classes", "error", "message"), [
    (["a"], None, DataError, "labels: expected 2, one for each picture, came 1"),
    ("ab", None, DataError, "labels: expected 2, one for each picture, came a single one"),
    (["a", "a"], None, DataError, "labels: expected 2 classes or more, found only a"),
    (["a", "b"], ["a", "b", "c"], DataError, "labels: no picture of class c. Add"),
    (["cat", "dgo"], ["cat", "dog"], LabelError, r"labels\[1\]: 'dgo' is not among the 2 classes. Did you mean 'dog'?"),
    ([0, 2], ["a", "b"], LabelError, r"labels\[1\]: class index 2, but classes lists 2 \(0 to 1\)"),
    ([0, -1], ["a", "b"], LabelError, r"labels\[1\]: class index -1"),
    ([0.5, 1.0], None, LabelError, "expected class names or whole numbers, came fractions or NaN"),
    (["a", None], None, LabelError, r"labels\[1\]: expected a class name, but it is missing"),
    (["a", ""], None, LabelError, r"labels\[1\]: expected a class name"),
    ([[0, 2], [1, 1]], None, LabelError, "expected only 0 and 1"),
    ([[0, 1], [1, 1]], ["a"], DataError, "2 columns, but classes lists 1"),
    ([[1], [1, 0]], None, LabelError, "came rows of several lengths"),
    (np.zeros((2, 2, 2)), None, LabelError, r"expected \(n,\) or \(n, k\), came \(2, 2, 2\)"),
])  # fmt: skip
def test_labels_that_cannot_serve_are_refused(labels, classes, error, message):
    with pytest.raises(error, match=message):
        read_arrays(TWO, labels, classes=classes)


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("one_hot", [True, False])
def test_tf_data_is_read_batched_or_not(batched, one_hot):
    images, labels = np.arange(3.0)[:, None, None, None] * np.full((3, 2, 2, 3), 100.0), np.array([0, 1, 1])
    targets = np.eye(2)[labels] if one_hot else labels
    slices = [slice(0, 2), slice(2, 3)] if batched else [0, 1, 2]
    dataset = TfData((Tensor(images[i]), Tensor(targets[i])) for i in slices)
    dataset.class_names = ["cat", "dog"]

    read_back = read_tf_data(dataset)

    assert [sample.label for sample in read_back] == ["cat", "dog", "dog"]
    assert [int(sample.image[0, 0, 0]) for sample in read_back] == [0, 100, 200]


def test_tf_data_of_images_alone_or_with_text_labels():
    assert read_tf_data(TfData([Tensor(TWO)])).classes == ()
    assert read_tf_data(TfData([(Tensor(TWO), Tensor([b"a", b"\xc3\xa9"]))])).classes == ("a", "é")


def test_tf_data_with_weights_or_without_end_is_refused():
    endless = TfData([(Tensor(TWO), Tensor([0, 1]))])
    endless.cardinality = lambda: np.int64(-1)

    with pytest.raises(DataError, match=r"it never ends. Leave out .repeat"):
        read_tf_data(endless)
    with pytest.raises(
        DataError, match=r"expected elements \(images, labels\) or images, came 3 of them: Tensor, Tensor"
    ):
        read_tf_data(TfData([(Tensor(TWO), Tensor([0, 1]), Tensor([1, 1]))]))
    with pytest.raises(DataError, match=r"expected elements .*, came dict"):
        read_tf_data(TfData([{"image": Tensor(TWO)}]))


def test_the_reader_is_chosen_for_arrays_and_tf_data():
    assert len(read((TWO, ["a", "b"]), classes=["b", "a"])) == 2
    assert len(read(TfData([(Tensor(TWO), Tensor([0, 1]))]))) == 2


def test_a_dataset_passes_through():
    dataset = Dataset((), ())

    assert read(dataset) is dataset
    with pytest.raises(RecipeError, match=r"a Dataset, which is read already, has no option 'classes'. It has: none"):
        read(dataset, classes=["a"])


def test_an_option_of_another_reader_is_refused():
    with pytest.raises(RecipeError, match=r"the reader 'arrays' has no option 'clases'. Did you mean 'classes'?"):
        read((TWO, ["a", "b"]), clases=["a", "b"])
    with pytest.raises(RecipeError, match=r"the reader 'folders' has no option 'label_column'. It has: group_pattern"):
        read("anywhere", label_column="x")


def test_what_no_reader_reads_is_refused(tmp_path):
    (tmp_path / "photos.zip").touch()

    with pytest.raises(DataError, match=r"Expected a folder, a CSV or TSV file, a pair .*, came int"):
        read(3)
    with pytest.raises(DataError, match=r"photos.zip: expected a folder of pictures, or a table .* ends in '.zip'"):
        read(tmp_path / "photos.zip")
    with pytest.raises(DataError, match=r"nowhere: there is no such folder or file\. Is the path right"):
        read(tmp_path / "nowhere")


def test_the_readers_are_sorted():
    assert list(READERS) == sorted(READERS)
