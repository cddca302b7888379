import numpy as np
import pytest

from boda.reports import box_figures, canvas


def test_bars_tell_names_scores_and_intervals():
    axes = box_figures.scores([("the constant answer", 0.5, None), ("boda", 0.75, [0.7, 0.8])], "mean IoU").axes[0]

    assert [label.get_text() for label in axes.get_yticklabels()] == ["the constant answer", "boda"]
    assert [text.get_text() for text in axes.texts] == ["0.500", "0.750"]


def test_the_histogram_holds_every_object():
    left, right = box_figures.overlaps(np.array([0.0, 0.5, 0.76, 1.0]), np.array([0.1, 0.5, 0.5, 0.9])).axes

    assert sum(bar.get_height() for bar in left.patches) == 4
    assert [text.get_text().strip() for text in left.texts] == ["75 % above", "50 % above"]
    assert len(right.lines[0].get_xdata()) == 4


def test_mistakes_keep_their_order_from_the_top():
    axes = box_figures.errors([("missed", 3), ("loose", 0)]).axes[0]

    assert [bar.get_width() for bar in axes.patches] == [3, 0]
    assert axes.yaxis_inverted()


def test_a_curve_that_is_not_known_is_left_out():
    line = [1.0, None, 0.5]
    axes = box_figures.precision_recall([("overlap 0.5", {"all": line, "cat": [-1.0] * 3})]).axes[0]
    cat, whole = (np.asarray(drawn.get_ydata(), float) for drawn in axes.lines)

    assert np.isnan(cat).all()
    np.testing.assert_array_equal(whole, [1.0, np.nan, 0.5])


def test_of_more_than_50_classes_the_weakest_are_drawn():
    rows = [{"name": f"class {i}", "ap": i / 60, "ap50": 1.0} for i in range(60)]
    axes = box_figures.per_class(rows).axes[0]

    assert len(axes.get_yticklabels()) == 50
    assert axes.get_yticklabels()[0].get_text() == "class 0"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_figures_of_next_to_nothing_can_be_drawn(count):
    ious = np.zeros(count)
    bins = {"confidence": [0.5] * count, "accuracy": [1.0] * count, "lo": [0.2] * count, "hi": [1.0] * count}
    drawn = [
        box_figures.errors([("missed", 0)]),
        box_figures.reliability({**bins, "count": [1] * count}),
        box_figures.per_class([{"name": "cat", "ap": None, "ap50": None}] * max(count, 1)),
    ]
    if count:
        drawn.append(box_figures.overlaps(ious, ious))

    assert all(canvas.to_png(figure).startswith(b"\x89PNG") for figure in drawn)
