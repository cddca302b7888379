import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from boda.box_answers import BoxAnswer
from boda.errors import RunError
from boda.verbs.box_outputs import FreeNames, categories_sentence, image_ids, keep

CLASSES = ("cat", "dog")


def answer(path, boxes=((10, 20, 30, 60),), labels=("dog",), confidences=(0.75,)):
    return BoxAnswer(str(path), 100, 80, np.array(boxes, np.float32).reshape(-1, 4), labels, confidences)


def nothing(path):
    return answer(path, (), (), ())


def lost(path):
    return BoxAnswer(str(path), error="no such file or directory")


def test_answers_pass_on_as_they_come(tmp_path):
    asked = [answer("a.jpg"), lost("b.jpg")]

    assert list(keep(asked, CLASSES, coco=tmp_path / "results.json")) == asked


def test_coco_results_are_xywh_with_ids_from_1(tmp_path):
    list(keep([answer("a.jpg"), nothing("b.jpg"), lost("c.jpg")], CLASSES, coco=tmp_path / "results.json"))

    assert json.loads((tmp_path / "results.json").read_text()) == [
        {
            "image_id": 1,
            "category_id": 2,
            "bbox": [10.0, 20.0, 20.0, 40.0],
            "score": 0.75,
            "file_name": "a.jpg",
            "category": "dog",
        }
    ]


def test_coco_results_of_nothing_are_an_empty_list(tmp_path):
    list(keep([nothing("a.jpg")], CLASSES, coco=tmp_path / "results.json"))

    assert json.loads((tmp_path / "results.json").read_text()) == []


def test_a_picture_that_cannot_be_read_keeps_its_place_among_the_files(tmp_path):
    list(keep([answer("a.jpg"), lost("b.jpg"), answer("c.jpg")], CLASSES, coco=tmp_path / "results.json"))

    assert [line["image_id"] for line in json.loads((tmp_path / "results.json").read_text())] == [1, 3]


def test_a_folder_without_pictures_leaves_names_that_are_numbers_the_ids(tmp_path):
    list(keep([answer("139.jpg"), lost("empty")], CLASSES, coco=tmp_path / "results.json"))

    assert [line["image_id"] for line in json.loads((tmp_path / "results.json").read_text())] == [139]


def test_what_the_category_ids_mean_is_said(tmp_path, capsys):
    list(keep([answer("a.jpg")], CLASSES, coco=tmp_path / "results.json"))

    assert "category_id is 1 for cat, 2 for dog" in " ".join(capsys.readouterr().err.split())


def test_of_many_categories_the_first_and_the_last_are_said():
    told = categories_sentence(Path("r.json"), [f"c{number}" for number in range(80)])

    assert told.startswith("r.json: category_id is 1 for c0, 2 for c1, 3 for c2, …, 80 for c79. ")


@pytest.mark.parametrize(
    ("paths", "ids"),
    [
        (["x/000139.jpg", "x/7.png"], [139, 7]),
        (["7.jpg", "07.jpg"], [1, 2]),
        (["7.jpg", "a.jpg"], [1, 2]),
        (["²³.jpg"], [1]),
        ([], []),
    ],
)
def test_cocos_numbers_are_the_names_where_all_are_numbers(paths, ids):
    assert image_ids(paths) == ids


def test_yolo_text_is_relative_centre_and_size_with_confidence(tmp_path):
    list(keep([answer("yard/a.jpg"), nothing("b.jpg"), lost("c.jpg")], CLASSES, yolo=tmp_path / "labels"))

    assert (tmp_path / "labels" / "a.txt").read_text() == "1 0.200000 0.500000 0.200000 0.500000 0.750000\n"
    assert (tmp_path / "labels" / "b.txt").read_text() == ""
    assert (tmp_path / "labels" / "classes.txt").read_text() == "cat\ndog\n"
    assert not (tmp_path / "labels" / "c.txt").exists()


def test_pictures_of_one_name_do_not_write_over_each_other(tmp_path):
    list(keep([answer("x/a.jpg"), nothing("y/a.png"), nothing("classes.jpg")], CLASSES, yolo=tmp_path / "labels"))

    assert sorted(path.name for path in (tmp_path / "labels").iterdir()) == [
        "a-2.txt",
        "a.txt",
        "classes-2.txt",
        "classes.txt",
    ]


def test_names_that_differ_in_their_case_alone_are_kept_apart():
    free = FreeNames()

    assert [free.take("A.jpg"), free.take("a.jpg")] == ["A", "a-2"]


def test_boxes_are_drawn_on_a_copy(tmp_path):
    grey = np.full((80, 100, 3), 128, np.uint8)
    Image.fromarray(grey).save(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    list(keep([answer(tmp_path / "a.png"), lost(tmp_path / "b.png")], CLASSES, draw=tmp_path / "drawn"))
    (drawn,) = (tmp_path / "drawn").iterdir()
    copy = np.asarray(Image.open(drawn)).astype(int)

    assert drawn.name == "a.jpg"
    assert np.abs(copy[20:60, 9:12] - 128).max() > 60
    assert np.abs(copy[40:50, 15:25] - 128).max() < 20
    assert (tmp_path / "a.png").read_bytes() == before


def test_a_folder_that_holds_something_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    for place in ("yolo", "draw"):
        with pytest.raises(RunError, match="is there already and not empty"):
            keep([], CLASSES, **{place: tmp_path})


def test_a_place_that_is_refused_leaves_the_others_as_they_were(tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")

    with pytest.raises(RunError, match="taken is there already and not empty"):
        keep([], CLASSES, yolo=tmp_path / "labels", draw=tmp_path / "taken")

    assert not (tmp_path / "labels").exists()


def test_one_place_for_two_outputs_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(RunError, match=r"yolo and draw are both .*; give each a place of its own"):
        keep([], CLASSES, yolo=tmp_path / "out", draw=f"{tmp_path}/x/../out")

    assert not (tmp_path / "out").exists()


def test_a_file_that_is_there_is_never_written_over(tmp_path):
    (tmp_path / "results.json").write_text("mine")

    with pytest.raises(RunError, match="is there already, and nothing is written over"):
        keep([], CLASSES, coco=tmp_path / "results.json")


def test_a_file_in_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(RunError, match="there is no folder"):
        keep([], CLASSES, coco=tmp_path / "nowhere" / "results.json")


@pytest.mark.parametrize("place", ["coco", "yolo", "draw"])
def test_nothing_is_written_into_the_pictures_folder(place, tmp_path):
    with pytest.raises(RunError, match=r"lies within .*, the pictures' folder, which boda never writes to"):
        keep([], CLASSES, **{place: tmp_path / "new"}, pictures=[str(tmp_path)])

    assert list(tmp_path.iterdir()) == []
