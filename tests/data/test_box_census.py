"""Samples to columns of boxes."""

import numpy as np

from boda.data.box_census import Census
from boda.sample import Dataset, Sample

PIXELS = np.zeros((4, 4, 3), np.uint8)


def boxed(name, boxes, labels, part=None):
    array = np.array(boxes, float).reshape(-1, 4)
    return Sample(name, PIXELS, tuple(sorted(set(labels))), part, boxes=array, box_labels=tuple(labels))


def census(*samples, classes=("bee", "fly"), size=(100, 50)):
    return Census.of(Dataset(samples, classes, "detect"), {sample.name: size for sample in samples})


TWO = boxed("1", [[0, 0, 50, 25], [10, 10, 20, 20]], ["fly", "bee"])
NONE = boxed("2", [], [])
ONE = boxed("3", [[0, 0, 10, 50]], ["fly"])


def test_every_box_knows_its_picture_its_number_and_its_class():
    seen = census(TWO, NONE, ONE)

    assert seen.picture.tolist() == [0, 0, 2]
    assert seen.number.tolist() == [1, 2, 1]
    assert seen.labels.tolist() == [1, 0, 1]
    assert seen.per_picture.tolist() == [2, 0, 1]


def test_sides_centres_and_shares_are_of_the_picture():
    seen = census(TWO)

    assert seen.relative_sides.tolist() == [[0.5, 0.5], [0.1, 0.2]]
    assert seen.relative_centres.tolist() == [[0.25, 0.25], [0.15, 0.3]]
    np.testing.assert_allclose(seen.shares, [0.25, 0.02])


def test_boxes_are_counted_by_part_and_class():
    parts = census(boxed("1", [[0, 0, 9, 9]] * 2, ["fly", "fly"], "val"), boxed("2", [[0, 0, 9, 9]], ["bee"], "train"))

    assert parts.counts() == {"train": {"bee": 1, "fly": 0}, "val": {"bee": 0, "fly": 2}}


def test_a_picture_without_boxes_has_no_largest_one():
    assert census(TWO, NONE, ONE).largest().tolist() == [0, 2]


def test_a_picture_that_could_not_be_read_is_left_out():
    seen = Census.of(Dataset((TWO, ONE), ("bee", "fly"), "detect"), {"3": (100, 50)})

    assert seen.names == ("3",)
    assert len(seen) == 1


def test_pictures_without_any_box_make_an_empty_table():
    seen = census(NONE)

    assert len(seen) == 0
    assert seen.counts() == {"all": {"bee": 0, "fly": 0}}
    assert seen.shares.shape == (0,)
    assert seen.largest().shape == (0,)
