"""The commands beside predict on sequences: train, look, report, runs, and those that know pictures alone."""

import json
import shutil

import pytest

import boda
from boda.reports.text import COLUMNS, runs_table
from tiny_sequences import WRITERS, write_lengths

QUICK = ("classify", "forecast")  # the other pages are drawn in the slow tests
SOME = [kind if kind in QUICK else pytest.param(kind, marks=pytest.mark.slow) for kind in WRITERS]


@pytest.fixture
def lengths(tmp_path):
    return write_lengths(tmp_path / "lengths.csv")


def test_train_takes_task_reader_and_recipe_and_ends_with_a_summary(command, lengths, tmp_path):
    code, out, _ = command(
        *("train", lengths, "--out", tmp_path / "run", "--task", "regress", "--read", "label-column=letters"),
        *("--set", "units=8", "--set", "epochs=1", "--set", "cell=rnn"),
    )
    run = boda.Run(tmp_path / "run")

    assert code == 0
    assert run.about["reading"] == {"task": "regress", "label_column": "letters"}
    assert 'cell = "rnn"' in (run.path / "recipe.toml").read_text()
    assert "always the mean" in out
    assert "report.html" in out.replace("\n", "")
    assert run.has("report.html")
    assert (run.path / "figures").is_dir()


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--read", "label_column"], 2, "expected NAME=VALUE, such as text_column=review. Received: label_column"),
        (["--read", "label_colum=x"], 1, "has no option 'label_colum'. Did you mean 'label_column'?"),
        (["--set", "unitz=8"], 1, "A recipe of sequences has no entry unitz. Did you mean units?"),
        (["--stages", "head"], 1, "stages is for pictures, and the data holds sequences"),
        (["--augment", "strong"], 1, "augment is for pictures"),
        (["--split", "every-5th", "--fold", "1"], 1, "fold is for pictures"),
        (["--task", "locate"], 1, "task"),
    ],
)
def test_a_wrong_call_of_train_says_what_is_wrong(args, code, said, command, lengths, tmp_path):
    found, out, err = command("train", lengths, "--out", tmp_path / "run", *args)

    assert (found, out) == (code, "")
    assert said in err
    assert not (tmp_path / "run").exists()


def test_resume_takes_no_reader_beside_it(command, sequence_run):
    code, _, err = command("train", "--resume", sequence_run("classify").path, "--read", "tokens=words")

    assert code == 2
    assert "leave out --read" in err


@pytest.mark.parametrize("kind", WRITERS)
def test_look_prints_what_there_is_and_where_its_page_is(kind, command, sequence_data, tmp_path):
    task = ("--task", "regress", "--label-column", "letters") if kind == "regress" else ()
    code, out, err = command("look", sequence_data(kind), "--out", tmp_path / "look", *task)

    assert (code, err) == (0, "")
    assert f"page   {tmp_path / 'look' / 'look.html'}" in out


def test_look_as_json_is_what_it_stored(command, sequence_data, tmp_path):
    _, out, _ = command("look", sequence_data("lines"), "--out", tmp_path / "look", "--task", "language", "--json")

    assert json.loads(out) == json.loads((tmp_path / "look" / "look.json").read_text("utf-8"))
    assert json.loads(out)["task"] == "language"


@pytest.mark.parametrize("kind", SOME)
def test_report_draws_the_page_of_a_run_again(kind, command, sequence_run, tmp_path):
    run = boda.Run(shutil.copytree(sequence_run(kind).path, tmp_path / "run"))
    code, out, _ = command("report", run.path)
    page = (run.path / "report.html").read_text("utf-8")

    assert (code, out.strip()) == (0, str(run.path / "report.html"))
    assert page.startswith("<!DOCTYPE html>")
    assert any((run.path / "figures").iterdir())
    assert boda.load(run.path).task == run.about["task"]


@pytest.fixture
def folder(sequence_run, trained, tmp_path):
    """Runs of two tasks of sequences, and one of pictures."""
    for run in (sequence_run("classify"), sequence_run("music"), trained):
        name = run.about["task"] if run.about.get("kind") == "sequences" else "pictures"
        shutil.copytree(run.path, tmp_path / "runs" / name)
    return tmp_path / "runs"


def test_runs_lists_sequences_beside_pictures(command, folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    code, out, err = command("runs", folder)
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}

    assert (code, err) == (0, "")
    assert "gru 8" in lines["classify"]
    assert "macro F1" in lines["classify"]
    assert "nats a step" in lines["music"]
    assert "efficientnet" in lines["pictures"]
    assert "cannot be read" not in out


def test_runs_as_json_has_the_scores_of_each_task(command, folder):
    found = {one["run"].split("/")[-1]: one for one in json.loads(command("runs", folder, "--json")[1])}

    assert found["music"]["nll"] == boda.Run(folder / "music").metrics["val"]["nll"]
    assert found["classify"]["macro_f1"] is not None
    assert found["pictures"]["accuracy"] is not None


def cells_of(run):
    columns = runs_table([run]).columns
    return dict(zip([head for head, *_ in COLUMNS], [str(next(iter(c.cells))) for c in columns], strict=True))


@pytest.mark.parametrize(
    ("kind", "recipe"),
    [("lines", "embedding=4"), ("music", "default"), ("forecast", "context=14 horizon=3 season=7")],
)
def test_the_list_says_what_a_recipe_changes(kind, recipe, sequence_run):
    assert cells_of(sequence_run(kind))["recipe"] == recipe


def test_a_recipe_that_another_boda_wrote_is_said_in_the_list(folder):
    (folder / "music" / "recipe.toml").write_text("unheard_of = 1\n")

    assert cells_of(boda.Run(folder / "music"))["recipe"] == "cannot be read"


@pytest.mark.parametrize("kind", WRITERS)
def test_a_notebook_shows_a_run_with_its_leading_figure(kind, sequence_run):
    shown = sequence_run(kind)._repr_html_()

    assert "validation sequences" in shown
    assert "<b>none</b>" not in shown
    assert ("classes" in shown) == (kind in {"classify", "tag", "lines"})


def test_what_looks_at_pictures_alone_says_so(command, sequence_run, sequence_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = sequence_data("classify")
    asked = {
        "why": (sequence_run("classify").path, "rose.jpg"),
        "find-rate": (names,),
        "convert": (names, "--to", "coco", "--out", tmp_path / "out"),
    }
    for verb, args in asked.items():
        code, out, err = command(verb, *args)

        assert (code, out) == (1, "")
        assert "sequences" in err
        assert len(err.splitlines()) == 1
    assert [*tmp_path.iterdir()] == []
