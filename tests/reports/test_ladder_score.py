"""Scores of ladders in words: accuracy in points, losses of sequences in their own units."""

import pytest

from boda.reports import ladder_score as scores
from boda.reports import ladder_words as words
from boda.reports.ladder_method import method

NLL = {"nll": 1.9131, "nll_interval": [1.88, 1.95], "difference": -0.0312, "interval": [-0.05, -0.01]}


def test_accuracy_is_the_score_where_no_other_is_known():
    assert scores.score_of({}).key == "accuracy"


def test_a_figure_comes_with_its_interval_and_unit():
    assert scores.line(NLL) == "1.913 (1.88 to 1.95) nats a step"


@pytest.mark.parametrize(("difference", "said"), [(0.0312, "0.0312 nats a step less"), (-0.2, "0.2 nats a step more")])
def test_a_gain_of_a_loss_is_told_as_less(difference, said):
    assert scores.gain_words({"nll": 1.9, "difference": difference}) == said


def test_a_gain_has_a_sign_and_above_0_is_better():
    assert (scores.gain(NLL), scores.gain_interval(NLL)) == ("-0.0312", "-0.05 to -0.01")


def ladder(verdict, difference, half=0.02):
    ends = [difference - half, difference + half]
    rung = {"name": "wider", "nll": 2.0 - difference, "difference": difference, "interval": ends, "verdict": verdict}
    more = {"unit": "piece", "in_blocks": True, "folds": 3, "n": 60, "epochs": 5}
    return {**more, "base": "base", "rungs": [{"name": "base", "nll": 2.0}, {**rung, "status": "done"}]}


def test_the_headline_speaks_of_what_was_told():
    _, _, sentence = words.headline(ladder("helps", 0.1))

    assert sentence == "On these 60 pieces one lever helps: wider (0.1 nats a step less)."


def test_a_hundredth_of_a_loss_is_a_share_of_the_bases():
    # standard error 0.02 / 1.96, one score, so z = 1.96; 60 (2.8 x 0.0102 / 0.02)^2 = 122
    assert words.needed_pictures(ladder("no difference shown", 0.0)) == 120
    said = words.sentences(ladder("no difference shown", 0.0))[0]
    assert said.endswith("To see a difference of 1 % among so many levers you would need about 120 pieces.")


def test_how_it_was_measured_speaks_of_blocks_and_of_one_score():
    said = " ".join(method(ladder("helps", 0.1)))

    assert "cut into 3 consecutive blocks" in said
    assert "in nats a step; copies" in said
    assert "both scores" not in said
    assert "picture" not in said
