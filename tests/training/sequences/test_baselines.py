import json
import unicodedata

import numpy as np
import pytest

from boda.errors import DataError, RecipeError
from boda.metrics.forecast import forecast_difference, forecast_figures, naive_scale
from boda.metrics.sequence import (
    classify_figures,
    exact_match_figures,
    nll_figures,
    pieces_of,
    regress_figures,
    tag_figures,
)
from boda.metrics.sequence_rivals import classify_difference, strongest
from boda.training.sequences.baselines import BASELINES, MOST, _at_most, rivals


def lines(n=60):
    """Vowels or consonants, of 3 to 6 letters."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 2
    return ["".join(rng.choice(list("aeiou" if y else "bcdfg"), rng.integers(3, 7))) for y in labels], labels


def sentences():
    return [["the", "dog", "barks"], ["a", "cat", "sleeps"]] * 10, [["DET", "NOUN", "VERB"]] * 20


def rolls(n=5):
    rng = np.random.default_rng(0)
    return [(rng.random((12, 4)) < [0.9, 0.5, 0.1, 0]).astype(np.uint8) for _ in range(n)]


def windows(n=40):
    wave = np.sin(np.arange(n + 30) * np.pi / 4)[:, None] + [0, 10]
    return np.stack([wave[i : i + 16] for i in range(n)]), np.stack([wave[i + 16 : i + 20] for i in range(n)])


def test_every_task_has_a_baseline_that_looks_and_one_that_hardly_does():
    assert set(BASELINES) == {"classify", "regress", "tag", "language", "music", "pairs", "forecast"}
    assert all(len(some) == 2 for some in BASELINES.values())


def test_classes_are_told_apart_by_their_letters():
    texts, labels = lines()

    found = rivals("classify", (texts[:40], labels[:40]), texts[40:], seed=0, classes=2)
    figures = {name: classify_figures(labels[40:], p, ["c", "v"], seed=0) for name, p in found.items()}

    assert found["most_frequent"][0].tolist() == [0.5, 0.5]
    assert figures["ngrams"]["accuracy"] == 1
    assert strongest(figures, "macro_f1") == "ngrams"
    against = classify_difference(labels[40:], found["ngrams"], found["most_frequent"], seed=0, classes=2)
    assert against["verdict"] == "better"


def test_numbers_are_told_by_their_letters():
    texts, _ = lines()
    numbers = np.array([text.count("a") for text in texts], dtype=float)

    found = rivals("regress", (texts[:40], numbers[:40]), texts[40:], seed=0)

    assert found["mean"] == pytest.approx(np.full(20, numbers[:40].mean()))
    mean, ngrams = (regress_figures(numbers[40:], found[name], seed=0)["mae"] for name in ("mean", "ngrams"))
    assert ngrams < mean


def test_tags_are_told_by_their_words():
    tokens, tags = sentences()

    found = rivals("tag", (tokens, tags), [["the", "cat", "barks"]], seed=0)

    for answer in found.values():
        assert tag_figures([["DET", "NOUN", "VERB"]], answer, ["DET", "NOUN", "VERB"])["accuracy"] == 1


def test_ids_are_told_by_those_before():
    found = rivals("language", [np.tile(np.arange(6), 50)], [np.tile(np.arange(6), 5)], seed=0, size=6)

    assert [len(one) for one in found["unigram"]] == [29]
    assert nll_figures(*pieces_of(found["unigram"]), seed=0)["nll"] == pytest.approx(np.log(6), abs=0.01)
    assert nll_figures(*pieces_of(found["ngram"]), seed=0)["nll"] < 0.1


def test_rolls_are_told_by_their_keys():
    found = rivals("music", rolls(), rolls(2), seed=0)

    assert {name: [len(one) for one in some] for name, some in found.items()} == {
        "marginal": [11, 11],
        "markov": [11, 11],
    }


def test_pairs_are_answered_by_the_nearest_source():
    found = rivals("pairs", (["12+34", "99+1", "98+2"], ["46", "100", "100"]), ["12+35"], seed=0)

    assert found == {"most_frequent": ["100"], "nearest": ["46"]}
    assert exact_match_figures(["47"], found["nearest"])["token_accuracy"] == 0.5


def test_series_are_forecast_from_their_window():
    contexts, futures = windows()

    found = rivals("forecast", (contexts[:30], futures[:30]), contexts[30:], seed=0, season=8)

    for answers in found.values():
        figures = forecast_figures(futures[30:], answers, naive_scale([contexts[0]]), seed=0, overlap=4)
        assert figures["mae"] < 0.01
    assert forecast_difference(futures[30:], found["linear"], found["linear"], seed=0)["verdict"] == "same"


@pytest.mark.parametrize(
    ("task", "train", "held_out", "options"),
    [
        ("classify", lines(), lines()[0], {"classes": 2}),
        ("tag", sentences(), sentences()[0], {}),
        ("language", [np.tile(np.arange(6), 50)] * 30, [np.arange(6)], {"size": 6}),
        ("forecast", windows(), windows()[0], {"season": 8}),
    ],
)
def test_equal_seeds_give_equal_answers(task, train, held_out, options):
    one, other = (rivals(task, train, held_out, seed=4, **options) for _ in range(2))

    for name in one:
        assert all(np.array_equal(a, b) for a, b in zip(one[name], other[name], strict=True))


def test_a_task_without_baselines_is_refused_with_the_nearest():
    with pytest.raises(RecipeError, match=r"'clasify'\. Did you mean 'classify'\?"):
        rivals("clasify", ([], []), [], seed=0)


@pytest.mark.parametrize(
    ("train", "held_out", "counts"),
    [([], rolls(), "0 and 5"), (([], []), rolls(), "0 and 5"), (rolls(), [], "5 and 0")],
)
def test_an_empty_part_is_refused(train, held_out, counts):
    with pytest.raises(DataError, match=f"1 or more sequences in each part. Received: {counts}"):
        rivals("music", train, held_out, seed=0)


def test_an_endless_text_is_read_no_further_than_is_counted():
    class Endless:
        def __init__(self):
            self.read = 0

        def __getitem__(self, some):
            self.read = some.stop
            return np.zeros(some.stop, np.int8)

    text, never = Endless(), Endless()

    assert [len(one) for one in _at_most([text, never])] == [MOST]
    assert (text.read, never.read) == (MOST, 0)


@pytest.mark.data
def test_chorales_cost_what_the_literature_says(data_dir):
    from scipy.io import loadmat

    parts = loadmat(data_dir / "sequences" / "JSB_Chorales.mat")
    train, test = (list(parts[f"{name}data"][0]) for name in ("train", "test"))

    found = {name: nll_figures(*pieces_of(cost), 0) for name, cost in rivals("music", train, test, seed=0).items()}

    assert found["marginal"]["n"] == 77
    assert found["marginal"]["nll"] == pytest.approx(11.09, abs=0.01)
    assert found["markov"]["nll"] == pytest.approx(10.49, abs=0.01)


@pytest.mark.data
@pytest.mark.slow
def test_names_are_told_apart_by_their_ngrams(data_dir):
    files = sorted((data_dir / "sequences" / "names").glob("*.txt"))
    rows = [(unicodedata.normalize("NFC", line), k) for k, file in enumerate(files) for line in _lines(file)]
    order = np.random.default_rng(0).permutation(len(rows))
    texts, labels = [rows[i][0] for i in order], np.array([rows[i][1] for i in order])

    found = rivals("classify", (texts[4000:], labels[4000:]), texts[:4000], seed=0, classes=18)
    figures = classify_figures(labels[:4000], found["ngrams"], [file.stem for file in files], seed=0)

    assert figures["accuracy"] > 0.84
    assert figures["macro_f1"] > 0.52
    assert json.dumps(figures, allow_nan=False)


def _lines(file):
    return [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
