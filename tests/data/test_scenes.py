"""Scenes of digits: what lies in them, and the folder that they make."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from boda.boxes import pairwise_iou
from boda.data import read, scenes
from boda.data.handwriting import Handwriting, split_by_form
from boda.data.scenes import scene, scene_name, write_scenes
from boda.errors import DataError

FULL = np.zeros((8, 8), np.float32)
FULL[1:7, 2:6] = 1


@pytest.fixture(scope="module")
def many():
    return [scene(np.random.default_rng((1, i)), size=160) for i in range(40)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_scenes(tmp_path_factory.mktemp("scenes") / "ten", train=10, val=4, seed=3, size=96)


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- one scene ---


def test_a_scene_is_pixels_boxes_and_labels(many):
    for pixels, boxes, labels in many:
        assert (pixels.shape, pixels.dtype) == ((160, 160, 3), np.uint8)
        assert (boxes.shape, boxes.dtype) == ((len(labels), 4), np.float32)
        assert labels.dtype == np.int64
        assert set(labels) <= set(range(10))


def test_as_many_digits_as_asked_for(many):
    counts = [len(labels) for *_, labels in many]

    assert 3 <= min(counts) < max(counts) <= 12


def test_a_scene_may_be_empty():
    _, boxes, labels = scene(np.random.default_rng(0), size=64, digits=(0, 0))

    assert boxes.shape == (0, 4)
    assert labels.shape == (0,)


def test_boxes_lie_on_the_scene_and_overlap_little(many):
    for _, boxes, _ in many:
        overlaps = pairwise_iou(boxes, boxes) - np.eye(len(boxes))

        assert (boxes >= 0).all()
        assert (boxes <= 160).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()
        assert overlaps.max(initial=0) <= scenes.MAX_IOU + 0.03  # what is covered can make a frame smaller


def test_a_box_is_that_of_the_ink_to_the_pixel(monkeypatch):
    monkeypatch.setattr(scenes, "draw_paper", lambda _, size: np.full((size, size, 3), 255, np.float32))
    writing = Handwriting(np.stack([FULL] * 10), np.arange(10), np.arange(10))
    for seed in range(10):
        pixels, boxes, _ = scene(np.random.default_rng(seed), size=200, digits=(1, 1), writing=writing)
        darkness = 255 - pixels.min(axis=2).astype(float)
        rows, columns = (np.flatnonzero((darkness > 0.5 * darkness.max()).any(axis=axis)) for axis in (1, 0))

        seen = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        assert np.abs(boxes[0] - seen).max() <= 1  # the darkest pixel is not quite all ink


def test_a_box_is_that_of_what_no_other_ink_hides():
    sheet = scenes._Sheet(np.zeros((9, 9, 3), np.float32), np.zeros((9, 9), np.uint16))
    sheet.frames.append((slice(1, 5), slice(2, 8)))
    sheet.owner[1:5, 2:8] = 1
    sheet.owner[1:5, 6:8] = 2

    assert scenes._visible_box(sheet, 0) == (2, 1, 6, 5)


def test_digits_stand_out_from_their_paper(many):
    spread = [
        np.ptp(pixels[y0:y1, x0:x1].astype(int).sum(axis=2))
        for pixels, boxes, _ in many
        for x0, y0, x1, y1 in boxes.astype(int)
    ]

    assert np.quantile(spread, 0.01) > 100  # of 765


def test_sizes_range_from_small_to_large():
    found = np.concatenate([scene(np.random.default_rng((2, i)))[1] for i in range(25)])
    longer = (found[:, 2:] - found[:, :2]).max(axis=1)

    assert longer.min() < 20
    assert longer.max() > 75


def test_only_the_writing_that_is_given_is_used():
    train, _ = split_by_form(0)
    sevens = train.take(train.labels == 7)
    whole = Handwriting(np.tile(sevens.images[:1], (10, 1, 1)), np.arange(10), np.arange(10))

    _, boxes, _ = scene(np.random.default_rng(1), size=300, digits=(12, 12), writing=whole)
    width, height = (boxes[:, 2:] - boxes[:, :2]).T

    assert np.ptp(width / height) < 0.6  # one digit, slanted and turned


@pytest.mark.parametrize(
    ("given", "message"), [({"size": 32}, "size must be 64 to 4096"), ({"digits": (5, 2)}, r"digits\[0\]")]
)
def test_what_no_scene_can_be_is_refused(given, message):
    with pytest.raises(DataError, match=message):
        scene(np.random.default_rng(0), **given)


# --- a folder ---


def test_the_folder_reads_as_coco_with_parts_boxes_and_classes_in_order(folder):
    dataset = read(folder)

    assert dataset.task == "detect"
    assert dataset.classes == tuple("0123456789")
    assert [sum(sample.part == part for sample in dataset) for part in ("train", "val")] == [10, 4]
    assert not dataset.bad


def test_what_is_written_is_what_was_composed(folder):
    dataset = read(folder)
    sample = next(one for one in dataset if one.name.endswith(f"val/{scene_name(2)}"))
    pixels, boxes, labels = scene(np.random.default_rng((3, 2, 2)), size=96, writing=split_by_form(3)[1])

    np.testing.assert_allclose(sample.boxes, boxes)
    assert list(sample.box_labels) == [str(label) for label in labels]
    with Image.open(folder / "val" / scene_name(2)) as picture:
        assert np.abs(np.asarray(picture).astype(int) - pixels).mean() < 6


def test_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    again = write_scenes(tmp_path / "again", train=10, val=4, seed=3, size=96)

    assert files(again) == files(folder)


def test_fewer_scenes_are_the_first_of_many(folder, tmp_path):
    few = files(write_scenes(tmp_path / "few", train=2, val=1, seed=3, size=96))
    pictures = {name: content for name, content in few.items() if name.endswith(".jpg")}

    assert len(pictures) == 3
    assert pictures.items() <= files(folder).items()


def test_another_seed_gives_other_scenes(folder, tmp_path):
    other = write_scenes(tmp_path / "other", train=1, val=1, seed=4, size=96)

    assert (other / "train" / scene_name(0)).read_bytes() != (folder / "train" / scene_name(0)).read_bytes()


def test_numbers_in_the_coco_file_are_unique(folder):
    told = json.loads((folder / "annotations" / "instances_train.json").read_text())
    numbers = [row["id"] for row in told["annotations"]]

    assert numbers == list(range(1, len(numbers) + 1))
    assert {row["image_id"] for row in told["annotations"]} == {row["id"] for row in told["images"]}


def test_a_complete_folder_is_used_again(folder, monkeypatch):
    monkeypatch.setattr(scenes, "scene", None)

    assert write_scenes(folder, train=10, val=4, seed=3, size=96) == folder


def test_a_folder_that_lost_a_picture_is_refused(folder, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / "train" / scene_name(1)).unlink()

    with pytest.raises(DataError, match="is not a complete folder of 10 \\+ 4 scenes of 96 pixels from seed 3"):
        write_scenes(broken, train=10, val=4, seed=3, size=96)


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(DataError, match="Give another folder, or remove this one"):
        write_scenes(tmp_path, train=1, val=1, size=64)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_interruption_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(scenes, "_jpeg", interrupt)

    with pytest.raises(KeyboardInterrupt):
        write_scenes(tmp_path / "scenes", train=2, val=1, size=64)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("given", "message"),
    [({"train": 0}, "train must be 1"), ({"val": 0}, "val must be 1"), ({"size": 10}, "size must be 64")],
)
def test_numbers_out_of_range_are_refused(given, message, tmp_path):
    with pytest.raises(DataError, match=message):
        write_scenes(tmp_path / "scenes", **given)
