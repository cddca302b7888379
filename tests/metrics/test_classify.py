import json

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from boda.metrics import classify
from boda.metrics.classify import evaluate, evaluate_multilabel, log_loss, sigmoid, softmax
from boda.metrics.intervals import wilson

NAMES = ["ant", "bee", "cat", "dog"]


def drawn(seed, n=120, k=4, decimals=1):
    """Targets of every class, and probabilities with ties."""
    rng = np.random.default_rng(seed)
    targets = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
    logits = rng.normal(size=(n, k)).round(decimals)
    logits[np.arange(n), targets] += 1
    return targets, softmax(logits)


def labelled(seed, n=80, k=3):
    """Several labels a sample, and probabilities with ties."""
    rng = np.random.default_rng(seed)
    targets = (rng.random((n, k)) < [0.5, 0.3, 0.1]).astype(int)
    return targets, sigmoid((rng.normal(size=(n, k)) + 2 * targets - 1).round(1))


def rng():
    return np.random.default_rng(7)


def test_softmax_does_not_overflow():
    assert softmax(np.array([[1000.0, 1000.0], [-1000.0, 0.0]])).tolist() == [[0.5, 0.5], [0, 1]]


def test_sigmoid_does_not_overflow():
    assert sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0, 0.5, 1]


def test_sigmoid_is_the_softmax_of_a_logit_and_0():
    logits = np.linspace(-5, 5, 11)

    assert sigmoid(logits) == pytest.approx(softmax(np.stack([logits, 0 * logits], axis=1))[:, 0])


def test_rows_of_the_confusion_matrix_are_truth():
    matrix = classify.confusion_matrix(np.array([0, 0, 2]), np.array([0, 1, 2]), 3)

    assert matrix.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert matrix.dtype == np.int64


def test_the_confusion_matrix_of_small_integers_does_not_overflow():
    matrix = classify.confusion_matrix(np.array([99], dtype=np.uint8), np.array([99], dtype=np.uint8), 100)

    assert matrix[99, 99] == 1


def test_accuracy_counts_samples_of_which_every_label_is_right():
    assert classify.accuracy(np.array([0, 1, 1]), np.array([0, 1, 0])) == pytest.approx(2 / 3)
    assert classify.accuracy(np.array([[0, 1], [1, 1]]), np.array([[0, 1], [1, 0]])) == 0.5


def test_balanced_accuracy_is_the_mean_recall_of_classes_that_occur():
    targets, predicted = np.array([0, 0, 0, 2]), np.array([0, 0, 1, 2])

    assert classify.balanced_accuracy(targets, predicted) == pytest.approx((2 / 3 + 1) / 2)


def test_precision_recall_and_f1_are_0_where_they_are_0_by_0():
    precision, recall, f1 = classify.precision_recall_f1(np.array([[3, 1, 0], [2, 0, 0], [0, 0, 0]]))

    assert precision.tolist() == [0.6, 0, 0]
    assert recall.tolist() == [0.75, 0, 0]
    assert f1 == pytest.approx([2 / 3, 0, 0])


@given(st.integers(0, 1000), st.integers(4, 60))
def test_scores_of_hard_answers_agree_with_sklearn(seed, n):
    targets, probabilities = drawn(seed, n)
    predicted = probabilities.argmax(axis=1)
    ours = classify.precision_recall_f1(classify.confusion_matrix(targets, predicted, 4))
    theirs = oracle.precision_recall_fscore_support(targets, predicted, labels=range(4), zero_division=0)

    assert np.array(ours) == pytest.approx(np.array(theirs[:3]))
    assert classify.balanced_accuracy(targets, predicted) == pytest.approx(
        oracle.balanced_accuracy_score(targets, predicted)
    )


@given(st.integers(0, 1000), st.integers(4, 60))
def test_scores_of_probabilities_agree_with_sklearn(seed, n):
    targets, probabilities = drawn(seed, n)

    assert log_loss(targets, probabilities) == pytest.approx(oracle.log_loss(targets, probabilities, labels=range(4)))
    assert classify.macro_auc(targets, probabilities) == pytest.approx(
        oracle.roc_auc_score(targets, probabilities, multi_class="ovr")
    )
    assert classify.average_precision(targets == 1, probabilities[:, 1]) == pytest.approx(
        oracle.average_precision_score(targets == 1, probabilities[:, 1])
    )


def test_log_loss_of_a_sure_mistake_is_finite():
    assert log_loss(np.array([0]), np.array([[0.0, 1.0]])) == pytest.approx(34.54, abs=0.01)


def test_log_loss_of_labels_is_their_mean_binary_cross_entropy():
    loss = log_loss(np.array([[1, 0]]), np.array([[0.8, 0.3]]))

    assert loss == pytest.approx(-(np.log(0.8) + np.log(0.7)) / 2)


def test_auc_counts_ties_half():
    assert classify.auc(np.array([0, 1, 1]), np.array([0.5, 0.5, 0.9])) == 0.75


@pytest.mark.parametrize("targets", [[0, 0], [1, 1]])
def test_auc_of_one_class_only_is_nan(targets):
    assert np.isnan(classify.auc(np.array(targets), np.array([0.1, 0.9])))


def test_average_precision_by_hand():
    # by score: hit 1/1, miss, hit 2/3
    assert classify.average_precision(np.array([1, 0, 1]), np.array([0.9, 0.8, 0.1])) == pytest.approx((1 + 2 / 3) / 2)


def test_average_precision_without_positives_is_nan():
    assert np.isnan(classify.average_precision(np.zeros(3), np.arange(3)))


def test_brier_is_2_for_a_sure_mistake_and_0_for_sure_truth():
    assert classify.brier(np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]])) == 1


@pytest.mark.parametrize("score", [classify._auc, classify._average_precision, classify._f1, classify._recall])
@pytest.mark.parametrize("sample", [0, 5, 17])
def test_influence_is_the_slope_of_a_score_as_a_sample_comes_again(score, sample):
    true = np.random.default_rng(0).random(40) < 0.4
    scores = (np.random.default_rng(1).random(40) + 0.3 * true).round(1)
    answers = scores > 0.6 if score in (classify._f1, classify._recall) else scores
    copies = 500  # of every sample, so that one more is a small step
    true, answers = np.repeat(true, copies), np.repeat(answers, copies)
    at = sample * copies

    value, influence, _ = score(true, answers)
    moved = score(np.append(true, true[at]), np.append(answers, answers[at]))[0]

    assert influence.mean() == pytest.approx(0, abs=1e-12)
    assert (moved - value) * len(true) == pytest.approx(influence[at], rel=0.02, abs=1e-3)


def test_evaluate_agrees_with_sklearn():
    targets, probabilities = drawn(0)
    predicted = probabilities.argmax(axis=1)

    found = evaluate(targets, probabilities, NAMES, rng())

    assert found["accuracy"] == oracle.accuracy_score(targets, predicted)
    assert found["balanced_accuracy"] == pytest.approx(oracle.balanced_accuracy_score(targets, predicted))
    assert found["macro_f1"] == pytest.approx(oracle.f1_score(targets, predicted, average="macro"))
    assert found["auc"] == pytest.approx(oracle.roc_auc_score(targets, probabilities, multi_class="ovr"))
    assert found["confusion"] == oracle.confusion_matrix(targets, predicted).tolist()
    assert [row["f1"] for row in found["per_class"]] == pytest.approx(
        oracle.f1_score(targets, predicted, average=None).tolist()
    )


def test_evaluate_multilabel_agrees_with_sklearn():
    targets, probabilities = labelled(0)
    answer = probabilities >= 0.5

    found = evaluate_multilabel(targets, probabilities, NAMES[:3], rng())

    assert found["accuracy"] == oracle.accuracy_score(targets, answer)
    assert found["hamming_accuracy"] == pytest.approx(1 - oracle.hamming_loss(targets, answer))
    assert found["macro_f1"] == pytest.approx(oracle.f1_score(targets, answer, average="macro"))
    assert found["micro_f1"] == pytest.approx(oracle.f1_score(targets, answer, average="micro"))
    assert found["auc"] == pytest.approx(oracle.roc_auc_score(targets, probabilities))
    assert found["mean_average_precision"] == pytest.approx(oracle.average_precision_score(targets, probabilities))
    assert found["per_class"][1]["auc"] == pytest.approx(oracle.roc_auc_score(targets[:, 1], probabilities[:, 1]))


def intervals(found):
    """Every (score, interval) in what `evaluate` found, those of the classes too."""
    for row in [found, *found["per_class"]]:
        yield from ((row[key.removesuffix("_interval")], row[key]) for key in row if key.endswith("_interval"))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(4, 40))
def test_every_score_lies_within_its_interval(seed, n):
    found = evaluate(*drawn(seed, n), NAMES, rng())

    assert all(lo <= value <= hi for value, (lo, hi) in intervals(found))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(30, 60))
def test_every_score_of_several_labels_lies_within_its_interval(seed, n):
    found = evaluate_multilabel(*labelled(seed, n), NAMES[:3], rng())

    assert all(ends is None or ends[0] <= value <= ends[1] for value, ends in intervals(found))


def test_perfect_answers_are_not_thought_certain():
    targets = np.array([0, 1] * 20)

    found = evaluate(targets, np.eye(2)[targets], NAMES[:2], rng())

    for score in ("accuracy", "balanced_accuracy", "auc", "macro_f1"):
        assert found[score] == 1
        assert found[f"{score}_interval"] == pytest.approx(wilson(40, 40))


def test_the_interval_of_f1_is_that_of_the_share_right_among_all_involved():
    row = classify._class_row("ant", right=3, answered=5, true=4)  # 6 are ants or were called so
    lo, hi = wilson(3, 6)

    assert row["f1"] == pytest.approx(2 / 3)
    assert row["f1_interval"] == pytest.approx([2 * lo / (1 + lo), 2 * hi / (1 + hi)])


@pytest.mark.parametrize("targets", [[0], [1, 1, 1]])
def test_what_is_undefined_is_none_and_the_rest_is_json(targets):
    n = len(targets)
    found = evaluate(np.array(targets), np.full((n, 3), 1 / 3), NAMES[:3], rng())

    assert found["auc"] is None
    assert found["auc_interval"] is None
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_class_without_samples_or_answers_has_an_interval_of_everything():
    row = evaluate(np.array([0, 1]), np.eye(3)[[0, 1]], NAMES[:3], rng())["per_class"][2]

    assert row["n"] == row["precision"] == row["recall"] == row["f1"] == 0
    assert row["precision_interval"] == row["recall_interval"] == row["f1_interval"] == [0, 1]


def test_labels_that_never_occur_are_none_and_the_rest_is_json():
    found = evaluate_multilabel(np.zeros((3, 2), dtype=int), np.full((3, 2), 0.1), NAMES[:2], rng())

    assert found["accuracy"] == found["hamming_accuracy"] == 1
    assert found["macro_f1"] is found["micro_f1"] is found["mean_average_precision"] is found["auc"] is None
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_threshold_decides_which_labels_are_given():
    probabilities = np.array([[0.3], [0.6]])
    targets = np.array([[1], [1]])

    assert evaluate_multilabel(targets, probabilities, ["ant"], rng())["accuracy"] == 0.5
    assert evaluate_multilabel(targets, probabilities, ["ant"], rng(), threshold=0.3)["accuracy"] == 1


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    chance = np.random.default_rng(0)

    def sample(n):
        targets = chance.choice(3, n, p=[0.5, 0.3, 0.2])
        logits = chance.normal(size=(n, 3))
        logits[np.arange(n), targets] += 2
        return targets, softmax(logits)

    truth = evaluate(*sample(100_000), NAMES[:3], rng())
    found = [evaluate(*sample(80), NAMES[:3], rng()) for _ in range(200)]

    for score in ("accuracy", "balanced_accuracy", "log_loss", "auc", "macro_f1"):
        ends = np.array([one[f"{score}_interval"] for one in found])
        covered = ((ends[:, 0] <= truth[score]) & (truth[score] <= ends[:, 1])).mean()
        assert 0.89 < covered <= 1, score


@pytest.mark.parametrize(
    ("targets", "probabilities", "words"),
    [
        (np.zeros(3, int), np.zeros((4, 2)), r"targets \(3,\) and probabilities \(4, 2\)"),
        (np.zeros(4, int), np.zeros((4, 3)), r"for 2 classes.*probabilities \(4, 3\)"),
        (np.zeros(0, int), np.zeros((0, 2)), r"1 or more samples"),
        (np.array([2]), np.array([[0.5, 0.5]]), r"targets must be 0 to 1. Received: 2 to 2"),
        (np.array([0]), np.array([[-3.0, 2.0]]), r"are these logits\? Received: -3.0 to 2.0"),
        (np.array([0]), np.array([[np.nan, 0.5]]), r"probabilities must be 0 to 1"),
    ],
)
def test_evaluate_refuses_what_does_not_fit(targets, probabilities, words):
    with pytest.raises(ValueError, match=words):
        evaluate(targets, probabilities, NAMES[:2], rng())


def test_evaluate_multilabel_refuses_indices():
    with pytest.raises(ValueError, match=r"targets \(4,\) and probabilities \(4, 2\)"):
        evaluate_multilabel(np.zeros(4), np.zeros((4, 2)), NAMES[:2], rng())


@pytest.mark.parametrize("score", [classify.accuracy, log_loss, classify.brier, classify.auc])
def test_scores_refuse_other_lengths_with_both_shapes(score):
    with pytest.raises(ValueError, match=r"targets \(2,\) and \w+ \(3,"):
        score(np.zeros(2, int), np.zeros((3, 2)))
