"""Every box with every other: the paired measure, in blocks, by NumPy or compiled."""

import threading
import tracemalloc

import numpy as np
import pytest

from boda.boxes import OVERLAPS, ciou, diou, giou, iou, pairwise, pairwise_blocks, pairwise_iou
from boda.boxes.pairwise import FEW
from boda.errors import LabelError, RecipeError

PAIRED = {"iou": iou, "giou": giou, "diou": diou, "ciou": ciou}
ODD = [[3, 3, 3, 3], [9, 9, 0, 0], [np.nan, 0, 9, 9], [0, 0, 9, np.nan], [0, 0, np.inf, 9], [np.inf] * 4]


def some(n, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    corner, side = rng.uniform(0, 50, (2, n, 2))
    return np.concatenate([corner, corner + side], axis=1).astype(dtype)


@pytest.mark.parametrize("kind", OVERLAPS)
def test_each_pair_is_that_of_the_paired_measure(kind):
    a, b = some(7), some(5, seed=1)

    matrix = pairwise(a, b, kind)

    for j in range(5):
        np.testing.assert_array_equal(matrix[:, j], PAIRED[kind](a, np.tile(b[j], (7, 1))))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_compiled_loop_gives_numpys_bits(dtype):
    a, b = some(400, dtype=dtype), some(300, seed=1, dtype=dtype)
    assert len(a) * len(b) > FEW

    by_numpy = np.concatenate([pairwise_iou(rows, b) for rows in np.array_split(a, 10)])

    np.testing.assert_array_equal(pairwise_iou(a, b), by_numpy)


def test_the_compiled_loop_gives_odd_boxes_zero():
    odd = np.tile(np.array(ODD, float), (50, 1))

    assert not pairwise_iou(odd, some(300)).any()
    assert not pairwise_iou(odd, odd).any()


@pytest.mark.parametrize("block", [1, 7, 1000])
@pytest.mark.parametrize("kind", OVERLAPS)
@pytest.mark.parametrize("n", [10, 300])
def test_the_block_changes_nothing(n, kind, block):
    a, b = some(n), some(250, seed=1)

    np.testing.assert_array_equal(pairwise(a, b, kind, block=block), pairwise(a, b, kind))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_number_of_threads_changes_nothing(threads):
    a = some(600)

    np.testing.assert_array_equal(pairwise_iou(a, a, threads=threads), pairwise_iou(a, a))


def test_several_callers_at_once_get_their_own():
    inputs = [some(400, seed) for seed in range(4)]
    wanted = [pairwise_iou(a, a) for a in inputs]
    found = [None] * 4

    def call(i):
        found[i] = pairwise_iou(inputs[i], inputs[i])

    team = [threading.Thread(target=call, args=(i,)) for i in range(4)]
    for thread in team:
        thread.start()
    for thread in team:
        thread.join()

    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("kind", OVERLAPS)
def test_memory_beyond_the_result_is_bounded_by_the_block(kind):
    a, b = some(2000, dtype=np.float32), some(1000, seed=1, dtype=np.float32)
    pairwise(a[:100], b, kind)

    tracemalloc.start()
    matrix = pairwise(a, b, kind, block=20, threads=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak - matrix.nbytes < 30 * 20 * len(b) * 4 + 200_000


def test_blocks_together_are_the_whole():
    a, b = some(10), some(5, seed=1)
    blocks = list(pairwise_blocks(a, b, "giou", block=4))

    assert [(rows.start, rows.stop) for rows, _ in blocks] == [(0, 4), (4, 8), (8, 10)]
    np.testing.assert_array_equal(np.concatenate([found for _, found in blocks]), pairwise(a, b, "giou"))


@pytest.mark.parametrize(("n", "m"), [(0, 3), (3, 0), (0, 0)])
@pytest.mark.parametrize("kind", OVERLAPS)
def test_no_boxes_give_an_empty_matrix(kind, n, m):
    assert pairwise(some(n), some(m), kind).shape == (n, m)


def test_two_float32_give_float32_and_one_gives_float64():
    a, b = some(3, dtype=np.float32), some(3)

    assert pairwise_iou(a, a).dtype == np.float32
    assert pairwise_iou(a, b).dtype == np.float64


def test_an_unknown_kind_is_refused():
    with pytest.raises(RecipeError, match=r"no overlap 'eiou'. There are: iou, giou, diou, ciou"):
        pairwise(some(3), some(3), "eiou")


@pytest.mark.parametrize("n", [3, 300])
def test_a_block_of_no_rows_is_refused(n):
    with pytest.raises(RecipeError, match=r"block must be 1 row or more. Received: 0"):
        pairwise_iou(some(n), some(n), block=0)


def test_the_second_argument_is_named_where_it_is_wrong():
    with pytest.raises(LabelError, match=r"b must be \(n, 4\).*Received an array of \(3, 5\)"):
        pairwise_iou(some(3), np.zeros((3, 5)))
