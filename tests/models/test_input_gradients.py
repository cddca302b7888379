import numpy as np
import pytest

from boda.errors import RunError
from boda.models.keras_import import import_keras
from boda.models.sequence_plan import Input, Layer
from boda.models.step import Recurrent
from recurrent_reference import NUMBERS, embedded, keras_layer, plan_of, random_ids, random_weights

DEEP = (
    Layer("lstm", 5, layer_norm=True, residual=True),
    Layer("gru", 4, bidirectional=True),
    Layer("rnn", 8, layer_norm=True, residual=True),
    Layer("mingru", 3),
)
BOTH_ENDS = (Layer("lstm", 6), Layer("gru", 4, bidirectional=True))


def network_of(plan, dtype=np.float32):
    return Recurrent(plan, random_weights(plan, dtype=dtype))


def numbers():
    return np.random.default_rng(5).normal(0, 1, (7, 5))


@pytest.mark.parametrize("head", ["last", "mean", "max", "each"])
@pytest.mark.parametrize("layers", [DEEP, BOTH_ENDS], ids=["deep", "both ends"])
def test_gradients_equal_finite_differences_in_float64(layers, head):
    plan = plan_of(*layers, first=NUMBERS, head=head)
    network, x = network_of(plan, np.float64), numbers()
    rng = np.random.default_rng(1)
    target = rng.normal(0, 1, network.run(x[None]).outputs[0].shape)
    found, direction = network.gradients(x, target), rng.normal(0, 1, x.shape)

    ends = [(network.run((x + sign * 1e-6 * direction)[None]).outputs[0] * target).sum() for sign in (1, -1)]

    assert (found.x * direction).sum() == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6)
    assert [states.shape for states in found.states] == [(7, layer.width) for layer in plan.layers]


def test_saliency_equals_tensorflows_gradient():
    import_keras()
    tf = pytest.importorskip("tensorflow")
    plan = plan_of(Layer("lstm", 6, bidirectional=True), Layer("gru", 4))
    network, (_, rows) = network_of(plan), random_ids()
    x = tf.constant(embedded(plan, network.weights, rows[0][None]))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = keras_layer(plan, network.weights, 0, x)
        y = keras_layer(plan, network.weights, 1, y, return_sequences=False)
        logit = (y @ network.weights["head/kernel"] + network.weights["head/bias"])[0, 2]
    d_x = tape.gradient(logit, x).numpy()[0]

    assert np.allclose(network.saliency(rows[0], 2), np.linalg.norm(d_x, axis=1), atol=1e-5)
    assert np.allclose(network.saliency(rows[0], 2, signed=True), (d_x * x.numpy()[0]).sum(axis=1), atol=1e-5)


def test_saliency_of_a_head_on_each_step_looks_at_the_last():
    last, each = (network_of(plan_of(Layer("gru", 6), head=head)) for head in ("last", "each"))
    sequence = random_ids()[1][0]

    assert np.allclose(last.saliency(sequence, 1), each.saliency(sequence, 1), atol=1e-6)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "mingru"])
def test_gradient_reach_is_the_slope_of_the_last_logit_by_each_state(cell):
    network = network_of(plan_of(Layer(cell, 4), first=NUMBERS), np.float64)
    x = numbers()[None]
    reach = network.gradient_reach(x[0])
    class_index = int(network.run(x).outputs.argmax())

    t = 3
    (h, *rest), slopes = network.run(x[:, : t + 1]).state[0], []
    for unit in range(4):
        nudge = 1e-6 * np.eye(4)[unit]
        ends = [network.run(x[:, t + 1 :], state=((h + s * nudge, *rest),)).outputs[0, class_index] for s in (1, -1)]
        slopes.append((ends[0] - ends[1]) / 2e-6)

    assert reach.shape == (7,)
    assert reach[t] == pytest.approx(np.linalg.norm(slopes), rel=1e-6)


def test_a_simple_network_that_forgets_by_half_has_a_reach_that_halves():
    plan = plan_of(Layer("rnn", 1), first=Input("numbers", 1), outputs=1)
    weights = {name: np.zeros_like(values) for name, values in random_weights(plan).items()}
    weights["layer0/forward/recurrent_kernel"] += 0.5
    weights["head/kernel"] += 1

    assert Recurrent(plan, weights).gradient_reach(np.zeros((4, 1))).tolist() == [0.125, 0.25, 0.5, 1.0]


def test_gradients_need_a_target_as_the_outputs():
    with pytest.raises(RunError, match=r"the target is \(3,\), but the outputs are \(4,\)"):
        network_of(plan_of()).gradients(np.array([1]), np.zeros(3))


def test_saliency_needs_a_class_that_there_is():
    with pytest.raises(RunError, match="class_index is 4, but the network has 4 outputs"):
        network_of(plan_of()).saliency(np.array([1]), 4)
