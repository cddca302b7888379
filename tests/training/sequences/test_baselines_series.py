import numpy as np
import pytest

from boda.training.sequences.baselines_series import linear, seasonal_naive


def windows(series, length=12, horizon=3):
    places = range(len(series) - length - horizon + 1)
    cut = [(series[i : i + length], series[i + length : i + length + horizon]) for i in places]
    return tuple(np.stack(some) for some in zip(*cut, strict=True))


def test_the_season_before_comes_again():
    contexts = np.arange(5.0).reshape(1, 5, 1)

    assert seasonal_naive(contexts, 5, season=3).ravel().tolist() == [2, 3, 4, 2, 3]


@pytest.mark.parametrize("season", [0, 1, 6])
def test_without_a_whole_season_the_last_value_stays(season):
    contexts = np.arange(5.0).reshape(1, 5, 1)

    assert seasonal_naive(contexts, 2, season).ravel().tolist() == [4, 4]


def test_a_linear_law_is_found_at_every_level():
    t = np.arange(120)
    series = np.stack([np.sin(t / 3), 1e6 + 5 * np.cos(t / 4)], axis=1)
    contexts, futures = windows(series)

    found = linear((contexts[:80], futures[:80]), contexts[80:] * 3 + 7)

    assert found == pytest.approx(futures[80:] * 3 + 7, rel=1e-4, abs=0.02)


def test_noise_is_answered_with_about_the_mean_of_the_window():
    series = np.random.default_rng(0).normal(size=(600, 1)) + 5
    contexts, futures = windows(series)

    found = linear((contexts[:400], futures[:400]), contexts[450:])

    assert np.abs(found - 5).mean() < 0.5
    assert np.abs(found - futures[450:]).mean() < 1.1 * np.abs(futures[450:] - 5).mean()


def test_windows_that_never_vary_stay_as_they_are():
    still = np.full((30, 12, 1), 4.0)

    assert linear((still, still[:, :3]), still[:2]) == pytest.approx(np.full((2, 3, 1), 4.0))


def test_few_windows_are_enough():
    contexts, futures = windows(np.arange(20.0)[:, None])

    found = linear((contexts[:3], futures[:3]), contexts[3:])

    assert np.isfinite(found).all()


def test_the_windows_are_left_as_they_were():
    contexts, futures = windows(np.sin(np.arange(60.0))[:, None])
    before = contexts.copy(), futures.copy()

    linear((contexts, futures), contexts)

    assert (contexts == before[0]).all()
    assert (futures == before[1]).all()
