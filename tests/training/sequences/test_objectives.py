"""The losses of sequences, by hand: what is -1 counts nothing."""

import numpy as np
import pytest

from boda.models.keras_import import import_keras
from boda.training.sequences.objectives import Objective

LOGITS = np.log(np.array([[[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]], np.float32))


def loss(task, y, logits, **options):
    return np.asarray(Objective(task, **options).loss(tensor(y), tensor(logits)))


def metric(task, y, logits):
    return np.asarray(Objective(task).metric(tensor(y), tensor(logits)))


def tensor(values):
    return import_keras().ops.convert_to_tensor(np.asarray(values, np.float32))


def test_the_loss_of_ids_is_the_sum_over_the_steps_that_are_there():
    assert loss("language", [[0, 1, -1]], LOGITS) == pytest.approx([-np.log(0.5) - np.log(0.8)], rel=1e-6)


def test_a_share_of_the_steps_is_right():
    assert metric("tag", [[0, 2, -1]], LOGITS).tolist() == [0.5]


def test_nothing_that_counts_is_no_error():
    assert loss("tag", [[-1, -1, -1]], LOGITS).tolist() == [0]
    assert metric("tag", [[-1, -1, -1]], LOGITS).tolist() == [0]


def test_targets_may_be_padded_further_than_logits():
    assert loss("pairs", [[0, 1, 2, -1, -1]], LOGITS) == pytest.approx([-np.log(0.5 * 0.8 * 0.6)], rel=1e-6)


def test_smoothing_gives_a_share_to_the_uniform_answer():
    expected = 0.9 * -np.log(0.5) - 0.1 * np.log([0.5, 0.25, 0.25]).mean()

    assert loss("classify", [0], LOGITS[:, 0], smoothing=0.1) == pytest.approx([expected], rel=1e-6)


def test_the_loss_of_frames_is_the_sum_over_keys_and_steps():
    logits = np.array([[[0.0, 0.0], [np.log(3), 0.0], [5.0, 5.0]]])
    y = [[[1, 0], [1, 1], [-1, -1]]]

    assert loss("music", y, logits) == pytest.approx([2 * np.log(2) - np.log(0.75) + np.log(2)], rel=1e-6)


def test_frames_are_right_by_hits_through_hits_and_errors():
    logits = [[[1.0, 1.0, -1.0], [-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]]]
    y = [[[1, 0, 1], [0, 0, 0], [-1, -1, -1]]]

    assert metric("music", y, logits) == pytest.approx([(1 / 3 + 1) / 2])


def test_the_loss_of_numbers_is_hubers():
    assert loss("regress", [0.0, 0.0], [[0.5], [3.0]]) == pytest.approx([0.125, 2.5])
    assert loss("forecast", [[0.0, 0.0]], [[0.5, 3.0]]) == pytest.approx([(0.125 + 2.5) / 2])


def test_numbers_are_measured_by_how_far_they_are_off():
    assert metric("forecast", [[1.0, 0.0]], [[0.5, 3.0]]) == pytest.approx([1.75])
    assert Objective("forecast").shown == "mae"


def test_a_class_is_right_or_not():
    assert metric("classify", [0, 1], LOGITS[0, :2]).tolist() == [1, 1]
    assert metric("classify", [1], LOGITS[0, :1]).tolist() == [0]
