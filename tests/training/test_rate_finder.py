"""The learning-rate finder: known valleys, where it stops, and when it says nothing."""

import math

import numpy as np
import pytest

from boda.errors import RecipeError
from boda.recipe import HeadRecipe
from boda.training.fit import head_step
from boda.training.rate_finder import find_rate, read_curve, smooth


def valley(curvature, noise=0.0):
    """Gradient descent on a parabola of this curvature from w = 1, which diverges above a rate of 2 / curvature."""
    state, rng = {"w": 1.0}, np.random.default_rng(0)

    def step(rate):
        loss = state["w"] ** 2 / 2 + 0.1 + noise * rng.normal()
        state["w"] *= 1 - rate * curvature
        return loss

    return step


@pytest.mark.parametrize("curvature", [0.1, 1.0, 100.0])
def test_a_steeper_valley_gets_a_lower_rate(curvature):
    curve = find_rate(valley(curvature), 1e-7, 1000)

    assert 0.01 / curvature < curve.suggestion < 1 / curvature


def test_it_stops_when_the_loss_diverges():
    curve = find_rate(valley(100.0), 1e-7, 1000)

    assert len(curve.losses) < 100
    assert 2 / 100 < curve.rates[-1] < 1
    assert "did not diverge" not in curve.why


def test_a_loss_that_is_no_number_ends_it_and_is_left_out():
    losses = iter([2.0] * 30 + [1.0] * 10 + [math.nan])
    curve = find_rate(lambda _: next(losses))

    assert len(curve.losses) == 40
    assert np.isfinite(curve.losses).all()


def test_rates_rise_evenly_on_a_logarithmic_scale_and_reach_the_step():
    seen = []
    curve = find_rate(lambda rate: seen.append(rate) or 1.0, 1e-4, 1.0, steps=41)

    assert seen == curve.rates.tolist()
    np.testing.assert_allclose(np.diff(np.log10(seen)), 0.1)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_a_flat_curve_suggests_nothing(noise):
    rng = np.random.default_rng(0)
    curve = find_rate(lambda _: 1 + noise * rng.normal())

    assert curve.suggestion is None
    assert curve.why.startswith("No suggestion: the loss hardly falls at any rate")


def test_divergence_at_once_suggests_nothing():
    curve = find_rate(valley(1e4), 1.0, 10.0)

    assert curve.suggestion is None
    assert curve.why.startswith("No suggestion: the loss diverged")


def test_where_the_loss_is_steep_just_before_its_least_a_tenth_of_that_rate_is_taken():
    rates = np.geomspace(1e-4, 1, 81)
    losses = np.where(rates < 0.02, 2.0, np.where(rates < 0.04, 1.0, 3.0))
    curve = read_curve(rates, losses, diverged=True)

    assert 0.002 <= curve.suggestion <= 0.004
    assert "is a tenth of" in curve.why


def test_where_it_is_steepest_far_below_its_least_that_rate_is_taken():
    rates = np.geomspace(1e-4, 1, 81)
    losses = np.where(rates < 0.001, 3.0, 1.0 - 0.2 * np.log10(rates / 0.001))
    curve = read_curve(rates, losses, diverged=False)

    assert curve.suggestion == pytest.approx(0.001, rel=0.3)
    assert "falls most steeply. The loss did not diverge up to 1." in curve.why


def test_noise_at_the_beginning_is_not_taken_for_a_fall():
    curve = find_rate(valley(1.0, noise=0.02), 1e-7, 1000)

    assert 0.005 < curve.suggestion < 1


def test_smoothing_keeps_a_line_where_it_is():
    line = np.arange(30.0)

    np.testing.assert_allclose(smooth(line, 3)[3:-3], line[3:-3])


@pytest.mark.parametrize(("lowest", "highest", "steps"), [(0.0, 1.0, 50), (1.0, 0.1, 50), (0.1, 1.0, 5)])
def test_a_range_that_is_none_is_refused(lowest, highest, steps):
    with pytest.raises(RecipeError, match=rf"Received: lowest={lowest}, highest={highest}, steps={steps}"):
        find_rate(valley(1.0), lowest, highest, steps)


def test_a_heads_suggestion_is_neither_idle_nor_wild():
    rng = np.random.default_rng(0)
    targets = np.repeat(np.arange(3), 40)
    features = (rng.normal(size=(120, 20)) + 2 * rng.normal(size=(3, 20))[targets]).astype(np.float32)
    step = head_step(features, targets, 3, HeadRecipe(optimizer="sgd", batch_size=16), seed=0)
    curve = find_rate(step, steps=60)

    assert 1e-4 < curve.suggestion < 1
    assert curve.losses[-20:].min() < curve.losses[:10].mean() / 2
