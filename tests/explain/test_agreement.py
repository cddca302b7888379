"""Agreement of two maps: Spearman's rank correlation, and the word for it."""

import numpy as np
import pytest
from scipy import stats

from boda.explain.agreement import agreement, rank_correlation, verdict


def test_the_rank_correlation_is_scipys_ties_included():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, 49), rng.normal(size=49)

    assert rank_correlation(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)


def test_equal_orders_agree_fully_and_opposite_ones_not_at_all():
    values = np.arange(6).reshape(2, 3)

    assert rank_correlation(values, values**3) == pytest.approx(1)
    assert rank_correlation(values, -values) == pytest.approx(-1)


def test_a_flat_map_agrees_with_nothing():
    assert rank_correlation(np.ones(4), np.arange(4)) is None


def test_maps_of_different_sizes_are_compared_at_the_same_places():
    falls = np.outer(np.arange(1, 8), np.arange(1, 8)).astype(float)
    finer = np.kron(falls, np.ones((2, 2)))

    assert agreement(finer, falls) > 0.95
    assert agreement(finer[:, ::-1], falls) < 0.5


@pytest.mark.parametrize(
    ("correlation", "word"),
    [(0.6, "agree"), (0.59, "agree in part"), (0.3, "agree in part"), (0.29, "disagree")],
)
def test_the_word_for_a_correlation(correlation, word):
    assert verdict(correlation) == word


def test_a_flat_map_is_no_disagreement():
    assert verdict(None) == "cannot be compared"
