import numpy as np
import pytest

from boda.errors import RunError
from boda.models import recurrent_stack
from boda.models.sequence_plan import Decoder, Input, Layer, Plan, save_network
from boda.models.step import Recurrent
from recurrent_reference import (
    IDS,
    NUMBERS,
    keras_layer,
    keras_outputs,
    plan_of,
    random_ids,
    random_weights,
)

LENGTHS = (7, 3, 5)
CELLS = ("lstm", "gru", "rnn", "mingru")
DEEP = (
    Layer("lstm", 5, layer_norm=True, residual=True),
    Layer("gru", 4, bidirectional=True),
    Layer("rnn", 8, layer_norm=True, residual=True),
)
FORWARD = (Layer("gru", 5, residual=True), Layer("lstm", 5, layer_norm=True, residual=True), Layer("mingru", 3))
PLANS = {
    **{f"{cell} last": plan_of(Layer(cell, 6)) for cell in CELLS[:3]},
    "one-hot": plan_of(Layer("lstm", 6), first=Input("ids", 9)),
    "mean": plan_of(Layer("gru", 6), head="mean"),
    "max": plan_of(Layer("gru", 6), head="max"),
    "each": plan_of(Layer("lstm", 6), Layer("lstm", 4), head="each"),
    "bidirectional last": plan_of(Layer("lstm", 6), Layer("gru", 4, bidirectional=True)),
    "deep mean": plan_of(*DEEP, head="mean"),
    "deep last": plan_of(*DEEP),
}


def network_of(plan, dtype=np.float32, seed=0):
    return Recurrent(plan, random_weights(plan, seed, dtype))


def numbers(dtype=np.float32, shape=(3, 7, 5)):
    return np.random.default_rng(5).normal(0, 1, shape).astype(dtype)


@pytest.mark.parametrize("name", PLANS)
def test_a_network_of_padded_ids_equals_keras(name):
    plan = PLANS[name]
    x, _ = random_ids(lengths=LENGTHS)
    network = network_of(plan)

    ours, theirs = network.run(x).outputs, keras_outputs(plan, network.weights, x, LENGTHS)

    valid = x != 0 if plan.head.kind == "each" else np.ones(len(x), bool)
    assert np.allclose(ours[valid], theirs[valid], atol=1e-5)


@pytest.mark.parametrize("head", ["last", "max", "each"])
def test_a_network_of_padded_numbers_equals_keras(head):
    plan = plan_of(Layer("lstm", 5, bidirectional=True, residual=True), Layer("gru", 6), first=NUMBERS, head=head)
    network = network_of(plan)

    ours, theirs = network.run(numbers(), LENGTHS).outputs, keras_outputs(plan, network.weights, numbers(), LENGTHS)

    valid = np.arange(7) < np.array(LENGTHS)[:, None] if head == "each" else np.ones(3, bool)
    assert np.allclose(ours[valid], theirs[valid], atol=1e-5)


@pytest.mark.parametrize("name", PLANS)
def test_padding_changes_nothing(name):
    network = network_of(PLANS[name])
    x, rows = random_ids(lengths=LENGTHS)

    together = network.run(x).outputs
    alone = [network.run(row[None]).outputs[0] for row in rows]

    assert all(
        np.allclose(a[: len(b)] if a.ndim == 2 else a, b, atol=1e-6) for a, b in zip(together, alone, strict=True)
    )


@pytest.mark.parametrize("head", ["last", "mean", "max", "each"])
@pytest.mark.parametrize("first", [IDS, Input("ids", 9), NUMBERS], ids=["embedding", "one-hot", "numbers"])
def test_steps_give_what_the_whole_pass_gives(first, head):
    network = network_of(plan_of(*FORWARD, first=first, head=head))
    x = numbers() if first is NUMBERS else random_ids(lengths=(7, 7, 7))[0]
    state = network.initial_state(3)
    for t in range(7):
        output, state = network.step(x[:, t], state)

        passed = network.run(x[:, : t + 1])
        expected = passed.outputs[:, -1] if head == "each" else passed.outputs
        assert np.allclose(output, expected, atol=1e-6)
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(flat(state), flat(passed.state), strict=True))


@pytest.mark.parametrize("head", ["last", "mean", "max"])
def test_a_state_carried_over_pieces_equals_one_long_pass(head):
    network = network_of(plan_of(*FORWARD, head=head))
    x = random_ids(lengths=(7, 7))[0]
    first = network.run(x[:, :4])

    second = network.run(x[:, 4:], state=first.state)

    assert np.allclose(second.outputs, network.run(x).outputs, atol=1e-6)
    assert np.allclose(network.read(x[:, 4:], network.read(x[:, :4])[1])[0], second.outputs, atol=1e-6)


def test_a_state_goes_on_as_in_keras():
    plan = plan_of(Layer("lstm", 6), first=NUMBERS, head="each")
    network = network_of(plan)
    state = network.run(numbers()[:, :3]).state

    ours = network.run(numbers()[:, 3:], state=state, record=True).layers[0]["h"]
    theirs = keras_layer(plan, network.weights, 0, numbers()[:, 3:], initial_state=list(state[0]))

    assert np.allclose(ours, theirs, atol=1e-5)


def test_a_step_leaves_the_state_that_it_is_given():
    network = network_of(plan_of(*FORWARD, head="mean"))
    _, state = network.step(np.array([1, 2]), network.initial_state(2))
    before = [values.copy() for values in flat(state)]

    network.step(np.array([3, 4]), state)

    assert all((a == b).all() for a, b in zip(before, flat(state), strict=True))


def test_a_large_embedding_is_multiplied_instead_of_looked_up(monkeypatch):
    x = random_ids()[0]
    looked_up = network_of(PLANS["lstm last"]).run(x).outputs
    monkeypatch.setattr(recurrent_stack, "MOST_TABLE", 1)

    assert np.allclose(network_of(PLANS["lstm last"]).run(x).outputs, looked_up, atol=1e-6)


@pytest.mark.parametrize("head", ["last", "each"])
def test_answers_come_in_the_order_of_the_questions(head):
    network = network_of(plan_of(Layer("gru", 6), head=head))
    _, rows = random_ids(lengths=(2, 7, 1, 4, 4))

    found = network.answers(rows, batch=2)

    assert [np.shape(answer) for answer in found] == [(len(row), 4) if head == "each" else (4,) for row in rows]
    assert all(np.allclose(a, network.run(row[None]).outputs[0], atol=1e-6) for a, row in zip(found, rows, strict=True))


@pytest.mark.parametrize("head", ["last", "mean", "max"])
@pytest.mark.parametrize("first", [IDS, NUMBERS], ids=["ids", "numbers"])
def test_an_empty_sequence_is_answered_by_a_state_of_zeros(first, head):
    network = network_of(plan_of(Layer("gru", 6), first=first, head=head))
    empty, one = np.zeros((0, 5) if first is NUMBERS else 0), np.ones((2, 5) if first is NUMBERS else 2, int)

    assert np.allclose(network.answers([one, empty])[1], network.weights["head/bias"])


def test_no_questions_no_answers():
    assert network_of(plan_of()).answers([]) == []


def test_a_record_holds_states_and_gates_of_both_directions():
    network = network_of(plan_of(Layer("lstm", 6), Layer("gru", 4, bidirectional=True)))
    below, top = network.run(random_ids()[0], record=True).layers

    assert {name: values.shape for name, values in below.items()} == dict.fromkeys(
        ("h", "c", "i", "f", "candidate", "o", "outputs"), (3, 7, 6)
    )
    assert {name: values.shape for name, values in top.items()} == dict.fromkeys(
        ("h", "z", "r", "candidate", "outputs"), (3, 7, 8)
    )


def test_float64_weights_are_computed_in_float64():
    network = network_of(plan_of(*DEEP), np.float64)

    assert network.run(random_ids()[0]).outputs.dtype == np.float64
    assert network_of(plan_of(*DEEP)).run(random_ids()[0]).outputs.dtype == np.float32


def test_a_saved_network_answers_the_same(tmp_path):
    network = network_of(plan_of(*DEEP))
    save_network(tmp_path, network.plan, network.weights)
    x = random_ids()[0]

    assert (Recurrent.load(tmp_path).run(x).outputs == network.run(x).outputs).all()


# What it refuses --------------------------------------------------------------------------------------------------


def pairs_plan():
    decoder = Decoder(Input("ids", 8, 2), (Layer("gru", 4),), attention=True, width=5, outputs=8)
    return Plan("pairs", IDS, (Layer("gru", 3),), decoder=decoder)


def test_weights_that_do_not_fit_the_plan_are_refused():
    with pytest.raises(RunError, match=r"layer0/forward/kernel has the shape \(5, 24\), but the plan needs \(5, 28\)"):
        Recurrent(plan_of(Layer("lstm", 7)), random_weights(plan_of(Layer("lstm", 6))))


def test_a_bidirectional_network_has_no_step():
    network = network_of(plan_of(Layer("lstm", 6, bidirectional=True)))

    with pytest.raises(RunError, match="has no step: it reads from both ends; use run"):
        network.step(np.array([1]), network.initial_state(1))
    with pytest.raises(RunError, match="cannot go on from a state"):
        network.run(random_ids()[0], state=network.initial_state(3))


def test_a_network_with_a_decoder_has_other_steps():
    network = network_of(pairs_plan())

    with pytest.raises(RunError, match="encode, decoder_state and decode_step"):
        network.step(np.array([1]), network.initial_state(1))
    with pytest.raises(RunError, match="use greedy or beam"):
        network.answers([np.array([1])])
    with pytest.raises(RunError, match="only the outputs of a head"):
        network.saliency(np.array([1]), 0)
    with pytest.raises(RunError, match="no decoder; use run or answers"):
        network_of(plan_of()).decoder_state(network.encode(random_ids()[0]))


def test_the_encoder_of_a_decoder_can_be_looked_into():
    passed = network_of(pairs_plan()).run(random_ids()[0], record=True)

    assert passed.outputs.shape == passed.layers[0]["h"].shape == (3, 7, 3)
    assert network_of(pairs_plan()).gradient_reach(np.array([1, 2, 3])).shape == (3,)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.array([[9]]), r"x is int64 \(1, 1\); expected a batch of sequences \(b, t\) of ids below 9"),
        (np.array([[-1]]), "expected a batch"),
        (np.array([1, 2]), "expected a batch"),
        (np.array([[1.0]]), "x is float64"),
        (np.zeros((1, 0), int), "expected a batch"),
    ],
)
def test_inputs_that_cannot_be_read_are_refused(x, message):
    with pytest.raises(RunError, match=message):
        network_of(plan_of()).run(x)


def test_numbers_of_another_width_are_refused():
    with pytest.raises(RunError, match="5 numbers a step"):
        network_of(plan_of(first=NUMBERS)).run(numbers(shape=(1, 2, 4)))


def test_a_step_says_what_it_can_read():
    network = network_of(plan_of())

    with pytest.raises(RunError, match=r"step: x \(1,\) does not fit the network, which reads ids below 9"):
        network.step(np.array([9]), network.initial_state(1))


@pytest.mark.parametrize("lengths", [[1, 2], [8, 1, 1], [-1, 1, 1]])
def test_lengths_that_do_not_fit_are_refused(lengths):
    with pytest.raises(RunError, match="expected 3 whole numbers from 0 to 7"):
        network_of(plan_of()).run(random_ids()[0], lengths)


def flat(state):
    return [values for layer in state for values in layer]
