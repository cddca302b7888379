"""Pascal VOC files to samples."""

import tracemalloc

import numpy as np
import pytest

from boda.data import read
from boda.data.voc import MAX_XML, parse_voc, read_voc
from boda.errors import DataError, LabelError

OBJECT = "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
SIZE = "<size><width>{}</width><height>{}</height><depth>3</depth></size>"


def xml(*objects, size=(40, 30), filename="whatever.jpg"):
    """A VOC file; an object is (name, xmin, ymin, xmax, ymax)."""
    inside = "".join(OBJECT.format(*each) for each in objects)
    stated = SIZE.format(*size) if size else ""
    return f"<annotation><filename>{filename}</filename>{stated}{inside}</annotation>"


CAT = ("cat", 1, 1, 10, 20)
DOG = ("dog", 11, 3, 40, 30)


def reasons(dataset):
    return [(bad.name, bad.reason) for bad in dataset.bad]


def test_boxes_are_one_based_and_include_both_ends(tmp_path, plant):
    plant(tmp_path, {"annotations/1.xml": xml(CAT, DOG), "images/1.jpg": (40, 30)})

    (sample,) = read(tmp_path)

    assert sample.name == "images/1.jpg"
    assert sample.boxes.tolist() == [[0, 0, 10, 20], [10, 2, 40, 30]]
    assert sample.box_labels == sample.label == ("cat", "dog")


@pytest.mark.parametrize(
    ("label_file", "picture"),
    [
        ("Annotations/1.xml", "JPEGImages/1.png"),
        ("annotations/train/1.xml", "images/train/1.JPG"),
        ("train/1.xml", "train/1.jpg"),
        ("1.xml", "1.jpg"),
        ("annotations/1.xml", "1.jpg"),
    ],
)
def test_the_picture_is_beside_or_in_the_folder_that_mirrors_the_labels(tmp_path, plant, label_file, picture):
    plant(tmp_path, {label_file: xml(CAT), picture: (40, 30)})

    assert [sample.name for sample in read(tmp_path)] == [picture]


def test_image_sets_give_the_parts(tmp_path, plant):
    plant(
        tmp_path, {f"Annotations/{i}.xml": xml(CAT) for i in "abcd"} | {f"JPEGImages/{i}.jpg": (40, 30) for i in "abcd"}
    )
    plant(
        tmp_path,
        {f"ImageSets/Main/{part}.txt": f"{i}\n" for part, i in zip(("train", "val", "test"), "abc", strict=True)},
    )
    plant(tmp_path, {"ImageSets/Main/cat_train.txt": "d 1\n"})

    dataset = read(tmp_path)

    assert [sample.part for sample in dataset] == ["train", "val", "test"]
    assert dataset.notes == ("Pictures in no list of ImageSets/Main, left out: 1 (JPEGImages/d.jpg).",)
    assert dataset.bad == ()


def test_without_a_list_to_train_on_what_is_in_none_is_for_training(tmp_path, plant):
    for i in "ab":
        plant(tmp_path, {f"Annotations/{i}.xml": xml(CAT), f"JPEGImages/{i}.jpg": (40, 30)})
    plant(tmp_path, {"ImageSets/Main/test.txt": "b\n"})

    assert [sample.part for sample in read(tmp_path)] == [None, "test"]


def test_image_sets_speak_of_their_own_folder_alone(tmp_path, plant):
    for year, part in (("VOC2007", "train"), ("VOC2012", "val")):  # both have a 0.jpg
        plant(tmp_path, {f"{year}/Annotations/0.xml": xml(CAT), f"{year}/JPEGImages/0.jpg": (40, 30)})
        plant(tmp_path, {f"{year}/ImageSets/Main/{part}.txt": "0\n"})

    assert [(sample.name, sample.part) for sample in read_voc(tmp_path)] == [
        ("VOC2007/JPEGImages/0.jpg", "train"),
        ("VOC2012/JPEGImages/0.jpg", "val"),
    ]


def test_image_sets_that_name_no_picture_are_an_error(tmp_path, plant):
    plant(tmp_path, {"Annotations/a.xml": xml(CAT), "JPEGImages/a.jpg": (40, 30)})
    plant(tmp_path, {"ImageSets/Main/train.txt": "a.jpg\n"})

    with pytest.raises(
        DataError, match=r"name none of the pictures, .* is JPEGImages/a.jpg. Write a stem a line, such"
    ):
        read(tmp_path)


def test_thumbnails_of_a_run_are_no_pictures_of_the_data(tmp_path, plant):
    plant(tmp_path, {"1.xml": xml(CAT), "1.jpg": (40, 30)})
    plant(tmp_path, {"runs/001/run.json": "{}", "runs/001/pictures/0.jpg": (40, 30)})

    assert read(tmp_path).bad == ()


def test_folders_give_the_parts(tmp_path, plant):
    plant(tmp_path, {f"{part}/{part}.xml": xml(CAT) for part in ("train", "valid", "test")})
    plant(tmp_path, {f"{part}/{part}.jpg": (40, 30) for part in ("train", "valid", "test")})

    assert {sample.name: sample.part for sample in read(tmp_path)} == {
        "test/test.jpg": "test",
        "train/train.jpg": "train",
        "valid/valid.jpg": "val",
    }


def test_one_box_a_picture_is_to_locate_and_more_are_to_detect(tmp_path, plant):
    plant(tmp_path, {"a/1.xml": xml(CAT), "a/1.jpg": (40, 30), "a/0.xml": xml(), "a/0.jpg": (40, 30)})
    assert read_voc(tmp_path).task == "locate"

    plant(tmp_path, {"a/2.xml": xml(CAT, DOG), "a/2.jpg": (40, 30)})
    assert read_voc(tmp_path).task == "detect"
    assert read_voc(tmp_path).classes == ("cat", "dog")


def test_to_locate_among_several_the_largest_box_is_kept_and_said(tmp_path, plant):
    plant(tmp_path, {"1.xml": xml(CAT, DOG, CAT), "1.jpg": (40, 30)})

    dataset = read(tmp_path, task="locate")

    assert dataset.task == "locate"
    assert dataset.samples[0].boxes.tolist() == [[10, 2, 40, 30]]
    assert (dataset.samples[0].label, dataset.classes) == (("dog",), ("dog",))
    assert dataset.notes == (
        "To locate, the largest box of each picture was kept; left out: 2, in pictures: 1 (1.jpg).",
    )


def test_a_file_without_objects_is_a_picture_that_shows_nothing(tmp_path, plant):
    plant(tmp_path, {"0.xml": xml(), "0.jpg": (40, 30), "1.xml": xml(CAT), "1.jpg": (40, 30)})

    negative = read(tmp_path).samples[0]

    assert negative.boxes.shape == (0, 4)
    assert (negative.label, negative.box_labels) == ((), ())


def test_fractions_are_taken_as_they_stand():
    _, _, rows, faults = parse_voc(xml(("cat", 1.25, 2.5, 3.75, "4.5")).encode())

    assert rows[0].box == (1.25, 2.5, 3.75, 4.5)
    assert not faults


def test_boxes_of_parts_of_an_object_are_no_objects():
    hand = "<part><name>hand</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>"
    data = xml(CAT).replace("</object>", hand + "</object>")

    assert [row.label for row in parse_voc(data.encode())[2]] == ["cat"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            ("cat", "x", 1, 2, 2),
            "object 1 (cat): expected numbers in xmin, ymin, xmax, ymax, came 'x, 1, 2, 2'; dropped",
        ),
        (("", 1, 1, 2, 2), "object 1: no <name>; dropped"),
        (("cat", "nan", 1, 2, 2), "object 1 (cat): not finite: nan, 0 to 2, 2; dropped"),
        (("cat", 9, 1, 4, 9), "object 1 (cat): inverted: 8, 0 to 4, 9; dropped"),
        (("cat", 9, 1, 8, 9), "object 1 (cat): zero area: 8, 0 to 8, 9; dropped"),
        (("cat", 50, 1, 60, 9), "object 1 (cat): outside the picture of 40 x 30: 49, 0 to 60, 9; dropped"),
        (("cat", 31, 1, 60, 9), "object 1 (cat): partly outside the picture of 40 x 30: 30, 0 to 60, 9; clipped"),
    ],
)
def test_a_bad_box_is_told_with_its_file_and_number(tmp_path, plant, given, told):
    plant(tmp_path, {"1.xml": xml(given, DOG), "1.jpg": (40, 30)})

    assert reasons(read(tmp_path)) == [("1.xml", told)]


def test_a_bad_box_is_dropped_and_the_picture_keeps_the_others(tmp_path, plant):
    plant(tmp_path, {"1.xml": xml(("cat", 9, 1, 4, 9), DOG, ("cat", 31, -5, 60, 9)), "1.jpg": (40, 30)})

    assert read(tmp_path).samples[0].boxes.tolist() == [[10, 2, 40, 30], [30, 0, 40, 9]]


def test_a_pixel_beyond_the_edge_is_rounding_and_clipped_in_silence(tmp_path, plant):
    plant(tmp_path, {"1.xml": xml(("cat", 0, 0, 41, 31)), "1.jpg": (40, 30)})

    dataset = read(tmp_path)

    assert dataset.samples[0].boxes.tolist() == [[0, 0, 40, 30]]
    assert dataset.bad == ()


def test_a_picture_of_which_every_box_is_bad_is_left_out_not_taken_for_a_negative(tmp_path, plant):
    plant(tmp_path, {"1.xml": xml(("cat", 9, 1, 4, 9)), "1.jpg": (40, 30), "2.xml": xml(DOG), "2.jpg": (40, 30)})

    dataset = read(tmp_path)

    assert [sample.name for sample in dataset] == ["2.jpg"]
    assert reasons(dataset)[-1] == ("1.jpg", "left out: none of its boxes can be used, and it is no negative")


def test_another_size_than_the_pictures_means_another_picture(tmp_path, plant):
    plant(tmp_path, {"1.xml": xml(CAT, size=(400, 300)), "1.jpg": (40, 30), "2.xml": xml(DOG), "2.jpg": (40, 30)})

    told = "states a size of 400 x 300, but 1.jpg is 40 x 30: the boxes are of another picture; left out"
    assert reasons(read(tmp_path)) == [("1.xml", told)]


@pytest.mark.parametrize("size", [None, (0, 0)])
def test_a_size_that_is_not_known_is_read_from_the_picture(tmp_path, plant, size):
    plant(tmp_path, {"1.xml": xml(CAT, size=size), "1.jpg": (40, 30)})

    assert len(read(tmp_path)) == 1


def test_what_has_no_partner_is_named(tmp_path, plant):
    plant(
        tmp_path, {"a/1.xml": xml(CAT), "a/1.jpg": (40, 30), "a/2.xml": xml(DOG, filename="9.jpg"), "a/3.jpg": (40, 30)}
    )

    assert reasons(read_voc(tmp_path)) == [
        ("a/2.xml", "no picture '2' for it, nor one named '9.jpg'"),
        ("a/3.jpg", "no XML file describes it, not even one without objects; left out"),
    ]


def test_a_damaged_picture_is_named(tmp_path, plant):
    plant(tmp_path, {"1.xml": xml(CAT), "1.jpg": b"no picture", "2.xml": xml(CAT), "2.jpg": (40, 30)})

    ((name, reason),) = reasons(read(tmp_path))
    assert name == "1.jpg"
    assert "not a picture that boda reads" in reason


def test_without_a_picture_of_its_stem_the_file_name_in_the_xml_counts(tmp_path, plant):
    plant(tmp_path, {"annotations/000.xml": xml(CAT, filename="/home/me/cat.jpg"), "images/cat.jpg": (40, 30)})

    assert [sample.name for sample in read(tmp_path)] == ["images/cat.jpg"]


@pytest.mark.parametrize("filename", ["../secret.jpg", "../../secret.jpg", "..\\secret.jpg", "/etc/passwd", ".."])
def test_the_file_name_in_the_xml_never_leads_out(tmp_path, plant, filename):
    plant(tmp_path, {"secret.jpg": (40, 30), "data/1.xml": xml(CAT, filename=filename), "data/2.xml": xml(CAT)})
    plant(tmp_path, {"data/2.jpg": (40, 30)})

    dataset = read(tmp_path / "data")

    assert [sample.name for sample in dataset] == ["2.jpg"]
    assert "no picture '1' for it" in reasons(dataset)[0][1]


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><annotation><filename>&i;</filename></annotation>"
)
QUADRATIC = f'<!DOCTYPE x [<!ENTITY a "{"a" * 100_000}">]><annotation>{"&a;" * 10_000}</annotation>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><annotation><filename>&f;</filename></annotation>'
OUTSIDE_DTD = '<!DOCTYPE annotation SYSTEM "http://127.0.0.1:9/x.dtd"><annotation/>'


@pytest.mark.parametrize("data", [LAUGHS, QUADRATIC, OUTSIDE, OUTSIDE_DTD], ids=["laughs", "quadratic", "file", "dtd"])
def test_xml_with_entities_is_refused_before_they_grow(data):
    tracemalloc.start()
    try:
        with pytest.raises(LabelError, match=r"refused: XML with a DTD or entities"):
            parse_voc(data.encode())
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()


def test_a_huge_label_file_is_refused_unread(tmp_path, plant):
    plant(tmp_path, {"1.xml": xml(CAT), "1.jpg": (40, 30), "2.jpg": (40, 30)})
    with (tmp_path / "2.xml").open("wb") as file:
        file.write(b"<annotation>")
        file.truncate(MAX_XML + 1)

    assert reasons(read(tmp_path)) == [("2.xml", "larger than 16 MiB, which no label file of this kind is")]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("<annotation>", "no XML that can be read"),
        ("", "no XML that can be read"),
        ("<svg/>", "expected Pascal VOC, whose outermost element is <annotation>, came <svg>"),
        ('<?xml version="1.0" encoding="nonsense"?><annotation/>', "no XML that can be read"),
    ],
)
def test_a_damaged_label_file_is_named_and_the_rest_goes_on(tmp_path, plant, data, told):
    plant(tmp_path, {"a/1.xml": data, "a/1.jpg": (40, 30), "a/2.xml": xml(CAT), "a/2.jpg": (40, 30)})

    dataset = read_voc(tmp_path)

    assert [sample.name for sample in dataset] == ["a/2.jpg"]
    assert reasons(dataset)[0][0] == "a/1.xml"
    assert told in reasons(dataset)[0][1]


def test_no_box_at_all_is_an_error_that_names_the_first_fault(tmp_path, plant):
    plant(tmp_path, {"1.xml": xml(CAT)})

    with pytest.raises(
        DataError, match=r"expected pictures with boxes, found none .* the first is 1.xml: no picture '1'"
    ):
        read(tmp_path)


def test_names_may_be_of_any_language(tmp_path, plant):
    plant(tmp_path, {"annotations/é漢 1.xml": xml(("바나나", 1, 1, 9, 9)), "images/é漢 1.jpg": (40, 30)})

    assert read(tmp_path).classes == ("바나나",)


def test_raccoon_is_read_whole(data_dir):
    dataset = read(data_dir / "raccoon")

    assert (len(dataset), dataset.task, dataset.classes, dataset.bad) == (200, "detect", ("raccoon",), ())
    assert sum(len(sample.boxes) for sample in dataset) == 217
    assert dataset.samples[0].boxes.tolist() == [[80, 87, 522, 408]]
    assert all(np.isfinite(sample.boxes).all() for sample in dataset)
