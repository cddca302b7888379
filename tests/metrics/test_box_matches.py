import numpy as np
import pytest

from boda.boxes import Detections, pairwise_iou
from boda.metrics.box_matches import is_right, match, matched_ious, overlaps

TRUE = np.array([[0.0, 0, 10, 10], [20, 0, 30, 10]])
HALF = np.array([0.5])


def one_picture(boxes, scores, labels=None):
    return [Detections(np.array(boxes, float), scores, np.zeros(len(scores), int) if labels is None else labels)]


def test_the_surer_detection_takes_the_object_though_the_other_fits_better():
    found = one_picture([[0, 0, 10, 10], [0, 0, 10, 9]], [0.3, 0.6])

    assert [right.tolist() for right in is_right([(TRUE, np.array([0, 0]))], found, 1)] == [[False, True]]


def test_a_detection_takes_the_object_that_it_overlaps_most():
    near = np.array([[0.0, 0, 10, 10], [0, 1, 10, 11]])

    matches = match([(near, np.array([0, 0]))], one_picture([[0, 1, 10, 11]], [0.5]), 1, HALF)

    assert (matches.partner.tolist(), matches.iou.tolist()) == ([[1]], [[1.0]])


def test_a_taken_object_leaves_the_next_best():
    near = np.array([[0.0, 0, 10, 10], [0, 1, 10, 11]])
    found = one_picture([[0, 1, 10, 11], [0, 1, 10, 11]], [0.9, 0.5])

    assert match([(near, np.array([0, 0]))], found, 1, HALF).partner.tolist() == [[1], [0]]


def test_an_object_of_another_class_or_picture_is_not_taken():
    found = one_picture(TRUE[:1], [0.5], [1]) + one_picture(TRUE[1:], [0.5], [0])

    right = is_right([(TRUE[:1], np.array([0])), (TRUE[:0], np.array([], int))], found, 2)

    assert [one.tolist() for one in right] == [[False], [False]]


def test_an_iou_at_the_threshold_is_a_pair():
    assert is_right([(TRUE[:1], np.array([0]))], one_picture([[0, 0, 10, 5]], [0.5]), 1)[0].all()


def test_right_answers_come_back_in_the_order_of_the_detections(scenes):
    truth, found = scenes()
    order = [np.argsort(-one.scores) for one in found]

    shuffled = is_right(truth, [one.take(rows) for one, rows in zip(found, order, strict=True)], 3)

    for before, after, rows in zip(is_right(truth, found, 3), shuffled, order, strict=True):
        assert before[rows].tolist() == after.tolist()


def test_only_the_best_of_a_class_in_a_picture_count():
    found = one_picture(np.repeat(TRUE[:1], 5, axis=0), [0.1, 0.2, 0.3, 0.4, 0.5])

    assert match([(TRUE, np.array([0, 0]))], found, 1, most=2).place.tolist() == [4, 3]


def test_pictures_without_objects_or_detections_have_no_pairs():
    nothing = (np.zeros((0, 4)), np.zeros(0, int))

    matches = match([nothing, (TRUE, np.array([0, 0]))], [*one_picture(TRUE, [0.5, 0.4]), Detections.empty()], 1)

    assert (matches.partner == -1).all()
    assert matches.truths.tolist() == [[0], [2]]


def test_matched_ious_are_those_of_pairs():
    found = one_picture([[0, 0, 10, 4], [20, 0, 30, 10], [50, 50, 60, 60]], [0.5, 0.6, 0.7])

    assert sorted(matched_ious([(TRUE, np.array([0, 0]))], found, 1).tolist()) == [0.4, 1.0]


def test_overlaps_agree_with_the_arithmetic_of_boxes():
    rng = np.random.default_rng(0)
    a, b = (rng.random((50, 4)) * 9 for _ in range(2))
    corners = [np.concatenate([one[:, :2], one[:, :2] + one[:, 2:]], axis=1) for one in (a, b)]

    assert overlaps(a, b) == pytest.approx(np.diag(pairwise_iou(*corners)), abs=1e-6)


@pytest.mark.parametrize("extent", [0, -3])
def test_boxes_without_area_overlap_nothing(extent):
    flat = np.array([[1.0, 1, extent, extent]])

    assert overlaps(flat, flat).tolist() == overlaps(flat, np.array([[0.0, 0, 9, 9]])).tolist() == [0]


def test_matching_wants_as_many_pictures_in_both():
    with pytest.raises(ValueError, match="truth 1, found 0"):
        match([(TRUE, np.array([0, 0]))], [], 1)


def test_matching_wants_classes_that_exist():
    with pytest.raises(ValueError, match="found: class index 3 to 3, but there are 2 classes"):
        match([(TRUE, np.array([0, 0]))], one_picture(TRUE[:1], [0.5], [3]), 2)


def test_matching_wants_a_class_for_each_true_box():
    with pytest.raises(ValueError, match=r"truth: expected a class for each box\. Received: 2 boxes, 1 classes"):
        match([(TRUE, np.array([0]))], [Detections.empty()], 1)


def test_matching_wants_finite_scores():
    with pytest.raises(ValueError, match="expected a finite score for each of 1 boxes"):
        match([(TRUE, np.array([0, 0]))], one_picture(TRUE[:1], [np.nan]), 1)
