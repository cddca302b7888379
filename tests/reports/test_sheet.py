import io

import numpy as np
import pytest
from fake_run import CLASSES, HOSTILE
from PIL import Image

from boda.reports.about_data import data_sentence
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


def test_a_group_that_is_shown_is_not_listed_again():
    page = look_html(SUMMARY, [], thumbnails={"a/1.jpg": GREEN, "a/2.jpg": GREEN})

    assert page.count(">a/1.jpg<") == 1


def test_more_pictures_of_a_group_than_four_are_counted():
    group = [f"{k}.jpg" for k in range(6)]

    page = look_html({"leaks": [group]}, [], thumbnails=dict.fromkeys(group, GREEN))

    assert "and 2 more" in page


@pytest.mark.parametrize("worse", ["leaks", "conflicts"])
def test_copies_that_leak_or_conflict_are_told_once(worse):
    page = look_html(
        {worse: [["a", "b", "c"]], "exact_duplicates": [["a", "b"]], "near_duplicates": [["c", "a", "b"]]}, []
    )

    assert page.count("1 group: ") == 1
    assert "the very same file" not in page
    assert "almost the same picture<" not in page


def test_all_groups_are_counted_where_some_are_listed():
    page = look_html({"leaks": [["a", "b"]], "leaks_count": 120, "bad": [], "near_duplicates": []}, [])

    assert "120 groups: in two parts at once" in page
    assert "… and 119 more" in page


def test_one_part_takes_one_column():
    page = look_html({"counts": {"all": {"a": 2, "b": 3}}}, [])

    assert page.count(">pictures<") == 1
    assert ">all<" not in page
    assert page.count(">5<") == 1


def test_two_parts_are_summed():
    page = look_html({"counts": {"train": {"a": 2}, "val": {"a": 5}}}, [])

    assert ">7<" in page


def test_the_title_is_the_last_name_of_the_path():
    page = look_html({"data": "/home/me/photos"}, [])

    assert "<h1>photos</h1>" in page
    assert '<p class="path">/home/me/photos</p>' in page


@pytest.mark.parametrize(
    ("width", "height", "words"),
    [
        ((192, 192), (192, 192), "All are 192 by 192 pixels."),
        ((192, 192), (100, 300), "192 by 200 pixels; widths are all 192, heights go from 100 to 300."),
    ],
)
def test_equal_sizes_are_said_once(width, height, words):
    sizes = {
        side: {"min": lo, "median": (lo + hi) / 2, "max": hi}
        for side, (lo, hi) in {"width": width, "height": height}.items()
    }

    assert words in data_sentence({"n": 2, "sizes": sizes}, ["a"])


def test_a_page_of_nothing_is_a_page_still():
    assert "Nothing: every file could be read" in look_html({}, [])
