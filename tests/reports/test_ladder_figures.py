"""The ladder's figures can be drawn from whatever a ladder leaves, and show what they say."""

import xml.etree.ElementTree as ET

import pytest
from fake_ladder import CURVE, FLAT

from boda.reports import canvas, ladder_figures
from boda.reports.learning_figure import learning_curve

BASE = {"name": "head", "title": "A head", "accuracy": 0.9, "folds": [{"repeat": 0, "fold": 0, "accuracy": 0.9}]}


def texts(figure):
    return "".join(ET.fromstring(canvas.to_svg(figure, "f")).itertext())


def rung(name, lo, hi, verdict="no difference shown", **more):
    return {"name": name, "difference": (lo + hi) / 2, "interval": [lo, hi], "verdict": verdict, **more}


def forest(*rungs):
    return ladder_figures.forest({"base": "head", "rungs": [BASE, *rungs]})


def test_the_greatest_gain_stands_on_top_below_the_base():
    figure = forest(rung("worse", -0.04, -0.02, "hurts"), rung("better", 0.01, 0.03, "helps"))

    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["A head", "better", "worse"]


def test_each_verdict_has_a_sign_of_its_own():
    figure = forest(rung("a", 0.01, 0.03, "helps"), rung("b", -0.01, 0.01), rung("c", -0.04, -0.02, "hurts"))

    markers = [line.get_marker() for line in figure.axes[0].lines if line.get_marker() not in {"None", "s"}]
    assert markers == ["^", "o", "v"]


def test_the_forest_tells_gain_interval_and_seconds():
    shown = texts(forest(rung("a", 0.01, 0.03, "helps", seconds=12.3)))

    assert "+2.0  (+1.0 to +3.0)" in shown
    assert "12.3" in shown


def test_one_lever_far_off_does_not_squeeze_the_others():
    figure = forest(*(rung(f"r{i}", -0.01, 0.01) for i in range(6)), rung("scratch", -0.62, -0.55, "hurts"))

    low, high = figure.axes[0].get_xlim()
    assert -5 < low < high < 5
    assert "<" in {line.get_marker() for line in figure.axes[0].lines}
    assert "-58.5  (-62.0 to -55.0)" in texts(figure)


@pytest.mark.parametrize("some", [[], [rung("a", 0.0, 0.0)], [rung("a", -1.0, 1.0, verdict="strange")]])
def test_any_intervals_can_be_drawn(some):
    assert canvas.to_png(forest(*some))


def test_folds_are_paired_with_those_of_the_base():
    lever = {"folds": [{"repeat": 0, "fold": 0, "accuracy": 0.95}, {"repeat": 1, "fold": 0, "accuracy": 0.1}]}

    axes = ladder_figures.trainings(lever, BASE).axes[0]

    assert list(axes.lines[0].get_ydata()) == [0.9, 0.95]
    assert len(axes.lines) == 3  # one pair, and the dots of both


def test_curves_go_on_over_stages():
    history = [{"epoch": e, "stage": s, "loss": 1.0} for s in ("head", "last-5") for e in (1, 2)]

    axes = ladder_figures.trainings({"folds": [{"fold": 0, "history": history}]}, BASE).axes[0]

    assert list(axes.lines[0].get_xdata()) == [1, 2, 3, 4]
    assert list(axes.lines[-1].get_xdata()) == [2.5, 2.5]


def test_there_is_no_figure_where_nothing_was_trained():
    assert ladder_figures.trainings({"folds": []}, BASE) is None
    assert ladder_figures.trainings(BASE, BASE) is None


def test_the_forecast_widens_to_a_fan():
    axes = learning_curve(CURVE).axes[0]

    edge = axes.collections[0].get_paths()[0].vertices
    width = {n: edge[edge[:, 0] == n, 1].max() - edge[edge[:, 0] == n, 1].min() for n in (500, 1000, 2000)}
    assert width[500] < width[1000] < width[2000]


def test_the_measured_points_are_accuracies():
    axes = learning_curve(FLAT).axes[0]

    assert list(axes.lines[0].get_ydata())[-1] == pytest.approx(1 - 0.1095)


@pytest.mark.parametrize("found", [CURVE, FLAT, {"sizes": [8], "error": [0.5]}, {**CURVE, "fit": None, "spread": None}])
def test_any_learning_curve_can_be_drawn(found):
    assert canvas.to_png(learning_curve(found))
