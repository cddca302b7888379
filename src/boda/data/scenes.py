"""Scenes of handwritten digits on paper, with the box of each digit's visible ink: a detector's school.

Real digits (`boda.data.handwriting`) of several sizes lie over each other a little on paper of many kinds
(`boda.data.paper`). A scene depends on (seed, part, index) alone, so that 300 scenes are the first 300 of 2,000.
"""

from __future__ import annotations

import io
import json
import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from boda import atomic
from boda.data.handwriting import Handwriting, all_handwriting, draw_ink, split_by_form
from boda.data.paper import contrast, draw_paper, hsv_to_rgb
from boda.errors import DataError
from boda.progress import track

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SIDES = (0.05, 0.3)  # of a digit's longer side, as shares of the scene's
LEAST_SIDE = 14  # pixels: below it many 8x8 digits cannot be read
MAX_IOU = 0.2  # of any two boxes
MAX_COVERED = 0.12  # of a digit's ink that other ink hides, or that lies over other ink
MIN_CONTRAST = 4.0  # of ink and the paper below it, before the ink is laid on, a little translucent
TRIES = 60  # places for one digit before the scene goes without it
MARKER = ".scenes.json"
CLASSES = tuple("0123456789")


def scene(
    rng: np.random.Generator, size: int = 320, digits: tuple[int, int] = (3, 12), writing: Handwriting | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One scene with 3 to 12 digits, as many as found a place.

    Two digits' frames overlap by an IoU of 0.2 at most, and 88 % of each digit's ink shows. Inks are chosen for a
    contrast of 4 to the paper; laid on with an opacity of 0.85 to 1, nearly all keep 3. A box is that of the ink that
    shows (opacity above one half), to the pixel.

    Args:
        rng: the source of all chance.
        size: width and height in pixels, 64 or more; a digit's longer side is 5 to 30 % of it, 14 pixels or more.
        digits: the least and the largest number of digits asked for.
        writing: the digits to draw from; all 1,797 where none are given.

    Returns:
        pixels (size, size, 3) uint8, boxes (n, 4) float32 xyxy pixels, labels (n,) int64.

    Raises:
        DataError: `size` or `digits` is out of range.

    Example:
        >>> pixels, boxes, labels = scene(np.random.default_rng(0), size=160, digits=(3, 5))
        >>> pixels.shape, len(boxes) == len(labels), bool((boxes <= 160).all())
        ((160, 160, 3), True, True)
    """
    _check("size", size, 64, 4096)
    _check("digits[0]", digits[0], 0, digits[1])
    writing = writing if writing is not None else all_handwriting()
    sheet = _Sheet(draw_paper(rng, size), np.zeros((size, size), np.uint16))
    pen = _choose_ink(rng, sheet.pixels.mean(axis=(0, 1))) if rng.random() < 0.5 else None
    for _ in range(int(rng.integers(digits[0], digits[1] + 1))):
        _write_one(sheet, rng, writing, pen)
    boxes = np.array([_visible_box(sheet, k) for k in range(len(sheet.labels))], np.float32).reshape(-1, 4)
    return np.round(sheet.pixels).astype(np.uint8), boxes, np.array(sheet.labels, np.int64)


def write_scenes(folder: Path, train: int = 2000, val: int = 400, seed: int = 0, size: int = 320) -> Path:
    """Write a COCO folder of scenes, and return `folder`: `train/`, `val/` and `annotations/instances_PART.json`.

    Validation is written by other hands: three of the fourteen forms that the digits come from, none of which occurs
    in a training scene. A folder that already holds these very scenes is left as it is; one that is interrupted
    leaves nothing behind.

    Args:
        folder: where to write; it must not exist, or be empty, or come from an equal call.
        train: number of training scenes, 1 or more.
        val: number of validation scenes, 1 or more.
        seed: another seed gives other scenes and another split of the forms.
        size: width and height in pixels, 64 to 4096.

    Raises:
        DataError: `folder` holds something else, or a number is out of range.
    """
    folder, asked = Path(folder), {"train": train, "val": val, "seed": seed, "size": size}
    for name in ("train", "val"):
        _check(name, asked[name], 1, 10**6)
    _check("size", size, 64, 4096)
    if _holds(folder, asked):
        return folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(
            f"{folder} is there already, and is not a complete folder of {train} + {val} scenes of {size} pixels "
            f"from seed {seed}. Give another folder, or remove this one."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        made = Path(temporary) / "scenes"
        (made / "annotations").mkdir(parents=True)
        for number, (part, writing) in enumerate(zip(("train", "val"), split_by_form(seed), strict=True)):
            _write_part(made, part, writing, asked, number)
        atomic.write_json(made / MARKER, asked)
        _move(made, folder)
    return folder


def scene_name(index: int) -> str:
    """The file name of scene `index` of its part.

    >>> scene_name(42)
    'scene-00042.jpg'
    """
    return f"scene-{index:05d}.jpg"


@dataclass(slots=True)
class _Sheet:
    """What is written so far: pixels (h, w, 3), and the number of the digit, from 1, whose ink is seen (h, w)."""

    pixels: np.ndarray
    owner: np.ndarray
    labels: list[int] = field(default_factory=list)
    frames: list[tuple[slice, slice]] = field(default_factory=list)
    inked: list[int] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)


def _write_one(sheet: _Sheet, rng: np.random.Generator, writing: Handwriting, pen: np.ndarray | None) -> None:
    """One more digit on the sheet, of any class alike, where a place is found for it."""
    label, size = int(rng.integers(10)), len(sheet.owner)
    index = rng.choice(np.flatnonzero(writing.labels == label))
    low, high = max(SIDES[0] * size, LEAST_SIDE), SIDES[1] * size
    side = low * (high / low) ** rng.random()  # as many between 20 and 40 pixels as between 40 and 80
    ink = draw_ink(writing.images[index], side, rng.uniform(-12, 12), rng.uniform(-0.15, 0.15))
    inked = ink > 0.5
    frame = _find_place(sheet, rng, inked)
    if frame is None:
        return
    below = sheet.pixels[frame]
    paper = below[inked].mean(axis=0)
    colour = pen if pen is not None and contrast(pen, paper) >= MIN_CONTRAST else _choose_ink(rng, paper)
    below += (ink * np.float32(rng.uniform(0.85, 1)))[..., None] * (colour - below)
    for hidden, count in enumerate(_hits(sheet, frame, inked)):
        sheet.seen[hidden] -= int(count)
    sheet.labels.append(label)
    sheet.frames.append(frame)
    sheet.owner[frame][inked] = len(sheet.labels)
    sheet.inked.append(int(inked.sum()))
    sheet.seen.append(int(inked.sum()))


def _find_place(sheet: _Sheet, rng: np.random.Generator, inked: np.ndarray) -> tuple[slice, slice] | None:
    """Rows and columns for a digit (h, w), wholly on the sheet, that leave it and all others readable; or None."""
    height, width = inked.shape
    room = len(sheet.owner) - np.array([height, width]) + 1
    for _ in range(TRIES):
        top, left = (int(at) for at in rng.integers(0, room))
        frame = (slice(top, top + height), slice(left, left + width))
        if all(_iou(frame, other) <= MAX_IOU for other in sheet.frames) and _readable(sheet, frame, inked):
            return frame
    return None


def _readable(sheet: _Sheet, frame: tuple[slice, slice], inked: np.ndarray) -> bool:
    """Whether enough would be seen of every digit, and enough of the new one would lie on bare paper."""
    hits = _hits(sheet, frame, inked)
    left, whole = np.array(sheet.seen) - hits, np.array(sheet.inked)
    return bool((left >= (1 - MAX_COVERED) * whole).all() and hits.sum() <= MAX_COVERED * inked.sum())


def _hits(sheet: _Sheet, frame: tuple[slice, slice], inked: np.ndarray) -> np.ndarray:
    """How many seen pixels of each digit (n,) `inked` would hide in `frame`."""
    return np.bincount(sheet.owner[frame][inked], minlength=len(sheet.labels) + 1)[1:]


def _iou(one: tuple[slice, slice], other: tuple[slice, slice]) -> float:
    height, width = (max(min(a.stop, b.stop) - max(a.start, b.start), 0) for a, b in zip(one, other, strict=True))
    both = sum(math.prod(side.stop - side.start for side in frame) for frame in (one, other))
    return height * width / (both - height * width)


def _choose_ink(rng: np.random.Generator, paper: np.ndarray) -> np.ndarray:
    """RGB (3,) of 0 to 255: the first of 24 random inks whose contrast to `paper` suffices, or the best of them."""
    shades = rng.uniform((0, 0, 0), (1, 1, 1), (24, 3))
    inks = 255 * hsv_to_rgb(shades)
    best: np.ndarray = inks[np.argmax(np.minimum(contrast(inks, paper), MIN_CONTRAST))]
    return best


def _visible_box(sheet: _Sheet, k: int) -> tuple[int, int, int, int]:
    """The tight box, xyxy, of what is seen of digit `k`, counted from 0."""
    rows, columns = sheet.frames[k]
    seen = sheet.owner[rows, columns] == k + 1
    y, x = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    return (
        columns.start + int(x[0]),
        rows.start + int(y[0]),
        columns.start + int(x[-1]) + 1,
        rows.start + int(y[-1]) + 1,
    )


def _write_part(folder: Path, part: str, writing: Handwriting, asked: Mapping[str, int], number: int) -> None:
    """All scenes of a part, and its COCO file."""
    (folder / part).mkdir()
    images: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for index in track(range(asked[part]), f"composing {part} scenes"):
        rng = np.random.default_rng((asked["seed"], 1 + number, index))
        pixels, boxes, labels = scene(rng, asked["size"], writing=writing)
        (folder / part / scene_name(index)).write_bytes(_jpeg(pixels))
        images.append(
            {"id": index + 1, "file_name": scene_name(index), "width": asked["size"], "height": asked["size"]}
        )
        annotations += _coco_rows(boxes, labels, index + 1, len(annotations) + 1)
    _write_coco(folder / "annotations" / f"instances_{part}.json", images, annotations)


def _coco_rows(boxes: np.ndarray, labels: np.ndarray, image: int, first: int) -> Iterable[dict[str, object]]:
    for row, ((x0, y0, x1, y1), label) in enumerate(zip(boxes.tolist(), labels.tolist(), strict=True), start=first):
        width, height = x1 - x0, y1 - y0
        yield {
            "id": row,
            "image_id": image,
            "category_id": label + 1,
            "bbox": [x0, y0, width, height],
            "area": width * height,
            "iscrowd": 0,
        }


def _write_coco(path: Path, images: list[dict[str, object]], annotations: list[dict[str, object]]) -> None:
    categories = [{"id": i, "name": name} for i, name in enumerate(CLASSES, start=1)]
    whole = {"images": images, "annotations": annotations, "categories": categories}
    atomic.write_text(path, json.dumps(whole, separators=(",", ":")) + "\n")


def _jpeg(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92, subsampling=0)  # full colour: small digits stay crisp
    return buffer.getvalue()


def _holds(folder: Path, asked: Mapping[str, int]) -> bool:
    """Whether `folder` was completed for what is `asked`, and no picture was lost since."""
    try:
        found = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    names = ((folder / part / scene_name(i)) for part in ("train", "val") for i in range(asked[part]))
    return found == asked and all(path.is_file() for path in names)


def _move(made: Path, folder: Path) -> None:
    """Put `made` in `folder`'s place, which is empty or not there."""
    try:
        if folder.exists():
            folder.rmdir()  # Windows does not rename over an empty folder
        made.rename(folder)
    except OSError as error:
        raise DataError(f"{folder} cannot be made: {error.strerror}. Give another folder.") from error


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise DataError(f"{name} must be {low} to {high}. Received: {name}={value}")
