"""`predict`: an answer for each picture, in order, whatever some of them are."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import boda
from boda.errors import RecipeError, RunError
from boda.verbs.predict import expand

IMPORTS = """
import sys
from boda.cli.app import run

code = run(["predict", *sys.argv[1:]])
heavy = {"keras", "tensorflow", "sklearn", "scipy", "matplotlib", "pandas", "torch"} & set(sys.modules)
sys.exit(code or (f"imported {sorted(heavy)}" if heavy else 0))
"""


@pytest.fixture
def mixed(unseen, tmp_path):
    """Ten files in order, of which the second to the fourth, the seventh and the last are no pictures."""
    whole = sorted(unseen.rglob("*.png"))
    files = []
    for i, kind in enumerate("pbbbppbppb"):
        path = tmp_path / f"{i}.png"
        path.write_bytes(whole[i % len(whole)].read_bytes() if kind == "p" else b"no picture")
        files.append(path)
    return files


def test_answers_come_in_order_with_broken_files_in_between(trained, mixed):
    answers = list(boda.predict(trained, mixed))

    assert [a.path for a in answers] == [str(path) for path in mixed]
    assert "".join("b" if a.error else "p" for a in answers) == "pbbbppbppb"
    for answer, path in zip(answers, mixed, strict=True):
        if not answer.error:
            (alone,) = boda.predict(trained, path)
            assert answer.label == alone.label
            assert answer.confidence == pytest.approx(alone.confidence, abs=1e-4)


def test_broken_files_alone_are_answered_with_their_errors(trained, mixed):
    answers = list(boda.predict(trained, [mixed[1], mixed[2], mixed[1].parent / "nowhere.png"]))

    assert all(a.label is None and a.scores is None for a in answers)
    assert answers[2].error == "no such file or directory"


def test_nothing_is_answered_with_nothing(trained):
    assert list(boda.predict(trained, [])) == []


def test_scores_are_probabilities_the_highest_first(trained, unseen):
    for answer in boda.predict(trained, unseen):
        scores = list(answer.scores.values())
        assert sum(scores) == pytest.approx(1, abs=1e-5)
        assert scores == sorted(scores, reverse=True)
        assert next(iter(answer.scores.items())) == (answer.label, answer.confidence)


def test_the_answers_are_those_that_the_training_measured(trained, photos):
    measured = trained.read_json("predictions.json")
    answers = list(boda.predict(trained, [photos / name for name in measured["names"]]))

    for answer, probabilities in zip(answers, measured["probabilities"], strict=True):
        np.testing.assert_allclose([answer.scores[name] for name in trained.classes], probabilities, atol=1e-4)


def test_files_and_arrays_are_answered_alike(trained, picture, unseen):
    (from_file,), (from_array,) = (
        boda.predict(trained, unseen / "leaf" / "100.png"),
        boda.predict(trained, picture("leaf", 100)),
    )

    assert from_file.scores == from_array.scores
    assert from_array.path == "[0]"


def test_folders_and_globs_are_searched_in_order(unseen):
    one = unseen / "leaf" / "101.png"

    assert list(expand([one, unseen / "water", str(unseen / "b*" / "*.png")])) == [
        one,
        unseen / "water" / "100.png",
        unseen / "water" / "101.png",
        str(unseen / "berry" / "100.png"),
        str(unseen / "berry" / "101.png"),
    ]
    assert len(list(expand([str(unseen / "**" / "*.png")]))) == 6


def test_a_file_whose_name_looks_like_a_glob_is_that_file(unseen, tmp_path):
    shutil.copy(unseen / "leaf" / "100.png", tmp_path / "leaf[1].png")

    assert list(expand([str(tmp_path / "leaf[1].png")])) == [str(tmp_path / "leaf[1].png")]


def test_hidden_files_and_others_than_pictures_are_passed_over_in_folders(unseen, tmp_path):
    for name in ("b.PNG", ".hidden.png", "notes.txt", "a.png"):
        shutil.copy(unseen / "leaf" / "100.png", tmp_path / name)

    assert [path.name for path in expand([tmp_path])] == ["a.png", "b.PNG"]


def test_folders_and_globs_without_pictures_are_answered_with_an_error(trained, unseen, tmp_path):
    (tmp_path / "empty").mkdir()
    asked = [unseen / "leaf" / "100.png", tmp_path / "empty", str(tmp_path / "*.jpg")]
    fine, empty, unmatched = boda.predict(trained, asked)

    assert fine.error is None
    assert empty.error == "a folder without pictures"
    assert unmatched.error == "no such file or directory"


@pytest.mark.parametrize("name", ["with space.png", "é.png", "漢.png", "🌹.png", "two\nlines.png", "-dash.png"])
def test_any_name_is_answered(name, trained, unseen, tmp_path):
    shutil.copy(unseen / "leaf" / "100.png", tmp_path / name)
    (answer,) = boda.predict(trained, tmp_path / name)

    assert answer.error is None
    assert answer.path == str(tmp_path / name)


def test_answers_below_the_wanted_confidence_are_marked(trained, unseen):
    answers = list(boda.predict(trained, unseen))
    middle = sorted(a.confidence for a in answers)[3]
    marked = list(boda.predict(trained, unseen, min_confidence=middle))

    assert [a.abstained for a in marked] == [a.confidence < middle for a in answers]
    assert not any(a.abstained for a in answers)
    assert "abstained" in next(a for a in marked if a.abstained).to_json()


def test_auto_takes_the_threshold_that_the_training_found(trained, unseen):
    model = replace(boda.load(trained), abstain_below=0.9)

    for answer in boda.predict(model, unseen, min_confidence="auto"):
        assert answer.abstained == (answer.confidence < 0.9)


def test_auto_without_a_threshold_is_refused(trained, unseen):
    model = replace(boda.load(trained), abstain_below=None)

    with pytest.raises(RunError, match=r"no abstain threshold: the wanted precision was not reached\. Give a number"):
        list(boda.predict(model, unseen, min_confidence="auto"))


def test_what_is_neither_a_run_nor_a_network_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"nowhere is neither a Run's folder nor a network"):
        boda.load(tmp_path / "nowhere")
    with pytest.raises(RunError, match="is no Run"):
        boda.load(tmp_path)


def test_an_unknown_network_names_the_nearest():
    with pytest.raises(RecipeError, match=r"There is no backbone mobilnet_v2\. Did you mean mobilenet_v2\?"):
        boda.backbones("mobilnet_v2")


def test_the_embedded_network_answers_as_it_is_with_1000_classes(unseen):
    (answer,) = boda.predict("efficientnet_lite0", unseen / "leaf" / "100.png")

    assert len(answer.scores) == 1000
    assert sum(answer.scores.values()) == pytest.approx(1, abs=1e-3)


@pytest.mark.data
def test_the_embedded_network_knows_a_tench(data_dir):
    (answer,) = boda.predict("efficientnet_lite0", data_dir / "imagenet_sample" / "n01440764_tench.JPEG")

    assert answer.label == "tench"


def test_predicting_imports_neither_keras_nor_scikit_learn(trained, unseen, python):
    done = python(IMPORTS, trained.path, unseen / "leaf" / "100.png")

    assert b"leaf" in done.stdout


def test_a_pipe_that_closes_early_is_no_traceback(trained, unseen, tmp_path):
    files = [str(unseen)] * 200
    writer = subprocess.Popen(
        [sys.executable, "-m", "boda", "predict", str(trained.path), *files, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    )
    writer.stdout.read(200)
    writer.stdout.close()

    assert b"Traceback" not in writer.stderr.read()
    assert writer.wait(60) == 1
    writer.stderr.close()


@pytest.mark.parametrize(
    "array", [np.zeros((0, 5, 3), np.uint8), np.zeros((5, 5), np.uint8), np.zeros((5, 5, 3), np.float32)]
)
def test_an_array_that_is_no_rgb_picture_is_answered_with_an_error(array, trained):
    (answer,) = boda.predict(trained, [array])

    assert answer.label is None
    assert "an array must be uint8 (h, w, 3)" in answer.error


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_a_device_and_a_name_with_nul_are_answered_with_an_error(trained, tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    pipe, device, nul = boda.predict(trained, [tmp_path / "pipe.jpg", "/dev/zero", "a\0b.jpg"])

    assert pipe.error == device.error == "not an ordinary file, but a pipe or a device"
    assert "null" in nul.error
