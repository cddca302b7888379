import numpy as np
import pytest

from boda.augment.statistics import fit_statistics
from boda.errors import AugmentError


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(100, 20, shape).astype(np.float32)


def test_statistics_are_those_of_all_pixels_of_a_channel():
    pictures = noise(7, 4, 5, 3)
    fitted = fit_statistics(pictures)

    np.testing.assert_allclose(fitted.mean, pictures.mean((0, 1, 2), dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(fitted.std, pictures.std((0, 1, 2), dtype=np.float64), rtol=1e-9)
    assert fitted.count == 7


def test_batches_of_any_size_give_what_one_array_gives():
    pictures = noise(9, 4, 5, 3)
    whole, parts = fit_statistics(pictures), fit_statistics(iter([pictures[:2], pictures[2:3], pictures[3:]]))

    np.testing.assert_allclose(parts.mean, whole.mean, rtol=1e-12)
    np.testing.assert_allclose(parts.std, whole.std, rtol=1e-12)


def test_a_small_deviation_beside_a_large_mean_is_not_lost():
    values = np.array([1e8, 1e8 + 1, 1e8 + 2, 1e8 + 3]).reshape(4, 1, 1, 1)

    np.testing.assert_allclose(fit_statistics([values[:1], values[1:]]).std, [np.sqrt(1.25)], rtol=1e-9)


def test_no_pictures_are_refused():
    with pytest.raises(AugmentError, match="there were none"):
        fit_statistics(np.zeros((0, 2, 2, 3)))


def test_an_array_without_four_axes_is_refused():
    with pytest.raises(AugmentError, match=r"\(n, h, w, c\), or batches of such. Received \(5, 3\)"):
        fit_statistics(np.zeros((2, 5, 3)))


def test_another_number_of_channels_is_refused():
    with pytest.raises(AugmentError, match="first batches have 3 channels"):
        fit_statistics([noise(1, 2, 2, 3), noise(1, 2, 2, 1)])
