import functools
import subprocess
import sys

import pytest

from boda.errors import RecipeError
from boda.models.assemble import build_backbone, build_classifier_as_is, feature_model
from boda.models.backbones import BACKBONES, get

BIG = {"resnet50", "resnet50_v2", "convnext_tiny", "densenet121", "efficientnetv2_b0"}
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name in BIG else name for name in BACKBONES]


@functools.cache
def built(name):
    return build_backbone(name, None)


def separators(model):
    """Names of the operations, in order, whose output alone carries the picture to everything above."""
    nodes = [node for depth in sorted(model._nodes_by_depth, reverse=True) for node in model._nodes_by_depth[depth]]
    uses = {}
    for node in nodes:
        for tensor in node.input_tensors:
            uses[id(tensor)] = uses.get(id(tensor), 0) + 1
    alive, found = {}, []
    for node in nodes:
        for tensor in node.input_tensors:
            alive[id(tensor)] -= 1
        alive |= {id(tensor): uses.get(id(tensor), 0) for tensor in node.outputs}
        alive = {tensor: n for tensor, n in alive.items() if n}
        if set(alive) <= {id(tensor) for tensor in node.outputs}:
            found.append(node.operation.name)
    return found


def test_a_misspelt_backbone_gets_the_nearest_name():
    with pytest.raises(RecipeError, match=r"There is no backbone mobilenetv2\. Did you mean mobilenet_v2\?"):
        get("mobilenetv2")


def test_a_strange_backbone_gets_the_list():
    with pytest.raises(RecipeError, match=r"There is no backbone 42\. Known: efficientnet_lite0, mobilenet,"):
        get("42")


def test_the_table_loads_neither_keras_nor_numpy():
    code = "import sys, boda.models.backbones; print({'keras', 'tensorflow', 'numpy', 'h5py'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"


@pytest.mark.parametrize("name", BACKBONES)
def test_a_row_is_whole(name):
    row = BACKBONES[name]
    blocks, layers = zip(*row.blocks, strict=True)

    assert row.name == name
    assert len(set(blocks)) == len(blocks)
    assert len(set(layers)) == len(layers)
    assert row.embedded == (row.weights_top is None)
    assert row.embedded or row.weights.name.endswith(".h5")


@pytest.mark.parametrize("name", NAMES)
class TestOfEachNetwork:
    def test_each_block_ends_at_a_cut_in_order(self, name):
        row = BACKBONES[name]
        model = built(name)
        cuts = separators(model)
        places = [cuts.index(layer) for _, layer in row.blocks]

        assert places == sorted(places)
        assert model.output is model.get_layer(row.blocks[-1][1]).output

    def test_a_block_holds_every_weight_between_two_cuts(self, name):
        row = BACKBONES[name]
        layers = built(name).layers
        names = [layer.name for layer in layers]

        after_last = layers[names.index(row.blocks[-1][1]) + 1 :]
        assert not any(layer.weights for layer in after_last)
        before_first = layers[: names.index(row.blocks[0][1]) + 1]
        assert any(layer.weights for layer in before_first)

    def test_what_the_row_states_is_what_is_built(self, name):
        row = BACKBONES[name]
        model = feature_model(name, None)

        assert model.input.shape == (None, row.size, row.size, 3)
        assert model.outputs[0].shape[-1] == row.features
        assert model.outputs[1].shape == (None, row.features)
        assert round(model.count_params() / 1e6, 2) == row.params

    def test_the_whole_network_ends_in_a_thousand_logits(self, name):
        model = build_classifier_as_is(name, None)

        assert model.output.shape == (None, 1000)
        assert [layer.activation.__name__ for layer in model.layers[-1:] if hasattr(layer, "activation")] in (
            ["linear"],
            [],
        )

    def test_no_layer_is_a_model_and_names_do_not_depend_on_what_was_built_before(self, name):
        once, again = built(name), build_backbone(name, None)

        assert [op.name for op in once.operations] == [op.name for op in again.operations]
        assert not any(hasattr(layer, "layers") for layer in once.layers)
