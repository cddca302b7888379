"""A recipe of sequences is read from and written to TOML, and says which entry cannot be."""

import numpy as np
import pytest

from boda.errors import RecipeError
from boda.recipe.sequence import SequenceRecipe
from boda.recipe.sequence_tasks import TASKS


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("unit", ["characters", "words"])
def test_the_usual_recipe_suits_its_task_and_comes_back_from_toml(task, unit):
    recipe = SequenceRecipe.usual(task, n=500, longest=40, unit=unit)

    recipe.check_task(task)
    assert SequenceRecipe.from_toml(recipe.to_toml()) == recipe


def test_none_is_an_absent_key():
    assert "validation_split" not in SequenceRecipe().to_toml()
    assert SequenceRecipe.from_toml("validation_split = 0.3").validation_split == 0.3


def test_a_long_text_is_learned_in_pieces_and_lines_whole():
    assert SequenceRecipe.usual("language", n=10**6, longest=10**6).bptt > 0
    assert SequenceRecipe.usual("language", n=500, longest=30).bptt == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cell": "transformer"}, r"cell must be 'lstm', 'gru', 'rnn' or 'mingru'. Received: cell='transformer'"),
        ({"units": 0}, "units must be 1 or more. Received: units=0"),
        ({"dropout": 1.0}, "dropout must be 0 to below 1. Received: dropout=1.0"),
        ({"bidirectional": 1}, "bidirectional must be true or false. Received: bidirectional=1"),
        ({"learning_rate": 0}, "learning_rate must be above 0"),
        ({"validation_split": 1.0}, "validation_split must be none or between 0 and 1"),
        ({"bptt": 4, "bptt_every": 8}, "bptt_every must be at most bptt.*bptt_every=8, bptt=4"),
        ({"bptt": 4, "bidirectional": True}, "bidirectional reads from both ends"),
        ({"cell": "mingru", "recurrent_dropout": 0.1}, "recurrent_dropout drops .* mingru has nothing"),
        ({"context": 5, "season": 7}, "context must be a season or more.*context=5, season=7"),
        ({"unit": 3}, "has no entry unit. Did you mean units?"),
        ({"zzz": 3}, "has no entry zzz. Known: cell, units"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(changes, message):
    with pytest.raises(RecipeError, match=message):
        SequenceRecipe().replace(**changes)


@pytest.mark.parametrize(
    ("task", "changes", "message"),
    [
        ("language", {"bidirectional": True}, "would read the very step that language is to tell"),
        ("classify", {"bptt": 8}, "bptt cuts gradients .* which classify has not. Received: bptt=8"),
        ("tag", {"pooling": "max"}, "pooling says .* Take|pooling says"),
        ("music", {"label_smoothing": 0.1}, "label_smoothing smooths classes, which music has not"),
        ("pairs", {"horizon": 3}, "horizon is of forecasts, which pairs has not"),
        ("pictures", {}, "task must be one of classify, .*Received: task='pictures'"),
    ],
)
def test_what_a_task_would_not_heed_is_refused(task, changes, message):
    with pytest.raises(RecipeError, match=message):
        SequenceRecipe(**changes).check_task(task)


def test_an_unknown_task_has_no_usual_recipe():
    with pytest.raises(RecipeError, match="task must be one of"):
        SequenceRecipe.usual("speech")


def test_numbers_of_numpy_become_pythons():
    assert type(SequenceRecipe(units=np.int64(8)).units) is int


def test_a_file_that_is_wrong_is_named(tmp_path):
    (tmp_path / "recipe.toml").write_text("units = -1")

    with pytest.raises(RecipeError, match=r"recipe.toml: units must be 1 or more"):
        SequenceRecipe.read(tmp_path / "recipe.toml")


def test_the_levers_are_those_of_the_recipe():
    levers = SequenceRecipe(optimizer="sgd", momentum=0.5, weight_decay=0.1, epochs=3).levers

    assert (levers.optimizer, levers.momentum, levers.weight_decay, levers.epochs) == ("sgd", 0.5, 0.1, 3)


def test_updates_come_as_often_as_gradients_go_back_unless_said():
    assert (SequenceRecipe(bptt=8).every, SequenceRecipe(bptt=8, bptt_every=2).every) == (8, 2)
