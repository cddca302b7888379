"""CSV files and DataFrames to samples."""

from pathlib import Path

import pytest

from boda.data import read
from boda.data.table import read_frame, read_table
from boda.errors import DataError, LabelError, RecipeError


@pytest.fixture
def table(tmp_path):
    """Write photos.csv beside four empty pictures."""
    for name in ("a.jpg", "b.jpg", "c.jpg", "sub/d é.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    def write(text, encoding="utf-8"):
        path = tmp_path / "photos.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


class Frame:
    """What `read_frame` needs of a pandas DataFrame."""

    def __init__(self, records):
        self.columns = list(records[0])
        self.records = records

    def to_dict(self, orient):
        assert orient == "records"
        return self.records


def labels(dataset):
    return {sample.name: sample.label for sample in dataset}


def test_a_row_is_a_sample(table, tmp_path):
    dataset = read_table(table("path,label\nb.jpg,dog\nsub/d é.jpg,cat\n"))

    assert labels(dataset) == {"b.jpg": "dog", "sub/d é.jpg": "cat"}
    assert dataset.samples[1].image == tmp_path / "sub/d é.jpg"
    assert (dataset.classes, dataset.task, dataset.root) == (("cat", "dog"), "classify", tmp_path)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_separators_byte_order_marks_and_line_ends_are_understood(table, mark, encoding, newline):
    rows = [mark.join(row) for row in (("File", "Class"), ("a.jpg", "cat"), ("b.jpg", '"dog, or wolf"'), ())]

    assert labels(read_table(table(newline.join(rows), encoding))) == {"a.jpg": "cat", "b.jpg": "dog, or wolf"}


def test_columns_can_be_named(table):
    path = table("id,species,path,label,who,fold\na.jpg,cat,x,y,ann,train\nb.jpg,dog,x,y,,\nc.jpg,cat,x,y,ann,VALID\n")

    dataset = read_table(path, path_column="id", label_column="species", part_column="fold", group_column="who")

    assert labels(dataset) == {"a.jpg": "cat", "b.jpg": "dog", "c.jpg": "cat"}
    assert [sample.part for sample in dataset] == ["train", None, "val"]
    assert [sample.group for sample in dataset] == ["ann", None, "ann"]


def test_a_part_is_found_by_its_name_but_a_group_never_is(table):
    dataset = read_table(table("image,target,split,group\na.jpg,0,train,x\nb.jpg,1,train,x\nc.jpg,1,Test,x\n"))

    assert [sample.part for sample in dataset] == ["train", "train", "test"]
    assert [sample.group for sample in dataset] == [None, None, None]


def test_paths_may_lead_anywhere_since_the_table_is_the_users(table, tmp_path):
    outside = tmp_path.parent / f"{tmp_path.name}-outside.jpg"
    outside.touch()
    table("")
    path = tmp_path / "sub" / "photos.csv"
    path.write_text(f"path,label\n../a.jpg,x\n{tmp_path}/sub/d é.jpg,y\n{outside}, x \n", encoding="utf-8")

    assert labels(read_table(path)) == {"../a.jpg": "x", "d é.jpg": "y", f"../../{outside.name}": "x"}


def test_space_around_a_path_is_dropped_where_no_such_file_is(table):
    assert labels(read_table(table("label, path\nx, a.jpg\ny, b.jpg\n"))) == {"a.jpg": "x", "b.jpg": "y"}


def test_a_separator_makes_it_multilabel(table):
    dataset = read_table(table("path,label\na.jpg,cat|indoors|cat\nb.jpg,\nc.jpg, dog \n"))

    assert labels(dataset) == {"a.jpg": ("cat", "indoors"), "b.jpg": (), "c.jpg": ("dog",)}
    assert dataset.task == "multilabel"
    assert dataset.targets().tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]


def test_a_column_called_tags_is_multilabel(table):
    dataset = read_table(table("path,Tags\na.jpg,cat\nb.jpg,\n"))

    assert labels(dataset) == {"a.jpg": ("cat",), "b.jpg": ()}
    assert dataset.classes == ("cat",)


def test_the_label_separator_can_be_another(table):
    path = table("path,label\na.jpg,cat indoors\nb.jpg,a|b\n")

    assert labels(read_table(path, label_separator=" ")) == {"a.jpg": ("cat", "indoors"), "b.jpg": ("a|b",)}
    with pytest.raises(RecipeError, match="label_separator is empty"):
        read_table(path, label_separator="")


def test_class_names_that_look_the_same_are_one(table):
    dataset = read_table(table("path,label\na.jpg,caf\u00e9\nb.jpg,cafe\u0301\nc.jpg,bar\n"))

    assert dataset.classes == ("bar", "caf\u00e9")


def test_a_missing_picture_is_listed_with_its_line(table):
    long = "x" * 300
    dataset = read_table(table(f'path,label\n"a.jpg","x"\n"new\nline.jpg",x\nb.jpg,y\nsub,y\n,y\n{long},y\n'))

    assert [(bad.name, bad.reason) for bad in dataset.bad] == [
        ("new\nline.jpg", "line 3: no such file"),
        ("sub", "line 6: no such file"),
        (".", "line 7: no path"),
        (long, "line 8: no such file"),
    ]


def test_a_picture_listed_twice_is_kept_once(table):
    dataset = read_table(table("path,label\na.jpg,x\nb.jpg,y\nsub/../a.jpg,x\n"))

    assert len(dataset) == 2
    assert [(bad.name, bad.reason) for bad in dataset.bad] == [("a.jpg", "line 4: listed twice, first on line 2")]


def test_a_picture_with_two_labels_is_refused_with_both_lines(table):
    path = table("path,label\na.jpg,x\nb.jpg,y\na.jpg,y\n")

    with pytest.raises(LabelError, match=r"photos.csv:4: 'a.jpg' is labelled 'y' here, but 'x' on line 2. Keep"):
        read_table(path)


@pytest.mark.parametrize(("text", "error", "message"), [
    ("path,label\na.jpg,x\nb.jpg,\n", LabelError, "photos.csv:3: expected a label in column 'label', but it is"),
    ("path,label,part\na.jpg,x,dev\n", LabelError, "csv:2: expected train, val, .* in column 'part', came 'dev'"),
    ("path,label,part\na.jpg,x,train\nb.jpg,y,val\n", LabelError, "class 'y' is in val, but not in train"),
    ("path,label\na.jpg,x\nb.jpg,x\n", DataError, "expected 2 classes or more, found only 'x'"),
    ("path,tags\na.jpg,\nb.jpg,\n", DataError, "expected 1 classes or more, found none"),
    ("path,label\n", DataError, "expected a row for each picture, found none below the header"),
    ("", DataError, "expected a column called path or file .*, found none. The header has: nothing"),
    ("a.jpg,cat\n", DataError, "The header has: a.jpg, cat. Name yours by path_column, in the command --path-column"),
    ("path,path,label\na.jpg,a.jpg,x\n", DataError, "column 'path' stands twice in the header"),
    ("path,label\na.jpg,x,z\n", DataError, "photos.csv:2: expected 2 cells, as in the header, came 3"),
    ('path,label\na.jpg,"x\n', DataError, "photos.csv:2: expected CSV, but: unexpected end of data"),
    ("path,label\nA.png,x\nB.png,y\n", DataError, "none of 2 pictures is there; the first is 'A.png', line 2: no"),
])  # fmt: skip
def test_a_table_that_cannot_serve_is_refused(table, text, error, message):
    with pytest.raises(error, match=message):
        read_table(table(text))


def test_a_column_that_is_not_there_is_refused_with_a_guess(table):
    path = table("path,label,fold\na.jpg,x,train\n")

    with pytest.raises(DataError, match=r"label_column is 'labl', but there is no such column. Did you mean 'label'?"):
        read_table(path, label_column="labl")
    with pytest.raises(DataError, match=r"part_column is 'xyz', but there is no such column. The header has: path"):
        read_table(path, part_column="xyz")


def test_other_encodings_are_refused_with_the_line(table):
    with pytest.raises(DataError, match=r"photos.csv:3: expected UTF-8, but came other bytes. Save"):
        read_table(table("path,label\na.jpg,x\nb.jpg,é\n", encoding="latin-1"))


def test_a_missing_table_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"none.csv: expected a CSV file, but: No such file"):
        read_table(tmp_path / "none.csv")


def test_a_data_frame_is_read_the_same_way(table, tmp_path):
    table("")
    frame = Frame(
        [
            {"path": Path("a.jpg"), "label": 1, "part": "train"},
            {"path": "b.jpg", "label": 2.0, "part": float("nan")},
            {"path": "gone.jpg", "label": 2, "part": None},
        ]
    )

    dataset = read_frame(frame, directory=tmp_path)

    assert labels(dataset) == {"a.jpg": "1", "b.jpg": "2"}
    assert [sample.part for sample in dataset] == ["train", None]
    assert [(bad.name, bad.reason) for bad in dataset.bad] == [("gone.jpg", "row 2: no such file")]


def test_paths_of_a_data_frame_start_where_one_stands(table, tmp_path, monkeypatch):
    table("")
    monkeypatch.chdir(tmp_path)

    assert labels(read(Frame([{"path": "a.jpg", "label": "x"}, {"path": "b.jpg", "label": "y"}]))) == {
        "a.jpg": "x",
        "b.jpg": "y",
    }


def test_lists_in_a_data_frame_are_several_labels(table, tmp_path):
    table("")
    frame = Frame([{"path": "a.jpg", "label": ["x", "y"]}, {"path": "b.jpg", "label": []}])

    assert labels(read_frame(frame, directory=tmp_path)) == {"a.jpg": ("x", "y"), "b.jpg": ()}


def test_an_empty_label_of_a_data_frame_is_named_by_its_row(table, tmp_path):
    table("")
    frame = Frame([{"path": "a.jpg", "label": "x"}, {"path": "b.jpg", "label": None}])

    with pytest.raises(LabelError, match="the DataFrame, row 1: expected a label in column 'label'"):
        read_frame(frame, directory=tmp_path)


def test_the_reader_is_chosen_for_a_table(table):
    assert len(read(table("path,label\na.jpg,x\nb.jpg,y\n"), label_column="label")) == 2


@pytest.mark.parametrize(("column", "cell", "labels"), [
    ("labels", "red;round", ("red", "round")),
    ("tags", '"red,round"', ("red", "round")),
    ("label", "red;round", "red;round"),
])  # fmt: skip
def test_only_a_column_of_several_labels_is_searched_for_other_separators(table, column, cell, labels):
    data = read_table(table(f"path,{column}\na.jpg,{cell}\nb.jpg,other\n"))

    assert data.samples[0].label == labels


def test_lines_may_end_in_cr_alone(table):
    assert len(read_table(table("path,label\ra.jpg,x\rb.jpg,y\r"))) == 2
