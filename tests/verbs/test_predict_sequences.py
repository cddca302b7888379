"""`predict` on sequences: samples from texts, files and standard input; forecasts; without what trains."""

import io
import os
import subprocess
import sys

import numpy as np
import pytest

import boda
from boda.errors import DataError, RunError
from boda.verbs.predict_sequences import answers, cells_of, forecasts, lines_of
from tiny_sequences import write_series

ASK = {
    "classify": ("--text", "Kimho"),
    "regress": ("--text", "Kimho"),
    "tag": ("--text", "kim went"),
    "language": ("--generate", "20"),
    "lines": ("--text", "Kimho"),
    "music": ("--generate", "5"),
    "pairs": ("--text", "kimho"),
    "forecast": (),
}
IMPORTS = """
import sys
from boda.cli.app import run

code = run(["predict", *sys.argv[1:]])
heavy = {"keras", "tensorflow", "sklearn", "scipy", "matplotlib", "pandas", "openvino"} & set(sys.modules)
sys.exit(code or (f"imported {sorted(heavy)}" if heavy else 0))
"""


@pytest.mark.parametrize("kind", ASK)
def test_predicting_imports_nothing_that_trains(kind, sequence_run, python):
    assert python(IMPORTS, sequence_run(kind).path, *ASK[kind]).stdout


def test_the_answers_are_those_that_the_training_measured(sequence_run):
    run = sequence_run("classify")
    measured = run.read_json("predictions.json")
    found = [*boda.predict(run, measured["texts"])]

    for answer, row in zip(found, measured["probabilities"], strict=True):
        assert [answer.scores[name] for name in run.classes] == pytest.approx(row, abs=1e-5)


def test_one_text_is_one_sample_and_so_is_one_roll(sequence_run):
    (text,) = boda.predict(sequence_run("classify"), "Kimho")
    (roll,) = boda.predict(sequence_run("music"), np.eye(6))

    assert text.text == "Kimho"
    assert roll.nll > 0


def test_a_folder_or_a_loaded_model_answers_alike(sequence_run):
    run = sequence_run("classify")
    answered = [[*boda.predict(source, ["Kimho"])] for source in (run, run.path, str(run.path), boda.load(run))]

    assert answered == [answered[0]] * 4


def test_the_lines_of_files_are_samples_after_the_texts(sequence_run, tmp_path):
    (tmp_path / "names.txt").write_text("\ufeffKim\n\n  Lee \r\n", "utf-8")
    model = boda.load(sequence_run("classify"))

    assert [one.text for one in answers(model, ["Park"], [str(tmp_path / "names.txt")])] == ["Park", "Kim", "Lee"]


def test_standard_input_is_read_by_lines_and_empty_ones_are_counted(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("Kim\n\nLee\n \n"))

    assert [*lines_of("-")] == ["Kim", "Lee"]
    assert "standard input: 2 empty lines left out." in capsys.readouterr().err


def test_files_that_cannot_be_read_say_why(tmp_path):
    (tmp_path / "names.txt").write_bytes("김".encode("cp949"))

    with pytest.raises(DataError, match=r"names.txt: expected UTF-8, came the byte 0xb1. Convert it, or name"):
        [*lines_of(str(tmp_path / "names.txt"))]
    with pytest.raises(DataError, match=r"Kimho: no such file or directory. A text itself goes to --text."):
        [*lines_of("Kimho")]


def test_rolls_come_from_files(sequence_run, sequence_data):
    found = [*answers(boda.load(sequence_run("music")), [], [str(sequence_data("music"))])]

    assert len(found) == 12
    assert all(answer.nll > 0 for answer in found)


def test_more_beginnings_never_find_a_less_likely_answer(sequence_run):
    model = boda.load(sequence_run("pairs"))
    (greedy,), (wide,) = (answers(model, ["kimho"], beam=beam) for beam in (1, 8))

    assert greedy.output is not None
    assert wide.log_probability is not None


def test_auto_takes_the_threshold_that_the_training_found(sequence_run):
    model = boda.load(sequence_run("classify"))
    model.calibration["abstain"]["threshold"] = 0.9999
    (answer,) = answers(model, ["Kimho"], min_confidence="auto")

    assert answer.abstained
    model.calibration["abstain"]["threshold"] = None
    with pytest.raises(RunError, match="no abstain threshold"):
        answers(model, ["Kimho"], min_confidence="auto")


def test_what_has_no_meaning_for_sequences_is_refused(sequence_run):
    with pytest.raises(RunError, match="Only a box can grow, and this model answers on sequences"):
        boda.predict(sequence_run("classify"), ["Kim"], grow=0.9)
    with pytest.raises(RunError, match="A Run of series answers with forecasts"):
        boda.predict(sequence_run("forecast"), ["Kim"])


def test_a_new_file_is_forecast_by_its_own_end(sequence_run, tmp_path):
    model = boda.load(sequence_run("forecast"))
    (own,), (new,) = forecasts(model), forecasts(model, [str(write_series(tmp_path / "shop.csv", days=40, seed=3))])

    assert (own.name, new.name) == ("sales", "shop")
    assert new.values.shape == own.values.shape
    assert not np.allclose(new.values, own.values)


def test_columns_of_a_new_file_are_found_by_name(sequence_run, tmp_path):
    model = boda.load(sequence_run("forecast"))
    path = write_series(tmp_path / "shop.csv", days=40)
    (there,) = forecasts(model, [str(path)])
    (_, *rows) = [line.split(",") for line in path.read_text().splitlines()]
    lines = [f"{date},{visits},1,{sales}" for date, sales, visits in rows]
    path.write_text("\n".join(["date,visits,staff,sales", *lines]))
    (back,) = forecasts(model, [str(path)])

    np.testing.assert_allclose(back.values, there.values, rtol=1e-6)


def test_a_missing_column_is_named(sequence_run, tmp_path):
    path = write_series(tmp_path / "shop.csv", days=40)
    path.write_text(path.read_text().replace("visits", "guests"))

    with pytest.raises(DataError, match=r"expected the columns sales, visits, .*; visits is missing"):
        forecasts(boda.load(sequence_run("forecast")), [str(path)])


def test_a_pipe_that_closes_early_ends_in_order(sequence_run, tmp_path):
    start = [sys.executable, "-m", "boda", "predict", str(sequence_run("language").path), "--generate", "100000"]
    process = subprocess.Popen(start, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ)
    process.stdout.read(20)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)

    assert b"Traceback" not in err


def test_files_are_read_in_the_encoding_that_they_tell_or_that_of_the_run(tmp_path):
    place = tmp_path / "names.txt"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp949"):
        place.write_text("김\n이", encoding)

        assert [*lines_of(str(place), "cp949")] == ["김", "이"]


def test_standard_input_may_be_in_another_encoding(monkeypatch, tmp_path):
    (tmp_path / "names.txt").write_text("\ufeff김\n\n이\n", "utf-16-le")
    with (tmp_path / "names.txt").open("rb") as file:
        monkeypatch.setattr("sys.stdin", file)

        assert [*lines_of("-", encoding="utf-16-le")] == ["김", "이"]
        assert not file.closed


def test_standard_input_that_is_not_utf_8_is_refused(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("김".encode("cp949").decode("utf-8", "surrogateescape")))

    with pytest.raises(DataError, match="standard input: expected UTF-8, came the byte 0xb1"):
        [*lines_of("-")]


def test_the_texts_of_a_table_are_those_of_its_column(sequence_run, tmp_path, plant):
    plant(tmp_path, {"a.csv": "text,label\nKim,Korean\n", "b.tsv": "who\tage\nLee\t3\n", "c.csv": "any\nPark\n"})
    files = [str(tmp_path / name) for name in ("a.csv", "b.tsv", "c.csv")]
    found = answers(boda.load(sequence_run("classify")), [], files, reading={"text_column": "who"})

    with pytest.raises(DataError, match="text_column is 'who', but there is no such column"):
        next(found)
    assert cells_of(files[0], "classify") == ["Kim"]
    assert cells_of(files[1], "classify", {"text_column": "who"}) == ["Lee"]
    assert cells_of(files[2], "classify", {"text_column": "who"}) == ["Park"]


def test_rows_that_cannot_be_read_are_told(tmp_path, plant, capsys):
    plant(tmp_path, {"a.csv": "text,label\nKim,x\nLee,x,y,z\n"})

    assert cells_of(str(tmp_path / "a.csv"), "classify") == ["Kim"]
    assert "1 rows are not answered; the first is a.csv:3: expected 2 cells" in capsys.readouterr().err


def test_tagged_files_are_sentences_and_not_lines(sequence_run, tmp_path, plant):
    plant(tmp_path, dict.fromkeys(("a.conll", "a.txt"), "kim B-PER\nwent O\n\nlee B-PER\nran O\n"))
    model = boda.load(sequence_run("tag"))

    for name in ("a.conll", "a.txt"):
        found = [one.tokens for one in answers(model, [], [str(tmp_path / name)])]
        assert found == [("kim", "went"), ("lee", "ran")]


def test_forecasts_are_made_of_files_that_are_read_as_the_run_was(sequence_run, tmp_path, plant):
    model = boda.load(sequence_run("forecast"))
    rows = "".join(f"{i},{','.join('1' for _ in model.encoder.channels)}\n" for i in range(40))
    plant(tmp_path, {"a.csv": f"at,{','.join(model.encoder.channels)}\n{rows}"})

    assert len(forecasts(model, [str(tmp_path / "a.csv")], {"time_column": "at", "task": "forecast"})) == 1
