"""Rows of a label file, a box each, to samples: where every format's boxes are looked at, clipped, dropped and counted.

What happens to a row, and how it is told in `Dataset.bad`, with the label file and the row's place in it:

    not a number, infinite                    dropped
    inverted, or without area                 dropped
    wholly outside the picture                dropped
    partly outside                            clipped, and told from one pixel on, since less is rounding
    a class that the label file does not know dropped, by the reader

A picture of which every box was dropped is left out: it shows something, so that it would be a false negative.
The picture's size comes from its own header. Where the label file states another, it may be the frame as stored, before
EXIF turns it: then the boxes are turned with it (half turns and mirrors keep the size: boxes count as displayed).
Any other size means that the boxes were drawn on another picture.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from boda.boxes import clip, convert, problems
from boda.data.decode import FORMATS, Header, read_header
from boda.errors import ImageError
from boda.sample import BadFile, Part, Sample

if TYPE_CHECKING:
    from pathlib import Path

ROUNDING = 1.0  # pixels beyond the edge: some count pixels from 0 where others count from 1
_ORIENTATION = 0x0112


class BoxRow(NamedTuple):
    """One box as the file gives it: its place ("object 2"), its class's name, and four numbers."""

    place: str
    label: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Marked:
    """What a label file says of one picture.

    `source` is the label file's name, `format` that of the boxes (see `boda.boxes.convert`), `size` the (width, height)
    that it states, if any; `faults` are the rows that cannot be read, with their places, and `crowds` how many boxes
    around groups were left out.
    """

    name: str
    image: Path
    source: str
    rows: tuple[BoxRow, ...]
    format: str
    size: tuple[int, int] | None = None
    part: Part | None = None
    group: str | None = None
    faults: tuple[str, ...] = ()
    crowds: int = 0


def to_sample(marked: Marked) -> tuple[Sample | None, list[BadFile]]:
    """The sample that `marked` describes, None where it cannot serve, and what was wrong with it."""
    try:
        data = Sample(marked.name, marked.image).read_bytes()
        header = read_header(data)
    except (OSError, ImageError) as error:
        return None, [BadFile(marked.name, getattr(error, "strerror", None) or str(error))]
    shown = header.width, header.height
    if marked.size in {None, shown}:
        return _sample(marked, shown, 1)
    if "exif-turned" in header.notes and marked.size == shown[::-1]:
        return _sample(marked, shown[::-1], _orientation(data))
    return None, [BadFile(marked.source, _other_size(marked, header))]


def turn_boxes(boxes: np.ndarray, size: tuple[int, int], turn: int) -> np.ndarray:
    """Boxes (n, 4) xyxy of a picture stored as `size` (width, height), in the frame that EXIF orientation `turn` shows.

    Source: Exif 2.32, tag 0x0112: what the stored picture's first row and first column are, as displayed.

    Example:
        >>> turn_boxes(np.array([[10.0, 20.0, 30.0, 25.0]]), (100, 50), 6).tolist()
        [[25.0, 10.0, 30.0, 30.0]]
    """
    x0, y0, x1, y1 = boxes.T
    if turn in {2, 3, 7, 8}:
        x0, x1 = size[0] - x1, size[0] - x0
    if turn in {3, 4, 6, 7}:
        y0, y1 = size[1] - y1, size[1] - y0
    return np.stack([x0, y0, x1, y1] if turn < 5 else [y0, x0, y1, x1], axis=1)


def _sample(marked: Marked, size: tuple[int, int], turn: int) -> tuple[Sample | None, list[BadFile]]:
    boxes = _boxes(marked, size)
    faults = problems(boxes, size, tolerance=ROUNDING)
    bad = [BadFile(marked.source, fault) for fault in marked.faults]
    bad += [BadFile(marked.source, _told(row, box, fault, size))
            for row, box, fault in zip(marked.rows, boxes.tolist(), faults, strict=True) if fault]  # fmt: skip
    kept = [i for i, fault in enumerate(faults) if fault in {"", "partly outside"}]
    if not kept and (marked.rows or marked.faults or marked.crowds):
        return None, [*bad, BadFile(marked.name, "left out: none of its boxes can be used, and it is no negative")]
    labels = tuple(marked.rows[i].label for i in kept)
    turned = turn_boxes(clip(boxes[kept], size), size, turn)
    label = tuple(sorted(set(labels)))
    sample = Sample(marked.name, marked.image, label, marked.part, marked.group, boxes=turned, box_labels=labels)
    return sample, bad


def _boxes(marked: Marked, size: tuple[int, int]) -> np.ndarray:
    """(n, 4) float64 xyxy pixels, unclipped; NaN where a number is not finite."""
    given = np.array([row.box for row in marked.rows], dtype=np.float64).reshape(-1, 4)
    with np.errstate(invalid="ignore", over="ignore"):
        return convert(given, marked.format, "xyxy", size)


def _told(row: BoxRow, box: list[float], fault: str, size: tuple[int, int]) -> str:
    """One line: which row, what is wrong, and what became of it."""
    x0, y0, x1, y1 = box
    done = "clipped" if fault == "partly outside" else "dropped"
    where = f" the picture of {size[0]} x {size[1]}" if fault.endswith("outside") else ""
    return f"{row.place} ({row.label}): {fault}{where}: {x0:g}, {y0:g} to {x1:g}, {y1:g}; {done}"


def _other_size(marked: Marked, header: Header) -> str:
    stated = "{} x {}".format(*marked.size) if marked.size else "none"
    return (
        f"states a size of {stated}, but {marked.name} is {header.width} x {header.height}: "
        "the boxes are of another picture; left out"
    )


def _orientation(data: bytes) -> int:
    """The EXIF orientation, 1 to 8, of a picture that `read_header` calls turned."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as image:
        return int(image.getexif()[_ORIENTATION])
