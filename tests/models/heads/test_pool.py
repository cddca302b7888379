import numpy as np
import pytest

from boda.models.heads.pool import nothing_pooled, pool, pool_gradient

Y = np.array([[[1.0, 8.0], [3.0, 6.0], [5.0, 1.0]]])
FIRST_TWO = np.array([[True, True, False]])


def pooled(kind, y=Y, mask=None, **options):
    return pool(kind, y, mask, nothing_pooled(kind, len(y), y.shape[2], y.dtype), **options)[0].tolist()


@pytest.mark.parametrize(
    ("kind", "whole", "two"),
    [("last", [5, 1], [3, 6]), ("mean", [3, 5], [2, 7]), ("max", [5, 8], [3, 8])],
)
def test_valid_steps_alone_are_pooled(kind, whole, two):
    assert pooled(kind) == [whole]
    assert pooled(kind, mask=FIRST_TWO) == [two]


def test_the_last_step_of_what_reads_from_the_end_is_the_first():
    assert pooled("last", bidirectional=True) == [[5, 8]]
    assert pooled("last", mask=FIRST_TWO, bidirectional=True) == [[3, 8]]


def test_each_step_stays_itself():
    assert pooled("each") == Y.tolist()


@pytest.mark.parametrize("kind", ["last", "mean", "max"])
def test_without_a_valid_step_there_are_zeros(kind):
    assert pooled(kind, mask=np.zeros((1, 3), bool)) == [[0, 0]]


@pytest.mark.parametrize("kind", ["mean", "max"])
def test_what_is_carried_makes_pieces_one(kind):
    carried = nothing_pooled(kind, 1, 2, Y.dtype)
    _, carried = pool(kind, Y[:, :1], None, carried)
    found, _ = pool(kind, Y[:, 1:], None, carried)

    assert found.tolist() == pooled(kind)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("last", [[0, 0], [0, 0], [6, 9]]),
        ("mean", [[2, 3], [2, 3], [2, 3]]),
        ("max", [[0, 9], [0, 0], [6, 0]]),
    ],
)
def test_the_gradient_goes_where_the_pool_looked(kind, expected):
    assert pool_gradient(kind, Y, np.array([[6.0, 9.0]])).tolist() == [expected]


def test_the_gradient_of_both_ends_goes_to_both_ends():
    found = pool_gradient("last", Y, np.array([[6.0, 9.0]]), bidirectional=True)

    assert found.tolist() == [[[0, 9], [0, 0], [6, 0]]]
