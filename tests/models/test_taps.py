"""Taps: the maps that a head of boxes looks at, and the cut below them, for all backbones."""

import pytest

from boda.errors import RecipeError
from boda.models.assemble import feature_model
from boda.models.backbones import BACKBONES
from boda.models.cut import tail_of, trunk_of
from boda.models.taps import cut_layers, taps

STRIDES = (8, 16, 32)


def test_each_tap_is_the_highest_layer_of_its_scale():
    model = feature_model("efficientnet_lite0", None, 64)

    assert taps(model, "efficientnet_lite0", STRIDES) == {8: "block4_add", 16: "block10_add", 32: "block15_project_bn"}


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_has_the_three_scales(name):
    model = feature_model(name, None, 64)
    found = taps(model, name, STRIDES)

    assert [model.get_layer(found[stride]).output.shape[1] for stride in STRIDES] == [8, 4, 2]


def test_a_side_that_the_strides_do_not_divide_is_refused():
    with pytest.raises(RecipeError, match=r"multiple of 32 pixels. Received: size=80"):
        taps(feature_model("efficientnet_lite0", None, 80), "efficientnet_lite0", STRIDES)


@pytest.mark.parametrize(
    ("thaw", "layers"),
    [
        ("head", ("block4_add", "block10_add", "block15_project_bn")),
        ("last-6", ("block4_add", "block10_add")),
        ("last-5", ("block4_add", "block10_add", "block11_project_bn")),
        ("last-12", ("block4_add",)),
        ("last-14", ("block2_add",)),
        ("all", ()),
        ("scratch", ()),
    ],
)
def test_the_cut_is_all_that_is_frozen_and_looked_at(thaw, layers):
    tapped = ("block4_add", "block10_add", "block15_project_bn")

    assert cut_layers("efficientnet_lite0", thaw, tapped) == layers


def test_trunk_and_tail_are_the_network_again():
    keras = pytest.importorskip("keras")
    base = feature_model("efficientnet_lite0", None, 64)
    low, high = (base.get_layer(layer).output for layer in ("block4_add", "block15_project_bn"))
    pooled = [keras.layers.GlobalAveragePooling2D()(x) for x in (low, high)]
    model = keras.Model(base.input, keras.layers.Concatenate()(pooled))
    layers = cut_layers("efficientnet_lite0", "last-6", ("block4_add", "block15_project_bn"))
    picture = keras.random.uniform((2, 64, 64, 3), 0, 255, seed=1)

    again = tail_of(model, layers)(trunk_of(model, layers)(picture))

    assert layers == ("block4_add", "block10_add")
    assert float(abs(again - model(picture)).numpy().max()) < 1e-5
