import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from boda.metrics.box_calibrate import apply, best_threshold, fit, logit, reliability
from boda.metrics.classify import sigmoid


def drawn(seed, n=4000, slope=1.0, offset=0.0):
    """Logits, and answers that are right with the probability sigmoid(slope logit + offset)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=n) * 2 - 1
    return logits, rng.random(n) < sigmoid(slope * logits + offset)


@pytest.mark.parametrize(("slope", "offset"), [(1, 0), (0.5, -1), (3, 2)])
def test_the_fit_finds_how_scores_became_probabilities(slope, offset):
    assert fit(*drawn(0, slope=slope, offset=offset)) == pytest.approx((slope, offset), rel=0.15, abs=0.1)


def test_the_fit_agrees_with_a_general_minimiser_on_platts_targets():
    logits, right = drawn(1, n=25)
    targets = np.where(right, (right.sum() + 1) / (right.sum() + 2), 1 / ((~right).sum() + 2))

    def loss(w):
        z = w[0] * logits + w[1]
        return (np.logaddexp(0, z) - targets * z).sum()

    assert fit(logits, right) == pytest.approx(minimize(loss, [1, 0], tol=1e-12).x, abs=1e-4)


@pytest.mark.parametrize("share", [0.0, 1.0], ids=["all wrong", "all right"])
def test_answers_of_one_kind_do_not_become_certain(share):
    logits = np.linspace(-2, 2, 8)

    confidence = apply(logits, *fit(logits, np.full(8, share > 0)))

    assert confidence.mean() == pytest.approx(0.1 + 0.8 * share, abs=0.01)  # Platt's 1 / (8 + 2) and (8 + 1) / (8 + 2)


def test_separable_answers_do_not_become_certain():
    logits = np.array([-2.0] * 10 + [2.0] * 10)

    assert apply(logits, *fit(logits, logits > 0)) == pytest.approx([1 / 12] * 10 + [11 / 12] * 10, abs=1e-6)


def test_equal_scores_get_the_share_that_was_right():
    assert apply(np.array([3.0]), *fit(np.full(10, 3.0), np.arange(10) < 7)) == pytest.approx(0.7, abs=0.03)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30), st.floats(-3, 3))
def test_no_two_detections_change_places(seed, n, slope):
    logits, right = drawn(seed, n=n, slope=slope)

    slope, offset = fit(logits, right)

    assert slope >= 0.01 - 1e-12
    assert np.isfinite(offset)


def test_no_detections_leave_scores_as_they_are():
    assert fit(np.zeros(0), np.zeros(0, bool)) == (1.0, 0.0)


def test_a_fit_wants_finite_logits():
    with pytest.raises(ValueError, match=r"logits must be finite\. Received: 1 that are not"):
        fit(np.array([0, np.inf]), np.array([True, False]))


def test_a_fit_wants_an_answer_for_each():
    with pytest.raises(ValueError, match=r"logits \(2,\) and right \(1,\)"):
        fit(np.zeros(2), np.array([True]))


def test_logits_invert_the_sigmoid_and_stay_finite():
    assert sigmoid(logit(np.array([0.1, 0.5, 0.9]))) == pytest.approx([0.1, 0.5, 0.9])
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()


def test_fitted_confidences_are_reliable_and_raw_ones_are_not():
    logits, right = drawn(0, slope=0.5, offset=-1)
    fresh, fresh_right = drawn(1, slope=0.5, offset=-1)
    slope, offset = fit(logits, right)

    assert reliability(apply(fresh, slope, offset), fresh_right)["ece"] < 0.03
    assert reliability(sigmoid(fresh), fresh_right)["ece"] > 0.1


def test_reliability_counts_every_detection():
    logits, right = drawn(2, n=55)

    table = reliability(sigmoid(logits), right)

    assert sum(table["count"]) == 55
    assert all(lo <= share <= hi for lo, share, hi in zip(table["lo"], table["accuracy"], table["hi"], strict=True))


def test_reliability_of_nothing_is_empty():
    table = reliability(np.zeros(0), np.zeros(0, bool))

    assert (table["ece"], table["count"]) == (None, [])
    json.dumps(table, allow_nan=False)


def test_the_threshold_has_the_best_f1_of_all():
    logits, right = drawn(3, n=200)
    confidences = sigmoid(logits)

    found = best_threshold(confidences, right, objects=120)

    scan = [2 * right[confidences >= t].sum() / ((confidences >= t).sum() + 120) for t in confidences]
    shown = confidences >= found["threshold"]
    assert found["f1"] == pytest.approx(max(scan)) == pytest.approx(2 * right[shown].sum() / (shown.sum() + 120))
    assert found["precision"] == pytest.approx(right[shown].mean())
    assert found["recall"] == pytest.approx(right[shown].sum() / 120)


def test_equal_confidences_are_shown_together():
    found = best_threshold(np.array([0.8, 0.8, 0.2]), np.array([True, False, False]), objects=1)

    assert (found["threshold"], found["precision"]) == (pytest.approx(0.5), 0.5)


def test_where_everything_is_right_everything_is_shown():
    assert best_threshold(np.array([0.9, 0.4]), np.array([True, True]), objects=2)["threshold"] == pytest.approx(0.2)


def test_where_nothing_is_right_the_threshold_is_a_half():
    assert best_threshold(np.array([0.9]), np.array([False]), objects=0)["threshold"] == 0.5
