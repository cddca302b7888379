"""Cells: what is kept of a fold, and how the other folds choose its penalty and its temperature."""

import numpy as np

from boda.training.cells import (
    Cell,
    answers_of,
    calibrated,
    place_on_path,
    read_cells,
    scores_of,
    seconds_a_fold,
    write_cell,
)

TARGETS = np.array([0, 1, 0, 1])
RIGHT = np.array([[2.0, 0.0], [0.0, 2.0]], np.float32)


def cell(fold, *path, repeat=0):
    """Fold 0 answers pictures 0 and 1, fold 1 pictures 2 and 3."""
    return Cell(repeat, fold, np.array([0, 1]) + 2 * fold, np.stack(path), 1.5, [{"epoch": 1, "loss": 0.5}])


def test_a_cell_is_read_back_as_it_was_written(tmp_path):
    write_cell(tmp_path / "cells", cell(1, RIGHT, -RIGHT, repeat=2))

    (found,) = read_cells(tmp_path / "cells")

    assert (found.repeat, found.fold, found.seconds) == (2, 1, 1.5)
    assert found.unseen.tolist() == [2, 3]
    assert np.array_equal(found.logits, np.stack([RIGHT, -RIGHT]))
    assert found.history == [{"epoch": 1, "loss": 0.5}]


def test_a_torn_cell_counts_as_missing(tmp_path):
    write_cell(tmp_path, cell(0, RIGHT))
    write_cell(tmp_path, cell(1, RIGHT))
    (tmp_path / "0-0.npz").write_bytes((tmp_path / "0-0.npz").read_bytes()[:100])

    assert [found.fold for found in read_cells(tmp_path)] == [1]


def test_there_are_no_cells_where_there_is_no_folder(tmp_path):
    assert read_cells(tmp_path / "none") == []


def test_the_penalty_is_chosen_by_the_other_folds_and_never_by_its_own():
    ours, other = cell(0, RIGHT, -RIGHT), cell(1, -RIGHT, RIGHT)  # the other fold prefers the second, ours the first

    logits = answers_of([ours, other], TARGETS, repeats=1, classes=2)

    assert np.sign(logits[0, :2]).tolist() == np.sign(-RIGHT).tolist()
    assert np.sign(logits[0, 2:]).tolist() == np.sign(-RIGHT).tolist()


def test_the_temperature_is_fitted_on_the_other_folds_alone():
    sure_and_right, sure_and_wrong = cell(0, 9 * RIGHT), cell(1, -9 * RIGHT)

    logits = answers_of([sure_and_right, sure_and_wrong], TARGETS, repeats=1, classes=2)

    assert np.abs(logits[0, :2]).max() < 2  # the other fold was wrong, so its sureness is damped
    assert np.abs(logits[0, 2:]).max() > 10  # and the other way round


def test_other_repeats_choose_nothing():
    alone = cell(0, RIGHT, -RIGHT)
    crowd = [cell(1, -RIGHT, RIGHT, repeat=1), cell(0, -RIGHT, RIGHT, repeat=1)]

    alone_logits = answers_of([alone], TARGETS, repeats=2, classes=2)
    with_crowd = answers_of([alone, *crowd], TARGETS, repeats=2, classes=2)

    assert np.array_equal(alone_logits[0], with_crowd[0], equal_nan=True)


def test_what_no_cell_has_answered_is_nan():
    logits = answers_of([cell(0, RIGHT)], TARGETS, repeats=2, classes=2)

    assert np.isfinite(logits[0, :2]).all()
    assert np.isnan(logits[0, 2:]).all()
    assert np.isnan(logits[1]).all()


def test_without_others_a_middle_place_of_the_path_is_taken():
    assert place_on_path([], TARGETS, 9) == 4
    assert place_on_path([], TARGETS, 1) == 0


def test_scores_are_right_or_not_and_the_log_loss():
    logits = answers_of([cell(0, np.array([[0.0, 0.0], [5.0, 0.0]]))], TARGETS, repeats=1, classes=2)

    right, loss = scores_of(logits, TARGETS)

    assert right[0, :2].tolist() == [1, 0]
    assert np.allclose(loss[0, :2], [np.log(2), np.log1p(np.exp(5))])
    assert np.isnan(right[0, 2:]).all()


def test_scores_with_several_labels_ask_for_all_of_them():
    hot = np.array([[1, 1], [1, 0], [0, 0], [0, 1]], np.float32)

    right, _ = scores_of(answers_of([cell(0, np.array([[3.0, 3.0], [3.0, 3.0]]))], hot, 1, 2), hot)

    assert right[0, :2].tolist() == [1, 0]


def test_of_the_first_fold_only_its_epochs_tell_what_another_will_take():
    first = Cell(0, 0, np.arange(2), RIGHT[None], 100.0, [{"epoch": 1, "seconds": 4.0}, {"epoch": 2, "seconds": 6.0}])

    assert seconds_a_fold([first]) == 12
    assert seconds_a_fold([first, cell(1, RIGHT)]) == 1.5
    assert seconds_a_fold([]) == 0


def test_a_fold_whose_epochs_are_not_timed_counts_as_a_whole():
    assert seconds_a_fold([cell(0, RIGHT)]) == 1.5


def test_a_fold_alone_in_its_repeat_is_not_calibrated():
    pair, alone = [cell(0, RIGHT), cell(1, RIGHT)], cell(0, RIGHT, repeat=1)

    assert calibrated([*pair, alone]) == pair
    assert calibrated([alone]) == []
