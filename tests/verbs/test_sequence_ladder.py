"""`ladder` for sequences: what it leaves, what it never touches, and how it goes on after it was stopped."""

import hashlib
import re

import pytest

import boda
from boda.errors import DataError, RecipeError
from boda.recipe.sequence import SequenceRecipe
from boda.training.executor import Processes
from tiny_sequences import READING, SMALL


class Stopping:
    """Processes that are interrupted when the first of them has ended."""

    def map(self, jobs):
        yield next(iter(Processes(1).map(jobs)))
        raise KeyboardInterrupt


def cells_of(folder):
    return {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("cells/*.npz"))}


def climb(kind, data, out, **more):
    return boda.ladder(data, out=out, folds=2, reading=READING.get(kind), **{**SMALL[kind], **more})


@pytest.fixture(scope="module")
def climbed(tmp_path_factory, sequence_data):
    """A ladder of names that was stopped after its base, and went on; and its cells when it was stopped."""
    out = tmp_path_factory.mktemp("ladder") / "run"
    with pytest.raises(KeyboardInterrupt):
        climb("classify", sequence_data("classify"), out, rungs="rnn", executor=Stopping())
    kept = cells_of(out)
    return boda.ladder(resume=out), kept


@pytest.mark.slow
def test_a_ladder_goes_on_without_doing_anything_twice(climbed):
    run, kept = climbed

    assert len(kept) == 2
    assert kept.items() <= cells_of(run.path).items()
    assert run.about["status"] == "complete"


@pytest.mark.slow
def test_every_rung_but_the_base_has_a_verdict(climbed):
    found = climbed[0].read_json("ladder.json")
    base, other = found["rungs"]

    assert (found["kind"], found["unit"], base["name"], base["cells"]) == ("sequences", "sequence", "base", 2)
    assert other["verdict"] in {"helps", "hurts", "no difference shown"}
    assert other["interval"][0] <= other["difference"] <= other["interval"][1]


@pytest.mark.slow
def test_rungs_learn_from_the_training_part_alone(climbed):
    run = climbed[0]

    assert sorted(run.read_json("sequences.json")["dataset"]["names"]) == run.read_json("split.json")["parts"]["train"]


@pytest.mark.slow
def test_the_held_out_part_is_asked_by_the_winner_alone_and_its_recipe_is_best_toml(climbed):
    run = climbed[0]
    winner, trained = run.read_json("ladder.json")["winner"], boda.Run.open(run.path / "winner", complete=True)

    assert winner["held_out"]["accuracy"] == trained.metrics["val"]["accuracy"]
    assert trained.read_json("split.json") == run.read_json("split.json")
    assert SequenceRecipe.read(run.path / "best.toml") == SequenceRecipe.read(trained.path / "recipe.toml")


@pytest.mark.slow
def test_the_page_speaks_of_sequences(climbed):
    page = (climbed[0].path / "ladder.html").read_text("utf-8")

    assert "training sequences" in page
    assert not re.search(r"\bpictures?\b", re.sub(r"<(style|script|svg).*?</\1>", "", page, flags=re.DOTALL))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "key"), [("language", "nll"), ("pairs", "accuracy"), ("forecast", "mae")])
def test_other_tasks_have_a_score_of_their_own(tmp_path, sequence_data, kind, key):
    run = climb(kind, sequence_data(kind), tmp_path / "run", rungs="narrower")
    found = run.read_json("ladder.json")

    assert [one["status"] for one in found["rungs"]] == ["done", "done"]
    assert all(one[key] is not None for one in found["rungs"])
    assert found["winner"]["held_out"][key] is not None


def test_a_rung_that_does_not_fit_the_task_is_not_known(tmp_path, sequence_data):
    with pytest.raises(RecipeError, match=r"There is no rung bptt-16"):
        climb("classify", sequence_data("classify"), tmp_path / "run", rungs="bptt-16")
    assert not (tmp_path / "run").exists()


def test_what_is_of_pictures_is_refused(tmp_path, sequence_data):
    with pytest.raises(RecipeError, match=r"backbone is for pictures"):
        climb("classify", sequence_data("classify"), tmp_path / "run", backbone="mobilenet_v2")


def test_too_short_series_are_refused_before_a_folder_is_made(tmp_path, sequence_data):
    with pytest.raises(DataError, match=r"Give longer"):
        climb("forecast", sequence_data("forecast"), tmp_path / "run", horizon=400)
    assert not (tmp_path / "run").exists()
