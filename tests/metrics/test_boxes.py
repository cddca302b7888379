import json

import numpy as np
import pytest

from boda.boxes import Detections
from boda.metrics import boxes
from boda.metrics.box_matches import match

NAMES = ["a", "b", "c"]
BOX = np.array([[10.0, 10, 60, 60]])


def rng():
    return np.random.default_rng(0)


def exact(pictures):
    """One object in each picture, found exactly."""
    return [(BOX, np.array([0]))] * pictures, [Detections(BOX, [0.9], [0])] * pictures


def test_figures_from_pairs_equal_those_of_faster_coco_eval(scenes):
    truth, found = scenes(grid=8, ties=True)

    figures = boxes.evaluate(truth, found, NAMES, rng(), draws=0)

    ours = boxes.whole(match(truth, found, 3))
    assert ours == pytest.approx({name: figures[name] for name in ours}, abs=1e-9)


def test_each_main_figure_lies_in_its_interval(scenes):
    figures = boxes.evaluate(*scenes(), NAMES, rng())

    for name in ("ap", "ap50", "ap75", "ar100"):
        lo, hi = figures[f"{name}_interval"]
        assert 0 <= lo < figures[name] < hi <= 1


def test_the_same_chance_gives_the_same_intervals(scenes):
    matches = match(*scenes(), 3)

    assert boxes.intervals(matches, rng()) == boxes.intervals(matches, rng())


def test_more_pictures_give_a_narrower_interval(scenes):
    few, many = (boxes.intervals(match(*scenes(pictures=n), 3), rng(), draws=100)["ap50_interval"] for n in (10, 160))

    assert (few[1] - few[0]) / 6 < many[1] - many[0] < (few[1] - few[0]) / 2


@pytest.mark.parametrize("name", ["ap", "ap50", "ap75", "ar100"])
def test_an_interval_has_a_width_where_everything_was_found(name):
    few, many = (boxes.intervals(match(*exact(n), 1), rng())[f"{name}_interval"] for n in (5, 50))

    assert few == [pytest.approx(0.566, abs=1e-3), pytest.approx(1)]
    assert many == [pytest.approx(0.929, abs=1e-3), pytest.approx(1)]


@pytest.mark.slow
def test_intervals_hold_the_true_figure_about_as_often_as_they_say(scenes):
    how = {"classes": 2, "objects": 2, "spread": 0.1}
    true = boxes.whole(match(*scenes(999, pictures=4000, **how), 2))
    held = dict.fromkeys(true, 0)
    for seed in range(100):
        found = boxes.intervals(match(*scenes(seed, pictures=60, **how), 2), rng(), draws=100)
        for name, value in true.items():
            held[name] += found[f"{name}_interval"][0] <= value <= found[f"{name}_interval"][1]

    assert all(count >= 85 for count in held.values()), held


def test_no_pictures_have_no_figures():
    figures = boxes.evaluate([], [], NAMES, rng())

    assert (figures["n"], figures["boxes"], figures["ap"], figures["ap_interval"]) == (0, 0, None, None)


def test_errors_are_counted_among_what_would_be_shown():
    truth, _ = exact(1)
    doubtful = [Detections([*BOX, [100, 100, 150, 150]], [0.9, 0.1], [0, 0])]

    every, shown = (
        boxes.evaluate(truth, doubtful, ["a"], rng(), threshold=threshold, draws=0) for threshold in (0, 0.5)
    )

    assert (every["errors"]["background"], shown["errors"]["background"]) == (1, 0)
    assert every["ap"] == shown["ap"] == pytest.approx(1)


def test_figures_and_curves_are_json(scenes):
    truth, found = scenes(objects=0.2, classes=3)

    json.dumps([boxes.evaluate(truth, found, NAMES, rng()), boxes.curves(truth, found, NAMES)], allow_nan=False)


def test_curves_average_to_the_average_precision(scenes):
    truth, found = scenes()

    lines, figures = boxes.curves(truth, found, NAMES), boxes.evaluate(truth, found, NAMES, rng(), draws=0)

    assert len(lines["recall"]) == 101
    assert np.mean(lines["all"]["50"]) == pytest.approx(figures["ap50"])
    assert np.mean(lines["all"]["75"]) == pytest.approx(figures["ap75"])
    assert np.mean(lines["classes"]["b"]["50"]) == pytest.approx(figures["per_class"]["b"]["ap50"])


def test_a_class_without_objects_has_no_curve():
    lines = boxes.curves(*exact(1), ["a", "b"])

    assert lines["classes"]["b"] == {"50": None, "75": None}
    assert lines["all"]["50"] == [1.0] * 101


def test_detections_that_are_better_on_every_picture_are_shown_to_be():
    truth, found = exact(20)
    worse = [Detections.empty()] * 10 + found[10:]

    one = boxes.difference(match(truth, found, 1), match(truth, worse, 1), rng())

    assert one["verdict"] == "better"
    assert one["difference"] == pytest.approx(1 - 51 / 101)
    assert one["interval"][0] < one["difference"] < one["interval"][1]


def test_the_same_detections_show_no_difference(scenes):
    matches = match(*scenes(), 3)

    assert boxes.difference(matches, matches, rng()) == {
        "difference": 0,
        "interval": [0, 0],
        "verdict": "no difference shown",
    }


def test_one_picture_shows_no_difference():
    truth, found = exact(1)

    one = boxes.difference(match(truth, found, 1), match(truth, [Detections.empty()], 1), rng())

    assert one == {"difference": pytest.approx(1), "interval": None, "verdict": "no difference shown"}


def test_a_difference_wants_the_same_objects():
    with pytest.raises(ValueError, match=r"the same objects in both\. Received: 2 and 3"):
        boxes.difference(match(*exact(2), 1), match(*exact(3), 1), rng())
