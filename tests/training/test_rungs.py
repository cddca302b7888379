"""Rungs: the table for everybody's pictures, the user's own, and what helps together."""

import numpy as np
import pytest

from boda.errors import RecipeError
from boda.models.backbones import BACKBONES
from boda.recipe import Recipe
from boda.training.rung_table import standard
from boda.training.rungs import Rung, chosen, own_rung, together, with_stage_settings

BALANCED = np.repeat(np.arange(3), 10)


def names(rungs):
    return [rung.name for rung in rungs]


def rung(name, kind="head", **change):
    return Rung(name=name, title=name, kind=kind, change={key.replace("_", ".", 1): v for key, v in change.items()})


def test_the_base_comes_first_and_changes_nothing():
    first = standard(Recipe(), BALANCED, 3)[0]

    assert first.name == "head"
    assert first.recipe(Recipe()) == Recipe()


@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_rung_but_the_base_is_another_recipe(backbone):
    base = Recipe(backbone=backbone)

    recipes = [each.recipe(base) for each in standard(base, BALANCED, 3)]

    assert len(set(map(Recipe.to_toml, recipes))) == len(recipes)


def test_names_of_rungs_differ():
    found = names(standard(Recipe(), BALANCED, 3))

    assert len(set(found)) == len(found)


def test_class_weights_are_a_rung_only_where_classes_are_unbalanced():
    assert "class-weights" not in names(standard(Recipe(), BALANCED, 3))
    assert "class-weights" in names(standard(Recipe(), np.repeat([0, 1, 2], [10, 10, 4]), 3))


def test_a_lever_that_the_base_has_already_is_no_rung():
    assert "smoothing" not in names(standard(Recipe().replace(head_label_smoothing=0.1), BALANCED, 3))


def test_a_base_that_crops_has_squash_as_a_rung():
    found = names(standard(Recipe(resize="crop"), BALANCED, 3))

    assert "squash" in found
    assert "crop" not in found


def test_sizes_are_multiples_of_32_around_that_of_the_base():
    sizes = {each.name: each.change["size"] for each in standard(Recipe(), BALANCED, 3) if "size" in each.change}

    assert sizes == {"smaller": 160, "larger": 288}


def test_every_standard_rung_has_words():
    assert all(each.title and each.does and each.when for each in standard(Recipe(), BALANCED, 3))


def test_the_base_is_there_even_where_it_is_not_named():
    every = standard(Recipe(), BALANCED, 3)

    assert names(chosen(every, ["dropout"])) == ["head", "dropout"]


def test_an_unknown_name_is_refused_with_those_that_are_known():
    with pytest.raises(RecipeError, match=r"There is no rung dropuot\. Known: head, as-is, dropout"):
        chosen(standard(Recipe(), BALANCED, 3), ["dropuot"])


def test_a_rung_of_ones_own_must_have_a_name_of_its_own():
    with pytest.raises(RecipeError, match="There is a rung dropout already"):
        chosen(standard(Recipe(), BALANCED, 3), None, [own_rung("dropout=head.dropout=0.9")])


def test_two_rungs_of_ones_own_must_differ_by_name():
    with pytest.raises(RecipeError, match=r"must have names that differ\. Received: a, a"):
        chosen(standard(Recipe(), BALANCED, 3), None, [own_rung("a=head.dropout=0.9"), own_rung("a=head.ema=0.9")])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a=head.dropout=0.3", "head"),
        ("a=head.augment=flip", "augment"),
        ("a=size=160", "view"),
        ("a=stages=head,last-2", "thaw"),
        ("a=stages=head,last-2; stage.epochs=3", "thaw"),
        ("a=stages=scratch", "scratch"),
    ],
)
def test_the_kind_of_ones_own_rung_follows_from_what_it_changes(text, kind):
    assert own_rung(text).kind == kind


def test_ones_own_rung_may_change_several_entries():
    recipe = own_rung("calm=stage.epochs=3; stages=head,last-2; head.dropout=0.5").recipe(Recipe())

    assert recipe.stage_names == ("head", "last-2")
    assert recipe.stages[1].epochs == 3
    assert recipe.head.dropout == 0.5


@pytest.mark.parametrize("text", ["wide", "wide=", "wide=head.hidden", "../x=head.dropout=0.1", "=head.dropout=0.1"])
def test_words_of_another_form_are_no_rung(text):
    with pytest.raises(RecipeError, match="A rung must be NAME=ENTRY=VALUE"):
        own_rung(text)


def test_an_entry_that_no_recipe_has_is_refused_with_the_nearest():
    with pytest.raises(RecipeError, match=r"no entry head\.dropuot\. Did you mean head\.dropout"):
        own_rung("a=head.dropuot=0.3").recipe(Recipe())


def test_a_rung_is_made_again_from_its_json():
    first = own_rung("wide=head.hidden=[64, 32]")

    assert Rung(**first.to_json()) == first


def test_levers_that_help_are_combined():
    both = together([(rung("a", head_dropout=0.3), 0.02), (rung("b", "augment", head_augment="flip"), 0.01)])

    assert both.kind == "together"
    assert both.change == {"head.dropout": 0.3, "head.augment": "flip"}


def test_of_two_levers_on_one_entry_the_better_has_its_way():
    both = together([(rung("a", head_optimizer="adam"), 0.02), (rung("b", head_optimizer="lion"), 0.01)])

    assert both.change == {"head.optimizer": "adam"}


def test_one_lever_is_nothing_to_combine():
    assert together([(rung("a", head_dropout=0.3), 0.02), (rung("b", "thaw", stages="head,all"), 0.1)]) is None


def test_together_is_no_name_for_a_rung_of_ones_own():
    with pytest.raises(RecipeError, match="together is boda's name for the rung of all that helps"):
        chosen(standard(Recipe(), BALANCED, 3), None, [own_rung("together=head.dropout=0.9")])


def test_settings_of_stages_go_to_every_rung_that_thaws():
    every = chosen(standard(Recipe(), BALANCED, 3), ["dropout", "last-5", "scratch"])

    found = {
        each.name: each.recipe(Recipe()).stages[-1].epochs for each in with_stage_settings(every, {"stage.epochs": 4})
    }

    assert found == {"head": 8, "dropout": 8, "last-5": 4, "scratch": 4}


def test_settings_of_one_stage_go_to_the_rungs_that_thaw_it_alone():
    every = chosen(standard(Recipe(), BALANCED, 3), ["last-3", "last-5"])

    _, three, five = with_stage_settings(every, {"last-5.epochs": 4})

    assert "last-5.epochs" not in three.change
    assert five.recipe(Recipe()).stages[-1].epochs == 4


def test_what_a_rung_says_of_its_stages_itself_has_its_way():
    rungs = [own_rung("a=stages=head,last-2; stage.epochs=3")]

    assert with_stage_settings(rungs, {"stage.epochs": 9})[0].recipe(Recipe()).stages[1].epochs == 3


def test_settings_of_a_stage_that_no_rung_trains_are_refused():
    every = chosen(standard(Recipe(), BALANCED, 3), ["last-3"])

    with pytest.raises(
        RecipeError, match=r"last-5\.epochs changes a stage that no rung trains\. Trained: head,last-3\."
    ):
        with_stage_settings(every, {"last-5.epochs": 4})
