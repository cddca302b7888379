import numpy as np
import pytest

from boda.models.keras_import import import_keras
from boda.models.sequence_plan import Decoder, Input, Layer, Plan
from boda.models.step import Recurrent
from recurrent_reference import IDS, keras_cell, keras_layer, random_ids, random_weights

LENGTHS = (7, 3, 5)


def pairs(*, cell="lstm", attention=True):
    decoder = Decoder(Input("ids", 8, 2), (Layer(cell, 4), Layer("gru", 4)), attention=attention, width=5, outputs=8)
    plan = Plan("pairs", IDS, (Layer("gru", 6), Layer("lstm", 3, bidirectional=True)), decoder=decoder)
    return Recurrent(plan, random_weights(plan))


def written(network, memory, targets):
    """The logits and the attention of each step of teacher forcing, (b, t, ...)."""
    state, steps = network.decoder_state(memory), []
    for t in range(targets.shape[1]):
        logits, state, attention = network.decode_step(targets[:, t], state, memory)
        steps.append((logits, attention))
    return [None if parts[0] is None else np.stack(parts, axis=1) for parts in zip(*steps, strict=True)]


def in_keras(network, x, targets):
    """The same by Keras's layers over all steps at once; its Attention is Luong's dot product."""
    keras, w, plan = import_keras(), network.weights, network.plan
    mask = x != 0
    y = keras_layer(plan, w, 0, w["embedding"][x], mask)
    top = keras.layers.Bidirectional(keras_cell("lstm", 3, return_sequences=True, return_state=True))
    top.build(y.shape)
    names = ("kernel", "recurrent_kernel", "bias")
    top.set_weights([w[f"layer1/{way}/{name}"] for way in ("forward", "backward") for name in names])
    source, forward, _, backward, _ = top(y, mask=keras.ops.convert_to_tensor(mask))
    final = np.concatenate([forward, backward], axis=1)

    y = w["decoder/embedding"][targets]
    for nth, layer in enumerate(plan.decoder.layers):
        bridges = [f"decoder/bridge{nth}/{name}" for name in ("hc" if layer.cell == "lstm" else "h")]
        state = [np.tanh(final @ w[f"{bridge}/kernel"] + w[f"{bridge}/bias"]) for bridge in bridges]
        cell = keras_cell(layer.cell, layer.units, return_sequences=True)
        cell.build(y.shape)
        cell.set_weights([w[f"decoder/layer{nth}/forward/{name}"] for name in names])
        y = cell(y, initial_state=state)
    looks = None
    if plan.decoder.attention:
        attend = keras.layers.Attention()
        query = keras.ops.matmul(y, w["decoder/attention/kernel"])
        context, looks = attend([query, source], mask=[None, mask], return_attention_scores=True)
        y = np.concatenate([y, context], axis=-1) @ w["decoder/combine/kernel"] + w["decoder/combine/bias"]
        y = np.tanh(y)
    return np.asarray(y) @ w["decoder/head/kernel"] + w["decoder/head/bias"], looks


@pytest.mark.parametrize("attention", [True, False])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_teacher_forcing_equals_keras(cell, attention):
    network = pairs(cell=cell, attention=attention)
    x = random_ids(lengths=LENGTHS)[0]
    targets = np.random.default_rng(1).integers(1, 8, (3, 6))

    logits, looks = written(network, network.encode(x), targets)
    expected, expected_looks = in_keras(network, x, targets)

    assert np.allclose(logits, expected, atol=1e-5)
    assert (looks is None) == (not attention)
    assert looks is None or np.allclose(looks, expected_looks, atol=1e-5)


def test_attention_is_a_share_of_each_valid_step():
    network = pairs()
    x = random_ids(lengths=LENGTHS)[0]

    _, looks = written(network, network.encode(x), np.ones((3, 2), int))

    assert np.allclose(looks.sum(axis=2), 1)
    assert (looks[np.broadcast_to((x == 0)[:, None], looks.shape)] == 0).all()


def test_a_source_without_a_step_still_gives_numbers():
    network = pairs()

    logits, _ = written(network, network.encode(np.zeros((1, 1), int)), np.ones((1, 2), int))

    assert np.isfinite(logits).all()


def test_some_rows_of_a_memory_are_the_memory_of_some_sources():
    network = pairs()
    x = random_ids(lengths=LENGTHS)[0]
    targets = np.ones((2, 3), int)

    some, _ = written(network, network.encode(x).take(np.array([2, 0])), targets)

    assert np.allclose(some, written(network, network.encode(x[[2, 0]]), targets)[0], atol=1e-6)
