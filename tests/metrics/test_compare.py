import itertools

import numpy as np
import pytest

from boda.metrics.compare import Comparison, Judgement, compare, compare_scores, judge


def against_zero(differences, groups=None, fits=None, **keywords):
    """Compare rungs whose `differences` {name: (repeats, n)} are given, with a base of zeros."""
    rungs = {name: np.atleast_2d(np.asarray(d, dtype=float)) for name, d in differences.items()}
    repeats, n = next(iter(rungs.values())).shape
    groups = np.arange(n) if groups is None else np.asarray(groups)
    keywords.setdefault("rng", np.random.default_rng(0))
    return compare(np.zeros((repeats, n)), rungs, groups, fits, **keywords)


def slow_sign_flips(differences):
    """p and step-down p of (rungs, units), by every sign in turn, in plain loops."""
    units = len(differences[0])

    def statistic(rung, signs):
        above = abs(sum(s * d for s, d in zip(signs, rung, strict=True)))
        return above / sum(d * d for d in rung) ** 0.5

    observed = [statistic(rung, [1] * units) for rung in differences]
    order = sorted(range(len(differences)), key=lambda i: -observed[i])
    adjusted, floor = {}, 0.0
    flips = list(itertools.product([1, -1], repeat=units))
    for place, i in enumerate(order):
        left = [differences[j] for j in order[place:]]
        reached = sum(max(statistic(r, f) for r in left) >= observed[i] - 1e-9 for f in flips)
        adjusted[i] = floor = max(floor, reached / len(flips))
    alone = [
        sum(statistic(r, f) >= o - 1e-9 for f in flips) / len(flips) for r, o in zip(differences, observed, strict=True)
    ]
    return alone, [adjusted[i] for i in range(len(differences))]


def test_eight_pictures_better_leave_two_of_256_signs():
    found = against_zero({"rung": [1] * 8})["rung"]

    assert found.difference == 1
    assert found.p == found.p_adjusted == 2 / 256
    assert found.verdict == "helps"


def test_a_rung_that_loses_hurts():
    assert against_zero({"rung": [-1] * 8})["rung"].verdict == "hurts"


def test_five_changed_answers_are_too_few_for_a_verdict():
    found = against_zero({"rung": [1] * 5 + [0] * 95})["rung"]

    assert found.p == 2 / 32
    assert found.verdict == "no difference shown"


def test_the_interval_is_students_t_over_pictures():
    found = against_zero({"rung": [1, 2, 3, 4, 5]})["rung"]

    reach = 2.776445 * np.sqrt(2.5 / 5)  # t(4; 0.975), variance 2.5 of 5 pictures
    assert found.difference == 3
    assert found.interval == pytest.approx((3 - reach, 3 + reach))


def test_repeats_of_a_picture_are_averaged_not_counted_as_pictures():
    once = against_zero({"rung": [1, 2, 3, 4, 5]})["rung"]
    thrice = against_zero({"rung": [[1, 2, 3, 4, 5]] * 3})["rung"]

    assert thrice.difference == once.difference
    assert thrice.interval == pytest.approx(once.interval)
    assert thrice.p == once.p


def test_copies_of_a_picture_are_one_unit():
    found = against_zero({"rung": [1] * 8}, groups=[7, 7, 7, 7, 3, 3, 3, 3])["rung"]

    assert found.pictures == 2
    assert found.p == 2 / 4  # ++ and -- of the four draws


def test_equal_answers_are_no_difference_without_a_warning():
    found = against_zero({"same": np.zeros((3, 30)), "other": np.ones((3, 30))})

    assert found["same"] == Comparison(0.0, (0.0, 0.0), 1.0, 1.0, 30)
    assert found["other"].verdict == "helps"


def test_cells_without_an_answer_on_either_side_are_left_out():
    base = np.array([[0.0, 0.0, np.nan, 0.0], [0.0, 0.0, 0.0, 0.0]])
    rung = np.array([[1.0, 0.0, 1.0, 0.0], [np.nan, np.nan, 1.0, np.nan]])

    found = compare(base, {"rung": rung}, np.arange(4), rng=np.random.default_rng(0))["rung"]

    assert found.difference == 2 / 4
    assert found.pictures == 4


def test_a_rung_with_fewer_repeats_is_compared_on_those():
    values = np.random.default_rng(1).normal(size=(1, 20))
    short = np.concatenate([values, np.full((2, 20), np.nan)])
    fits = np.tile(np.arange(20) % 5, (3, 1))

    found = against_zero({"short": short}, fits=fits)["short"]

    assert found == against_zero({"short": values}, fits=fits[:1])["short"]


def test_a_rung_without_any_answer_has_no_difference_and_no_verdict():
    found = against_zero({"none": np.full((2, 6), np.nan), "rung": np.ones((2, 6))}, fits=np.zeros((2, 6), int))["none"]

    assert np.isnan([found.difference, *found.interval]).all()
    assert (found.p, found.p_adjusted, found.verdict, found.pictures) == (1, 1, "no difference shown", 0)


def test_one_picture_bounds_nothing():
    assert against_zero({"rung": [1.0]})["rung"].interval == (-np.inf, np.inf)


def test_all_signs_give_what_plain_loops_give():
    differences = np.random.default_rng(0).normal(0.4, 1, (4, 8)).round(1)

    found = against_zero({str(i): d for i, d in enumerate(differences)}).values()

    p, adjusted = slow_sign_flips(differences.tolist())
    assert [one.p for one in found] == pytest.approx(p)
    assert [one.p_adjusted for one in found] == pytest.approx(adjusted)


def test_drawn_signs_come_near_to_all_signs():
    rungs = {str(i): d for i, d in enumerate(np.random.default_rng(3).normal(0.5, 1, (3, 14)))}

    exact, drawn = against_zero(rungs, flips=2**14), against_zero(rungs, flips=2**14 - 1)

    for name, one in exact.items():
        assert drawn[name].p == pytest.approx(one.p, abs=0.015)
        assert drawn[name].p_adjusted == pytest.approx(one.p_adjusted, abs=0.015)


def test_the_same_source_of_chance_gives_the_same_p():
    rungs = {"rung": np.random.default_rng(3).normal(0.2, 1, 50)}

    assert against_zero(rungs) == against_zero(rungs)


def test_a_drawn_p_is_never_0():
    assert against_zero({"rung": np.ones(500)}, flips=99)["rung"].p == 1 / 100


def test_a_rung_that_only_copies_another_costs_nothing():
    values = np.random.default_rng(5).normal(0.6, 1, 10)

    alone, twice = against_zero({"a": values}), against_zero({"a": values, "b": values})

    assert twice["a"].p_adjusted == alone["a"].p


def test_rungs_that_differ_raise_the_adjusted_p():
    values = np.random.default_rng(5).normal(0, 1, (10, 10))

    found = against_zero({str(i): d for i, d in enumerate(values)})

    assert min(one.p for one in found.values()) < 0.05 < min(one.p_adjusted for one in found.values())


def test_the_luck_of_fits_widens_interval_and_p():
    fits = np.repeat([0, 1, 2, 3], 5)[None]
    by_fit = np.array([3.0, 1.0, 2.0, -1.0])[fits] + np.tile([0.5, 0.25, 0, -0.25, -0.5], 4)

    plain, with_fits = against_zero({"rung": by_fit})["rung"], against_zero({"rung": by_fit}, fits=fits)["rung"]

    # 4 / 3 sum over folds of (15 - 6.25, 5 - 6.25, 10 - 6.25, -5 - 6.25)^2 takes the place of the pictures' variance
    reach = 2.093024 * np.sqrt(4 / 3 * (8.75**2 + 1.25**2 + 3.75**2 + 11.25**2)) / 20
    assert with_fits.interval == pytest.approx((1.25 - reach, 1.25 + reach), rel=1e-6)
    assert with_fits.p > 10 * plain.p


def test_folds_that_vary_less_than_pictures_narrow_nothing():
    values = np.tile([2.0, 1.0, 0.0, -0.5], 5)  # each fold has the same sum
    fits = np.repeat(np.arange(5), 4)[None]

    assert against_zero({"rung": values}, fits=fits) == against_zero({"rung": values})


def test_rounding_is_not_taken_for_luck():
    values, fits = np.full((3, 30), 0.1), np.tile(np.arange(30) % 5, (3, 1))

    found = against_zero({"rung": values}, fits=fits)["rung"]

    assert found.interval == pytest.approx((0.1, 0.1))
    assert found.p == 1 / 5001


def test_a_fold_with_little_luck_takes_the_ladders_mean_luck():
    fits = np.repeat([0, 1, 2, 3], 5)[None]
    lucky = np.array([3.0, 1.0, -2.0, -1.0])[fits[0]]
    calm = np.tile([1.0, 0.5, 0.25, -0.25, 0.0], 4)

    alone, beside = (against_zero(r, fits=fits)["calm"] for r in ({"calm": calm}, {"calm": calm, "lucky": lucky}))

    assert beside.interval[0] < alone.interval[0]


def ladder_of_luck(rng, rungs=6, n=60, repeats=2, luck=0.0):
    """A base and rungs whose scores differ by chance: of each cell, and of each fit by `luck`."""
    fits = np.stack([rng.permutation(n) % 5 for _ in range(repeats)])
    scores = rng.normal(size=(rungs + 1, repeats, n))
    shared = luck * rng.normal(size=(rungs + 1, repeats, 5))
    scores += np.take_along_axis(shared, np.broadcast_to(fits, scores.shape), axis=2)
    return scores[0], {str(i): one for i, one in enumerate(scores[1:])}, fits


def share_of_false_ladders(luck, with_fits, ladders=150):
    called = 0
    for seed in range(ladders):
        base, others, fits = ladder_of_luck(np.random.default_rng(seed), luck=luck)
        rng = np.random.default_rng(seed)
        found = compare(base, others, np.arange(60), fits if with_fits else None, rng=rng, flips=300)
        called += any(one.verdict != "no difference shown" for one in found.values())
    return called / ladders


def test_false_rungs_are_called_in_about_a_twentieth_of_ladders():
    assert share_of_false_ladders(luck=0, with_fits=False) < 0.08


def test_false_rungs_with_luck_of_fits_are_called_in_about_a_twentieth_of_ladders():
    assert share_of_false_ladders(luck=0.4, with_fits=True) < 0.08


def test_without_the_fits_their_luck_would_be_called():
    assert share_of_false_ladders(luck=0.4, with_fits=False) > 0.2


def both(accuracy, log_loss):
    return {"accuracy": np.atleast_2d(accuracy).astype(float), "log_loss": np.atleast_2d(log_loss).astype(float)}


def judged(accuracy, log_loss):
    n = len(accuracy)
    base = both(np.zeros(n), np.zeros(n))
    return judge(base, {"rung": both(accuracy, log_loss)}, np.arange(n), rng=np.random.default_rng(0))["rung"]


def test_a_lever_that_shows_in_log_loss_alone_helps_and_is_said_as_such():
    found = judged([0] * 11 + [1], np.linspace(0.1, 0.2, 12))

    assert found.verdict == "helps"
    assert found.shown_in == ("log_loss",)


def test_accuracy_decides_where_the_two_scores_point_opposite_ways():
    found = judged([1] * 12, [-1.0] * 12)

    assert found.verdict == "helps"
    assert found.shown_in == ("accuracy", "log_loss")


def test_a_judgement_of_nothing_shows_nothing():
    same = Comparison(0.0, (0.0, 0.0), 1.0, 1.0, 10)

    assert Judgement(same, same).verdict == "no difference shown"
    assert Judgement(same, same).shown_in == ()


def test_a_second_score_raises_the_adjusted_p():
    rng = np.random.default_rng(2)
    zero, accuracy, log_loss = both(np.zeros(12), np.zeros(12)), rng.normal(0.5, 1, 12), rng.normal(0, 1, 12)

    two = compare_scores(zero, {"rung": both(accuracy, log_loss)}, np.arange(12), rng=np.random.default_rng(0))["rung"]

    assert two["accuracy"].p == against_zero({"rung": accuracy})["rung"].p
    assert two["accuracy"].p_adjusted > two["accuracy"].p


def test_no_rungs_are_no_comparisons():
    assert compare(np.zeros((1, 3)), {}, np.arange(3), rng=np.random.default_rng(0)) == {}


def test_the_callers_arrays_stay_as_they_were():
    base, rung = np.zeros((2, 6)), np.ones((2, 6))

    compare(base, {"rung": rung}, np.arange(6), np.zeros((2, 6), int), rng=np.random.default_rng(0))

    assert (base == 0).all()
    assert (rung == 1).all()


def test_a_rung_of_another_shape_is_refused_by_name():
    with pytest.raises(ValueError, match=r"score: expected \(repeats, n\).*\(2, 6\) for the base and \(2, 5\) for 'b'"):
        compare(np.zeros((2, 6)), {"b": np.zeros((2, 5))}, np.arange(6), rng=np.random.default_rng(0))


def test_an_infinite_score_is_refused_by_name():
    with pytest.raises(ValueError, match=r"score: expected finite scores, or NaN for none\. Received: inf in 'rung'"):
        against_zero({"rung": [0.0, -np.inf]})


def test_groups_must_be_as_many_as_pictures():
    with pytest.raises(ValueError, match=r"as many rows in each\. Received: pictures \(6, 1\) and groups \(5,\)"):
        against_zero({"rung": np.zeros(6)}, groups=np.arange(5))


def test_fits_must_have_the_scores_shape():
    with pytest.raises(ValueError, match=r"fits must be \(repeats, n\)\. Received: \(6,\), scores \(1, 6\)"):
        against_zero({"rung": np.zeros(6)}, fits=np.zeros(6, int))
