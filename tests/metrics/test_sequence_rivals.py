import numpy as np
import pytest

from boda.metrics.sequence_rivals import (
    against,
    classify_difference,
    exact_match_difference,
    nll_difference,
    regress_difference,
    strongest,
    tag_difference,
    told,
)


def half_right(n=200):
    labels = np.arange(n) % 2
    return labels, np.eye(2)[labels], np.eye(2)[np.zeros(n, int)]


def test_a_better_answer_is_better_and_the_other_way_round_worse():
    labels, right, constant = half_right()

    ours = classify_difference(labels, right, constant, seed=0, classes=2)
    theirs = classify_difference(labels, constant, right, seed=0, classes=2)

    assert ours["figure"] == "macro_f1"
    assert ours["difference"] == pytest.approx(1 - 1 / 3, rel=1e-5)
    assert ours["verdict"] == "better"
    assert theirs["verdict"] == "worse"
    assert theirs["interval"] == pytest.approx([-end for end in ours["interval"][::-1]], abs=1e-6)


def test_equal_answers_are_the_same():
    labels, right, _ = half_right()

    assert classify_difference(labels, right, right, seed=0, classes=2) == {
        "figure": "macro_f1",
        "difference": 0.0,
        "interval": [0.0, 0.0],
        "verdict": "same",
    }


def test_less_nll_is_better():
    steps = np.arange(1, 51)

    found = nll_difference(1.0 * steps, 1.5 * steps, steps, seed=0)

    assert (found["figure"], found["difference"], found["verdict"]) == ("nll", -0.5, "better")


def test_what_is_hard_for_both_does_not_widen_the_interval():
    level = np.random.default_rng(0).normal(0, 100, 50)

    lo, hi = nll_difference(level, level + 1, np.ones(50), seed=0)["interval"]

    assert hi - lo < 1e-4


def test_one_piece_shows_no_difference():
    found = nll_difference(np.array([1.0]), np.array([9.0]), np.array([1]), seed=0)

    assert (found["interval"], found["verdict"]) == (None, "same")


def test_less_error_is_better():
    targets = np.arange(30.0)

    found = regress_difference(targets, targets + 1, targets - 3, seed=0)

    assert (found["figure"], found["difference"], found["verdict"]) == ("mae", -2.0, "better")


def test_tags_differ_in_accuracy():
    truth = [["A", "B"]] * 20

    found = tag_difference(truth, truth, [["A", "A"]] * 20, seed=0, classes=["A", "B"])

    assert (found["figure"], found["difference"], found["verdict"]) == ("accuracy", 0.5, "better")


def test_tags_of_entities_differ_in_their_f1():
    truth = [["B-X", "O"]] * 20

    found = tag_difference(truth, [["O", "O"]] * 20, truth, seed=0, classes=["O", "B-X"])

    assert (found["figure"], found["difference"], found["verdict"]) == ("entity_f1", -1.0, "worse")


def test_exact_matches_differ_by_mcnemar():
    targets = list("abcdef")

    found = exact_match_difference(targets, list("abcdex"), list("xxxxxx"))

    assert found["difference"] == pytest.approx(5 / 6, rel=1e-5)
    assert found["p"] == 0.0625
    assert found["verdict"] == "better"


def test_the_strongest_has_the_least_error_or_the_most_matches():
    assert strongest({"a": {"nll": 3.0}, "b": {"nll": 2.0}}, "nll") == "b"
    assert strongest({"a": {"exact_match": 0.3}, "b": {"exact_match": 0.2}}, "exact_match") == "a"


def test_an_undefined_figure_is_never_the_strongest():
    assert strongest({"a": {"entity_f1": None}, "b": {"entity_f1": 0.0}}, "entity_f1") == "b"
    assert strongest({"a": {"entity_f1": None}}, "entity_f1") == "a"


def test_what_metrics_json_says_begins_with_the_baseline():
    assert list(against("mean", told("mae", -1, -2, -0.5))) == [
        "baseline", "figure", "difference", "interval", "verdict",
    ]  # fmt: skip


def test_no_sequence_is_refused():
    with pytest.raises(ValueError, match="1 or more sequences"):
        nll_difference(*[np.zeros(0)] * 3, seed=0)


def test_other_lengths_are_refused():
    with pytest.raises(ValueError, match=r"ours \(2,\) and theirs \(3,\)"):
        nll_difference(np.zeros(2), np.zeros(3), np.ones(2), seed=0)


def test_false_differences_are_seldom_called():
    chance = np.random.default_rng(0)
    labels = chance.integers(0, 3, 120)
    verdicts = []
    for seed in range(60):
        one, other = (np.eye(3)[np.where(chance.random(120) < 0.6, labels, chance.integers(0, 3, 120))] for _ in "ab")
        verdicts.append(classify_difference(labels, one, other, seed=seed, classes=3)["verdict"])

    assert sum(verdict != "same" for verdict in verdicts) <= 7
