"""What a step costs: by hand, and of a long sequence as one plain pass says."""

import numpy as np
import pytest

from boda.models.heads import likelihood
from boda.models.heads.likelihood import nll_of_each, nll_of_long, step_nll
from boda.models.sequence_plan import Layer
from boda.models.step import Recurrent
from recurrent_reference import IDS, plan_of, random_weights


@pytest.fixture
def network():
    plan = plan_of(Layer("gru", 6), head="each", outputs=IDS.size)
    return Recurrent(plan, random_weights(plan, 0))


def test_ids_cost_their_cross_entropy():
    logits = np.log([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]])

    np.testing.assert_allclose(step_nll(logits, np.array([1, 2])), [np.log(4), -np.log(0.7)])


def test_frames_cost_the_sum_over_their_keys():
    logits = np.log([[0.8 / 0.2, 0.5 / 0.5, 0.1 / 0.9]])

    np.testing.assert_allclose(step_nll(logits, np.array([[1, 0, 1]])), [-np.log(0.8 * 0.5 * 0.1)])


def test_batches_of_sequences_keep_their_shape():
    assert step_nll(np.zeros((2, 3, 4)), np.zeros((2, 3), int)).shape == (2, 3)
    assert step_nll(np.zeros((2, 3, 4)), np.zeros((2, 3, 4), int)).shape == (2, 3)


def test_logits_of_any_size_give_finite_costs():
    sure = np.array([[1e4, -1e4]])

    assert step_nll(sure, np.array([0])) == 0
    assert step_nll(sure, np.array([1])) == 2e4
    assert step_nll(sure, np.array([[0, 1]])) == 2e4


@pytest.mark.parametrize("steps", [1, 127, 128, 300, 3999, 4000, 4001, 9001])
def test_a_long_sequence_costs_what_one_plain_pass_says(steps, network):
    ids = np.random.default_rng(steps).integers(1, IDS.size, steps + 1)
    whole = step_nll(network.answers([ids[:-1]])[0], ids[1:])

    found = nll_of_long(network, ids[:-1], ids[1:])

    assert found.shape == (steps,)
    np.testing.assert_allclose(found, whole, atol=1e-4)


@pytest.mark.parametrize("most", [1, 2**23])
def test_sequences_cost_the_same_however_many_are_in_memory(most, network, monkeypatch):
    monkeypatch.setattr(likelihood, "MOST", most)
    rng = np.random.default_rng(0)
    rows = [rng.integers(1, IDS.size, steps + 1) for steps in (3, 0, 7, 5)]
    x, y = [row[:-1] for row in rows], [row[1:] for row in rows]
    whole = [step_nll(z, told) for z, told in zip(network.answers(x), y, strict=True)]

    for costs, wanted in zip(nll_of_each(network, x, y), whole, strict=True):
        np.testing.assert_allclose(costs, wanted, atol=1e-5)


def test_a_long_sequence_costs_the_same_in_small_pieces(network, monkeypatch):
    ids = np.random.default_rng(0).integers(1, IDS.size, 4101)
    whole = nll_of_long(network, ids[:-1], ids[1:])
    monkeypatch.setattr(likelihood, "MOST", 50 * IDS.size)

    np.testing.assert_allclose(nll_of_long(network, ids[:-1], ids[1:]), whole, atol=1e-5)


def test_a_sequence_of_one_step_has_nothing_to_tell(network):
    assert nll_of_long(network, np.zeros(0, int), np.zeros(0, int)).shape == (0,)


def test_no_stream_is_read_from_before_the_beginning(network, monkeypatch):
    read = []
    real = likelihood._read
    monkeypatch.setattr(likelihood, "_read", lambda *args: read.append(args[3:]) or real(*args))
    ids = np.random.default_rng(0).integers(1, IDS.size, 40001)
    nll_of_long(network, ids[:-1], ids[1:])
    ((starts, span),) = read

    assert len(starts) == likelihood.STREAMS
    assert starts.min() == 0
    assert starts.max() + span == 40000
