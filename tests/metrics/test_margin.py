import numpy as np
import pytest

from boda.metrics.margin import coverage, fit_margin, grow, needed_margin

BOX = [10.0, 20, 20, 40]


@pytest.mark.parametrize(
    ("truth", "margin"),
    [
        ([10, 20, 20, 40], 0),
        ([12, 22, 18, 38], 0),
        ([8, 20, 20, 40], 0.2),
        ([10, 20, 23, 40], 0.3),
        ([10, 12, 20, 40], 0.4),
        ([10, 20, 20, 50], 0.5),
        ([8, 20, 20, 50], 0.5),
    ],
    ids=["exact", "inside", "left", "right", "above", "below", "the most counts"],
)
def test_the_margin_is_how_far_the_object_sticks_out_of_the_box(truth, margin):
    assert needed_margin(np.array([truth]), np.array([BOX])) == pytest.approx([margin])


def test_a_box_without_area_never_grows_enough():
    assert needed_margin(np.array([BOX]), np.array([[5.0, 5, 5, 9]])).tolist() == [np.inf]


def test_a_box_grown_by_what_it_needs_holds_its_object():
    rng = np.random.default_rng(0)
    truth, found = (np.sort(rng.random((200, 2, 2)), axis=1).reshape(200, 4) + np.array([0, 0, 1, 1]) for _ in range(2))

    grown = np.stack([grow(f[None], m)[0] for f, m in zip(found, needed_margin(truth, found), strict=True)])

    assert (grown[:, :2] <= truth[:, :2] + 1e-12).all()
    assert (grown[:, 2:] >= truth[:, 2:] - 1e-12).all()


def test_a_grown_box_is_cut_to_the_picture():
    assert grow(np.array([BOX]), 1.0, (25, 50)).tolist() == [[0, 0, 25, 50]]


def test_growing_leaves_the_callers_boxes():
    boxes = np.array([BOX])

    grow(boxes, 1.0, (25, 50))

    assert boxes.tolist() == [BOX]


def test_the_margin_is_the_quantile_of_one_picture_more():
    truth = np.tile(BOX, (19, 1))
    truth[:, 0] -= np.arange(19)

    assert fit_margin(truth, np.tile(BOX, (19, 1))) == pytest.approx(1.7)  # the 18th of 19 from 0.0 to 1.8


@pytest.mark.parametrize(("n", "enough"), [(8, False), (9, True)])
def test_too_few_pictures_promise_nothing(n, enough):
    boxes = np.tile(BOX, (n, 1))

    assert (fit_margin(boxes, boxes) is not None) == enough


def test_boxes_without_area_promise_nothing_when_they_are_many():
    found = np.tile(BOX, (20, 1))
    found[:3, 2] = found[:3, 0]

    assert fit_margin(np.tile(BOX, (20, 1)), found) is None


@pytest.mark.parametrize("level", [0.8, 0.9])
def test_new_pictures_are_held_as_often_as_promised(level):
    rng = np.random.default_rng(0)
    held = []
    for _ in range(400):
        truth = np.tile([0.0, 0, 10, 10], (80, 1))
        found = truth + rng.standard_t(3, size=(80, 4)) * rng.gamma(2, 0.5, size=(80, 1))
        margin = fit_margin(truth[:40], found[:40], level)
        held.append(np.inf if margin is None else coverage(truth[40:], found[40:], margin)["coverage"])

    exact = np.ceil(41 * level) / 41
    assert np.mean(held) == pytest.approx(exact, abs=0.01)


def test_coverage_counts_the_pictures_that_are_held():
    found = coverage(np.array([BOX, [0.0, 0, 99, 99]]), np.array([BOX, BOX]), 0.1)

    assert (found["n"], found["coverage"]) == (2, 0.5)


def test_coverage_of_no_pictures_is_unknown():
    assert coverage(np.zeros((0, 4)), np.zeros((0, 4)), 0.1) == {"n": 0, "coverage": None, "interval": [0.0, 1.0]}


def test_a_margin_wants_a_level_between_0_and_1():
    with pytest.raises(ValueError, match=r"level must be between 0 and 1\. Received: level=90"):
        fit_margin(np.array([BOX]), np.array([BOX]), 90)


def test_a_margin_wants_one_box_for_each():
    with pytest.raises(ValueError, match=r"truth \(2, 4\) and found \(1, 4\)"):
        fit_margin(np.array([BOX, BOX]), np.array([BOX]))
