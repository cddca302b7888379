import numpy as np
import pytest

from boda.augment import affine
from boda.errors import AugmentError

SQUARE = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10]])


@pytest.mark.parametrize(
    ("matrix", "moved"),
    [
        (affine.shift(3, -2), [7, 2]),
        (affine.scale(2, 0.5), [8, 2]),
        (affine.rotation(0.25), [4, -4]),  # counter-clockwise on the screen: right becomes up
        (affine.shear(0.5, 0.25), [6, 5]),
        (affine.flip_across(10), [6, 4]),
        (affine.flip_along(10), [4, 6]),
        (affine.about(affine.rotation(0.5), 5, 5), [6, 6]),
        (affine.window(2, 1, 4, 8, (16, 4)), [2, 6]),
    ],
)
def test_a_point_goes_where_it_should(matrix, moved):
    np.testing.assert_allclose(affine.move_points(np.array([[4.0, 4]]), matrix), [moved], atol=1e-12)


def test_about_is_a_shift_a_move_and_the_shift_back():
    matrix = affine.shear(0.3, -0.2) @ affine.scale(2, 3)

    wanted = affine.shift(7, 9) @ matrix @ affine.shift(-7, -9)

    np.testing.assert_allclose(affine.about(matrix, 7, 9), wanted, atol=1e-12)


def test_the_first_matrix_is_done_first():
    whole = affine.compose([affine.shift(1, 0), affine.scale(10, 10)])

    assert affine.move_points(np.array([[0.0, 0]]), whole).tolist() == [[10, 0]]


def test_nothing_composed_is_nothing_moved():
    assert np.array_equal(affine.compose([]), np.eye(3))


def test_perspective_takes_four_points_to_four_others():
    end = np.array([[1.0, 2], [12, -1], [9, 8], [-2, 11]])

    np.testing.assert_allclose(affine.move_points(SQUARE, affine.perspective(SQUARE, end)), end, atol=1e-9)


def test_perspective_refuses_points_on_a_line():
    with pytest.raises(AugmentError, match="Four points with no three on a line are needed"):
        affine.perspective(np.array([[0.0, 0], [1, 1], [2, 2], [3, 3]]), SQUARE)


@pytest.mark.parametrize("bend", [0.0, 0.01])
def test_sampling_leads_from_a_pixels_centre_back_to_where_it_came_from(bend):
    forward = affine.compose([affine.rotation(0.1), affine.scale(2, 0.7), affine.shift(3, -1)])
    forward[2, :2] = bend, -bend / 2
    source = np.array([[2.0, 3.0]])

    output = affine.move_points(source + 0.5, forward) - 0.5

    np.testing.assert_allclose(affine.move_points(output, affine.sampling_matrix(forward)), source, atol=1e-9)


def test_a_flip_samples_whole_pixels():
    assert np.array_equal(affine.sampling_matrix(affine.flip_across(8)), [[-1, 0, 7], [0, 1, 0], [0, 0, 1]])


@pytest.mark.parametrize("last_row", [[0, 0, 1], [0.1, 0, 1]])
def test_a_matrix_that_flattens_is_refused(last_row):
    with pytest.raises(AugmentError, match="flattens the picture, so it cannot be sampled"):
        affine.sampling_matrix(np.array([[1, 1, 0], [0, 0, 0], last_row], float))


def test_a_point_behind_the_horizon_is_nowhere():
    bent = np.eye(3)
    bent[2, 0] = -0.1  # the horizon stands at x = 10

    moved = affine.move_points(np.array([[5.0, 1], [10, 1], [15, 1]]), bent)

    assert moved[0].tolist() == [10, 2]
    assert np.isnan(moved[1:]).all()


@pytest.mark.parametrize(
    ("matrix", "answer"),
    [
        (affine.flip_across(4), True),
        (affine.rotation(0.5), False),
        (affine.flip_along(4) @ affine.flip_across(4), False),
    ],
)
def test_mirrors_tells_whether_left_and_right_are_exchanged(matrix, answer):
    assert affine.mirrors(matrix) is answer
