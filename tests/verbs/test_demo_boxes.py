"""`boda demo boxes`: scenes whose boxes are known become a detector, offline."""

import shlex

import pytest

import boda
from boda.verbs import demo


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(demo, "HELD_OUT", 6)
    monkeypatch.setattr(demo, "SIDE", 64)
    quick = {"size": 64, "stage_epochs": 1, "stage_views": 1, "boxes_channels": 8, "boxes_convs": 1}
    monkeypatch.setattr(demo, "BOXES", quick)
    monkeypatch.setattr("boda.training.box_stages.ENOUGH", 1)


def test_commands_with_blanks_in_their_paths_can_be_pasted(tmp_path):
    scenes = tmp_path / "my scenes"
    (scenes / "val").mkdir(parents=True)
    (scenes / "val" / "1.jpg").touch()
    run = boda.Run.create(tmp_path / "my run", task="detect", seed=0)

    labels = demo._steps(scenes, run)
    boxes = demo._box_steps(scenes, run)

    predict = ["boda", "predict", str(run.path), str(scenes / "val" / "1.jpg")]
    assert [shlex.split(step["command"]) for step in labels[:2]] == [["boda", "look", str(scenes)], predict]
    assert [shlex.split(step["command"]) for step in boxes[:2]] == [
        ["boda", "look", str(scenes)],
        [*predict, "--draw", "drawn"],
    ]


@pytest.mark.usefixtures("quick")
def test_the_demo_leaves_scenes_a_run_and_what_to_do_next(tmp_path):
    run = demo.demo_boxes(tmp_path / "demo", count=10)

    assert run.metrics["task"] == "detect"
    assert run.metrics["val"]["n"] == 6
    assert set(run.classes) <= set("0123456789")
    assert [step["title"] for step in run.read_json("next.json")][1] == "Find digits in a scene"
    assert (run.path / "report.html").is_file()
    assert boda.look(tmp_path / "demo" / "scenes", out=tmp_path / "look").summary["n"] == 16


def test_the_command_knows_boxes(command, monkeypatch):
    asked = []

    def demo_boxes(out, **given):
        asked.append((str(out), given))
        raise boda.BodaError("enough")

    monkeypatch.setattr(demo, "demo_boxes", demo_boxes)
    command("demo", "boxes", "--seed", "3")

    assert asked == [("boda-demo", {"seed": 3})]
