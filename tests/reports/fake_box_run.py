"""Composes a Run of boxes as a training leaves it: true boxes, and answers with noise, some missed, doubled, wrong."""

import json
from xml.etree import ElementTree as ET

import numpy as np
from fake_run import HOSTILE

from boda.boxes import Detections
from boda.explain.box_pictures import keep_box_pictures
from boda.metrics import boxes as box_metrics
from boda.metrics import locate
from boda.metrics.box_matches import is_right, match
from boda.metrics.calibrate import reliability_bins
from boda.recipe import Recipe
from boda.run import Run
from boda.sample import Sample
from boda.verbs.next_steps import next_steps

CLASSES = ["검은 고양이", HOSTILE, "dog"]
THRESHOLD = 0.35


def make_box_run(path, *, task="detect", classes=CLASSES, samples=None, seed=0, skill=1.0, draws=60):
    """A complete Run at `path`, over `samples` with boxes, or over painted ones."""
    rng = np.random.default_rng(seed)
    samples = painted(rng, classes, one=task == "locate") if samples is None else samples
    sizes = [sample.image.shape[1::-1] if isinstance(sample.image, np.ndarray) else sample.points for sample in samples]
    truth = [(s.boxes, np.array([classes.index(name) for name in s.box_labels], int)) for s in samples]
    answer = _answer_one if task == "locate" else _answer_many
    found = [answer(rng, *one, size, len(classes), skill) for one, size in zip(truth, sizes, strict=True)]
    run = Run.create(path, task=task, seed=seed)
    run.update(**about(classes))
    run.write_text("recipe.toml", Recipe().to_toml())
    names = [sample.name for sample in samples]
    run.write_json(
        "split.json",
        {
            "parts": {"train": [f"train{i}" for i in range(80)], "val": names},
            "seed": seed,
            "method": "every fifth",
            "digest": "ab" * 32,
            "notes": [],
        },
    )
    run.write_json("data.json", _data(classes, len(samples)))
    run.write_text("history.jsonl", _history(rng))
    run.write_json("predictions.json", _predictions(names, sizes, truth, found))
    run.write_json("calibration.json", _calibration(task, truth, found, len(classes)))
    run.write_json("metrics.json", _metrics(task, truth, found, sizes, classes, draws))
    if task == "detect":
        run.write_json("curves.json", box_metrics.curves(truth, found, classes))
    keep_box_pictures(run, samples)
    run.write_json("next.json", next_steps(run))
    run.finish()
    return run


def about(classes):
    return {
        "classes": list(classes),
        "created": "2026-11-24T05:00:00+00:00",
        "data": "yard",
        "reading": {},
        "backbone": {"name": "mobilenet_v2", "title": "MobileNetV2", "params": 3538984, "size": 320, "features": 1280},
        "view": {"size": 320, "resize": "letterbox"},
        "precision": "f32",
        "versions": {"boda": "0.1.0", "numpy": "2.4.6"},
    }


def painted(rng, classes, count=24, *, one=False):
    """Pictures with rectangles of each class's colour, and their boxes."""
    return [_paint(rng, classes, f"yard/{i:03d}.jpg", 1 if one else int(rng.integers(0, 5))) for i in range(count)]


def raccoons(data_dir):
    """Every fifth picture of the real data, with its boxes; `points` carries the picture's size."""
    files = sorted((data_dir / "raccoon" / "annotations").glob("*.xml"))[4::5]
    return [_read(file, data_dir / "raccoon" / "images") for file in files]


def one_box(sample):
    """The sample with its largest box alone."""
    sides = sample.boxes[:, 2:] - sample.boxes[:, :2]
    largest = [int(sides.prod(axis=1).argmax())]
    return Sample(sample.name, sample.image, boxes=sample.boxes[largest], box_labels=("raccoon",), points=sample.points)


def _read(file, images):
    root = ET.parse(file).getroot()
    size = np.array([int(root.find("size").find(side).text) for side in ("width", "height")])
    corners = [[float(box.find(key).text) for key in ("xmin", "ymin", "xmax", "ymax")] for box in root.iter("bndbox")]
    name = root.find("filename").text
    boxes = np.array(corners) - [1, 1, 0, 0]
    return Sample(name, images / name, boxes=boxes, box_labels=("raccoon",) * len(boxes), points=size)


def _paint(rng, classes, name, count):
    width, height = int(rng.integers(200, 320)), int(rng.integers(160, 280))
    image = np.full((height, width, 3), rng.integers(60, 110, 3), np.uint8)
    boxes, labels = [], []
    for _ in range(count):
        w, h = (int(rng.integers(side // 10, side // 2)) for side in (width, height))
        x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
        label = int(rng.integers(len(classes)))
        image[y : y + h, x : x + w] = np.roll([200, 90, 40], label)
        boxes.append([x, y, x + w, y + h])
        labels.append(classes[label])
    return Sample(name, image, boxes=np.array(boxes, float).reshape(-1, 4), box_labels=tuple(labels))


def _answer_one(rng, boxes, labels, size, classes, skill):
    moved = _moved(rng, boxes[:1], 0.09 / skill)
    label = labels[:1] if rng.random() < 0.9 else rng.integers(0, classes, 1)
    return Detections(np.clip(moved, 0, np.tile(size, 2)), rng.uniform(0.5, 1, 1), label)


def _answer_many(rng, boxes, labels, size, classes, skill):
    """Most true boxes with noise, some twice or under another name, and a few where there is nothing."""
    seen = rng.random(len(boxes)) < 0.85
    twice = rng.random(len(boxes)) < 0.08
    corner = rng.uniform(0, 0.6, (2, 2)) * size
    nothing = np.concatenate([corner, corner + rng.uniform(0.1, 0.4, (2, 2)) * size], axis=1)
    names = np.where(rng.random(len(boxes)) < 0.93, labels, rng.integers(0, classes, len(boxes)))
    found = [_moved(rng, boxes[seen], 0.06 / skill), _moved(rng, boxes[twice], 0.12 / skill), nothing]
    scores = [rng.beta(6, 2, seen.sum()), rng.beta(3, 3, twice.sum()), rng.beta(1.2, 5, 2)]
    named = [names[seen], names[twice], rng.integers(0, classes, 2)]
    clipped = np.clip(np.concatenate(found), 0, np.tile(size, 2))
    answers = Detections(clipped, np.concatenate(scores), np.concatenate(named))
    return answers.best(len(answers))


def _moved(rng, boxes, share):
    sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    return boxes + rng.normal(0, share, boxes.shape) * sides


def _predictions(names, sizes, truth, found):
    return {
        "names": names,
        "sizes": [[int(side) for side in size] for size in sizes],
        "truth": [{"boxes": boxes.tolist(), "labels": labels.tolist()} for boxes, labels in truth],
        "found": [
            {"boxes": one.boxes.tolist(), "scores": one.scores.tolist(), "labels": one.labels.tolist()} for one in found
        ],
    }


def _calibration(task, truth, found, classes):
    scores = np.concatenate([one.scores for one in found])
    bins = reliability_bins(scores, np.concatenate(is_right(truth, found, classes)))
    told = {"kind": "logistic", "slope": 1.2, "offset": -0.1, "reliability": {**bins, "ece": 0.031}}
    if task == "detect":
        return {**told, "threshold": THRESHOLD}
    return {**told, "threshold": 0.0, "margin": {"level": 0.9, "pixels_relative": 0.114, "n": 60}}


def _metrics(task, truth, found, sizes, classes, draws):
    rng = np.random.default_rng(1)
    told = {"task": task, "inner": {}, "seconds": {"total": 91.2, "read": 1.1, "stages": 80.3, "measure": 4.2}}
    if task == "locate":
        return {**told, **_located(truth, found, np.array(sizes), classes, rng), "stages": _stages("mean IoU", 0.71)}
    val = box_metrics.evaluate(truth, found, classes, rng, threshold=THRESHOLD, draws=draws)
    usual = [Detections(boxes * 0 + [20, 20, 90, 90], np.full(len(boxes), 0.5), labels) for boxes, labels in truth]
    against = box_metrics.difference(*(match(truth, some, len(classes)) for some in (found, usual)), rng, draws=draws)
    rival = box_metrics.evaluate(truth, usual, classes, rng, draws=0)
    return {
        **told,
        "val": val,
        "baselines": {"constant": {"ap": rival["ap"], "ap50": rival["ap50"]}},
        "against_baseline": {"baseline": "constant", **against},
        "stages": _stages("AP", 0.42),
    }


def _located(truth, found, sizes, classes, rng):
    boxes, answers = np.concatenate([one[:1] for one, _ in truth]), np.concatenate([one.boxes for one in found])
    constant = locate.constant_boxes(locate.mean_box(boxes, sizes), sizes)
    right = np.array([labels[0] == one.labels[0] for (_, labels), one in zip(truth, found, strict=True)])
    val = locate.evaluate(boxes, answers, constant, rng, right=right if len(classes) > 1 else None)
    return {
        "val": val,
        "baselines": {"constant": {"mean_iou": val["constant_mean_iou"]}},
        "against_baseline": locate.against_constant(boxes, answers, constant, rng),
    }


def _stages(figure, value):
    told = {"kept": True, "n": 32, "figure": figure}
    return [
        {"stage": "head", "number": 0, **told, "value": value - 0.05, "value_before": None, "seconds": 31.0},
        {"stage": "last-5", "number": 1, **told, "value": value, "value_before": value - 0.05, "seconds": 49.3},
    ]


def _history(rng):
    """Two trials of both stages, then both on everything."""
    lines = []
    for fold, stage, epoch in [(f, s, e) for f in (0, 1, None) for s in ("head", "last-5") for e in range(10)]:
        done = epoch + 10 * (stage == "last-5")
        told = {"kind": "epoch", "stage": stage, "fold": fold, "epoch": epoch}
        lines.append({**told, "loss": 1.5 * 0.9**done + rng.uniform(0, 0.1), "iou": 0.8 - 0.5 * 0.85**done})
    return "".join(json.dumps(line) + "\n" for line in lines)


def _data(classes, n):
    counts = {"train": {name: 60 - 7 * i for i, name in enumerate(classes)}, "val": dict.fromkeys(classes, n // 2)}
    return {
        "n": 80 + n,
        "counts": counts,
        "formats": {"JPEG": 80 + n},
        "bad": [],
        "warnings": [],
        "sizes": {"width": {"min": 200, "median": 260, "max": 320}, "height": {"min": 160, "median": 220, "max": 280}},
    }
