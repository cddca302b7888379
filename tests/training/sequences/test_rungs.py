"""The rungs of sequences: which make sense for a task, the user's own, and what helps together."""

import pytest

from boda.errors import RecipeError
from boda.recipe.sequence import SequenceRecipe
from boda.recipe.sequence_tasks import TASKS
from boda.training.rungs import Rung
from boda.training.sequences.rungs import own, standard, together


def names(task, base=None, **more):
    return [rung.name for rung in standard(base or SequenceRecipe.usual(task), task, **more)]


@pytest.mark.parametrize("task", TASKS)
def test_every_rung_changes_the_base_into_something_that_the_task_takes(task):
    base = SequenceRecipe.usual(task)
    first, *others = standard(base, task)

    assert first.recipe(base) == base
    assert len({rung.name for rung in others}) == len(others) > 5
    for rung in others:
        assert rung.recipe(base) != base
        rung.recipe(base).check_task(task)


@pytest.mark.parametrize("task", ["language", "music"])
def test_what_comes_next_is_never_read_from_both_ends_and_gradients_are_cut_there_alone(task):
    assert "both-ends" not in names(task)
    assert "bptt-16" in names(task)
    assert "bptt-16" not in names("classify")


def test_numbers_are_not_embedded():
    assert "one-hot" in names("classify")
    assert "one-hot" not in names("classify", numbers=True)


def test_a_rung_that_the_base_cannot_take_is_not_offered():
    assert "mingru" not in names("classify", SequenceRecipe(recurrent_dropout=0.3))


def test_a_rung_of_ones_own_changes_what_it_says():
    rung = own("calm=dropout=0.5; units=64", SequenceRecipe(), "classify")

    assert rung.change == {"dropout": 0.5, "units": 64}
    assert (rung.kind, rung.is_costly) == ("drop", True)


@pytest.mark.parametrize("text", ["words=tokens=words", "far=validation_split=0.5"])
def test_a_rung_that_would_be_measured_on_other_values_is_refused(text):
    with pytest.raises(RecipeError, match=r"changes what is told, so that .* could not be compared"):
        own(text, SequenceRecipe(), "language")


def test_an_unknown_entry_is_refused_by_its_name():
    with pytest.raises(RecipeError, match=r"no entry unts. Did you mean units"):
        own("wide=unts=512", SequenceRecipe(), "classify")


def rung(name, **change):
    return Rung(name=name, title=name, kind="size", change=change)


def test_of_two_that_change_the_same_the_greater_gain_has_its_way_together():
    some = [(rung("wide", units=256), 0.2), (rung("deep", layers=2), 0.1), (rung("thin", units=64), 0.05)]

    assert together(some, SequenceRecipe(), "classify").change == {"units": 256, "layers": 2}


def test_what_does_not_agree_is_not_put_together():
    some = [(rung("mingru", cell="mingru"), 0.2), (rung("masks", recurrent_dropout=0.3), 0.1)]

    assert together(some, SequenceRecipe(), "classify") is None


def test_a_single_helper_is_no_combination():
    assert together([(rung("wide", units=256), 0.2)], SequenceRecipe(), "classify") is None
