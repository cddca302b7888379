"""The learning curve: nested subsets, held-out folds, a law of power, and intervals that cover the truth."""

import json

import numpy as np
import pytest

from boda.recipe import HeadRecipe
from boda.training import learning_curve as module
from boda.training.learning_curve import Measured, fit_power_law, foretell, learning_curve

SIZES = np.array([12, 25, 50, 100, 200, 400])
LAW = (2.0, 0.6, 0.06)


def law(n, a, b, c):
    return a * n**-b + c


def clouds(n=120, d=16, classes=3, seed=0, apart=0.8):
    """Features (n, d) around as many centres as there are classes, and labels (n,)."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % classes)
    centres = rng.normal(size=(classes, d))
    return (rng.normal(size=(n, d)) + apart * centres[labels]).astype(np.float32), labels


def simulate(seed, n=500, draws=3, folds=5):
    """A measurement as chance might give it of a learner whose expected error follows LAW."""
    rng = np.random.default_rng(seed)
    fit = np.stack([rng.permutation(n) % folds + folds * r for r in range(draws)])
    luck = rng.normal(0, 0.01, (draws * folds, len(SIZES)))
    share = law(SIZES, *LAW)
    hard = rng.random((n, 1))  # the same for all fits
    wrong = np.empty((draws, n, len(SIZES)))
    for r in range(draws):
        own = np.where(rng.random((n, len(SIZES))) < 0.7, hard, rng.random((n, len(SIZES))))
        wrong[r] = own < share + luck[fit[r]]
    return Measured(SIZES, wrong, fit, np.arange(n))


@pytest.fixture(scope="module")
def found():
    features, labels = clouds()
    return learning_curve(features, labels, 3, None, HeadRecipe(), draws=2)


def test_sizes_are_halved_from_what_the_folds_give(found):
    assert found["sizes"] == [12, 24, 48, 96]


def test_more_pictures_give_fewer_errors(found):
    assert found["error"][0] > found["error"][-1]
    assert all(lo <= error <= hi for error, (lo, hi) in zip(found["error"], found["spread"], strict=True))


def test_the_whole_goes_into_json(found):
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_same_seed_gives_the_same_curve(found):
    features, labels = clouds()

    again = learning_curve(features, labels, 3, None, HeadRecipe(), draws=2)

    assert {**again, "seconds": 0} == {**found, "seconds": 0}


def test_subsets_are_nested_and_keep_the_shares_of_the_classes():
    labels = np.repeat([0, 1, 2], [60, 30, 10])

    (fit, *_) = module._fits(labels, None, 5, seed=0, draw=0)

    assert sorted(fit.seen) == sorted(set(range(100)) - set(fit.unseen))
    assert np.abs(np.bincount(labels[fit.seen[:20]]) - [12, 6, 2]).max() <= 1


def test_copies_are_never_asked_of_a_head_that_saw_them():
    groups = np.arange(60) // 2

    for fit in module._fits(np.arange(60) // 2 % 3, groups, 5, seed=0, draw=0):
        assert not set(groups[fit.seen]) & set(groups[fit.unseen])


def test_pure_noise_shows_no_fall_and_gets_no_forecast():
    rng = np.random.default_rng(0)

    noise = learning_curve(rng.normal(size=(120, 8)), np.arange(120) % 3, 3, None, HeadRecipe(), draws=2)

    assert noise["fit"] is None
    assert noise["forecast"] == []
    assert "no fall of the error is shown" in noise["sentence"]


def test_few_pictures_get_a_curve_and_no_forecast():
    features, labels = clouds(n=24)

    few = learning_curve(features, labels, 3, None, HeadRecipe())

    assert few["sizes"] == [19]
    assert few["fit"] is None
    assert few["sentence"].startswith("Too few pictures for a forecast")


def test_a_law_of_power_is_found_again():
    a, b, c = fit_power_law(SIZES, law(SIZES, *LAW)[None], np.ones(len(SIZES)))[0]

    assert (a, b, c) == pytest.approx(LAW, rel=1e-6)


def test_the_law_never_falls_below_0_nor_rises():
    steep, rising = 3.0 * SIZES**-0.9 - 0.01, np.linspace(0.1, 0.2, len(SIZES))

    laws = fit_power_law(SIZES, np.stack([steep, rising]), np.ones(len(SIZES)))

    assert (laws[:, [0, 2]] >= 0).all()
    assert laws[1] == pytest.approx([0, laws[1, 1], rising.mean()])


def test_the_interval_covers_a_known_law():
    covered = []
    for seed in range(40):
        forecast = foretell(simulate(seed), (2, 4), seed)["forecast"]
        assert [each["n"] for each in forecast] == [1000, 2000]
        covered.append([each["interval"][0] <= law(each["n"], *LAW) <= each["interval"][1] for each in forecast])

    assert np.mean(covered, axis=0).min() >= 0.9


def test_farther_ahead_is_less_sure():
    forecast = foretell(simulate(0), (1, 2, 4, 10), 0)["forecast"]

    widths = [each["interval"][1] - each["interval"][0] for each in forecast]
    assert widths == sorted(widths)


def test_the_curve_is_tried_on_its_own_end():
    check = foretell(simulate(0), (2,), 0)["check"]

    assert check["n"] == 400
    assert check["interval"][0] <= check["measured"] <= check["interval"][1]


def test_a_forecast_comes_with_a_warning():
    found = foretell(simulate(0), (1, 2), 0)

    assert found["warning"].startswith("A weak forecast.")
    assert "with all 500 pictures about" in found["sentence"]
    assert "with 1,000 about" in found["sentence"]


def test_copies_count_as_one_picture():
    alone = simulate(0)
    doubled = Measured(SIZES, alone.wrong.repeat(2, axis=1), alone.fit.repeat(2, axis=1), alone.unit.repeat(2))

    assert np.diag(doubled.covariance) == pytest.approx(np.diag(alone.covariance), rel=0.02)


def test_sizes_that_do_not_rise_are_refused():
    features, labels = clouds(n=40)

    with pytest.raises(ValueError, match=r"sizes must rise from 1 to at most 32.*Received: \[20, 10\]"):
        learning_curve(features, labels, 3, None, HeadRecipe(), sizes=[20, 10])


def test_looking_too_far_ahead_is_refused():
    features, labels = clouds(n=40)

    with pytest.raises(ValueError, match=r"ahead must be 1 to 10 times.*Received: \[20\]"):
        learning_curve(features, labels, 3, None, HeadRecipe(), ahead=[20])


@pytest.mark.parametrize("entry", [{"weight_decay": 3.0}, {"label_smoothing": 0.3}, {"class_weight": "balanced"}])
def test_the_recipe_of_the_head_counts(entry):
    features, labels = clouds(apart=0.3)
    some = np.flatnonzero((labels != 2) | (np.arange(120) < 30))

    def curve(recipe):
        return learning_curve(features[some], labels[some], 3, None, recipe, draws=1)

    assert curve(HeadRecipe(**entry))["error"] != curve(HeadRecipe())["error"]
