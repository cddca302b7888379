import json

import numpy as np
import pytest

from boda.metrics.locate import against_constant, constant_boxes, evaluate, mean_box

SQUARE = [0.0, 0, 10, 10]


def rng():
    return np.random.default_rng(0)


def covering(*shares):
    """Boxes that cover so much of SQUARE."""
    return np.array([[0, 0, 10, 10 * share] for share in shares])


def squares(n):
    return np.tile(SQUARE, (n, 1))


def test_figures_worked_out_by_hand():
    found = evaluate(squares(4), covering(1, 0.8, 0.6, 0.4), covering(0.5, 0.5, 0.5, 0.5), rng())

    assert found["n"] == 4
    assert found["mean_iou"] == pytest.approx(0.7)
    assert (found["iou_50"], found["iou_75"]) == (0.75, 0.5)
    assert found["constant_mean_iou"] == pytest.approx(0.5)
    assert found["iou_50_interval"] == pytest.approx([0.3006, 0.9544], abs=1e-4)  # Wilson, 3 of 4


def test_the_interval_of_the_mean_lies_around_it():
    found = evaluate(squares(40), covering(*np.linspace(0.5, 1, 40)), squares(40), rng())

    lo, hi = found["mean_iou_interval"]
    error = np.linspace(0.5, 1, 40).std() / np.sqrt(40)
    assert (lo, hi) == pytest.approx((0.75 - 1.96 * error, 0.75 + 1.96 * error), abs=0.01)


def test_the_class_counts_where_there_are_classes():
    found = evaluate(squares(4), squares(4), squares(4), rng(), right=np.array([True, True, True, False]))

    assert found["accuracy"] == 0.75
    assert "accuracy" not in evaluate(squares(4), squares(4), squares(4), rng())


def test_the_mean_box_is_the_mean_of_places_and_sizes_in_the_picture():
    truth, sizes = np.array([[0.0, 0, 50, 100], [100, 0, 200, 100]]), np.array([[100, 100], [200, 200]])

    assert mean_box(truth, sizes).tolist() == [0.5, 0.375, 0.5, 0.75]


def test_the_constant_answer_of_one_picture_is_its_own_box():
    truth, sizes = np.array([[10.0, 20, 50, 100]]), np.array([[200, 100]])

    assert constant_boxes(mean_box(truth, sizes), sizes) == pytest.approx(truth)


def test_the_constant_answer_stays_within_the_picture():
    assert constant_boxes(np.array([0.5, 0.9, 1.2, 0.4]), np.array([[100, 200]])).tolist() == [[0, 140, 100, 200]]


def test_a_model_that_is_better_everywhere_is_shown_to_be():
    found = against_constant(squares(20), covering(*np.linspace(0.8, 1, 20)), covering(*[0.5] * 20), rng())

    assert (found["baseline"], found["verdict"]) == ("constant", "better")
    assert found["difference"] == pytest.approx(0.4)
    assert found["interval"][0] < 0.4 < found["interval"][1]


def test_a_model_that_is_worse_everywhere_is_shown_to_be():
    assert against_constant(squares(20), covering(*[0.5] * 20), squares(20), rng())["verdict"] == "worse"


def test_a_model_that_answers_the_constant_shows_no_difference():
    found = against_constant(squares(9), covering(*[0.5] * 9), covering(*[0.5] * 9), rng())

    assert (found["difference"], found["verdict"]) == (0, "no difference shown")


def test_copies_of_one_picture_are_one_picture():
    found, groups = covering(*np.linspace(0.8, 1, 20)), np.zeros(20, int)

    assert against_constant(squares(20), found, covering(*[0.5] * 20), rng(), groups=groups)["interval"] is None


def test_figures_are_json():
    one = squares(1)

    json.dumps([evaluate(one, one, one, rng()), against_constant(one, one, one, rng())], allow_nan=False)


def test_locating_wants_a_picture():
    with pytest.raises(ValueError, match=r"truth must be \(n, 4\) boxes, one a picture, n of 1 or more"):
        evaluate(np.zeros((0, 4)), np.zeros((0, 4)), np.zeros((0, 4)), rng())


def test_locating_wants_one_box_for_each():
    with pytest.raises(ValueError, match=r"truth \(2, 4\) and found \(1, 4\)"):
        evaluate(squares(2), squares(1), squares(2), rng())
