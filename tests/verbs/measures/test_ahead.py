"""Forecasts measured: a network that says nothing new forecasts the last season again."""

from types import SimpleNamespace

import numpy as np
import pytest

from boda.data.sequences.encoder import Encoder
from boda.errors import DataError
from boda.verbs.measures import MEASURES, Part
from boda.verbs.measures.ahead import origins

WEEK = np.array([0.0, 1, 2, 3, 2, 1, 0])
measure = MEASURES["forecast"]


def part_of(*series, which="val", times=()):
    names = tuple(f"s{i}" for i in range(len(series)))
    return Part(tuple(series), (None,) * len(series), names, (), "numbers", times, which)


@pytest.fixture
def model():
    """A network whose answers are zeros: the last season again, without calibration or with one."""

    def make(quantile=None, channels=("sales",)):
        width = len(channels)
        encoder = Encoder(
            "forecast", "numbers", width=width, std=(1.0,) * width, channels=channels, context=7, horizon=2, season=7,
            held=0.2,
        )  # fmt: skip
        quantiles = [[quantile] * width] * 2
        network = SimpleNamespace(answers=lambda rows: [np.zeros(2 * width)] * len(rows))
        return SimpleNamespace(encoder=encoder, network=network, calibration={"level": 0.9, "quantiles": quantiles})

    return make


@pytest.fixture
def series():
    return np.random.default_rng(0).normal(0, 1, (100, 1))


def test_the_origins_of_a_part_are_those_whose_targets_are_in_it(model, series):
    val, inner, train = (origins(model(), part_of(series, which=which)) for which in ("val", "inner", "train"))

    assert val.windows[0].origins.tolist() == [*range(80, 99)]
    assert inner.windows[0].origins.tolist() == [*range(68, 79)]
    assert train.windows[0].origins.tolist() == [*range(7, 67)]


def test_a_test_part_is_the_held_out_end_as_well(model, series):
    assert origins(model(), part_of(series, which="test")).counts == [19]


def test_too_many_origins_are_thinned_alike(model, series):
    some = origins(model(), part_of(series, series), most=10)

    assert some.stride == 4
    assert some.counts == [5, 5]


def test_series_that_are_too_short_are_refused(model):
    with pytest.raises(DataError, match="No series is long enough to forecast 2 steps from 7"):
        origins(model(), part_of(np.zeros((8, 1)), which="train"))


def test_a_short_series_beside_a_long_one_is_passed_over(model, series):
    some = origins(model(), part_of(np.zeros((6, 1)), series))

    assert some.series == (1,)


def test_what_repeats_itself_is_forecast_without_error(model):
    series = np.tile(WEEK, 20)[:, None] + 5
    part = part_of(series)
    answers = measure.answers(model(), part)
    found = measure.figures(model(0.5), part, answers, seed=0)

    assert found["mae"] == pytest.approx(0, abs=1e-9)
    assert found["coverage"] == 1


def test_errors_are_those_of_the_last_season_in_the_series_own_units(model, series):
    part = part_of(1000 + 50 * series)
    errors = np.concatenate([np.abs(series[o : o + 2] - series[o - 7 : o - 5]) for o in range(80, 99)])
    found = measure.figures(model(), part, measure.answers(model(), part), seed=0)

    assert found["mae"] == pytest.approx(50 * errors.mean(), rel=1e-5)
    assert found["per_step"] == pytest.approx(50 * errors.reshape(19, 2).mean(axis=0), rel=1e-5)
    assert "coverage" not in found


def test_a_baseline_has_no_interval_that_could_hold(model, series):
    bare, part = model(0.5), part_of(series)
    bare.calibration = {}

    assert "coverage" not in measure.figures(bare, part, measure.answers(bare, part), seed=0)


def test_the_scale_of_mase_is_the_seasonal_error_of_the_training_part(model, series):
    part = part_of(series)
    found = measure.figures(model(), part, measure.answers(model(), part), seed=0)
    naive = np.abs(series[7:80] - series[:73]).mean()

    assert found["mase"] == pytest.approx(found["mae"] / naive, rel=1e-5)


def test_the_quantiles_hold_nine_in_ten_of_the_inner_part(model):
    series = np.random.default_rng(1).normal(0, 1, (1000, 1))
    inner = part_of(series, which="inner")
    told = measure.calibrate(model(), inner)
    some = origins(model(), inner)
    off = np.abs(some.each("targets") - some.each("naive")) / some.each("scale")
    held = (off <= np.asarray(told["quantiles"]) + 1e-5).mean(axis=(0, 2))

    assert (told["level"], told["n"]) == (0.9, len(off))
    assert np.all((held >= 0.9) & (held < 0.92))


def test_the_baselines_forecast_from_the_same_origins(model, series):
    found = measure.rivals(model(), part_of(series, which="train"), part_of(series), seed=0)

    assert set(found) == {"seasonal_naive", "linear"}
    np.testing.assert_allclose(found["seasonal_naive"], measure.answers(model(), part_of(series)))
    assert found["linear"].shape == (19, 2, 1)


def test_forecasts_are_drawn_by_series_and_channel_with_their_times(model):
    values = np.random.default_rng(0).normal(0, 1, (100, 2))
    days = np.arange("2020-01-01", "2020-04-10", dtype="datetime64[D]").astype("datetime64[s]")
    two, part = model(1.0, ("sales", "visits")), part_of(values, times=(days,))
    told = measure.predictions(two, part, measure.answers(two, part))["series"]

    assert [(one["name"], one["channel"]) for one in told] == [("s0", "sales"), ("s0", "visits")]
    first = told[0]
    begin = 80 - 2 * 7
    assert first["times"][0] == str(days[begin])
    np.testing.assert_allclose(first["truth"], values[begin:, 0], atol=1e-5)
    assert [one["origin"] for one in first["forecasts"]] == [14, 16, 18, 20, 22, 24, 26, 28, 30, 32]
    for one in first["forecasts"]:
        assert one["values"] == one["naive"]
        assert np.all(np.asarray(one["low"]) < one["values"])
        assert np.all(np.asarray(one["high"]) > one["values"])


def test_unbounded_intervals_are_written_as_none(model, series):
    part = part_of(series)
    (told,) = measure.predictions(model(), part, measure.answers(model(), part))["series"]

    assert told["forecasts"][0]["low"] == [None, None]
