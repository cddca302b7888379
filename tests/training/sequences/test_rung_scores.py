"""Scores of a rung of sequences, a number a unit, and their standings."""

import json

import numpy as np
import pytest

from boda.data.sequences.dataset import SequenceDataset
from boda.models.heads.beam import greedy
from boda.models.sequence_plan import Decoder, Input, Layer, Plan
from boda.models.step import Recurrent
from boda.recipe.sequence import SequenceRecipe
from boda.training.cells import Cell, write_cell
from boda.training.ladder import Settings
from boda.training.rungs import Rung
from boda.training.sequences.ladder import SequenceLadder, cost
from boda.training.sequences.ladder_sequences import LadderSequences
from boda.training.sequences.rung_scores import SCORES, gains_of, scores_of, target_nll
from boda.training.sequences.standings import standings
from boda.training.standings import winner_of
from recurrent_reference import IDS, random_ids, random_weights

FOLDS = 4


def pairs_network():
    decoder = Decoder(Input("ids", 8, 2), (Layer("lstm", 4),), attention=True, width=5, outputs=8)
    plan = Plan("pairs", IDS, (Layer("gru", 3),), decoder=decoder)
    return Recurrent(plan, random_weights(plan, 0))


def test_what_a_network_writes_costs_it_what_the_search_says():
    network, (_, sources) = pairs_network(), random_ids(0, (7, 3, 5, 2, 4))
    found = greedy(network, sources, longest=6, banned=())
    ended = [i for i, one in enumerate(found) if one.ended]

    nats = target_nll(network, [sources[i] for i in ended], [found[i].ids for i in ended])

    assert nats == pytest.approx([-found[i].log_probability / (len(found[i].ids) + 1) for i in ended], rel=1e-5)


def sequences_of(task, n=120):
    data = SequenceDataset(
        task, "characters", ("ab",) * n, (None,) * n, tuple(map(str, range(n))), (None,) * n, (None,) * n, ()
    )
    return LadderSequences(data, np.arange(n), np.arange(n)[None] % FOLDS)


def test_less_is_better_of_all_but_accuracy():
    scores = {"accuracy": np.array([1.0]), "log_loss": np.array([0.5])}
    base = {"accuracy": np.array([0.0]), "log_loss": np.array([0.25])}

    assert {name: float(gain[0]) for name, gain in gains_of(scores, base).items()} == {"accuracy": 1, "log_loss": -0.25}


def test_what_no_fold_has_answered_has_no_score():
    some = sequences_of("language", n=8)
    unseen = some.cell(0, 1)[1]

    found = scores_of([Cell(0, 1, unseen, np.full((1, 2, 1), 1.5, np.float32), 1.0, [])], some)

    assert np.flatnonzero(np.isfinite(found["nll"][0])).tolist() == unseen.tolist()
    assert np.nanmean(found["nll"]) == 1.5


@pytest.fixture
def ladder(tmp_path):
    """A ladder whose rungs have answered: the base with noise around 0, the others so much better than it."""

    def make(task, gains):
        some, rng = sequences_of(task), np.random.default_rng(0)
        rungs = [Rung(name=name, title=name, kind="base" if name == "base" else "size") for name in ("base", *gains)]
        truth = rng.normal(size=(120, len(SCORES[task])))
        for one in rungs:
            noise = truth - gains.get(one.name, 0.0) + rng.normal(0, 0.01, truth.shape)
            values = (noise < 0.5) if task == "classify" else noise
            folder = tmp_path / "rungs" / one.name
            for fold in range(FOLDS):
                unseen = some.cell(0, fold)[1]
                answers = values[unseen][None].astype(np.float32)
                write_cell(folder / "cells", Cell(0, fold, unseen, answers, 1.0, [{"epoch": 1, "loss": 1.0}]))
            (folder / "rung.json").write_text(json.dumps({"name": one.name, "status": "done", "seconds": 4.0}), "utf-8")
        return SequenceLadder(tmp_path, SequenceRecipe(), rungs, some, Settings(repeats=1))

    return make


@pytest.mark.parametrize(("task", "key"), [("language", "nll"), ("forecast", "mae")])
def test_a_planted_gain_helps_a_planted_loss_hurts_and_nothing_shows_nothing(ladder, task, key):
    base, *others = standings(ladder(task, {"good": 0.1, "bad": -0.1, "same": 0.0}), final=True)

    assert [one["verdict"] for one in others] == ["helps", "hurts", "no difference shown"]
    assert others[0]["difference"] == pytest.approx(base[key] - others[0][key], abs=1e-5)
    assert others[0]["interval"][0] < 0.1 < others[0]["interval"][1]
    assert winner_of([base, *others])["name"] == "good"


def test_classes_are_compared_in_accuracy_and_log_loss(ladder):
    _, other = standings(ladder("classify", {"good": 2.0}), final=True)

    assert other["verdict"] == "helps"
    assert "accuracy" in other["shown_in"]
    assert {"accuracy_interval", "log_loss", "log_loss_interval", "log_loss_difference"} <= set(other)


def test_nothing_is_compared_while_a_ladder_runs(ladder):
    found = standings(ladder("language", {"good": 0.1}), final=False)

    assert all("verdict" not in one for one in found)
    assert found[1]["nll"] is not None


def test_what_a_rung_costs_is_guessed_from_the_base(ladder):
    some = ladder("language", {"wide": 0.0})
    wide = Rung(name="other", title="", kind="size", change={"layers": 2})

    ratio = cost(wide.recipe(some.base)) / cost(some.base)

    assert ratio == pytest.approx(2.0)
    assert some._guess(wide) == pytest.approx(8 + FOLDS * ratio)
