"""Standardising does what ImageDataGenerator's arguments of these names do, and learns from the data it is given."""

import numpy as np
import pytest

from boda.augment import (
    FeaturewiseNormalization,
    Pipeline,
    RandomFlip,
    Rescaling,
    Resizing,
    SamplewiseCenter,
    SamplewiseNormalization,
    Whitening,
)
from boda.augment.whiten import fit_whitening
from boda.errors import AugmentError


@pytest.fixture
def images():
    """(30, 6, 5, 3) float32 in 0 to 255, with channels of their own means."""
    rng = np.random.default_rng(0)
    return np.clip(rng.normal([60, 120, 180], [10, 30, 20], (30, 6, 5, 3)), 0, 255).astype(np.float32)


def keras_standardize(images, x, **arguments):
    """What Keras's generator makes of one picture `x`, fitted to `images`."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(**arguments)
    if any(name.startswith(("featurewise", "zca")) for name in arguments):
        generator.fit(images)
    return generator.standardize(x.copy())


def test_samplewise_center_equals_keras_generator(images):
    theirs = keras_standardize(images, images[0], samplewise_center=True)

    np.testing.assert_allclose(Pipeline([SamplewiseCenter()])(images[0]), theirs, atol=1e-3)


def test_samplewise_normalization_equals_keras_generator(images):
    theirs = keras_standardize(images, images[0], samplewise_center=True, samplewise_std_normalization=True)

    np.testing.assert_allclose(Pipeline([SamplewiseNormalization()])(images[0]), theirs, atol=1e-4)


def test_a_picture_of_one_value_becomes_zero():
    done = Pipeline([SamplewiseNormalization()])(np.full((5, 6, 3), 77, np.uint8))

    assert not done.any()


def test_featurewise_normalization_equals_keras_generator(images):
    theirs = keras_standardize(images, images[0], featurewise_center=True, featurewise_std_normalization=True)

    ours = Pipeline([FeaturewiseNormalization()]).adapt(images)(images[0])

    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_adapted_numbers_are_the_means_and_variances_of_the_channels(images):
    step = FeaturewiseNormalization().adapt(images)

    np.testing.assert_allclose(step.mean, images.mean(axis=(0, 1, 2), dtype=np.float64), rtol=1e-9)
    np.testing.assert_allclose(step.variance, images.var(axis=(0, 1, 2), dtype=np.float64), rtol=1e-9)
    assert step.fitted
    assert not FeaturewiseNormalization().fitted


def test_numbers_that_are_given_are_used_alone_or_together():
    image = np.full((1, 1, 2), 10, np.uint8)

    both = Pipeline([FeaturewiseNormalization((4.0, 7.0), (4.0, 9.0))])(image)
    centred = Pipeline([FeaturewiseNormalization(mean=(4.0,))])(image)
    scaled = Pipeline([FeaturewiseNormalization(variance=(4.0, 25.0))])(image)

    np.testing.assert_allclose(both.ravel(), [3, 1], rtol=1e-5)
    assert centred.ravel().tolist() == [6, 6]
    np.testing.assert_allclose(scaled.ravel(), [5, 2], rtol=1e-5)


def test_a_channel_that_never_varies_becomes_zero():
    images = np.full((4, 3, 3, 1), 201, np.uint8)

    assert not Pipeline([FeaturewiseNormalization()]).adapt(images)(images[0]).any()


def test_more_channels_than_four_are_normalized_too():
    images = np.random.default_rng(0).normal(5, 2, (20, 4, 4, 7)).astype(np.float32)

    done = Pipeline([FeaturewiseNormalization()]).adapt(images)(images)

    np.testing.assert_allclose(done.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(done.std(axis=(0, 1, 2)), 1, atol=1e-5)


def test_another_number_of_channels_is_refused(images):
    pipeline = Pipeline([FeaturewiseNormalization()]).adapt(images)

    with pytest.raises(AugmentError, match=r"mean must be one number, or one for each of the picture's 2 channels"):
        pipeline(images[0, ..., :2])


@pytest.mark.parametrize("step", [FeaturewiseNormalization(), Whitening()])
def test_a_step_that_has_learned_nothing_is_refused_with_the_remedy(step, images):
    with pytest.raises(AugmentError, match=r"adapt\(images\) of the step or of the pipeline"):
        Pipeline([step])(images[0])


def test_whitening_is_that_of_the_pictures_it_learned_from(images):
    theirs = fit_whitening(images, 1e-2).apply(images[:4])

    ours = Pipeline([Whitening(epsilon=1e-2)]).adapt(images)(images[:4])

    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_whitening_equals_keras_generator():
    many = np.random.default_rng(1).uniform(0, 255, (200, 4, 3, 1)).astype(np.float32)
    theirs = keras_standardize(many, many[0], featurewise_center=True, zca_whitening=True, zca_epsilon=0.1)

    ours = Pipeline([Whitening(epsilon=0.1)]).adapt(many)(many[0])

    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_a_saved_whitening_is_read_back_through_toml(images, tmp_path):
    fitted = Pipeline([Whitening(epsilon=0.5)], seed=1).adapt(images)
    saved = Pipeline([fitted.steps[0].save(tmp_path / "zca.npz")], seed=1)

    text = saved.to_toml()
    again = Pipeline.from_toml(text)

    assert "_known" not in text
    assert again.steps[0].fitted
    np.testing.assert_array_equal(again(images[0]), fitted(images[0]))


def test_whitening_tells_another_size_what_to_do(images):
    pipeline = Pipeline([Whitening()]).adapt(images)

    with pytest.raises(AugmentError, match=r"learned from pictures of \(6, 5, 3\).*channels. Received: \(3, 5, 3\)"):
        pipeline(images[0, :3])


def test_a_missing_file_is_named(images):
    with pytest.raises(AugmentError, match=r"no-such-file.npz: expected a file that Whitening.to_npz wrote"):
        Pipeline([Whitening("no-such-file.npz")])(images[0])


def test_a_pipeline_fits_each_step_to_what_the_steps_before_it_make(images):
    pipeline = Pipeline([Rescaling(1 / 255), RandomFlip(), FeaturewiseNormalization(), Resizing(4, 4)], seed=3)

    adapted = pipeline.adapt(images)

    np.testing.assert_allclose(adapted.steps[2].mean, images.mean(axis=(0, 1, 2)) / 255, rtol=1e-5)
    assert pipeline.steps[2].mean is None
    assert adapted.seed == 3


def test_a_second_step_learns_from_what_the_first_has_learned(images):
    adapted = Pipeline([FeaturewiseNormalization(), Whitening(epsilon=1e-2)], seed=0).adapt(images)

    normal = Pipeline(adapted.steps[:1])(images)

    np.testing.assert_allclose(adapted(images), fit_whitening(normal, 1e-2).apply(normal), atol=1e-4)


def test_pictures_of_many_sizes_are_adapted_to_behind_a_resizing():
    pictures = [np.full((4 + i, 6, 1), 10.0 * i, np.float32) for i in range(70)]

    adapted = Pipeline([Resizing(3, 3), FeaturewiseNormalization()], seed=0).adapt(pictures)

    np.testing.assert_allclose(adapted.steps[1].mean, [345.0], rtol=1e-5)


def test_a_pipeline_with_nothing_to_learn_stays_as_it_is(images):
    pipeline = Pipeline([RandomFlip()], seed=3)

    assert pipeline.adapt(images) == pipeline


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FeaturewiseNormalization(mean=3.0), r"FeaturewiseNormalization: mean must be a tuple of numbers"),
        (lambda: FeaturewiseNormalization(variance=(-1.0,)), r"FeaturewiseNormalization: variance must be a tuple"),
        (lambda: Whitening(epsilon=-1), r"Whitening: epsilon must be a number from 0"),
    ],
)
def test_a_wrong_argument_is_named(make, message):
    with pytest.raises(AugmentError, match=message):
        make()


def test_fitted_to_their_own_pictures_the_mean_is_0_and_the_deviation_1():
    pictures = np.random.default_rng(0).normal(100, 20, (6, 8, 8, 3)).astype(np.float32)
    before = pictures.copy()
    done = Pipeline([FeaturewiseNormalization().adapt(pictures)])(pictures)

    np.testing.assert_allclose(done.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(done.std((0, 1, 2)), 1, atol=1e-5)
    np.testing.assert_array_equal(pictures, before)


def test_a_channel_without_deviation_becomes_0():
    pictures = np.full((2, 3, 3, 1), 5, np.uint8)

    assert not Pipeline([FeaturewiseNormalization().adapt(pictures)])(pictures).any()


def test_a_mean_alone_keeps_the_deviation():
    pictures = np.array([[[[1.0]], [[5.0]]]], np.float32)

    assert Pipeline([FeaturewiseNormalization(mean=(3.0,))])(pictures).ravel().tolist() == [-2, 2]


def test_a_picture_is_normalized_over_all_its_channels():
    picture = np.array([[[0, 2], [4, 6]]], np.uint8)
    normalized = np.array([-3, -1, 1, 3]) / (np.sqrt(5) + 1e-6)

    assert Pipeline([SamplewiseCenter()])(picture).ravel().tolist() == [-3, -1, 1, 3]
    np.testing.assert_allclose(Pipeline([SamplewiseNormalization()])(picture).ravel(), normalized, rtol=1e-6)
