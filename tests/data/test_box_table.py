"""Tables with a box a row to samples."""

import numpy as np
import pytest

from boda.data import read
from boda.errors import DataError, LabelError

HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax\n"


def reasons(dataset):
    return [(bad.name, bad.reason) for bad in dataset.bad]


@pytest.fixture
def table(tmp_path, plant):
    """Read a table beside the pictures 1.jpg and 2.jpg of 40 x 30."""

    def read_it(text, **options):
        return read(plant(tmp_path, {"t.csv": text, "1.jpg": (40, 30), "2.jpg": (40, 30)}) / "t.csv", **options)

    return read_it


def test_rows_of_a_picture_come_together(table):
    dataset = table(HEADER + "1.jpg,40,30,dog,0,0,9,9\n2.jpg,40,30,cat,1,2,3,4.5\n1.jpg,40,30,cat,5,5,40,30\n")

    assert [s.boxes.tolist() for s in dataset] == [[[0, 0, 9, 9], [5, 5, 40, 30]], [[1, 2, 3, 4.5]]]
    assert dataset.samples[0].box_labels == ("dog", "cat")
    assert (dataset.classes, dataset.task) == (("cat", "dog"), "detect")


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("image,label,x1,y1,x2,y2", "1.jpg,cat,10,5,30,15"),
        ("image,label,x0,y0,x1,y1", "1.jpg,cat,10,5,30,15"),
        ("path,category,X_min,Y_min,X_max,Y_max", "1.jpg,cat,10,5,30,15"),
        ("file,name,left,top,right,bottom", "1.jpg,cat,10,5,30,15"),
        ("image_id,class,x,y,w,h", "1.jpg,cat,10,5,20,10"),
        ("filename,class,x,y,width,height", "1.jpg,cat,10,5,20,10"),
        ("filename;class;xmin;ymin;xmax;ymax", "1.jpg;cat;10;5;30;15"),
        ("filename,class,x,y,w,h", "1.jpg,cat,0.25,0.16666666666666667,0.5,0.33333333333333333"),
    ],
)
def test_the_common_columns_are_known(table, header, cells):
    assert table(f"{header}\n{cells}\n").samples[0].boxes == pytest.approx(np.array([[10, 5, 30, 15]]))


def test_shares_of_the_picture_are_told_and_said(table):
    dataset = table("filename,class,xmin,ymin,xmax,ymax\n1.jpg,cat,0,0,0.5,1\n")

    assert dataset.samples[0].boxes.tolist() == [[0, 0, 20, 30]]
    assert "read as shares" in dataset.notes[0]


def test_a_row_without_a_box_is_a_picture_that_shows_nothing(table):
    dataset = table(HEADER + "1.jpg,40,30,cat,0,0,9,9\n2.jpg,40,30,,,,,\n")

    assert dataset.samples[1].boxes.shape == (0, 4)
    assert dataset.bad == ()


def test_parts_and_groups_have_columns(table):
    text = "filename,class,xmin,ymin,xmax,ymax,split,who\n1.jpg,cat,0,0,9,9,valid,a\n2.jpg,cat,0,0,9,9,,b\n"

    assert [(s.part, s.group) for s in table(text, group_column="who")] == [("val", "a"), (None, "b")]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("1.jpg,40,30,cat,a,0,9,9", "line 3: expected numbers in xmin, ymin, xmax, ymax, came 'a, 0, 9, 9'; dropped"),
        ("1.jpg,40,30,cat,,0,9,9", "line 3: expected numbers in xmin, ymin, xmax, ymax, came ', 0, 9, 9'; dropped"),
        ("1.jpg,40,30,,0,0,9,9", "line 3: a box without a class; dropped"),
        ("1.jpg,40,30,cat,9,0,1,9", "line 3 (cat): inverted: 9, 0 to 1, 9; dropped"),
        ("1.jpg,40,30,cat,inf,0,1,9", "line 3 (cat): not finite: inf, 0 to 1, 9; dropped"),
        ("1.jpg,40,30,cat,0,0,9,90", "line 3 (cat): partly outside the picture of 40 x 30: 0, 0 to 9, 90; clipped"),
    ],
)
def test_a_bad_row_is_told_with_its_line(table, row, told):
    assert reasons(table(f"{HEADER}1.jpg,40,30,cat,0,0,9,9\n{row}\n")) == [("t.csv", told)]


def test_a_missing_picture_is_named_with_its_line(table):
    dataset = table(HEADER + "1.jpg,40,30,cat,0,0,9,9\ngone.jpg,40,30,cat,0,0,9,9\n")

    assert reasons(dataset) == [("gone.jpg", "line 3: no such file")]


def test_another_size_is_told(table):
    dataset = table(HEADER + "1.jpg,40,30,cat,0,0,9,9\n2.jpg,80,60,cat,0,0,9,9\n")

    told = "states a size of 80 x 60, but 2.jpg is 40 x 30: the boxes are of another picture; left out"
    assert reasons(dataset) == [("t.csv", told)]


def test_pictures_may_lie_in_a_folder_of_their_own(tmp_path, plant):
    plant(tmp_path, {"t.csv": HEADER + "1.jpg,40,30,cat,0,0,9,9\n", "images/1.jpg": (40, 30)})

    assert [sample.name for sample in read(tmp_path / "t.csv")] == ["images/1.jpg"]


def test_no_picture_at_all_is_an_error(tmp_path, plant):
    plant(tmp_path, {"t.csv": HEADER + "1.jpg,40,30,cat,0,0,9,9\n"})

    with pytest.raises(DataError, match=r"t.csv: none of 1 pictures is there; the first is '1.jpg', line 2: no such"):
        read(tmp_path / "t.csv")


def test_rows_that_contradict_each_other_are_an_error(table):
    text = "filename,class,xmin,ymin,xmax,ymax,part\n1.jpg,cat,0,0,9,9,train\n1.jpg,cat,0,0,8,8,val\n"

    with pytest.raises(LabelError, match=r"t.csv:3: part is 'val' here, but 'train' on line 2"):
        table(text)


def test_a_part_that_is_none_is_an_error(table):
    with pytest.raises(LabelError, match=r"t.csv:2: expected train, .* in column 'part', came 'holdout'"):
        table("filename,class,xmin,ymin,xmax,ymax,part\n1.jpg,cat,0,0,9,9,holdout\n")


def test_a_table_without_boxes_is_read_as_one_of_labels(tmp_path, plant):
    plant(tmp_path, {"t.csv": "path,label\n1.jpg,cat\n2.jpg,dog\n", "1.jpg": (40, 30), "2.jpg": (40, 30)})

    assert read(tmp_path / "t.csv").task == "classify"


@pytest.mark.parametrize("odd", ["nan", "inf", "-inf"])
def test_a_number_that_is_none_does_not_make_the_others_shares(table, odd):
    dataset = table(f"{HEADER}1.jpg,40,30,cat,{odd},0,9,9\n2.jpg,40,30,cat,0,0,9,9\n1.jpg,40,30,cat,0,0,8,8\n")

    assert [sample.boxes.tolist() for sample in dataset] == [[[0, 0, 8, 8]], [[0, 0, 9, 9]]]
    assert dataset.notes == ()


def test_an_infinite_number_among_shares_leaves_them_shares(table):
    dataset = table(HEADER + "1.jpg,40,30,cat,inf,0,1,1\n2.jpg,40,30,cat,0,0,0.5,1\n")

    assert dataset.samples[0].boxes.tolist() == [[0, 0, 20, 30]]
