"""COCO's JSON to samples."""

import json

import pytest

from boda.data import coco, read
from boda.data.coco import parse_coco
from boda.errors import DataError, LabelError

CATEGORIES = [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}]


def image(number, name, **more):
    return {"id": number, "file_name": name, "width": 40, "height": 30, **more}


def box(number, bbox, category=3, **more):
    return {"id": 1, "image_id": number, "category_id": category, "bbox": bbox, **more}


def as_json(images, annotations, categories=CATEGORIES):
    return json.dumps({"images": images, "annotations": annotations, "categories": categories})


def reasons(dataset):
    return [(bad.name, bad.reason) for bad in dataset.bad]


def test_boxes_are_a_corner_and_two_sides(tmp_path, plant):
    whole = as_json([image(1, "1.jpg"), image(2, "2.jpg")], [box(1, [1, 2.5, 10, 20]), box(1, [0, 0, 5, 5], 7)])
    plant(tmp_path, {"_annotations.coco.json": whole, "1.jpg": (40, 30), "2.jpg": (40, 30)})

    dataset = read(tmp_path)

    assert dataset.samples[0].boxes.tolist() == [[1, 2.5, 11, 22.5], [0, 0, 5, 5]]
    assert dataset.samples[0].box_labels == ("cat", "dog")
    assert dataset.samples[1].boxes.shape == (0, 4)
    assert dataset.task == "detect"


def test_classes_are_in_the_order_of_their_numbers_which_may_have_gaps():
    assert parse_coco(as_json([], []).encode()).classes == ("cat", "dog")


def test_the_official_folders_give_the_parts(tmp_path, plant):
    for part in ("train2017", "val2017"):  # the same file names in both
        plant(tmp_path, {f"annotations/instances_{part}.json": as_json([image(1, "1.jpg")], [box(1, [0, 0, 9, 9])])})
        plant(tmp_path, {f"{part}/1.jpg": (40, 30), f"annotations/captions_{part}.json": "{}"})

    dataset = read(tmp_path)

    assert [(s.name, s.part) for s in dataset] == [("train2017/1.jpg", "train"), ("val2017/1.jpg", "val")]
    assert dataset.bad == ()


def test_a_file_beside_its_pictures_gives_the_part_of_its_folder(tmp_path, plant):
    for part in ("train", "valid", "test"):
        whole = as_json([image(1, "1.jpg")], [box(1, [0, 0, 9, 9])])
        plant(tmp_path, {f"{part}/_annotations.coco.json": whole, f"{part}/1.jpg": (40, 30)})

    assert {s.name: s.part for s in read(tmp_path)} == {
        "train/1.jpg": "train",
        "valid/1.jpg": "val",
        "test/1.jpg": "test",
    }


def test_a_single_file_is_read_with_the_pictures_around_it(tmp_path, plant):
    whole = as_json([image(1, "1.jpg")], [box(1, [0, 0, 9, 9])])
    plant(tmp_path, {"annotations/x.json": whole, "images/1.jpg": (40, 30)})

    assert [sample.name for sample in read(tmp_path / "annotations" / "x.json")] == ["images/1.jpg"]


def test_crowds_are_left_out_and_counted_and_so_is_a_picture_of_nothing_else(tmp_path, plant):
    images = [image(1, "1.jpg"), image(2, "2.jpg")]
    annotations = [box(1, [0, 0, 9, 9]), box(1, [0, 0, 30, 30], iscrowd=1), box(2, [0, 0, 30, 30], iscrowd=1)]
    plant(tmp_path, {"x.json": as_json(images, annotations), "1.jpg": (40, 30), "2.jpg": (40, 30)})

    dataset = read(tmp_path)

    assert [(s.name, len(s.boxes)) for s in dataset] == [("1.jpg", 1)]
    assert dataset.notes[0] == "Boxes around crowds (iscrowd), left out: 2."


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        (box(1, [1, 1, -3, 4]), "annotation 1 (cat): inverted: 1, 1 to -2, 5; dropped"),
        (box(1, [1, 1, 0, 4]), "annotation 1 (cat): zero area: 1, 1 to 1, 5; dropped"),
        (
            box(1, [1, 1, float("nan"), 4]),
            "annotation 1 (cat): expected four numbers as bbox, came [1, 1, nan, 4]; dropped",
        ),
        (box(1, [1, 1, 4]), "annotation 1 (cat): expected four numbers as bbox, came [1, 1, 4]; dropped"),
        (
            {"image_id": 1, "category_id": 3},
            "annotation number 1 (cat): expected four numbers as bbox, came None; dropped",
        ),
        (box(1, [1, 1, 4, 4], 5), "annotation 1: category_id 5, but the categories are 3 (cat), 7 (dog); dropped"),
        (box(8, [1, 1, 4, 4]), "annotation 1: image_id 8 is not among the images; dropped"),
        (box(1, [30, 1, 20, 4]), "annotation 1 (cat): partly outside the picture of 40 x 30: 30, 1 to 50, 5; clipped"),
    ],
)
def test_a_bad_box_is_told_with_its_file_and_number(tmp_path, plant, annotation, told):
    annotations = [annotation, box(1, [0, 0, 9, 9])]
    plant(tmp_path, {"x.json": as_json([image(1, "1.jpg")], annotations), "1.jpg": (40, 30)})

    dataset = read(tmp_path)

    assert reasons(dataset) == [("x.json", told)]
    assert [0, 0, 9, 9] in dataset.samples[0].boxes.tolist()


def test_a_missing_picture_and_one_number_for_two_are_named(tmp_path, plant):
    images = [image(1, "1.jpg"), image(2, "gone.jpg"), image(1, "3.jpg")]
    plant(tmp_path, {"x.json": as_json(images, [box(1, [0, 0, 9, 9])]), "1.jpg": (40, 30)})

    assert reasons(read(tmp_path)) == [
        ("x.json", "image 1: stands twice (3.jpg); the second was left out"),
        ("x.json", "image 2: no picture 'gone.jpg'"),
    ]


def test_a_name_that_may_be_any_of_two_pictures_is_no_guess(tmp_path, plant):
    images = [image(1, "1.jpg"), image(2, "2.jpg")]
    plant(tmp_path, {"annotations/x.json": as_json(images, [box(2, [0, 0, 9, 9])])})
    plant(tmp_path, dict.fromkeys(("a/1.jpg", "b/1.jpg", "a/2.jpg"), (40, 30)))

    assert reasons(read(tmp_path)) == [("annotations/x.json", "image 1: '1.jpg' may be any of a/1.jpg, b/1.jpg")]


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/secret.jpg", "..\\secret.jpg"])
def test_a_file_name_never_leads_out_of_the_folder(tmp_path, plant, name):
    images = [image(1, name), image(2, "2.jpg")]
    annotations = [box(1, [0, 0, 9, 9]), box(2, [0, 0, 9, 9])]
    plant(tmp_path, {"secret.jpg": (40, 30), "data/x.json": as_json(images, annotations), "data/2.jpg": (40, 30)})

    dataset = read(tmp_path / "data")

    assert [sample.name for sample in dataset] == ["2.jpg"]
    assert "image 1: no picture" in reasons(dataset)[0][1]


def test_pictures_that_no_file_lists_are_counted(tmp_path, plant):
    plant(
        tmp_path, {"x.json": as_json([image(1, "1.jpg")], [box(1, [0, 0, 9, 9])]), "1.jpg": (40, 30), "2.jpg": (40, 30)}
    )

    assert read(tmp_path).notes == ("Pictures in no COCO file, left out: 1 (2.jpg).",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "x.json: no JSON that can be read"),
        ("[" * 100_000, "x.json: no JSON that can be read"),
        ("[]", "x.json: expected COCO's images, annotations, categories, each a list of objects; images is none"),
        ('{"images": [], "annotations": [1], "categories": []}', "annotations is none"),
    ],
)
def test_what_is_no_coco_file_is_an_error_with_its_name(tmp_path, plant, text, told):
    plant(tmp_path, {"x.json": text})

    with pytest.raises(LabelError, match=told):
        read(tmp_path / "x.json")


def test_a_huge_file_is_refused_unread(tmp_path, plant, monkeypatch):
    monkeypatch.setattr(coco, "MAX_JSON", 100)
    plant(tmp_path, {"x.json": as_json([image(1, "1.jpg")], [])})

    with pytest.raises(LabelError, match=r"x.json: larger than .* MiB"):
        read(tmp_path / "x.json")


def test_no_box_at_all_is_an_error(tmp_path, plant):
    plant(tmp_path, {"x.json": as_json([image(1, "1.jpg")], []), "1.jpg": (40, 30)})

    with pytest.raises(DataError, match="expected pictures with boxes, found none with one that can be used"):
        read(tmp_path)


def test_categories_between_long_lists_are_found(tmp_path, plant):
    images = [image(number, f"{'long' * 20}{number}.jpg") for number in range(2000)]
    order = {"images": [image(0, "1.jpg"), *images[1:]], "categories": CATEGORIES}
    whole = json.dumps(order | {"annotations": [box(0, [0, 0, 9, 9])] * 2000})
    place = plant(tmp_path, {"x.json": whole}) / "x.json"

    assert min(whole.index('"categories"'), len(whole) - whole.index('"categories"')) > 2**16
    assert coco.looks_like_coco(place)


def test_keys_on_the_edge_of_what_is_read_at_once_are_found(tmp_path, plant, monkeypatch):
    place = plant(tmp_path, {"x.json": as_json([], [])}) / "x.json"
    for block in range(1, 30):
        monkeypatch.setattr(coco, "_BLOCK", block)
        assert coco.looks_like_coco(place)


def test_what_names_no_categories_is_not_taken_for_coco(tmp_path, plant):
    plant(tmp_path, {"x.json": '{"images": [], "annotations": []}', "y.json": '{"categories": []}'})

    assert coco.coco_files(tmp_path) == []


def test_any_json_is_read_where_the_format_is_given(tmp_path, plant):
    whole = as_json([image(1, "1.jpg")], [box(1, [0, 0, 9, 9])])
    plant(tmp_path, {"x.json": whole.encode("utf-16"), "1.jpg": (40, 30)})

    assert len(read(tmp_path, format="coco")) == 1
