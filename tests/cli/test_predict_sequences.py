import csv
import io
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from tiny_sequences import write_series


def test_the_table_has_a_line_a_text(command, sequence_run):
    code, out, err = command("predict", sequence_run("classify").path, "--text", "Kimho", "--text", "Bergmann")
    lines = out.splitlines()

    assert (code, err) == (0, "")
    assert lines[0].split() == ["text", "answer", "confidence", "then"]
    assert [line.split()[0] for line in lines[1:]] == ["Kimho", "Bergmann"]


def test_json_is_an_object_a_text(command, sequence_run):
    _, out, _ = command("predict", sequence_run("classify").path, "--text", "Kimho", "--text", "", "--json")
    good, bad = json.loads(out)

    assert list(good) == ["text", "label", "confidence", "scores"]
    assert set(good["scores"]) == {"German", "Korean"}
    assert bad == {"text": "", "error": "there is no text in it"}


def test_top_says_how_many_scores_are_shown(command, sequence_run):
    _, out, _ = command("predict", sequence_run("classify").path, "--text", "Kimho", "--top", 1, "--json")

    assert len(json.loads(out)[0]["scores"]) == 1


def test_csv_has_a_column_a_class(command, sequence_run):
    _, out, _ = command("predict", sequence_run("classify").path, "--text", "=SUM(A1)", "--text", "", "--csv")
    good, bad = csv.DictReader(io.StringIO(out))

    assert list(good) == ["text", "answer", "confidence", "abstained", "error", "German", "Korean"]
    assert good["text"] == "'=SUM(A1)"
    assert float(good["confidence"]) == float(good[good["answer"]])
    assert bad["error"]


def test_numbers_stand_alone_in_csv(command, sequence_run):
    _, out, _ = command("predict", sequence_run("regress").path, "--text", "kimho", "--text", "", "--csv")
    good, bad = csv.DictReader(io.StringIO(out))

    assert list(good) == ["text", "answer", "confidence", "abstained", "error", "low", "high"]
    assert np.isfinite(float(good["answer"]))
    assert (bad["answer"], bad["low"], bool(bad["error"])) == ("", "", True)


def test_hangul_is_printed_as_it_is(command, sequence_run):
    for form in ((), ("--json",), ("--csv",)):
        assert "김철수" in command("predict", sequence_run("classify").path, "--text", "김철수", *form)[1]


def test_tokens_are_shown_with_their_tags(command, sequence_run):
    _, out, _ = command("predict", sequence_run("tag").path, "--text", "kim went", "--json")
    _, table, _ = command("predict", sequence_run("tag").path, "--text", "kim went")
    (answer,) = json.loads(out)

    assert answer["tokens"] == ["kim", "went"]
    assert f"kim/{answer['tags'][0]} went/{answer['tags'][1]}" in table


@pytest.mark.parametrize(
    ("kind", "key"), [("regress", "value"), ("pairs", "output"), ("language", "nll"), ("lines", "nll")]
)
def test_every_task_answers_on_a_text(kind, key, command, sequence_run):
    code, out, _ = command("predict", sequence_run(kind).path, "--text", "kimho", "--json")

    assert code == 0
    assert key in json.loads(out)[0]


def test_lines_come_from_files_and_from_standard_input(sequence_run, tmp_path):
    (tmp_path / "names.txt").write_text("Kim\nLee\n")
    start = [sys.executable, "-m", "boda", "predict", str(sequence_run("classify").path), "names.txt", "-", "--json"]
    done = subprocess.run(
        start, cwd=tmp_path, input="김\n".encode(), capture_output=True, check=True, env={**os.environ}, timeout=60
    )

    assert [answer["text"] for answer in json.loads(done.stdout)] == ["Kim", "Lee", "김"]


def test_texts_that_all_fail_exit_1_and_are_still_answered(command, sequence_run):
    code, out, _ = command("predict", sequence_run("classify").path, "--text", "", "--json")

    assert code == 1
    assert json.loads(out)[0]["error"]


def test_what_is_generated_is_the_same_by_the_same_seed(command, sequence_run):
    run = sequence_run("language").path
    one, again, other = (
        command("predict", run, "--generate", 60, "--from", "the sea", "--seed", seed)[1] for seed in (1, 1, 2)
    )

    assert one == again != other
    assert one.startswith("the sea")
    assert one.endswith("\n")


def test_a_line_is_generated_for_a_label(command, sequence_run):
    run = sequence_run("lines").path

    assert command("predict", run, "--generate", 9, "--label", "Korean")[0] == 0
    code, _, err = command("predict", run, "--generate", 9, "--label", "French")
    assert code == 1
    assert "There is no label 'French'. There are: German, Korean." in err


def test_music_is_printed_or_written_to_a_new_file(command, sequence_run, tmp_path):
    run, place = sequence_run("music").path, tmp_path / "new.npz"
    code, out, _ = command("predict", run, "--generate", 4, "--seed", 1)
    written, said, _ = command("predict", run, "--generate", 4, "--seed", 1, "--roll", place)
    again, _, err = command("predict", run, "--generate", 4, "--roll", place)
    with np.load(place) as file:
        roll = file["train_0"]

    assert (code, written, said.strip(), again) == (0, 0, str(place), 2)
    assert [[int(key) for key in line.split()] for line in out.splitlines()] == [
        np.flatnonzero(frame).tolist() for frame in roll
    ]
    assert "is there already and would be overwritten" in err


def test_a_forecast_goes_on_from_the_runs_own_series_or_from_a_new_one(command, sequence_run, tmp_path):
    run = sequence_run("forecast").path
    code, own, _ = command("predict", run, "--csv")
    _, new, _ = command("predict", run, write_series(tmp_path / "shop.csv", days=40), "--json")
    rows = [*csv.DictReader(io.StringIO(own))]
    (told,) = json.loads(new)

    assert code == 0
    assert list(rows[0]) == ["series", "time", "channel", "forecast", "low", "high"]
    assert len(rows) == 3 * 2
    assert all(float(row["low"]) < float(row["forecast"]) < float(row["high"]) for row in rows)
    assert (told["name"], np.shape(told["values"])) == ("shop", (3, 2))
    assert "90 % from" in command("predict", run)[1]


@pytest.mark.parametrize(
    ("kind", "args", "said"),
    [
        ("classify", ["--text", "a", "--grow", "0.9"], "--grow is for boxes"),
        ("classify", ["--text", "a", "--draw", "out"], "--draw is for boxes"),
        ("classify", [], "Give --text, files with a sample a line, or - to answer on."),
        ("music", [], "Give files of rolls to answer on."),
        ("classify", ["--generate", "5"], "--generate is for language and music, and the task of this Run is classify"),
        ("classify", ["--text", "a", "--beam", "2"], "--beam is for pairs"),
        ("regress", ["--text", "a", "--min-confidence", "0.5"], "--min-confidence is for classify"),
        ("language", ["--generate", "5", "--json"], "--json is for answers"),
        ("language", ["--generate", "5", "--csv"], "--csv is for answers"),
        ("language", ["--text", "a b", "--seed", "2"], "--seed belongs to --generate"),
        ("language", ["--generate", "5", "--text", "a"], "--generate writes on by itself"),
        ("language", ["--generate", "5", "--roll", "x.npz"], "--roll is for music"),
        ("music", ["--generate", "5", "--from", "a"], "--from is for language"),
        ("forecast", ["--text", "a"], "--text is for classify"),
        ("language", ["--generate", "0"], "0 is not in the range"),
        ("language", ["--generate", "5", "--top-p", "0"], "0.0 is not in the range"),
    ],
)
def test_options_that_have_no_meaning_are_refused(kind, args, said, command, sequence_run):
    code, out, err = command("predict", sequence_run(kind).path, *args)

    assert code == 2
    assert said in " ".join(err.split())
    assert out == ""


@pytest.mark.parametrize(
    "args", [["--text", "a"], ["--generate", "5"], ["--top-k", "3"], ["--beam", "2"], ["--read", "a=b"]]
)
def test_options_of_sequences_are_refused_on_pictures(args, command, trained, unseen):
    code, out, err = command("predict", trained.path, unseen / "leaf" / "100.png", *args)

    assert code == 2
    assert f"{args[0]} is for sequences, and" in err
    assert out == ""


def test_a_run_of_pictures_still_wants_pictures(command, trained):
    code, _, err = command("predict", trained.path)

    assert code == 2
    assert "Give pictures, folders or globs to answer on" in err


def test_files_may_be_read_otherwise_than_the_data_of_the_run(command, sequence_run, tmp_path):
    run, place, table = sequence_run("classify").path, tmp_path / "new.txt", tmp_path / "new.csv"
    place.write_text("김철수\n", "cp949")
    table.write_text("who,whom\nKim,Bergmann\n", "utf-8")

    assert "김철수" in command("predict", run, place, "--read", "encoding=cp949")[1]
    place.write_text("Kim\n" * 20_000 + "김철수\n", "cp949")  # its beginning could be UTF-8
    assert "김철수" in command("predict", run, place, "--read", "encoding=cp949", "--csv")[1]
    for column, text in (("who", "Kim"), ("whom", "Bergmann")):
        _, out, _ = command("predict", run, table, "--read", f"text_column={column}", "--json")
        assert [answer["text"] for answer in json.loads(out)] == [text]


def test_what_no_file_to_answer_on_has_is_refused(command, sequence_run):
    run, music = sequence_run("classify").path, sequence_run("music").path
    for words, said in (
        ((run, "new.txt", "--read", "label_column=a"), "expected one of text_column, encoding. Received: label_column"),
        ((music, "new.npz", "--read", "encoding=cp949"), "music has none. Received: encoding"),
        ((run, "--text", "Kim", "--read", "encoding=cp949"), "--read says how files are read, and there is none"),
        ((sequence_run("language").path, "--generate", "5", "--read", "encoding=cp949"), "leave out files, --read"),
    ):
        code, _, err = command("predict", *words)

        assert code == 2
        assert said in " ".join(err.split())


def test_an_encoding_that_there_is_not_is_refused(command, sequence_run, tmp_path):
    (tmp_path / "new.txt").write_text("Kim\n", "utf-8")
    for name in ("nonsense", "949949"):
        code, _, err = command(
            "predict", sequence_run("classify").path, tmp_path / "new.txt", "--read", f"encoding={name}"
        )

        assert code == 1
        assert f"There is no encoding '{name}'." in " ".join(err.split())


def test_rolls_are_told_by_their_steps_and_what_is_told_next_in_nats_and_bits(command, sequence_run, sequence_data):
    _, out, _ = command("predict", sequence_run("music").path, sequence_data("music"), "--json")
    _, table, _ = command("predict", sequence_run("language").path, "--text", "kimho")

    assert re.fullmatch(r"\d+ steps of \d+ numbers", json.loads(out)[0]["text"])
    nats, bits = map(float, re.search(r"([\d.]+) nats a step \(([\d.]+) bits\)", table).groups())
    assert bits == pytest.approx(nats / np.log(2), abs=2e-3)
