"""IoU and its family, by hand, by pycocotools, and by what must hold for all boxes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from boda.boxes import OVERLAPS, ciou, convert, diou, giou, iou, pairwise_iou
from boda.errors import LabelError

KINDS = {"iou": iou, "giou": giou, "diou": diou, "ciou": ciou}
SIDES = st.one_of(st.integers(-20, 20), st.floats(-20, 20, width=32))
BOXES = arrays.arrays(np.float64, (6, 4), elements=SIDES)  # inverted and empty ones among them


def sorted_corners(boxes):
    return np.concatenate([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], axis=1)


def test_every_kind_is_tested():
    assert set(KINDS) == set(OVERLAPS)


def test_iou_is_the_shared_area_of_the_whole():
    assert iou([[0, 0, 4, 4]], [[2, 2, 6, 6]]) == pytest.approx(4 / 28)


def test_giou_takes_off_the_empty_share_of_the_hull():
    assert giou([[0, 0, 4, 4]], [[2, 2, 6, 6]]) == pytest.approx(4 / 28 - 8 / 36)
    assert giou([[0, 0, 1, 1]], [[9, 0, 10, 1]]) == pytest.approx(-8 / 10)


def test_diou_takes_off_the_distance_of_the_centres():
    assert diou([[0, 0, 4, 4]], [[2, 2, 6, 6]]) == pytest.approx(4 / 28 - 8 / 72)


def test_diou_knows_the_middle_where_giou_does_not():
    outer, middle, corner = [[0, 0, 10, 10]], [[4, 4, 6, 6]], [[0, 0, 2, 2]]

    assert giou(outer, middle) == giou(outer, corner)
    assert diou(outer, middle) > diou(outer, corner)


def test_ciou_takes_off_the_difference_of_the_aspects():
    v = 4 / np.pi**2 * (np.arctan(4 / 2) - np.arctan(2 / 4)) ** 2  # both have their centre at 2, 2
    share = 4 / 12

    assert ciou([[0, 1, 4, 3]], [[1, 0, 3, 4]]) == pytest.approx(share - v / (1 - share + v) * v)


def test_ciou_is_diou_for_boxes_of_one_aspect():
    assert ciou([[0, 0, 4, 2]], [[1, 1, 9, 5]]) == diou([[0, 0, 4, 2]], [[1, 1, 9, 5]])


def test_iou_is_that_of_pycocotools():
    from pycocotools import mask

    rng = np.random.default_rng(0)
    corner, side = rng.uniform(0, 300, (2, 40, 2)), rng.uniform(1, 200, (2, 40, 2))
    a, b = np.concatenate([corner, corner + side], axis=-1)
    oracle = mask.iou(convert(a, "xyxy", "xywh"), convert(b, "xyxy", "xywh"), [0] * 40)

    np.testing.assert_allclose(pairwise_iou(a, b), oracle, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(iou(a, b), oracle.diagonal(), rtol=1e-12, atol=1e-12)


@given(a=BOXES, b=BOXES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_the_two_does_not_matter(kind, a, b):
    np.testing.assert_allclose(KINDS[kind](a, b), KINDS[kind](b, a), atol=1e-12)


@given(a=BOXES, b=BOXES)
def test_iou_lies_from_0_to_1(a, b):
    assert ((iou(a, b) >= 0) & (iou(a, b) <= 1 + 1e-12)).all()


@given(a=BOXES, b=BOXES)
def test_the_family_lies_below_iou_in_its_order(a, b):
    a, b = sorted_corners(a), sorted_corners(b)

    assert (giou(a, b) <= iou(a, b) + 1e-9).all()
    assert (diou(a, b) <= iou(a, b) + 1e-9).all()
    assert (ciou(a, b) <= diou(a, b) + 1e-9).all()
    assert (np.minimum(giou(a, b), diou(a, b)) >= -1 - 1e-9).all()


@given(a=BOXES, shift=SIDES, size=st.floats(0.1, 10))
@pytest.mark.parametrize("kind", KINDS)
def test_moving_or_scaling_both_changes_nothing(kind, a, shift, size):
    a = sorted_corners(np.round(a, 1))
    b = a[::-1]

    np.testing.assert_allclose(KINDS[kind](a * size + shift, b * size + shift), KINDS[kind](a, b), atol=1e-6)


@given(a=BOXES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_box_agrees_with_itself(kind, a):
    a = sorted_corners(np.round(a, 1))
    a = a[(a[:, 2] > a[:, 0]) & (a[:, 3] > a[:, 1])]

    np.testing.assert_allclose(KINDS[kind](a, a), 1, atol=1e-9)


ODD = [
    [3, 3, 3, 3],
    [3, 0, 3, 9],
    [9, 9, 0, 0],
    [0, 9, 9, 0],
    [np.nan, 0, 9, 9],
    [np.nan] * 4,
    [0, 0, np.inf, 9],
    [-np.inf, -np.inf, np.inf, np.inf],
    [np.inf] * 4,
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_an_odd_box_gives_a_number_with_any_other(kind, dtype):
    odd = np.array([*ODD, [0, 0, 9, 9]], dtype)
    every = np.repeat(odd, len(odd), axis=0), np.tile(odd, (len(odd), 1))

    assert np.isfinite(KINDS[kind](*every)).all()


def test_an_odd_box_overlaps_with_nothing():
    odd = np.array(ODD, float)

    assert iou(odd, np.tile([0.0, 0, 9, 9], (len(odd), 1))).tolist() == [0] * len(odd)
    assert iou(odd, odd).tolist() == [0] * len(odd)


@pytest.mark.parametrize("kind", KINDS)
def test_a_point_on_itself_counts_0(kind):
    assert KINDS[kind]([[3, 3, 3, 3]], [[3, 3, 3, 3]]).tolist() == [0]


@pytest.mark.parametrize("kind", KINDS)
def test_float32_stays_float32(kind):
    boxes = np.array([[0, 0, 4, 4]], np.float32)

    assert KINDS[kind](boxes, boxes).dtype == np.float32


@pytest.mark.parametrize("kind", KINDS)
def test_no_boxes_give_no_numbers(kind):
    assert KINDS[kind]([], []).shape == (0,)


def test_unequal_numbers_of_boxes_are_refused():
    with pytest.raises(LabelError, match=r"Received: 1 in a, 2 in b.*take pairwise"):
        iou([[0, 0, 1, 1]], [[0, 0, 1, 1], [0, 0, 1, 1]])
