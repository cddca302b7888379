"""What is written, measured: nats a step, and wholly right answers."""

from types import SimpleNamespace

import numpy as np
import pytest

from boda.data.sequences.encoder import Encoder
from boda.data.sequences.vocabulary import Vocabulary
from boda.verbs.measures import MEASURES, Part
from boda.verbs.measures.written import NextStep


def part_of(inputs, targets=None, names=None):
    n = len(inputs)
    return Part(
        tuple(inputs), tuple(targets or [None] * n), tuple(names or map(str, range(n))), (), "characters", (), "val"
    )


@pytest.fixture
def reader():
    """An encoder of lines, of pairs or of long texts over a and b, in a model that says nothing."""

    def make(task="language", *, labels=(), long=False):
        vocabulary = Vocabulary.of(["ab"], "characters", labels=labels)
        target = Vocabulary.of(["AB"], "characters") if task == "pairs" else None
        encoder = Encoder(task, "characters", vocabulary=vocabulary, target_vocabulary=target, long=long)
        return SimpleNamespace(encoder=encoder)

    return make


def test_nats_are_averaged_over_steps_not_over_pieces(reader):
    costs = [np.full(30, 1.0), np.full(10, 2.0)]
    found = MEASURES["language"].figures(reader(), part_of(["a" * 29, "b" * 9]), costs, seed=0)

    assert found["nll"] == 1.25
    assert found["perplexity"] == pytest.approx(np.exp(1.25), abs=1e-5)
    assert found["bits"] == pytest.approx(1.25 / np.log(2), abs=1e-5)
    assert (found["steps"], found["sequences"]) == (40, 2)


def test_how_many_tokens_are_unknown_is_told(reader):
    found = MEASURES["language"].figures(reader(), part_of(["abz"]), [np.ones(4)], seed=0)

    assert found["unknown"] == 0.25


def test_pieces_are_written_with_what_a_step_of_them_costs(reader):
    costs = [np.array([1.0, 2.0]), np.zeros(0), np.array([0.5])]
    part = part_of(["ab", "", "a"], names=["x:1", "x:2", "x:3"])

    assert MEASURES["language"].predictions(reader(), part, costs) == {
        "names": ["x:1", "x:3"],
        "nll": [1.5, 0.5],
        "steps": [2, 1],
        "texts": ["ab", "a"],
    }
    assert "texts" not in NextStep("music").predictions(reader(), part_of([np.zeros((3, 2))]), [np.ones(2)])


def test_less_nats_than_a_baseline_is_better(reader):
    ours, theirs = ([np.full(20, cost + 0.01 * i) for i in range(30)] for cost in (1.0, 2.0))
    found = MEASURES["language"].difference(reader(), part_of(["a"] * 30), ours, theirs, seed=0)

    assert found["figure"] == "nll"
    assert found["difference"] == pytest.approx(-1.0)
    assert found["verdict"] == "better"


def test_baselines_read_lines_with_their_label_and_their_end(reader):
    model = reader(labels=("x", "y"))
    (row,) = MEASURES["language"]._whole(model, part_of(["ab"], ["y"]))

    assert row.tolist() == [5, *model.encoder.vocabulary.encode("ab"), 3]


def test_baselines_read_a_long_text_as_it_is(reader):
    model = reader(long=True)
    (row,) = MEASURES["language"]._whole(model, part_of(["abba"]))

    assert row.tolist() == model.encoder.vocabulary.encode("abba").tolist()


def test_the_baselines_cost_the_same_steps_as_the_network(reader):
    model = reader(labels=("x", "y"))
    train, held = part_of(["ab", "ba", "aab"], ["x", "y", "x"]), part_of(["ab", "b"], ["x", "y"])
    theirs = MEASURES["language"].rivals(model, train, held, 0)
    _, targets = model.encoder.shifted(held.inputs, list(held.targets))

    for costs in theirs.values():
        assert [len(row) for row in costs] == [len(row) for row in targets]


def test_whole_answers_are_right_or_not(reader):
    part = part_of(["ab", "ba"], ["AB", "BA"])
    measure, answers = MEASURES["pairs"], ["AB", "BB"]
    figures = measure.figures(reader("pairs"), part, answers, seed=0)

    assert figures["exact_match"] == 0.5
    assert measure.predictions(reader("pairs"), part, answers) == {
        "names": ["0", "1"],
        "sources": ["ab", "ba"],
        "targets": ["AB", "BA"],
        "answers": answers,
        "right": [True, False],
    }


def test_targets_are_compared_as_the_vocabulary_spells_them(reader):
    decomposed = "A\u030a"  # A with a ring, as two code points
    figures = MEASURES["pairs"].figures(reader("pairs"), part_of(["a"], [decomposed]), ["\u00c5"], seed=0)

    assert figures["exact_match"] == 1
