import json

import numpy as np
import pytest

from boda.errors import DataError
from boda.explain.sequences import Specimen, inspect, rolls, saliency, states
from boda.explain.sequences.fresh import fresh_network


def specimen(text="Hello", **told):
    return Specimen("a:1", np.array([ord(c) for c in text]), tuple(text), **told)


def test_a_token_is_needed_for_each_step():
    with pytest.raises(DataError, match=r"a:1: expected a token for each of the 3 steps, came 2"):
        Specimen("a:1", np.arange(3), ("a", "b"))


def test_states_are_a_row_a_unit_and_a_number_a_step(network):
    told = states(network, specimen("abd"))

    assert told["tokens"] == ["a", "b", "d"]
    assert told["h"][:2] == [[97.0, 98.0, 100.0], [0.0, 1.0, 2.0]]
    assert (told["units"], told["width"], told["steps"]) == ([0, 1, 2], 3, 3)


def test_gates_are_told_by_their_mean_and_by_unit_and_candidates_are_not(network):
    told = states(network, specimen("ab"))

    assert list(told["gates"]) == ["z"]
    assert told["gates"]["z"]["mean"][0] == pytest.approx((1 + 0.5 + 0.5) / 3, abs=0.05)
    assert len(told["gates"]["z"]["units"]) == len(told["gate_units"]) == 3


def test_long_sequences_are_cut(network):
    assert len(states(network, specimen("ab" * 200))["h"][0]) == 100


def test_saliency_is_of_the_surest_right_and_wrong_answers(network):
    def answer(text, confidence, truth):
        return specimen(text, confidence=confidence, truth=truth, answer="x", class_index=1)

    told = saliency(network, [answer("ab", 0.5, "x"), answer("cd", 0.9, "x"), answer("ef", 0.7, "y")], most=1)

    assert [(one["right"], one["tokens"]) for one in told] == [(True, ["c", "d"]), (False, ["e", "f"])]
    assert told[0]["values"] == [0.99, 1.0]


def test_sequences_without_an_answer_have_no_saliency(network):
    assert saliency(network, [specimen()]) == []


def test_rolls_are_told_by_the_keys_that_sound():
    roll = np.zeros((2, 88))
    roll[1, [40, 60]] = 1

    assert rolls(roll, roll[:1], prompt=1, name="x") == {
        "name": "x",
        "prompt": 1,
        "truth": [[], [40, 60]],
        "generated": [[]],
    }


def test_everything_inside_a_real_network_is_json_and_chance_has_a_seed():
    layer = {"cell": "lstm", "units": 5, "bidirectional": False, "layer_norm": False, "residual": False}
    plan = {"format": 1, "task": "classify", "input": {"kind": "ids", "size": 128, "embedding": 0}, "layers": [layer]}
    network = fresh_network({**plan, "head": {"kind": "last", "outputs": 2}}, np.random.default_rng(0))
    text = specimen("He said (so). " * 9, confidence=0.9, truth="x", answer="x", class_index=1)
    before = text.inputs.copy()
    found, again = (inspect(network, [text], seed=3) for _ in range(2))

    assert json.loads(json.dumps(found, allow_nan=False)) == found == again
    assert {"states", "units", "reach", "saliency"} == set(found)
    assert (text.inputs == before).all()


def test_nothing_to_look_at_gives_nothing(network):
    assert inspect(network, []) == {}
