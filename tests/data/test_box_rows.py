"""Rows of label files to samples: sizes and turned pictures."""

import numpy as np
import pytest
from PIL import Image

from boda.data.box_rows import BoxRow, Marked, to_sample, turn_boxes
from boda.data.decode import decode

WHITE = (30, 10, 50, 20)  # in a picture of 80 x 40, as stored


def turned_picture(folder, turn):
    """A black picture with a white box as stored, and an EXIF orientation."""
    image = Image.new("RGB", (80, 40))
    image.paste("white", WHITE)
    exif = Image.Exif()
    exif[0x0112] = turn
    image.save(folder / "1.png", exif=exif)
    return folder / "1.png"


def where_white(path):
    ys, xs = np.nonzero(decode(path.read_bytes())[..., 0] > 128)
    return [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]


@pytest.mark.parametrize("turn", range(1, 9))
def test_turned_boxes_lie_on_the_turned_pixels(tmp_path, turn):
    path = turned_picture(tmp_path, turn)

    assert turn_boxes(np.array([WHITE], float), (80, 40), turn)[0].tolist() == where_white(path)


@pytest.mark.parametrize("turn", range(5, 9))
def test_a_stated_size_as_stored_turns_the_boxes(tmp_path, turn):
    path = turned_picture(tmp_path, turn)

    sample, bad = to_sample(Marked("1.png", path, "1.xml", (BoxRow("object 1", "x", WHITE),), "xyxy", (80, 40)))

    assert sample.boxes[0].tolist() == where_white(path)
    assert bad == []


@pytest.mark.parametrize("turn", range(5, 9))
def test_a_stated_size_as_displayed_leaves_them(tmp_path, turn):
    path = turned_picture(tmp_path, turn)

    sample, _ = to_sample(Marked("1.png", path, "1.xml", (BoxRow("object 1", "x", (1, 2, 30, 70)),), "xyxy", (40, 80)))

    assert sample.boxes.tolist() == [[1, 2, 30, 70]]


def test_a_swapped_size_of_a_picture_that_is_not_turned_is_another_picture(tmp_path):
    path = turned_picture(tmp_path, 1)

    sample, bad = to_sample(Marked("1.png", path, "1.xml", (BoxRow("object 1", "x", WHITE),), "xyxy", (40, 80)))

    assert sample is None
    assert bad[0].reason.startswith("states a size of 40 x 80, but 1.png is 80 x 40")


def test_shares_are_of_the_picture_as_displayed(tmp_path):
    path = turned_picture(tmp_path, 6)

    sample, _ = to_sample(Marked("1.png", path, "1.txt", (BoxRow("line 1", "x", (0.5, 0.5, 0.5, 0.5)),), "yolo"))

    assert sample.boxes.tolist() == [[10, 20, 30, 60]]


def test_a_box_counted_twice_names_the_second_file(tmp_path):
    from boda.data.box_dataset import build_dataset

    path = turned_picture(tmp_path, 1)
    marked = [Marked("1.png", path, source, (BoxRow("x", "x", WHITE),), "xyxy") for source in ("a.xml", "b.xml")]

    dataset = build_dataset(tmp_path, marked)

    assert len(dataset) == 1
    assert [(bad.name, bad.reason) for bad in dataset.bad] == [("b.xml", "describes 1.png a second time; left out")]


def test_targets_say_which_classes_occur(tmp_path):
    from boda.data.box_dataset import build_dataset

    path = turned_picture(tmp_path, 1)
    rows = tuple(BoxRow("x", name, WHITE) for name in ("cat", "cat", "dog"))
    marked = [Marked("1.png", path, "", rows, "xyxy"), Marked("2.png", path, "", (), "xyxy")]

    assert build_dataset(tmp_path, marked).targets().tolist() == [[1, 1], [0, 0]]
