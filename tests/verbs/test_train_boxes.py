"""`boda train` on boxes: the contract of the Run, from a table of painted pictures."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import boda
from boda.errors import DataError, Interrupted, RecipeError

QUICK = {"size": 64, "boxes_channels": 16, "boxes_convs": 1, "stage_epochs": 1, "stage_views": 1, "stage_batch_size": 8}
COLOURS = {"blue": (30, 30, 230), "red": (230, 30, 30)}


def write_boxes(folder, *, most=1, n=24, empty=()):
    """Pictures with up to `most` rectangles each, and boxes.csv beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["filename,class,xmin,ymin,xmax,ymax"]
    for number in range(n):
        rng = np.random.default_rng(number)
        image = rng.integers(60, 120, (48, 80, 3)).astype(np.uint8)
        for place in range(0 if number in empty else 1 + number % most):
            x, y, name = (
                26 * place + int(rng.integers(0, 6)),
                int(rng.integers(0, 28)),
                ("blue", "red")[number // 2 % 2],
            )
            image[y : y + 18, x : x + 20] = COLOURS[name]
            lines.append(f"{number:02d}.png,{name},{x},{y},{x + 20},{y + 18}")
        if number in empty:
            lines.append(f"{number:02d}.png,,,,,")
        Image.fromarray(image).save(folder / f"{number:02d}.png")
    (folder / "boxes.csv").write_text("\n".join(lines) + "\n")
    return folder / "boxes.csv"


@pytest.fixture(scope="module", autouse=True)
def one_trial():
    """So few pictures give many folds before enough are held back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("boda.training.box_stages.ENOUGH", 1)
        yield


def train_on(table, out):
    return boda.train(table, out=out, split="every-5th", fold=1, **QUICK)


@pytest.fixture(scope="module")
def located(tmp_path_factory):
    return train_on(write_boxes(tmp_path_factory.mktemp("yard")), tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def detected(tmp_path_factory):
    return train_on(write_boxes(tmp_path_factory.mktemp("yard"), most=3), tmp_path_factory.mktemp("run"))


@pytest.fixture(params=["locate", "detect"])
def run(request):
    return request.getfixturevalue("located" if request.param == "locate" else "detected")


def test_the_task_is_told_from_the_data(run, request):
    assert run.about["task"] == run.metrics["task"] == request.node.callspec.params["run"]
    assert run.about["status"] == "complete"
    assert run.classes == ("blue", "red")


def test_the_split_holds_out_every_fifth(run):
    assert run.read_json("split.json")["parts"]["val"] == ["01.png", "06.png", "11.png", "16.png", "21.png"]
    assert run.read_json("predictions.json")["names"] == ["01.png", "06.png", "11.png", "16.png", "21.png"]


def test_the_figures_come_with_intervals_beside_the_constant_answer(run):
    val, metrics = run.metrics["val"], run.metrics
    key = "mean_iou" if metrics["task"] == "locate" else "ap"
    lo, hi = val[f"{key}_interval"]

    assert lo <= val[key] <= hi
    assert val["n"] == 5
    assert 0 <= metrics["baselines"]["constant"][key] <= 1
    assert metrics["against_baseline"]["baseline"] == "constant"
    if key == "mean_iou":
        assert {"iou_50", "iou_75", "constant_mean_iou", "accuracy"} <= val.keys()
    else:
        assert {"ap50", "ap75", "ar100", "per_class", "errors"} <= val.keys()
        assert set(val["per_class"]) == {"blue", "red"}


def test_stages_seconds_and_a_line_an_epoch_are_kept(run):
    lines = [json.loads(line) for line in (run.path / "history.jsonl").read_text().splitlines()]

    assert [one["stage"] for one in run.metrics["stages"]] == ["last-6"]
    assert {line["fold"] for line in lines} >= {0, None}
    assert run.metrics["seconds"]["total"] > 0
    assert not (run.path / "checkpoints").exists()


def test_predict_says_what_the_predictions_say(run):
    told = run.read_json("predictions.json")
    data = Path(run.about["data"]).parent
    answers = list(boda.predict(run, [data / name for name in told["names"]], min_confidence=0.0))

    for answer, found, size in zip(answers, told["found"], told["sizes"], strict=True):
        assert [answer.width, answer.height] == size
        assert len(answer) >= len(found["boxes"])  # what has hardly a chance is not written down
        for box, score in zip(found["boxes"], found["scores"], strict=True):
            near = np.abs(np.asarray(answer.boxes) - box).max(axis=1) < 0.02
            assert np.abs(np.asarray(answer.confidences)[near] - score).min() < 1e-4


def test_there_is_a_report_with_the_worst_pictures_and_what_to_do_next(run):
    page = (run.path / "report.html").read_text(encoding="utf-8")

    assert "Pictures worth a look" in page
    assert boda.report(run) == run.path / "report.html"
    assert run.read_json("next.json")


def test_a_recipe_of_labels_is_refused(located):
    with pytest.raises(RecipeError, match=r"lacks a table \[boxes\], but the data's task is"):
        boda.train(located.about["data"], recipe=boda.Recipe())


def test_a_recipe_of_boxes_is_refused_for_labels(photos):
    with pytest.raises(RecipeError, match=r"has a table \[boxes\], but the data's task is classify"):
        boda.train(photos, recipe=boda.Recipe.usual("detect"))


def test_the_recipe_of_a_run_repeats_it(located, tmp_path):
    recipe = located.path / "recipe.toml"
    again = boda.train(located.about["data"], recipe=recipe, split="every-5th", fold=1, out=tmp_path / "again")

    assert again.read_json("predictions.json") == located.read_json("predictions.json")


def test_pictures_without_a_box_are_left_out_where_one_is_wanted(tmp_path, capsys):
    run = train_on(write_boxes(tmp_path / "yard", empty=(1, 2, 3)), tmp_path / "one")

    assert "3 pictures have no box and are left out" in capsys.readouterr().err
    assert "01.png" not in run.read_json("predictions.json")["names"]


def test_a_part_without_any_box_is_refused_before_it_is_trained(tmp_path):
    table = write_boxes(tmp_path / "yard", n=10, empty=(4, 9))

    with pytest.raises(DataError, match="None of the 2 pictures of val has a box"):
        boda.train(table, out=tmp_path / "run", split="every-5th", **QUICK)
    assert not (tmp_path / "run").exists()


def test_data_in_which_no_picture_has_a_box_is_refused(tmp_path):
    table = write_boxes(tmp_path / "yard", n=6, empty=range(6))

    with pytest.raises(DataError):
        boda.train(table, out=tmp_path / "run", **QUICK)


def test_a_stopped_training_goes_on_to_the_same_answers(located, tmp_path, monkeypatch):
    from boda.training.box_lesson import BoxLesson

    seen, finish = [], BoxLesson.finish

    def stop_once(self, *args):
        seen.append(args)
        if len(seen) == 5:
            raise KeyboardInterrupt
        return finish(self, *args)

    monkeypatch.setattr(BoxLesson, "finish", stop_once)
    with pytest.raises((KeyboardInterrupt, Interrupted)):
        boda.train(located.about["data"], out=tmp_path / "run", split="every-5th", fold=1, **QUICK)
    monkeypatch.setattr(BoxLesson, "finish", finish)
    again = boda.verbs.train.resume(tmp_path / "run")

    assert again.read_json("predictions.json") == located.read_json("predictions.json")


@pytest.mark.slow
def test_it_finds_raccoons_better_than_the_mean_box(data_dir, tmp_path):
    run = boda.train(
        data_dir / "raccoon",
        out=tmp_path / "run",
        split="every-5th",
        reading={"task": "locate"},
        size=160,
        stage_epochs=12,
        stage_views=4,
    )

    assert run.metrics["val"]["n"] == 40
    assert run.metrics["against_baseline"]["interval"][0] > 0


def test_mosaics_are_trained_on(tmp_path):
    run = boda.train(write_boxes(tmp_path / "yard", most=3), out=tmp_path / "run", stage_mix="mosaic", **QUICK)

    assert run.about["status"] == "complete"
    assert 'mix = "mosaic"' in (run.path / "recipe.toml").read_text()


@pytest.mark.parametrize("changes", [{"stage_mix": "mosaic"}, {"stages": "head,last-6", "head_mix": "mixup"}])
def test_one_box_a_picture_is_not_mixed_and_nothing_is_left_of_the_try(changes, tmp_path):
    with pytest.raises(RecipeError, match="locate answers with one"):
        boda.train(write_boxes(tmp_path / "yard"), out=tmp_path / "run", **{**QUICK, **changes})
    assert not (tmp_path / "run").exists()
