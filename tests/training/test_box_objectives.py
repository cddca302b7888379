"""What networks of boxes learn from, by hand."""

import numpy as np
import pytest

from boda.training.box_objectives import detect_loss, detect_metric, locate_loss, locate_metric

HALF = [0.0, 0.0, 0.5, 1.0]  # the left half of the view
WHOLE = [0.0, 0.0, 1.0, 1.0]


def value(loss, y, answer):
    return np.asarray(loss(np.array(y, np.float32), np.array(answer, np.float32)))


def test_an_exact_box_costs_its_doubtful_score_alone():
    (loss,) = value(locate_loss(1), [[*HALF, 0]], [[*HALF, 0.0]])

    assert loss == pytest.approx(np.log(2), abs=1e-5)


def test_a_box_twice_as_large_costs_half_an_overlap_and_its_distance():
    """IoU = GIoU = 1/2; one side is off by 0.5: 0.5 - 0.05; the score 0 costs log 2 against any share."""
    (loss,) = value(locate_loss(1), [[*HALF, 0]], [[*WHOLE, 0.0]])

    assert loss == pytest.approx(0.5 + 0.45 + np.log(2), abs=1e-5)


def test_a_wrong_class_costs_its_cross_entropy():
    right, wrong = value(locate_loss(2), [[*HALF, 1]] * 2, [[*HALF, 0.0, -5, 5], [*HALF, 0.0, 5, -5]])

    assert wrong - right == pytest.approx(10, abs=1e-3)


def test_the_figure_to_watch_is_iou():
    assert value(locate_metric, [[*HALF, 0]], [[*WHOLE, 9.0]]).tolist() == [0.5]


def test_a_place_that_is_asked_for_nothing_is_to_be_silent():
    """Quality focal loss by hand: -log(1 - s) s^2 of a score s that should be 0."""
    y, answer = [[[0, 0, 0, 0, 1]]], [[[*HALF, 0.0]]]
    (loss,) = value(detect_loss(1), y, answer)

    assert loss == pytest.approx(np.log(2) * 0.25, abs=1e-6)


def test_a_score_is_to_be_the_iou_that_the_box_reaches():
    y = [[[*HALF, 0]]]
    sure, honest = (value(detect_loss(1), y, [[[*WHOLE, logit]]])[0] for logit in (5.0, 0.0))
    without_score = 2 * 0.5  # BOX_WEIGHT (1 - GIoU), through the weight, which is at least 1: 0.5 (1 - 0.5) 2 / 1
    assert honest == pytest.approx(without_score / 2, abs=1e-5)
    assert sure > honest + 0.1


def test_what_is_asked_of_no_place_pulls_at_no_box():
    y = [[[0, 0, 0, 0, 1]]]
    first, other = (value(detect_loss(1), y, [[[*box, 0.0]]])[0] for box in (HALF, WHOLE))

    assert first == other


def test_the_figure_to_watch_is_the_mean_iou_of_what_is_asked():
    y = [[[*HALF, 0], [0, 0, 0, 0, 1]], [[0, 0, 0, 0, 1], [0, 0, 0, 0, 1]]]
    answer = np.tile(np.array([*WHOLE, 0.0]), (2, 2, 1))

    assert value(detect_metric, y, answer).tolist() == [0.5, 1.0]


@pytest.mark.parametrize("overlap", ["iou", "giou", "diou", "ciou"])
def test_every_overlap_is_one_where_the_box_is_exact(overlap):
    (loss,) = value(locate_loss(1, overlap), [[*HALF, 0]], [[*HALF, 0.0]])

    assert loss == pytest.approx(np.log(2), abs=1e-5)


def test_of_several_classes_the_right_one_is_asked_for_however_poor_the_box():
    """A box that misses is asked for a score of 0 in each class; which class it is can be learned all the same."""
    y = [[[*HALF, 0]]]
    right, wrong = (value(detect_loss(2), y, [[[0.6, 0.0, 0.9, 1.0, *logits]]])[0] for logits in ([1, -1], [-1, 1]))

    assert wrong - right == pytest.approx(0.5 * 2, abs=1e-5)  # half of the cross-entropy's difference


def test_of_several_classes_the_overlap_counts_twice():
    """The logit 0 says just the IoU of 1/2 that the box reaches, so that with one class its distance alone costs."""
    y = [[[*HALF, 0]]]

    def told(classes, box):
        return value(detect_loss(classes), y, [[[*box, *[0.0] * classes]]])[0]

    one = told(1, WHOLE) - 2 * 0.5 * 0.5
    several = told(2, WHOLE) - 4 * 0.5 * 0.5
    assert one == pytest.approx(0, abs=1e-6)
    assert several == pytest.approx(
        np.log(2) * 0.25 + 0.5 * np.log(2), abs=1e-5
    )  # the other class's score; the softmax


def test_an_empty_picture_is_asked_for_no_class():
    y, answer = [[[0, 0, 0, 0, 2]]], [[[*HALF, 0.0, 0.0]]]
    (loss,) = value(detect_loss(2), y, answer)

    assert loss == pytest.approx(2 * np.log(2) * 0.25, abs=1e-6)
