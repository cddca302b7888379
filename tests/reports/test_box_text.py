import io
import shutil

import pytest
from rich.console import Console

import boda
from boda.reports import box_words
from boda.reports.text import runs_table, summary
from boda.verbs.next_steps import next_steps


def printed(renderable, width=100):
    file = io.StringIO()
    Console(file=file, width=width).print(renderable)
    return " ".join(file.getvalue().replace("\u202f", " ").split())


def test_the_summary_of_one_box_a_picture_tells_score_shares_and_margin(session_locate_run):
    text = printed(summary(session_locate_run))

    for words in (
        "mean IoU",
        "the constant answer",
        "overlap 0.75 or more",
        "right class",
        "Grown on every side by 11.4 %",
        "report.html",
        "What next",
    ):
        assert words in text


def test_the_summary_of_many_boxes_a_picture_tells_scores_and_mistakes(session_detect_run):
    text = printed(summary(session_detect_run))
    val = session_detect_run.metrics["val"]

    assert f"on 24 validation pictures with {val['boxes']} boxes" in text
    assert f"AP50 {val['ap50']:.3f}" in text
    assert f"{val['errors']['missed']} missed" in text
    assert "Boxes of a confidence of 0.35 or more are shown" in text


def test_runs_of_boxes_are_listed_with_their_own_score(session_run, session_locate_run, session_detect_run):
    text = printed(runs_table([session_run, session_locate_run, session_detect_run]), 150)

    assert f"mean IoU {session_locate_run.metrics['val']['mean_iou']:.2f} (" in text
    assert f"AP {session_detect_run.metrics['val']['ap']:.2f} (" in text


def test_a_notebook_shows_the_score_of_boxes(session_locate_run):
    val = session_locate_run.metrics["val"]

    assert f"mean IoU <b>{val['mean_iou']:.3f}</b>" in session_locate_run._repr_html_()
    assert "on 24 validation pictures" in session_locate_run._repr_html_()


def test_a_notebook_shows_a_run_whose_figure_is_undefined(session_locate_run, tmp_path):
    shutil.copytree(session_locate_run.path, tmp_path / "run")
    run = boda.Run(tmp_path / "run")
    run.write_json("metrics.json", {**run.metrics, "val": {"n": 3, "mean_iou": None, "mean_iou_interval": None}})

    assert "mean IoU <b>none</b> on 3 validation pictures" in run._repr_html_()


def test_the_next_step_follows_from_the_commonest_mistake(session_detect_run):
    errors = session_detect_run.metrics["val"]["errors"]
    first = next_steps(session_detect_run)[0]

    assert max(errors, key=errors.get) == "missed"
    assert first["title"] == "Add pictures of what was missed"
    assert f"{errors['missed']} of {sum(errors.values())} mistakes" in first["why"]


def test_the_last_steps_try_it_on_new_pictures(session_locate_run):
    commands = [step["command"] for step in next_steps(session_locate_run)]

    assert any(command.endswith("NEW_PICTURES --draw drawn") for command in commands)


@pytest.mark.parametrize(
    ("against", "kind", "said"),
    [
        ({"difference": 0.2, "interval": [0.1, 0.3]}, "better", "Better than the constant answer by 0.200 mean IoU"),
        ({"difference": -0.2, "interval": [-0.3, -0.1]}, "worse", "Worse than the constant answer by 0.200 mean IoU"),
        ({"difference": 0.1, "interval": [-0.1, 0.3]}, "same", "No difference shown from the constant answer"),
        ({"difference": 0.1, "interval": None}, "none", "too few pictures to say how sure"),
        ({}, "none", "There is no baseline"),
    ],
)
def test_the_verdict_follows_the_interval(against, kind, said):
    told = {"task": "locate", "against_baseline": {"baseline": "constant", **against} if against else {}}

    assert box_words.verdict(told)[0] == kind
    assert said in box_words.verdict(told)[1]


def test_few_pictures_are_said_to_be_few():
    told = {"task": "locate", "val": {"n": 8, "mean_iou": 0.7, "mean_iou_interval": [0.5, 0.8]}}

    assert "With so few pictures the true figure may well lie outside of it." in box_words.certainty_sentence(told)


def test_what_is_not_known_is_not_said():
    assert box_words.margin_sentence({"margin": None}) == ""
    assert box_words.threshold_sentence({}) == ""
    assert box_words.calibration_sentence({"reliability": {"ece": None}}) == ""
