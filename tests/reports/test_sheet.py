import io

import numpy as np
import pytest
from fake_run import CLASSES, HOSTILE
from PIL import Image

from boda.reports.lettering import fit
from boda.reports.sheet import contact_sheet, look_html, sheet_png

GREEN = np.full((60, 90, 3), (0, 200, 0), dtype=np.uint8)


def test_each_title_takes_a_line_and_rows_wrap():
    one = contact_sheet([("a", [(GREEN, "1")] * 4)], columns=4)
    two = contact_sheet([("a", [(GREEN, "1")] * 5)], columns=4)

    assert one.shape[1] == two.shape[1]
    assert two.shape[0] > one.shape[0]
    assert one.dtype == np.uint8


def test_the_thumbnails_are_on_the_sheet():
    sheet = contact_sheet([("a", [(GREEN, "1")])], columns=2)

    assert (sheet == (0, 200, 0)).all(axis=2).sum() == 60 * 90


def test_the_png_can_be_opened():
    image = Image.open(io.BytesIO(sheet_png([("a", [(GREEN, "1")])])))

    assert image.format == "PNG"


@pytest.mark.parametrize("text", [*CLASSES, "", "漢字", "🌷", "caf\udce9", "x" * 5000, "\x00"])
def test_any_caption_can_be_written(text):
    contact_sheet([(text, [(GREEN, text)])])


def test_long_captions_are_shortened():
    assert fit("x" * 100, 12, 100).endswith("…")
    assert fit("short", 12, 100) == "short"


def test_a_sheet_of_nothing_is_a_picture_still():
    assert contact_sheet([]).ndim == 3
    assert contact_sheet([("empty", [])]).ndim == 3


SUMMARY = {
    "data": "photos",
    "n": 3,
    "counts": {"train": {"a": 2, HOSTILE: 1}},
    "sizes": {"width": {"min": 1, "median": 2, "max": 3, "histogram": {"edges": [0, 2, 4], "counts": [1, 2]}}},
    "bad": [{"name": "x.jpg", "reason": "truncated"}],
    "exact_duplicates": [["a/1.jpg", "a/2.jpg"]],
}


def test_the_page_shows_what_was_found():
    page = look_html(SUMMARY, [("a", [(GREEN, "a/1.jpg")])], ["one class is small"])

    for words in ("one class is small", "truncated", "a/2.jpg", "0 to 2", "data:image/jpeg"):
        assert words in page
    assert HOSTILE not in page
    assert "http://" not in page


def test_duplicates_stand_side_by_side():
    page = look_html(SUMMARY, [], thumbnails={"a/1.jpg": GREEN, "a/2.jpg": GREEN})

    assert page.count("data:image/jpeg") == 2


def test_a_page_of_nothing_is_a_page_still():
    assert "Nothing: every file could be read" in look_html({}, [])
