import numpy as np
import pytest

from boda.metrics import classify
from boda.metrics.intervals import wilson
from boda.metrics.tallies import Tallies, drawn, drawn_ratio, share


def sentences(seed=0, n=40, k=4):
    rng = np.random.default_rng(seed)
    truth = [rng.integers(0, k, length) for length in rng.integers(1, 9, n)]
    answers = [np.where(rng.random(len(one)) < 0.7, one, rng.integers(0, k, len(one))) for one in truth]
    return truth, answers


def test_a_row_counts_one_sequence():
    tallies = Tallies.of([np.array([0, 0, 1]), np.array([2])], [np.array([0, 1, 1]), np.array([0])], 3)

    assert tallies.right.tolist() == [[1, 1, 0], [0, 0, 0]]
    assert tallies.answered.tolist() == [[1, 2, 0], [1, 0, 0]]
    assert tallies.true.tolist() == [[2, 1, 0], [0, 0, 1]]


def test_sequences_of_one_step_have_the_macro_f1_and_interval_of_classify():
    rng = np.random.default_rng(0)
    targets = np.concatenate([np.arange(4), rng.integers(0, 4, 100)])
    found = np.where(rng.random(104) < 0.6, targets, rng.integers(0, 4, 104))

    tallies = Tallies.of(list(targets[:, None]), list(found[:, None]), 5)
    expected = classify.evaluate(targets, np.eye(5)[found], list("abcde"), rng)

    assert tallies.macro_f1() == pytest.approx(expected["macro_f1"])
    assert tallies.macro_f1_interval() == pytest.approx(expected["macro_f1_interval"])
    assert tallies.accuracy() == pytest.approx(expected["accuracy"])
    for row, other in zip(tallies.rows(list("abcde")), expected["per_class"], strict=True):
        assert row["f1"] == pytest.approx(other["f1"])
        assert row["recall"] == pytest.approx(other["recall"])
        assert row["precision"] == pytest.approx(other["precision"])


def test_tokens_that_fail_together_widen_the_interval():
    alone = Tallies.of([np.zeros(1, int)] * 40, [np.array([i % 4 == 0]) for i in range(40)], 2)
    together = Tallies.of([np.zeros(10, int)] * 4, [np.full(10, i == 0) for i in range(4)], 2)

    (lo, hi), (low, high) = alone.accuracy_interval(), together.accuracy_interval()

    assert alone.accuracy() == together.accuracy() == 0.75
    assert high - low > 2 * (hi - lo)


def test_the_interval_is_about_as_wide_as_the_bootstrap_over_sentences():
    tallies = Tallies.of(*sentences(n=150), 4)
    lo, hi = np.quantile(tallies.drawn_macro_f1(drawn(150, seed=0)), [0.025, 0.975])

    assert tallies.macro_f1_interval() == pytest.approx((lo, hi), abs=0.01)


def test_wholly_right_sentences_are_not_thought_certain():
    truth, _ = sentences()
    tallies = Tallies.of(truth, truth, 4)
    steps = sum(map(len, truth))

    assert tallies.macro_f1() == tallies.accuracy() == 1
    assert tallies.accuracy_interval() == pytest.approx(wilson(steps, steps))


def test_a_class_that_never_occurs_is_known_in_nothing():
    row = Tallies.of([np.array([0])], [np.array([0])], 2).rows(["a", "b"])[1]

    assert row["n"] == row["f1"] == row["recall"] == row["precision"] == 0
    assert row["f1_interval"] == (0, 1)


def test_without_any_step_macro_f1_is_undefined():
    tallies = Tallies(*[np.zeros((3, 1), int)] * 3)

    assert np.isnan(tallies.macro_f1())
    assert np.isnan(tallies.macro_f1_interval()).all()


def test_other_lengths_are_refused():
    with pytest.raises(ValueError, match=r"truth \(2,\) and answers \(1,\)"):
        Tallies.of([np.zeros(2, int)], [np.zeros(1, int)], 1)


def test_each_draw_has_as_many_sequences_as_there_are():
    weights = np.concatenate(list(drawn(7, seed=0, draws=30)))

    assert weights.shape == (30, 7)
    assert (weights.sum(axis=1) == 7).all()


def test_equal_seeds_draw_alike():
    one, other = (np.concatenate(list(drawn(9, seed=3, draws=5))) for _ in range(2))

    assert (one == other).all()


def test_a_drawn_ratio_is_one_of_sums():
    weights = iter([np.array([[2.0, 0.0], [0.0, 1.0]])])

    assert drawn_ratio(np.array([1, 3]), np.array([2, 4]), weights).tolist() == [0.5, 0.75]


def test_a_share_of_nothing_is_0_and_unknown():
    assert share(np.zeros(2), np.zeros(2)) == (0, (0, 1))
