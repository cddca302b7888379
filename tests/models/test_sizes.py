"""The size of the pictures is a lever: each network takes any from 32 to 1024 pixels, with the same weights."""

import numpy as np
import pytest

from boda.errors import RecipeError
from boda.models import engine
from boda.models.assemble import build_classifier_as_is, feature_model
from boda.models.backbones import BACKBONES, side
from boda.models.lite_network import write_embedded

NAMES = [name if name == "mobilenet" else pytest.param(name, marks=pytest.mark.slow) for name in BACKBONES]
LITE = "efficientnet_lite0"


@pytest.fixture(scope="module")
def lite():
    """The embedded network at 160 and 192 pixels."""
    return {size: feature_model(LITE, size=size) for size in (160, 192)}


def pictures(count, size):
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def test_without_a_size_the_backbones_own_counts():
    assert side(LITE) == 224


@pytest.mark.parametrize("size", [32, 33, 1024])
def test_sizes_up_to_both_ends_are_taken(size):
    assert side(LITE, size) == size


@pytest.mark.parametrize("size", [0, 31, 1025, -224, 224.0, True, "224"])
def test_another_size_is_refused_with_what_there_is(size):
    with pytest.raises(
        RecipeError,
        match=rf"from 32 to 1024; {LITE} takes any of them, and was trained with 224\. Received: size={size!r}",
    ):
        side(LITE, size)


def test_a_network_of_a_size_that_there_is_not_is_not_built(tmp_path):
    with pytest.raises(RecipeError, match="from 32 to 1024"):
        feature_model(LITE, None, 16)
    with pytest.raises(RecipeError, match="from 32 to 1024"):
        write_embedded(tmp_path / "network.xml", 2048)


@pytest.mark.parametrize("name", NAMES)
def test_the_smallest_picture_leaves_one_place_of_the_map(name):
    model = feature_model(name, None, 32)

    assert model.input.shape == (None, 32, 32, 3)
    assert model.outputs[0].shape == (None, 1, 1, BACKBONES[name].features)


@pytest.mark.slow
@pytest.mark.parametrize("size", [33, 97, 1024])  # odd ones are padded otherwise
@pytest.mark.parametrize("name", BACKBONES)
def test_any_size_can_be_built(name, size):
    model = feature_model(name, None, size)

    assert model.outputs[0].shape[1] in {size // 32, -(-size // 32)}


def test_the_whole_network_takes_another_size_too():
    assert build_classifier_as_is(LITE, None, 96).output.shape == (None, 1000)


def test_the_size_changes_no_weight(lite):
    for weight, other in zip(lite[160].weights, lite[192].weights, strict=True):
        np.testing.assert_array_equal(np.asarray(weight), np.asarray(other))


@pytest.mark.parametrize("straight", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["written", "converted"])
@pytest.mark.parametrize("size", [160, 192])
def test_the_embedded_network_differs_from_keras_by_rounding_only(lite, size, straight, tmp_path):
    path, images = tmp_path / "network.xml", pictures(2, size)
    write_embedded(path, size) if straight else engine.convert(lite[size], path)

    (answer,) = engine.Network(path).run([images])

    maps, pooled = (np.asarray(output) for output in lite[size](images.astype("float32"), training=False))
    np.testing.assert_allclose(answer["map"], maps, atol=1e-3)
    np.testing.assert_allclose(answer["pooled"], pooled, atol=1e-4)
