"""Grad-CAM of Keras models: the analytic map of flat ones, and named errors for the others."""

import numpy as np
import pytest

import boda
from boda.errors import RecipeError
from boda.explain import activation_map, grad_cam
from boda.models.keras_import import import_keras

RNG = np.random.default_rng(0)


def parts(keras, image, activation="softmax", *, trainable=True):
    """A convolution, its mean, and a head with a hidden layer."""
    layers = keras.layers
    x = layers.Conv2D(4, 3, activation="relu", name="conv", trainable=trainable)(image)
    x = layers.GlobalAveragePooling2D(name="pooled")(x)
    x = layers.Dense(5, activation="relu", name="hidden", trainable=trainable)(x)
    return layers.Dense(3, activation=activation, name="answers", trainable=trainable)(x)


@pytest.fixture(scope="module")
def keras():
    keras = import_keras()
    keras.utils.set_random_seed(0)
    return keras


@pytest.fixture(scope="module")
def model(keras):
    image = keras.Input((8, 7, 3), name="image")
    return keras.Model(image, parts(keras, image))


@pytest.fixture(scope="module")
def image():
    return RNG.normal(size=(8, 7, 3)).astype(np.float32)


def reference(keras, model, image, class_index):
    """sum_c w_c A_c, with w worked out by hand: hidden weights, where the ReLU lets through, answers' weights."""
    spatial = np.asarray(keras.Model(model.inputs[0], model.get_layer("conv").output)(image[None]))[0]
    kernel, bias = model.get_layer("hidden").get_weights()
    passes = spatial.mean(axis=(0, 1)) @ kernel + bias > 0
    return activation_map(spatial, (kernel * passes) @ model.get_layer("answers").get_weights()[0][:, class_index])


@pytest.mark.parametrize("class_index", [0, 1, 2])
def test_the_map_of_a_hidden_head_is_the_one_worked_out_by_hand(keras, model, image, class_index):
    heat = grad_cam(model, image, class_index)

    assert heat.shape == (6, 5)
    np.testing.assert_allclose(heat, reference(keras, model, image, class_index), atol=1e-5)


def test_maps_of_different_classes_differ(model, image):
    assert not np.allclose(grad_cam(model, image, 0), grad_cam(model, image, 1))


def test_a_sure_softmax_does_not_blur_the_map(keras, model, image):
    """The slope of a probability near 1 vanishes; that of its logit does not."""
    sure = keras.models.clone_model(model)
    weights = [w.copy() for w in model.get_weights()]
    weights[-2] *= 1e4
    sure.set_weights(weights)

    np.testing.assert_allclose(grad_cam(sure, image, 1), grad_cam(model, image, 1), atol=1e-5)


@pytest.mark.parametrize("end", ["softmax", "sigmoid", "layer", "linear"])
def test_how_the_model_ends_does_not_change_the_map(keras, model, image, end):
    x = keras.Input((8, 7, 3))
    y = parts(keras, x, end if end in {"softmax", "sigmoid"} else None)
    other = keras.Model(x, keras.layers.Softmax()(y) if end == "layer" else y)
    other.set_weights(model.get_weights())

    np.testing.assert_allclose(grad_cam(other, image, 2), grad_cam(model, image, 2), atol=1e-5)


def test_a_frozen_network_has_a_map_too(keras, model, image):
    x = keras.Input((8, 7, 3))
    frozen = keras.Model(x, parts(keras, x, trainable=False))
    frozen.set_weights(model.get_weights())

    np.testing.assert_allclose(grad_cam(frozen, image, 0), grad_cam(model, image, 0), atol=1e-6)


def test_a_layer_within_a_residual_block_can_be_chosen(keras, image):
    layers = keras.layers
    x = keras.Input((8, 7, 3))
    first = layers.Conv2D(4, 3, padding="same", name="first")(x)
    second = layers.Conv2D(4, 3, padding="same", name="second")(first)
    model = keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling2D()(layers.Add(name="sum")([first, second]))))

    by_name, by_layer = (grad_cam(model, image, 1, layer) for layer in ("second", model.get_layer("second")))

    np.testing.assert_array_equal(by_name, by_layer)
    assert not np.allclose(by_name, grad_cam(model, image, 1))


def test_a_classifiers_keras_model_gives_the_map_that_the_run_gives(trained, unseen):
    photo = unseen / "leaf" / "100.png"
    (one,) = boda.why(trained, photo, neighbours=0)
    seen = boda.load(trained).view.pixels(boda.Sample("", photo))

    heat = grad_cam(boda.Classifier.load(trained.path).keras_model, seen, trained.classes.index(one.label))

    np.testing.assert_allclose(heat, one.heat, atol=2e-3)


def test_a_nested_model_is_named_with_the_way_to_unnest_it(keras, image):
    base = keras.Sequential([keras.Input((8, 7, 3)), keras.layers.Conv2D(4, 3)], name="backbone")
    x = keras.Input((8, 7, 3))
    nested = keras.Model(x, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(base(x))), name="whole")

    with pytest.raises(RecipeError, match=r"'whole' holds the model 'backbone' as a layer.*backbone\.outputs\[0\]"):
        grad_cam(nested, image, 0)


def test_the_way_to_unnest_that_the_error_gives_works(keras, image):
    base = keras.Sequential([keras.Input((8, 7, 3)), keras.layers.Conv2D(4, 3)], name="backbone")
    head = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(base.outputs[0]))

    assert grad_cam(keras.Model(base.inputs[0], head), image, 0).shape == (6, 5)


def test_a_layer_beside_the_output_is_refused(keras, image):
    x = keras.Input((8, 7, 3))
    beside = keras.layers.Conv2D(2, 3, name="beside")(x)
    y = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(keras.ops.stop_gradient(beside)))

    with pytest.raises(RecipeError, match="does not depend on the layer 'beside'"):
        grad_cam(keras.Model(x, y), image, 0, "beside")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"class_index": 3}, r"Expected a class from 0 to 2\. Received: class_index=3"),
        ({"class_index": -1}, "Received: class_index=-1"),
        ({"layer": "cnv"}, "no layer 'cnv' with an output .*: image, conv"),
        ({"layer": "hidden"}, "no layer 'hidden' with an output"),
        ({"image": np.zeros((9, 7, 3))}, r"Expected one image \(8, 7, 3\)\. Received: \(9, 7, 3\)"),
        ({"image": np.zeros((2, 8, 7, 3))}, r"Received: \(2, 8, 7, 3\)"),
        ({"image": np.zeros((8, 7))}, r"Received: \(8, 7\)"),
    ],
)
def test_an_argument_out_of_its_range_is_named(model, image, change, said):
    with pytest.raises(RecipeError, match=said):
        grad_cam(model, **{"image": image, "class_index": 0, **change})


def test_a_model_without_maps_is_refused(keras):
    x = keras.Input((1, 1, 3))
    model = keras.Model(x, keras.layers.Dense(2)(keras.layers.Flatten()(x)))

    with pytest.raises(RecipeError, match="has no layer whose output is"):
        grad_cam(model, np.zeros((1, 1, 3)), 0)


def test_a_subclassed_model_is_refused(keras, image):
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(RecipeError, match="Expected a functional or Sequential"):
        grad_cam(Own(), image, 0)
