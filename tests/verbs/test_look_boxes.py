"""`boda look DATA` where the pictures have boxes."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import boda
from boda.data.box_census import Census
from boda.sample import Dataset, Sample
from boda.verbs.look_boxes import constant_answer

sys.path.insert(0, str(Path(__file__).parents[1] / "reports"))

from page_reader import Page


def voc(*objects, size=(320, 240)):
    """A Pascal VOC file of objects (name, x0, y0, x1, y1)."""
    corners = ("xmin", "ymin", "xmax", "ymax")
    found = "".join(
        f"<object><name>{name}</name><bndbox>{''.join(f'<{c}>{v}</{c}>' for c, v in zip(corners, box, strict=True))}"
        "</bndbox></object>"
        for name, *box in objects
    )
    return f"<annotation><size><width>{size[0]}</width><height>{size[1]}</height></size>{found}</annotation>"


@pytest.fixture
def bees(tmp_path, plant):
    """Seven pictures: sound, doubled, nested, tiny, without a box, clipped and dropped, and one without a file."""
    bee = ("bee", 51, 51, 200, 200)
    return plant(
        tmp_path / "bees",
        {
            **{f"train/{i}.jpg": (320, 240) for i in range(6)},
            "val/7.jpg": (320, 240),
            "train/0.xml": voc(bee, ("&lt;i&gt;fly", 210, 10, 300, 90)),
            "train/1.xml": voc(bee, bee),
            "train/2.xml": voc(bee, ("bee", 61, 61, 90, 90)),
            "train/3.xml": voc(("bee", 61, 61, 64, 64)),
            "train/4.xml": voc(),
            "val/7.xml": voc(("bee", 300, 10, 400, 90), ("bee", 90, 10, 20, 90)),
        },
    )


@pytest.fixture
def seen(bees, tmp_path):
    return boda.look(bees, out=tmp_path / "out")


def test_every_odd_box_is_counted_and_named(seen):
    odd = seen.summary["boxes"]["odd"]

    assert {kind: told["count"] for kind, told in odd.items() if told["count"]} == {
        "tiny": 1,
        "duplicated": 1,
        "nested": 1,
        "partly outside": 1,
        "inverted": 1,
    }
    assert odd["duplicated"]["listed"][0]["file"] == "train/1.jpg"
    assert odd["duplicated"]["listed"][0]["object"] == "object 2"
    assert odd["inverted"]["listed"][0]["file"] == "val/7.xml"


def test_pictures_without_boxes_and_without_files_are_told_apart(seen):
    assert seen.summary["boxes"]["unlabelled"] == ["train/4.jpg"]
    assert [bad["name"] for bad in seen.summary["bad"]] == ["train/5.jpg"]
    assert seen.summary["bad_count"] == 1


def test_all_that_was_left_out_or_mended_is_in_the_csv(seen):
    told = seen.page.with_name("bad_files.csv").read_text("utf-8")

    assert "train/5.jpg" in told
    assert "clipped" in told
    assert "dropped" in told


def test_the_json_file_is_the_summary(seen):
    assert json.loads(seen.page.with_name("look.json").read_text("utf-8")) == seen.summary
    assert seen.summary["task"] == "detect"
    assert seen.summary["boxes"]["counts"]["train"] == {"<i>fly": 1, "bee": 6}


def test_the_advice_speaks_of_boxes_and_not_of_a_second_folder(seen):
    told = " ".join(seen.summary["warnings"])

    assert "marked twice" in told
    assert "No boxes of <i>fly in val" in told
    assert "second folder" not in told
    assert "class_weight" not in told


def test_the_page_is_whole_and_safe_and_needs_no_network(seen):
    text = seen.page.read_text("utf-8")
    page = Page(text)

    assert page.open == []
    assert "<i>fly" in page.text
    assert "i" not in page.tags
    assert {"data", "constant", "shapes", "problems", "odd", "samples"} <= set(page.ids)
    assert all(value.startswith("data:") for key, value in page.attributes if key == "src")


def test_boxes_are_drawn_on_the_sheet(seen):
    sheet = np.asarray(Image.open(seen.sheet).convert("RGB"))

    assert (sheet == (255, 196, 0)).all(axis=2).any()
    assert (sheet == (0, 190, 255)).all(axis=2).any()


def test_a_fast_look_finds_the_same_boxes(bees, tmp_path):
    fast = boda.look(bees, out=tmp_path / "fast", deep=False)

    assert fast.summary["boxes"]["odd"]["nested"]["count"] == 1


def test_a_damaged_picture_costs_only_itself(bees, tmp_path):
    whole = (bees / "train" / "0.jpg").read_bytes()
    (bees / "train" / "0.jpg").write_bytes(whole[: len(whole) // 2])

    overview = boda.look(bees, out=tmp_path / "out")

    assert "train/0.jpg" in [bad["name"] for bad in overview.summary["bad"]]
    assert overview.summary["boxes"]["pictures"] == 5


def test_the_users_files_stay_as_they_are(bees, tmp_path):
    before = {path: path.read_bytes() for path in bees.rglob("*") if path.is_file()}

    boda.look(bees, out=tmp_path / "out")

    assert {path: path.read_bytes() for path in bees.rglob("*") if path.is_file()} == before


def test_the_terminal_says_what_the_page_says(command, bees, tmp_path):
    code, out, _ = command("look", bees, "--out", tmp_path / "out")
    words = " ".join(out.split())

    assert code == 0
    assert "8 boxes, 0 to 2 a picture" in words
    assert "1 duplicated, 1 nested, 1 partly outside" in words
    assert "the bar to beat" in words


def test_a_box_that_covers_its_picture_is_told_in_plain_numbers(command, tmp_path, plant):
    whole = plant(tmp_path / "bees", {"1.jpg": (320, 240), "1.xml": voc(("bee", 1, 1, 320, 240))})
    _, out, _ = command("look", whole, "--out", tmp_path / "out")
    page = (tmp_path / "out" / "look.html").read_text()

    assert "a box covers 100 % to 100 % of its picture (median 100 %)" in " ".join(out.split())
    assert "the largest 100 %." in page


def test_the_command_prints_json(command, bees, tmp_path):
    code, out, _ = command("look", bees, "--out", tmp_path / "out", "--json", "--format", "voc")

    assert code == 0
    assert json.loads(out)["boxes"]["n"] == 8


def census(*pictures):
    """Pictures (part, boxes) of 100 x 100."""
    samples = tuple(
        Sample(f"{i}", np.zeros((1, 1, 3)), ("a",), part, boxes=np.array(boxes, float), box_labels=("a",) * len(boxes))
        for i, (part, boxes) in enumerate(pictures)
    )
    return Census.of(Dataset(samples, ("a",), "detect"), {sample.name: (100, 100) for sample in samples})


def test_the_constant_answer_is_learnt_in_train_and_measured_in_val():
    found = constant_answer(
        census(("train", [[0, 0, 40, 100]]), ("train", [[0, 0, 60, 100]]), ("val", [[0, 0, 100, 100]]))
    )

    assert found["box"] == [0.25, 0.5, 0.5, 1.0]
    assert (found["mean_iou"], found["n"], found["measured_on"]) == (0.5, 1, "val")


def test_the_constant_answer_asks_for_the_largest_of_several():
    found = constant_answer(census((None, [[0, 0, 10, 10], [0, 0, 100, 100]])))

    assert (found["mean_iou"], found["largest"], found["measured_on"]) == (1.0, True, "all")


def test_where_nothing_can_be_learnt_there_is_no_constant_answer():
    assert constant_answer(census(("val", [[0, 0, 10, 10]]))) is None


def test_raccoons_are_counted_and_the_mean_box_comes_as_far_as_is_known(data_dir, tmp_path):
    found = boda.look(data_dir / "raccoon", out=tmp_path / "out", deep=False).summary

    assert (found["n"], found["boxes"]["n"]) == (200, 217)
    assert found["boxes"]["constant"]["mean_iou"] == pytest.approx(0.567, abs=0.002)
    assert not any(told["count"] for told in found["boxes"]["odd"].values())
