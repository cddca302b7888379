"""What is said of a box that is odd."""

import numpy as np
import pytest

from boda.boxes import PROBLEMS, clip, problems

SIZE = (100, 50)
CASES = {
    "": [[0, 0, 100, 50], [1, 2, 3, 4], [-0.005, 0, 100.005, 50]],
    "not finite": [[0, 0, np.nan, 9], [0, -np.inf, 9, 9]],
    "inverted": [[9, 0, 1, 9], [0, 9, 9, 1], [200, 9, 300, 1]],
    "zero area": [[5, 5, 5, 9], [5, 5, 9, 5], [-5, -5, -5, -5]],
    "outside": [[100, 0, 120, 9], [-9, 0, 0, 9], [0, 50, 9, 60], [0, -9, 9, -1]],
    "partly outside": [[-1, 0, 9, 9], [0, -1, 9, 9], [90, 0, 101, 9], [0, 40, 9, 51]],
}


@pytest.mark.parametrize(("problem", "box"), [(problem, box) for problem, boxes in CASES.items() for box in boxes])
def test_a_box_is_called_by_its_gravest_problem(problem, box):
    assert problems([box], SIZE) == [problem]


def test_every_problem_is_tested():
    assert set(PROBLEMS) == set(CASES) - {""}


def test_there_is_a_word_for_each_box_in_their_order():
    assert problems([[1, 1, 9, 9], [9, 1, 1, 9], [-1, 1, 9, 9]], SIZE) == ["", "inverted", "partly outside"]


def test_no_boxes_have_no_problems():
    assert problems([], SIZE) == []


def test_clipping_mends_what_lies_partly_outside():
    assert problems(clip(CASES["partly outside"], SIZE), SIZE) == [""] * 4


def test_the_tolerance_can_be_chosen():
    assert problems([[-1, 0, 9, 9]], SIZE, tolerance=1) == [""]
