"""Standings: which answers are compared, who wins, and what is not read twice."""

import numpy as np
import pytest

from boda.recipe import Recipe
from boda.sample import Sample
from boda.training import standings as module
from boda.training.cells import Cell, write_cell
from boda.training.ladder import Ladder, Settings
from boda.training.ladder_pictures import LadderPictures
from boda.training.rung_table import standard
from boda.training.rungs import chosen
from boda.training.standings import standings, winner_of

BASE = {"name": "head", "status": "done"}


def helper(name, difference, loss=-0.1, **more):
    found = {"name": name, "status": "done", "verdict": "helps", "difference": difference, "log_loss_difference": loss}
    return {**found, **more}


@pytest.fixture
def ladder(tmp_path):
    """The base with all folds, and the rung `dropout` with none yet."""
    samples = [Sample(f"{i}.png", tmp_path / f"{i}.png") for i in range(80)]
    dealt = {"classes": 2, "count": 4, "repeats": 2, "seed": 0}
    pictures = LadderPictures.dealt(samples, [""] * 80, np.arange(80) // 40, np.arange(80), **dealt)
    rungs = chosen(standard(Recipe(), pictures.targets, 2), ["dropout"])
    made = Ladder(tmp_path, Recipe(), rungs, pictures, Settings())
    answer(made, "head", [(repeat, fold) for repeat in range(2) for fold in range(4)], wrong=30)
    return made


def answer(ladder, name, cells, wrong=0):
    """Leave what a rung leaves that answers wrongly on a share of `wrong` percent."""
    pictures, folder = ladder.pictures, ladder.folder / "rungs" / name
    for repeat, fold in cells:
        unseen = pictures.cell(repeat, fold)[1]
        said = np.where(unseen % 10 < wrong / 10, 1 - pictures.targets[unseen], pictures.targets[unseen])
        logits = 2 * np.eye(2, dtype=np.float32)[said][None]
        write_cell(folder / "cells", Cell(repeat, fold, unseen, logits, 1.0, []))
    (folder / "rung.json").write_text(f'{{"status": "done", "cells": {len(cells)}}}', "utf-8")


def lever(ladder, **more):
    return standings(ladder, final=True, **more)[1]


def test_a_single_fold_is_not_compared_but_has_its_accuracy(ladder):
    answer(ladder, "dropout", [(0, 0)])

    assert "verdict" not in lever(ladder)
    assert lever(ladder)["accuracy"] == 1


def test_a_fold_alone_in_its_repeat_changes_no_comparison(ladder):
    folds = [(0, fold) for fold in range(4)]
    answer(ladder, "dropout", folds)
    without = lever(ladder)
    answer(ladder, "dropout", [*folds, (1, 0)])

    told = ("difference", "interval", "log_loss_difference", "p_adjusted", "verdict")
    assert {key: lever(ladder)[key] for key in told} == {key: without[key] for key in told}


def test_the_winner_gains_most_on_the_pictures_that_it_shares_with_the_base():
    easy = helper("easy", 0.02, accuracy=0.95)  # few folds, on which the base is good too
    best = helper("best", 0.05, accuracy=0.90)

    assert winner_of([BASE, easy, best])["name"] == "best"


def test_log_loss_decides_between_equal_gains():
    assert winner_of([BASE, helper("a", 0.02, loss=-0.1), helper("b", 0.02, loss=-0.2)])["name"] == "b"


def test_a_better_log_loss_that_costs_accuracy_does_not_win():
    assert winner_of([BASE, helper("a", -0.001, loss=-0.3)])["name"] == "head"
    assert winner_of([BASE, helper("a", 0.0, loss=-0.3)])["name"] == "a"


def test_who_is_only_lucky_does_not_win():
    assert winner_of([BASE, helper("c", 0.1, verdict="no difference shown")])["name"] == "head"


def test_rungs_that_have_ended_are_read_once(ladder, monkeypatch):
    answer(ladder, "dropout", [(0, fold) for fold in range(4)])
    kept, first = {}, standings(ladder, final=True)
    standings(ladder, final=False, kept=kept)
    monkeypatch.setattr(module, "read_cells", None)

    assert standings(ladder, final=True, kept=kept) == first


def test_a_rung_that_went_on_is_read_anew(ladder):
    kept = {}
    answer(ladder, "dropout", [(0, fold) for fold in range(2)])
    standings(ladder, final=False, kept=kept)
    answer(ladder, "dropout", [(0, fold) for fold in range(4)])

    assert lever(ladder, kept=kept)["cells"] == 4
    assert len(lever(ladder, kept=kept)["folds"]) == 4
