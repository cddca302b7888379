import io
import shutil

import pytest
from rich.console import Console

import boda
from boda.recipe import Recipe
from boda.reports import box_words
from boda.reports.text import runs_table, summary
from boda.run import Run
from boda.verbs.next_steps import next_steps
from boda.verbs.runs import row


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


def box_run(path, recipe, *, train, val, bad=0, method="held out"):
    """A Run of boxes that got as far as its split."""
    run = Run.create(path, task="detect", seed=0)
    run.update(data="yard", backbone={"name": recipe.backbone})
    run.write_text("recipe.toml", recipe.to_toml())
    run.write_json("data.json", {"n": train + val, "bad_count": bad})
    parts = {"train": [f"t{i}" for i in range(train)], "val": [f"v{i}" for i in range(val)]}
    run.write_json("split.json", {"parts": parts, "seed": 0, "method": method, "digest": "ab" * 32, "notes": []})
    return run


@pytest.mark.parametrize(
    ("pictures", "bad"), [(800, 0), (1000, 0), (803, 3), (1003, 3)], ids=["given", "held out", "bad", "bad, held out"]
)
def test_the_usual_recipe_of_boxes_is_the_default(tmp_path, pictures, bad):
    run = box_run(tmp_path / "1", Recipe.usual("detect", pictures), train=800, val=200, bad=bad)

    assert " default " in printed(runs_table([run]), 150)


def test_runs_of_boxes_tell_what_their_recipes_change(tmp_path):
    recipe = Recipe.usual("detect", 1000).replace(boxes_channels=32, stage_views=7, size=160)
    run = box_run(tmp_path / "1", recipe, train=800, val=200)

    assert f"size=160 boxes.channels=32 {recipe.stages[0].thaw}.views=7 " in printed(runs_table([run]), 200)


def test_other_stages_are_told_without_their_own_usual_entries(tmp_path):
    recipe = Recipe.usual("detect", 100).replace(stages="last-5")
    run = box_run(tmp_path / "1", recipe, train=80, val=20)

    assert " stages=last-5 " in printed(runs_table([run]), 200)
    assert "last-5." not in printed(runs_table([run]), 200)


def test_a_row_of_json_has_the_score_of_boxes(session_locate_run, session_detect_run):
    locate, detect = row(session_locate_run), row(session_detect_run)

    assert (locate["task"], locate["mean_iou"]) == ("locate", session_locate_run.metrics["val"]["mean_iou"])
    assert (detect["task"], detect["ap"]) == ("detect", session_detect_run.metrics["val"]["ap"])
    assert detect["ap_interval"] == session_detect_run.metrics["val"]["ap_interval"]
    assert detect["mean_iou"] is None


def test_the_constant_answer_of_many_boxes_is_one_box():
    assert box_words.CONSTANT["detect"].startswith("one box: the mean")


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
