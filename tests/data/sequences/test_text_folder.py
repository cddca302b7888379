"""Folders of texts to labelled texts."""

import unicodedata

import pytest

from boda.data.sequences import read_sequences
from boda.errors import DataError, LabelError


def rows(dataset):
    return list(zip(dataset.names, dataset.inputs, dataset.targets, dataset.parts, strict=True))


def bad(dataset):
    return [(entry.name, entry.reason) for entry in dataset.bad]


def test_each_line_of_a_class_file_is_a_text(tmp_path, plant):
    dataset = read_sequences(plant(tmp_path, {"Arabic.txt": "Khoury\n\n Nahas \n", "Korean.txt": "Ahn\nBaik"}))

    assert rows(dataset) == [
        ("Arabic.txt:1", "Khoury", "Arabic", None),
        ("Arabic.txt:3", "Nahas", "Arabic", None),
        ("Korean.txt:1", "Ahn", "Korean", None),
        ("Korean.txt:2", "Baik", "Korean", None),
    ]
    assert (dataset.task, dataset.unit, dataset.classes) == ("classify", "characters", ("Arabic", "Korean"))
    assert dataset.notes[-1] == "1 empty line was left out."


def test_each_file_of_a_class_folder_is_a_text(tmp_path, plant):
    files = {"neg/1.txt": "This was not good\nat all.\n", "pos/deep/2.txt": "I liked it very much.", "note.txt": "x"}
    dataset = read_sequences(plant(tmp_path, files))

    assert rows(dataset) == [
        ("neg/1.txt", "This was not good\nat all.", "neg", None),
        ("pos/deep/2.txt", "I liked it very much.", "pos", None),
    ]
    assert dataset.unit == "words"
    assert bad(dataset) == [("note.txt", "beside the folders of the classes")]


@pytest.mark.parametrize("file", [".txt", "/1.txt"])
def test_folders_above_give_the_parts(tmp_path, plant, file):
    files = {f"{part}/a{file}": part for part in ("train", "Valid", "test")}
    dataset = read_sequences(plant(tmp_path, {**files, f"train/b{file}": "b"}))

    assert dict(zip(dataset.inputs, dataset.parts, strict=True)) == {
        "train": "train",
        "Valid": "val",
        "test": "test",
        "b": "train",
    }


def test_lines_to_generate_keep_their_label_and_are_read_by_character(tmp_path, plant):
    long = "a line of five words at least"
    dataset = read_sequences(plant(tmp_path, {"x.txt": long}), task="language")

    assert (dataset.targets, dataset.classes, dataset.unit) == (("x",), ("x",), "characters")
    assert 'format="text"' in dataset.notes[0]


def test_texts_with_empty_lines_are_read_whole_for_language(tmp_path, plant):
    dataset = read_sequences(plant(tmp_path, {"a.txt": "One.\n\nTwo.\n", "b.txt": "Three."}), task="language")

    assert (dataset.names, dataset.inputs, dataset.targets) == (
        ("a.txt", "b.txt"),
        ("One.\n\nTwo.\n", "Three."),
        (None, None),
    )


def test_files_about_the_data_and_hidden_ones_are_no_classes(tmp_path, plant):
    files = {"a.txt": "x", "b.txt": "y", "README.txt": "By me", ".c.txt": "z", "d.md": "d"}
    dataset = read_sequences(plant(tmp_path, files))

    assert dataset.classes == ("a", "b")
    assert bad(dataset) == [
        ("README.txt", "tells about the data, by its name"),
        ("d.md", "expected a file that ends in .txt"),
    ]


def test_names_that_look_alike_are_one_class(tmp_path, plant):
    names = [unicodedata.normalize(form, "é") for form in ("NFC", "NFD")]
    files = {f"train/{names[0]}/1.txt": "x", f"train/{names[1]}/2.txt": "y", "train/b/1.txt": "z"}

    assert read_sequences(plant(tmp_path, files)).classes == ("b", "é")


def test_damage_costs_a_line_or_a_file(tmp_path, plant):
    lines = read_sequences(plant(tmp_path / "l", {"a.txt": b"ok\n\xff\n", "b.txt": "x"}))
    files = read_sequences(
        plant(tmp_path / "f", {"a/1.txt": b"ok\n\xff", "a/2.txt": "x", "b/1.txt": "y", "b/2.txt": ""})
    )

    assert [name for name, _ in bad(lines)] == ["a.txt:2"]
    assert bad(files)[0][1].startswith("line 2: not utf-8: byte 0xff at column 1")
    assert bad(files)[1] == ("b/2.txt", "no text in it")


def test_one_class_is_refused(tmp_path, plant):
    with pytest.raises(DataError, match="expected 2 classes or more, found only 'a'"):
        read_sequences(plant(tmp_path, {"a.txt": "x"}))


def test_a_class_without_training_is_refused(tmp_path, plant):
    files = {"train/a.txt": "x", "train/b.txt": "y", "test/c.txt": "z"}

    with pytest.raises(LabelError, match="class 'c' is in test, but not in train"):
        read_sequences(plant(tmp_path, files))


def test_empty_files_are_refused(tmp_path, plant):
    with pytest.raises(DataError, match=r"no text in 2 files that end in .txt"):
        read_sequences(plant(tmp_path, {"a.txt": "\n", "b.txt": ""}))


def test_an_encoding_reaches_the_files(tmp_path, plant):
    files = {"a.txt": "나비".encode("cp949"), "b.txt": "꽃".encode("cp949")}

    assert read_sequences(plant(tmp_path, files), encoding="cp949").inputs == ("나비", "꽃")


@pytest.mark.data
def test_the_names_of_18_languages_are_read(data_dir):
    dataset = read_sequences(data_dir / "sequences" / "names")

    assert (len(dataset), len(dataset.classes), len(dataset.bad)) == (20050, 18, 0)
    assert dataset.names[0] == "Arabic.txt:1"


def test_a_class_without_a_text_is_told(tmp_path, plant):
    dataset = read_sequences(plant(tmp_path, {"a.txt": "x", "b.txt": "y", "c.txt": "\n"}))

    assert (dataset.classes, bad(dataset)) == (("a", "b"), [("c.txt", "no text in it")])
