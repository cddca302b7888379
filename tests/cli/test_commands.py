"""Each command's output: tables for people, JSON and CSV for programs."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys

import pytest
from PIL import Image

import boda
from boda.cli.cells import as_text
from boda.cli.options import parse_setting
from boda.training.cache import FeatureStore


@pytest.fixture
def leaf(unseen):
    return unseen / "leaf" / "100.png"


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.png"
    path.write_text("no picture")
    return path


def boda_process(*args, cwd, stdin=b"", **env):
    start = [sys.executable, "-m", "boda", *map(os.fspath, args)]
    return subprocess.run(
        start, cwd=cwd, input=stdin, env={**os.environ, **env}, capture_output=True, check=False, timeout=120
    )


def test_json_has_the_contracts_keys_in_the_order_of_the_files(command, trained, leaf, broken):
    code, out, _ = command("predict", trained.path, leaf, broken, leaf, "--json")
    first, bad, again = json.loads(out)

    assert code == 0
    assert list(first) == ["path", "label", "confidence", "scores"]
    assert (first["path"], first["label"]) == (str(leaf), "leaf")
    assert set(first["scores"]) == {"berry", "leaf", "water"}
    assert list(bad) == ["path", "error"]
    assert bad["path"] == str(broken)
    assert again == first


def test_files_that_all_fail_exit_1_and_are_still_answered(command, trained, broken, tmp_path):
    code, out, _ = command("predict", trained.path, broken, tmp_path / "nowhere.jpg", "--json")

    assert code == 1
    assert [list(answer) for answer in json.loads(out)] == [["path", "error"]] * 2


def test_names_come_from_standard_input(trained, leaf, tmp_path):
    names = ["with space.png", "é漢🌹.png", "-dash.png"]
    for name in names:
        shutil.copy(leaf, tmp_path / name)
    done = boda_process("predict", trained.path, "-", "--json", cwd=tmp_path, stdin="\n".join([*names, ""]).encode())

    assert done.returncode == 0, done.stderr
    assert [answer["path"] for answer in json.loads(done.stdout)] == names


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere names are text")
@pytest.mark.parametrize("form", ["--json", "--csv", None])
@pytest.mark.parametrize("place", ["standard input", "arguments"])
def test_a_name_that_is_no_utf8_is_answered(form, place, trained, leaf, tmp_path):
    name = b"caf\xe9.png"
    shutil.copy(leaf, os.fsencode(tmp_path) + b"/" + name)
    files, stdin = (["-"], name + b"\n") if place == "standard input" else ([os.fsdecode(name)], b"")
    done = boda_process(
        "predict",
        trained.path,
        *files,
        *([form] if form else []),
        cwd=tmp_path,
        stdin=stdin,
        PYTHONIOENCODING="utf-8:strict",
    )

    assert done.returncode == 0, done.stderr.decode()
    assert b"leaf" in done.stdout
    assert b"Traceback" not in done.stderr


def test_no_names_on_standard_input_are_an_empty_array(trained, tmp_path):
    done = boda_process("predict", trained.path, "-", "--json", cwd=tmp_path)

    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_the_table_shows_answers_confidences_and_what_cannot_be_read(command, trained, leaf, broken):
    code, out, _ = command("predict", trained.path, leaf, broken)

    assert code == 0
    assert "leaf" in out
    assert "not read:" in out


def test_top_says_how_many_classes_the_table_shows(command, trained, leaf):
    one, three = (command("predict", trained.path, leaf, "--top", top)[1] for top in (1, 3))

    assert ("berry" in one, "water" in one) == (False, False)
    assert ("berry" in three, "water" in three) == (True, True)


def test_auto_abstains_below_the_runs_threshold(command, trained, unseen, tmp_path):
    shutil.copytree(trained.path, tmp_path / "run")
    run = boda.Run(tmp_path / "run")
    calibration = run.read_json("calibration.json")
    run.write_json("calibration.json", {**calibration, "abstain": {**calibration["abstain"], "threshold": 1.0}})
    run.finish()
    _, out, _ = command("predict", run.path, unseen, "--min-confidence", "auto", "--json")
    _, table, _ = command("predict", run.path, unseen, "--min-confidence", "auto")

    assert all(answer["abstained"] for answer in json.loads(out))
    assert "not sure (leaf)" in table


def test_csv_has_a_column_a_class_and_a_row_a_file(command, trained, leaf, broken):
    _, out, _ = command("predict", trained.path, leaf, broken, "--csv")
    good, bad = csv.DictReader(io.StringIO(out))

    assert list(good) == ["path", "label", "confidence", "abstained", "error", "berry", "leaf", "water"]
    assert (good["label"], good["abstained"], good["error"]) == ("leaf", "0", "")
    assert float(good["confidence"]) == float(good["leaf"])
    assert (bad["label"], bad["confidence"], bad["leaf"]) == ("", "", "")
    assert bad["error"]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_cells_that_a_table_program_would_run_are_quoted(cell):
    assert as_text(cell) == f"'{cell}"


@pytest.mark.usefixtures("without_report")
def test_a_class_name_that_is_a_formula_is_quoted_in_csv(command, picture, tmp_path):
    formula = '=HYPERLINK("x")'
    for name, tint in ((formula, "leaf"), ("plain", "water")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(4):
            Image.fromarray(picture(tint, i)).save(tmp_path / "photos" / name / f"{i}.png")
    run = boda.train(tmp_path / "photos", out=tmp_path / "run")
    _, out, _ = command("predict", run.path, tmp_path / "photos" / formula, "--csv")
    rows = list(csv.reader(io.StringIO(out)))

    assert rows[0][5] == f"'{formula}"
    assert rows[1][1] == f"'{formula}"


def test_train_prints_its_metrics_as_json(command, photos, tmp_path):
    code, out, _ = command("train", photos, "--out", tmp_path / "run", "--seed", "1", "--json")

    assert code == 0
    assert json.loads(out) == boda.Run(tmp_path / "run").metrics


def test_train_prints_a_summary_with_the_report(command, photos, tmp_path):
    code, out, _ = command("train", photos, "--out", tmp_path / "run", "--set", "head.weight_decay=0.1")

    assert code == 0
    assert "accuracy" in out.lower()
    assert "report.html" in out.replace("\n", "")


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("resize=crop", ("resize", "crop")),
        ("head.hidden=256", ("head_hidden", 256)),
        ("head.hidden=[256, 64]", ("head_hidden", [256, 64])),
        ("head.batch-norm=true", ("head_batch_norm", True)),
        ("validation_split = 0.3", ("validation_split", 0.3)),
        ("weights=a=b.h5", ("weights", "a=b.h5")),
    ],
)
def test_settings_are_toml_or_plain_words(text, parsed):
    assert parse_setting(text) == parsed


def test_a_setting_of_boxes_is_one():
    assert parse_setting("boxes.channels=96") == ("boxes_channels", 96)


def test_a_setting_of_one_width_is_a_hidden_layer(command, tmp_path):
    """The recipe passes, and the training gets as far as the data, which is not there."""
    code, _, err = command("train", tmp_path / "nowhere", "--set", "head.hidden=256")

    assert code == 1
    assert "nowhere" in err


def test_runs_are_listed_as_a_table_and_as_json(command, trained):
    _, out, _ = command("runs", trained.path.parent, "--json")
    _, table, _ = command("runs", trained.path.parent)
    assert trained.path.name in table
    (row,) = json.loads(out)

    assert (row["run"], row["status"], row["n"]) == (str(trained.path), "complete", 6)
    assert row["accuracy"] == trained.metrics["val"]["accuracy"]


def test_unfinished_runs_are_listed_and_damaged_ones_are_left_out_with_a_remark(command, trained, tmp_path):
    shutil.copytree(trained.path, tmp_path / "003")
    boda.Run.create(tmp_path / "001", task="classify", seed=0)
    boda.Run.create(tmp_path / "002", task="classify", seed=0).write_text("run.json", "{")
    code, out, err = command("runs", tmp_path, "--json")

    assert code == 0
    assert [row["status"] for row in json.loads(out)] == ["running", "complete"]
    assert "Left out: " in err
    assert command("runs", tmp_path)[0] == 0


def test_no_runs_say_how_to_make_one(command, tmp_path):
    code, out, _ = command("runs", tmp_path)

    assert code == 0
    assert "`boda train PHOTOS` makes one" in out
    assert json.loads(command("runs", tmp_path, "--json")[1]) == []


def test_a_report_is_drawn_again(command, trained, tmp_path):
    shutil.copytree(trained.path, tmp_path / "run")
    (tmp_path / "run" / "report.html").unlink()
    code, out, _ = command("report", tmp_path / "run")

    assert code == 0
    assert out == f"{tmp_path / 'run' / 'report.html'}\n"
    assert (tmp_path / "run" / "report.html").is_file()


def test_a_report_of_a_training_that_did_not_get_so_far_is_refused(command, tmp_path):
    boda.Run.create(tmp_path / "run", task="classify", seed=0)
    code, _, err = command("report", tmp_path / "run")

    assert code == 1
    assert "the training that made it did not get so far" in err


def test_the_cache_is_shown_and_cleared(command, monkeypatch, tmp_path):
    monkeypatch.setenv("BODA_CACHE", str(tmp_path / "cache"))
    FeatureStore.default().put([("a", [1.0, 2.0])])
    _, out, _ = command("cache", "--json")
    _, text, _ = command("cache")
    _, cleared, _ = command("cache", "--clear", "--json")

    assert json.loads(out)["vectors"] == 1
    assert json.loads(out)["folder"] == str(tmp_path / "cache")
    assert "1 feature vectors" in text
    assert (json.loads(cleared)["vectors"], json.loads(cleared)["bytes"]) == (0, 0)


@pytest.mark.parametrize(
    "args", [["predict", "RUN", "PICTURE"], ["runs", "RUNS"], ["--help"]], ids=lambda args: args[0]
)
def test_no_color_leaves_no_escape_codes(args, trained, leaf, tmp_path):
    places = {"RUN": trained.path, "RUNS": trained.path.parent, "PICTURE": leaf}
    done = boda_process(
        *(places.get(arg, arg) for arg in args), cwd=tmp_path, NO_COLOR="1", FORCE_COLOR="", TERM="xterm-256color"
    )

    assert done.returncode == 0
    assert b"\x1b" not in done.stdout + done.stderr


def test_an_altered_run_spoils_neither_the_list_nor_ends_in_a_traceback(command, trained, tmp_path):
    for name in ("001", "002"):
        shutil.copytree(trained.path, tmp_path / name)
    boda.Run(tmp_path / "002").write_json("metrics.json", {"val": 3})
    code, table, said = command("runs", tmp_path)
    failed, _, why = command("report", tmp_path / "002")

    assert code == 0
    assert "001" in table
    assert "002 was altered" in said
    assert failed == 1
    assert "002 was altered: its files do not fit" in why


@pytest.mark.skipif(sys.platform == "win32", reason="no such names there")
def test_a_name_cannot_steer_the_terminal(command, trained, leaf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a long path would be broken over lines
    name = type(tmp_path)("\x1b[31mred.png")
    shutil.copy(leaf, name)
    _, out, _ = command("predict", trained.path, name)

    assert "\x1b" not in out
    assert "\\x1b" in out
