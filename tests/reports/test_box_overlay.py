"""Boxes over a picture: in place, readable, and never the cause of a failure."""

import numpy as np
import pytest

from boda.boxes import Detections
from boda.reports.box_overlay import TRUTH, Pen, _free_place, class_colours, draw_boxes
from boda.reports.overlay import COLOURS

GREY = np.full((200, 300, 3), 90, np.uint8)
BOX = [[100.0, 80.0, 200.0, 160.0]]
RED = (255, 0, 0)


def coloured(pixels, colour):
    """xyxy of all pixels of `colour`, as edges; None where there are none."""
    y, x = np.nonzero((pixels == colour).all(axis=2))
    return (int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1) if len(x) else None


def test_the_outline_covers_the_boxes_own_pixels():
    assert coloured(draw_boxes(GREY, BOX, colours=RED), RED) == (100, 80, 200, 160)


def test_the_picture_given_stays_as_it_was():
    before = GREY.copy()

    draw_boxes(GREY, BOX, ["bee"], [0.5])

    assert (before == GREY).all()


def test_no_box_changes_nothing():
    assert (draw_boxes(GREY, np.zeros((0, 4)), [], []) == GREY).all()


def test_boxes_of_the_original_are_drawn_on_its_thumbnail():
    drawn = draw_boxes(GREY, np.array(BOX) * 4, colours=RED, scale=0.25)

    assert coloured(drawn, RED) == (100, 80, 200, 160)


def test_a_thumbnail_may_be_scaled_unevenly():
    drawn = draw_boxes(GREY, [[50, 160, 100, 320]], colours=RED, scale=(2, 0.5))

    assert coloured(drawn, RED) == (100, 80, 200, 160)


def test_what_lies_outside_is_cut_off_at_the_edge():
    drawn = draw_boxes(GREY, [[-50, -50, 100, 80]], colours=RED)

    assert coloured(drawn, RED) == (0, 0, 100, 80)


@pytest.mark.parametrize("box", [[400, 10, 500, 60], [-90, -90, -10, -10], [np.nan, 0, 10, 10], [0, 0, np.inf, 9]])
def test_a_box_that_cannot_be_seen_is_passed_over(box):
    assert (draw_boxes(GREY, [box], ["bee"]) == GREY).all()


@pytest.mark.parametrize("box", [[50, 50, 50, 50], [50, 50, 51, 51], [299.9, 199.9, 300, 200], [60, 60, 40, 40]])
def test_a_box_of_hardly_any_size_is_seen(box):
    assert coloured(draw_boxes(GREY, [box], colours=RED), RED) is not None


def test_a_small_box_keeps_its_inside():
    drawn = draw_boxes(GREY, [[100, 100, 106, 106]], colours=RED)

    assert (drawn[102:104, 102:104] == 90).all()


def test_a_name_is_written_above_its_box_on_its_colour():
    drawn = draw_boxes(GREY, BOX, ["bee"], colours={"bee": RED})

    assert coloured(drawn, RED)[1] < 80
    assert coloured(drawn, RED)[0] == 100


def test_a_score_makes_the_tag_wider():
    plain = draw_boxes(GREY, BOX, ["bee"], colours=RED)
    scored = draw_boxes(GREY, BOX, ["bee"], [0.93], RED)

    assert (scored == RED).all(axis=2).sum() > (plain == RED).all(axis=2).sum()


def test_detections_bring_their_labels_and_scores():
    found = Detections(np.array(BOX, np.float32), np.array([0.93], np.float32), np.array([1]))
    colours = {"fly": RED}

    drawn = draw_boxes(GREY, found, colours=colours, names=["bee", "fly"])

    assert (drawn == draw_boxes(GREY, BOX, ["fly"], [0.93], colours)).all()


def test_a_class_has_its_own_colour_in_every_picture():
    names = ["ant", "bee", "fly"]

    for label in range(3):
        drawn = draw_boxes(GREY, BOX, [label], names=names)
        assert coloured(drawn, COLOURS[label]) is not None
        assert coloured(drawn, COLOURS[(label + 1) % 3]) is None


def test_colours_of_many_classes_differ():
    colours = class_colours([str(i) for i in range(60)])

    assert len(set(colours.values())) == 60


def test_dashes_leave_gaps_in_the_outline():
    drawn = draw_boxes(GREY, BOX, colours=RED, dashed=True)
    top = (drawn[80, 100:200] == RED).all(axis=1)

    assert 0.3 < top.mean() < 0.8
    assert coloured(drawn, RED)[:2] == (100, 80)


def test_truth_and_answers_lie_over_each_other():
    drawn = draw_boxes(GREY, BOX, colours=TRUTH, dashed=True)
    drawn = draw_boxes(drawn, [[110, 90, 210, 170]], ["bee"], [0.5], RED)

    assert coloured(drawn, TRUTH) is not None
    assert coloured(drawn, RED) is not None


def test_names_never_cover_each_other():
    taken = []
    for _ in range(3):
        place = _free_place((100, 80, 200, 160), 60, 14, taken, (300, 200))
        assert all(place[2] < o[0] or o[2] < place[0] or place[3] < o[1] or o[3] < place[1] for o in taken)
        taken.append(place)


def test_a_name_lies_within_the_picture_wherever_its_box_is():
    for box in ([0, 0, 20, 20], [280, 0, 300, 20], [0, 180, 20, 200], [280, 180, 300, 200], [0, 0, 300, 200]):
        drawn = draw_boxes(GREY, [box], ["bee"], colours=RED)
        assert (drawn == RED).all(axis=2).sum() > (draw_boxes(GREY, [box], colours=RED) == RED).all(axis=2).sum()


def test_lines_and_letters_grow_with_the_picture():
    small, large = Pen.for_picture((160, 120)), Pen.for_picture((4000, 3000))

    assert (small.line, small.letters) == (1, 10)
    assert large.line == 16
    assert large.letters > 100


@pytest.mark.parametrize("text", ["너구리", "漢字", "🌷", "caf\udce9", "x" * 3000, "\x00", "a\nb", "", "<b>"])
def test_any_name_can_be_written(text):
    assert draw_boxes(GREY, BOX, [text], [0.5]).shape == GREY.shape


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 400, 3), (400, 3, 1), (20, 20, 4), (20, 20)])
def test_any_picture_can_be_drawn_on(shape):
    drawn = draw_boxes(np.zeros(shape, np.uint8), [[0, 0, 5, 5], [2, 2, 900, 900]], ["bee", "fly"], [0.1, 1.0])

    assert drawn.shape == (*shape[:2], 3)
    assert drawn.dtype == np.uint8


def test_an_index_beyond_the_names_is_named_as_what_it_is():
    assert draw_boxes(GREY, BOX, [7], names=["bee"]).shape == GREY.shape


@pytest.mark.parametrize(
    ("labels", "scores", "what"), [(["a", "b"], None, "2 labels"), (["a"], [0.1, 0.2], "2 scores")]
)
def test_labels_and_scores_are_one_a_box(labels, scores, what):
    with pytest.raises(ValueError, match=f"1 boxes, but {what}"):
        draw_boxes(GREY, BOX, labels, scores)
