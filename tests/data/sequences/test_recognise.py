"""What is for the reader of sequences, and what shows pictures."""

import numpy as np
import pandas as pd
import pytest

from boda.data.sequences import READERS, SequenceDataset, is_sequences, read_sequences
from boda.data.sequences.recognise import reader_of
from boda.errors import DataError, RecipeError

TAGS = "EU B-ORG\nis O\n"
COCO = '{"images": [], "annotations": [], "categories": []}'
BOX = "0 0.5 0.5 0.1 0.1"
CORNERS = "<xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>"
VOC = f"<annotation><object><name>cat</name><bndbox>{CORNERS}</bndbox></object></annotation>"


@pytest.mark.parametrize(
    ("files", "reader"),
    [
        ({"Arabic.txt": "Khoury\n", "Korean.txt": "Ahn\n"}, "folder"),
        ({"pos/1.txt": "good", "neg/1.txt": "bad"}, "folder"),
        ({"train/pos/1.txt": "good", "test/pos/1.txt": "bad"}, "folder"),
        ({f"{i}.txt": "a" for i in range(20)} | {"logo.png": (4, 3)}, "folder"),
        ({"train.txt": TAGS, "dev.txt": TAGS}, "conll"),
        ({"en-train.conllu": "1\ta\ta\tX\n", "LICENSE.txt": "x"}, "folder"),
        ({"en-train.conllu": "1\ta\ta\tX\n", "en-dev.conllu": "1\ta\ta\tX\n"}, "conll"),
    ],
)
def test_folders_of_texts_are_ours(tmp_path, plant, files, reader):
    assert reader_of(plant(tmp_path, files)) == reader
    assert is_sequences(tmp_path)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"cat/1.jpg": (4, 3), "dog/1.jpg": (4, 3)},
        {"cat/1.jpg": (4, 3), "cat/1.txt": "a cat"},
        {"train/cat/1.jpg": (4, 3), "classes.txt": "cat"},
        {"annotations/1.xml": VOC, "images/1.jpg": (4, 3)},
        {"Annotations/1.xml": VOC, "ImageSets/Main/train.txt": "1\n"},
        {"annotations/instances.json": COCO, "notes.txt": "x"},
        {"labels/train/1.txt": BOX, "images/train/1.jpg": (4, 3)},
        {"labels/train/1.txt": BOX},
        {"data.yaml": "train: images\nnames: [cat]", "labels/1.txt": BOX},
        {"a.csv": "text,label\n"},
    ],
)
def test_folders_of_pictures_and_boxes_are_not(tmp_path, plant, files):
    assert not is_sequences(plant(tmp_path, files))


@pytest.mark.parametrize(
    ("name", "text", "reader"),
    [
        ("t.txt", "Once upon a time", "text"),
        ("t.txt", TAGS, "conll"),
        ("t.txt", "id\tdocument\tlabel\n1\tgood\t1\n", "table"),
        ("t.txt", "a\tb\nc\td\n", "text"),
        ("t.csv", "text,label\ngood,1\n", "table"),
        ("t.csv", "date,text,label\n2024-01-01,good,1\n", "table"),
        ("t.csv", "date,y\n2024-01-01,1\n", "series"),
        ("t.csv", "when,y\n2024-01-01,1\n", "series"),
        ("t.csv", "date,y\n01/31/2024,1\n", "series"),
        ("t.csv", "date,note,label\n01/31/2024,good,1\n", "table"),
        ("t.csv", "Month,Passengers\n1949-01,112\n", "series"),
        ("t.csv", "year,count\n1900,3\n", "series"),
        ("t.csv", "date,input,output\n2024-01-01,3,4\n", "series"),
        ("t.tsv", "source\ttarget\n1+1\t2\n", "table"),
        ("t.tsv", "Go.\tVa !\n", "table"),
        ("t.csv", "file,text,label\nnotes.txt,good,1\n", "table"),
        ("t.mat", "", "rolls"),
        ("t.npz", "", "rolls"),
        ("t.npy", "", "rolls"),
        ("t.conll", "", "conll"),
        ("t.csv", "path,label\n", None),
        ("t.csv", "path,label\na.jpg,cat\n", None),
        ("t.csv", "picture,text\nsome/a.JPG,cat\n", None),
        ("t.csv", "text,label,date\na.png,cat,2024-01-01\n", None),
        ("t.csv", "image,id\n1,cat\n", None),
        ("t.csv", "filename,class,xmin,ymin,xmax,ymax\n", None),
        ("t.json", COCO, None),
        ("t.yaml", "", None),
        ("t.jpg", "", None),
    ],
)
def test_a_file_is_known_by_its_suffix_and_first_lines(tmp_path, plant, name, text, reader):
    path = plant(tmp_path, {name: text}) / name

    assert reader_of(path) == reader
    assert is_sequences(path) == (reader is not None)


@pytest.mark.parametrize(
    ("name", "text", "task", "reader"),
    [
        ("t.txt", "a\tb\n", "pairs", "table"),
        ("t.txt", "a b\n", "tag", "conll"),
        ("t.csv", "text,label\n", "forecast", "series"),
        ("t.csv", "date,y\n", "regress", "table"),
    ],
)
def test_a_task_decides(tmp_path, plant, name, text, task, reader):
    assert reader_of(plant(tmp_path, {name: text}) / name, task) == reader


def test_a_task_or_a_format_of_pictures_is_not_ours(tmp_path, plant):
    root = plant(tmp_path, {"a.txt": "x", "b.txt": "y"})

    assert not is_sequences(root, task="detect")
    assert not is_sequences(root, format="yolo")
    assert is_sequences(tmp_path / "missing", task="language")
    assert is_sequences(tmp_path / "missing", format="series")


@pytest.mark.parametrize(
    ("source", "ours"),
    [
        ((["good"], [1]), True),
        (["good", "bad"], True),
        ([np.zeros((4, 88))], True),
        ((np.zeros((2, 4, 4, 3)), [0, 1]), False),
        ((["a.jpg", "b.png"], [0, 1]), False),
        (pd.DataFrame({"text": ["a"], "label": ["x"]}), True),
        (pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=2), "y": [1, 2]}), True),
        (pd.DataFrame({"path": ["a.jpg"], "label": ["x"]}), False),
        (np.zeros((2, 4, 4, 3)), False),
        ([], False),
        (None, False),
    ],
)
def test_objects_are_known_by_what_they_hold(source, ours):
    assert is_sequences(source) == ours


def test_a_dataset_is_returned_as_it_is():
    dataset = read_sequences((["a", "b"], ["x", "y"]))

    assert read_sequences(dataset) is dataset
    assert is_sequences(dataset)
    with pytest.raises(RecipeError, match="a SequenceDataset, which is read already, has no option 'tokens'"):
        read_sequences(dataset, tokens="words")


def test_each_reader_returns_the_same_kind():
    assert {name: reader.__annotations__["return"] for name, reader in READERS.items()} == dict.fromkeys(
        READERS, SequenceDataset.__name__
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"encodin": "x"}, "the reader 'text' has no option 'encodin'. Did you mean 'encoding'"),
        ({"task": "classfy"}, "task must be one of .* Did you mean 'classify'. Received: task='classfy'"),
        ({"format": "tables"}, "format must be one of .* Did you mean 'table'"),
        ({"task": "music"}, "The reader 'text' reads for the tasks language, classify. Received: task='music'"),
        ({"tokens": "letters"}, "tokens must be one of auto, characters, words. Received: tokens='letters'"),
    ],
)
def test_a_wrong_option_is_refused_with_a_near_one(tmp_path, plant, options, told):
    with pytest.raises(RecipeError, match=told):
        read_sequences(plant(tmp_path, {"t.txt": "a"}) / "t.txt", **options)


def test_a_missing_file_is_refused_with_a_near_one(tmp_path, plant):
    plant(tmp_path, {"notes.txt": "a"})

    with pytest.raises(DataError, match=r"no such folder or file. Did you mean .*notes.txt"):
        read_sequences(tmp_path / "note.txt")


def test_a_file_of_pictures_is_refused_with_the_formats(tmp_path, plant):
    with pytest.raises(DataError, match="expected texts, a table of texts or times, or arrays"):
        read_sequences(plant(tmp_path, {"a.jpg": (4, 3)}) / "a.jpg")
