"""Made-up detections, and pycocotools as the oracle of COCO's figures."""

import contextlib
import io

import numpy as np
import pytest

from boda.boxes import Detections


def make_scenes(seed=0, *, pictures=12, classes=3, objects=4.0, ties=False, grid=0, spread=0.06):
    """Truth and detections: a tenth is missed, each found box comes twice, a tenth is called another class.

    `ties` leaves five different scores; `grid` puts all corners on multiples of so many pixels, so that IoUs fall on
    thresholds and onto each other.
    """
    rng = np.random.default_rng(seed)
    truth, found = [], []
    for _ in range(pictures):
        n = rng.poisson(objects)
        corner = rng.random((n, 2)) * 400
        boxes = np.concatenate([corner, corner + rng.random((n, 2)) * rng.choice([30, 90, 250], (n, 1)) + 4], axis=1)
        labels = rng.integers(0, classes, n)
        kept = np.repeat(np.flatnonzero(rng.random(n) < 0.9), 2)
        extent = np.tile(boxes[kept, 2:] - boxes[kept, :2], 2)
        guesses = boxes[kept] + rng.normal(size=(len(kept), 4)) * extent * spread
        called = np.where(rng.random(len(kept)) < 0.1, rng.integers(0, classes, len(kept)), labels[kept])
        scores = rng.random(len(kept))
        if grid:
            boxes, guesses = (np.rint(one / grid) * grid for one in (boxes, guesses))
        truth.append((boxes, labels))
        found.append(Detections(guesses, np.rint(scores * 4) / 4 if ties else scores, called))
    return truth, found


def entries(pictures):
    number = 0
    for picture, (boxes, labels) in enumerate(pictures):
        for (x0, y0, x1, y1), label in zip(boxes.astype(float).tolist(), labels.tolist(), strict=True):
            number += 1
            box = {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0), "iscrowd": 0}
            yield {"id": number, "image_id": picture, "category_id": label, **box}


def pycocotools_evaluation(truth, found, classes):
    """pycocotools's COCOeval, accumulated and summed up."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    head = {"images": [{"id": i} for i in range(len(truth))], "categories": [{"id": k} for k in range(classes)]}
    scores = [float(score) for one in found for score in one.scores]
    rows = entries([(one.boxes, one.labels) for one in found])
    results = [{**one, "score": score} for one, score in zip(rows, scores, strict=True)]
    with contextlib.redirect_stdout(io.StringIO()):
        sides = []
        for annotations in (list(entries(truth)), results):
            side = COCO()
            side.dataset = {**head, "annotations": annotations}
            side.createIndex()
            sides.append(side)
        evaluation = COCOeval(*sides, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


@pytest.fixture
def scenes():
    return make_scenes


@pytest.fixture
def oracle():
    return pycocotools_evaluation
