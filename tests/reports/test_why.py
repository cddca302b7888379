"""The pages and sheets on why: what they say, that they open offline, and that names stay text."""

import numpy as np
import pytest
from page_reader import Page

from boda.explain.explanation import Explanation
from boda.explain.neighbours import Neighbour
from boda.reports.html import write_report
from boda.reports.why_page import why_html
from boda.reports.why_sheet import PANEL, why_sheet
from boda.reports.why_words import agreement_sentence, answer_sentence, covering_sentence, neighbours_sentence

HOSTILE = "<script>alert(1)</script>\u202e"
RNG = np.random.default_rng(0)


def explanation(**changes):
    facts = {
        "path": f"photos/{HOSTILE}.jpg",
        "label": HOSTILE,
        "probability": 0.96,
        "picture": RNG.integers(0, 256, (60, 90, 3), dtype=np.uint8),
        "box": (15, 0, 75, 60),
        "heat": RNG.random((7, 7)),
        "falls": RNG.normal(size=(7, 7)),
        "least": 0.2,
        "then": "튤립",
        "agreement": 0.7,
        "neighbours": (Neighbour("a.jpg", "튤립", 0.8), Neighbour("b.jpg", HOSTILE, 0.7)),
    }
    return Explanation(**{**facts, **changes})


def plain(text):
    return text.replace("\u202f", " ")


def test_the_answer_in_words():
    assert plain(answer_sentence(explanation(label="roses"))) == "Answer: roses, 96 %"


def test_a_class_that_was_asked_for_is_not_called_the_answer():
    one = explanation(label="roses", is_answer=False, probability=0.02)

    assert plain(answer_sentence(one)) == "What speaks for roses, which it gives 2 %"


@pytest.mark.parametrize(
    ("agreement", "said"),
    [
        (0.7, "The two maps agree (rank correlation 0.70)."),
        (0.4, "The two maps agree in part: trust what both show (rank correlation 0.40)."),
        (-0.1, "The two maps disagree: trust neither alone (rank correlation -0.10)."),
        (None, "One of the two maps is the same everywhere, so that they cannot be compared: trust neither alone."),
    ],
)
def test_the_agreement_in_words(agreement, said):
    assert agreement_sentence(explanation(agreement=agreement)) == said


def test_what_covering_does_in_words():
    one = explanation(label="roses", then="tulips")

    said = "With the most important place covered, roses falls from 96 % to 20 %, and the answer is tulips."
    assert plain(covering_sentence(one)) == said


def test_a_class_that_was_not_the_answer_does_not_lose_it():
    one = explanation(label="roses", then="tulips", is_answer=False, probability=0.08, least=0.03)

    assert plain(covering_sentence(one)) == "With the most important place covered, roses falls from 8 % to 3 %."


def test_a_small_fall_is_called_small():
    one = explanation(label="roses", then="roses", least=0.93)

    assert plain(covering_sentence(one)) == "No single window changes much (96 % to 93 %): no one place decides."


def test_the_neighbours_in_words():
    known = (Neighbour("a", "roses", 0.8), Neighbour("b", "tulips", 0.7), Neighbour("c", ("roses", "daisy"), 0.6))
    one = explanation(label="roses", neighbours=known)

    assert neighbours_sentence(one) == "2 of the 3 nearest training pictures are of roses (1 of tulips)."


def test_a_picture_that_was_trained_on_is_said():
    one = explanation(label="roses", neighbours=(Neighbour("a", "roses", 1.0),))

    assert neighbours_sentence(one).endswith("It was trained on this picture itself, or on a copy.")


def test_the_sheet_holds_picture_and_maps_side_by_side():
    sheet = why_sheet(explanation(), {"a.jpg": np.full((40, 20, 3), 200, np.uint8)})

    assert sheet.shape[1] == 3 * PANEL + 64
    first, second = sheet[84:297, 16:336], sheet[84:297, 352:672]
    assert first.std() > 20
    assert not np.array_equal(first, second)


def test_outside_of_what_the_network_sees_the_map_stays_grey():
    sheet = why_sheet(explanation(heat=np.ones((7, 7))), {})
    outside, inside = sheet[150, 354].astype(int), sheet[150, 512].astype(int)

    assert np.ptp(outside) <= 1
    assert np.ptp(inside) > 30


@pytest.fixture(scope="module")
def page():
    bad = Explanation("broken.jpg", error="it seems to be text")
    thumbnails = {"a.jpg": np.full((40, 20, 3), 200, np.uint8)}
    return Page(why_html([explanation(), bad, explanation()], "runs/001", thumbnails))


def test_every_tag_of_the_page_is_closed_and_ids_are_unique(page):
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


def test_the_page_loads_nothing_and_hostile_names_are_text(page):
    loading = [value for key, value in page.attributes if key in ("src", "href")]
    assert all(value.startswith(("#", "data:image/")) for value in loading)
    assert ("content", "default-src 'none'; img-src data:; style-src 'unsafe-inline'") in page.attributes
    assert "script" not in page.tags
    assert not any("\u202e" in text for text in page.texts)


def test_pictures_of_the_page_have_alternative_texts(page):
    assert page.tags.count("img") == 8
    assert page.tags.count("img") == len([value for key, value in page.attributes if key == "alt" and value])


def test_files_that_were_not_read_are_listed(page):
    assert any("it seems to be text" in text for text in page.texts)


def test_of_many_pictures_the_page_shows_a_hundred_and_counts_the_rest(monkeypatch):
    monkeypatch.setattr("boda.reports.why_page.MOST_SHOWN", 1)

    page = Page(why_html([explanation(), explanation()], "runs/001", {}))

    assert "picture-1" not in page.ids
    assert "1 further picture: see the PNG files beside this page." in page.texts


def test_the_report_shows_right_answers_and_what_mistakes_resemble(run, monkeypatch):
    monkeypatch.setattr("boda.reports.canvas.to_png", lambda _: b"")
    monkeypatch.setattr("boda.reports.canvas.to_svg", lambda _figure, _name: "<svg></svg>")
    listed = run.read_json("pictures/pictures.json")
    listed["right"] = listed["unsure"][:2]
    neighbour = {"name": "a.jpg", "label": HOSTILE, "similarity": 0.71, "file": listed["samples"][0]["file"]}
    listed["mistakes"][0]["neighbours"] = [neighbour]
    run.write_json("pictures/pictures.json", listed)

    page = Page(write_report(run).read_text("utf-8"))

    assert "Right answers: of each class the surest, and one in the middle" in page.texts
    assert "The training pictures most like it:" in page.texts
    assert " 0.71" in page.texts
    assert any(text.startswith("boda why ") for text in page.texts)
    assert page.open == []
