"""COCO's figures: boda's beside pycocotools's, how equal and how fast; and how honest the intervals are.

    python benchmarks/coco_metrics.py [--rounds 5] [--pictures 1000] [--objects 10] [--classes 10]
    python benchmarks/coco_metrics.py --coverage [--repeats 200]

Both begin with arrays of boxes, in one process, in turns, on one thread, and are measured by CPU time. "boda" is the
twelve figures and those of each class, by faster-coco-eval; "boda, pairs" are AP, AP50, AP75 and AR100 from the pairs
that the intervals are made of, without faster-coco-eval; "boda, intervals" are the pairs and the intervals of those.
Ratios are taken within a round; brackets hold the least and the most of all rounds.

With --coverage, parts are drawn from a made-up detector whose figures are known from 5,000 pictures, and it is counted
how often the 95 % interval of a part holds them.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import time
from typing import TYPE_CHECKING, Any

os.environ.update({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})

import numpy as np
from machine import facts, note, spread, table
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from boda.boxes import Detections
from boda.metrics import boxes
from boda.metrics.box_matches import match
from boda.metrics.coco import coco_figures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from boda.metrics.box_matches import Truth

    Scenes = tuple[list[Truth], list[Detections]]

TWELVE = ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large")
TWELVE += ("ar1", "ar10", "ar100", "ar_small", "ar_medium", "ar_large")
PARTS = ((40, 1, 1.1, 0.97), (40, 1, 1.1, 0.85), (40, 5, 4.0, 0.9), (150, 5, 4.0, 0.9))  # pictures, classes, objects,
# and the share of objects that is found at all


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--objects", type=float, default=10)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--repeats", type=int, default=200)
    arguments = parser.parse_args()
    print(facts())
    if arguments.coverage:
        print(coverage(arguments.repeats))
    else:
        print(speed(arguments))


def scenes(pictures: int, classes: int, objects: float, rng: np.random.Generator, share: float = 0.9) -> Scenes:
    """Objects, of which `share` is found more or less exactly, and half as many sure-looking boxes on nothing."""
    truth, found = [], []
    for _ in range(pictures):
        n, extra = 1 + rng.poisson(max(objects - 1, 0)), rng.poisson(objects / 2)
        here, labels = made_up(n, rng), rng.integers(0, classes, n)
        seen = rng.random(n) < share
        error = rng.gamma(2, 0.02, n)[:, None] * np.tile(here[:, 2:] - here[:, :2], 2) * rng.normal(size=(n, 4))
        rows = np.concatenate([(here + error)[seen], made_up(extra, rng)])
        called = np.concatenate([labels[seen], rng.integers(0, classes, extra)])
        logits = rng.normal(size=len(rows)) + np.where(np.arange(len(rows)) < seen.sum(), 1.5, -0.8)
        truth.append((here, labels))
        found.append(Detections(rows, 1 / (1 + np.exp(-logits)), called))
    return truth, found


def made_up(n: int, rng: np.random.Generator) -> np.ndarray:
    """(n, 4) xyxy boxes of all of COCO's sizes."""
    corner = rng.random((n, 2)) * 400
    return np.concatenate([corner, corner + rng.random((n, 2)) * 150 + 10], axis=1)


def speed(arguments: argparse.Namespace) -> str:
    """How long each way takes beside pycocotools, and the greatest difference from it."""
    made = scenes(arguments.pictures, arguments.classes, arguments.objects, np.random.default_rng(0))
    names = [str(k) for k in range(arguments.classes)]
    ways: dict[str, Callable[[], Any]] = {
        "pycocotools": lambda: pycocotools_figures(*made, arguments.classes),
        "boda": lambda: coco_figures(*made, names),
        "boda, pairs": lambda: boxes.whole(match(*made, arguments.classes)),
        "boda, intervals": lambda: boxes.intervals(match(*made, arguments.classes), np.random.default_rng(0)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    answers = {}
    for number in range(arguments.rounds):
        for name, way in ways.items():
            start = time.process_time()
            answers[name] = way()
            seconds[name].append(time.process_time() - start)
        note(f"round {number + 1} of {arguments.rounds}")
    exact = dict(zip(TWELVE, answers["pycocotools"], strict=True))
    rows = [row(name, seconds, answers[name], exact) for name in ways]
    boxes_there = sum(len(labels) for _, labels in made[0])
    head = f"{arguments.pictures} pictures, {boxes_there} objects, {sum(map(len, made[1]))} detections, "
    return f"{head}{arguments.classes} classes\n\n" + table(
        ("way", "seconds", "times as fast as pycocotools", "greatest difference"), rows
    )


def row(name: str, seconds: dict[str, list[float]], answer: Any, exact: dict[str, float]) -> tuple[str, ...]:
    """One line of the table."""
    ratios = [theirs / ours for theirs, ours in zip(seconds["pycocotools"], seconds[name], strict=True)]
    shared = [figure for figure in exact if isinstance(answer, dict) and figure in answer]
    apart = max((abs(answer[figure] - exact[figure]) for figure in shared), default=None)
    return name, spread(seconds[name], 2), spread(ratios), "" if apart is None else f"{apart:.1e}"


def pycocotools_figures(truth: Sequence[Truth], found: Sequence[Detections], classes: int) -> np.ndarray:
    """The twelve figures as pycocotools gives them, from the same arrays."""
    head = {"images": [{"id": i} for i in range(len(truth))], "categories": [{"id": k} for k in range(classes)]}
    objects = [{**one, "iscrowd": 0} for one in entries(truth)]
    scores = [float(score) for one in found for score in one.scores]
    rows = entries([(one.boxes, one.labels) for one in found])
    results = [{**one, "iscrowd": 0, "score": score} for one, score in zip(rows, scores, strict=True)]
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(indexed(head, objects), indexed(head, results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats


def indexed(head: dict[str, Any], annotations: list[dict[str, Any]]) -> COCO:
    """One side as pycocotools takes it."""
    side = COCO()
    side.dataset = {**head, "annotations": annotations}
    side.createIndex()
    return side


def entries(pictures: Sequence[Truth]) -> list[dict[str, Any]]:
    """COCO's entries, numbered from 1."""
    found = []
    for picture, (xyxy, labels) in enumerate(pictures):
        for (x0, y0, x1, y1), label in zip(xyxy.astype(np.float64).tolist(), labels.tolist(), strict=True):
            box = {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0)}
            found.append({"id": len(found) + 1, "image_id": picture, "category_id": label, **box})
    return found


def coverage(repeats: int) -> str:
    """How often the interval of a part holds the figure of all."""
    rows = []
    for pictures, classes, objects, share in PARTS:
        true = boxes.whole(match(*scenes(5000, classes, objects, np.random.default_rng(0), share), classes))
        held, width = dict.fromkeys(true, 0), dict.fromkeys(true, 0.0)
        for repeat in range(repeats):
            rng = np.random.default_rng([1, repeat])
            found = boxes.intervals(match(*scenes(pictures, classes, objects, rng, share), classes), rng)
            for name, value in true.items():
                lo, hi = found[f"{name}_interval"] or (0.0, 1.0)
                held[name] += lo <= value <= hi
                width[name] += (hi - lo) / repeats
        rows.append(
            (
                f"{pictures} pictures, {classes} classes, {share:.0%} found",
                *(f"{true[name]:.3f}: {held[name] / repeats:.0%}, {width[name]:.3f} wide" for name in true),
            )
        )
        note(rows[-1][0])
    return f"{repeats} parts each; the figure: how often the interval holds it, and its mean width\n\n" + table(
        ("part", "ap", "ap50", "ap75", "ar100"), rows
    )


if __name__ == "__main__":
    main()
