"""What a training learns from: boxes, and the parts that can be asked for."""

import numpy as np
import pytest
from PIL import Image

import boda
from boda.errors import DataError, ImageError, LabelError, RecipeError, RunError
from boda.recipe import Recipe
from boda.sample import Dataset, Sample
from boda.verbs.material import Material, folder_of, refuse_to_write_into

TABLE = "filename,class,xmin,ymin,xmax,ymax,part\n"


@pytest.fixture
def boxes(tmp_path, plant, picture):
    """Material of a table beside six pictures of 40 x 30, of which none is a copy."""
    for i in range(6):
        Image.fromarray(picture("leaf", i, (40, 30))).save(tmp_path / f"{i}.png")

    def read(text, **options):
        plant(tmp_path, {"t.csv": TABLE + text})
        return Material.read(tmp_path / "t.csv", Recipe(), 0, **options)

    return read


ROWS = "".join(f"{i}.png,cat,0,0,{9 + i},9,\n" for i in range(6))


def test_every_5th_is_a_split_like_that_of_a_run(photos):
    names = sorted(sample.name for sample in Material.read(photos, Recipe(), 0).dataset)

    assert Material.read(photos, Recipe(), 0, split="every-5th").split.parts["val"] == tuple(names[4::5])
    assert Material.read(photos, Recipe(), 0, split="every-5th", fold=1).split.parts["val"] == tuple(names[1::5])


def test_a_fold_needs_every_5th(photos):
    with pytest.raises(RecipeError, match=r'fold=1 belongs to split="every-5th" \(--split every-5th\)'):
        Material.read(photos, Recipe(), 0, fold=1)


def test_boxes_of_one_class_can_be_learned(boxes):
    material = boxes(ROWS)

    assert (material.dataset.task, material.dataset.classes) == ("locate", ("cat",))
    assert set(material.split.parts) == {"train", "val"}


def test_the_task_is_an_option_of_the_reader(boxes):
    assert boxes(ROWS, reading={"task": "detect"}).dataset.task == "detect"


def test_what_the_reader_decided_is_said(boxes, capsys):
    boxes(ROWS + "0.png,cat,0,0,3,3,\n", reading={"task": "locate"})

    assert "the largest box of each picture was kept; left out: 1" in capsys.readouterr().err


def test_a_bad_box_stops_where_that_is_asked_for(boxes):
    bad = ROWS + "0.png,cat,9,0,3,3,\n"

    assert [found.reason for found in boxes(bad).dataset.bad] == ["line 8 (cat): inverted: 9, 0 to 3, 3; dropped"]
    with pytest.raises(ImageError, match=r"t.csv: line 8 \(cat\): inverted"):
        boxes(bad, on_bad="error")


def test_a_class_that_only_val_has_is_an_error(boxes):
    with pytest.raises(LabelError, match=r"Class 'dog' has boxes in val, but none in train"):
        boxes("0.png,cat,0,0,9,9,train\n1.png,dog,0,0,9,9,val\n")


def test_a_class_that_only_val_has_is_learned_where_the_split_is_another(boxes):
    rows = "".join(f"{i}.png,{'dog' if i == 0 else 'cat'},0,0,9,9,{'train' if i else 'val'}\n" for i in range(6))

    assert "0.png" in boxes(rows, split="every-5th").split.parts["train"]


def test_a_class_that_chance_has_put_in_val_alone_is_said(boxes, capsys):
    rows = "".join(f"{i}.png,{'dog' if i == 0 else 'cat'},0,0,9,9,\n" for i in range(6))

    assert "0.png" in boxes(rows, split="every-5th", fold=0).split.parts["val"]
    assert "Class 'dog' has boxes in val, but none in train: it cannot be learned" in capsys.readouterr().err


def test_data_of_another_part_alone_says_so(boxes):
    with pytest.raises(DataError, match=r"all 6 pictures are of part val, so that there are none to train on"):
        boxes("".join(f"{i}.png,cat,0,0,{9 + i},9,val\n" for i in range(6)))


@pytest.mark.parametrize(
    ("file", "protected"), [("data.yaml", "."), ("annotations/x.json", "."), (".", "."), ("list.csv", None)]
)
def test_no_run_is_written_where_pictures_are_looked_for(tmp_path, plant, file, protected):
    plant(tmp_path, {"data.yaml": "", "annotations/x.json": "", "list.csv": ""})

    assert folder_of(tmp_path / file) == (protected and tmp_path / protected)


def test_a_run_beside_data_yaml_is_refused(tmp_path, plant):
    plant(tmp_path, {"yard/data.yaml": ""})

    refuse_to_write_into(tmp_path / "yard/data.yaml", tmp_path / "runs")
    with pytest.raises(RunError, match=r"lies within the pictures' folder, which boda never writes to"):
        refuse_to_write_into(tmp_path / "yard/data.yaml", tmp_path / "yard/runs")


def test_boxes_in_val_alone_are_an_error(boxes):
    with pytest.raises(DataError, match="No picture to train on has a box that can be used"):
        boxes("0.png,cat,0,0,9,9,val\n1.png,,,,,,train\n")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["--split", "every-5th", "--fold", "2"], {"split": "every-5th", "fold": 2}),
        (["--task", "locate", "--format", "voc"], {"reading": {"task": "locate", "format": "voc"}}),
        (["--split", "runs/001"], {"split": "runs/001", "fold": None}),
    ],
)
def test_the_command_hands_its_options_on(command, monkeypatch, photos, given, expected):
    called = {}

    def train(data, **options):
        called.update(options, data=data)
        raise DataError("enough")

    monkeypatch.setattr("boda.verbs.train.train", train)
    command("train", photos, *given)

    found = {name: called[name] for name in expected}
    assert {name: str(value) if name == "split" else value for name, value in found.items()} == expected


@pytest.mark.parametrize("verb", [boda.ladder, boda.find_rate], ids=lambda verb: verb.__name__)
def test_a_verb_that_knows_labels_alone_says_so(verb, tmp_path):
    sample = Sample(
        "a.png", np.zeros((40, 40, 3), np.uint8), ("cat",), boxes=np.array([[1.0, 1, 9, 9]]), box_labels=("cat",)
    )

    with pytest.raises(DataError, match=r"works with labels, not with boxes. Received: data whose task is detect"):
        verb(Dataset((sample,), ("cat",), "detect"), out=tmp_path / "out")


def test_boda_why_says_that_it_knows_labels_alone(detect_run, photos):
    with pytest.raises(DataError, match="boda why works with labels"):
        boda.why(detect_run, photos)


def test_other_boxes_are_other_data(boxes):
    one, other = boxes(ROWS), boxes(ROWS.replace("0.png,cat,0,0,9,9", "0.png,cat,0,0,8,9"))

    assert one.fingerprint == boxes(ROWS).fingerprint
    assert one.fingerprint != other.fingerprint
