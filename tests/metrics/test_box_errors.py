import numpy as np
import pytest

from boda.boxes import Detections
from boda.metrics.box_errors import BoxErrors, box_errors, count_errors, iou_histogram, picture_loss

TRUE = np.array([[0.0, 0, 10, 10]])


def told(rows, scores, labels, truth=TRUE, classes=(0,)):
    return box_errors([(truth, np.array(classes))], [Detections(rows, scores, labels)], 3)[0]


def test_an_object_that_is_found_is_correct():
    one = told([[0, 0, 10, 8]], [0.5], [0])

    assert (one.kinds.tolist(), one.iou.tolist()) == (["correct"], [pytest.approx(0.8)])
    assert (one.found.tolist(), one.missed.tolist()) == ([True], [False])


def test_a_box_that_fits_badly_is_loose_and_its_object_not_missed():
    one = told([[0, 0, 10, 3]], [0.5], [0])

    assert (one.kinds.tolist(), one.missed.tolist(), one.found.tolist()) == (["loose"], [False], [False])
    assert one.iou.tolist() == [pytest.approx(0.3)]


def test_an_object_called_another_class_is_not_missed():
    one = told([[0, 0, 10, 8]], [0.5], [1])

    assert (one.kinds.tolist(), one.missed.tolist()) == (["wrong_class"], [False])


def test_the_less_sure_of_two_boxes_on_an_object_is_doubled():
    assert told([[0, 0, 10, 10], [0, 0, 10, 9]], [0.3, 0.6], [0, 0]).kinds.tolist() == ["doubled", "correct"]


@pytest.mark.parametrize(
    ("row", "label"),
    [([50, 50, 60, 60], 0), ([0, 0, 10, 0.9], 0), ([0, 0, 10, 4], 1)],
    ids=["far off", "hardly on it", "hardly on another class"],
)
def test_a_box_on_nothing_that_it_could_mean_is_background(row, label):
    one = told([row], [0.5], [label])

    assert (one.kinds.tolist(), one.missed.tolist()) == (["background"], [True])


def test_an_object_that_no_box_met_is_missed():
    assert told([], [], []).missed.tolist() == [True]


def test_a_loose_box_counts_as_loose_before_it_counts_as_another_class():
    truth = np.array([[0.0, 0, 10, 10], [0, 0, 10, 3]])

    assert told([[0, 0, 10, 3]], [0.5], [0], truth, (0, 1)).kinds.tolist() == ["loose"]


def test_boxes_of_other_pictures_are_no_matter():
    truth = [(TRUE, np.array([0])), (TRUE[:0], np.array([], int))]

    errors = box_errors(truth, [Detections.empty(), Detections(TRUE, [0.5], [0])], 1)

    assert (errors[0].missed.tolist(), errors[1].kinds.tolist()) == ([True], ["background"])


def test_more_than_100_boxes_of_a_class_are_all_told():
    kinds = told(np.repeat(TRUE, 150, axis=0), np.linspace(0.1, 0.9, 150), np.zeros(150, int)).kinds

    assert (kinds[-1], set(kinds[:-1])) == ("correct", {"doubled"})


def test_counts_name_every_mistake(scenes):
    truth, found = scenes()

    counts = count_errors(truth, found, 3)

    errors = box_errors(truth, found, 3)
    assert list(counts) == ["missed", "loose", "doubled", "wrong_class", "background"]
    correct = sum((one.kinds == "correct").sum() for one in errors)
    assert correct + sum(counts.values()) - counts["missed"] == sum(len(one) for one in found)


def test_no_pictures_have_no_errors():
    assert count_errors([], [], 1) == {"missed": 0, "loose": 0, "doubled": 0, "wrong_class": 0, "background": 0}


def test_the_loss_of_a_picture_runs_from_exact_to_nothing_right():
    two = np.array([[0.0, 0, 10, 10], [20, 0, 30, 10]])
    losses = [
        picture_loss(told(two, [0.9, 0.8], [0, 0], two, (0, 0))),
        picture_loss(told([[0, 0, 10, 8], [20, 0, 30, 10]], [0.9, 0.8], [0, 0], two, (0, 0))),
        picture_loss(told(two[:1], [0.9], [0], two, (0, 0))),
        picture_loss(told(two + 50, [0.9, 0.8], [0, 0], two, (0, 0))),
    ]

    assert losses == pytest.approx([0, 0.2, 0.5, 1])


def test_a_picture_that_is_rightly_empty_has_no_loss():
    nothing = np.array([], bool)

    assert picture_loss(BoxErrors(np.array([], str), nothing, nothing, np.array([]))) == 0


def test_a_histogram_holds_both_ends():
    assert iou_histogram(np.array([0.0, 0.49, 1.0]), bins=2) == {"edges": [0, 0.5, 1], "counts": [2, 1]}
