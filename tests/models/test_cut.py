"""A network in two at a cut: the halves compute what the whole does, and what is frozen stays as it is."""

import functools

import numpy as np
import pytest

from boda.errors import RecipeError
from boda.models.assemble import feature_model
from boda.models.backbones import BACKBONES
from boda.models.cut import block_names, cut_layer, freeze, layer_depths, tail, thawed_blocks, trunk
from boda.models.keras_import import import_keras

SMALL = "mobilenet_v3_small"
QUICK = {"efficientnet_lite0", SMALL}
NAMES = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in BACKBONES]
SIZE = 64


@functools.cache
def network(name):
    """The backbone with fresh weights and a head of three classes; the outputs are map, pooled and logits."""
    keras = import_keras()
    keras.utils.set_random_seed(0)
    base = feature_model(name, None, SIZE)
    logits = keras.layers.Dense(3, name="logits")(base.outputs[1])
    return awake(keras.Model(base.input, [*base.outputs, logits], name=name))


def awake(model):
    """Fresh weights answer with 1e-12; after one look at the statistics of some pictures they answer with 1."""
    keras = import_keras()
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in norms:
        layer.momentum = 0.0
    model(pictures(8, seed=1), training=True)
    for layer in norms:
        layer.momentum = 0.99
    for layer in model.layers:
        if layer.name.endswith("layer_scale"):
            layer.set_weights([np.ones(weight.shape) for weight in layer.weights])
    return model


def classifier(name):
    whole = network(name)
    return import_keras().Model(whole.input, whole.outputs[-1], name=name)


def pictures(count, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (count, SIZE, SIZE, 3)).astype("float32")


def arrays(outputs):
    return [np.asarray(output) for output in outputs]


def ancestors(model, layer):
    """Names of the operations on which the output of `layer` depends, `layer` too."""
    wanted, found = [model.get_layer(layer)], set()
    while wanted:
        operation = wanted.pop()
        if operation.name not in found:
            found.add(operation.name)
            wanted += [tensor._keras_history.operation for tensor in operation._inbound_nodes[0].input_tensors]
    return found


def values(model):
    return {
        f"{layer.name}/{weight.name}": np.array(weight) for layer in network_layers(model) for weight in layer.weights
    }


def network_layers(model):
    return [layer for layer in model.layers if layer.weights]


def train_a_step(model, inputs):
    model.compile(optimizer=import_keras().optimizers.SGD(0.1), loss="mse", run_eagerly=True)
    model.train_on_batch(inputs, np.eye(3, dtype="float32")[np.arange(len(inputs)) % 3] * 10)


def changed(before, after):
    """Names of the layers of which a weight changed."""
    return {key.split("/")[0] for key, value in before.items() if not np.array_equal(value, after[key])}


@pytest.fixture
def whole():
    """The small network with its head, the same weights for each test."""
    model = classifier(SMALL)
    weights = model.get_weights()
    yield model
    model.trainable = True
    model.set_weights(weights)


def test_the_blocks_come_in_order_from_the_stem():
    names = block_names("efficientnet_lite0")

    assert names == ("stem", *(f"block{i}" for i in range(16)), "head")


@pytest.mark.parametrize(
    ("thaw", "blocks"),
    [
        ("as-is", ()),
        ("head", ()),
        ("last-1", ("head",)),
        ("last-3", ("block14", "block15", "head")),
        ("last-18", block_names("efficientnet_lite0")),
        ("all", block_names("efficientnet_lite0")),
        ("scratch", block_names("efficientnet_lite0")),
    ],
)
def test_the_word_names_the_blocks_that_thaw(thaw, blocks):
    assert thawed_blocks("efficientnet_lite0", thaw) == blocks


@pytest.mark.parametrize("thaw", ["last-0", "last-19", "last-", "last", "last-01", "last--1", "last-1.5", "tail", ""])
def test_what_cannot_thaw_is_refused_with_the_blocks_that_there_are(thaw):
    with pytest.raises(
        RecipeError, match=rf"with N from 1 to 18, since efficientnet_lite0 has 18 blocks: stem, .*'{thaw}'"
    ):
        thawed_blocks("efficientnet_lite0", thaw)


def test_a_strange_backbone_has_no_cut():
    with pytest.raises(RecipeError, match="There is no backbone vgg"):
        cut_layer("vgg", "head")


@pytest.mark.parametrize(
    ("thaw", "layer"),
    [
        ("as-is", "head_relu"),
        ("head", "head_relu"),
        ("last-1", "block15_project_bn"),
        ("last-6", "block10_add"),
        ("last-17", "stem_relu"),
        ("last-18", None),
        ("all", None),
        ("scratch", None),
    ],
)
def test_the_cut_is_the_last_layer_of_the_highest_frozen_block(thaw, layer):
    assert cut_layer("efficientnet_lite0", thaw) == layer


@pytest.mark.parametrize("name", NAMES)
class TestOfEachNetwork:
    def test_trunk_and_tail_answer_as_the_whole_does(self, name):
        model, images = network(name), pictures(2)
        expected = arrays(model(images, training=False))

        for thaw in ("last-1", "last-3", f"last-{len(block_names(name)) - 1}"):
            layer = cut_layer(name, thaw)
            answers = arrays(tail(model, layer)(trunk(model, layer)(images, training=False), training=False))
            for answer, wanted in zip(answers, expected, strict=True):
                assert np.abs(wanted).max() > 0.01
                np.testing.assert_allclose(answer, wanted, atol=1e-5 * np.abs(wanted).max(), err_msg=thaw)

    def test_what_thaws_is_exactly_what_does_not_lie_below_the_cut(self, name):
        model = network(name)
        depths = layer_depths(model, name)

        for number in range(1, len(block_names(name))):
            below = ancestors(model, cut_layer(name, f"last-{number}"))
            assert {layer for layer, depth in depths.items() if depth <= number} == set(depths) - below

    def test_every_block_holds_weights(self, name):
        model = network(name)
        depths = layer_depths(model, name)

        assert {depths[layer.name] for layer in network_layers(model)} == set(range(len(block_names(name)) + 1))

    def test_no_connection_crosses_a_cut(self, name):
        model = network(name)
        for thaw in ("head", "last-1", "last-2", "last-3", "last-4", f"last-{len(block_names(name)) - 1}"):
            layer = cut_layer(name, thaw)
            below = [operation.name for operation in trunk(model, layer).operations]
            above = [operation.name for operation in tail(model, layer).operations]

            assert above[0] == "cut"
            assert sorted(below + above[1:]) == sorted(operation.name for operation in model.operations)

    @pytest.mark.parametrize("thaw", ["head", "last-2"])
    def test_a_step_on_the_tail_changes_thawed_layers_alone(self, name, thaw):
        keras = import_keras()
        model = classifier(name)
        freeze(model, name, thaw)
        before, layer = values(model), cut_layer(name, thaw)
        thawed = {layer.name for layer in network_layers(model)} - ancestors(model, layer)
        norms = {layer.name for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)}

        train_a_step(tail(model, layer), np.asarray(trunk(model, layer)(pictures(2), training=False)))

        assert changed(before, values(model)) == thawed - norms
        model.set_weights(list(before.values()))


def test_to_train_the_tail_is_to_train_the_network(whole):
    freeze(whole, SMALL, "last-2")
    images, layer = pictures(3), cut_layer(SMALL, "last-2")
    before, kept = np.asarray(whole(images)), np.asarray(trunk(whole, layer)(images))
    above = tail(whole, layer)
    train_a_step(above, kept)

    after = np.asarray(whole(images))

    assert np.abs(after - before).max() > 1e-3
    np.testing.assert_allclose(np.asarray(above(kept)), after, atol=1e-5)


def test_where_nothing_is_frozen_the_tail_is_the_network(whole):
    assert tail(whole, cut_layer(SMALL, "all")) is whole


def test_the_tail_has_the_same_names_whatever_was_built_before():
    names = [
        [layer.name for layer in tail(network(SMALL), cut_layer(SMALL, "last-2")).layers],
        [layer.name for layer in tail(network(SMALL), cut_layer(SMALL, "last-2")).layers],
    ]

    assert names[0] == names[1]


def test_the_tail_comes_back_from_a_file(whole, tmp_path):
    keras = import_keras()
    layer = cut_layer(SMALL, "last-2")
    above = tail(whole, layer)
    kept = np.asarray(trunk(whole, layer)(pictures(2), training=False))
    above.save(tmp_path / "tail.keras")

    again = keras.saving.load_model(tmp_path / "tail.keras")

    np.testing.assert_allclose(np.asarray(again(kept)), np.asarray(above(kept)), atol=1e-6)


def test_as_it_is_nothing_learns(whole):
    freeze(whole, SMALL, "as-is")

    assert whole.trainable_weights == []


def test_the_head_learns_alone(whole):
    freeze(whole, SMALL, "head")

    assert [weight.path for weight in whole.trainable_weights] == ["logits/kernel", "logits/bias"]


def test_a_later_word_thaws_what_an_earlier_one_froze(whole):
    freeze(whole, SMALL, "as-is")
    freeze(whole, SMALL, "scratch", batch_norm="train")

    moving = [weight for weight in whole.weights if "moving" in weight.path]
    assert len(whole.trainable_weights) + len(moving) == len(whole.weights)


@pytest.mark.parametrize("batch_norm", ["inference", "train"])
def test_statistics_of_batches_count_only_where_told(whole, batch_norm):
    freeze(whole, SMALL, "last-2", batch_norm=batch_norm)
    images, layer = pictures(4), cut_layer(SMALL, "last-2")
    kept, before = np.asarray(trunk(whole, layer)(images)), values(whole)
    train_a_step(tail(whole, layer), kept)

    moved = {name for name in changed(before, values(whole)) if name.endswith("_bn")}

    thawed = {f"expanded_conv_10_{part}_bn" for part in ("expand", "depthwise", "project")} | {"conv_1_bn"}
    assert moved == (thawed if batch_norm == "train" else set())


def test_a_thawed_network_answers_in_training_as_in_use(whole):
    freeze(whole, SMALL, "all")
    images = pictures(2)

    np.testing.assert_allclose(np.asarray(whole(images, training=True)), np.asarray(whole(images)), atol=1e-5)


@pytest.mark.parametrize("thaw", ["head", "last-1", "all"])
def test_normalisation_in_the_head_learns_its_statistics(thaw):
    keras = import_keras()
    base = network(SMALL)
    x = keras.layers.BatchNormalization(name="head_norm")(base.outputs[1])
    model = keras.Model(base.input, keras.layers.Dense(3, name="answers")(x))

    freeze(model, SMALL, thaw)

    assert model.get_layer("head_norm").trainable
    assert not model.get_layer("conv_1_bn").trainable
    base.trainable = True


def test_depths_count_blocks_from_the_top():
    depths = layer_depths(network(SMALL), SMALL)

    wanted = ["logits", "pooled", "activation_17", "conv_1", "expanded_conv_10_add", "activation", "conv", "image"]
    assert [depths[name] for name in wanted] == [0, 0, 1, 1, 2, 13, 13, 13]


def test_a_layer_lies_as_deep_in_the_tail_as_in_the_network():
    model = network(SMALL)
    above = tail(model, cut_layer(SMALL, "last-3"))

    depths = layer_depths(above, SMALL)

    assert depths.pop("cut") == 3
    assert depths == {name: depth for name, depth in layer_depths(model, SMALL).items() if depth <= 3}
