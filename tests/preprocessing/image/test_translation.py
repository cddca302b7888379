"""An ImageDataGenerator becomes a pipeline that does the same, and says where it does not."""

import re

import numpy as np
import pytest

from boda.augment import Pipeline, RandomFlip, RandomRotation, RandomZoom, Rescaling
from boda.preprocessing.image import ImageDataGenerator


@pytest.fixture
def images():
    coarse = np.random.default_rng(0).uniform(0, 255, (3, 8, 8, 3))
    return coarse.repeat(12, axis=1).repeat(12, axis=2).astype(np.uint8)


def test_units_are_those_of_keras_layers():
    generator = ImageDataGenerator(rotation_range=36, zoom_range=[0.5, 1.5], horizontal_flip=True, rescale=0.5)

    steps = generator.to_pipeline().pipeline.steps

    assert steps == (
        RandomRotation((-0.1, 0.1), "nearest"),
        RandomZoom((-0.5, 0.5), (-0.5, 0.5), "nearest"),
        RandomFlip("horizontal"),
        Rescaling(0.5),
    )


@pytest.mark.parametrize(
    ("arguments", "levels"),
    [
        ({"rotation_range": 20}, 1e-3),
        ({"width_shift_range": 0.1, "height_shift_range": 0.2}, 1e-3),
        ({"zoom_range": 0.2}, 1e-3),
        ({"zoom_range": 0.2, "fill_mode": "reflect"}, 1e-3),
        ({"channel_shift_range": 20.0}, 1e-3),
        ({"shear_range": 10}, 1.0),
        ({"brightness_range": (0.8, 1.2)}, 1.0),
        ({"rotation_range": 20, "fill_mode": "constant"}, 2.0),
        ({"rotation_range": 20, "zoom_range": 0.2, "shear_range": 10, "width_shift_range": 0.1}, 6.0),
    ],
)
def test_with_the_same_draw_the_pipeline_agrees_to_these_levels(arguments, levels, images):
    agreement = ImageDataGenerator(**arguments).to_pipeline().agreement(images)

    assert agreement["pipeline"]["mean"] < levels


def test_layers_agree_where_there_is_a_layer(images):
    agreement = ImageDataGenerator(rotation_range=20).to_pipeline().agreement(images)

    assert agreement["layers"]["mean"] < 0.01


def test_agreement_leaves_numpys_state_alone(images):
    np.random.seed(5)  # noqa: NPY002
    translation = ImageDataGenerator(rotation_range=20).to_pipeline()
    translation.agreement(images)
    drawn = np.random.random()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002

    assert drawn == np.random.random()  # noqa: NPY002


@pytest.mark.parametrize(
    ("arguments", "note"),
    [
        ({"width_shift_range": 5}, "A shift by pixels is left out"),
        ({"shear_range": 10}, "upper left pixel"),
        ({"brightness_range": (0.5, 1.0)}, "rounds values down"),
        ({"preprocessing_function": np.negative}, "preprocessing_function is left out"),
        ({"featurewise_center": True}, r"call fit\(images\)"),
        ({"fill_mode": "wrap"}, "repeats after"),
        ({"width_shift_range": 0.1, "height_shift_range": 0.2}, "moves rows by width_shift_range"),
    ],
)
def test_what_differs_is_said(arguments, note):
    notes = ImageDataGenerator(**arguments).to_pipeline().notes

    assert any(re.search(note, text) for text in notes), notes


def test_pixels_become_shares_of_the_size():
    pipeline = ImageDataGenerator(height_shift_range=[-10, 10]).to_pipeline(size=(100, 50)).pipeline

    assert pipeline.steps[0].width_factor == (-0.2, 0.2)


def test_fitted_statistics_are_taken_along(images):
    generator = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True)
    generator.fit(images)

    want = generator.standardize(images[0].astype(np.float32))

    np.testing.assert_allclose(generator.to_pipeline().pipeline(images[0]), want, atol=1e-3)


def test_the_pipeline_writes_itself():
    pipeline = ImageDataGenerator(rotation_range=20, shear_range=5, rescale=1 / 255).to_pipeline().pipeline

    assert Pipeline.from_toml(pipeline.to_toml()) == pipeline


def test_the_layers_are_a_sequential():
    with pytest.warns(UserWarning, match="RandomGain"):
        layers = ImageDataGenerator(rotation_range=20, brightness_range=(0.8, 1.2)).to_pipeline().to_keras()

    assert [type(layer).__name__ for layer in layers.layers] == ["RandomRotation"]
