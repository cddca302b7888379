"""A Run: never overwritten, complete or said to be not, and not altered unnoticed."""

import json
import shutil
import subprocess
import sys

import pytest

from boda.answers import Model
from boda.errors import RunError
from boda.run import Run, list_runs

MAKE_TWENTY = """
import sys
from pathlib import Path
from boda.run import Run

sys.stdin.readline()
for _ in range(20):
    print(Run.create(runs=Path(sys.argv[1]), task="classify", seed=0).path.name)
"""


@pytest.fixture
def copied(trained, tmp_path):
    """A trained Run that a test may spoil."""
    shutil.copytree(trained.path, tmp_path / "copied")
    return Run(tmp_path / "copied")


def create(folder):
    return Run.create(runs=folder, task="classify", seed=0)


def test_runs_are_numbered_from_one(tmp_path):
    assert [create(tmp_path / "runs").path.name for _ in range(3)] == ["001", "002", "003"]


def test_a_number_is_not_given_again_below_the_highest(tmp_path):
    (tmp_path / "runs" / "041").mkdir(parents=True)
    (tmp_path / "runs" / "first-try").mkdir()

    assert create(tmp_path / "runs").path.name == "042"


def test_two_processes_never_get_the_same_number(tmp_path):
    start = [sys.executable, "-c", MAKE_TWENTY, str(tmp_path / "runs")]
    both = [subprocess.Popen(start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    numbers = [name for process in both for name in process.communicate(timeout=60)[0].split()]

    assert sorted(numbers) == [f"{i:03d}" for i in range(1, 41)]


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("kept")

    with pytest.raises(
        RunError, match=r"is there already and not empty; a Run is never overwritten\. Give another --out"
    ):
        Run.create(tmp_path, task="classify", seed=0)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_in_the_folders_place_is_refused(tmp_path):
    (tmp_path / "run").write_text("kept")

    with pytest.raises(RunError, match="is there already and not empty"):
        Run.create(tmp_path / "run", task="classify", seed=0)
    with pytest.raises(RunError, match=r"run/below cannot be made: Not a directory\. Give another --out"):
        Run.create(tmp_path / "run" / "below", task="classify", seed=0)


def test_an_empty_folder_is_taken(tmp_path):
    assert Run.create(tmp_path, task="classify", seed=3).about["status"] == "running"


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"is no Run: it holds no run\.json"):
        Run.open(tmp_path)


def test_another_format_is_refused(copied):
    copied.update(format=99)

    with pytest.raises(RunError, match=r"is a Run of format 99, this boda reads 1\. Train it again"):
        Run.open(copied.path)


@pytest.mark.parametrize("text", ["{", "[]", "\xff"])
def test_a_damaged_run_json_is_refused_with_its_name(text, copied):
    (copied.path / "run.json").write_bytes(text.encode("latin-1"))

    with pytest.raises(RunError, match=r"run\.json cannot be read"):
        Run.open(copied.path)


def test_an_incomplete_run_opens_but_does_not_predict(tmp_path):
    run = create(tmp_path)

    assert Run.open(run.path) == run
    with pytest.raises(
        RunError, match=r"was not finished \(status: running\)\. Train again; what was computed is kept"
    ):
        Run.open(run.path, complete=True)


def test_a_file_that_is_not_there_yet_is_named(tmp_path):
    with pytest.raises(RunError, match=r"has no metrics\.json; the training that made it did not get so far"):
        _ = create(tmp_path).metrics


@pytest.mark.parametrize("name", ["model/network.xml", "model/network.bin", "model/head.npz", "calibration.json"])
def test_an_altered_model_is_refused_with_the_files_name(name, copied):
    file = copied.path / name
    file.write_bytes(file.read_bytes()[:-1] + b"!")

    with pytest.raises(RunError, match=rf"{name} is not what the training wrote \(its SHA-256 differs\)\. Train again"):
        Model.load(copied)


def test_a_run_without_hashes_is_refused(copied):
    about = copied.about
    del about["files"]
    copied.write_json("run.json", about)

    with pytest.raises(RunError, match=r"is not what the training wrote"):
        Model.load(copied)


@pytest.mark.parametrize("entry", [{"view": None}, {"view": {"size": 8, "odd": 1}}, {"classes": None}])
def test_an_altered_description_is_refused_without_a_traceback(entry, copied):
    copied.update(**entry)

    with pytest.raises(RunError, match="was altered: its description does not fit"):
        Model.load(copied)


@pytest.mark.parametrize("temperature", [0, -1])
def test_a_temperature_that_is_none_is_refused(temperature, copied):
    copied.write_json("calibration.json", {**copied.read_json("calibration.json"), "temperature": temperature})
    copied.finish()

    with pytest.raises(RunError, match="temperature"):
        Model.load(copied)


def test_a_model_file_that_is_gone_is_named(copied):
    (copied.path / "model" / "network.bin").unlink()

    with pytest.raises(RunError, match=r"network\.bin cannot be read: No such file"):
        Model.load(copied)


def test_nan_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Out of range float values"):
        create(tmp_path).write_json("metrics.json", {"val": {"accuracy": float("nan")}})


def test_finish_lists_every_file_with_its_digest(trained):
    files = {p.relative_to(trained.path).as_posix() for p in trained.path.rglob("*") if p.is_file()}

    assert set(trained.about["files"]) == files - {"run.json"}
    assert trained.about["status"] == "complete"


def test_runs_are_listed_by_number_and_what_is_none_is_left_out(tmp_path):
    for name in ("10", "9", "named"):
        Run.create(tmp_path / name, task="classify", seed=0)
    (tmp_path / "other").mkdir()

    assert [run.path.name for run in list_runs(tmp_path)] == ["named", "9", "10"]
    assert list_runs(tmp_path / "nowhere") == []


def test_a_notebook_shows_the_accuracy_and_escapes_names(trained, tmp_path):
    unfinished = Run.create(tmp_path / "<b>", task="classify", seed=0)

    assert f"accuracy <b>{trained.metrics['val']['accuracy']:.3f}</b>" in trained._repr_html_()
    assert "&lt;b&gt;: running" in unfinished._repr_html_()


def test_run_json_is_plain_json(trained):
    about = json.loads((trained.path / "run.json").read_text("utf-8"))

    assert about["classes"] == ["berry", "leaf", "water"]
    assert about["backbone"]["name"] == "efficientnet_lite0"
