"""`look` at sequences: a page, the same as JSON, and what was left out."""

import json

import pytest

import boda
from boda.errors import BodaError, DataError, RecipeError
from tiny_sequences import READING, WRITERS


@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_of_sequences_is_looked_at(kind, sequence_data, tmp_path):
    found = boda.look(sequence_data(kind), out=tmp_path / "look", reading=READING.get(kind))
    stored = json.loads((tmp_path / "look" / "look.json").read_text("utf-8"))

    assert {path.name for path in (tmp_path / "look").iterdir()} == {"look.html", "look.json", "bad_files.csv"}
    assert stored == json.loads(json.dumps(found.summary))
    assert (stored["kind"], stored["task"]) == ("sequences", "language" if kind == "lines" else kind)
    assert found.page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert found.sheet is None
    assert "look.html" in found._repr_html_()


def test_what_is_left_out_is_counted_and_listed_with_its_reason(tmp_path):
    (tmp_path / "reviews.csv").write_text("text,label\ngood,yes\n,yes\nbad,no\nnone,\nodd,no\nfine,yes\n")
    found = boda.look(tmp_path / "reviews.csv", out=tmp_path / "look")
    listed = (tmp_path / "look" / "bad_files.csv").read_text().splitlines()

    assert found.summary["bad_count"] == 2
    assert [line.split(",")[0] for line in listed[1:]] == ["reviews.csv:3", "reviews.csv:5"]


def test_classes_and_copies_are_counted(tmp_path):
    (tmp_path / "reviews.csv").write_text("text,label\ngood,yes\ngood,yes\nbad,no\ngood,no\n")
    summary = boda.look(tmp_path / "reviews.csv", out=tmp_path / "look").summary

    assert summary["classes"] == {"no": 2, "yes": 2}
    assert (summary["duplicates_count"], summary["conflicts_count"]) == (2, 1)


def test_by_default_the_page_lies_beside_where_one_is(sequence_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert boda.look(sequence_data("classify")).page.as_posix() == "boda-look/names/look.html"


def test_what_is_for_pictures_is_refused(sequence_data, tmp_path):
    with pytest.raises(RecipeError, match=r"Augmentation is for pictures, and .*names holds sequences"):
        boda.look(sequence_data("classify"), out=tmp_path / "look", augment="default")
    with pytest.raises(RecipeError, match="the reader 'folder' has no option 'path_column'"):
        boda.look(sequence_data("classify"), out=tmp_path / "look", reading={"path_column": "x"})

    assert not (tmp_path / "look").exists()


def test_nothing_is_written_into_the_data(sequence_data):
    with pytest.raises(BodaError, match="lies within the data's folder"):
        boda.look(sequence_data("classify"), out=sequence_data("classify") / "look")


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(DataError, match=r"names.txt: there is no such folder or file"):
        boda.look(tmp_path / "names.txt")


def test_pictures_of_which_classes_are_asked_are_still_pictures(photos, tmp_path):
    found = boda.look(photos, out=tmp_path / "look", deep=False, reading={"task": "classify"})

    assert found.summary["n"] == 24
    assert found.sheet is not None
