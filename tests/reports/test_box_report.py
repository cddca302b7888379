import shutil

import pytest
from fake_box_run import make_box_run, one_box, raccoons
from fake_run import HOSTILE
from page_reader import Page

from boda.reports.box_facts import ious_of, pictures_of
from boda.reports.contents import Contents
from boda.reports.html import write_report
from boda.run import Run

BOTH = [
    "headline",
    "overlap",
    "pictures",
    "reliability",
    "data",
    "problems",
    "split",
    "stages",
    "next",
    "recipe",
    "time",
]
LOCATE, DETECT = {*BOTH, "margin"}, {*BOTH, "errors", "classes", "curves"}
OPTIONAL = [
    "calibration.json",
    "curves.json",
    "data.json",
    "history.jsonl",
    "metrics.json",
    "next.json",
    "pictures/pictures.json",
    "predictions.json",
    "recipe.toml",
    "split.json",
]


@pytest.fixture(scope="module")
def locate_page(session_locate_run):
    return Page(write_report(session_locate_run).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def detect_page(session_detect_run):
    return Page(write_report(session_detect_run).read_text(encoding="utf-8"))


@pytest.fixture(params=["locate_page", "detect_page"])
def page(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["session_locate_run", "session_detect_run"])
def copy(request, tmp_path):
    """A Run of boxes that a test may spoil."""
    shutil.copytree(request.getfixturevalue(request.param).path, tmp_path / "run")
    return Run(tmp_path / "run")


def test_every_tag_is_closed_and_every_id_stands_once(page):
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


def test_the_sections_of_one_box_a_picture_are_there(locate_page):
    assert set(locate_page.ids) >= LOCATE
    assert not (DETECT - LOCATE) & set(locate_page.ids)


def test_the_sections_of_many_boxes_a_picture_are_there(detect_page):
    assert set(detect_page.ids) >= DETECT
    assert "margin" not in detect_page.ids


def test_nothing_is_loaded_from_anywhere(page):
    loading = [value for key, value in page.attributes if key in ("src", "href", "xlink:href", "action", "srcset")]
    assert all(value.startswith(("#", "data:image/")) for value in loading)


def test_hostile_names_are_text(detect_page):
    assert "script" not in detect_page.tags
    assert any(HOSTILE in text for text in detect_page.texts)


def test_every_picture_has_an_alternative_text(page):
    assert page.tags.count("img") >= 12
    assert page.tags.count("img") == len([value for key, value in page.attributes if key == "alt" and value])


def test_the_score_stands_beside_the_constant_answer_with_its_interval(session_locate_run, locate_page):
    val = session_locate_run.metrics["val"]
    low, high = val["mean_iou_interval"]

    assert f"{val['mean_iou']:.3f}the mean overlap (IoU)" in locate_page.text
    assert f"95 % interval {low:.3f} to {high:.3f}" in locate_page.text
    assert f"{val['constant_mean_iou']:.3f}" in locate_page.text
    assert "Better than the constant answer by" in locate_page.text


def test_the_margin_is_told_in_words_with_the_command(locate_page):
    assert "Grown on every side by 11.4 % of its own width and height" in locate_page.text
    assert "boda predict RUN PICTURES --grow 0.9" in locate_page.text


def test_each_kind_of_mistake_has_its_count_and_an_advice(session_detect_run, detect_page):
    errors = session_detect_run.metrics["val"]["errors"]

    for kind, advice in (("missed", "Add pictures with objects"), ("background", "Look first whether something is")):
        assert advice in detect_page.text
        assert errors[kind] > 0
    assert "Boxes of a confidence of 0.35 or more are shown." in detect_page.text


@pytest.mark.usefixtures("detect_page")
def test_the_figures_are_there_as_png(session_detect_run):
    names = {path.stem for path in (session_detect_run.path / "figures").iterdir()}

    assert names == {
        "baselines",
        "class_counts",
        "errors",
        "overlaps",
        "per_class",
        "precision_recall",
        "reliability",
        "stages",
    }


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", OPTIONAL)
def test_a_missing_file_leaves_its_section_out(name, copy):
    (copy.path / name).unlink(missing_ok=True)

    assert Page(write_report(copy).read_text(encoding="utf-8")).open == []


@pytest.mark.usefixtures("undrawn")
def test_a_missing_thumbnail_leaves_a_grey_place(copy):
    for thumbnail in (copy.path / "pictures").glob("*.jpg"):
        thumbnail.unlink()

    assert "not kept" in write_report(copy).read_text(encoding="utf-8")


@pytest.mark.usefixtures("undrawn")
def test_a_difference_whose_interval_holds_0_is_none_shown(copy):
    metrics = copy.metrics
    metrics["against_baseline"] |= {"difference": 0.02, "interval": [-0.03, 0.07]}
    copy.write_json("metrics.json", metrics)

    assert "No difference shown from the constant answer" in Page(write_report(copy).read_text("utf-8")).text


@pytest.mark.usefixtures("undrawn")
def test_with_one_class_no_class_is_compared(tmp_path):
    page = Page(write_report(make_box_run(tmp_path / "run", classes=["dog"])).read_text("utf-8"))

    assert "classes" not in page.ids
    assert {"errors", "curves"} <= set(page.ids)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("task", ["locate", "detect"])
def test_real_pictures_are_reported(task, tmp_path, data_dir):
    samples = raccoons(data_dir)
    samples = [one_box(sample) for sample in samples] if task == "locate" else samples
    run = make_box_run(tmp_path / "run", task=task, classes=["raccoon"], samples=samples)

    assert "40 validation pictures" in Page(write_report(run).read_text("utf-8")).text


def test_overlaps_are_those_that_the_training_measured(session_locate_run):
    contents = Contents.read(session_locate_run)
    ious, sizes = ious_of(pictures_of(contents), "locate", 3)

    assert ious.mean() == pytest.approx(session_locate_run.metrics["val"]["mean_iou"], abs=1e-6)
    assert ((sizes > 0) & (sizes <= 1)).all()


def test_an_object_that_no_box_found_counts_0(session_detect_run):
    contents = Contents.read(session_detect_run)
    ious, sizes = ious_of(pictures_of(contents), "detect", 3)

    assert len(ious) == len(sizes) == session_detect_run.metrics["val"]["boxes"]
    assert (ious == 0).sum() >= session_detect_run.metrics["val"]["errors"]["missed"]
