import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

from boda.answers import Model
from boda.data.view import View
from box_model import make_detect_run


@pytest.fixture
def yard(tmp_path):
    folder = tmp_path / "yard"
    folder.mkdir()
    for name, colour in (("blue.png", (0, 0, 255)), ("none.png", (0, 0, 0)), ("red.png", (255, 0, 0))):
        Image.fromarray(np.full((64, 128, 3), colour, np.uint8)).save(folder / name)
    return folder


def test_the_table_has_a_line_a_box(command, detect_run, yard, monkeypatch):
    monkeypatch.chdir(yard)
    code, out, err = command("predict", detect_run.path, "blue.png", "none.png", "red.png")
    lines = out.splitlines()

    assert code == 0
    assert lines[0].split() == ["picture", "what", "confidence", "left", "top", "right", "bottom"]
    assert lines[3].split() == ["red.png", "red", "0.98", "32", "16", "96", "48"]
    assert "nothing found" in lines[2]
    assert "Boxes of a confidence of 0.50 or more are shown" in err


def test_the_table_shows_no_more_boxes_than_asked_for(command, detect_run, yard):
    _, out, _ = command("predict", detect_run.path, yard / "red.png", "--min-confidence", 0, "--top", 1)

    assert "and 3 more" in out


def test_json_is_an_object_a_file(command, detect_run, yard):
    _, out, _ = command("predict", detect_run.path, yard, yard / "nowhere.jpg", "--json")
    blue, none, red, lost = json.loads(out)

    assert (red["labels"], red["boxes"]) == (["red"], [[32.0, 16.0, 96.0, 48.0]])
    assert (blue["labels"], none["boxes"]) == (["blue"], [])
    assert list(lost) == ["path", "error"]


def test_csv_has_a_line_a_box_and_one_for_what_has_none(command, detect_run, yard):
    _, out, _ = command("predict", detect_run.path, yard, yard / "nowhere.jpg", "--csv")
    blue, none, red, lost = csv.DictReader(io.StringIO(out))

    assert (red["label"], red["x0"], red["y1"], red["width"]) == ("red", "32.0", "48.0", "128")
    assert blue["label"] == "blue"
    assert (none["label"], none["error"], none["width"]) == ("", "", "128")
    assert lost["error"] == "no such file or directory"


def test_class_names_that_a_table_program_would_run_are_quoted(command, tmp_path, yard):
    run = make_detect_run(tmp_path / "run", classes=("=cmd()", "blue"))
    _, out, _ = command("predict", run.path, yard / "red.png", "--csv")

    assert "'=cmd()" in out


def test_coco_yolo_and_drawn_copies_are_written(command, detect_run, yard, tmp_path):
    places = ("--coco", tmp_path / "results.json", "--yolo", tmp_path / "labels", "--draw", tmp_path / "drawn")
    code, _, _ = command("predict", detect_run.path, yard, *places)

    assert code == 0
    assert [one["category"] for one in json.loads((tmp_path / "results.json").read_text())] == ["blue", "red"]
    assert {path.name for path in (tmp_path / "labels").iterdir()} == {"blue.txt", "none.txt", "red.txt", "classes.txt"}
    assert {path.name for path in (tmp_path / "drawn").iterdir()} == {"blue.jpg", "none.jpg", "red.jpg"}


def test_the_pictures_are_left_as_they_were(command, detect_run, yard):
    before = {path: path.read_bytes() for path in yard.rglob("*")}
    code, _, err = command("predict", detect_run.path, yard, "--draw", yard / "drawn")

    assert code == 1
    assert "the pictures' folder, which boda never writes to" in err
    assert {path: path.read_bytes() for path in yard.rglob("*")} == before


def test_one_box_can_grow(command, locate_run, yard):
    boxes = [
        json.loads(command("predict", locate_run.path, yard / "red.png", "--json", *grow)[1])[0]["boxes"][0]
        for grow in ((), ("--grow", 0.9))
    ]

    assert boxes == [[32.0, 0.0, 96.0, 64.0], pytest.approx([25.6, 0.0, 102.4, 64.0], abs=0.01)]


def test_files_that_all_fail_exit_1(command, detect_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = command("predict", detect_run.path, "a.jpg", "b.jpg")

    assert code == 1
    assert out.count("not read: no such file or directory") == 2
    assert "2 pictures, 2 not read" in err


@pytest.mark.parametrize("option", [("--grow", "0.9"), ("--coco", "x.json"), ("--yolo", "x"), ("--draw", "x")])
def test_what_only_boxes_have_is_refused_for_labels(option, command, yard, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("boda.verbs.predict.load", lambda _: Model(tmp_path / "network.xml", View(8), ("a", "b")))
    code, _, err = command("predict", "labels", yard, *option)

    assert code == 2
    assert f"{option[0]} is for boxes" in err
    assert not (tmp_path / "x").exists()
