"""Boxes from any format to any other."""

import hashlib
import string

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import boda
from boda.data import read
from boda.data.box_writers import WRITERS
from boda.errors import DataError, LabelError, RecipeError
from boda.sample import BadFile, Dataset, Sample
from boda.verbs.convert import convert

FORMATS = sorted(WRITERS)


def described(data):
    """What must survive: by file name, the part, the boxes, and the class of each."""
    dataset = data if isinstance(data, Dataset) else read(data)
    return {s.name.rpartition("/")[2]: (s.part, np.asarray(s.boxes), tuple(s.box_labels)) for s in dataset}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, (part, boxes, labels) in expected.items():
        assert found[name][0] == part
        assert found[name][2] == labels
        np.testing.assert_allclose(found[name][1], boxes, rtol=0, atol=1e-6)


def tree(folder):
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file()
    }


@pytest.fixture
def scene(tmp_path, plant):
    """Three pictures in two parts, of which one shows nothing, with an order of classes that is not that of names."""
    folder = plant(tmp_path / "scene", {"images/a.jpg": (40, 30), "images/b.jpg": (31, 47), "images/c.png": (50, 50)})
    samples = (
        _sample(folder, "images/a.jpg", [[0, 0, 40, 30], [1.25, 2.5, 7.125, 9]], ("zebra", "ant"), "train"),
        _sample(folder, "images/b.jpg", [[0.1, 0.2, 30.3, 46.999]], ("zebra",), "val"),
        _sample(folder, "images/c.png", [], (), "train"),
    )
    return Dataset(samples, ("zebra", "ant"), "detect", root=folder)


def _sample(folder, name, boxes, labels, part=None):
    boxes = np.array(boxes, float).reshape(-1, 4)
    return Sample(name, folder / name, tuple(sorted(set(labels))), part, boxes=boxes, box_labels=labels)


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("via", FORMATS)
def test_any_to_any_keeps_boxes_classes_parts_and_negatives(scene, tmp_path, via, to):
    first = convert(scene, via, tmp_path / "first")
    second = convert(first.data, to, tmp_path / "second")

    assert_same(described(second.data), described(scene))
    assert read(second.data).bad == ()
    if {via, to} <= {"coco", "yolo"}:
        assert read(second.data).classes == ("zebra", "ant")


@st.composite
def drawn_boxes(draw):
    """A picture's size and boxes in it, of any place, at least a hundredth of a pixel wide and high."""
    width, height = draw(st.integers(2, 60)), draw(st.integers(2, 60))
    share = st.floats(0, 1)
    boxes = []
    for _ in range(draw(st.integers(0, 3))):
        w, h = 0.01 + draw(share) * (width - 0.01), 0.01 + draw(share) * (height - 0.01)
        x, y = draw(share) * (width - w), draw(share) * (height - h)
        boxes.append([x, y, min(x + w, width), min(y + h, height)])
    return (width, height), boxes


NAMES = (
    st.text(string.ascii_letters + string.digits + "-'\"<&>=+@:#%漢é🦝\x85\u2028 ", min_size=1, max_size=8)
    .map(str.strip)
    .filter(bool)
)


@given(
    first=drawn_boxes(),
    names=st.lists(NAMES, min_size=3, max_size=3),
    path=st.lists(st.sampled_from(FORMATS), min_size=1, max_size=3),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_boxes_and_names_they_come_back(tmp_path_factory, first, names, path):
    folder = tmp_path_factory.mktemp("drawn")
    (width, height), boxes = first
    pixels = np.zeros((height, width, 3), np.uint8)
    big = np.array([[0, 0, 20, 20]], float)  # so that a table's numbers are no shares
    samples = (
        Sample("1.png", pixels, boxes=np.array(boxes, float).reshape(-1, 4), box_labels=tuple(names[: len(boxes)])),
        Sample("2.png", np.zeros((30, 30, 3), np.uint8), boxes=big, box_labels=(names[0],)),
    )
    dataset = Dataset(samples, tuple(dict.fromkeys(names)), "detect")

    data = dataset
    for step, to in enumerate(path):
        data = convert(data, to, folder / str(step)).data

    assert_same(described(data), described(dataset))


def test_raccoon_goes_round_and_comes_back(data_dir, tmp_path):
    data = data_dir / "raccoon"
    for to in ("coco", "yolo", "csv", "voc"):
        done = convert(data, to, tmp_path / to, pictures="link")
        data = done.data
        assert (done.pictures, done.boxes, done.classes, done.bad) == (200, 217, ("raccoon",), ())

    assert_same(described(data), described(data_dir / "raccoon"))


def test_what_is_read_from_pixels_to_the_digit_is_written_so(scene, tmp_path):
    convert(scene, "voc", tmp_path / "voc")
    text = (tmp_path / "voc/Annotations/a.xml").read_text()

    assert "<xmin>1</xmin>" in text
    assert "<xmin>2.25</xmin>" in text
    assert "<xmax>40</xmax>" in text


@pytest.mark.parametrize("to", FORMATS)
def test_the_same_bytes_come_out_each_time(scene, tmp_path, to):
    convert(scene, to, tmp_path / "a")
    convert(scene, to, tmp_path / "b")

    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_pictures_are_copied_byte_for_byte_and_the_data_stays_as_it_was(scene, tmp_path):
    before = tree(scene.root)
    convert(scene, "coco", tmp_path / "out")

    assert tree(scene.root) == before
    assert (tmp_path / "out/images/a.jpg").read_bytes() == (scene.root / "images/a.jpg").read_bytes()
    assert not (tmp_path / "out/images/a.jpg").is_symlink()


def test_pictures_may_be_linked_or_left(scene, tmp_path):
    convert(scene, "yolo", tmp_path / "linked", pictures="link")
    convert(scene, "yolo", tmp_path / "labels", pictures="none")

    assert (tmp_path / "linked/images/val/b.jpg").resolve() == (scene.root / "images/b.jpg").resolve()
    assert not (tmp_path / "labels/images").exists()
    assert (tmp_path / "labels/labels/val/b.txt").is_file()


def test_turned_pictures_keep_their_boxes_where_they_are_seen(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (80, 40)).save(tmp_path / "t.jpg", exif=exif)
    dataset = Dataset((_sample(tmp_path, "t.jpg", [[1, 2, 30, 70]], ("x",)),), ("x",), "locate")

    for to in FORMATS:
        assert_same(described(convert(dataset, to, tmp_path / to).data), described(dataset))


def test_two_pictures_of_one_name_get_their_folders_before_it(tmp_path, plant):
    plant(tmp_path, {"a/1.jpg": (40, 30), "b/1.jpg": (40, 30), "b/1.png": (40, 30)})
    samples = tuple(_sample(tmp_path, name, [[0, 0, 9, 9]], ("x",)) for name in ("a/1.jpg", "b/1.jpg", "b/1.png"))

    convert(Dataset(samples, ("x",), "locate"), "voc", tmp_path / "out")

    assert sorted(p.name for p in (tmp_path / "out/JPEGImages").iterdir()) == ["a_1.jpg", "b_1.jpg", "b_1_2.png"]


def test_what_is_bad_is_left_out_and_listed(scene, tmp_path):
    dataset = Dataset(scene.samples, scene.classes, "detect", bad=(BadFile("x.xml", "object 1: inverted"),))

    done = convert(dataset, "coco", tmp_path / "out")

    assert done.bad == dataset.bad
    assert (tmp_path / "out/bad_files.csv").read_text() == "file,reason\nx.xml,object 1: inverted\n"
    with pytest.raises(DataError, match=r"x.xml: object 1: inverted. Mend it, or go on without it: on_bad=\"skip\""):
        convert(dataset, "coco", tmp_path / "strict", on_bad="error")
    assert not (tmp_path / "strict").exists()


def test_a_failure_leaves_nothing_behind(scene, tmp_path):
    odd = _sample(scene.root, "images/a.jpg", [[0, 0, 9, 9]], ("a\x01b",))

    with pytest.raises(LabelError, match="holds a character that XML cannot"):
        convert(Dataset((odd,), ("a\x01b",), "locate"), "voc", tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["scene"]


def test_nothing_is_written_over_or_into_the_data(scene, tmp_path):
    convert(scene, "voc", tmp_path / "voc")

    with pytest.raises(DataError, match=r"voc is there already and not empty; nothing is written over"):
        convert(scene, "coco", tmp_path / "voc")
    with pytest.raises(DataError, match=r"lies within the data's folder, which boda never writes to"):
        convert(tmp_path / "voc", "coco", tmp_path / "voc" / "coco")


def test_an_empty_folder_may_be_filled(scene, tmp_path):
    (tmp_path / "out").mkdir()

    assert len(read(convert(scene, "yolo", tmp_path / "out").data)) == 3


def test_a_table_program_does_not_run_a_class(scene, tmp_path):
    sample = _sample(scene.root, "images/a.jpg", [[0, 0, 9, 9]], ("=cmd()",))
    done = convert(Dataset((sample,), ("=cmd()",), "locate"), "csv", tmp_path / "out")

    assert ",'=cmd()," in done.data.read_text()
    assert read(done.data).classes == ("=cmd()",)


def test_wrong_calls_say_what_is_expected(scene, tmp_path, photos):
    with pytest.raises(RecipeError, match=r"to='cocoo': expected coco, csv, voc, yolo. Did you mean 'coco'?"):
        convert(scene, "cocoo", tmp_path / "out")
    with pytest.raises(RecipeError, match=r"pictures='move': expected copy, link, none"):
        convert(scene, "coco", tmp_path / "out", pictures="move")
    with pytest.raises(DataError, match=r"expected pictures with boxes, came classify data, which has none"):
        convert(photos, "coco", tmp_path / "out")


def test_convert_is_public():
    assert boda.convert is convert


def test_the_command_says_what_it_wrote(command, scene, tmp_path):
    convert(scene, "voc", tmp_path / "voc")

    code, out, err = command(
        "convert", tmp_path / "voc", "--to", "csv", "--out", tmp_path / "table", "--pictures", "link"
    )

    assert (code, err) == (0, "")
    assert out == f"pictures: 3, boxes: 3, classes: 2 -> {tmp_path / 'table' / 'boxes.csv'}\n"


def test_the_command_lists_what_is_bad(command, scene, tmp_path):
    convert(scene, "yolo", tmp_path / "yolo")
    (tmp_path / "yolo/labels/val/b.txt").write_text("9 0.5 0.5 0.5 0.5\n")

    code, _, err = command("convert", tmp_path / "yolo", "--to", "coco", "--out", tmp_path / "out")
    assert code == 0
    assert "labels/val/b.txt: line 1: class id 9, but there are 2 classes (0 to 1); dropped" in err

    code, _, err = command(
        "convert", tmp_path / "yolo", "--to", "coco", "--out", tmp_path / "strict", "--on-bad", "error"
    )
    assert code == 1
    assert "boda: labels/val/b.txt: line 1" in err


def test_a_class_beyond_the_first_plane_of_unicode_comes_back_from_yolo(scene, tmp_path):
    sample = _sample(scene.root, "images/a.jpg", [[0, 0, 9, 9]], ("🦝",))
    done = convert(Dataset((sample,), ("🦝",), "locate"), "yolo", tmp_path / "out")

    assert read(done.data).classes == ("🦝",)


@pytest.mark.parametrize("to", FORMATS)
def test_nothing_is_written_beside_the_pictures_of_a_file(scene, tmp_path, to):
    done = convert(scene, to, tmp_path / "data")
    pictures = next((tmp_path / "data").rglob("a.jpg")).parent
    given = {"csv": "boxes.csv", "yolo": "data.yaml", "coco": "annotations/instances_val.json"}.get(to, ".")

    with pytest.raises(DataError, match=r"lies within the data's folder, which boda never writes to"):
        convert(done.path / given, "coco", pictures / "out")
    assert not (pictures / "out").exists()
