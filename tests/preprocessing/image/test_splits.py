import numpy as np
import pytest

from boda.preprocessing.image.splits import check_subset, contiguous_part, stratified_part


def test_a_contiguous_part_is_keras_first_and_rest():
    assert contiguous_part(10, 0.25, "validation").tolist() == [0, 1]
    assert contiguous_part(10, 0.25, "training").tolist() == list(range(2, 10))


def test_a_stratified_split_takes_the_share_of_each_class():
    labels = ["a"] * 40 + ["b"] * 20

    held_out = stratified_part(labels, 0.25, "validation", seed=0)

    assert (held_out < 40).sum() == 10
    assert (held_out >= 40).sum() == 5


def test_the_two_parts_are_everything_once():
    labels = np.arange(50) % 3
    parts = [stratified_part(labels, 0.3, subset, seed=4) for subset in ("training", "validation")]

    assert sorted(np.concatenate(parts)) == list(range(50))


def test_another_seed_gives_another_split():
    labels = [0] * 50

    assert (
        stratified_part(labels, 0.2, "validation", 1).tolist() != stratified_part(labels, 0.2, "validation", 2).tolist()
    )


def test_a_small_class_has_one_on_either_side():
    labels = ["a"] * 20 + ["b"] * 2

    assert (stratified_part(labels, 0.1, "validation", seed=0) >= 20).sum() == 1
    assert (stratified_part(labels, 0.1, "training", seed=0) >= 20).sum() == 1


def test_a_class_of_one_is_for_training():
    assert 20 in stratified_part(["a"] * 20 + ["b"], 0.5, "training", seed=0)


def test_rows_and_lists_are_labels_too():
    one_hot = np.eye(2)[[0] * 10 + [1] * 10]

    assert (stratified_part(one_hot, 0.2, "validation", seed=0) < 10).sum() == 2
    assert len(stratified_part([["a", "b"], "a"] * 10, 0.2, "validation", seed=0)) == 4


def test_numbers_to_be_predicted_are_no_classes():
    assert len(stratified_part(np.linspace(0, 1, 20), 0.25, "validation", seed=0)) == 5


def test_another_subset_is_refused():
    with pytest.raises(ValueError, match='Invalid subset name: test; expected "training" or "validation"'):
        check_subset("test")
