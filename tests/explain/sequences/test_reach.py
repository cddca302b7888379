import numpy as np
import pytest

from boda.explain.sequences import Specimen, reach
from boda.explain.sequences.fresh import CELLS, fresh_network, fresh_weights, orthogonal, plan_of
from boda.explain.sequences.reach import back, faded
from boda.models.sequence_plan import Plan
from boda.models.sequence_weights import weight_shapes

LAYER = {"cell": "lstm", "units": 6, "bidirectional": True, "layer_norm": True, "residual": False}
PLAN = {
    "format": 1,
    "task": "tag",
    "input": {"kind": "ids", "size": 20, "embedding": 5},
    "layers": [LAYER, {**LAYER, "cell": "gru", "bidirectional": False}],
    "head": {"kind": "each", "outputs": 4},
    "decoder": None,
}


def test_norms_begin_at_1_at_the_last_step(network):
    assert back(network, np.arange(4)).tolist() == [1, 0.5, 0.25, 0.125]


def test_a_gradient_that_halves_is_below_1_percent_after_7_steps(network):
    told = reach(network, Specimen("t", np.arange(20)), make=lambda _plan, _rng: network)

    assert told["own"] == {"cell": "gru", "norms": [float(f"{0.5**i:.3g}") for i in range(20)], "faded": 7}
    assert [one["cell"] for one in told["fresh"]] == list(CELLS)


def test_a_gradient_that_comes_back_has_not_faded_before():
    assert faded([1, 0.001, 0.5, 0.001]) == 3
    assert faded([1, 0.001, 0.5]) is None


def test_one_step_says_nothing(network):
    assert reach(network, Specimen("t", np.arange(1))) == {}


@pytest.mark.parametrize("cell", [None, *CELLS])
def test_fresh_weights_are_those_that_the_plan_needs(cell):
    plan = plan_of(PLAN, cell)
    weights = fresh_weights(plan, np.random.default_rng(0))

    assert {name: w.shape for name, w in weights.items()} == weight_shapes(Plan.from_json(plan))


def test_recurrent_kernels_begin_orthogonal():
    kernel = orthogonal(4, 12, np.random.default_rng(0))

    assert kernel @ kernel.T == pytest.approx(np.eye(4), abs=1e-12)


def test_the_forget_gate_of_a_fresh_lstm_is_open():
    bias = fresh_weights(plan_of(PLAN, "lstm"), np.random.default_rng(0))["layer0/forward/bias"]

    assert bias.tolist() == [0.0] * 6 + [1.0] * 6 + [0.0] * 12


def test_fresh_networks_of_every_cell_are_run_beside_a_real_one():
    network = fresh_network(PLAN, np.random.default_rng(0))
    told = reach(network, Specimen("t", np.arange(1, 15)), seed=1)

    assert told["steps"] == 14
    assert all(one["norms"][0] == 1 and len(one["norms"]) == 14 for one in [told["own"], *told["fresh"]])


def test_the_same_seed_gives_the_same_fresh_networks():
    network = fresh_network(PLAN, np.random.default_rng(0))
    one, other, third = (reach(network, Specimen("t", np.arange(1, 9)), seed=seed) for seed in (1, 1, 2))

    assert one == other != third
