import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boda.metrics.intervals import (
    bootstrap,
    bootstrap_mean,
    check_rows,
    influence_interval,
    mcnemar,
    paired_difference,
    percentiles,
    wilson,
)


def test_wilson_gives_the_published_interval_of_81_in_263():
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)  # Newcombe 1998


def test_wilson_of_none_in_ten_ends_where_z2_over_n_plus_z2_says():
    lo, hi = wilson(0, 10)

    assert lo == 0
    assert hi == pytest.approx(1.959964**2 / (10 + 1.959964**2))


def test_wilson_knows_nothing_without_samples():
    assert wilson(0, 0) == (0, 1)


@given(st.integers(0, 300), st.integers(0, 300), st.floats(0.5, 0.999))
def test_wilson_contains_the_share_and_stays_within_0_to_1(a, b, level):
    lo, hi = wilson(a, a + b, level)

    assert 0 <= lo <= a / max(a + b, 1) <= hi <= 1


@given(st.integers(0, 50), st.integers(0, 50))
def test_wilson_mirrors_when_right_and_wrong_change_places(a, b):
    lo, hi = wilson(a, a + b)

    assert wilson(b, a + b) == pytest.approx((1 - hi, 1 - lo))


def test_wilson_refuses_more_successes_than_samples():
    with pytest.raises(ValueError, match=r"Received: successes=3, n=2"):
        wilson(3, 2)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_must_lie_between_0_and_1(level):
    with pytest.raises(ValueError, match=rf"Received: level={level}"):
        wilson(1, 2, level)


def test_wilson_covers_the_truth_as_often_as_it_says():
    drawn = np.random.default_rng(0).binomial(20, 0.9, 4000)
    ends = [wilson(x, 20) for x in range(21)]

    covered = np.mean([ends[x][0] <= 0.9 <= ends[x][1] for x in drawn])

    assert 0.93 < covered < 0.98


def test_influence_of_a_plain_share_gives_wilson_but_for_n_minus_1():
    right = np.arange(1000) < 800

    lo, hi = influence_interval(0.8, right - 0.8, most=1000)

    assert (lo, hi) == pytest.approx(wilson(800, 1000), abs=1e-4)


def test_influence_of_a_perfect_score_gives_wilson_of_what_it_is_worth():
    assert influence_interval(1.0, np.zeros(50), most=20) == wilson(20, 20)


def test_influence_of_an_undefined_score_has_no_interval():
    assert np.isnan(influence_interval(float("nan"), np.zeros(5), most=5)).all()


def test_bootstrap_of_the_mean_spans_two_standard_errors_on_either_side():
    values = np.random.default_rng(0).normal(size=400)

    lo, hi = bootstrap(lambda i: values[i].mean(), 400, rng=np.random.default_rng(1))

    assert (lo + hi) / 2 == pytest.approx(values.mean(), abs=0.01)
    assert hi - lo == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


def test_bootstrap_drops_draws_on_which_the_statistic_is_undefined():
    def of_first(indices):
        return 1.0 if 0 in indices else float("nan")

    assert bootstrap(of_first, 3, draws=50, rng=np.random.default_rng(0)) == (1, 1)


def test_bootstrap_of_what_is_never_defined_is_nan():
    assert np.isnan(bootstrap(lambda _: float("nan"), 3, draws=5, rng=np.random.default_rng(0))).all()


def test_bootstrap_is_the_same_for_the_same_rng():
    values = np.arange(9.0)

    one, other = (bootstrap(lambda i: values[i].mean(), 9, draws=50, rng=np.random.default_rng(3)) for _ in range(2))

    assert one == other


def test_bootstrap_mean_draws_what_bootstrap_draws():
    values = np.random.default_rng(0).normal(size=30)

    slow = bootstrap(lambda i: values[i].mean(), 30, rng=np.random.default_rng(1))
    fast = bootstrap_mean(values, rng=np.random.default_rng(1))

    assert fast == pytest.approx(slow)


def test_bootstrap_mean_gives_as_many_draws_where_they_go_in_blocks(monkeypatch):
    values = np.random.default_rng(0).normal(size=30)
    whole = bootstrap_mean(values, rng=np.random.default_rng(1))
    monkeypatch.setattr("boda.metrics.intervals.BLOCK", 70)

    assert bootstrap_mean(values, rng=np.random.default_rng(1)) == pytest.approx(whole)


def test_percentiles_leave_the_same_share_on_either_side():
    assert percentiles(np.arange(101.0), level=0.9) == pytest.approx((5, 95))


def test_mcnemar_doubles_the_binomial_tail_of_the_samples_that_differ():
    a = np.array([True] * 8 + [False] * 2 + [True] * 5)
    b = np.array([False] * 8 + [True] * 2 + [True] * 5)

    assert mcnemar(a, b) == pytest.approx(2 * (1 + 10 + 45) / 2**10)


def test_mcnemar_is_1_where_they_never_differ():
    assert mcnemar(np.ones(5), np.ones(5)) == 1


def test_mcnemar_is_at_most_1_where_they_differ_evenly():
    assert mcnemar(np.array([1, 0]), np.array([0, 1])) == 1


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_mcnemar_agrees_with_scipy_and_does_not_mind_who_is_a(pairs):
    stats = pytest.importorskip("scipy.stats")
    a, b = np.array(pairs, dtype=bool).reshape(-1, 2).T
    differ = int((a != b).sum())

    expected = stats.binomtest(int((a & ~b).sum()), differ).pvalue if differ else 1.0

    assert mcnemar(a, b) == pytest.approx(expected)
    assert mcnemar(b, a) == mcnemar(a, b)


def test_mcnemar_holds_for_thousands_of_differences():
    a = np.arange(20_000) < 10_300

    assert mcnemar(a, ~a) == pytest.approx(2.29e-5, rel=0.02)


def test_paired_difference_gives_the_interval_of_newcombes_table():
    a = np.array([1] * 36 + [1] * 12 + [0] * 2)
    b = np.array([1] * 36 + [0] * 12 + [1] * 2)

    assert paired_difference(a, b) == pytest.approx((0.2, 0.0569, 0.3404), abs=5e-5)


def test_paired_difference_changes_sign_with_the_order():
    a, b = np.random.default_rng(0).random((2, 40)) < 0.7

    difference, lo, hi = paired_difference(a, b)

    assert paired_difference(b, a) == pytest.approx((-difference, -hi, -lo))


def test_paired_difference_of_the_same_answers_is_0_within_an_interval():
    difference, lo, hi = paired_difference(np.array([1, 1, 0]), np.array([1, 1, 0]))

    assert difference == 0
    assert lo < 0 < hi


def test_paired_difference_knows_nothing_without_samples():
    assert paired_difference(np.zeros(0), np.zeros(0)) == (0, -1, 1)


def test_paired_difference_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(1000):
        hard = rng.random(60)
        _, lo, hi = paired_difference(hard + 0.1 * rng.normal(size=60) < 0.85, hard + 0.1 * rng.normal(size=60) < 0.7)
        covered.append(lo <= 0.136 <= hi)  # 0.15 but for hardness that the noise lifts over the edge of 0 to 1

    assert 0.93 < np.mean(covered) < 0.99


def test_arrays_of_other_lengths_are_refused_with_both_shapes():
    with pytest.raises(ValueError, match=r"a_right \(2,\) and b_right \(3,\)"):
        mcnemar(np.ones(2), np.ones(3))


def test_check_rows_does_not_mind_further_axes():
    check_rows(targets=np.zeros(3), probabilities=np.zeros((3, 2)))
