"""Pictures with boxes to the label files of a format, as text; where each picture is to lie says the format too.

    voc    JPEGImages/1.jpg           Annotations/1.xml, ImageSets/Main/train.txt
    coco   images/1.jpg               annotations/instances_train.json
    yolo   images/train/1.jpg         labels/train/1.txt, data.yaml
    csv    images/1.jpg               boxes.csv

What the readers read back is the same within 1e-6 pixels: numbers are written with six decimals (twelve as shares of a
side), in VOC too, where a box that lies between two pixels gets fractions. VOC and CSV have no place for an order of
classes: it becomes that of the names.
Without parts, VOC has no ImageSets, COCO's file is instances_default.json, and YOLO's data.yaml has only train.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
from itertools import count
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from boda.boxes import convert
from boda.errors import LabelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np

    from boda.sample import Part, Sample

COLUMNS = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")
DIGITS, DIGITS_OF_SHARES = 6, 12  # decimals of pixels, and of shares of a side
_RUNS = re.compile(r"'*[=+\-@]")
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Entry(NamedTuple):
    """A picture to write: its new file name, (width, height) as displayed, part, boxes (n, 4) xyxy, n class names."""

    file: str
    size: tuple[int, int]
    part: Part | None
    boxes: np.ndarray
    labels: tuple[str, ...]
    sample: Sample

    @property
    def stem(self) -> str:
        """The file's name without its suffix."""
        return PurePosixPath(self.file).stem


class Writer(NamedTuple):
    """A format: where a picture lies, the label files, each as its path and text, and what is given to `boda train`."""

    place: Callable[[Entry], str]
    files: Callable[[Sequence[Entry], tuple[str, ...]], Iterator[tuple[str, str]]]
    data: str = "."


def voc_files(entries: Sequence[Entry], classes: tuple[str, ...]) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - as the others
    """An XML file a picture, and a list of stems a part."""
    for entry in entries:
        yield f"Annotations/{entry.stem}.xml", voc_xml(entry)
    for part, members in _by_part(entries).items():
        if part is not None:
            yield f"ImageSets/Main/{part}.txt", "".join(f"{entry.stem}\n" for entry in members)


def voc_xml(entry: Entry) -> str:
    """The XML of one picture, with 1-based boxes that include both ends."""
    width, height = entry.size
    boxes = convert(entry.boxes, "xyxy", "voc")
    objects = "".join(_voc_object(label, box) for label, box in zip(entry.labels, boxes.tolist(), strict=True))
    return (
        "<annotation>\n\t<folder>JPEGImages</folder>\n"
        f"\t<filename>{_xml(entry.file)}</filename>\n"
        f"\t<size>\n\t\t<width>{width}</width>\n\t\t<height>{height}</height>\n\t\t<depth>3</depth>\n\t</size>\n"
        f"\t<segmented>0</segmented>\n{objects}</annotation>\n"
    )


def coco_files(entries: Sequence[Entry], classes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """A JSON file a part; pictures, boxes and categories are numbered from 1 over all parts."""
    categories = [{"id": number, "name": name, "supercategory": ""} for number, name in enumerate(classes, start=1)]
    number_of = {name: number for number, name in enumerate(classes, start=1)}
    pictures, boxes = count(1), count(1)
    for part, members in _by_part(entries).items():
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for entry in members:
            number, (width, height) = next(pictures), entry.size
            images.append({"id": number, "file_name": entry.file, "width": width, "height": height})
            for label, box in zip(entry.labels, convert(entry.boxes, "xyxy", "xywh").tolist(), strict=True):
                annotations.append(_annotation(next(boxes), number, number_of[label], box))
        whole = {"info": {}, "licenses": [], "images": images, "annotations": annotations, "categories": categories}
        yield f"annotations/instances_{part or 'default'}.json", json.dumps(whole, allow_nan=False) + "\n"


def yolo_files(entries: Sequence[Entry], classes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """A text file a picture, empty where it shows nothing, and data.yaml."""
    number_of = {name: number for number, name in enumerate(classes)}
    parts = _by_part(entries)
    places = "".join(f"{part or 'train'}: images{f'/{part}' if part else ''}\n" for part in parts)
    names = "".join(f"  {number}: {_yaml(name)}\n" for name, number in number_of.items())
    yield "data.yaml", f"path: .\n{places}nc: {len(classes)}\nnames:\n{names}"
    for entry in entries:
        rows = zip(entry.labels, convert(entry.boxes, "xyxy", "yolo", entry.size).tolist(), strict=True)
        text = "".join(
            f"{number_of[label]} {' '.join(number_text(side, DIGITS_OF_SHARES) for side in box)}\n"
            for label, box in rows
        )
        yield f"labels/{_folder(entry)}{entry.stem}.txt", text


def csv_files(entries: Sequence[Entry], classes: tuple[str, ...]) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - as the others
    """One table: a row a box, and a row without one for a picture that shows nothing."""
    with_parts = any(entry.part for entry in entries)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, "part") if with_parts else COLUMNS)
    for entry in entries:
        rows = [
            (_cell(label), *map(number_text, box))
            for label, box in zip(entry.labels, entry.boxes.tolist(), strict=True)
        ]
        for row in rows or [("",) * 5]:
            writer.writerow((f"images/{entry.file}", *entry.size, *row, *([entry.part] if with_parts else [])))
    yield "boxes.csv", text.getvalue()


def number_text(value: float, digits: int = DIGITS) -> str:
    """A number with up to `digits` decimals; a whole one, or nearly so, without a point.

    Example:
        >>> number_text(86.99999999999999), number_text(0.1)
        ('87', '0.1')
    """
    return f"{value:.{digits}f}".rstrip("0").rstrip(".")


def _by_part(entries: Sequence[Entry]) -> dict[Part | None, list[Entry]]:
    """The entries of each part that there is, train first."""
    parts = sorted({entry.part for entry in entries}, key=("train", "val", "test", None).index)
    return {part: [entry for entry in entries if entry.part == part] for part in parts}


def _voc_object(label: str, box: list[float]) -> str:
    corners = zip(("xmin", "ymin", "xmax", "ymax"), map(number_text, box), strict=True)
    return (
        f"\t<object>\n\t\t<name>{_xml(label)}</name>\n\t\t<pose>Unspecified</pose>\n\t\t<truncated>0</truncated>\n"
        "\t\t<difficult>0</difficult>\n\t\t<bndbox>\n"
        + "".join(f"\t\t\t<{corner}>{text}</{corner}>\n" for corner, text in corners)
        + "\t\t</bndbox>\n\t</object>\n"
    )


def _xml(text: str) -> str:
    if _NO_XML.search(text):
        raise LabelError(f"{text!r} holds a character that XML cannot. Rename it, or write another format than voc.")
    return html.escape(text, quote=False)


def _annotation(number: int, image: int, category: int, box: list[float]) -> dict[str, Any]:
    area = box[2] * box[3]
    bbox = [float(number_text(side)) for side in box]
    return {"id": number, "image_id": image, "category_id": category, "bbox": bbox, "area": area, "iscrowd": 0}


def _cell(label: str) -> str:
    """A class's name, with an apostrophe where a table program would run it; the reader takes it off."""
    return f"'{label}" if _RUNS.match(label) else label


def _yaml(text: str) -> str:
    """A text in double quotes; unlike JSON, YAML does not join two escapes to a character above U+FFFF."""
    return f'"{"".join(char if ord(char) > 0xFFFF else json.dumps(char)[1:-1] for char in text)}"'


def _folder(entry: Entry) -> str:
    return f"{entry.part}/" if entry.part else ""


WRITERS: dict[str, Writer] = {
    "coco": Writer(lambda entry: f"images/{entry.file}", coco_files),
    "csv": Writer(lambda entry: f"images/{entry.file}", csv_files, data="boxes.csv"),
    "voc": Writer(lambda entry: f"JPEGImages/{entry.file}", voc_files),
    "yolo": Writer(lambda entry: f"images/{_folder(entry)}{entry.file}", yolo_files),
}
