"""YOLO folders to samples."""

import pytest

from boda.data import read
from boda.data.yolo import parse_yolo
from boda.data.yolo_data import parse_yaml
from boda.errors import DataError, LabelError

NAMES = {0: "cat", 1: "dog"}
YAML = "path: .\ntrain: images/train\nval: images/val\nnames: [cat, dog]\n"


def reasons(dataset):
    return [(bad.name, bad.reason) for bad in dataset.bad]


def test_boxes_are_a_centre_and_two_sides_as_shares(tmp_path, plant):
    plant(tmp_path, {"data.yaml": YAML, "images/train/1.jpg": (40, 20), "labels/train/1.txt": "1 0.5 0.5 0.5 0.25\n"})

    (sample,) = read(tmp_path)

    assert sample.boxes.tolist() == [[10, 7.5, 30, 12.5]]
    assert (sample.name, sample.label) == ("images/train/1.jpg", ("dog",))


def test_classes_are_in_the_order_of_the_data(tmp_path, plant):
    plant(tmp_path, {"data.yaml": "train: images\nnames: {1: ant, 0: zebra, 5: bee}\n"})
    plant(tmp_path, {"images/1.jpg": (40, 20), "labels/1.txt": "5 0.5 0.5 0.5 0.25\n"})

    dataset = read(tmp_path)

    assert dataset.classes == ("zebra", "ant", "bee")
    assert dataset.samples[0].label == ("bee",)
    assert dataset.samples[0].part is None


@pytest.mark.parametrize(
    ("train", "val"),
    [
        ("images/train", "images/val"),
        ("./images/train/", "images/val"),
        ("[images/train]", "[images/val]"),
        ("train.txt", "images/val"),
        ("/home/someone/data/images/train", "C:\\data\\images\\val"),
    ],
)
def test_data_yaml_gives_the_parts(tmp_path, plant, train, val):
    plant(tmp_path, {"data.yaml": f"train: {train}\nval: {val}\nnames: [cat]\n", "train.txt": "./images/train/1.jpg\n"})
    plant(tmp_path, {f"images/{name}.jpg": (40, 20) for name in ("train/1", "val/2")})
    plant(tmp_path, {f"labels/{name}.txt": "0 0.5 0.5 0.5 0.5" for name in ("train/1", "val/2")})

    assert [(s.name, s.part) for s in read(tmp_path)] == [("images/train/1.jpg", "train"), ("images/val/2.jpg", "val")]


def test_images_and_labels_may_lie_below_the_parts(tmp_path, plant):
    plant(tmp_path, {"data.yaml": "train: ../train/images\nval: ../valid/images\nnames: [cat]\n"})
    plant(tmp_path, {f"{part}/images/{part}.jpg": (40, 20) for part in ("train", "valid")})
    plant(tmp_path, {f"{part}/labels/{part}.txt": "0 0.5 0.5 0.5 0.5" for part in ("train", "valid")})

    assert [(s.name, s.part, len(s.boxes)) for s in read(tmp_path)] == [
        ("train/images/train.jpg", "train", 1),
        ("valid/images/valid.jpg", "val", 1),
    ]


def test_paths_never_lead_out_of_the_folder(tmp_path, plant):
    plant(tmp_path, {"other/1.jpg": (40, 20), "data/images/2.jpg": (40, 20)})
    plant(tmp_path, {"data/data.yaml": f"path: ..\ntrain: {tmp_path}/other\nnames: [cat]\n"})

    with pytest.raises(DataError, match=r"data.yaml: no picture in .*other. Are the paths right?"):
        read(tmp_path / "data")


def test_without_data_yaml_a_list_of_names_and_folders_serve(tmp_path, plant):
    plant(
        tmp_path, {"classes.txt": "cat\ndog\n", "labels/val/1.txt": "1 0.5 0.5 0.5 0.5", "images/val/1.jpg": (40, 20)}
    )

    dataset = read(tmp_path)

    assert dataset.classes == ("cat", "dog")
    assert dataset.samples[0].part == "val"


def test_without_names_the_error_says_what_to_write(tmp_path, plant):
    plant(tmp_path, {"labels/1.txt": "1 0.5 0.5 0.5 0.5", "images/1.jpg": (40, 20)})

    with pytest.raises(DataError, match=r"found neither. Write data.yaml with a line such as names: \[cat, dog\]"):
        read(tmp_path)


def test_an_outline_becomes_the_box_around_it():
    rows, faults = parse_yolo("0 0.1 0.2 0.5 0.2 0.3 0.6\n", NAMES)

    assert rows[0].box == pytest.approx((0.3, 0.4, 0.4, 0.4))
    assert faults == []


def test_key_points_after_a_box_are_left_alone():
    rows, _ = parse_yolo("0 0.5 0.5 0.2 0.1 0.9 0.9 2 0.1 0.1 2\n", NAMES, keypoints=True)

    assert rows[0].box == (0.5, 0.5, 0.2, 0.1)
    assert parse_yaml(b"names: [cat]\nkpt_shape: [17, 3]\n").keypoints


def test_a_confidence_after_a_box_is_left_alone():
    rows, faults = parse_yolo("0 0.5 0.5 0.2 0.1 0.75\n", NAMES)

    assert rows[0].box == (0.5, 0.5, 0.2, 0.1)
    assert faults == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("7 0.5 0.5 0.5 0.5", "line 2: class id 7, but there are 2 classes (0 to 1); dropped"),
        ("0.5 0.5 0.5 0.5 0.5", "line 2: class id 0.5, but there are 2 classes (0 to 1); dropped"),
        ("0 0.5 0.5 0.5", "line 2: expected a class and 4 numbers, or the corners of an outline, came 4; dropped"),
        (
            "0 0.5 0.5 0.5 0.5 7",
            "line 2: expected a class and 4 numbers, or the corners of an outline, came 6; dropped",
        ),
        ("cat 0.5 0.5 0.5 0.5", "line 2: expected numbers, came 'cat 0.5 0.5 0.5 0.5'; dropped"),
        ("0 nan 0.5 0.5 0.5", "line 2 (cat): not finite: nan, 5 to nan, 15; dropped"),
        ("0 0.5 0.5 -0.5 0.5", "line 2 (cat): inverted: 30, 5 to 10, 15; dropped"),
        ("0 0.5 0.5 0 0.5", "line 2 (cat): zero area: 20, 5 to 20, 15; dropped"),
        ("0 2.5 0.5 0.5 0.5", "line 2 (cat): outside the picture of 40 x 20: 90, 5 to 110, 15; dropped"),
        ("0 1.0 0.5 0.5 0.5", "line 2 (cat): partly outside the picture of 40 x 20: 30, 5 to 50, 15; clipped"),
    ],
)
def test_a_bad_row_is_told_with_its_file_and_line(tmp_path, plant, line, told):
    plant(tmp_path, {"data.yaml": "train: images\nnames: [cat, dog]\n", "images/1.jpg": (40, 20)})
    plant(tmp_path, {"labels/1.txt": f"\n{line}\n1 0.5 0.5 0.1 0.1\n"})

    assert reasons(read(tmp_path)) == [("labels/1.txt", told)]


def test_a_picture_without_a_text_file_shows_nothing_and_is_named(tmp_path, plant):
    plant(
        tmp_path,
        {"data.yaml": "train: images\nnames: [cat]\n", "labels/1.txt": "0 0.5 0.5 0.1 0.1", "labels/3.txt": ""},
    )
    plant(tmp_path, {f"images/{i}.jpg": (40, 20) for i in "123"})

    dataset = read(tmp_path)

    assert [len(sample.boxes) for sample in dataset] == [1, 0, 0]
    assert dataset.notes == ("Taken to show nothing, for want of a text file: 1 (images/2.jpg).",)


def test_a_text_file_without_a_picture_is_named(tmp_path, plant):
    plant(
        tmp_path, {"data.yaml": "train: images\nnames: [cat]\n", "images/1.jpg": (40, 20), "labels/classes.txt": "cat"}
    )
    plant(tmp_path, {f"labels/{i}.txt": "0 0.5 0.5 0.1 0.1" for i in "12"})

    assert reasons(read(tmp_path)) == [("labels/2.txt", "no picture for it")]


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("names: [cat", "no YAML that can be read"),
        ("- names", "expected entries such as names and train, came list"),
        ("train: images", "expected names: a list of class names, or numbers with names"),
        ("names: [cat, '']", "expected names: a list of class names, or numbers with names"),
        (f"names: {{0x{'f' * 100}: cat}}", "expected names: a list of class names, or numbers with names"),
        ("names: {.inf: cat}", "expected whole numbers with names"),
        ("names: [[cat]]", "expected names: a list of class names, or numbers with names"),
        (BOMB + "names: *i\n", "expected names: a list of class names, or numbers with names"),
        ("names: {one: cat}", "expected whole numbers with names"),
        ("names: !!python/object/apply:os.getcwd []", "no YAML that can be read"),
    ],
)
def test_what_is_no_data_yaml_is_an_error_with_its_name(tmp_path, plant, text, told):
    plant(tmp_path, {"data.yaml": text})

    with pytest.raises(LabelError, match=rf"data.yaml: {told}"):
        read(tmp_path / "data.yaml")


def test_a_yaml_file_stands_for_its_folder(tmp_path, plant):
    plant(tmp_path, {"mine.yaml": YAML, "images/train/1.jpg": (40, 20), "labels/train/1.txt": "1 0.5 0.5 0.5 0.25\n"})

    assert len(read(tmp_path / "mine.yaml")) == 1


def test_text_files_may_lie_beside_their_pictures_as_labelimg_writes_them(tmp_path, plant):
    plant(tmp_path, {"classes.txt": "cat\ndog\n", "1.jpg": (40, 20), "1.txt": "1 0.5 0.5 0.5 0.5"})

    (sample,) = read(tmp_path)

    assert (sample.label, sample.boxes.tolist()) == (("dog",), [[10, 5, 30, 15]])


def test_the_folders_of_cvat_are_read(tmp_path, plant):
    plant(tmp_path, {"obj.names": "cat\ndog\n", "obj.data": "classes = 2\n", "train.txt": "data/obj_train_data/1.jpg"})
    plant(tmp_path, {"obj_train_data/1.jpg": (40, 20), "obj_train_data/1.txt": "1 0.5 0.5 0.5 0.5"})

    assert [sample.label for sample in read(tmp_path)] == [("dog",)]


def test_an_empty_line_among_the_names_has_a_number_too(tmp_path, plant):
    plant(tmp_path, {"classes.txt": "cat\n\ndog\n", "images/1.jpg": (40, 20)})
    plant(tmp_path, {"labels/1.txt": "2 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.5 0.5\n"})

    dataset = read(tmp_path)

    assert (dataset.classes, dataset.samples[0].label) == (("cat", "dog"), ("dog",))
    assert reasons(dataset) == [("labels/1.txt", "line 2: class id 1, but there are 2 classes (0 to 2); dropped")]


@pytest.mark.parametrize(
    "names", ["[yes, no, 007, null, 2020-01-01]", "{0: yes, 1: no, 2: 007, 3: null, 4: 2020-01-01}"]
)
def test_a_name_is_taken_as_it_is_written(names):
    assert [*parse_yaml(f"names: {names}\n".encode()).names.values()] == ["yes", "no", "007", "null", "2020-01-01"]


def test_a_part_that_is_not_there_is_said(tmp_path, plant):
    plant(tmp_path, {"data.yaml": YAML, "images/train/1.jpg": (40, 20), "labels/train/1.txt": "1 0.5 0.5 0.5 0.25\n"})

    assert read(tmp_path).notes == ("data.yaml: no picture in images/val, which it gives as val.",)
