"""The ladder under way: the order of rungs, what the time allows, and what becomes of those that fail."""

import json
import time

import numpy as np
import pytest
from PIL import Image

import boda
from boda.errors import DataError, RunError
from boda.recipe import Recipe
from boda.sample import Sample
from boda.training.cells import Cell, write_cell
from boda.training.executor import Ended
from boda.training.ladder import Ladder, Settings
from boda.training.ladder_pictures import LadderPictures
from boda.training.rung import Job
from boda.training.rung_table import standard
from boda.training.rungs import chosen
from boda.training.standings import standings, winner_of


class Fake:
    """An executor that runs nothing: each rung answers with a share of errors, in so many seconds, or dies."""

    def __init__(self, folder, pictures, seconds=None, errors=None, dies=()):
        self.folder, self.pictures, self.seconds, self.errors, self.dies = folder, pictures, seconds or {}, errors, dies
        self.order, self.threads = [], {}

    def map(self, jobs):
        for work in jobs:
            if work is None:
                continue
            self.order.append(work.name)
            self.threads[work.name] = work.threads
            if work.name in self.dies:
                yield Ended(work, "killed", 0.0)
                continue
            self._answer(work)
            yield Ended(work, None, 1.0)

    def _answer(self, work):
        job = json.loads((self.folder / "rungs" / work.name / "job.json").read_text("utf-8"))
        share = (self.errors or {}).get(work.name, 0.3)
        for repeat, fold in job["cells"]:
            unseen = self.pictures.cell(repeat, fold)[1]
            truth = self.pictures.targets[unseen]
            said = np.where(unseen % 100 < 100 * share, 1 - truth, truth)
            write_cell(
                self.folder / "rungs" / work.name / "cells",
                Cell(repeat, fold, unseen, np.eye(2, dtype=np.float32)[said][None] * 2, 1.0, []),
            )
        state = {"name": work.name, "status": "done", "seconds": self.seconds.get(work.name, 1.0), "cpu_seconds": 1.0}
        state |= {"peak_mb": 1, "cells": len(job["cells"]), "reason": None}
        (self.folder / "rungs" / work.name / "rung.json").write_text(json.dumps(state), "utf-8")


@pytest.fixture
def pictures(tmp_path):
    samples = [Sample(f"{i}.png", tmp_path / f"{i}.png") for i in range(200)]
    targets = np.arange(200) // 100
    return LadderPictures.dealt(
        samples, [""] * 200, targets, np.arange(200), classes=2, count=4, repeats=2, seed=0
    )  # fmt: skip


@pytest.fixture
def ladder(tmp_path, pictures):
    def make(names, **settings):
        rungs = chosen(standard(Recipe(), pictures.targets, 2), names)
        return Ladder(tmp_path, Recipe(), rungs, pictures, Settings(**settings))

    return make


def climb(some, **fake):
    executor = Fake(some.folder, some.pictures, **fake)
    list(some.climb(executor))
    return executor


def find(some, name):
    return some.state(next(rung for rung in some.rungs if rung.name == name))


def test_the_base_comes_first_and_alone_then_the_cheap_ones_then_the_costly(ladder):
    executor = climb(ladder(["all", "scratch", "dropout", "last-1"]))

    assert executor.order[:2] == ["head", "dropout"]
    assert set(executor.order[2:4]) == {"last-1", "all"}
    assert executor.order[4] == "scratch"
    assert executor.threads["dropout"] == 1


def test_costly_rungs_have_fewer_repeats(ladder):
    some = ladder(["last-1"], repeats=2, costly_repeats=1)
    climb(some)

    assert find(some, "head")["cells"] == 8
    assert find(some, "last-1")["cells"] == 4


def test_what_does_not_fit_is_left_out_with_its_estimate(ladder):
    some = ladder(["dropout", "scratch"], deadline=time.time() + 60)

    executor = climb(some)
    state = find(some, "scratch")

    assert executor.order == ["head", "dropout"]
    assert state["status"] == "left out"
    assert state["estimate_seconds"] > 60
    assert "were left" in state["reason"]


def test_after_the_deadline_nothing_but_the_base_begins(ladder):
    assert climb(ladder(["dropout"], deadline=time.time() - 1)).order == ["head"]


def test_what_a_rung_took_corrects_the_estimate_of_its_kind(ladder):
    some = ladder(["dropout", "focal", "last-1"])
    dropout, focal, last = (
        next(rung for rung in some.rungs if rung.name == name) for name in ("dropout", "focal", "last-1")
    )
    before, costly = some.estimate(focal), some.estimate(last)
    Fake(some.folder, some.pictures, seconds={"dropout": 10 * some.estimate(dropout)})._answer(some._work(dropout))

    assert some.estimate(focal) == pytest.approx(10 * before)
    assert some.estimate(last) == pytest.approx(3 * costly)  # another kind tells less, so it moves it less


def test_rungs_with_features_of_their_own_correct_no_others(ladder):
    some = ladder(["larger", "augment", "smoothing"])
    by_name = {rung.name: rung for rung in some.rungs}
    before = some.estimate(by_name["augment"])
    took = {"smoothing": 2 * some.estimate(by_name["smoothing"]), "larger": 5 * some.estimate(by_name["larger"])}
    for name in took:
        Fake(some.folder, some.pictures, seconds=took)._answer(some._work(by_name[name]))

    assert some.estimate(by_name["augment"]) == pytest.approx(5 * before)


@pytest.mark.parametrize(("name", "deadline"), [("head", None), ("dropout", 9e9), ("last-1", 9e9)])
def test_every_rung_but_the_base_has_the_deadline(ladder, name, deadline):
    some = ladder(["dropout", "last-1"], deadline=9e9)
    climb(some)

    assert Job.read(some.folder / "rungs" / name / "job.json").deadline == deadline


def test_a_rung_that_has_begun_is_estimated_by_what_its_folds_took(ladder):
    some = ladder(["last-1"])
    for fold in range(2):
        cell = Cell(0, fold, np.arange(2), np.zeros((1, 2, 2), np.float32), 20.0 + fold, [])
        write_cell(some.folder / "rungs" / "last-1" / "cells", cell)

    assert some.estimate(some.rungs[1]) == 2 * 20


def test_a_rung_whose_process_died_fails_and_the_others_go_on(ladder):
    some = ladder(["dropout", "focal"])

    executor = climb(some, dies=["dropout"])

    assert find(some, "dropout")["status"] == "failed"
    assert find(some, "dropout")["reason"] == "killed"
    assert find(some, "focal")["status"] == "done"
    assert executor.order.count("dropout") == 1


def test_without_its_base_a_ladder_is_not_climbed(ladder):
    assert climb(ladder(["dropout"]), dies=["head"]).order == ["head"]


def test_a_ladder_goes_on_with_what_has_not_ended(ladder):
    climb(ladder(["dropout"]))

    assert climb(ladder(["dropout", "focal"])).order == ["focal"]


def test_a_failed_rung_is_not_tried_twice_in_one_call(ladder):
    some = ladder(["dropout"])
    climb(some, dies=["dropout"])

    assert climb(some).order == []


def test_a_rung_that_ran_out_of_time_goes_on_in_the_next_call(ladder):
    climb(ladder(["last-1"]))
    path = ladder(["last-1"]).folder / "rungs" / "last-1" / "rung.json"
    path.write_text(json.dumps({"status": "stopped early", "cells": 1, "seconds": 1.0, "goes_on": True}), "utf-8")

    assert climb(ladder(["last-1"])).order == ["last-1"]


def test_no_verdict_is_given_while_a_ladder_runs(ladder):
    some = ladder(["dropout"])
    climb(some)

    assert not any("verdict" in one for one in standings(some, final=False))


def test_a_planted_gain_helps_and_a_planted_loss_hurts(ladder):
    some = ladder(["dropout", "focal", "ema"])
    climb(some, errors={"head": 0.3, "dropout": 0.1, "focal": 0.5, "ema": 0.3})

    base, *rungs = standings(some, final=True)
    found = {one["name"]: one for one in rungs}

    assert "verdict" not in base
    assert base["accuracy"] == pytest.approx(0.7)
    assert found["dropout"]["verdict"] == "helps"
    assert found["dropout"]["difference"] == pytest.approx(0.2)
    assert found["focal"]["verdict"] == "hurts"
    assert found["ema"]["verdict"] == "no difference shown"
    assert found["ema"]["difference"] == 0
    assert found["dropout"]["log_loss_difference"] < 0


def test_a_fold_tells_its_accuracy_and_its_pictures(ladder):
    some = ladder(["dropout"])
    climb(some)

    folds = standings(some, final=True)[0]["folds"]

    assert [(fold["repeat"], fold["fold"]) for fold in folds] == [(r, f) for r in range(2) for f in range(4)]
    assert sum(fold["n"] for fold in folds) == 400
    assert sum(fold["n"] * fold["accuracy"] for fold in folds) == pytest.approx(0.7 * 400)


def test_standings_are_json(ladder):
    some = ladder(["dropout", "scratch"], deadline=time.time() + 60)
    climb(some)

    assert json.loads(json.dumps(standings(some, final=True), allow_nan=False))


def test_the_winner_is_the_most_accurate_of_those_that_help():
    base = {"name": "head", "status": "done", "accuracy": 0.8, "log_loss": 0.4}
    good = {"name": "a", "status": "done", "accuracy": 0.85, "log_loss": 0.3, "verdict": "helps"}
    good |= {"difference": 0.05, "log_loss_difference": -0.1}
    better = {**good, "name": "b", "log_loss": 0.2, "log_loss_difference": -0.2}
    lucky = {**good, "name": "c", "accuracy": 0.9, "difference": 0.1, "verdict": "no difference shown"}

    assert winner_of([base, good, better, lucky])["name"] == "b"
    assert winner_of([base, lucky])["name"] == "head"


@pytest.fixture
def begun(tmp_path, make_photos, monkeypatch):
    """A ladder on its own pictures, begun with a relative path and stopped; and the deadlines of its climbs."""
    deadlines = []

    class Stopped:
        def climb(self, _):
            raise KeyboardInterrupt

    def of(*given):
        deadlines.append(given[2])
        return Stopped()

    monkeypatch.setattr("boda.verbs.ladder.Climb.of", of)
    monkeypatch.chdir(tmp_path)
    make_photos(tmp_path / "photos", count=4)

    def begin(**options):
        with pytest.raises(KeyboardInterrupt):
            boda.ladder("photos", out="run", **{"rungs": "dropout,last-1", "folds": 2, **options})
        return boda.Run.open("run")

    return begin, deadlines


def test_a_ladder_that_goes_on_has_the_time_that_was_left(begun):
    begin, deadlines = begun
    begin(minutes=2).write_json("ladder.json", {"seconds": 90.0})

    with pytest.raises(KeyboardInterrupt):
        boda.ladder(resume="run")

    assert deadlines[-1] == pytest.approx(time.time() + 30, abs=20)
    assert boda.Run.open("run").about["minutes"] == 2


def test_a_ladder_goes_on_only_where_its_pictures_are(begun, tmp_path, monkeypatch):
    run = begun[0]()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    with pytest.raises(RunError, match=r"photos, on which .*run was begun, is not here"):
        boda.ladder(resume=tmp_path / run.path)


def test_a_ladder_does_not_go_on_with_other_pictures(begun, picture):
    begun[0]()
    Image.fromarray(picture("leaf", 99)).save("photos/leaf/0.png")

    with pytest.raises(DataError, match="are not those that run began with"):
        boda.ladder(resume="run")


def test_settings_of_stages_are_in_the_plan_of_what_thaws(begun):
    plan = begun[0](stage_epochs=4).read_json("plan.json")

    assert [rung["change"].get("stage.epochs") for rung in plan["rungs"]] == [None, None, 4]


def test_a_base_with_stages_is_said_to_be_its_head_alone(begun, capsys):
    run = begun[0](stages="head,last-3")

    assert "A ladder's base is its head alone: of stages=head,last-3" in capsys.readouterr().err
    assert Recipe.read(run.path / "recipe.toml").stage_names == ("head",)


@pytest.mark.parametrize(
    ("given", "named"),
    [(["--rungs", "dropout"], "--rungs"), (["--folds", "5"], "--folds"), (["--set", "size=160"], "--set")],
)
def test_a_ladder_that_goes_on_takes_no_other_settings(command, tmp_path, given, named):
    code, _, err = command("ladder", "--resume", tmp_path, *given)

    assert code == 2
    assert f"--resume goes on with the ladder's own settings; leave out {named}" in err
