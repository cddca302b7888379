"""Folders of pictures to samples; the files are empty, since reading folders never opens one."""

import os
import sys
import tracemalloc
import unicodedata

import pytest

from boda.data import read
from boda.data.folders import read_folders, walk
from boda.errors import DataError, LabelError
from boda.sample import BadFile, Sample


def plant(root, *names):
    """Empty files below `root`; a name that ends in / is a folder."""
    for name in names:
        path = root / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.touch()
    return root


def listed(dataset):
    return [(sample.name, sample.label, sample.part) for sample in dataset]


def reasons(dataset):
    return {bad.name: bad.reason for bad in dataset.bad}


def test_the_folder_is_the_label(tmp_path):
    dataset = read_folders(plant(tmp_path, "dog/2.jpg", "cat/b.PNG", "cat/a.jpeg"))

    assert listed(dataset) == [("cat/a.jpeg", "cat", None), ("cat/b.PNG", "cat", None), ("dog/2.jpg", "dog", None)]
    assert dataset.classes == ("cat", "dog")
    assert dataset.samples[0].image == tmp_path / "cat/a.jpeg"
    assert (dataset.root, dataset.task, dataset.bad) == (tmp_path, "classify", ())


def test_parts_stand_above_the_classes(tmp_path):
    plant(tmp_path, "Train/cat/1.jpg", "Train/dog/1.jpg", "VALID/cat/2.jpg", "test/dog/3.jpg", "notes.txt")

    assert listed(read_folders(tmp_path)) == [
        ("Train/cat/1.jpg", "cat", "train"),
        ("Train/dog/1.jpg", "dog", "train"),
        ("VALID/cat/2.jpg", "cat", "val"),
        ("test/dog/3.jpg", "dog", "test"),
    ]


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_validation_has_three_names(tmp_path, name):
    plant(tmp_path, "train/a/1.jpg", "train/b/1.jpg", f"{name}/a/1.jpg")

    assert [sample.part for sample in read_folders(tmp_path)] == ["train", "train", "val"]


def test_train_may_be_a_class_beside_others(tmp_path):
    assert read_folders(plant(tmp_path, "bus/1.jpg", "train/1.jpg")).classes == ("bus", "train")


def test_pictures_deeper_below_belong_to_the_class(tmp_path):
    plant(tmp_path, "cat/kittens/grey/1.jpg", "cat/0.jpg", "dog/1.jpg")

    assert listed(read_folders(tmp_path))[:2] == [("cat/0.jpg", "cat", None), ("cat/kittens/grey/1.jpg", "cat", None)]


def test_hidden_files_are_not_even_listed(tmp_path):
    plant(tmp_path, "a/1.jpg", "b/1.jpg", ".git/x.jpg", "__MACOSX/a/1.jpg", "a/._1.jpg", "a/Thumbs.db", "b/.DS_Store")

    dataset = read_folders(tmp_path)

    assert len(dataset) == 2
    assert dataset.bad == ()


def test_what_is_no_picture_is_listed_with_its_reason(tmp_path):
    plant(tmp_path, "a/1.jpg", "a/notes.txt", "a/README", "b/deep/model.PSD", "b/1.jpg", "b/x.t\nt")

    assert reasons(read_folders(tmp_path)) == {
        "a/README": "not a picture: no suffix",
        "a/notes.txt": "not a picture: suffix .txt",
        "b/x.t\nt": "not a picture: suffix '.t\\nt'",
        "b/deep/model.PSD": "not a picture: suffix .PSD",
    }


def test_pictures_above_the_class_folders_are_listed_as_bad(tmp_path):
    plant(tmp_path, "cover.jpg", "train/a/1.jpg", "train/b/1.jpg", "test/1.jpg")

    assert reasons(read_folders(tmp_path)) == {"test/1.jpg": "lies in no class folder, so that it has no label"}
    assert reasons(read_folders(tmp_path / "train")) == {}
    plant(tmp_path, "train/cover.jpg")
    assert list(reasons(read_folders(tmp_path / "train"))) == ["cover.jpg"]


def test_links_to_folders_are_not_followed_but_links_to_files_are(tmp_path):
    plant(tmp_path / "root", "a/1.jpg", "b/1.jpg")
    plant(tmp_path, "elsewhere.jpg")
    (tmp_path / "root/a/circle").symlink_to(tmp_path / "root")
    (tmp_path / "root/c").symlink_to(tmp_path / "root/a")
    (tmp_path / "root/b/2.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    (tmp_path / "root/b/3.jpg").symlink_to(tmp_path / "nowhere.jpg")

    dataset = read_folders(tmp_path / "root")

    assert [sample.name for sample in dataset] == ["a/1.jpg", "b/1.jpg", "b/2.jpg"]
    assert reasons(dataset) == {
        "c": "a link to a folder, which is not followed",
        "a/circle": "a link to a folder, which is not followed",
        "b/3.jpg": "a link to nothing",
    }


def test_what_is_no_file_is_listed_as_bad(tmp_path):
    plant(tmp_path, "a/1.jpg", "b/1.jpg")
    os.mkfifo(tmp_path / "a/pipe.jpg")

    assert reasons(read_folders(tmp_path)) == {"a/pipe.jpg": "not a file"}


def test_any_name_is_kept(tmp_path):
    names = ["é.jpg", "漢.jpg", "🙂.jpg", "new\nline.jpg", "a space.jpg"]
    plant(tmp_path, *(f"ünï 漢/{name}" for name in names), "b/1.jpg")
    dataset = read_folders(tmp_path)

    assert {sample.name for sample in dataset} == {*(f"ünï 漢/{name}" for name in names), "b/1.jpg"}
    assert dataset.classes == ("b", "ünï 漢")
    assert all(sample.read_bytes() == b"" for sample in dataset)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_utf_8_is_kept(tmp_path):
    plant(tmp_path, "a/1.jpg", "b/1.jpg")
    with open(os.fsencode(tmp_path) + b"/a/\xe9t\xe9.jpg", "wb") as file:  # noqa: PTH123 - bytes
        file.write(b"latin")

    bad_name = read_folders(tmp_path).samples[1]

    assert os.fsencode(bad_name.name) == b"a/\xe9t\xe9.jpg"
    assert bad_name.read_bytes() == b"latin"


def test_folders_that_look_the_same_are_one_class(tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "강아지") for form in ("NFC", "NFD"))
    plant(tmp_path, f"{composed}/1.jpg", f"{decomposed}/2.jpg", "고양이/1.jpg")

    dataset = read_folders(tmp_path)

    assert dataset.classes == ("강아지", "고양이")
    assert dataset.targets().tolist() == [0, 0, 1]
    assert dataset.samples[0].name.startswith(decomposed)  # names stay as the system gives them


def test_samples_of_one_group_are_tied(tmp_path):
    plant(tmp_path, "a/p1_x.jpg", "a/p2_x.jpg", "b/p1_y.jpg", "b/other.jpg")

    assert [s.group for s in read_folders(tmp_path, group_pattern=r"p(\d)_")] == ["1", "2", None, "1"]
    assert [s.group for s in read_folders(tmp_path, group_pattern=r"p\d")] == ["p1", "p2", None, "p1"]


def test_a_group_pattern_that_matches_nothing_is_refused(tmp_path):
    plant(tmp_path, "a/1.jpg", "b/1.jpg")

    with pytest.raises(DataError, match=r"group_pattern 'patient' matches none of 2 names, such as 'a/1.jpg'"):
        read_folders(tmp_path, group_pattern="patient")
    with pytest.raises(DataError, match=r"group_pattern '\(' is no regular expression: missing \)"):
        read_folders(tmp_path, group_pattern="(")


@pytest.mark.parametrize(("names", "message"), [
    ((), "expected a folder for each class, .* it holds neither folders nor pictures"),
    (("1.jpg", "2.jpg"), "but 2 pictures lie in it directly. Move"),
    (("a/", "b/"), "no pictures in 2 class folders. Expected files that end in .bmp, .gif"),
    (("a/1.txt", "b/1.txt"), "no pictures in 2 class folders"),
    (("a/1.jpg",), "expected 2 classes or more, found only 'a'. Add pictures"),
    (("a/1.jpg", "b/1.jpg", "c/", "d/.x"), "no pictures in c/, d/. Add pictures, or remove the folder"),
    (("train/a/1.jpg", "train/b/1.jpg", "val/a/"), "no pictures in val/a/. Add"),
    (("val/a/1.jpg", "test/a/1.jpg"), "expected class folders in train/, .* found test/, val/ and none in train/"),
    (("train/1.jpg", "val/1.jpg"), "expected class folders in train/"),
    (("train/a/1.jpg", "train/b/1.jpg", "cats/1.jpg"), "beside train/ only train, val and test are expected, .* cats/"),
])  # fmt: skip
def test_folders_that_cannot_serve_are_refused(tmp_path, names, message):
    with pytest.raises(DataError, match=message):
        read_folders(plant(tmp_path, *names))


def test_a_folder_without_pictures_beside_the_parts_is_no_matter(tmp_path):
    plant(tmp_path, "train/a/1.jpg", "train/b/1.jpg", "annotations/a.xml")

    assert len(read_folders(tmp_path)) == 2


def test_a_class_that_is_not_in_train_is_named(tmp_path):
    plant(tmp_path, "train/a/1.jpg", "train/b/1.jpg", "val/c/1.jpg", "test/c/1.jpg")

    with pytest.raises(LabelError, match=r"class 'c' is in test and val, but not in train. Add pictures"):
        read_folders(tmp_path)


def test_a_missing_folder_and_a_file_are_refused(tmp_path):
    plant(tmp_path, "photo.jpg")

    with pytest.raises(DataError, match="nowhere: expected a folder that can be listed, but: No such file"):
        read_folders(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"photo.jpg: expected a folder that can be listed, but: Not a directory"):
        read_folders(tmp_path / "photo.jpg")


def test_a_folder_that_cannot_be_opened_is_listed_as_bad(tmp_path, monkeypatch):
    plant(tmp_path, "a/1.jpg", "a/locked/2.jpg", "b/1.jpg")
    scandir = os.scandir

    def guarded(path):
        if os.fspath(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)

    assert reasons(read_folders(tmp_path)) == {"a/locked": "cannot be listed: Permission denied"}


def test_walking_yields_pictures_and_bad_files_alike(tmp_path):
    plant(tmp_path, "a/1.jpg", "a/2.txt", "b/1.jpg")

    found = list(walk(tmp_path))

    assert [one.name for one in found] == ["a/1.jpg", "a/2.txt", "b/1.jpg"]
    assert [type(one) for one in found] == [Sample, BadFile, Sample]


@pytest.mark.slow
def test_memory_of_walking_does_not_grow_with_the_number_of_folders(tmp_path):
    def peak(folders):
        root = tmp_path / str(folders)
        plant(root, *(f"{kind}/{i}/{j}.jpg" for kind in "ab" for i in range(folders) for j in range(50)))
        tracemalloc.start()
        assert sum(1 for _ in walk(root)) == folders * 100
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(40) < 2 * peak(10)


def test_the_reader_is_chosen_for_a_folder(tmp_path):
    plant(tmp_path, "a/1.jpg", "b/1.jpg")

    assert listed(read(str(tmp_path))) == listed(read_folders(tmp_path))


def test_a_link_that_leads_to_itself_is_left_out(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").touch()
    (tmp_path / "cat" / "self.jpg").symlink_to("self.jpg")
    data = read_folders(tmp_path)

    assert len(data) == 2
    assert [(bad.name, bad.reason) for bad in data.bad] == [("cat/self.jpg", "a link to nothing")]
