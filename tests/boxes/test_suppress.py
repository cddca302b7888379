"""Suppression: plain, a class at a time, and soft."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boda.boxes import nms, pairwise_iou, soft_nms
from boda.errors import LabelError, RecipeError

THREE = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [50, 50, 60, 60]])  # IoU of the first two 90 / 110
SHARE = 90 / 110


def some(n, seed=0):
    rng = np.random.default_rng(seed)
    corner, side = rng.uniform(0, 50, (2, n, 2))
    return np.concatenate([corner, corner + side], axis=1), rng.uniform(0.01, 1, n), rng.integers(0, 3, n)


def by_definition(boxes, scores, threshold, labels):
    """Greedy, box by box, with the matrix of IoU."""
    share, kept = pairwise_iou(boxes, boxes), []
    for i in np.argsort(-scores, kind="stable"):
        if all(labels[i] != labels[k] or share[i, k] <= threshold for k in kept):
            kept.append(int(i))
    return kept


def test_the_better_of_two_that_overlap_stays():
    assert nms(THREE, [0.6, 0.9, 0.8]).tolist() == [1, 2]


def test_two_that_overlap_less_than_the_threshold_both_stay():
    assert nms(THREE, [0.6, 0.9, 0.8], iou_threshold=0.82).tolist() == [1, 2, 0]


def test_classes_leave_each_other_alone():
    assert nms(THREE, [0.6, 0.9, 0.8], labels=[0, 1, 0]).tolist() == [1, 2, 0]


def test_a_box_that_was_dropped_drops_no_other():
    chain = [[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]]

    assert nms(chain, [0.9, 0.8, 0.7], iou_threshold=0.3).tolist() == [0, 2]


def test_of_equal_scores_the_first_goes_first():
    assert nms(np.tile(THREE[:1], (4, 1)), [0.5] * 4).tolist() == [0]
    assert nms(THREE[[0, 2]], [0.5, 0.5]).tolist() == [0, 1]


@given(seed=st.integers(0, 10**6), threshold=st.floats(0, 1), n=st.integers(0, 40))
def test_it_is_the_greedy_choice(seed, threshold, n):
    boxes, scores, labels = some(n, seed)

    assert nms(boxes, scores, iou_threshold=threshold, labels=labels).tolist() == by_definition(
        boxes, scores, threshold, labels
    )


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.6, 1.0])
def test_few_boxes_are_suppressed_as_many_are(monkeypatch, threshold):
    rng = np.random.default_rng(5)
    corners = rng.integers(0, 30, (200, 2))
    boxes = np.concatenate([corners, corners + rng.integers(0, 20, (200, 2))], axis=1)  # whole numbers: many ties
    scores, labels = rng.integers(0, 9, 200) / 9, rng.integers(0, 3, 200)
    few = nms(boxes, scores, iou_threshold=threshold, labels=labels)
    monkeypatch.setattr("boda.boxes.suppress.FEW", 0)

    assert few.tolist() == nms(boxes, scores, iou_threshold=threshold, labels=labels).tolist()


def test_boxes_without_area_or_with_nan_drop_nothing():
    odd = [[3, 3, 3, 3], [3, 3, 3, 3], [np.nan, 0, 9, 9], [0, 0, 9, 9], [9, 9, 0, 0]]

    assert nms(odd, [0.9, 0.8, 0.7, 0.6, 0.5], iou_threshold=0.0).tolist() == [0, 1, 2, 3, 4]


def test_linear_takes_off_the_shared_part():
    kept, lowered = soft_nms(THREE, [0.6, 0.9, 0.8], method="linear")

    assert kept.tolist() == [1, 2, 0]
    assert lowered == pytest.approx([0.9, 0.8, 0.6 * (1 - SHARE)])


def test_linear_leaves_alone_what_overlaps_less_than_the_threshold():
    _, lowered = soft_nms(THREE, [0.6, 0.9, 0.8], method="linear", iou_threshold=0.82)

    assert lowered == pytest.approx([0.9, 0.8, 0.6])


def test_gaussian_takes_off_more_the_more_is_shared():
    kept, lowered = soft_nms(THREE, [0.6, 0.9, 0.8], method="gaussian", sigma=0.3)

    assert kept.tolist() == [1, 2, 0]
    assert lowered == pytest.approx([0.9, 0.8, 0.6 * np.exp(-(SHARE**2) / 0.3)])


@pytest.mark.parametrize("method", ["linear", "gaussian"])
def test_soft_is_the_papers_loop(method):
    boxes, scores, labels = some(30)
    share, left, wanted = pairwise_iou(boxes, boxes), dict(enumerate(scores)), []
    while left:
        best = max(left, key=left.get)
        wanted.append((best, left.pop(best)))
        for i in left:
            if labels[i] == labels[best]:
                linear = 1 - share[best, i] if share[best, i] > 0.4 else 1
                left[i] *= linear if method == "linear" else np.exp(-(share[best, i] ** 2) / 0.5)

    kept, lowered = soft_nms(boxes, scores, method=method, iou_threshold=0.4, labels=labels, min_score=0)

    assert kept.tolist() == [i for i, _ in wanted]
    np.testing.assert_allclose(lowered, [score for _, score in wanted])


def test_what_falls_below_the_least_score_goes():
    kept, _ = soft_nms(THREE, [0.6, 0.9, 0.8], method="linear", min_score=0.2)

    assert kept.tolist() == [1, 2]


@pytest.mark.parametrize("soft", ["linear", "gaussian"])
def test_nms_gives_the_indices_of_soft(soft):
    boxes, scores, labels = some(30)

    soft_kept, _ = soft_nms(boxes, scores, method=soft, labels=labels, min_score=0.3)

    assert nms(boxes, scores, labels=labels, soft=soft, min_score=0.3).tolist() == soft_kept.tolist()


@pytest.mark.parametrize("soft", [None, "linear", "gaussian"])
def test_no_boxes_give_no_indices(soft):
    kept = nms([], [], soft=soft)

    assert (kept.shape, kept.dtype) == ((0,), np.int64)


@pytest.mark.parametrize("soft", [None, "linear"])
def test_the_given_arrays_stay_as_they_are(soft):
    boxes, scores, labels = some(30)
    copies = boxes.copy(), scores.copy(), labels.copy()
    nms(boxes, scores, labels=labels, soft=soft)

    for given_array, copy in zip((boxes, scores, labels), copies, strict=True):
        np.testing.assert_array_equal(given_array, copy)


def test_too_few_scores_are_refused():
    with pytest.raises(LabelError, match=r"Received: 3 boxes, 2 scores."):
        nms(THREE, [0.5, 0.5])


def test_too_few_labels_are_refused():
    with pytest.raises(LabelError, match=r"Received: 3 boxes, 3 scores, 1 labels."):
        nms(THREE, [0.5, 0.5, 0.5], labels=[1])


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(LabelError, match=r"scores\[1\] is NaN"):
        nms(THREE, [0.5, np.nan, 0.5])


def test_a_threshold_beyond_one_is_refused():
    with pytest.raises(RecipeError, match=r"iou_threshold must be from 0 to 1. Received: 50"):
        nms(THREE, [0.5, 0.5, 0.5], iou_threshold=50)


def test_an_unknown_method_is_refused():
    with pytest.raises(RecipeError, match=r"soft suppression is 'linear' or 'gaussian'. Received: 'hard'"):
        nms(THREE, [0.5, 0.5, 0.5], soft="hard")


def test_a_sigma_of_zero_is_refused():
    with pytest.raises(RecipeError, match=r"sigma must be above 0. Received: 0"):
        soft_nms(THREE, [0.5, 0.5, 0.5], sigma=0)
