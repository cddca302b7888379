from itertools import product

import numpy as np
import pytest

from boda.errors import RecipeError, RunError
from boda.models.heads.beam import beam, greedy
from boda.models.sequence_plan import Decoder, Input, Layer, Plan
from boda.models.step import Recurrent
from recurrent_reference import IDS, plan_of, random_ids, random_weights

BEGIN, END, A, B = 2, 3, 4, 5


def pairs(*, attention=True, seed=0, size=1.0):
    decoder = Decoder(Input("ids", 8, 2), (Layer("lstm", 4),), attention=attention, width=5, outputs=8)
    plan = Plan("pairs", IDS, (Layer("gru", 3),), decoder=decoder)
    return Recurrent(plan, random_weights(plan, seed, size=size))


def markov(chances):
    """A network of pairs that writes by the last token alone, with `chances` of the next one by the last."""
    decoder = Decoder(Input("ids", 6), (Layer("mingru", 6),), attention=False, width=1, outputs=6)
    plan = Plan("pairs", IDS, (Layer("rnn", 1),), decoder=decoder)
    weights = {name: np.zeros_like(values) for name, values in random_weights(plan).items()}
    weights["decoder/layer0/forward/kernel"][:, 6:] = np.eye(6)  # the candidate is the last token, one-hot ...
    weights["decoder/layer0/forward/bias"][:6] = 40  # ... and the gate lets all of it in
    table = np.full((6, 6), 1e-9)
    for last, after in chances.items():
        for token, chance in after.items():
            table[last, token] = chance
    weights["decoder/head/kernel"] = np.log(table / table.sum(axis=1, keepdims=True)).astype(np.float32)
    return Recurrent(plan, weights)


TRAP = {  # greedy takes A, of which nothing good comes; B, a little less likely, ends for sure
    BEGIN: {A: 0.5, B: 0.4, END: 0.1},
    A: {A: 0.25, B: 0.25, END: 0.25},
    B: {END: 1.0},
}


def probability(network, source, ids, tail=(END,)):
    """Of the ids and the tail, by teacher forcing over what is not banned."""
    memory = network.encode(source[None])
    state, total = network.decoder_state(memory), 0.0
    for last, token in zip([BEGIN, *ids], [*ids, *tail], strict=False):
        logits, state, _ = network.decode_step(np.array([last]), state, memory)
        total += logits[0, token] - np.log(np.exp(logits[0, 3:].astype(float)).sum())
    return total


def test_a_beam_finds_what_greedy_misses():
    network, source = markov(TRAP), np.array([1])

    assert beam(network, source, width=1).ids.tolist()[0] == A
    assert beam(network, source, width=2).ids.tolist() == [B]
    assert np.exp(beam(network, source, width=2).log_probability) == pytest.approx(0.4, abs=1e-6)


@pytest.mark.parametrize("attention", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_a_beam_of_width_1_is_greedy(seed, attention):
    network = pairs(seed=seed, attention=attention)
    _, rows = random_ids(lengths=(7, 2, 4, 4, 1))

    for row, found in zip(rows, greedy(network, rows, 12, batch=2), strict=True):
        alone = beam(network, row, width=1, longest=12)
        assert found.ids.tolist() == alone.ids.tolist()
        assert found.log_probability == pytest.approx(alone.log_probability, abs=1e-5)
        assert found.ended == alone.ended
        assert np.allclose(found.attention, alone.attention, atol=1e-6) if attention else alone.attention is None


@pytest.mark.parametrize("seed", range(4))
def test_a_beam_wide_enough_finds_the_best_of_all(seed):
    network, source = pairs(seed=seed, size=2.0), random_ids()[1][0]
    every = [ids for length in range(4) for ids in product(range(4, 8), repeat=length)]
    best = max(every, key=lambda ids: probability(network, source, ids))

    found = beam(network, source, width=500, longest=4)

    assert found.log_probability >= probability(network, source, best) - 1e-5


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_the_log_probability_is_that_of_the_ids_and_of_an_end_that_came(seed, width):
    network, source = pairs(seed=seed), random_ids()[1][1]
    found = beam(network, source, width=width, longest=9)

    expected = probability(network, source, found.ids.tolist(), (END,) if found.ended else ())
    assert found.log_probability == pytest.approx(expected, abs=1e-4)


def test_each_id_has_looked_at_each_step_of_its_source():
    network = pairs()
    _, rows = random_ids(lengths=(7, 2))

    for row, found in zip(rows, greedy(network, rows, 5), strict=True):
        assert found.attention.shape == (len(found.ids), len(row))
        assert np.allclose(found.attention.sum(axis=1), 1)


def test_nothing_is_written_after_the_end():
    network = markov({BEGIN: {A: 1.0}, A: {END: 1.0}, END: {B: 1.0}})

    assert greedy(network, [np.array([1]), np.array([1, 1])])[1].ids.tolist() == [A]


def test_what_does_not_end_is_cut_at_the_longest():
    network = markov({BEGIN: {A: 1.0}, A: {A: 1.0}})

    for found in (beam(network, np.array([1]), longest=5), *greedy(network, [np.array([1])], 5)):
        assert found.ids.tolist() == [A] * 5
        assert not found.ended


def test_padding_unknown_and_begin_are_never_written():
    network = markov({BEGIN: {0: 0.3, 1: 0.3, BEGIN: 0.3, A: 0.1}, A: {END: 1.0}})

    assert beam(network, np.array([1])).ids.tolist() == [A]
    assert beam(network, np.array([1])).log_probability == pytest.approx(0, abs=1e-5)


def test_a_length_penalty_favours_longer_sequences():
    network = markov({BEGIN: {END: 0.5, A: 0.5}, A: {B: 0.9}, B: {END: 1.0}})

    assert beam(network, np.array([1]), width=3).ids.tolist() == []
    assert beam(network, np.array([1]), width=3, length_penalty=2.0).ids.tolist() == [A, B]


def test_no_sources_no_answers():
    assert greedy(pairs(), []) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [({"width": 0}, "width is 0"), ({"longest": 0}, "longest 0"), ({"length_penalty": -1.0}, "length_penalty is -1.0")],
)
def test_arguments_out_of_their_range_are_refused(options, message):
    with pytest.raises(RecipeError, match=message):
        beam(pairs(), np.array([1]), **options)


def test_a_network_without_a_decoder_writes_nothing():
    plan = plan_of(Layer("lstm", 6))

    with pytest.raises(RunError, match="no decoder"):
        beam(Recurrent(plan, random_weights(plan)), np.array([1]))
