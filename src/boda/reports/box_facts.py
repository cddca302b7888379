"""What predictions.json of a Run of boxes holds, as arrays: truth and answers a picture, and how well they agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.boxes import Detections, area, iou
from boda.metrics.box_matches import match

if TYPE_CHECKING:
    from boda.reports.contents import Contents

LEAST_OVERLAP = 0.1  # below that a box is of something else


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture of the validation part; boxes are xyxy pixels as displayed."""

    name: str
    width: int
    height: int
    boxes: np.ndarray
    labels: np.ndarray
    found: Detections


def pictures_of(contents: Contents) -> list[Picture]:
    """The validation pictures, with the boxes that are shown: of many a picture those above the Run's threshold."""
    told = contents.predictions
    least = 0.0
    if contents.about.get("task") == "detect":
        least = float(contents.calibration.get("threshold") or 0.0)
    rows = zip(*(told.get(key) or [] for key in ("names", "sizes", "truth", "found")), strict=True)
    return [_picture(name, size, truth, found, least) for name, size, truth, found in rows]


def ious_of(pictures: list[Picture], task: str, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """For each true box its overlap with the box that found it, 0 where none did, and its size, (n,) each.

    The size is the side of a square of its area, as a share of that of the picture's: 0.5 is a quarter of the area.
    """
    sizes = [np.sqrt(area(one.boxes) / max(one.width * one.height, 1)) for one in pictures if len(one.boxes)]
    overlaps = _paired(pictures) if task == "locate" else _matched(pictures, classes)
    return overlaps, np.concatenate([np.zeros(0), *sizes])


def _paired(pictures: list[Picture]) -> np.ndarray:
    """One box a picture."""
    pairs = [(one.boxes, one.found.best(1).boxes) for one in pictures if len(one.boxes)]
    return np.array([float(iou(a[:1], b)[0]) if len(b) else 0.0 for a, b in pairs])


def _matched(pictures: list[Picture], classes: int) -> np.ndarray:
    truth = [(one.boxes, one.labels) for one in pictures]
    matches = match(truth, [one.found for one in pictures], classes, np.array([LEAST_OVERLAP]))
    overlaps = np.zeros(sum(len(one.boxes) for one in pictures))
    hit = matches.partner[:, 0] >= 0
    overlaps[matches.partner[hit, 0]] = matches.iou[hit, 0]
    return overlaps


def _picture(name: str, size: list[int], truth: dict[str, Any], found: dict[str, Any], least: float) -> Picture:
    answers = Detections(found["boxes"], found["scores"], found["labels"])
    boxes = np.asarray(truth["boxes"], float).reshape(-1, 4)
    labels = np.asarray(truth["labels"], np.int64).reshape(-1)
    return Picture(name, int(size[0]), int(size[1]), boxes, labels, answers.above(least))
