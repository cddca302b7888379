import json

import numpy as np
import pytest

from boda.metrics import classify
from boda.metrics.sequence import (
    classify_figures,
    exact_match_figures,
    nll_figures,
    pieces_of,
    regress_figures,
    rounded,
    tag_figures,
)

TAGS = ["NOUN", "VERB"]


def test_classes_have_the_figures_that_pictures_have():
    rng = np.random.default_rng(0)
    labels, p = rng.integers(0, 2, 50), rng.dirichlet([1, 1], 50)

    found = classify_figures(labels, p, ["a", "b"], seed=3)
    expected = classify.evaluate(labels, p, ["a", "b"], np.random.default_rng([3, 1]))

    assert found.keys() == expected.keys() >= {"macro_f1", "macro_f1_interval", "log_loss", "ece", "per_class"}
    assert found["macro_f1"] == pytest.approx(expected["macro_f1"], rel=1e-5)


def test_every_dict_of_figures_is_json():
    rng = np.random.default_rng(0)
    found = [
        classify_figures(np.array([0, 0]), np.eye(2), ["a", "b"], 0),
        regress_figures(rng.normal(size=9), rng.normal(size=9), 0),
        tag_figures([TAGS], [TAGS], TAGS),
        tag_figures([["O", "B-X"]], [["O", "O"]], ["O", "B-X"]),
        nll_figures(rng.random(9), np.arange(1, 10), 0),
        exact_match_figures(["1"], ["2"]),
    ]

    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_numbers_by_hand():
    found = regress_figures(np.array([0.0, 2.0, 4.0]), np.array([1.0, 2.0, 2.0]), seed=0)

    assert (found["n"], found["mae"], found["r2"]) == (3, 1.0, 0.375)  # 1 - 5 / 8
    assert found["rmse"] == pytest.approx((5 / 3) ** 0.5, rel=1e-5)
    assert found["mae_interval"][0] <= 1 <= found["mae_interval"][1]


def test_the_mean_of_the_targets_has_an_r2_of_0():
    assert regress_figures(np.array([1.0, 3.0]), np.array([2.0, 2.0]), seed=0)["r2"] == 0


def test_equal_targets_have_no_r2():
    assert regress_figures(np.array([1.0, 1.0]), np.array([2.0, 2.0]), seed=0)["r2"] is None


def test_one_number_has_no_interval():
    assert regress_figures(np.array([1.0]), np.array([2.0]), seed=0)["mae_interval"] is None


def test_tags_by_hand():
    found = tag_figures([["NOUN", "VERB"], ["NOUN"]], [["NOUN", "NOUN"], ["NOUN"]], TAGS)

    assert (found["n"], found["steps"]) == (2, 3)
    assert found["accuracy"] == pytest.approx(2 / 3, rel=1e-5)
    assert found["macro_f1"] == pytest.approx((0.8 + 0) / 2)
    assert [row["name"] for row in found["per_class"]] == TAGS
    assert "entity_f1" not in found


def test_tags_that_mark_entities_have_their_f1():
    truth, answer = [["B-X", "I-X", "O", "B-X"]], [["B-X", "O", "O", "B-X"]]

    found = tag_figures(truth, answer, ["O", "B-X", "I-X"])

    assert (found["entity_f1"], found["entity_precision"], found["entity_recall"]) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("tags", "answers", "words"),
    [
        ([], [], "1 or more sentences.*Received: 0 sentences"),
        ([["NOUN"]], [], "as many answers"),
        ([["NOUN"], ["NOUN", "VERB"]], [["NOUN"], ["NOUN"]], "Sentence 1: expected a tag for each of 2.*Received: 1"),
    ],
)
def test_tags_that_do_not_fit_are_refused(tags, answers, words):
    with pytest.raises(ValueError, match=words):
        tag_figures(tags, answers, TAGS)


def test_the_nll_a_step_weighs_sequences_by_their_steps():
    found = nll_figures(np.array([3 * np.log(2), 0.0]), np.array([3, 1]), seed=0)

    assert found["nll"] == pytest.approx(0.75 * np.log(2), rel=1e-5)
    assert found["bits"] == 0.75
    assert found["perplexity"] == pytest.approx(2**0.75, rel=1e-5)
    assert found["steps"] == 4


def test_the_interval_of_the_nll_covers_it_about_as_often_as_it_says():
    chance = np.random.default_rng(0)
    ends = []
    for _ in range(100):
        steps = chance.integers(5, 30, 60)
        cost = np.array(
            [chance.exponential(1.0, n).sum() * level for n, level in zip(steps, chance.random(60) * 2, strict=True)]
        )
        ends.append(nll_figures(cost, steps, seed=0)["nll_interval"])

    assert np.mean([lo <= 1 <= hi for lo, hi in ends]) > 0.88


def test_one_piece_has_no_interval():
    assert nll_figures(np.array([2.0]), np.array([1]), seed=0)["nll_interval"] is None


def test_no_step_is_refused():
    with pytest.raises(ValueError, match="1 or more steps"):
        nll_figures(np.zeros(2), np.zeros(2), seed=0)


def test_a_long_text_is_cut_into_blocks():
    sums, steps = pieces_of([np.arange(1000.0), np.ones(100)])

    assert steps.tolist() == [256, 256, 256, 232, 100]
    assert sums[0] == 255 * 256 / 2
    assert sums.sum() == pytest.approx(999 * 500 + 100)


def test_many_sequences_stay_whole():
    sums, steps = pieces_of([np.ones(600)] * 20)

    assert steps.tolist() == [600] * 20
    assert sums.tolist() == [600.0] * 20


def test_sequences_without_steps_are_no_pieces():
    assert pieces_of([np.zeros(0), np.ones(3)])[1].tolist() == [3]


def test_exact_matches_by_hand():
    found = exact_match_figures(["579", "12"], ["579", "123"])

    assert (found["exact_match"], found["token_accuracy"], found["character_error_rate"]) == (0.5, 0.833333, 0.2)
    assert found["exact_match_interval"][0] < 0.5 < found["exact_match_interval"][1]


def test_targets_without_answers_are_refused():
    with pytest.raises(ValueError, match=r"1 or more targets and as many answers\. Received: 2, 1"):
        exact_match_figures(["a", "b"], ["a"])


def test_rounding_keeps_six_digits_and_whole_numbers():
    assert rounded((1 / 3, np.int64(7), True, "x", np.array([1e-9 / 3]))) == [0.333333, 7, True, "x", [3.33333e-10]]


@pytest.mark.parametrize("figures", [regress_figures, nll_figures])
def test_other_lengths_are_refused(figures):
    with pytest.raises(ValueError, match=r"\(2,\) and \w+ \(3,\)"):
        figures(np.zeros(2), np.zeros(3), seed=0)
