"""Pictures on canvases, and boxes there and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boda.boxes import letterbox, squash
from boda.errors import RecipeError

SIZES = st.tuples(st.integers(1, 3000), st.integers(1, 3000))


def test_a_wide_picture_lies_between_bars_above_and_below():
    box = letterbox((640, 480), (320, 320))

    assert (box.inner, box.offset, box.scale) == ((320, 240), (0, 40), (0.5, 0.5))
    assert box.to_canvas([[0, 0, 640, 480], [100, 100, 200, 300]]).tolist() == [[0, 40, 320, 280], [50, 90, 100, 190]]


def test_a_tall_picture_lies_between_bars_left_and_right():
    assert letterbox((100, 400), (200, 200)).offset == (75, 0)


def test_the_scales_are_those_of_the_whole_pixels():
    box = letterbox((333, 100), (100, 100))

    assert box.inner == (100, 30)
    assert box.scale == (100 / 333, 0.3)


def test_a_small_picture_need_not_grow():
    box = letterbox((30, 20), (100, 100), enlarge=False)

    assert (box.inner, box.offset) == ((30, 20), (35, 40))


def test_squashing_fills_the_canvas():
    box = squash((640, 480), (224, 224))

    assert (box.inner, box.offset) == ((224, 224), (0, 0))
    assert box.to_canvas([[0, 0, 640, 240]]).tolist() == [[0, 0, 224, 112]]


@given(size=SIZES, target=SIZES, how=st.sampled_from([letterbox, squash]))
def test_the_whole_picture_lies_on_the_canvas(size, target, how):
    box = how(size, target)
    x0, y0, x1, y1 = box.to_canvas([[0, 0, *size]])[0]

    assert 0 <= x0 < x1 <= target[0] + 1e-9
    assert 0 <= y0 < y1 <= target[1] + 1e-9


@given(size=SIZES, target=SIZES, how=st.sampled_from([letterbox, squash]), seed=st.integers(0, 99))
def test_there_and_back_is_where_one_was(size, target, how, seed):
    boxes = np.random.default_rng(seed).uniform(-1, 2, (5, 4)) * np.tile(size, 2)
    box = how(size, target)

    np.testing.assert_allclose(box.to_picture(box.to_canvas(boxes)), boxes, atol=1e-6)


def test_float32_is_worked_on_in_double_and_stays_float32():
    boxes = np.array([[1, 2, 2999, 1999]], np.float32)
    box = letterbox((3000, 2000), (320, 320))

    assert box.to_canvas(boxes).dtype == np.float32
    np.testing.assert_allclose(box.to_picture(box.to_canvas(boxes)), boxes, rtol=1e-5)


def test_no_boxes_stay_no_boxes():
    assert letterbox((30, 20), (100, 100)).to_picture([]).shape == (0, 4)


def test_a_picture_without_width_is_refused():
    with pytest.raises(RecipeError, match=r"size must be \(width, height\), both above 0. Received: \(0, 20\)"):
        letterbox((0, 20), (100, 100))
