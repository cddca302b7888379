"""Handwritten digits as ink: who wrote them, and how they are drawn."""

import numpy as np
import pytest

from boda.data.handwriting import FORMS, all_handwriting, draw_ink, split_by_form

BAR = np.zeros((8, 8), np.float32)
BAR[1:7, 3:5] = 1


def middle(rows):
    """The mean column of the ink in some rows."""
    return np.average(np.arange(rows.shape[1]), weights=rows.sum(axis=0))


def test_all_digits_are_there_with_ink_from_0_to_1():
    writing = all_handwriting()

    assert len(writing) == 1797
    assert writing.images.shape == (1797, 8, 8)
    assert writing.images.min() == 0
    assert (writing.images.max(axis=(1, 2)) == 1).all()


def test_forms_begin_with_the_digits_in_order_and_have_the_same_digits():
    labels = all_handwriting().labels
    starts = [labels[at : at + 10].tolist() for at in FORMS]
    counts = [np.bincount(labels[at:to], minlength=10) for at, to in zip(FORMS, (*FORMS[1:], 1797), strict=True)]

    assert sum(start == list(range(10)) for start in starts) >= len(FORMS) - 1  # one form lacks a digit there
    assert np.min(counts) >= 9
    assert np.max(counts) <= 15


@pytest.mark.parametrize("seed", [0, 1])
def test_no_form_is_in_both_parts(seed):
    forms = [set(np.searchsorted(FORMS, part.indices, side="right")) for part in split_by_form(seed)]

    assert not forms[0] & forms[1]
    assert [len(part) for part in forms] == [11, 3]


def test_no_picture_of_a_digit_is_in_both_parts():
    train, val = ({image.tobytes() for image in part.images} for part in split_by_form(0))

    assert not train & val


def test_both_parts_have_every_class():
    for part in split_by_form(3):
        assert set(part.labels) == set(range(10))


def test_another_seed_holds_out_other_forms():
    assert not np.array_equal(split_by_form(0)[1].indices, split_by_form(1)[1].indices)


@pytest.mark.parametrize("side", [16, 40, 96])
def test_the_longer_side_is_about_the_one_asked_for(side):
    writing = all_handwriting()
    sides = [max(draw_ink(image, side).shape) for image in writing.images[:60]]

    assert np.median(sides) == pytest.approx(side, rel=0.15)
    assert max(sides) < 1.3 * side


def test_the_frame_is_tight():
    writing = all_handwriting()
    for image in writing.images[:40]:
        inked = draw_ink(image, 30, turn=10, slant=0.1) > 0.5

        assert inked[0].any()
        assert inked[-1].any()
        assert inked[:, 0].any()
        assert inked[:, -1].any()


def test_slant_leans_the_top_to_the_right():
    ink = draw_ink(BAR, 60, slant=0.2)

    assert middle(ink[:15]) > middle(ink[-15:]) + 5


def test_a_turn_goes_clockwise():
    ink = draw_ink(BAR, 60, turn=12)

    assert middle(ink[:15]) > middle(ink[-15:]) + 5


def test_drawing_leaves_the_digit_alone():
    given = BAR.copy()
    draw_ink(given, 20)

    np.testing.assert_array_equal(given, BAR)
