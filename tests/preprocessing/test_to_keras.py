"""A pipeline as Keras layers does what the pipeline does, and says what it cannot."""

import inspect

import numpy as np
import pytest

from boda.augment import (
    AUGMENTATIONS,
    CenterCrop,
    FeaturewiseNormalization,
    Pipeline,
    RandomBrightness,
    RandomChannelShift,
    RandomCrop,
    RandomFlip,
    RandomRotation,
    RandomShear,
    RandomZoom,
    Rescaling,
    Resizing,
)
from boda.errors import AugmentError
from boda.preprocessing.to_keras import WRONG_BOXES, to_keras, why_missing


@pytest.fixture
def images():
    coarse = np.random.default_rng(0).uniform(0, 255, (2, 6, 8, 3)).astype(np.float32)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


@pytest.mark.parametrize(
    "steps",
    [
        [Resizing(20, 30), Rescaling(1 / 255)],
        [CenterCrop(32, 40)],
        [RandomRotation((0.1, 0.1)), RandomBrightness((0.2, 0.2))],
        [RandomZoom((0.2, 0.2), (-0.1, -0.1), fill_mode="nearest")],
        [FeaturewiseNormalization((10.0, 20.0, 30.0), (4.0, 9.0, 16.0))],
    ],
)
def test_without_chance_the_layers_give_the_same_pictures(steps, images):
    ours = Pipeline(steps)(images)
    theirs = np.asarray(to_keras(Pipeline(steps))(images, training=True))

    assert theirs.shape == ours.shape
    assert np.abs(ours - theirs).mean() < 0.02 * max(float(np.abs(ours).max()), 1.0)


def test_steps_without_an_equal_are_all_named():
    pipeline = Pipeline([RandomFlip(), RandomChannelShift(20.0), RandomCrop(10, 10, min_object_share=0.5)])

    with pytest.raises(AugmentError, match=r"RandomChannelShift \(Keras has no such layer\).*no min_object_share"):
        to_keras(pipeline)


def test_steps_without_an_equal_can_be_left_out_with_a_warning():
    with pytest.warns(UserWarning, match="RandomChannelShift"):
        layers = to_keras(Pipeline([RandomFlip(), RandomChannelShift(20.0)]), skip=True)

    assert [type(layer).__name__ for layer in layers.layers] == ["RandomFlip"]


@pytest.mark.parametrize("step", [RandomCrop(10, 10), RandomShear(0.2, 0.0)])
def test_layers_whose_boxes_are_wrong_are_not_used_for_boxes(step):
    assert why_missing(step) == ""
    with pytest.raises(AugmentError, match="Keras returns wrong boxes"):
        to_keras(Pipeline([step]), boxes=True)


def test_layers_for_boxes_take_corners_in_pixels():
    layers = to_keras(Pipeline([RandomFlip(), RandomRotation(0.1)]), boxes=True)

    assert {layer.bounding_box_format for layer in layers.layers} == {"xyxy"}


def test_an_unfitted_normalization_has_no_layer_yet():
    with pytest.raises(AugmentError, match="not fitted yet"):
        to_keras(Pipeline([FeaturewiseNormalization()]))


def painted(x0, y0, x1, y1):
    image = np.zeros((1, 150, 200, 3), np.float32)
    image[0, y0:y1, x0:x1] = 255
    return image


def mean_iou_of(layer):
    """Of the boxes that a Keras layer returns, against what is found in its picture."""
    rng, ious = np.random.default_rng(0), []
    for _ in range(12):
        x0, y0 = int(rng.integers(40, 80)), int(rng.integers(30, 60))
        x1, y1 = x0 + 70, y0 + 60
        boxes = {"boxes": np.array([[[x0, y0, x1, y1]]], np.float32), "labels": np.ones((1, 1), np.float32)}
        done = layer({"images": painted(x0, y0, x1, y1), "bounding_boxes": boxes}, training=True)
        rows, columns = np.nonzero(np.asarray(done["images"])[0, ..., 0] > 127)
        a = np.asarray(done["bounding_boxes"]["boxes"])[0, 0]
        b = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        inside = np.prod(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None))
        ious.append(inside / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - inside))
    return float(np.mean(ious))


def test_the_list_of_layers_with_wrong_boxes_is_what_keras_does():
    import keras

    made = {
        "RandomFlip": {},
        "RandomRotation": {"factor": 0.1, "fill_mode": "constant"},
        "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1, "fill_mode": "constant"},
        "RandomZoom": {"height_factor": 0.2, "fill_mode": "constant"},
        "RandomShear": {"x_factor": 0.3, "y_factor": 0.2, "fill_mode": "constant"},
        "RandomCrop": {"height": 110, "width": 150},
        "Resizing": {"height": 100, "width": 180},
    }
    found = {
        name: mean_iou_of(getattr(keras.layers, name)(**arguments, bounding_box_format="xyxy"))
        for name, arguments in made.items()
    }

    assert sorted(name for name, iou in found.items() if iou < 0.93) == sorted(WRONG_BOXES), found


def test_every_step_that_bears_a_layers_name_takes_no_argument_that_the_layer_lacks_by_default():
    import keras

    for name, step in AUGMENTATIONS.items():
        if getattr(keras.layers, name, None) is None:
            continue
        needed = [p.name for p in inspect.signature(step).parameters.values() if p.default is p.empty]
        assert needed == [
            p.name
            for p in inspect.signature(getattr(keras.layers, name).__init__).parameters.values()
            if p.default is p.empty and p.name not in ("self", "kwargs")
        ], name
