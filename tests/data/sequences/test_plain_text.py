"""Text files to long texts, and plays to who speaks."""

import pytest

from boda.data.sequences import read_sequences
from boda.errors import DataError, RecipeError

PLAY = "A:\nHello there.\n\nB:\nYes?\nWhat is it?\n\nA:\nNothing.\n\nC:\n\nC:\nBye.\n\nAll go.\n"


def test_a_file_is_one_text_as_it_stands(tmp_path, plant):
    dataset = read_sequences(plant(tmp_path, {"n.txt": "Once upon\n\na time.\n"}) / "n.txt")

    assert (dataset.task, dataset.unit) == ("language", "characters")
    assert (dataset.names, dataset.inputs, dataset.targets) == (("n.txt",), ("Once upon\n\na time.\n",), (None,))


def test_a_damaged_line_is_left_out_of_the_text(tmp_path, plant):
    dataset = read_sequences(plant(tmp_path, {"n.txt": b"a\n\x00\nb"}) / "n.txt", tokens="words")

    assert (dataset.inputs, dataset.bad[0].name, dataset.unit) == (("a\nb",), "n.txt:2", "words")


def test_a_play_tells_who_speaks(tmp_path, plant):
    dataset = read_sequences(plant(tmp_path, {"p.txt": PLAY}) / "p.txt", task="classify")

    assert list(zip(dataset.names, dataset.targets, dataset.inputs, strict=True)) == [
        ("p.txt:1", "A", "Hello there."),
        ("p.txt:4", "B", "Yes?\nWhat is it?"),
        ("p.txt:8", "A", "Nothing."),
        ("p.txt:13", "C", "Bye."),
    ]
    assert (dataset.unit, dataset.classes) == ("words", ("A", "B", "C"))


def test_the_roles_that_speak_most_are_kept(tmp_path, plant):
    dataset = read_sequences(plant(tmp_path, {"p.txt": PLAY}) / "p.txt", task="classify", roles=2)

    assert dataset.classes == ("A", "B")
    assert dataset.notes == ("3 of 4 speeches are kept: those of the 2 roles that speak most.",)


def test_a_text_that_is_no_play_is_refused_as_one(tmp_path, plant):
    with pytest.raises(DataError, match=r"expected a play with 2 roles or more, .* found 0 such"):
        read_sequences(plant(tmp_path, {"n.txt": "Once upon a time."}) / "n.txt", task="classify")


def test_one_role_cannot_be_told_apart(tmp_path, plant):
    with pytest.raises(RecipeError, match=r"2 roles or more. Received: roles=1"):
        read_sequences(plant(tmp_path, {"p.txt": PLAY}) / "p.txt", task="classify", roles=1)


@pytest.mark.parametrize(("data", "told"), [(b"\n \n", "found none."), (b"\xff", "damaged line is n.txt:1: not utf-8")])
def test_a_file_without_text_is_refused(tmp_path, plant, data, told):
    with pytest.raises(DataError, match=f"expected a text, found none.*{told}|{told}"):
        read_sequences(plant(tmp_path, {"n.txt": data}) / "n.txt")


@pytest.mark.data
def test_tiny_shakespeare_is_read_as_it_stands(data_dir):
    path = data_dir / "sequences" / "tinyshakespeare.txt"

    assert read_sequences(path).inputs[0] == path.read_text()
    assert read_sequences(path, task="classify").classes[:2] == ("CORIOLANUS", "DUKE VINCENTIO")
