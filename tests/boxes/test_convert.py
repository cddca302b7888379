"""Boxes from any format to any other, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from boda.boxes import FORMATS, convert
from boda.errors import LabelError, RecipeError

SIZE = (200, 100)
AS = {  # one box, by hand: from 10, 20 to 50, 80 in a picture of 200 x 100
    "xyxy": [10, 20, 50, 80],
    "xywh": [10, 20, 40, 60],
    "cxcywh": [30, 50, 40, 60],
    "rel_xyxy": [0.05, 0.2, 0.25, 0.8],
    "rel_xywh": [0.05, 0.2, 0.2, 0.6],
    "yolo": [0.15, 0.5, 0.2, 0.6],
    "voc": [11, 21, 50, 80],
}


def test_every_format_is_tested():
    assert set(AS) == set(FORMATS)


@pytest.mark.parametrize("source", AS)
@pytest.mark.parametrize("target", AS)
def test_a_box_in_one_format_is_the_same_box_in_another(source, target):
    np.testing.assert_allclose(convert([AS[source]], source, target, SIZE), [AS[target]], atol=1e-12)


@given(
    boxes=arrays.arrays(np.float64, st.tuples(st.integers(0, 5), st.just(4)), elements=st.floats(-1e4, 1e4)),
    source=st.sampled_from(sorted(AS)),
    target=st.sampled_from(sorted(AS)),
)
def test_there_and_back_is_where_one_was(boxes, source, target):
    back = convert(convert(boxes, source, target, (640, 427)), target, source, (640, 427))

    np.testing.assert_allclose(back, boxes, atol=1e-6)


def test_the_first_pixel_of_voc_is_one_pixel_wide():
    assert convert([[1, 1, 1, 1]], "voc", "xyxy").tolist() == [[0, 0, 1, 1]]


@pytest.mark.parametrize("target", AS)
def test_no_boxes_stay_no_boxes(target):
    assert convert([], "xyxy", target, SIZE).shape == (0, 4)


@pytest.mark.parametrize("target", AS)
def test_float32_stays_float32_and_all_else_becomes_float64(target):
    assert convert(np.ones((1, 4), np.float32), "xywh", target, SIZE).dtype == np.float32
    assert convert(np.ones((1, 4), np.int16), "xywh", target, SIZE).dtype == np.float64


@pytest.mark.parametrize("target", AS)
def test_the_given_array_stays_as_it_is(target):
    boxes = np.array([[10.0, 20, 50, 80]])
    convert(boxes, "xyxy", target, SIZE)[:] = -1

    assert boxes.tolist() == [[10, 20, 50, 80]]


def test_between_relative_formats_no_size_is_wanted():
    np.testing.assert_allclose(convert([AS["yolo"]], "yolo", "rel_xyxy"), [AS["rel_xyxy"]])


def test_a_relative_format_without_a_size_is_refused():
    with pytest.raises(RecipeError, match=r"'yolo' is relative to the picture: give its size=\(width, height\)"):
        convert([AS["yolo"]], "yolo", "xyxy")


def test_an_unknown_format_is_refused_with_the_nearest():
    with pytest.raises(RecipeError, match=r"no box format 'xyhw'. Did you mean 'xywh'\? There are: xyxy, xywh"):
        convert([AS["xyxy"]], "xyhw", "xyxy")


@pytest.mark.parametrize("size", [(0, 10), (10, -1), (10,), (np.inf, 1), "10"])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(RecipeError, match=r"size must be \(width, height\), both above 0. Received: "):
        convert([AS["yolo"]], "yolo", "xyxy", size)


def test_one_box_alone_is_refused_with_advice():
    with pytest.raises(LabelError, match=r"must be \(n, 4\).*array of \(4,\). Put one box into a list"):
        convert([1, 2, 3, 4], "xyxy", "xywh")


@pytest.mark.parametrize("boxes", [["a"], [[1, 2, 3, 4], [1, 2]], None])
def test_what_is_no_numbers_is_refused(boxes):
    with pytest.raises(LabelError, match=r"boxes must be \(n, 4\)"):
        convert(boxes, "xyxy", "xywh")
