import io
import json

import numpy as np
import pytest
from PIL import Image

from boda.explain.box_pictures import SIDE, choose, keep_box_pictures, picture_losses
from boda.run import Run
from boda.sample import Sample

BOX = [[100.0, 100.0, 300.0, 200.0]]


@pytest.fixture
def run(tmp_path):
    """Three pictures of 800 x 400: found exactly, not found, found by a doubtful box that is not shown."""
    run = Run.create(tmp_path / "run", task="detect", seed=0)
    run.update(classes=["cat"])
    found = [(BOX, [0.9]), ([], []), (BOX, [0.1])]
    run.write_json("calibration.json", {"threshold": 0.5})
    run.write_json(
        "predictions.json",
        {
            "names": ["a", "b", "c"],
            "sizes": [[800, 400]] * 3,
            "truth": [{"boxes": BOX, "labels": [0]}] * 3,
            "found": [{"boxes": boxes, "scores": scores, "labels": [0] * len(boxes)} for boxes, scores in found],
        },
    )
    return run


@pytest.fixture
def samples():
    return [Sample(name, np.full((400, 800, 3), 90, np.uint8)) for name in "abc"]


def test_only_boxes_that_are_shown_count(run):
    np.testing.assert_allclose(picture_losses(run), [0, 1, 1], atol=1e-6)


def test_of_one_box_a_picture_the_confidence_does_not_matter(run):
    run.update(task="locate")

    np.testing.assert_allclose(picture_losses(run), [0, 1, 0], atol=1e-6)


def test_thumbnails_are_listed_with_the_scale_of_their_boxes(run, samples):
    keep_box_pictures(run, samples)
    listed = json.loads((run.path / "pictures" / "pictures.json").read_text())
    size = Image.open(io.BytesIO((run.path / listed[0]["file"]).read_bytes())).size

    assert [(one["name"], one["why"]) for one in listed] == [("b", "worst"), ("c", "worst"), ("a", "usual")]
    assert size == (SIDE, SIDE // 2)
    assert (listed[0]["width"], listed[0]["height"], listed[0]["scale"]) == (800, 400, SIDE / 800)


def test_no_picture_is_both_worst_and_usual():
    chosen = choose(np.linspace(0, 1, 40))

    assert not set(chosen["worst"]) & set(chosen["usual"])
    assert chosen["worst"][:2] == [39, 38]
    assert all(abs(i - 19.5) < 4 for i in chosen["usual"])


def test_pictures_without_a_mistake_are_not_called_the_worst():
    assert choose(np.zeros(4)) == {"worst": [], "usual": [0, 1, 2, 3]}
