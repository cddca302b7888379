import numpy as np
import pytest

from boda.training.sequences.ngram import NGrams, discounts, fit_ngrams, joined


def text(seed=0, n=3000, size=8):
    """A Markov chain, so that what stands before tells something."""
    rng = np.random.default_rng(seed)
    table = rng.dirichlet(np.full(size, 0.3), size).cumsum(axis=1)
    ids = [0]
    for draw in rng.random(n - 1):
        ids.append(min(int(np.searchsorted(table[ids[-1]], draw)), size - 1))
    return np.array(ids)


def told(model, context, word, order=None):
    return np.exp(-model.losses([np.append(context, word)], order)[0][-1])


def slow(sequences, size, order, context, word):
    """The formula as it stands in the paper, by dictionaries."""

    def count(k):
        grams = {}
        for one in sequences:
            for i in range(max(1, k - 1), len(one)):
                gram = tuple(one[i - k + 1 : i + 1].tolist())
                grams[gram] = grams.get(gram, 0) + 1
        return grams

    plain = {k: count(k) for k in range(1, order + 1)}
    p = 1 / size
    for k in range(1, order + 1):
        counts = plain[k]
        if k < order:
            before = {gram: len({longer[0] for longer in plain[k + 1] if longer[1:] == gram}) for gram in counts}
            counts = {gram: before[gram] or counts[gram] for gram in counts}
        taken = discounts(np.array(list(counts.values())))
        h = tuple(context[len(context) - k + 1 :].tolist())
        after = {gram: n for gram, n in counts.items() if gram[:-1] == h}
        if after:
            mine = after.get((*h, word), 0)
            spared = sum(taken[min(n, 3)] for n in after.values())
            p = (mine - taken[min(mine, 3)] + spared * p) / sum(after.values())
    return p


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_are_those_of_the_formula(order):
    lines = [np.array([9, *text(seed, 30), 8]) for seed in range(40)]
    model = NGrams.of(lines, 10, order)

    for context in (np.array([9]), np.array([9, 3]), np.array([9, 1, 0, 5, 2]), np.array([9, 8, 8, 8])):
        for word in (0, 3, 8, 9):
            assert told(model, context, word) == pytest.approx(slow(lines, 10, order, context, word))


@pytest.mark.parametrize("order", [1, 2, 3, 6])
def test_probabilities_of_all_ids_sum_to_1(order):
    model = NGrams.of([text()], 9, order)

    for context in ([0], [7, 7, 7, 7, 7], [1, 2, 3, 4]):
        assert sum(told(model, context, word) for word in range(9)) == pytest.approx(1)


def test_an_id_that_never_occurred_is_not_impossible():
    assert 0 < told(NGrams.of([text()], 9, 3), [1, 2], 8) < 0.01


def test_a_shorter_order_of_a_long_model_is_a_model_of_that_order():
    sequences, others = [text(0)], [text(1, 200)]

    long, short = (NGrams.of(sequences, 8, order).losses(others, 2)[0] for order in (5, 2))

    assert long == pytest.approx(short)


def test_what_stands_before_helps():
    model = NGrams.of([text()], 8, 2)

    assert model.losses([text()[:500]])[0].mean() < 0.9 * model.losses([text()[:500]], 1)[0].mean()


def test_the_first_id_is_given_and_the_others_are_told():
    found = NGrams.of([text()], 8, 3).losses([text()[:5], text()[:1], text()[:0], text()[:2]])

    assert [len(one) for one in found] == [4, 0, 0, 1]


def test_sequences_know_nothing_of_the_one_before():
    model = NGrams.of([text()], 8, 4)
    one, other = text(1, 30), text(2, 30)

    assert model.losses([one, other])[1] == pytest.approx(model.losses([other])[0])


def test_an_order_beyond_every_sequence_is_left_out():
    model = NGrams.of([np.array([1, 2, 3])] * 4, 5, 6)

    assert model.order == 3
    assert np.isfinite(model.losses([np.array([1, 2, 3, 4, 4, 4, 4])])[0]).all()


@pytest.mark.parametrize("sequences", [[np.zeros(0, int)], [np.array([1])]])
def test_a_part_without_a_step_knows_nothing(sequences):
    assert NGrams.of(sequences, 4, 3).losses([np.array([1, 2])])[0] == pytest.approx(np.log(4))


def test_the_order_is_chosen_by_a_held_back_tenth():
    noise = np.random.default_rng(0).integers(0, 8, 3000)
    repeated = np.tile(np.arange(8), 400)

    assert fit_ngrams([noise], 8, seed=0).order == 1
    assert fit_ngrams([repeated], 8, seed=0).order > 1


def test_nothing_of_many_lines_is_lost_by_the_choice():
    lines = [text(seed, 30) for seed in range(40)]

    chosen = fit_ngrams(lines, 8, seed=0)

    assert chosen.losses(lines)[0] == pytest.approx(NGrams.of(lines, 8, chosen.order).losses(lines)[0])


def test_discounts_by_hand():
    # n1..n4 = 40, 20, 10, 5: Y = 40 / 80; 1 - 2 Y 20/40, 2 - 3 Y 10/20, 3 - 4 Y 5/10
    assert discounts(np.repeat([1, 2, 3, 4, 9], [40, 20, 10, 5, 7])).tolist() == [0, 0.5, 1.25, 2]


def test_discounts_stay_below_the_count_that_they_are_taken_from():
    found = discounts(np.repeat([1, 2, 3, 4], [1, 50, 60, 70]))

    assert (found[1:] > 0).all()
    assert (found[1:] < [1, 2, 3]).all()


def test_joined_sequences_know_their_places():
    ids, place = joined([np.array([5, 6]), np.zeros(0, int), np.array([7])])

    assert (ids.tolist(), place.tolist()) == ([5, 6, 7], [0, 1, 0])


def shakespeare(data_dir):
    whole = np.frombuffer((data_dir / "sequences" / "tinyshakespeare.txt").read_bytes(), np.uint8)
    _, ids = np.unique(whole, return_inverse=True)
    return np.split(ids, [len(ids) * 9 // 10])


@pytest.mark.data
def test_shakespeare_costs_about_one_and_a_half_nats_a_character(data_dir):
    train, held_out = shakespeare(data_dir)

    model = fit_ngrams([train], 65, seed=0)

    assert model.order == 6
    assert model.losses([held_out])[0].mean() == pytest.approx(1.523, abs=0.005)
