import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boda.metrics.calibrate import (
    abstain_threshold,
    average_ranks,
    expected_calibration_error,
    fit_temperature,
    reliability_bins,
)
from boda.metrics.classify import log_loss, sigmoid, softmax


def drawn(seed, n=400, k=3, sharpness=1.0):
    """Logits, and targets drawn from softmax(logits / sharpness)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, k)) * 2 * sharpness
    return logits, (logits / sharpness + rng.gumbel(size=(n, k))).argmax(axis=1)


@pytest.mark.parametrize("sharpness", [0.25, 1, 4])
def test_the_temperature_undoes_how_much_too_sure_the_logits_are(sharpness):
    logits, targets = drawn(0, n=4000, sharpness=sharpness)

    assert fit_temperature(logits, targets) == pytest.approx(sharpness, rel=0.1)


@pytest.mark.parametrize("sharpness", [0.25, 4])
def test_the_temperature_of_sigmoids_undoes_it_too(sharpness):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2000, 3)) * 2
    targets = rng.random((2000, 3)) < sigmoid(logits)

    assert fit_temperature(logits * sharpness, targets, multilabel=True) == pytest.approx(sharpness, rel=0.1)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 40), st.floats(0.1, 10))
def test_the_temperature_never_raises_the_log_loss_and_moves_no_answer(seed, n, sharpness):
    logits, targets = drawn(seed, n=n, sharpness=sharpness)

    warm = softmax(logits / fit_temperature(logits, targets))

    assert log_loss(targets, warm) <= log_loss(targets, softmax(logits)) + 1e-6
    assert (warm.argmax(axis=1) == logits.argmax(axis=1)).all()


def test_the_temperature_agrees_with_a_scan_of_loss_and_prior():
    logits, targets = drawn(1, n=20)
    scan = np.exp(np.linspace(-2, 2, 4001))
    total = [20 * log_loss(targets, softmax(logits / t)) + np.log(t) ** 2 / 2 for t in scan]

    assert fit_temperature(logits, targets) == pytest.approx(scan[np.argmin(total)], rel=2e-3)


@pytest.mark.parametrize("size", [1, 10, 100])
def test_separable_samples_do_not_send_the_temperature_to_its_bound(size):
    logits = np.eye(2)[[0, 1] * 20] * size

    assert 0.06 < fit_temperature(logits, np.array([0, 1] * 20)) <= 1.001


def test_samples_that_are_all_wrong_do_not_send_the_temperature_to_its_bound():
    assert 1 < fit_temperature(np.array([[3.0, 0.0]] * 5), np.ones(5, dtype=int)) < 19


def test_no_samples_leave_the_temperature_at_1():
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, dtype=int)) == pytest.approx(1, abs=1e-4)


def test_a_temperature_wants_targets_that_fit_the_logits():
    with pytest.raises(ValueError, match=r"logits \(4, 2\) and targets \(3,\)"):
        fit_temperature(np.zeros((4, 2)), np.zeros(3, dtype=int))


def test_a_temperature_wants_finite_logits():
    with pytest.raises(ValueError, match=r"Received: 1 that are not"):
        fit_temperature(np.array([[0, np.inf]]), np.array([1]))


def test_fitting_leaves_the_logits_as_they_were():
    logits, targets = drawn(0, n=20)
    before = logits.copy()

    fit_temperature(logits, targets)

    assert (logits == before).all()


def test_calibration_error_of_one_bin_is_confidence_less_accuracy():
    probabilities = np.array([[0.9, 0.1]] * 10)

    assert expected_calibration_error(probabilities, np.array([0] * 6 + [1] * 4)) == pytest.approx(0.3)


def test_calibration_error_weighs_bins_by_their_samples():
    probabilities = np.array([[0.6, 0.4]] * 10 + [[0.9, 0.1]] * 10)
    targets = np.array([0] * 8 + [1] * 2 + [0] * 8 + [1] * 2)  # 0.2 too modest, 0.1 too sure

    assert expected_calibration_error(probabilities, targets) == pytest.approx(0.15)


def test_calibration_error_of_labels_compares_every_probability_with_how_often_it_comes_true():
    probabilities = np.array([[0.2, 0.7]] * 10)
    targets = np.array([[1, 1]] * 2 + [[0, 1]] * 7 + [[0, 0]])

    assert expected_calibration_error(probabilities, targets) == pytest.approx((0 + 0.2) / 2)


def test_calibration_error_does_not_depend_on_the_order_of_samples():
    rng = np.random.default_rng(0)
    confident = rng.choice([0.5, 0.6, 0.8], 100)
    probabilities, targets = np.stack([confident, 1 - confident], axis=1), rng.integers(0, 2, 100)
    order = rng.permutation(100)

    assert expected_calibration_error(probabilities[order], targets[order]) == pytest.approx(
        expected_calibration_error(probabilities, targets)
    )


def test_calibration_error_falls_towards_0_for_what_is_calibrated():
    logits, targets = drawn(0, n=50_000)

    assert expected_calibration_error(softmax(logits), targets) < 0.01
    assert expected_calibration_error(softmax(3 * logits), targets) > 0.1


def test_calibration_error_of_nothing_is_nan():
    assert np.isnan(expected_calibration_error(np.zeros((0, 2)), np.zeros(0, dtype=int)))


def test_reliability_bins_hold_equally_many_samples():
    bins = reliability_bins(np.linspace(0.5, 1, 40), np.arange(40) % 2 == 0, bins=4)

    assert bins["count"] == [10] * 4
    assert bins["accuracy"] == [0.5] * 4
    assert bins["confidence"] == sorted(bins["confidence"])
    assert bins["lo"][0] == pytest.approx(0.2366, abs=1e-4)  # Wilson of 5 in 10
    assert bins["hi"][0] == pytest.approx(0.7634, abs=1e-4)


def test_reliability_bins_keep_equal_confidences_together():
    bins = reliability_bins(np.array([0.5] * 25 + [1.0] * 5), np.ones(30, dtype=bool), bins=3)

    assert bins["count"] == [25, 5]


def test_reliability_bins_of_nothing_are_empty():
    assert reliability_bins(np.zeros(0), np.zeros(0)) == {
        "confidence": [],
        "accuracy": [],
        "count": [],
        "lo": [],
        "hi": [],
    }


def test_reliability_bins_refuse_other_lengths_with_both_shapes():
    with pytest.raises(ValueError, match=r"confidences \(2,\) and right \(3,\)"):
        reliability_bins(np.zeros(2), np.zeros(3))


def test_abstaining_takes_the_least_confidence_with_the_precision_wanted():
    confidences = np.linspace(1.0, 0.81, 20)
    right = np.array([1] * 12 + [0] + [1] * 3 + [0] * 4)  # 15 of the first 16, and 15 of 17 from there

    found = abstain_threshold(confidences, right, 0.9)

    assert found["threshold"] == pytest.approx(0.85)
    assert found["coverage"] == 0.8
    assert found["precision_there"] == 15 / 16
    assert found["precision_interval"] == pytest.approx([0.7625, 0.9859], abs=1e-4)  # z = 1.645


def test_the_threshold_answers_the_samples_it_was_chosen_on():
    rng = np.random.default_rng(0)
    confidences = rng.choice(np.linspace(0.3, 1, 30), 500)
    right = rng.random(500) < confidences

    found = abstain_threshold(confidences, right, 0.85)
    answered = confidences >= found["threshold"]

    assert answered.mean() == found["coverage"]
    assert right[answered].mean() == found["precision_there"] >= 0.85


def test_a_precision_out_of_reach_gives_no_threshold():
    found = abstain_threshold(np.linspace(0, 1, 50), np.arange(50) % 2 == 0, 0.95)

    assert found == {"threshold": None, "coverage": 0.0, "precision_there": None, "precision_interval": None}


@pytest.mark.parametrize("n", [0, 9])
def test_fewer_than_ten_answers_give_no_threshold(n):
    assert abstain_threshold(np.linspace(0, 1, n), np.ones(n), 0.5)["threshold"] is None


def test_equal_confidences_are_answered_together_or_not_at_all():
    found = abstain_threshold(np.full(20, 0.7), np.arange(20) < 12, 0.9)

    assert found["threshold"] is None


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_average_ranks_agree_with_scipy(values):
    stats = pytest.importorskip("scipy.stats")

    assert average_ranks(np.array(values)).tolist() == stats.rankdata(values).tolist()
