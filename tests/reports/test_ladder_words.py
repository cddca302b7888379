"""What the ladder says in words, from small dicts."""

import re
from pathlib import Path

import pytest

from boda.reports import ladder_words as words

LADDER = Path("runs/007")


def rung(name, difference, verdict="no difference shown", half=0.02, **more):
    ends = [difference - half, difference + half]
    return {"name": name, "difference": difference, "interval": ends, "verdict": verdict, "status": "done", **more}


def ladder(*rungs, **more):
    return {"n": 500, "base": "head", "rungs": [{"name": "head", "folds": folds(30.0, 1.0, 2.0)}, *rungs], **more}


def folds(*seconds):
    return [{"seconds": each} for each in seconds]


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
    # standard error 0.02 / 1.96 with 500 pictures; two scores, so z = 2.241; 500 (3.081 x 0.0102 / 0.01)^2 = 4944
    assert words.needed_pictures(ladder(rung("a", 0.0, half=0.02))) == 4900


def test_more_levers_ask_for_more_pictures():
    # ten levers in two scores, so z = 3.023; 500 (3.863 x 0.0102 / 0.01)^2 = 7772
    assert words.needed_pictures(ladder(*(rung(f"r{i}", 0.0, half=0.02) for i in range(10)))) == 7800


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
    ("stages", "said"),
    [
        ([("last-5", True)], ""),
        ([], ""),
        ([("last-5", False)], "its stage last-5 was rolled back in the final training, so .* of the head alone"),
        ([("last-5", True), ("all", False)], "its stage all was rolled back .* of the head with last-5"),
        ([("last-5", False), ("all", False)], "its stages last-5 and all were rolled back .* of the head alone"),
    ],
)
def test_a_winner_whose_stages_were_rolled_back_says_so(stages, said):
    winner = {"stages": [{"stage": stage, "kept": kept} for stage, kept in stages]}

    assert re.fullmatch(said, words.rolled_back({"winner": winner}))


def test_a_rung_of_one_fold_says_why_it_is_not_compared():
    one = {"name": "last-5", "status": "stopped early", "accuracy": 0.9, "cells": 1}

    assert words.verdict_words(one) == "one fold only, not compared"
    assert "one fold only, not compared" in words.reason(one)
    assert words.sentences(ladder(one)) == ["Not told: last-5 has one fold only, not compared."]
    assert words.verdict_words({**one, "cells": 2}) == "not compared yet"


def test_cost_is_compared_by_the_median_fold_without_the_first():
    given = ladder(rung("last-5", 0.0, folds=folds(90.0, 30.0, 31.0, 29.0)))

    assert words.times_the_base(given["rungs"][1], given["rungs"][0]) == pytest.approx(20)


def test_a_single_fold_counts_as_it_is():
    assert words.times_the_base({"folds": folds(3.0)}, {"folds": folds(1.5)}) == pytest.approx(2)
    assert words.times_the_base({"folds": []}, {"folds": folds(1.5)}) is None


def test_a_verdict_that_only_the_log_loss_shows_says_so():
    rung = {"name": "x", "verdict": "helps", "shown_in": ["log_loss"], "p_adjusted": 0.4, "log_loss_p_adjusted": 0.01}

    assert "helps (log" in words.verdict_words(rung)
    assert words.deciding_p(rung) == 0.01
    assert words.deciding_p({**rung, "shown_in": ["accuracy", "log_loss"]}) == 0.4
