"""`ladder`: what it leaves, what it never touches, and how it goes on after it was stopped."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

import boda
from boda.errors import RecipeError, RunError
from boda.training.executor import Processes
from boda.verbs import climb

FEW = {"rungs": "as-is,smoothing", "folds": 2, "repeats": 1}


class Stopping:
    """Processes that are interrupted when the first of them has ended."""

    def map(self, jobs):
        yield next(iter(Processes(1).map(jobs)))
        raise KeyboardInterrupt


def tree(folder):
    return {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def climbed(tmp_path_factory, photos):
    """One ladder on `photos`, for tests that only read it."""
    before = tree(photos)
    run = boda.ladder(photos, out=tmp_path_factory.mktemp("ladder") / "run", **FEW)
    assert tree(photos) == before
    return run


def test_a_ladder_is_a_run_of_its_own_task(climbed):
    about = boda.Run.open(climbed.path, complete=True).about

    assert about["task"] == "ladder"
    assert about["classes"] == ["berry", "leaf", "water"]


def test_every_rung_has_figures_and_all_but_the_base_a_verdict(climbed):
    base, *others = climbed.read_json("ladder.json")["rungs"]

    assert base["name"] == "head"
    assert base["cells"] == 2
    assert {one["status"] for one in (base, *others)} == {"done"}
    assert all(one["interval"][0] <= one["difference"] <= one["interval"][1] for one in others)
    assert all(one["verdict"] in {"helps", "hurts", "no difference shown"} for one in others)


def test_rungs_learn_from_the_training_part_alone(climbed):
    split = climbed.read_json("split.json")["parts"]

    assert sorted(climbed.read_json("pictures.json")["names"]) == split["train"]


def test_the_held_out_part_is_that_of_the_winners_run_and_has_the_ladders_split(climbed):
    winner = climbed.read_json("ladder.json")["winner"]
    run = boda.Run.open(climbed.path / winner["run"], complete=True)

    assert run.read_json("split.json") == climbed.read_json("split.json")
    assert winner["held_out"]["n"] == len(climbed.read_json("split.json")["parts"]["val"])
    assert winner["held_out"]["accuracy"] == run.metrics["val"]["accuracy"]


def test_the_winner_tells_which_stages_its_training_kept(climbed):
    run = boda.Run.open(climbed.path / "winner")

    assert climbed.read_json("ladder.json")["winner"]["stages"] == run.metrics.get("stages", [])


def test_the_ladder_tells_how_its_pictures_were_read(climbed):
    found = climbed.read_json("ladder.json")

    assert (found["in_memory"], found["reading"], found["on_bad"]) == (False, {}, "skip")


BASE = {"name": "head", "status": "done"}
BETTER = {"name": "a", "verdict": "helps", "difference": 0.034, "log_loss_difference": -0.05}


@pytest.mark.parametrize(
    ("best", "others", "said"),
    [
        ({**BETTER, "shown_in": ["accuracy"]}, [], r"gains most .*: accuracy \+0\.034, against the base on the same"),
        ({**BETTER, "shown_in": ["log_loss"]}, [], r"-0\.050 in log loss, accuracy \+0\.034 \(not shown\), against"),
        (BASE, [], r"No rung was shown to help"),
        (BASE, [BETTER], r"help by log loss alone, and their accuracy lies below the base's, so the base stays"),
    ],
)
def test_why_the_winner_won_is_told_by_what_shows_it(best, others, said):
    assert re.search(said, climb._why(best, [best, *others]))


def test_best_toml_is_the_winners_recipe(climbed):
    best = boda.Recipe.read(climbed.path / "best.toml")

    assert best == boda.Recipe.read(climbed.path / "winner" / "recipe.toml")


def test_the_page_is_drawn(climbed):
    assert (climbed.path / "ladder.html").is_file()


def test_runs_lists_a_ladder_without_stumbling(climbed, command):
    code, out, _ = command("runs", climbed.path.parent, "--json")

    assert code == 0
    assert json.loads(out)[0]["accuracy"] is None


def test_a_ladder_that_was_stopped_goes_on_without_doing_anything_twice(tmp_path, photos):
    with pytest.raises(KeyboardInterrupt):
        boda.ladder(photos, out=tmp_path / "run", executor=Stopping(), **{**FEW, "rungs": "as-is"})
    done = tree(tmp_path / "run" / "rungs" / "head" / "cells")
    status = boda.Run.open(tmp_path / "run").about["status"]

    run = boda.ladder(resume=tmp_path / "run")

    assert status == "interrupted"
    assert len(done) == 2
    assert tree(run.path / "rungs" / "head" / "cells") == done
    assert [one["status"] for one in run.read_json("ladder.json")["rungs"]] == ["done", "done"]


def test_a_ladder_that_is_complete_is_not_resumed(climbed):
    with pytest.raises(RunError, match=r"was finished; there is nothing to resume"):
        boda.ladder(resume=climbed)


def test_a_run_that_is_no_ladder_is_not_resumed(trained):
    with pytest.raises(RunError, match=r"is no ladder, so there is nothing to resume"):
        boda.ladder(resume=trained)


def test_a_rung_that_is_not_there_is_refused_before_a_folder_is_made(tmp_path, photos):
    with pytest.raises(RecipeError, match=r"There is no rung dropuot"):
        boda.ladder(photos, out=tmp_path / "run", rungs="dropuot")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("name", "value"), [("folds", 1), ("repeats", 0), ("seed", -1), ("minutes", 0)])
def test_numbers_out_of_range_are_refused_by_name(photos, name, value):
    with pytest.raises(RecipeError, match=f"{name} must be .* Received: {name}={value}"):
        boda.ladder(photos, **{name: value})


def test_a_ladder_is_not_written_into_the_pictures(photos):
    with pytest.raises(RunError, match=r"lies within the pictures' folder"):
        boda.ladder(photos, out=photos / "ladder")


def test_the_command_wants_data_or_a_ladder_that_goes_on(command):
    code, _, err = command("ladder")

    assert code == 2
    assert "Give DATA to begin a ladder, or --resume LADDER" in err


LIGHT = """
import sys, boda
from boda.verbs import climb
heavy = ("keras", "tensorflow", "openvino")
climb.Climb._finish = lambda self, found: print(*[name for name in heavy if name in sys.modules])
boda.ladder(sys.argv[1], out="run", rungs="as-is", folds=2, repeats=1)
"""

TERMINABLE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from boda.cli.app import main
sys.argv = ["boda", *sys.argv[1:]]
main()
"""


def children_of(pid):
    table = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, check=True, text=True).stdout
    return [int(child) for child, parent in map(str.split, table.splitlines()) if int(parent) == pid]


@pytest.mark.slow
def test_the_parent_loads_no_library_that_trains(python, photos):
    """What rungs take is theirs alone, so that the number of rungs moves no peak of memory."""
    assert python(LIGHT, photos).stdout.decode().strip() == ""


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_children_too(tmp_path, photos, number, code):
    arguments = [photos, "--out", tmp_path / "run", "--rungs", "dropout", "--folds", "4", "--repeats", "9"]
    parent = subprocess.Popen([sys.executable, "-c", TERMINABLE, "ladder", *map(str, arguments)], env=dict(os.environ))
    cells = tmp_path / "run" / "rungs" / "dropout" / "cells"
    deadline = time.monotonic() + 120
    while not (cells.is_dir() and list(cells.glob("*.npz"))) and time.monotonic() < deadline:
        time.sleep(0.05)
    children = children_of(parent.pid)

    parent.send_signal(number)

    assert parent.wait(60) == code
    assert children
    assert not [pid for pid in children if os.path.exists(f"/proc/{pid}")]  # noqa: PTH110 - of no use as a Path
    assert boda.Run.open(tmp_path / "run").about["status"] == "interrupted"
