"""Windows are pieces of history on their own scale, with what follows as a difference to the last season."""

import numpy as np
import pytest

from boda.data.sequences.windows import scale_of, seasonal_naive, windows

RAMP = np.arange(20.0)[:, None]


def test_all_targets_lie_within_the_bounds():
    some = windows(RAMP, context=4, horizon=3, first=10, last=16)

    assert some.origins.tolist() == [10, 11, 12, 13]
    assert some.targets[-1, :, 0].tolist() == [13, 14, 15]
    assert some.contexts[0, :, 0].tolist() == [6, 7, 8, 9]


def test_history_is_not_looked_for_before_the_series():
    assert windows(RAMP, context=4, horizon=3, first=0, last=10).origins.tolist() == [4, 5, 6, 7]


def test_a_stride_leaves_windows_out():
    assert windows(RAMP, 4, 3, 10, 16, 2).origins.tolist() == [10, 12]


def test_a_series_that_is_too_short_has_no_windows():
    some = windows(RAMP[:5], context=4, horizon=3, first=0, last=5)

    assert (some.x.shape, some.y.shape) == ((0, 4, 1), (0, 3, 1))


def test_the_naive_answer_repeats_the_last_season():
    history = np.array([[[1.0], [2.0], [3.0], [4.0]]])

    assert seasonal_naive(history, season=3, horizon=5)[0, :, 0].tolist() == [2, 3, 4, 2, 3]
    assert seasonal_naive(history, season=1, horizon=2)[0, :, 0].tolist() == [4, 4]


def test_each_window_is_scaled_by_its_own_history():
    some = windows(RAMP, context=4, horizon=2, first=10, last=12)  # history 6 7 8 9: mean 7.5, std sqrt(1.25)

    np.testing.assert_allclose(some.x[0, :, 0], np.array([-1.5, -0.5, 0.5, 1.5]) / np.sqrt(1.25), rtol=1e-6)
    np.testing.assert_allclose(some.y[0, :, 0], np.array([1.0, 2.0]) / np.sqrt(1.25), rtol=1e-6)


def test_undo_gives_the_series_own_units_back():
    rng = np.random.default_rng(0)
    some = windows(rng.normal(50, 9, (40, 2)), context=8, horizon=4, first=10, last=40, season=4)

    np.testing.assert_allclose(some.undo(some.y.reshape(len(some.y), -1)), some.targets, atol=1e-4)


@pytest.mark.parametrize(
    ("history", "scale"),
    [([5.0, 5.0, 5.0], 0.05), ([0.0, 0.0, 0.0], 2.0), ([-1.0, 1.0], 1.0)],
)
def test_a_history_that_does_not_vary_has_a_scale_still(history, scale):
    assert scale_of(np.array(history)[None, :, None], usual=2.0)[0, 0, 0] == pytest.approx(scale)


def test_zeros_are_scaled_by_1_where_nothing_is_usual():
    assert scale_of(np.zeros((1, 3, 1)), usual=0.0)[0, 0, 0] == 1.0


def test_the_series_is_not_changed():
    series = RAMP.copy()
    windows(series, 4, 2, 0, 20).undo(np.zeros((15, 2)))

    assert np.array_equal(series, RAMP)
