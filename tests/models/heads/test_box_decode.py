import numpy as np
import pytest

from boda.models.heads.box_decode import CANDIDATES, VOTERS, decode_detect, decode_locate

PAIR = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60]], np.float32)


def test_one_box_becomes_pixels_of_the_view():
    found = decode_locate(np.array([0.1, 0.2, 0.5, 1.0]), -1.5, np.array([0.0, 3.0]), size=50)

    np.testing.assert_allclose(found.boxes, [[5, 10, 25, 50]])
    assert (found.scores.tolist(), found.labels.tolist()) == ([-1.5], [1])


def test_boxes_of_one_class_on_each_other_become_one():
    found = decode_detect(PAIR, np.array([[1.0], [2.0], [0.0]]))

    assert found.scores.tolist() == [2.0, 0.0]
    assert found.boxes[1].tolist() == PAIR[2].tolist()


def test_where_a_box_lies_is_the_mean_of_those_that_it_suppressed():
    found = decode_detect(PAIR, np.array([[1.0], [2.0], [0.0]]))
    own, other = 1 / (1 + np.exp(-2.0)), 0.9 / (1 + np.exp(-1.0))

    np.testing.assert_allclose(
        found.boxes[0], [0, 0, 10, (9 * own**2 + 10 * other**2) / (own**2 + other**2)], rtol=1e-6
    )


def test_others_have_no_say():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 8], [0, 0, 10, 5]], np.float32)
    far = -VOTERS - 0.1  # below the best one
    found = decode_detect(boxes, np.array([[0.0, -np.inf], [-np.inf, -0.5], [far, -np.inf], [-0.5, -np.inf]]))

    first = found.labels.tolist().index(0)
    assert found.boxes[first].tolist() == boxes[0].tolist()  # another class, too doubtful, too far away


def test_a_box_without_an_area_stays_where_it_is():
    flat = np.array([[5, 5, 5, 9]], np.float32)

    assert decode_detect(flat, np.array([[-900.0]])).boxes.tolist() == flat.tolist()


def test_boxes_of_two_classes_may_lie_on_each_other():
    found = decode_detect(PAIR[:2], np.array([[2.0, -np.inf], [-np.inf, 1.0]]), least=0.0)

    assert found.labels.tolist() == [0, 1]


def test_what_lies_below_the_least_changes_nothing_above_it():
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 60, (200, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(5, 40, (200, 2))], axis=1).astype(np.float32)
    logits = rng.normal(0, 2, (200, 3))
    every, some = decode_detect(boxes, logits, most=1000), decode_detect(boxes, logits, least=1.0, most=1000)

    np.testing.assert_array_equal(some.boxes, every.above(1.0).boxes)


def test_only_the_best_candidates_are_looked_at():
    logits = np.arange(CANDIDATES + 500, dtype=np.float32)[:, None]
    apart = np.arange(len(logits))[:, None] * 20 + np.array([[0, 0, 10, 10]])
    found = decode_detect(apart, logits, most=10_000)

    assert len(found) == CANDIDATES
    assert found.scores.min() == 500


def test_at_most_so_many_boxes_are_given():
    apart = np.arange(300)[:, None] * 20 + np.array([[0, 0, 10, 10]])

    assert len(decode_detect(apart, np.zeros((300, 1)), most=7)) == 7


def test_no_candidate_gives_no_box():
    found = decode_detect(PAIR, np.full((3, 2), -9.0), least=0.0)

    assert (len(found), found.boxes.shape) == (0, (0, 4))


@pytest.mark.parametrize("least", [-np.inf, -5.0])
def test_a_logit_that_is_no_number_never_stands_out(least):
    found = decode_detect(PAIR, np.array([[np.nan], [np.nan], [1.0]]), least=least)

    assert found.boxes.tolist() == [PAIR[2].tolist()]
