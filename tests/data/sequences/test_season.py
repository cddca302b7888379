"""The period at which a series repeats."""

import numpy as np
import pytest

from boda.data.sequences.season import candidates, guess_season

RNG = np.random.default_rng(0)
TIME = np.arange(240)


def wave(period, n=240):
    return np.sin(2 * np.pi * np.arange(n) / period)


@pytest.mark.parametrize(
    ("values", "step", "season"),
    [
        (wave(12), "1 month", 12),
        (wave(12) + 0.05 * TIME, "1 month", 12),
        (wave(12) * (1 + TIME / 100) + 0.01 * TIME, "1 month", 12),
        (wave(4), "1 quarter", 4),
        (wave(7) + RNG.normal(0, 0.7, 240), "1 day", 7),
        (wave(24) + 0.5 * wave(12), "1 hour", 24),
        (wave(11), "1 year", 11),
        (wave(10), "", 10),
        (wave(12), "1 day", 12),
        (np.arange(12) % 7 == 0, "1 day", 1),
    ],
)
def test_the_period_is_found(values, step, season):
    assert guess_season(values, step) == season


@pytest.mark.parametrize("seed", range(20))
def test_noise_and_random_walks_have_none_that_the_step_suggests(seed):
    noise = np.random.default_rng(seed).normal(size=300)

    assert guess_season(noise, "1 month") == 1
    assert guess_season(np.cumsum(noise), "1 month") != 12


@pytest.mark.parametrize("values", [np.ones(50), np.arange(50.0), np.array([1.0, 2.0]), np.array([])])
def test_a_line_has_none(values):
    assert guess_season(values, "1 month") == 1


@pytest.mark.parametrize(
    ("step", "periods"),
    [
        ("1 month", (12,)),
        ("1 quarter", (4,)),
        ("2 quarters", (2,)),
        ("1 year", ()),
        ("1 day", (7, 365)),
        ("1 week", (52,)),
        ("1 hour", (24, 168, 8766)),
        ("15 minutes", (4, 96, 672, 35064)),
        ("1", ()),
    ],
)
def test_a_step_suggests_periods(step, periods):
    assert candidates(step) == periods
