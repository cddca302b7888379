"""Areas, clipping and scaling."""

import numpy as np

from boda.boxes import area, clip, scale


def test_the_area_is_width_times_height():
    assert area([[10, 20, 30, 60], [0, 0, 0.5, 0.5]]).tolist() == [800, 0.25]


def test_an_inverted_box_has_no_area():
    assert area([[9, 1, 1, 9], [9, 9, 1, 1], [1, 9, 9, 1]]).tolist() == [0, 0, 0]


def test_infinities_have_an_area_without_a_warning():
    assert np.isnan(area([[np.inf, 0, np.inf, 1]])).all()


def test_clipping_leaves_what_lies_in_the_picture():
    assert clip([[-5, -5, 50, 200], [1, 2, 3, 4]], (40, 100)).tolist() == [[0, 0, 40, 100], [1, 2, 3, 4]]


def test_a_box_outside_is_clipped_to_no_area():
    assert area(clip([[50, 10, 60, 20], [-9, -9, -1, -1]], (40, 100))).tolist() == [0, 0]


def test_boxes_follow_a_resized_picture():
    assert scale([[10, 10, 20, 20]], (100, 200), (200, 100)).tolist() == [[20, 5, 40, 10]]


def test_float32_stays_float32():
    boxes = np.ones((2, 4), np.float32)

    assert {area(boxes).dtype, clip(boxes, (3, 3)).dtype, scale(boxes, (3, 3), (7, 9)).dtype} == {np.dtype(np.float32)}


def test_no_boxes_stay_no_boxes():
    assert area([]).shape == (0,)
    assert clip([], (3, 3)).shape == scale([], (3, 3), (7, 9)).shape == (0, 4)
