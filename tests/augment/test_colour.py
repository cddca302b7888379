"""Colour steps do what Keras's layers of these names do, and what their formulas say."""

import numpy as np
import pytest

from boda.augment import (
    AutoContrast,
    Equalization,
    Pipeline,
    RandomBrightness,
    RandomChannelShift,
    RandomColorDegeneration,
    RandomColorJitter,
    RandomContrast,
    RandomGain,
    RandomGrayscale,
    RandomHue,
    RandomInvert,
    RandomPosterization,
    RandomRotation,
    RandomSaturation,
    Solarization,
    tone,
)
from boda.augment.render import render
from boda.errors import AugmentError

UNIT = (0.0, 1.0)


@pytest.fixture
def image():
    """(40, 60, 3) float32 in 0 to 255, with greys, black, white and pure colours among the pixels."""
    rng = np.random.default_rng(0)
    pixels = rng.uniform(0, 255, (40, 60, 3)).astype(np.float32)
    pixels[0, :5] = [[0, 0, 0], [255, 255, 255], [128, 128, 128], [255, 0, 0], [0, 0, 255]]
    return pixels


def keras_layer(name, image, **arguments):
    import keras

    return np.asarray(getattr(keras.layers, name)(**arguments)(image[None], training=True))[0]


@pytest.mark.parametrize(
    ("step", "arguments"),
    [
        (RandomBrightness, {"factor": (0.3, 0.3)}),
        (RandomBrightness, {"factor": (-0.6, -0.6)}),
        (RandomColorDegeneration, {"factor": (0.4, 0.4)}),
        (RandomGrayscale, {"factor": 1.0}),
        (RandomPosterization, {"factor": (3, 3)}),
        (RandomInvert, {"factor": (1.0, 1.0)}),
        (AutoContrast, {}),
        (Equalization, {}),
    ],
)
def test_with_a_point_range_a_step_equals_keras_layer(step, arguments, image):
    ours = Pipeline([step(**arguments)])(image)
    difference = np.abs(ours - keras_layer(step.__name__, image, **arguments))

    assert np.quantile(difference, 0.999) < 1e-2, step.__name__


@pytest.mark.parametrize("factor", [0.2, 0.4, 0.49])
def test_saturation_equals_keras_layer_where_keras_stays_in_range(factor, image):
    ours = Pipeline([RandomSaturation((factor, factor))])(image)

    np.testing.assert_allclose(ours, keras_layer("RandomSaturation", image, factor=(factor, factor)), atol=2e-2)


def test_full_saturation_stays_in_range_and_keeps_the_brightest_channel(image):
    ours = Pipeline([RandomSaturation((0.9, 0.9))])(image)

    assert ours.min() >= -1e-3
    np.testing.assert_allclose(ours.max(axis=2), image.max(axis=2), rtol=1e-5)


def test_hue_equals_keras_layer_for_either_sign(image):
    drawn = [Pipeline([RandomHue((0.5, 0.5))], seed=1)(image, sample=i) for i in range(8)]
    keras_drawn = [keras_layer("RandomHue", image, factor=(0.5, 0.5), seed=i) for i in range(8)]

    for ours in drawn:
        assert min(np.abs(ours - theirs).max() for theirs in keras_drawn) < 0.05


def test_a_whole_turn_of_hue_changes_nothing(image):
    np.testing.assert_allclose(render(image, [tone.hue(1.0, 0.0)]), image, atol=1e-2)


def test_solarization_inverts_from_the_threshold_on(image):
    ours = Pipeline([Solarization(threshold_factor=(0.5, 0.5))])(image)

    np.testing.assert_allclose(ours, np.where(image < 127.5, image, 255 - image), atol=1e-3)


def test_contrast_keeps_the_mean_of_each_channel():
    image = np.random.default_rng(1).uniform(100, 150, (30, 20, 3)).astype(np.float32)
    mean = image.mean(axis=(0, 1))

    ours = render(image, [tone.contrast(0.5, 0, 255)])

    np.testing.assert_allclose(ours, mean + 0.5 * (image - mean), atol=1e-3)


def test_a_lone_contrast_factor_draws_to_either_side():
    image = np.random.default_rng(1).uniform(100, 150, (30, 20, 3)).astype(np.float32)
    pipeline = Pipeline([RandomContrast(0.5)], seed=0)

    spreads = [pipeline(image).std() / image.std() for _ in range(20)]

    assert min(spreads) < 1 < max(spreads)


def test_channel_shift_stays_within_the_pictures_own_range():
    image = np.array([[[10.0, 20.0, 30.0], [40.0, 50.0, 60.0]]], np.float32)

    ours = Pipeline([RandomChannelShift((15.0, 15.0))])(image)

    assert ours.ravel().tolist() == [25, 35, 45, 55, 60, 60]


def test_gain_multiplies_and_clips():
    image = np.array([[[10.0, 100.0, 200.0]]], np.float32)

    assert Pipeline([RandomGain((1.5, 1.5))])(image).ravel().tolist() == [15, 150, 255]


def test_statistics_are_of_the_picture_as_earlier_steps_left_it():
    image = np.array([[[0.0], [100.0]]], np.float32)

    ours = render(image, [tone.linear(-1, 255), tone.contrast(0.5, 0, 255), tone.linear(2)])

    assert ours.ravel().tolist() == [460.0, 360.0]  # 255 and 155, about their mean 205, halved, then doubled


def test_the_unit_range_gives_the_same_as_the_byte_range(image):
    for step, arguments in [
        (RandomBrightness, {"factor": (0.3, 0.3)}),
        (RandomHue, {"factor": (0.3, 0.3)}),
        (RandomSaturation, {"factor": (0.7, 0.7)}),
        (Solarization, {"threshold_factor": (0.4, 0.4)}),
        (RandomInvert, {}),
        (AutoContrast, {}),
    ]:
        whole = Pipeline([step(**arguments)], seed=3)(image, sample=0)
        unit = Pipeline([step(**arguments, value_range=UNIT)], seed=3)(image / 255, sample=0)
        np.testing.assert_allclose(255 * unit, whole, atol=1e-2, err_msg=step.__name__)


def test_jitter_is_its_four_steps_in_turn(image):
    jitter = Pipeline([RandomColorJitter(brightness_factor=0.2, hue_factor=0.3)], seed=5)
    apart = Pipeline([RandomBrightness(0.2), RandomHue(0.3)], seed=5)

    np.testing.assert_array_equal(jitter(image, sample=4), apart(image, sample=4))


def test_one_channel_has_no_colour_to_change():
    grey = np.random.default_rng(0).uniform(0, 255, (8, 9, 1)).astype(np.float32)

    for step in (RandomHue(1.0), RandomSaturation(1.0), RandomGrayscale(1.0), RandomColorDegeneration(1.0)):
        np.testing.assert_array_equal(Pipeline([step])(grey), grey)


def test_alpha_is_left_alone_by_colour():
    image = np.random.default_rng(0).uniform(0, 255, (8, 9, 4)).astype(np.float32)

    for step in (RandomHue(1.0), RandomSaturation(1.0), RandomGrayscale(1.0)):
        np.testing.assert_array_equal(Pipeline([step])(image)[..., 3], image[..., 3])


def test_colour_keeps_boxes_where_they_are(image):
    done = Pipeline([RandomBrightness(0.3), RandomHue(0.5)])(image, boxes=[[3, 4, 20, 30]])

    assert done.boxes.tolist() == [[3, 4, 20, 30]]


def test_a_move_behind_a_clipping_tone_fills_with_what_it_says():
    white = np.full((20, 20, 1), 255, np.uint8)
    pipeline = Pipeline(
        [RandomInvert(), RandomBrightness((0.0, 0.0)), RandomRotation((0.125, 0.125), "constant", fill_value=9.0)]
    )

    assert pipeline(white)[0, 0, 0] == 9.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomBrightness(2.0), r"RandomBrightness: factor must be a number or a pair of numbers from -1 to 1"),
        (lambda: RandomHue("red"), r"RandomHue: factor must be"),
        (lambda: RandomContrast(0.2, value_range=(1, 0)), r"RandomContrast: value_range must be a pair"),
        (lambda: RandomPosterization(9), r"RandomPosterization: factor must be a whole number of bits"),
        (lambda: RandomGrayscale(1.5), r"RandomGrayscale: factor must be a chance"),
    ],
)
def test_a_wrong_argument_is_named(make, message):
    with pytest.raises(AugmentError, match=message):
        make()
