import numpy as np
import pytest

from boda.augment.statistics import fit_statistics, samplewise_center, samplewise_normalization
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


def test_applied_to_their_own_pictures_the_mean_is_0_and_the_deviation_1():
    pictures = noise(6, 8, 8, 3)
    before = pictures.copy()
    applied = fit_statistics(pictures).apply(pictures)

    np.testing.assert_allclose(applied.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(applied.std((0, 1, 2)), 1, atol=1e-5)
    np.testing.assert_array_equal(pictures, before)


def test_a_channel_without_deviation_becomes_0():
    pictures = np.full((2, 3, 3, 1), 5, np.uint8)

    assert not fit_statistics(pictures).apply(pictures).any()


def test_centering_alone_keeps_the_deviation():
    pictures = np.array([[[[1.0]], [[5.0]]]])

    assert fit_statistics(pictures).center(pictures).ravel().tolist() == [-2, 2]


def test_a_picture_is_normalized_over_all_its_channels():
    picture = np.array([[[0, 2], [4, 6]]], np.uint8)

    assert samplewise_center(picture).ravel().tolist() == [-3, -1, 1, 3]
    np.testing.assert_allclose(
        samplewise_normalization(picture).ravel(), np.array([-3, -1, 1, 3]) / (np.sqrt(5) + 1e-6), rtol=1e-6
    )


def test_no_pictures_are_refused():
    with pytest.raises(AugmentError, match="there were none"):
        fit_statistics(np.zeros((0, 2, 2, 3)))


def test_an_array_without_four_axes_is_refused():
    with pytest.raises(AugmentError, match=r"\(n, h, w, c\), or batches of such. Received \(5, 3\)"):
        fit_statistics(np.zeros((2, 5, 3)))


def test_another_number_of_channels_is_refused():
    with pytest.raises(AugmentError, match="first batches have 3 channels"):
        fit_statistics([noise(1, 2, 2, 3), noise(1, 2, 2, 1)])
    with pytest.raises(AugmentError, match="pictures of 3 channels"):
        fit_statistics(noise(1, 2, 2, 3)).apply(noise(1, 2, 2, 1))
