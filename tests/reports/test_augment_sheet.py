"""The sheet of augmented pictures: what is drawn over them, what is said about them, and that both can be opened."""

import io

import numpy as np
import pytest
from fake_run import CLASSES, HOSTILE
from PIL import Image

from boda.augment import (
    Labels,
    Pipeline,
    RandomBrightness,
    RandomCrop,
    RandomErasing,
    RandomFlip,
    RandomGaussianBlur,
    RandomHue,
    RandomInvert,
    RandomRotation,
    RandomShear,
    RandomTranslation,
    RandomZoom,
    Rescaling,
)
from boda.reports.augment_sheet import Row, augment_html, augment_picture, augment_png, boxes_of
from boda.reports.augment_words import drawn_words, signed, warning_words
from boda.reports.overlay import COLOURS, Shown, draw_over

GREY = np.full((40, 60, 3), 90, np.uint8)
BOXES = np.array([[6.0, 6, 30, 30], [40, 10, 55, 35]])
SUMMARY = {"data": "photos", "recipe": "default", "steps": ["RandomFlip(horizontal)"], "seed": 3}
RISK = {
    "step": "RandomFlip(vertical)",
    "kind": "RandomFlip",
    "draws": 3,
    "n": 200,
    "right_before": 120,
    "right_after": 81,
    "lost": 41,
    "gained": 2,
    "fall": 0.195,
    "interval": (0.14, 0.26),
    "p": 1e-9,
    "verdict": "harms",
    "confused": (("6", "9", 12), ("2", "5", 3), ("1", "7", 1)),
    "by_class": {"6": (20, 12, 0)},
    "classes": (),
}


def row(**changes):
    shown = Shown(GREY, ("flip",))
    return Row(**{"name": "a/1.jpg", "label": "a", "original": shown, "draws": [shown] * 6, **changes})


def count(picture, colour):
    return int((picture == colour).all(axis=2).sum())


def test_a_picture_fills_its_place_and_keeps_its_shape():
    assert draw_over(Shown(GREY), 120).shape == (80, 120, 3)
    assert draw_over(Shown(np.zeros((900, 3, 3), np.uint8)), 90).shape == (90, 1, 3)


def test_small_pictures_are_enlarged_pixel_by_pixel():
    chess = np.array([[0, 255], [255, 0]], np.uint8)[..., None].repeat(3, axis=2)

    assert set(np.unique(draw_over(Shown(chess), 64))) == {0, 255}


def test_grey_pictures_are_drawn_too():
    assert draw_over(Shown(GREY[..., :1]), 60).shape == (40, 60, 3)


def test_boxes_are_drawn_where_they_lie_each_in_its_colour():
    drawn = draw_over(Shown(GREY, boxes=BOXES), 60)

    assert (drawn[15, 6] == COLOURS[0]).all()
    assert (drawn[20, 40] == COLOURS[1]).all()
    assert (drawn[20, 20] == 90).all()


def test_an_object_keeps_its_colour_when_others_are_dropped():
    drawn = draw_over(Shown(GREY, boxes=BOXES[1:], objects=np.array([1])), 60)

    assert (drawn[20, 40] == COLOURS[1]).all()
    assert count(drawn, COLOURS[0]) == 0


@pytest.mark.parametrize("masks", [np.pad(np.ones((20, 20), int), 10)[:40, :60], np.ones((1, 40, 60), bool)])
def test_masks_are_translucent(masks):
    picture = np.where(np.arange(masks.shape[-1])[None, :, None] % 4 < 2, 0, 200).astype(np.uint8)
    picture = np.broadcast_to(picture, (*masks.shape[-2:], 3)).copy()
    drawn = draw_over(Shown(picture, masks=masks), max(masks.shape[-2:]))
    inside = drawn[20, 14:22].astype(int)

    assert np.ptp(inside, axis=0).min() > 50  # the picture shines through
    assert (inside[:, 0] > inside[:, 2]).all()  # tinted


def test_points_are_drawn_and_those_that_left_are_not():
    points = np.array([[20.0, 20.0], [np.nan, np.nan]])
    drawn = draw_over(Shown(GREY, points=points), 60)

    assert (drawn[20, 20] == COLOURS[0]).all()
    assert count(drawn, COLOURS[1]) == 0


@pytest.mark.parametrize("label", [*CLASSES, "", "꽃", "x" * 500, "\x00"])
def test_any_label_can_stand_on_a_box(label):
    assert draw_over(Shown(GREY, boxes=BOXES, box_labels=(label, label)), 60).shape == (40, 60, 3)


def test_originals_stand_at_the_left_of_their_draws():
    red, blue = np.full((9, 9, 3), (250, 0, 0), np.uint8), np.full((9, 9, 3), (0, 0, 250), np.uint8)
    sheet = augment_picture(SUMMARY, [row(original=Shown(red), draws=[Shown(blue)] * 2)])
    reds, blues = (np.flatnonzero((sheet == colour).all(axis=2).any(axis=0)) for colour in ((250, 0, 0), (0, 0, 250)))

    assert reds.max() < blues.min()


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [row(draws=[])],
        [row(label="아주 긴 이름 " * 30, name="사진 " * 90)],
        [row(original=Shown(np.zeros((1, 900, 3), np.uint8)))],
        [row(draws=[Shown(GREY, ("turn \u22128°", "꽃", "x" * 200, *["zoom"] * 40))])],
    ],
)
def test_odd_rows_are_a_picture_and_a_page_still(rows):
    assert Image.open(io.BytesIO(augment_png(SUMMARY, rows))).format == "PNG"
    assert augment_html(SUMMARY, rows).startswith("<!DOCTYPE html>")


def test_a_row_more_makes_the_sheet_longer():
    one, two = (augment_picture(SUMMARY, [row()] * n) for n in (1, 2))

    assert one.shape[1] == two.shape[1]
    assert one.shape[0] < two.shape[0]


def test_the_page_shows_each_draw_and_needs_no_network():
    page = augment_html(SUMMARY, [row()])

    assert page.count("data:image/jpeg") == 7
    assert "http://" not in page
    assert "https://" not in page


def test_hostile_names_are_escaped():
    page = augment_html({**SUMMARY, "data": HOSTILE, "recipe": HOSTILE}, [row(label=HOSTILE, name=HOSTILE)])

    assert HOSTILE not in page


def test_the_page_tells_what_became_of_each_box():
    original = Shown(GREY, boxes=BOXES, box_labels=("bee", "leaf"))
    draws = [Shown(GREY, boxes=BOXES, objects=np.array([0, 1])), Shown(GREY, boxes=BOXES[:1], objects=np.array([0]))]
    bee, leaf = found = boxes_of([row(original=original, draws=draws)])

    assert (bee["label"], bee["kept"], bee["dropped"]) == ("bee", 2, [])
    assert (leaf["label"], leaf["kept"], leaf["dropped"]) == ("leaf", 1, [2])
    assert "1 of 4 drawn boxes dropped" in augment_html({**SUMMARY, "boxes": found}, [])


def test_warnings_stand_before_the_draws():
    risk = {
        "n": 200,
        "steps": (RISK,),
        "untried": {"MixUp()": "mixes pictures"},
        "skipped": None,
    }
    page = augment_html({**SUMMARY, "risk": risk, "warnings": [warning_words(RISK)]}, [row()])

    assert page.index("41 of 120 pictures") < page.index("What was drawn</h2>")
    assert "MixUp() was not tried: it mixes pictures." in page


def test_what_was_not_measured_is_said_with_the_reason():
    page = augment_html({**SUMMARY, "risk": {"skipped": "there is one class only"}}, [])

    assert "Not measured: there is one class only." in page


def test_a_warning_tells_numbers_what_it_means_and_what_is_confused():
    text = warning_words(RISK)

    assert text.startswith(
        "RandomFlip(vertical): 41 of 120 pictures that were nearest to their own class are no longer"
    )
    assert "a fall of 20 points" in text
    assert "digits, text" in text
    assert text.endswith("Most often 6 is taken for 9 (12 times), 2 for 5 (3).")


def test_a_warning_of_one_class_names_it():
    text = warning_words({**RISK, "verdict": "harms a class", "classes": ("6",)})

    assert "of class 6 12 of 20 pictures that were nearest to it are no longer" in text


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (RandomRotation((0.25, 0.25)), "turn +90°"),
        (RandomZoom((-0.5, -0.5)), "zoom \u00d72.00"),
        (RandomZoom((-0.5, -0.5), (0.0, 0.0)), "zoom \u00d71.00, \u00d72.00"),
        (RandomTranslation((0.1, 0.1), (-0.2, -0.2)), "shift \u221220, +10\u202f%"),
        (RandomBrightness((0.2, 0.2)), "light +51"),
        (RandomErasing((1.0, 1.0)), "erasing"),
        (RandomInvert(1.0), "inverted"),
        (RandomGaussianBlur((1.0, 1.0)), "gaussian blur"),
    ],
)
def test_what_was_drawn_is_said_in_a_few_signs(step, words):
    assert drawn_words(Pipeline([step], seed=0), (40, 60, 3), Labels(), epoch=0, sample=0) == (words,)


@pytest.mark.parametrize(
    ("step", "begin"), [(RandomShear(0.5), "slant "), (RandomHue(0.5), "hue "), (RandomCrop(8, 8), "crop 8\u00d78 at ")]
)
def test_what_is_drawn_by_chance_is_said_too(step, begin):
    (words,) = drawn_words(Pipeline([step], seed=0), (40, 60, 3), Labels(), epoch=0, sample=0)

    assert words.startswith(begin)


def test_the_words_are_those_of_the_draw_that_is_shown():
    pipeline = Pipeline([RandomFlip("horizontal"), Rescaling(1 / 255)], seed=8)
    ramp = np.arange(12, dtype=np.uint8)[None, :, None].repeat(3, axis=2)

    for epoch in range(8):
        flipped = pipeline(ramp, epoch=epoch, sample=0)[0, 0, 0] > 0
        words = drawn_words(pipeline, ramp.shape, Labels(), epoch=epoch, sample=0)

        assert words == (("flip \u2194",) if flipped else ())


def test_signs_are_written_as_a_person_does():
    assert [signed(value, "°") for value in (3.2, -3.2, 0.2)] == ["+3°", "\u22123°", "0°"]
