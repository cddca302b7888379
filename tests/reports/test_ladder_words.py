"""What the ladder says in words, from small dicts."""

from pathlib import Path

import pytest

from boda.reports import ladder_words as words


def rung(name, difference, verdict="no difference shown", half=0.02, **more):
    ends = [difference - half, difference + half]
    return {"name": name, "difference": difference, "interval": ends, "verdict": verdict, "status": "done", **more}


def ladder(*rungs, **more):
    return {"n": 500, "base": "head", "rungs": [{"name": "head", "seconds": 10.0, "cells": 10}, *rungs], **more}


def test_levers_that_help_are_counted_and_named_the_greatest_first():
    kind, short, sentence = words.headline(
        ladder(rung("flip", 0.013, "helps"), rung("ema", 0.0), rung("last-5", 0.034, "helps"))
    )

    assert (kind, short) == ("better", "Two help")
    assert sentence == "On these 500 pictures two of three levers help: last-5 (+3.4 points) and flip (+1.3 points)."


def test_nothing_is_said_to_help_where_nothing_does():
    kind, _, sentence = words.headline(ladder(rung("ema", 0.01)))

    assert kind == "same"
    assert sentence == "On these 500 pictures no lever is shown to help."


def test_harm_is_named_the_worst_first():
    said = words.sentences(ladder(rung("a", -0.02, "hurts"), rung("b", -0.05, "hurts")))

    assert said[0] == "Two hurt: b (-5.0 points) and a (-2.0 points)."


def test_how_many_pictures_it_would_take_is_worked_out_from_the_intervals():
    # standard error 0.02 / 1.96 with 500 pictures; 500 (2.8 x 0.0102 / 0.01)^2 = 4082
    assert words.needed_pictures(ladder(rung("a", 0.0, half=0.02))) == 4100


def test_many_pictures_would_have_shown_a_point():
    said = words.sentences(ladder(rung("a", 0.0, half=0.002)))

    assert "A difference of 1 point would most likely have been seen." in said[0]


def test_intervals_without_width_ask_for_no_pictures():
    assert words.needed_pictures(ladder(rung("a", 0.0, half=0.0))) is None


def test_an_interval_without_0_is_near_and_no_verdict():
    said = words.sentences(ladder(rung("as-is", -0.027, half=0.024), rung("flip", 0.0)))

    assert said[1].startswith("as-is (-2.7 points) comes near: its own interval leaves 0 out")


def test_a_lever_that_improves_the_log_loss_alone_is_named():
    said = words.sentences(ladder(rung("smoothing", 0.0, log_loss_difference_interval=[-0.03, -0.01])))

    assert any(sentence.startswith("In log loss alone smoothing lies below the base") for sentence in said)


def test_what_was_left_out_and_what_failed_is_named():
    said = words.sentences(ladder({"name": "all", "status": "left out"}, {"name": "big", "status": "failed"}))

    assert said == ["Not told: all was left out; big failed."]


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
    assert words.change_lines({"change": change, "stages": "head"}) == (typed, written)


def test_hostile_values_stay_one_word_of_the_command():
    typed, _ = words.change_lines({"change": {"head.x": "$(rm); '"}})

    assert typed == """--set 'head.x=$(rm); '"'"''"""


def test_the_command_names_data_recipe_and_seed():
    told = words.command({"data": "my photos", "seed": 3, "winner": {"recipe": "best.toml"}}, Path("runs/007"))

    assert told == "boda train 'my photos' --recipe runs/007/best.toml --seed 3"


def test_cost_is_compared_a_training():
    given = ladder(rung("last-5", 0.0, seconds=100.0, cells=5))

    assert words.times_the_base(given["rungs"][1], given["rungs"][0]) == pytest.approx(20)


def test_a_verdict_that_only_the_log_loss_shows_says_so():
    rung = {"name": "x", "verdict": "helps", "shown_in": ["log_loss"], "p_adjusted": 0.4, "log_loss_p_adjusted": 0.01}

    assert "helps (log" in words.verdict_words(rung)
    assert words.deciding_p(rung) == 0.01
    assert words.deciding_p({**rung, "shown_in": ["accuracy", "log_loss"]}) == 0.4
