import numpy as np
import pytest

from boda.preprocessing.image.statistics import channel_deviation, channel_mean, whitening_matrix


def test_means_and_deviations_are_by_channel(smooth):
    pictures = smooth(6, 5, 4, 3).astype(np.float32)

    assert channel_mean(pictures, 3).shape == (1, 1, 3)
    np.testing.assert_allclose(channel_mean(pictures, 3).ravel(), pictures.mean((0, 1, 2)), rtol=1e-6)
    first = np.moveaxis(pictures, 3, 1)
    assert channel_deviation(first, 1).shape == (3, 1, 1)
    np.testing.assert_allclose(channel_deviation(first, 1).ravel(), pictures.std((0, 1, 2)), rtol=1e-6)


@pytest.mark.parametrize(("n", "d"), [(12, 40), (200, 30)])
def test_whitening_is_the_singular_value_decompositions(n, d):
    flat = np.random.default_rng(0).normal(size=(n, d)) @ np.diag(np.linspace(0.1, 3, d))
    u, s, _ = np.linalg.svd(flat.T, full_matrices=False)

    np.testing.assert_allclose(whitening_matrix(flat, 1e-6), (u * (np.sqrt(n) / (s + 1e-6))) @ u.T, atol=1e-7)


def test_whitened_samples_have_unit_covariance():
    flat = np.random.default_rng(0).normal(size=(500, 6)) @ np.random.default_rng(1).normal(size=(6, 6))
    white = flat @ whitening_matrix(flat, 0.0)

    np.testing.assert_allclose(white.T @ white / 500, np.eye(6), atol=1e-8)


def test_a_direction_that_does_not_vary_is_left_out():
    flat = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    flat[:, 3] = flat[:, 2]

    matrix = whitening_matrix(flat, 1e-6)

    assert np.abs(np.array([0, 0, 1, -1]) @ matrix).max() < 1e-3
    assert matrix.dtype == np.float32
