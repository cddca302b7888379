import json

import numpy as np
import pytest

from boda.metrics.forecast import conformal_quantiles, forecast_difference, forecast_figures, naive_scale


def windows(values):
    return np.array(values, dtype=float)[:, :, None]


def test_forecasts_by_hand():
    truth, answers = windows([[1, 2], [3, 4]]), windows([[1, 4], [2, 4]])

    found = forecast_figures(truth, answers, np.array([0.5]), seed=0)

    assert (found["n"], found["horizon"], found["mae"], found["mase"]) == (2, 2, 0.75, 1.5)
    assert found["per_step"] == [0.5, 1.0]
    assert found["per_channel"] == [0.75]
    assert found["smape"] == pytest.approx((0 + 4 / 6 + 2 / 5 + 0) / 4, rel=1e-5)
    assert "coverage" not in found


def test_the_scale_may_differ_by_origin():
    found = forecast_figures(windows([[1], [1]]), windows([[2], [2]]), np.array([[1.0], [2.0]]), seed=0)

    assert found["mase"] == 0.75


def test_smape_of_nothing_is_0():
    assert forecast_figures(windows([[0]]), windows([[0]]), np.ones(1), seed=0)["smape"] == 0


def test_coverage_counts_ends_as_within():
    truth, zero = windows([[0, 1], [2, 3]]), windows([[0, 0], [0, 0]])

    found = forecast_figures(truth, zero, np.ones(1), seed=0, low=zero, high=zero + 2)

    assert found["coverage"] == 0.75
    assert found["coverage_per_step"] == [1.0, 0.5]
    assert found["width"] == 2
    assert found["coverage_interval"][0] < 0.75 < found["coverage_interval"][1]


def test_steps_that_miss_together_tell_less_about_coverage():
    alone = np.zeros((20, 10, 1))
    alone[:, :1] = 9
    together = np.zeros((20, 10, 1))
    together[:2] = 9
    zero = np.zeros((20, 10, 1))

    ends = [
        forecast_figures(truth, zero, np.ones(1), seed=0, low=zero - 1, high=zero + 1)["coverage_interval"]
        for truth in (alone, together)
    ]

    assert ends[1][1] - ends[1][0] > 2 * (ends[0][1] - ends[0][0])


def test_figures_are_json():
    rng = np.random.default_rng(0)
    truth, answers = rng.normal(size=(2, 12, 3, 2))

    found = forecast_figures(truth, answers, np.ones(2), seed=0, low=answers - 1, high=answers + 1, overlap=3)

    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_origins_that_share_what_came_are_drawn_together():
    truth = np.repeat(np.random.default_rng(0).normal(size=(20, 1, 1)), 10, axis=0)

    ends = [forecast_figures(truth, truth * 0, np.ones(1), seed=0, overlap=k)["mae_interval"] for k in (1, 10)]

    assert ends[1][1] - ends[1][0] > 2 * (ends[0][1] - ends[0][0])


def test_origins_that_all_overlap_have_no_interval():
    truth = np.ones((5, 8, 1))

    assert forecast_figures(truth, truth, np.ones(1), seed=0, overlap=8)["mae_interval"] is None
    assert forecast_difference(truth, truth, truth + 1, seed=0, overlap=8)["verdict"] == "same"


def test_less_error_is_better():
    truth = np.random.default_rng(0).normal(size=(30, 4, 2))

    found = forecast_difference(truth, truth + 1, truth + 3, seed=0)

    assert (found["figure"], found["difference"], found["verdict"]) == ("mae", -2.0, "better")


def test_the_scale_is_the_seasonal_naive_error_within_the_training_part():
    series = [np.array([[1.0, 5], [2, 5], [4, 5], [5, 5]]), np.array([[0.0, 5], [9, 5]])]

    assert naive_scale(series, season=2).tolist() == [3, 1]


def test_a_season_longer_than_every_series_is_refused():
    with pytest.raises(ValueError, match="longer than a season of 7 steps"):
        naive_scale([np.zeros((7, 1))], season=7)


def test_quantiles_are_the_kth_smallest_error_of_each_step():
    errors = np.arange(1.0, 20)[:, None, None] * np.array([1.0, -10.0])[None, :, None]

    found = conformal_quantiles(errors, np.zeros_like(errors), level=0.9)

    assert found.tolist() == [[18.0], [180.0]]  # k = ceil(0.9 * 20)


def test_too_few_origins_give_no_finite_quantile():
    assert np.isinf(conformal_quantiles(np.zeros((8, 2, 1)), np.zeros((8, 2, 1)), level=0.9)).all()


def test_quantiles_hold_for_new_origins_as_often_as_they_say():
    chance = np.random.default_rng(0)
    held = []
    for _ in range(300):
        errors = chance.normal(size=(40, 1, 1))
        reach = conformal_quantiles(errors[:39], np.zeros((39, 1, 1)), level=0.9)
        held.append(abs(errors[39, 0, 0]) <= reach[0, 0])

    assert 0.86 < np.mean(held) < 0.95


@pytest.mark.parametrize("level", [0, 1, 1.5])
def test_a_level_that_is_none_is_refused(level):
    with pytest.raises(ValueError, match="level must be between 0 and 1"):
        conformal_quantiles(np.zeros((3, 1, 1)), np.zeros((3, 1, 1)), level=level)


def test_shapes_that_do_not_fit_are_refused_with_both():
    with pytest.raises(ValueError, match=r"truth \(2, 3, 1\) and answers \(2, 4, 1\)"):
        forecast_figures(np.zeros((2, 3, 1)), np.zeros((2, 4, 1)), np.ones(1), seed=0)
