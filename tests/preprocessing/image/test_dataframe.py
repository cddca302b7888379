import numpy as np
import pytest
from PIL import Image

from boda.preprocessing.image import BodaWarning, ImageDataGenerator

pandas = pytest.importorskip("pandas")
PLAIN = ImageDataGenerator()
NAMES = ["ant/0.png", "ant/2.bmp", "bee/0.png", "bee/2.bmp"]


@pytest.fixture
def table():
    return pandas.DataFrame(
        {
            "filename": NAMES,
            "class": ["ant", "ant", "bee", "bee"],
            "several": [["ant", "bee"], "bee", ["bee"], ("ant",)],
            "number": [1, 2, 3, 4],
        }
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"class_mode": "output"}, ValueError, "Invalid class_mode: output"),
        ({"class_mode": "multi_output"}, TypeError, "y_col must be a list. Received str"),
        ({"x_col": "number"}, TypeError, "All values in column x_col=number must be strings"),
        ({"y_col": "number"}, TypeError, "values must be type string, list or tuple"),
        ({"y_col": "number", "class_mode": "sparse"}, TypeError, "values must be strings"),
        ({"class_mode": "binary", "classes": ["ant"]}, ValueError, "1 class/es were given"),
        ({"class_mode": "binary", "y_col": "filename"}, ValueError, "Found 4 classes"),
        ({"weight_col": "class"}, TypeError, "Column weight_col=class must be numeric"),
        ({"subset": "test"}, ValueError, "Invalid subset name"),
    ],
)
def test_columns_that_do_not_fit_are_refused(class_folders, table, arguments, error, message):
    with pytest.raises(error, match=message):
        PLAIN.flow_from_dataframe(table, class_folders, **arguments)


def test_several_classes_a_picture_are_several_ones(class_folders, table):
    flow = PLAIN.flow_from_dataframe(table, class_folders, y_col="several", shuffle=False)

    assert next(flow)[1].tolist() == [[1, 1], [0, 1], [0, 1], [1, 0]]


def test_rows_of_other_classes_are_left_out(class_folders, table):
    flow = PLAIN.flow_from_dataframe(table, class_folders, classes=["bee"])

    assert flow.filenames == NAMES[2:]
    assert flow.class_indices == {"bee": 0}


def test_classes_that_are_not_used_are_warned_of(class_folders, table):
    with pytest.warns(UserWarning, match='`classes` will be ignored given the class_mode="input"'):
        PLAIN.flow_from_dataframe(table, class_folders, classes=["bee"], class_mode="input")


def test_files_that_are_missing_are_left_out_with_a_warning(class_folders):
    table = pandas.DataFrame({"filename": [*NAMES, "none.png", "text.txt"]})

    with pytest.warns(UserWarning, match='Found 2 invalid image filename.s. in x_col="filename"'):
        assert PLAIN.flow_from_dataframe(table, class_folders, class_mode=None).n == 4
    unchecked = PLAIN.flow_from_dataframe(table, class_folders, class_mode=None, validate_filenames=False)
    assert unchecked.n == 6


def test_the_callers_table_is_not_written_into(class_folders, table):
    before = table.copy(deep=True)
    PLAIN.flow_from_dataframe(table, class_folders, classes=["bee"])

    pandas.testing.assert_frame_equal(table, before)


def test_a_contiguous_subset_is_the_first_rows(class_folders, table):
    generator = ImageDataGenerator(validation_split=0.5)

    with pytest.warns(BodaWarning, match="the first rows"):
        flow = generator.flow_from_dataframe(table, class_folders, subset="validation")
    assert flow.filenames == NAMES[:2]


def test_a_stratified_subset_has_both_classes(class_folders, table):
    generator = ImageDataGenerator(validation_split=0.5, split="stratified")

    for subset in ("training", "validation"):
        flow = generator.flow_from_dataframe(table, class_folders, class_mode="sparse", subset=subset)
        assert sorted(flow.classes) == [0, 1]


def test_damaged_files_are_skipped_and_listed_where_asked(class_folders, table):
    (class_folders / NAMES[1]).write_bytes(b"nothing")
    flow = PLAIN.flow_from_dataframe(table, class_folders, on_bad="skip")

    assert flow.filenames == [NAMES[0], *NAMES[2:]]
    assert list(flow.bad_files) == [NAMES[1]]


def test_boxes_and_masks_are_columns(class_folders, table):
    Image.fromarray(np.full((20, 33), 5, np.uint8)).save(class_folders / "mask.png")
    table["mask"] = "mask.png"
    table["box"] = [[[0, 0, 33, 20]], [], [[1, 1, 2, 2]], []]
    flow = PLAIN.flow_from_dataframe(
        table, class_folders, boxes="box", masks="mask", shuffle=False, target_size=(10, 11), weight_col="number"
    )

    _, y, weights = next(flow)
    assert [len(boxes) for boxes in y["boxes"]] == [1, 0, 1, 0]
    assert y["boxes"][0].tolist() == [[0, 0, 11, 10]]
    assert (y["masks"] == 5).all()
    assert y["labels"].shape == (4, 2)
    assert weights.tolist() == [1, 2, 3, 4]
