import math

import pytest

from boda.reports.sequences.learning import learning_sentence
from boda.reports.sequences.measures import MEASURES, ends_of, short, value_of
from boda.reports.sequences.strips import ground, strip
from boda.reports.sequences.words import certainty_sentence, lead, part_words, token_words, verdict
from boda.reports.words import NOTHING


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (0.5, "0.500"),
        (123.4, "123"),
        (-0.0421, "-0.0421"),
        (1e-9, "1.00e-09"),
        (None, NOTHING),
        (math.nan, NOTHING),
    ],
)
def test_numbers_have_three_figures_that_count(value, written):
    assert short(value) == written


def test_bits_and_perplexity_follow_from_the_loss():
    scores = {"nll": math.log(8), "nll_interval": [math.log(4), math.log(16)]}

    assert value_of(scores, "bits") == pytest.approx(3)
    assert value_of(scores, "perplexity") == pytest.approx(8)
    assert ends_of(scores, "bits") == pytest.approx([2, 4])
    assert ends_of(scores, "perplexity") == pytest.approx([4, 16])


def test_the_figure_of_the_verdict_leads():
    assert lead({"task": "classify", "against_baseline": {"figure": "macro_f1"}})[0] == "macro_f1"
    assert lead({"task": "classify"})[0] == "accuracy"
    assert lead({"task": "language", "against_baseline": {"figure": "nll"}})[0] == "bits"


def test_of_errors_less_is_better():
    against = {
        "baseline": "linear",
        "figure": "mae",
        "difference": -0.5,
        "interval": [-0.75, -0.25],
        "verdict": "better",
    }

    kind, sentence = verdict({"task": "forecast", "against_baseline": against})
    assert kind == "better"
    assert "by 0.500 in mean error (0.250 to 0.750 on the same forecasts)" in sentence


def test_an_unknown_interval_is_said():
    against = {"baseline": "linear", "figure": "mae", "difference": -0.5, "interval": None, "verdict": "same"}

    assert "too few sequences to say" in verdict({"task": "forecast", "against_baseline": against})[1]


def test_shares_are_told_as_percent_and_their_distance_in_points():
    assert MEASURES["accuracy"].write(0.913) == "91.3\u202f%"
    assert MEASURES["accuracy"].apart(-0.05) == "5.0 points"


def test_what_is_counted_depends_on_the_task():
    assert part_words({"task": "pairs", "val": {"n": 1}}) == "1 validation pair"
    assert part_words({"task": "language", "unit": "words", "val": {"n": 2, "steps": 512}}).endswith("with 512 words")


def test_certainty_needs_an_interval():
    assert "95" not in certainty_sentence({"task": "classify", "val": {"n": 9, "accuracy": 0.5}})


def test_what_cannot_be_seen_has_a_sign():
    assert [token_words(token) for token in (" ", "\n", "", "\u202e", "한")] == ["␣", "↵", "∅", "\\u202e", "한"]


def test_neighbours_of_one_ground_are_one_element():
    html = strip(["a", "b", "<"], [0.5, 0.52, -1.0])

    assert html.count("<span") == 2
    assert ">ab</span>" in html
    assert "&lt;" in html


def test_white_is_no_ground():
    assert ground(0) is None


def test_learning_by_heart_is_told_from_stopping_too_early():
    lines = [{"epoch": i, "loss": 1.0, "val_loss": loss} for i, loss in enumerate([1.0, 0.5, 0.7])]

    assert "best at epoch 1 (loss 0.500); its weights were kept" in learning_sentence(lines)
    assert "longer training may still help" in learning_sentence(lines[:2])
