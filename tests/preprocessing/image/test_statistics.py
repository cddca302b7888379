import numpy as np
import pytest

from boda.preprocessing.image import ImageDataGenerator
from boda.preprocessing.image.statistics import channel_deviation, channel_mean, whitening


def test_means_and_deviations_are_by_channel(smooth):
    pictures = smooth(6, 5, 4, 3).astype(np.float32)

    assert channel_mean(pictures, 3).shape == (1, 1, 3)
    np.testing.assert_allclose(channel_mean(pictures, 3).ravel(), pictures.mean((0, 1, 2)), rtol=1e-6)
    first = np.moveaxis(pictures, 3, 1)
    assert channel_deviation(first, 1).shape == (3, 1, 1)
    np.testing.assert_allclose(channel_deviation(first, 1).ravel(), pictures.std((0, 1, 2)), rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_whitening_learns_from_all_pictures_in_their_dtype_and_subtracts_nothing(smooth, dtype):
    pictures = (smooth(6, 5, 4, 3) + 7).astype(dtype)
    fitted = whitening(pictures, 1e-6)

    assert (fitted.samples, fitted.factor.dtype, fitted.mean.any()) == (6, dtype, False)


def test_the_matrix_of_a_fitted_generator_is_the_dense_one(smooth):
    generator = ImageDataGenerator(featurewise_center=True, zca_whitening=True)
    generator.fit(smooth(12, 4, 4, 3))
    picture = smooth(1, 4, 4, 3)[0].astype(np.float32)
    dense = (picture - generator.mean).reshape(1, -1) @ generator.zca_whitening_matrix

    np.testing.assert_allclose(generator.standardize(picture.copy()).reshape(1, -1), dense, atol=1e-3)


def test_a_matrix_that_the_user_sets_is_used_until_the_next_fit(smooth):
    generator = ImageDataGenerator(featurewise_center=True, zca_whitening=True)
    generator.mean, generator.zca_whitening_matrix = np.zeros(1), 2 * np.eye(4)

    assert generator.standardize(np.ones((2, 2, 1))).ravel().tolist() == [2, 2, 2, 2]
    generator.fit(smooth(5, 2, 2, 1))
    assert not np.array_equal(generator.zca_whitening_matrix, 2 * np.eye(4))


def test_a_matrix_too_large_for_memory_is_refused_with_its_size_but_whitening_works(smooth):
    generator = ImageDataGenerator(featurewise_center=True, zca_whitening=True)
    generator.fit(smooth(3, 90, 90, 3).astype(np.float32))

    with pytest.raises(ValueError, match=r"24300 x 24300, 2\.4 GB, above the limit of 2\.0 GB"):
        _ = generator.zca_whitening_matrix
    assert generator.standardize(smooth(2, 90, 90, 3).astype(np.float32)).shape == (2, 90, 90, 3)
