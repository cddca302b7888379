"""Blur and sharpness do what Keras's layers do within the picture, and repeat its outermost pixel beyond it."""

import numpy as np
import pytest
from scipy import ndimage

from boda.augment import Pipeline, RandomGaussianBlur, RandomSharpness
from boda.augment.soften import blurring, gaussian, sharpening
from boda.errors import AugmentError


@pytest.fixture
def image():
    return np.random.default_rng(0).uniform(0, 255, (30, 41, 3)).astype(np.float32)


def keras_layer(name, image, **arguments):
    import keras

    return np.asarray(getattr(keras.layers, name)(**arguments)(image[None], training=True))[0]


@pytest.mark.parametrize("size", [3, 7])
@pytest.mark.parametrize("channels", [1, 3])
def test_blur_equals_keras_layer_but_for_its_dark_frame(size, channels, image):
    arguments = {"factor": (1.0, 1.0), "kernel_size": size, "sigma": (0.9, 0.9)}
    image, frame = image[..., :channels], size // 2

    ours = Pipeline([RandomGaussianBlur(**arguments)])(image)

    inner = np.s_[frame:-frame, frame:-frame]
    np.testing.assert_allclose(ours[inner], keras_layer("RandomGaussianBlur", image, **arguments)[inner], atol=1e-3)


@pytest.mark.parametrize("factor", [0.0, 0.3, 0.9])
def test_sharpness_equals_keras_layer_but_for_its_frame(factor, image):
    ours = Pipeline([RandomSharpness((factor, factor))])(image)

    theirs = keras_layer("RandomSharpness", image, factor=(factor, factor))
    np.testing.assert_allclose(ours[1:-1, 1:-1], theirs[1:-1, 1:-1], atol=1e-3)


@pytest.mark.parametrize("shape", [(30, 41, 3), (1, 1, 3), (2, 5, 1), (1, 9, 4)])
def test_beyond_the_border_the_outermost_pixel_is_repeated(shape):
    image = np.random.default_rng(1).uniform(0, 255, shape).astype(np.float32)
    across, along = gaussian(5, 1.3), gaussian(9, 2.0)

    ours = blurring(across, along)(image.copy())

    wanted = ndimage.correlate(image.astype(float), np.outer(along, across)[..., None], mode="nearest")
    np.testing.assert_allclose(ours, wanted, atol=1e-3)


@pytest.mark.parametrize("shape", [(30, 41, 3), (1, 1, 3), (2, 5, 1), (1, 9, 4)])
def test_sharpness_is_its_formula_up_to_the_border(shape):
    image = np.random.default_rng(1).uniform(0, 255, shape).astype(np.float32)
    around = np.full((3, 3), 1 / 13)
    around[1, 1] = 5 / 13

    ours = sharpening(-0.6, 0, 255)(image.copy())

    mean = ndimage.correlate(image.astype(float), around[..., None], mode="nearest")
    np.testing.assert_allclose(ours, np.clip(image - 0.6 * (mean - image), 0, 255), atol=1e-3)


def test_a_plain_picture_stays_plain():
    plain = np.full((6, 7, 3), 200, np.float32)

    for step in (RandomGaussianBlur((1.0, 1.0), 5), RandomSharpness((1.0, 1.0))):
        np.testing.assert_allclose(Pipeline([step])(plain), 200, atol=1e-3)


def test_a_half_of_sharpness_leaves_the_picture(image):
    np.testing.assert_allclose(Pipeline([RandomSharpness((0.5, 0.5))])(image), image, atol=1e-4)


def test_no_chance_of_blur_leaves_the_picture(image):
    assert np.array_equal(Pipeline([RandomGaussianBlur(0.0)])(image), image)


def test_a_lone_factor_of_one_blurs_about_every_second_picture(image):
    pipeline = Pipeline([RandomGaussianBlur(1.0, sigma=(1.0, 1.0))], seed=0)

    blurred = sum(not np.array_equal(pipeline(image, sample=i), image) for i in range(200))

    assert 70 < blurred < 130


def test_the_unit_range_gives_the_same_as_the_byte_range(image):
    whole = Pipeline([RandomSharpness((0.9, 0.9))])(image)
    unit = Pipeline([RandomSharpness((0.9, 0.9), (0.0, 1.0))])(image / 255)

    np.testing.assert_allclose(255 * unit, whole, atol=1e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomGaussianBlur(kernel_size=4), r"RandomGaussianBlur: kernel_size must be an odd number of pixels"),
        (lambda: RandomGaussianBlur(kernel_size=(3, 5, 7)), r"kernel_size must be an odd number of pixels, or a pair"),
        (lambda: RandomGaussianBlur(sigma=-1.0), r"RandomGaussianBlur: sigma must be a number"),
        (lambda: RandomSharpness(1.5), r"RandomSharpness: factor must be a number or a pair of numbers from 0 to 1"),
    ],
)
def test_a_wrong_argument_is_named(make, message):
    with pytest.raises(AugmentError, match=message):
        make()
