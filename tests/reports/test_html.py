import base64
import json
import re

import pytest
from fake_run import CLASSES, HOSTILE, make_run
from page_reader import Page

from boda.errors import RunError
from boda.reports.html import write_report
from boda.reports.page import Html, element
from boda.reports.words import abstain_sentence, calibration_sentence, clean, verdict, worst_confusions
from boda.run import Run

ANCHORS = [
    "headline",
    "data",
    "problems",
    "split",
    "choice",
    "confusion",
    "classes",
    "pictures",
    "reliability",
    "abstain",
    "next",
    "recipe",
    "time",
]


@pytest.fixture(scope="module")
def page(session_run):
    return Page(write_report(session_run).read_text(encoding="utf-8"))


def test_every_tag_is_closed(page):
    assert page.open == []


def test_every_section_is_there_and_listed(page):
    assert [i for i in page.ids if i in ANCHORS] == ANCHORS
    assert {f"#{anchor}" for anchor in ANCHORS} <= {value for key, value in page.attributes if key == "href"}


def test_ids_are_unique(page):
    assert len(page.ids) == len(set(page.ids))


def test_nothing_is_loaded_from_anywhere(page):
    loading = [value for key, value in page.attributes if key in ("src", "href", "xlink:href", "action", "srcset")]
    assert all(value.startswith(("#", "data:image/")) for value in loading)
    assert not [value for value in page.texts if "@import" in value or "url(http" in value]
    assert ("content", "default-src 'none'; img-src data:; style-src 'unsafe-inline'") in page.attributes


def test_hostile_names_are_text(page):
    assert "script" not in page.tags
    assert any(HOSTILE in text for text in page.texts)
    assert not [key for key, _ in page.attributes if key.startswith("on")]


def test_names_that_would_turn_the_line_are_shown_as_escapes(page):
    assert not any("\u202e" in text for text in page.texts)
    assert any("sun\\nflower \\u202e" in text for text in page.texts)


def test_pictures_have_alternative_texts(page):
    assert page.tags.count("img") > 20
    assert page.tags.count("img") == len([value for key, value in page.attributes if key == "alt" and value])
    assert page.tags.count("figure") > 5


@pytest.mark.usefixtures("page")
def test_the_figures_are_there_as_png(session_run):
    names = {path.name for path in (session_run.path / "figures").iterdir()}
    wanted = ("baselines", "class_counts", "confusion", "coverage", "history", "per_class", "reliability")
    assert names == {f"{name}.png" for name in wanted}
    assert all((session_run.path / "figures" / name).read_bytes().startswith(b"\x89PNG") for name in names)


@pytest.mark.usefixtures("page")
def test_the_report_does_not_change_from_one_writing_to_the_next(session_run):
    first = (session_run.path / "report.html").read_bytes()

    write_report(session_run)

    assert (session_run.path / "report.html").read_bytes() == first


OPTIONAL = [
    "recipe.toml",
    "split.json",
    "data.json",
    "history.jsonl",
    "metrics.json",
    "predictions.json",
    "calibration.json",
    "pictures/pictures.json",
    "next.json",
    "pictures/m000.jpg",
]


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", OPTIONAL)
def test_a_missing_file_leaves_its_section_out(run, name):
    (run.path / name).unlink()

    assert Page(write_report(run).read_text(encoding="utf-8")).open == []


def test_a_run_with_nothing_but_its_name_says_so(tmp_path):
    run = Run.create(tmp_path / "001", task="classify", seed=0)

    text = write_report(run).read_text(encoding="utf-8")

    assert "its status is: running" in text


def test_empty_files_do_not_stop_the_report(run):
    for name in ("metrics", "data", "split", "calibration", "predictions", "pictures/pictures"):
        run.write_json(f"{name}.json", {})

    assert Page(write_report(run).read_text(encoding="utf-8")).open == []


def test_a_damaged_file_is_named(run):
    run.write_text("metrics.json", "{")

    with pytest.raises(RunError, match=r"metrics\.json cannot be read"):
        write_report(run)


@pytest.mark.usefixtures("undrawn")
def test_several_labels_a_picture_have_no_confusion_matrix(tmp_path):
    run = make_run(tmp_path / "001", task="multilabel")

    page = Page(write_report(run).read_text(encoding="utf-8"))

    assert "confusion" not in page.ids
    assert {"AUC", "AP"} <= set(page.texts)
    assert any(text.startswith("all labels right: ") for text in page.texts)


def test_several_labels_without_accuracy_lead_with_the_auc(tmp_path):
    run = make_run(tmp_path / "001", task="multilabel")
    metrics = run.metrics
    for scores in (metrics["val"], *metrics["baselines"].values()):
        scores.pop("accuracy")
        scores.pop("accuracy_interval")
    run.write_json("metrics.json", metrics)

    page = Page(write_report(run).read_text(encoding="utf-8"))

    assert any("mean AUC" in text for text in page.texts)


@pytest.mark.usefixtures("undrawn")
def test_epochs_are_drawn_where_keras_trained(run):
    epochs = [{"kind": "epoch", "epoch": k, "loss": 1 / k, "accuracy": 0.8, "val_loss": 1 / k} for k in (1, 2, 3)]
    run.write_text("history.jsonl", "\n".join(map(json.dumps, epochs)))

    page = Page(write_report(run).read_text(encoding="utf-8"))

    assert any("learns by heart" in text for text in page.texts)


@pytest.mark.usefixtures("undrawn")
def test_pictures_outside_the_run_are_not_read(run):
    (run.path.parent / "secret.jpg").write_bytes(b"secret")
    listed = {"samples": [{"file": "../secret.jpg", "name": "a", "label": "daisy"}]}
    run.write_json("pictures/pictures.json", listed)

    assert "not kept" in write_report(run).read_text(encoding="utf-8")


def test_a_hundred_classes_make_a_report_of_modest_size(tmp_path):
    run = make_run(tmp_path / "001", classes=[f"class {k}" for k in range(100)], per_class=5)

    assert write_report(run).stat().st_size < 4_000_000


def test_text_is_escaped_unless_it_is_markup():
    assert element("p", "a < b", Html("<b>c</b>"), title='"') == '<p title="&quot;">a &lt; b<b>c</b></p>'


def scores(lo, hi):
    return {"accuracy": (lo + hi) / 2, "accuracy_interval": [lo, hi]}


@pytest.mark.parametrize(
    ("mine", "theirs", "kind", "words"),
    [
        ((0.8, 0.9), (0.5, 0.7), "better", "Better than"),
        ((0.6, 0.8), (0.5, 0.7), "same", "No difference shown"),
        ((0.3, 0.4), (0.5, 0.7), "worse", "Worse than"),
    ],
)
def test_overlapping_intervals_show_no_difference(mine, theirs, kind, words):
    found, sentence = verdict({"val": scores(*mine), "baselines": {"raw_pixels": scores(*theirs)}})

    assert found == kind
    assert sentence.startswith(words)


def test_the_paired_difference_decides_where_there_is_one():
    metrics = {"val": scores(0.8, 0.9), "baselines": {"raw_pixels": scores(0.5, 0.7)}}

    found, sentence = verdict({**metrics, "against_baseline": {"difference": 0.01, "interval": [-0.02, 0.04]}})

    assert found == "same"
    assert "-2.0 to +4.0 points" in sentence


def test_the_abstain_threshold_in_words():
    abstain = {"wanted": 0.95, "threshold": 0.83}
    seen = {"coverage": 0.91, "precision": 0.97}

    sentence = abstain_sentence({"abstain": abstain, "val_at_threshold": seen}).replace("\u202f", " ")

    assert sentence == "Answer only above 0.83: 91 % of the pictures are answered, 97 % of these right."


@pytest.mark.parametrize(
    ("before", "after", "ends", "words"),
    [
        (0.078, 0.099, [0.06, 0.13], "no difference shown from 7.8 % before the temperature"),
        (0.05, 0.06, [0.055, 0.08], "no difference shown from 5.0 %"),
        (0.2, 0.03, [0.02, 0.05], "is 3.0 % (95 % interval 2.0 to 5.0 %); before the temperature it was 20.0 %."),
        (0.2, 0.03, None, "is 3.0 %; before the temperature it was 20.0 %."),
        (None, 0.03, None, "is 3.0 %."),
        (0.0301, 0.03, [0.02, 0.05], "to 5.0 %), with the temperature as without it."),
        (0.2, None, None, ""),
    ],
)
def test_a_temperature_is_praised_only_beyond_the_interval(before, after, ends, words):
    sentence = calibration_sentence({"ece_uncalibrated": before, "ece": after, "ece_interval": ends})

    assert words in sentence.replace("\u202f", " ")


@pytest.mark.usefixtures("undrawn")
def test_leaks_stand_beside_the_headline(run):
    run.write_json("data.json", {**run.read_json("data.json"), "leaks_count": 1})

    text = write_report(run).read_text(encoding="utf-8")

    assert "1 picture is in more than one part; the accuracy on it flatters." in text


@pytest.mark.usefixtures("undrawn")
def test_candidates_without_views_have_no_column_for_them(run):
    run.write_text("history.jsonl", '{"kind": "candidate", "weight_decay": 0.5, "log_loss": 0.3, "chosen": true}\n')

    page = Page(write_report(run).read_text(encoding="utf-8"))

    assert "views" not in page.texts
    assert " ← chosen" in "".join(page.texts)


def test_no_abstain_threshold_is_said_plainly():
    sentence = abstain_sentence({"abstain": {"wanted": 0.95, "threshold": None}})

    assert sentence.startswith("No threshold was found")


def test_the_commonest_mistake_comes_first():
    worst = worst_confusions([[8, 2], [3, 7]], ["a", "b"], 3)

    assert worst == [("b", "a", 3, 10), ("a", "b", 2, 10)]


def test_a_name_that_is_no_utf8_can_be_shown():
    assert clean("caf\udce9") == "caf\\udce9"


def test_the_report_holds_no_path_of_this_machine(session_run, page):
    assert str(session_run.path.parent) not in "".join(page.texts)


@pytest.mark.usefixtures("page")
def test_korean_names_stand_as_text_in_the_drawings(session_run):
    text = (session_run.path / "report.html").read_text(encoding="utf-8")

    assert re.search(rf"<text[^>]*>{CLASSES[1]}</text>", text)


def test_a_link_out_of_the_run_is_not_followed(run, tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    picture = run.read_json("pictures/pictures.json")["mistakes"][0]["file"]
    (run.path / picture).unlink()
    (run.path / picture).symlink_to(tmp_path / "secret")

    assert base64.b64encode(b"secret").decode() not in write_report(run).read_text("utf-8")
