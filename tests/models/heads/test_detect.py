"""Which place of which map is asked for which box."""

import numpy as np

from boda.models.heads.detect import STRIDES, encode_detect
from boda.models.heads.locate import encode_locate
from boda.models.heads.places import places

SIZE = 320


def asked(boxes, labels, classes=3):
    rows = encode_detect(np.array(boxes, np.float32).reshape(-1, 4), np.array(labels), SIZE, classes)
    strides = places(SIZE, STRIDES)[1]
    return rows, strides[rows[:, 4] < classes]


def test_nothing_is_asked_of_a_picture_without_boxes():
    rows, strides = asked([], [])

    assert not len(strides)
    assert rows.shape == (1600 + 400 + 100, 5)
    assert (rows[:, 4] == 3).all()


def test_a_place_is_asked_for_the_box_that_it_lies_in():
    rows, _ = asked([[16, 32, 96, 112]], [2])
    centres = places(SIZE, STRIDES)[0][rows[:, 4] == 2]

    assert (centres > [16, 32]).all()
    assert (centres < [96, 112]).all()
    assert np.allclose(rows[rows[:, 4] == 2, :4] * SIZE, [16, 32, 96, 112])


def test_small_things_are_asked_of_fine_maps_and_large_ones_of_coarse_maps():
    _, small = asked([[100, 100, 130, 130]], [0])
    _, large = asked([[20, 20, 300, 300]], [0])

    assert set(small) == {8.0}
    assert set(large) == {32.0}


def test_every_object_is_asked_of_some_place_however_small_it_is():
    boxes = [[101, 101, 102, 102], [0, 0, 3, 320], [317, 1, 320, 2]]
    rows, _ = asked(boxes, [0, 1, 2])

    assert set(rows[:, 4]) == {0, 1, 2, 3}


def test_of_two_objects_at_one_place_the_one_that_fits_better_is_asked_for():
    """Two squares with one middle: the map of stride 8 has squares of 40, that of 16 has squares of 80."""
    rows, strides = asked([[80, 80, 120, 120], [60, 60, 140, 140]], [0, 1])
    labels = rows[rows[:, 4] < 3, 4]

    assert set(strides[labels == 0]) == {8.0}
    assert set(strides[labels == 1]) == {16.0}


def test_a_square_is_asked_for_by_its_nearest_places_alone_as_the_paper_has_it():
    """By hand: a 40 px square in the middle of a cell of stride 8.

    Its nine candidates there have IoU 1 (the middle), 0.667 (four beside it) and 0.471 (four corners); those of the
    other maps have 0.25 at most and 0.0625. Mean and standard deviation of the 27 lie at 0.27 and 0.24.
    """
    _, strides = asked([[88, 88, 128, 128]], [1])

    assert strides.tolist() == [8.0] * 5


def test_locate_is_asked_for_the_box_as_shares_and_for_the_class():
    assert encode_locate(np.array([[0, 56, 112, 224]]), np.array([3]), 224).tolist() == [0.0, 0.25, 0.5, 1.0, 3.0]
