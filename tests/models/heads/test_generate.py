from itertools import islice

import numpy as np
import pytest

from boda.errors import RecipeError, RunError
from boda.models.heads.generate import generate, sample, sample_keys
from boda.models.sequence_plan import Input, Layer
from boda.models.step import Recurrent
from recurrent_reference import plan_of, random_weights

CHANCES = np.array([0.1, 0.4, 0.3, 0.2])


def drawn(n=20_000, chances=CHANCES, **options):
    """The share of each id among `n` draws."""
    logits = np.broadcast_to(np.log(chances), (n, len(chances)))
    return np.bincount(sample(logits, np.random.default_rng(0), **options), minlength=len(chances)) / n


def kept(chances=CHANCES, **options):
    return np.flatnonzero(drawn(2000, np.asarray(chances), **options)).tolist()


def writer(size=9, **options):
    plan = plan_of(Layer("lstm", 6), first=Input("ids", size, 4), head="each", outputs=size, task="language", **options)
    return Recurrent(plan, random_weights(plan, size=1.0))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_ids_are_drawn_as_often_as_their_probability(temperature):
    expected = CHANCES ** (1 / temperature)

    assert np.allclose(drawn(temperature=temperature), expected / expected.sum(), atol=0.01)


def test_after_a_cut_the_rest_keeps_its_proportions():
    assert np.allclose(drawn(top_k=2), [0, 4 / 7, 3 / 7, 0], atol=0.01)


def test_temperature_0_takes_the_likeliest_and_the_first_of_equals():
    logits = np.array([[0.0, 2.0, 1.0], [1.0, 0.0, 1.0]])

    assert sample(logits, np.random.default_rng(0), temperature=0).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("top_k", "expected"), [(1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (4, [0, 1, 2, 3]), (9, [0, 1, 2, 3])]
)
def test_top_k_draws_from_so_many(top_k, expected):
    assert kept(top_k=top_k) == expected


def test_of_equals_at_the_border_top_k_takes_the_first():
    assert kept([0.25, 0.25, 0.25, 0.25], top_k=2) == [0, 1]


@pytest.mark.parametrize(
    ("top_p", "expected"), [(0.3, [1]), (0.41, [1, 2]), (0.69, [1, 2]), (0.71, [1, 2, 3]), (0.95, [0, 1, 2, 3])]
)
def test_top_p_draws_from_the_least_set_that_has_the_share(top_p, expected):
    assert kept(top_p=top_p) == expected


def test_top_p_counts_what_top_k_has_left():
    assert kept(top_k=2, top_p=0.5) == [1]  # of 4/7 and 3/7 the first has more than half


def test_rows_are_drawn_by_themselves():
    logits = np.log(np.array([[0.9, 0.1], [0.1, 0.9]]))

    assert sample(logits, np.random.default_rng(0), top_p=0.8).tolist() == [0, 1]


def test_what_has_no_chance_is_never_drawn():
    logits = np.array([[-np.inf, 0.0, -np.inf, 0.0, -np.inf]] * 2000)

    assert set(sample(logits, np.random.default_rng(0)).tolist()) == {1, 3}


def test_the_same_seed_draws_the_same():
    first, second = (sample(np.zeros((50, 9)), np.random.default_rng(3)).tolist() for _ in range(2))

    assert first == second


def test_sampling_leaves_the_logits_as_they_are():
    logits = np.log(CHANCES)[None]
    before = logits.copy()

    sample(logits, np.random.default_rng(0), top_k=2, top_p=0.5)

    assert (logits == before).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1}, "temperature is -1; expected a number from 0 on"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"top_k": -1}, "top_k is -1"),
        ({"top_p": 0}, "top_p is 0; expected a share above 0 and up to 1"),
        ({"top_p": 1.1}, "top_p is 1.1"),
    ],
)
def test_arguments_out_of_their_range_are_refused(options, message):
    with pytest.raises(RecipeError, match=message):
        sample(np.zeros((1, 3)), np.random.default_rng(0), **options)


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_logits_without_a_choice_are_refused(value):
    with pytest.raises(RunError, match="NaN, or all of it is banned"):
        sample(np.full((1, 3), value), np.random.default_rng(0))


# Going on ---------------------------------------------------------------------------------------------------------


def test_greedy_text_is_what_the_whole_pass_says_next():
    network, prefix = writer(), [2, 5, 6]
    ids = list(generate(network, prefix, 8, np.random.default_rng(0), temperature=0, banned=()))

    logits = network.run(np.array([[*prefix, *ids]])).outputs[0]

    assert ids == logits[2:-1].argmax(axis=1).tolist()


def test_the_same_seed_writes_the_same_text():
    first, second, other = (list(generate(writer(), [2], 30, np.random.default_rng(seed))) for seed in (1, 1, 2))

    assert first == second != other


def test_text_comes_as_it_is_drawn():
    endless = generate(writer(), [2], 10**9, np.random.default_rng(0))

    assert len(list(islice(endless, 3))) == 3


def test_banned_ids_are_never_written():
    ids = list(generate(writer(), [2], 300, np.random.default_rng(0), temperature=3.0))

    assert set(ids) == {3, 4, 5, 6, 7, 8}


def test_nothing_comes_after_the_end_and_the_end_is_not_given():
    network = writer()
    whole = list(generate(network, [2], 300, np.random.default_rng(0)))

    ids = list(generate(network, [2], 300, np.random.default_rng(0), end=3))

    assert ids == whole[: whole.index(3)]


def test_an_end_may_be_among_the_banned():
    ids = list(generate(writer(), [2], 300, np.random.default_rng(0), end=2))

    assert len(ids) < 300
    assert 2 not in ids


def test_a_network_that_predicts_no_next_id_cannot_go_on():
    plan = plan_of(Layer("lstm", 6))

    with pytest.raises(RunError, match="predicts no next id"):
        next(generate(Recurrent(plan, random_weights(plan)), [2], 3, np.random.default_rng(0)))


@pytest.mark.parametrize("prefix", [[], [9]])
def test_a_prefix_that_cannot_be_read_is_refused(prefix):
    with pytest.raises(RunError, match="of ids below 9"):
        next(generate(writer(), prefix, 3, np.random.default_rng(0)))


# Keys -------------------------------------------------------------------------------------------------------------


def test_keys_sound_as_often_as_their_probability():
    chances = np.array([0.1, 0.5, 0.9])
    logits = np.broadcast_to(np.log(chances / (1 - chances)), (20_000, 3))

    assert np.allclose(sample_keys(logits, np.random.default_rng(0)).mean(axis=0), chances, atol=0.01)


def test_at_temperature_0_a_key_sounds_where_it_is_likelier_than_not():
    assert sample_keys(np.array([[0.1, -0.1]]), np.random.default_rng(0), 0).tolist() == [[1, 0]]


def test_keys_far_out_do_not_overflow():
    assert sample_keys(np.array([[1e9, -1e9]]), np.random.default_rng(0), 0.1).tolist() == [[1, 0]]


def test_keys_have_no_negative_temperature():
    with pytest.raises(RecipeError, match="temperature is -1"):
        sample_keys(np.zeros((1, 2)), np.random.default_rng(0), -1)
