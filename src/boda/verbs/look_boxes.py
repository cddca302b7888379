"""What `boda look` adds where pictures have boxes: findings, the constant answer, and pictures with boxes drawn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.boxes import iou
from boda.data import decode
from boda.data.advice import advice
from boda.data.box_advice import box_advice
from boda.data.box_census import Census
from boda.data.box_findings import findings, odd_boxes
from boda.data.box_view import BoxView
from boda.errors import ImageError
from boda.explain import thumbnail
from boda.metrics.locate import constant_boxes, mean_box
from boda.recipe import Recipe
from boda.reports.box_overlay import TRUTH, class_colours, draw_boxes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from boda.data.box_findings import Odd
    from boda.data.findings import Audit
    from boda.reports.sheet import Row
    from boda.sample import Dataset, Sample

SIDE = 320  # of a sample with its boxes, pixels
CROP = 240  # of the surroundings of an odd box
CARDS = 8  # odd boxes of each kind that are shown
MARKED = (255, 82, 120)  # the odd box itself
AROUND = 2.0  # times the box, on each side: what is shown around it
RIM = 16  # around a crop while it is drawn on, wider than any line
LEAST = 48  # pixels of the original that a crop shows at least


@dataclass(frozen=True, eq=False)
class BoxesSeen:
    """The boxes of a dataset whose pictures were looked through, and what there is to say about them."""

    dataset: Dataset
    census: Census
    view: BoxView
    summary: dict[str, Any]

    @classmethod
    def of(cls, dataset: Dataset, found: Audit) -> BoxesSeen:
        """Look at the boxes of the pictures that could be read."""
        recipe = Recipe.usual(dataset.task)
        view = BoxView(recipe.size or SIDE, recipe.resize)  # type: ignore[arg-type] # the recipe of boxes never crops
        census = Census.of(dataset, sizes_of(found))
        told = findings(census, dataset.bad, view.place)
        network = {"size": view.size, "resize": view.resize}
        extra = {"notes": list(dataset.notes), "network": network, "constant": constant_answer(census)}
        return cls(dataset, census, view, {**told, **extra})

    def add_to(self, summary: dict[str, Any], found: Audit) -> dict[str, Any]:
        """`summary` with the table `boxes`, the task, what the reader left out, and advice on boxes."""
        told = self.summary
        return {
            **summary,
            "task": self.dataset.task,
            "bad": [*told["other_bad"], *summary["bad"]],
            "bad_count": summary["bad_count"] + told["other_bad_count"],
            "warnings": [*advice(found, classes=False), *box_advice(told, told["network"])],
            "boxes": told,
        }

    def odd_pictures(self) -> dict[str, list[tuple[np.ndarray, str]]]:
        """Kind to pictures of the surroundings of the first odd boxes, with captions."""
        by_name = {sample.name: sample for sample in self.dataset}
        shown: dict[str, list[tuple[np.ndarray, str]]] = defaultdict(list)
        for odd in odd_boxes(self.census, self.view.place):
            if len(shown[odd.kind]) < CARDS and (pixels := _surroundings(self.census, odd, by_name)) is not None:
                shown[odd.kind].append((pixels, f"{Path(odd.file).name}, {odd.object}"))
        return shown


def sizes_of(found: Audit) -> dict[str, tuple[int, int]]:
    """Name to displayed (width, height) of each picture that could be read."""
    rows = found.rows
    places = zip(rows["name_at"].tolist(), rows["width"].tolist(), rows["height"].tolist(), strict=True)
    return {found.records.name(at): (width, height) for at, width, height in places}


def constant_answer(census: Census) -> dict[str, Any] | None:
    """The mean box as the answer for every picture: learnt on the training part, measured on the validation part.

    Where the data gives no parts, both are all pictures; where a picture has several boxes, the largest is asked for.
    None where no picture to learn from has a box.
    """
    rows = census.largest()
    parts = np.array([census.parts[i] for i in census.picture[rows]], dtype=object)
    sizes, boxes = census.sizes[census.picture[rows]], census.boxes[rows]
    learnt = np.isin(parts, ["train", "all"])
    if not learnt.any():
        return None
    mean = mean_box(boxes[learnt], sizes[learnt])
    asked = next((part for part in ("val", "test", "train", "all") if (parts == part).any()), "all")
    on = parts == asked
    ious = iou(boxes[on], constant_boxes(mean, sizes[on]))
    return {
        "box": [round(float(value), 5) for value in mean],
        "mean_iou": round(float(ious.mean()), 5),
        "iou_50": round(float((ious >= 0.5).mean()), 5),
        "n": len(ious),
        "measured_on": asked,
        "largest": bool(census.per_picture.max() > 1),
    }


def sample_rows(kept: Mapping[str, Sequence[Sample]], seen: Mapping[str, int], classes: Sequence[str]) -> list[Row]:
    """(title, [(picture with its boxes, name)]) of the samples that were kept of each class."""
    colours = class_colours(classes)
    rows: list[Row] = []
    for label, samples in sorted(kept.items()):
        shown = [(pixels, Path(s.name).name) for s in samples if (pixels := _drawn(s, colours)) is not None]
        rows.append((f"{label} ({seen[label]:,} {'picture' if seen[label] == 1 else 'pictures'})", shown))
    return rows


def _drawn(sample: Sample, colours: Mapping[str, tuple[int, int, int]]) -> np.ndarray | None:
    """The sample within 320 x 320 pixels with its boxes, named where there are several classes; None if unreadable."""
    try:
        pixels = thumbnail(sample, SIDE)
        height, width = _shape(sample)
    except (ImageError, OSError):
        return None
    if sample.boxes is None:
        return pixels
    labels = [str(name) for name in sample.box_labels or ()]
    scale = (pixels.shape[1] / width, pixels.shape[0] / height)
    if len(colours) > 1:
        return draw_boxes(pixels, sample.boxes, labels, colours=colours, scale=scale)
    return draw_boxes(pixels, sample.boxes, colours=next(iter(colours.values()), TRUTH), scale=scale)


def _shape(sample: Sample) -> tuple[int, int]:
    """Height and width as displayed."""
    if isinstance(sample.image, np.ndarray):
        return sample.image.shape[:2]
    header = decode.read_header(sample.read_bytes())
    return header.height, header.width


def _surroundings(census: Census, odd: Odd, by_name: Mapping[str, Sample]) -> np.ndarray | None:
    """The odd box with what is around it, the picture's other boxes dashed; None where it cannot be read."""
    from PIL import Image

    if odd.row is None:
        return None
    sample = by_name[odd.file]
    try:
        pixels = sample.image if isinstance(sample.image, np.ndarray) else decode.decode(sample.read_bytes())
    except (ImageError, OSError):
        return None
    x0, y0, x1, y1 = _window(census.boxes[odd.row], pixels.shape[1], pixels.shape[0])
    scale = CROP / max(x1 - x0, y1 - y0)
    size = (max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale)))
    crop = np.asarray(Image.fromarray(pixels[y0:y1, x0:x1]).resize(size, Image.Resampling.BICUBIC))
    own = census.picture == census.picture[odd.row]
    others = own & (np.arange(len(census)) != odd.row)
    margin = np.pad(crop, ((RIM, RIM), (RIM, RIM), (0, 0)))  # edges beyond the crop are drawn there, and cut off
    corner = np.array([x0, y0, x0, y0])
    around, marked = ((boxes - corner) * scale + RIM for boxes in (census.boxes[others], census.boxes[[odd.row]]))
    drawn = draw_boxes(draw_boxes(margin, around, colours=TRUTH, dashed=True), marked, colours=MARKED)
    return drawn[RIM:-RIM, RIM:-RIM]


def _window(box: np.ndarray, width: int, height: int) -> tuple[int, int, int, int]:
    """A square around `box` that shows twice its size on each side and 48 pixels at least, within the picture."""
    side = min(max((1 + AROUND) * float((box[2:] - box[:2]).max()), LEAST), max(width, height))
    corners = []
    for low, high, whole in ((box[0], box[2], width), (box[1], box[3], height)):
        start = round(min(max((low + high - side) / 2, 0), max(whole - side, 0)))
        corners.append((start, min(round(start + side), whole)))
    (x0, x1), (y0, y1) = corners
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)
