"""Labels, numbers and tags measured: a model that is made up says what it is told to."""

from types import SimpleNamespace

import numpy as np
import pytest

from boda.metrics.classify import softmax
from boda.verbs.measures import MEASURES, Part

CLASSES = ("no", "yes")


def part_of(targets, inputs=None, classes=CLASSES):
    inputs = tuple(inputs or [f"text {i}" for i in range(len(targets))])
    return Part(inputs, tuple(targets), tuple(f"t:{i}" for i in range(len(targets))), classes, "characters", (), "val")


def model_of(logits, temperature=1.0, **calibration):
    """A model whose logits on whatever it is asked are these."""
    logits = np.asarray(logits, float)
    encoder = SimpleNamespace(values=lambda answers: answers[:, 0] * 10)
    calibrated = softmax(logits / temperature)
    return SimpleNamespace(
        logits=lambda _: logits, probabilities=lambda _: calibrated, encoder=encoder, calibration=calibration
    )


def test_figures_of_labels_by_hand():
    part = part_of(["yes", "no", "yes", "no"])
    answers = np.array([[0.2, 0.8], [0.9, 0.1], [0.6, 0.4], [0.7, 0.3]])
    found = MEASURES["classify"].figures(model_of(answers), part, answers, seed=0)

    assert found["accuracy"] == 0.75
    assert found["log_loss"] == pytest.approx(-np.log([0.8, 0.9, 0.4, 0.7]).mean(), abs=1e-6)
    assert found["ece_interval"][0] <= found["ece"] <= found["ece_interval"][1]


def test_overconfident_labels_are_cooled_and_get_a_threshold():
    labels = ["yes", "no"] * 50
    sign = np.where(np.arange(100) % 10 == 0, -1, 1) * np.where(np.arange(100) % 2 == 0, 1, -1)
    found = MEASURES["classify"].calibrate(model_of(np.stack([-9.0 * sign, 9.0 * sign], axis=1)), part_of(labels))

    assert found["temperature"] > 4  # nine of ten are right, not all but one in millions
    assert found["n"] == 100
    assert found["abstain"]["wanted"] == 0.95


def test_without_an_inner_part_nothing_is_calibrated():
    assert MEASURES["classify"].calibrate(model_of(np.zeros((0, 2))), None) == {
        "temperature": 1.0,
        "abstain": {"wanted": 0.95, "threshold": None},
    }
    assert MEASURES["regress"].calibrate(model_of(np.zeros((0, 1))), None) == {"level": 0.9, "quantile": None}


def test_classes_of_arrays_have_the_most_frequent_one_as_rival():
    train, held = part_of(["yes", "yes", "yes", "no"], inputs=[np.zeros((2, 1))] * 4), part_of(["no"])

    assert MEASURES["classify"].rivals(model_of(np.zeros((1, 2))), train, held, 0)["most_frequent"].tolist() == [
        [0.25, 0.75]
    ]


def test_answers_on_labels_are_written_with_the_beginning_of_their_texts():
    part = part_of(["yes", "no"], inputs=["a" * 300, "b"])
    found = MEASURES["classify"].predictions(model_of(np.zeros((2, 2))), part, np.full((2, 2), 0.5))

    assert found == {
        "names": ["t:0", "t:1"],
        "texts": ["a" * 200, "b"],
        "labels": [1, 0],
        "probabilities": [[0.5, 0.5], [0.5, 0.5]],
    }


def test_numbers_come_in_their_own_units_with_the_margin_of_nine_in_ten():
    part = part_of([float(10 * i + i + 1) for i in range(19)])
    model = model_of(np.arange(19.0)[:, None])  # off by 1 to 19
    answers = MEASURES["regress"].answers(model, part)
    figures = MEASURES["regress"].figures(model, part, answers, seed=0)

    assert answers.tolist() == [10.0 * i for i in range(19)]
    assert figures["mae"] == 10
    assert MEASURES["regress"].calibrate(model, part) == {"level": 0.9, "quantile": 18.0, "n": 19}
    assert MEASURES["regress"].predictions(model, part, answers)["targets"] == list(part.targets)


def test_how_often_the_interval_of_numbers_holds_is_measured():
    part, answers = part_of([1.0, 2.0, 3.0, 9.0]), np.array([1.5, 2.0, 4.0, 4.0])
    figures = MEASURES["regress"].figures(model_of(np.zeros((4, 1)), quantile=1.0), part, answers, seed=0)
    without = MEASURES["regress"].figures(model_of(np.zeros((4, 1)), quantile=None), part, answers, seed=0)

    assert figures["coverage"] == 0.75
    assert figures["coverage_interval"][0] < 0.75 < figures["coverage_interval"][1]
    assert "coverage" not in without


def test_too_few_numbers_give_no_margin():
    found = MEASURES["regress"].calibrate(model_of(np.zeros((3, 1))), part_of([1.0, 2.0, 3.0]))

    assert found == {"level": 0.9, "quantile": None, "n": 3}


def test_the_mean_is_the_rival_of_numbers_for_arrays():
    train = part_of([1.0, 2.0, 6.0], inputs=[np.zeros((2, 1))] * 3)
    found = MEASURES["regress"].rivals(model_of(np.zeros((1, 1))), train, part_of([0.0, 0.0]), 0)

    assert found["mean"].tolist() == [3.0, 3.0]


def test_the_difference_of_labels_is_ours_less_theirs():
    part = part_of(["yes", "no"] * 20)
    right = np.eye(2)[[1, 0] * 20]
    found = MEASURES["classify"].difference(model_of(right), part, right, 1 - right, seed=0)

    assert (found["figure"], found["difference"], found["verdict"]) == ("macro_f1", 1.0, "better")


def test_tags_are_counted_by_token_and_by_entity():
    classes = ("B-PER", "O")
    part = part_of([("O", "B-PER"), ("O", "O")], inputs=[("a", "kim"), ("b", "c")], classes=classes)
    answers = [["O", "B-PER"], ["B-PER", "O"]]
    measure = MEASURES["tag"]
    found = measure.figures(model_of([[0]]), part, answers, seed=0)

    assert found["accuracy"] == 0.75
    assert found["entity_f1"] == pytest.approx(2 / 3, abs=1e-6)
    assert measure.predictions(model_of([[0]]), part, answers) == {
        "names": ["t:0", "t:1"],
        "tokens": [["a", "kim"], ["b", "c"]],
        "tags": [["O", "B-PER"], ["O", "O"]],
        "answers": answers,
    }
    assert measure.calibrate(model_of([[0]]), part) == {}
