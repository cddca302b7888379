"""A plan and its weights say in NumPy what the Keras network says, whatever the recipe."""

import numpy as np
import pytest

from boda.errors import RecipeError
from boda.models.keras_import import import_keras
from boda.models.sequence_networks import Carry, answering, build, plan_of, variables_of, weights_of
from boda.models.sequence_plan import Plan
from boda.models.sequence_weights import weight_shapes
from boda.models.step import Recurrent
from boda.recipe.sequence import SequenceRecipe

IDS = np.array([[3, 1, 4, 1, 5], [2, 6, 5, 0, 0], [4, 0, 0, 0, 0]], np.int32)
LENGTHS = [5, 3, 1]
RECIPES = {
    "plain": {},
    "one-hot": {"embedding": 0},
    "gru": {"cell": "gru", "layers": 2},
    "rnn": {"cell": "rnn"},
    "mingru": {"cell": "mingru", "layers": 2, "residual": True},
    "both ends": {"bidirectional": True, "layers": 2},
    "norm and residual": {"layers": 2, "layer_norm": True, "residual": True, "embedding": 6},
    "all of it": {"cell": "gru", "bidirectional": True, "layers": 3, "layer_norm": True, "residual": True},
    "dropouts": {"dropout": 0.5, "recurrent_dropout": 0.5},
}


def recipe_of(**options):
    return SequenceRecipe(**{"units": 6, "embedding": 4, **options})


def network(recipe, task, kind="ids", size=7, outputs=3, target_size=0, carry=None):
    """A network whose biases and norms are no zeros and ones."""
    import_keras().utils.set_random_seed(0)
    plan = plan_of(recipe, task, kind, size, outputs, target_size)
    model = build(plan, recipe, carry)
    rng = np.random.default_rng(1)
    for variable in variables_of(model, plan).values():
        variable.assign(variable + rng.normal(scale=0.3, size=variable.shape))
    return model, plan, Recurrent(Plan.from_json(plan), weights_of(model, plan))


def numbers(channels=2):
    """Numbers (3, 5, channels) with zeros behind the end, and the same with the column that says what is there."""
    there = (np.arange(5) < np.array(LENGTHS)[:, None])[..., None].astype(np.float32)
    x = np.random.default_rng(2).normal(size=(3, 5, channels)).astype(np.float32) * there
    return x, np.concatenate([x, there], axis=-1)


@pytest.mark.parametrize("options", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("task", ["classify", "tag"])
def test_keras_and_numpy_say_the_same_of_ids(task, options):
    model, _, runtime = network(recipe_of(**options), task)
    expected = np.asarray(model(IDS))

    found = runtime.answers([row[:n] for row, n in zip(IDS, LENGTHS, strict=True)])

    for row, n, answer in zip(expected, LENGTHS, found, strict=True):
        np.testing.assert_allclose(answer, row[:n] if task == "tag" else row, atol=1e-5)


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_keras_and_numpy_say_the_same_of_numbers(pooling, bidirectional):
    recipe = recipe_of(pooling=pooling, bidirectional=bidirectional, layer_norm=True)
    model, _, runtime = network(recipe, "regress", "numbers", size=2, outputs=1)
    x, given = numbers()

    found = runtime.run(x, LENGTHS).outputs

    np.testing.assert_allclose(found, np.asarray(model(given)), atol=1e-5)


@pytest.mark.parametrize("options", [*RECIPES.values(), {"attention": False}], ids=[*RECIPES, "no attention"])
def test_keras_and_numpy_write_the_same(options):
    model, _, runtime = network(recipe_of(**options), "pairs", outputs=9, target_size=9)
    written = np.array([[2, 5, 8, 4], [2, 7, 7, 1], [2, 4, 5, 6]], np.int32)
    expected = np.asarray(model([IDS, written]))

    memory = runtime.encode(IDS, LENGTHS)
    state = runtime.decoder_state(memory)
    for step in range(4):
        logits, state, _ = runtime.decode_step(written[:, step], state, memory)
        np.testing.assert_allclose(logits, expected[:, step], atol=1e-5)


@pytest.mark.parametrize("task", ["classify", "pairs"])
@pytest.mark.parametrize("options", RECIPES.values(), ids=RECIPES)
def test_the_weights_are_those_that_the_plan_lists(options, task):
    _, plan, runtime = network(recipe_of(**options), task, target_size=3)

    shapes = weight_shapes(Plan.from_json(plan))
    assert {name: array.shape for name, array in runtime.weights.items()} == shapes


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_changes_neither_answers_nor_gradients(pooling, bidirectional):
    import tensorflow as tf

    model, _, _ = network(recipe_of(pooling=pooling, bidirectional=bidirectional, layers=2), "classify")

    def slopes(rows):
        with tf.GradientTape() as tape:
            loss = sum(tf.reduce_sum(model(row) ** 2) for row in rows)
        found = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
        return float(loss), [np.asarray(tf.convert_to_tensor(slope)) for slope in found]

    together = slopes([IDS])
    alone = slopes([IDS[i : i + 1, :n] for i, n in enumerate(LENGTHS)])

    assert together[0] == pytest.approx(alone[0], rel=1e-5)
    for a, b in zip(together[1], alone[1], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "mingru"])
def test_with_the_memory_outside_pieces_say_what_one_pass_says(cell):
    model, plan, _ = network(recipe_of(cell=cell, layers=2, layer_norm=True), "language", outputs=7)
    outside = answering(model, plan)
    states = [np.zeros((3, 6), np.float32) for _ in outside.inputs[1:]]
    first, *states = outside([IDS[:, :2], *states])
    second, *_ = outside([IDS[:, 2:], *map(np.asarray, states)])

    np.testing.assert_allclose(np.concatenate([first, second], axis=1), np.asarray(model(IDS)), atol=1e-5)


@pytest.mark.parametrize("every", [5, 2])
def test_a_carried_network_has_the_same_weights_and_says_the_same(every):
    recipe = recipe_of(layers=2, layer_norm=True)
    model, plan, runtime = network(recipe, "language", outputs=7, carry=Carry(3, 5, every))

    found = np.asarray(model([IDS, -np.array([1, 2, 3], np.int32)], training=True))

    np.testing.assert_allclose(found[0], runtime.run(IDS, LENGTHS).outputs[0], atol=1e-5)
    assert set(runtime.weights) == set(weight_shapes(Plan.from_json(plan)))


def test_one_hot_rows_of_very_many_tokens_are_refused():
    with pytest.raises(RecipeError, match="embedding must be 1 or more with 5000 tokens"):
        plan_of(recipe_of(embedding=0), "classify", "ids", 5000, 2)


def test_the_network_is_flat():
    model, _, _ = network(recipe_of(layers=2), "pairs", target_size=5)

    assert not [layer for layer in model.layers if hasattr(layer, "layers")]
