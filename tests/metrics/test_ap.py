import numpy as np
import pytest

from boda.boxes import Detections
from boda.metrics.ap import drawn_weights, precision, score
from boda.metrics.box_matches import match

HARD = [{"seed": 1}, {"seed": 2, "ties": True}, {"seed": 3, "grid": 8, "ties": True}, {"seed": 4, "objects": 0.3}]


def ones(pictures):
    return np.ones((1, pictures), dtype=np.int32)


@pytest.mark.parametrize("how", HARD, ids=["random", "ties", "grid", "few objects"])
def test_precision_of_all_pictures_equals_pycocotools(scenes, oracle, how):
    truth, found = scenes(**how)

    ours = precision(match(truth, found, 3), ones(len(truth)))[:, 0]

    theirs = oracle(truth, found, 3).eval["precision"][..., 0, 2].transpose(2, 0, 1)
    assert np.nan_to_num(ours, nan=-1) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("how", HARD, ids=["random", "ties", "grid", "few objects"])
def test_recall_of_all_pictures_equals_pycocotools(scenes, oracle, how):
    truth, found = scenes(**how)

    ours = score(match(truth, found, 3), ones(len(truth))).recall[0]

    assert np.nan_to_num(ours, nan=-1) == pytest.approx(oracle(truth, found, 3).eval["recall"][..., 0, 2].T, abs=1e-9)


def test_a_resampled_part_equals_pycocotools_on_the_copied_pictures(scenes, oracle):
    truth, found = scenes(seed=5)
    drawn = np.random.default_rng(0).integers(0, len(truth), len(truth))

    ours = score(match(truth, found, 3), np.bincount(drawn, minlength=len(truth))[None]).means()

    theirs = oracle([truth[i] for i in drawn], [found[i] for i in drawn], 3).stats
    assert [ours[name][0] for name in ("ap", "ap50", "ap75", "ar100")] == pytest.approx(theirs[[0, 1, 2, 8]], abs=1e-9)


def test_many_parts_at_once_are_the_parts_one_by_one(scenes, monkeypatch):
    truth, found = scenes(seed=6)
    matches, weights = match(truth, found, 3), drawn_weights(len(truth), 7, np.random.default_rng(0))
    whole = score(matches, weights).ap

    monkeypatch.setattr("boda.metrics.ap.BLOCK", 1)

    assert np.array_equal(score(matches, weights).ap, whole, equal_nan=True)


def test_precision_worked_out_by_hand():
    boxes = np.array([[0.0, 0, 9, 9], [20, 0, 29, 9]])
    found = Detections([[0, 0, 9, 9], [50, 50, 59, 59], [20, 0, 29, 9]], [0.9, 0.8, 0.7], [0, 0, 0])

    line = precision(match([(boxes, np.array([0, 0]))], [found], 1), ones(1))[0, 0, 0]

    assert line[:51].tolist() == [1.0] * 51
    assert line[51:] == pytest.approx(2 / 3)


def test_a_part_without_objects_of_a_class_leaves_it_out():
    box = np.array([[0.0, 0, 9, 9]])
    truth = [(box, np.array([0])), (box, np.array([1]))]
    found = [Detections(box, [0.9], [0]), Detections.empty()]

    means = score(match(truth, found, 2), np.array([[1, 1], [2, 0], [0, 2]])).means()

    assert means["ap"].tolist() == [0.5, 1.0, 0.0]


def test_drawn_weights_draw_as_many_pictures_as_there_are():
    weights = drawn_weights(9, 100, np.random.default_rng(0))

    assert (weights.sum(axis=1) == 9).all()
    assert weights.mean(axis=0) == pytest.approx(1, abs=0.4)
