"""Files with labels as scikit-learn's users hold them: what each is called, and what is refused."""

import shutil

import pytest

from boda.data.files import read_files
from boda.data.split import make_split
from boda.errors import DataError, LabelError


def listed(folder):
    paths = sorted(folder.rglob("*.png"))
    return paths, [path.parent.name for path in paths]


def test_files_are_called_by_their_path_below_the_folder_that_holds_them_all(tmp_path):
    dataset = read_files([tmp_path / "cat" / "a.png", str(tmp_path / "dog" / "b.png")], ["cat", "dog"])

    assert [sample.name for sample in dataset] == ["cat/a.png", "dog/b.png"]
    assert dataset.root == tmp_path


def test_files_of_one_folder_are_called_by_their_names(tmp_path):
    dataset = read_files([tmp_path / "a.png", tmp_path / "b.png"], [0, 1])

    assert [sample.name for sample in dataset] == ["a.png", "b.png"]


def test_the_split_is_the_same_wherever_the_folder_lies(photos, tmp_path):
    shutil.copytree(photos, tmp_path / "elsewhere")
    here, there = (read_files(*listed(folder)) for folder in (photos, tmp_path / "elsewhere"))

    assert make_split(here, seed=1).parts == make_split(there, seed=1).parts


def test_one_file_by_two_spellings_is_listed_twice(tmp_path):
    with pytest.raises(DataError, match=r"x/\.\./a\.png is listed twice"):
        read_files([tmp_path / "a.png", tmp_path / "x" / ".." / "a.png"], ["cat", "dog"])


def test_an_empty_label_is_refused(tmp_path):
    with pytest.raises(LabelError, match=r"a\.png: its label is empty"):
        read_files([tmp_path / "a.png"], [" "])


def test_no_files_are_no_samples():
    assert len(read_files([], [])) == 0
