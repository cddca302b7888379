"""What trains a winner or a lever again names all that makes the same parts and the same base."""

from pathlib import Path

import pytest

from boda.reports import ladder_commands as commands

LADDER = Path("runs/007")


@pytest.mark.parametrize(
    ("change", "typed", "written"),
    [
        ({"head.dropout": 0.3}, "--set head.dropout=0.3", "head.dropout = 0.3"),
        ({"head.hidden": [256]}, "--set 'head.hidden=[256]'", "head.hidden = [256]"),
        ({"head.augment": "flip"}, "--set head.augment=flip", 'head.augment = "flip"'),
        ({"stages": "head,all"}, "--stages head,all", 'stages = "head,all"'),
        ({"stage.ema": 0.9}, "--set stage.ema=0.9", ""),
        ({}, "", ""),
    ],
)
def test_a_change_is_told_as_options_and_as_toml(change, typed, written):
    assert commands.change_lines({"change": change, "stages": "head"}) == (typed, written)


def test_hostile_values_stay_one_word_of_the_command():
    typed, _ = commands.change_lines({"change": {"head.x": "$(rm); '"}})

    assert typed == """--set 'head.x=$(rm); '"'"''"""


def test_the_command_names_data_recipe_split_and_seed():
    told = commands.command({"data": "my photos", "seed": 3, "winner": {"recipe": "best.toml"}}, LADDER)

    assert told == "boda train 'my photos' --recipe runs/007/best.toml --split runs/007 --seed 3"


def test_the_command_reads_the_pictures_as_the_ladder_did():
    reading = {"group_pattern": r"(patient\d+)", "label_column": "kind"}

    told = commands.command({"data": "list.csv", "reading": reading, "on_bad": "error"}, LADDER)

    assert told.endswith(r"--split runs/007 --group-pattern '(patient\d+)' --label-column kind --on-bad error")


def test_data_in_memory_is_trained_on_by_a_call_of_python():
    told = commands.command({"data": "Dataset", "in_memory": True, "seed": 3}, LADDER)

    assert told == 'boda.train(data, recipe="runs/007/best.toml", split="runs/007", seed=3)'


def test_a_lever_is_asked_for_on_top_of_the_base_that_the_ladder_had():
    lever = {"change": {"stages": "head,last-5", "last-5.epochs": 4}}

    typed = commands.command_of({"data": "photos"}, LADDER, lever)
    called = commands.command_of({"data": "Dataset", "in_memory": True}, LADDER, lever)

    options = "--stages head,last-5 --set last-5.epochs=4"
    assert typed == f"boda train photos --recipe runs/007/recipe.toml --split runs/007 {options}"
    assert called.endswith("seed=0, **{'stages': 'head,last-5', 'last-5_epochs': 4})")
    assert commands.command_of({"data": "photos"}, LADDER, {"change": {}, "stages": "head"}) == ""
