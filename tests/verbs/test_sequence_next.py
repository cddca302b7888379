"""What to do next follows from a Run's own figures, and its commands can be typed as they are."""

import json
import shlex

import click
import pytest

from boda.cli.app import boda as group
from boda.recipe.sequence import SequenceRecipe
from boda.run import Run
from boda.verbs.measures import MEASURES
from boda.verbs.sequence_next import ASK, next_sequence_steps


@pytest.fixture
def make(tmp_path):
    """A Run whose figures are these."""

    def write(*, verdict="better", losses=(3, 2, 1), best=2, leaks=0, recipe=None, task="classify", **about):
        run = Run.create(tmp_path / "run", task=task, seed=0)
        run.update(**{"kind": "sequences", "data": "my names", "reading": {}, "best_epoch": best, **about})
        run.write_text("recipe.toml", (recipe or SequenceRecipe(epochs=3)).to_toml())
        run.write_json("data.json", {"leaks_count": leaks})
        run.write_json("metrics.json", {"against_baseline": {"verdict": verdict, "baseline": "ngrams"}})
        run.write_text("history.jsonl", "".join(json.dumps({"val_loss": loss}) + "\n" for loss in losses))
        return run

    return write


def titles(run):
    return [step["title"] for step in next_sequence_steps(run)]


def commands(run):
    return {step["title"]: step["command"] for step in next_sequence_steps(run)}


def test_where_all_is_well_it_is_used_and_looked_at(make):
    assert titles(make(losses=(3, 1, 1), best=2)) == ["Use it", "Look at the data"]


def test_leaks_come_first(make):
    run = make(leaks=3, verdict="worse")

    assert titles(run)[0] == "Remove copies from the parts"
    assert next_sequence_steps(run)[0]["why"].startswith("3 sequences are in more than one part")


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("worse", "The baseline ngrams does better."),
        ("same", "No difference from the baseline ngrams is shown."),
    ],
)
def test_a_baseline_that_is_not_shown_to_be_beaten_is_named(make, verdict, said):
    (step,) = [one for one in next_sequence_steps(make(verdict=verdict)) if "baseline" in one["title"]]

    assert step["why"] == said
    assert step["command"].startswith("boda train 'my names' --recipe ")
    assert step["command"].endswith("recipe.toml --set dropout=0.5")


def test_a_network_that_drops_much_out_is_made_wider_instead(make):
    run = make(verdict="same", recipe=SequenceRecipe(dropout=0.5, units=64))

    assert commands(run)["Give the network another chance, or take the baseline"].endswith("--set units=128")


def test_a_loss_that_still_fell_wants_more_epochs(make):
    assert commands(make(best=3))["Train longer"].endswith("recipe.toml --set epochs=6")


def test_a_loss_that_rose_again_wants_more_dropout(make):
    run = make(losses=(3, 2, 4), best=2, recipe=SequenceRecipe(epochs=3, dropout=0.3))

    assert commands(run)["Drop more out"].endswith("recipe.toml --set dropout=0.5")


def test_how_the_data_was_read_is_said_again(make):
    run = make(reading={"task": "regress", "label_column": "the price"})

    assert commands(run)["Look at the data"] == "boda look 'my names' --task regress --read 'label_column=the price'"


@pytest.mark.parametrize("task", MEASURES)
def test_every_command_is_one_that_boda_takes(make, task):
    reading = {"task": task, "format": "table", "text_column": "a b"}
    run = make(task=task, leaks=1, verdict="same", best=3, reading=reading)
    assert task in ASK
    steps = next_sequence_steps(run)

    assert len(steps) == 5
    for step in steps:
        name, *words = shlex.split(step["command"])[1:]
        with click.Context(group) as parent:
            group.get_command(parent, name).make_context(name, words, parent)
