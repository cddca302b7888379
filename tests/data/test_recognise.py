"""Files and folders to the reader that fits them."""

import pytest

from boda.data import read
from boda.data.recognise import reader_of_path
from boda.errors import DataError, RecipeError

CORNERS = "<xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>"
VOC = f"<annotation><object><name>cat</name><bndbox>{CORNERS}</bndbox></object></annotation>"
COCO = '{"images": [], "annotations": [], "categories": []}'
HEADER = "filename,class,xmin,ymin,xmax,ymax\n"


@pytest.mark.parametrize(
    ("files", "reader"),
    [
        ({"annotations/1.xml": VOC}, "voc"),
        ({"Annotations/1.xml": VOC}, "voc"),
        ({"train/1.xml": VOC}, "voc"),
        ({"annotations/instances_val2017.json": COCO}, "coco"),
        ({"valid/_annotations.coco.json": COCO}, "coco"),
        ({"data.yaml": "train: images\nnames: [cat]"}, "yolo"),
        ({"labels/train/1.txt": "0 0.5 0.5 0.1 0.1"}, "yolo"),
        ({"classes.txt": "cat", "1.jpg": (4, 3), "1.txt": "0 0.5 0.5 0.1 0.1"}, "yolo"),
        ({"obj.names": "cat", "obj_train_data/1.JPG": (4, 3), "obj_train_data/1.txt": "0 0.5 0.5 0.1 0.1"}, "yolo"),
        ({"classes.txt": "cat", **{f"{i}.txt": "" for i in range(30)}, "z.jpg": (4, 3), "z.txt": "0 1 1 1 1"}, "yolo"),
        ({"classes.txt": "cat", "cat/1.jpg": (4, 3), "measured.txt": "0 0.5 0.5 0.1 0.1"}, "folders"),
        ({"cat/1.jpg": (4, 3), "dog/1.jpg": (4, 3)}, "folders"),
        ({"cat/1.jpg": (4, 3), "about.json": "{}", "notes.xml": "<x/>", "conda.yaml": "name: x"}, "folders"),
    ],
)
def test_a_folder_is_known_by_what_is_there(tmp_path, plant, files, reader):
    assert reader_of_path(plant(tmp_path, files)) == reader


@pytest.mark.parametrize(
    ("name", "text", "reader"),
    [
        ("t.csv", HEADER, "box_table"),
        ("t.csv", "path,label\n", "table"),
        ("x.json", COCO, "coco"),
        ("y.yml", "", "yolo"),
    ],
)
def test_a_file_is_known_by_its_suffix_and_columns(tmp_path, plant, name, text, reader):
    assert reader_of_path(plant(tmp_path, {name: text}) / name) == reader


def test_a_folder_of_two_formats_names_both_and_the_option_that_decides(tmp_path, plant):
    plant(tmp_path, {"annotations/1.xml": VOC, "data.yaml": "train: images\nnames: [cat]", "images/1.jpg": (40, 30)})

    expected = (
        r"holds boxes in several formats: Pascal VOC \(annotations/1.xml\) and YOLO \(data.yaml\). Say which to read: "
        r'format="voc" among the reading options, --format voc in the command or format="yolo"'
    )
    with pytest.raises(DataError, match=expected):
        read(tmp_path)


def test_the_option_decides(tmp_path, plant):
    plant(tmp_path, {"annotations/1.xml": VOC, "data.yaml": "train: images\nnames: [cat]", "images/1.jpg": (40, 30)})

    assert len(read(tmp_path, format="voc").samples[0].boxes) == 1


def test_a_format_that_is_none_is_refused(tmp_path):
    with pytest.raises(RecipeError, match=r"format='vocc': expected box_table, coco, folders, table, voc, yolo"):
        read(tmp_path, format="vocc")


def test_a_task_that_is_none_is_refused(tmp_path, plant):
    plant(tmp_path, {"1.xml": VOC, "1.jpg": (40, 30)})

    with pytest.raises(RecipeError, match=r"expected task=\"locate\" or task=\"detect\". Received: task='find'"):
        read(tmp_path, task="find")


def test_a_group_pattern_serves_boxes_too(tmp_path, plant):
    plant(tmp_path, {"a1.xml": VOC, "a1.jpg": (40, 30), "b1.xml": VOC, "b1.jpg": (40, 30)})

    assert [sample.group for sample in read(tmp_path, group_pattern="[ab]")] == ["a", "b"]


def test_a_task_of_boxes_where_there_are_none_says_what_boxes_are_looked_for(tmp_path, plant):
    plant(tmp_path, {"cat/1.jpg": (4, 3), "dog/1.jpg": (4, 3)})

    expected = r"task='detect' needs boxes, in Pascal VOC, COCO, YOLO or a table .* it is read by 'folders'"
    with pytest.raises(RecipeError, match=expected):
        read(tmp_path, task="detect")
