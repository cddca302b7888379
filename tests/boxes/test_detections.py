"""What was found in one picture."""

import numpy as np
import pytest

from boda import Detections
from boda.errors import LabelError

FOUND = Detections([[0, 0, 9, 9], [5, 5, 8, 8], [1, 1, 2, 2]], [0.3, 0.8, 0.5], [0, 1, 2])


def test_lists_become_arrays_of_the_promised_kinds():
    assert (FOUND.boxes.dtype, FOUND.scores.dtype, FOUND.labels.dtype) == (np.float32, np.float32, np.int64)
    assert FOUND.boxes.shape == (3, 4)


def test_its_length_is_the_number_of_boxes():
    assert len(FOUND) == 3


def test_above_keeps_a_score_that_is_the_threshold():
    assert FOUND.above(0.5).labels.tolist() == [1, 2]
    assert FOUND.above(0.3).labels.tolist() == [0, 1, 2]


def test_best_gives_the_highest_first():
    assert FOUND.best(2).labels.tolist() == [1, 2]
    assert FOUND.best(9).labels.tolist() == [1, 2, 0]


def test_take_keeps_the_order_that_is_asked_for():
    assert FOUND.take([2, 0]).scores.tolist() == pytest.approx([0.5, 0.3])


def test_nothing_found_is_three_empty_arrays():
    nothing = Detections.empty()

    assert (nothing.boxes.shape, nothing.scores.shape, nothing.labels.shape) == ((0, 4), (0,), (0,))
    assert len(nothing.above(0.5)) == len(nothing.best(3)) == 0


def test_too_few_labels_are_refused():
    with pytest.raises(LabelError, match="Received: 1 boxes, 1 scores, 0 labels"):
        Detections([[0, 0, 9, 9]], [0.5], [])
