"""The figures of boxes show what they are given."""

import numpy as np
import pytest

from boda.reports import canvas
from boda.reports.box_plots import boxes_by_class, numbers_and_shapes, sizes_and_places

NOTHING = np.zeros((0, 2))


def points(axes):
    return sum(len(each.get_offsets()) for each in axes.collections)


def test_each_box_is_a_point():
    fig = sizes_and_places(np.full((7, 2), 0.5), np.arange(7) % 2, ["a", "b"], np.zeros((16, 16)))

    assert points(fig.axes[0]) == 7
    assert len(fig.axes[0].get_legend().get_texts()) == 2


def test_of_very_many_boxes_four_thousand_are_drawn():
    fig = sizes_and_places(np.full((9000, 2), 0.5), np.zeros(9000, int), ["a"], np.zeros((16, 16)))

    assert points(fig.axes[0]) == 4000


def test_the_mean_box_is_marked_on_both():
    fig = sizes_and_places(NOTHING, np.zeros(0, int), ["a"], np.zeros((16, 16)), [0.5, 0.5, 0.6, 0.8])

    (outline,) = fig.axes[1].patches
    assert (outline.get_x(), outline.get_width()) == pytest.approx((0.2, 0.6))
    assert "mean" in [text.get_text() for text in fig.axes[0].texts]


def test_pictures_with_very_many_boxes_share_the_last_bar():
    fig = numbers_and_shapes({"0": 3, "5": 2, "20": 1, "300": 4}, np.ones(4))
    heights = [bar.get_height() for bar in fig.axes[0].patches]

    assert (heights[0], heights[5], heights[20]) == (3, 2, 5)
    assert len(heights) == 21


def test_a_square_stands_in_the_middle_of_the_shapes():
    fig = numbers_and_shapes({"1": 1}, np.array([0.25, 4.0]))
    filled = [bar.get_x() for bar in fig.axes[1].patches if bar.get_height()]

    assert filled == pytest.approx([-2, 2], abs=0.21)


def test_the_commonest_class_stands_on_top():
    fig = boxes_by_class({"train": {"a": 1, "b": 5}, "val": {"a": 1, "b": 0}})

    assert [text.get_text() for text in fig.axes[0].get_yticklabels()] == ["b", "a"]


def test_of_very_many_classes_the_scarcest_are_drawn():
    fig = boxes_by_class({"all": {f"c{n:02}": n for n in range(60)}})

    assert "the 50 scarcest of 60 classes" in fig.axes[0].get_xlabel()
    assert "c59" not in [text.get_text() for text in fig.axes[0].get_yticklabels()]


@pytest.mark.parametrize(
    "fig",
    [
        lambda: sizes_and_places(NOTHING, np.zeros(0, int), [], np.zeros((16, 16))),
        lambda: numbers_and_shapes({}, np.zeros(0)),
        lambda: boxes_by_class({}),
    ],
)
def test_nothing_can_be_drawn_too(fig):
    assert canvas.to_svg(fig()).startswith("<svg")
