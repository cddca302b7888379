"""`boda find-rate`: a curve a stage, its files, and what is said in the terminal."""

import json

import numpy as np
import pytest

import boda
from boda.errors import RecipeError, RunError
from boda.training.choose import class_means
from boda.verbs.find_rate import Rates, _Subject
from boda.verbs.material import Material


@pytest.fixture(scope="module")
def found(photos, tmp_path_factory):
    return boda.find_rate(photos, out=tmp_path_factory.mktemp("rates") / "out", head_batch_size=8, steps=60)


def test_the_head_gets_a_curve_from_the_training_part(found):
    curve = found.curves["head"]

    assert list(found.curves) == ["head"]
    assert curve.suggestion is None or 1e-6 < curve.suggestion < 10
    assert len(curve.rates) == len(curve.losses) > 10


def test_a_head_that_is_solved_exactly_is_said_to_need_no_rate(found):
    assert "solved exactly, without any learning rate" in found.curves["head"].why


def test_the_files_show_the_same(found):
    kept = json.loads(found.data.read_text("utf-8"))

    assert kept["head"]["losses"] == found.curves["head"].losses.tolist()
    assert found.picture.read_bytes().startswith(b"\x89PNG")


def test_the_same_seed_finds_the_same(found, photos, tmp_path):
    again = boda.find_rate(photos, out=tmp_path / "again", head_batch_size=8, steps=60)

    assert again.to_json() == found.to_json()


def test_the_command_says_the_rate_why_and_where_the_plot_is(command, photos, tmp_path):
    code, out, _ = command(
        "find-rate", photos, "--out", tmp_path / "out", "--set", "head.optimizer=sgd", "--steps", "30"
    )

    assert code == 0
    assert out.startswith("head: ")
    assert "solved exactly" not in out
    assert f"plot   {tmp_path / 'out' / 'rates.png'}" in out


def test_as_is_has_no_rate(photos, tmp_path):
    with pytest.raises(RecipeError, match="as-is trains nothing, and has no learning rate"):
        boda.find_rate(photos, stages="as-is", out=tmp_path / "out")


def test_nothing_is_written_into_the_pictures_folder(photos):
    with pytest.raises(RunError, match="lies within the pictures' folder"):
        boda.find_rate(photos, out=photos / "out")


def test_the_command_reads_as_train_does(command, monkeypatch, tmp_path, trained):
    asked = {}
    monkeypatch.setattr("boda.verbs.find_rate.find_rate", lambda _, **given: asked.update(given) or Rates({}, "", ""))
    columns = {"group_pattern": "p", "path_column": "file", "label_column": "kind", "group_column": "who"}
    options = [word for name, value in columns.items() for word in ("--" + name.replace("_", "-"), value)]

    code, _, _ = command("find-rate", tmp_path, *options, "--split", trained.path, "--on-bad", "error")

    assert code == 0
    assert asked["reading"] == columns
    assert (asked["split"], asked["on_bad"]) == (trained.path, "error")


def test_rates_are_found_on_the_training_part_of_another_runs_split(photos, trained):
    material = Material.read(photos, boda.Recipe(), 9, split=trained)

    subject = _Subject.of(material, boda.Recipe())

    assert (
        sorted(sample.name for sample in subject.pictures.samples) == trained.read_json("split.json")["parts"]["train"]
    )


def test_stages_after_as_is_begin_with_the_class_means(photos):
    recipe = boda.Recipe(stages="as-is,last-1")
    subject = _Subject.of(Material.read(photos, recipe, 0), recipe)

    means = class_means(subject.training, np.arange(len(subject.training.targets)))

    assert np.array_equal(subject.head().layers[0][0], means.layers[0][0])


@pytest.mark.slow
def test_a_stage_that_thaws_a_block_gets_a_curve_too(photos, tmp_path):
    found = boda.find_rate(
        photos, stages="head,last-1", out=tmp_path / "out", steps=40, size=96, stage_batch_size=8, stage_augment="none"
    )

    assert list(found.curves) == ["head", "last-1"]
    assert len(found.curves["last-1"].losses) > 10
