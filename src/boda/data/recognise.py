"""A file or a folder to the name of the reader that fits it, by what is there.

x.csv, x.tsv                            "box_table" where columns hold boxes, else "table"
x.json                                  "coco"
x.yaml                                  "yolo"
a folder with data.yaml, or images/ and labels/ with text files   "yolo"
... with a COCO file beside the pictures, or in annotations/      "coco"
... with a Pascal VOC file beside the pictures, or in annotations/ "voc"
any other folder                        "folders"
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from boda.data.box_columns import has_boxes
from boda.data.box_folders import label_places
from boda.data.coco import coco_files
from boda.data.voc import looks_like_voc
from boda.data.yolo import looks_like_yolo
from boda.data.yolo_data import YAML_SUFFIXES
from boda.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

TABLE_SUFFIXES = (".csv", ".tsv")
BOX_FORMATS = {"coco": "COCO", "voc": "Pascal VOC", "yolo": "YOLO"}
HOW = 'format="{}" among the reading options, --format {} in the command'


def reader_of_path(path: Path) -> str:
    """The name of the reader for `path`; "folders" where there is nothing, which says so.

    Raises:
        DataError: A file of another kind, or a folder with labels of several formats.
    """
    suffix = path.suffix.lower()
    if suffix in TABLE_SUFFIXES and not path.is_dir():
        return "box_table" if has_boxes(path) else "table"
    if path.is_file() and suffix in {".json", *YAML_SUFFIXES}:
        return "coco" if suffix == ".json" else "yolo"
    if path.is_file():
        raise DataError(
            f"{path}: expected a folder of pictures, or a table that ends in {' or '.join(TABLE_SUFFIXES)}, COCO's "
            f".json or YOLO's .yaml, came a file that ends in {path.suffix!r}."
        )
    found = box_formats(path)
    if len(found) > 1:
        shown = " and ".join(f"{BOX_FORMATS[name]} ({where})" for name, where in found.items())
        how = " or ".join(HOW.format(name, name) for name in found)
        raise DataError(f"{path}: holds boxes in several formats: {shown}. Say which to read: {how}.")
    return next(iter(found), "folders")


def box_formats(root: Path) -> dict[str, str]:
    """The formats of boxes that the folder `root` holds, each with a file that shows it."""
    coco = next(iter(coco_files(root)), None)
    found = {
        "coco": coco and coco.relative_to(root).as_posix(),
        "voc": _first_voc(root),
        "yolo": looks_like_yolo(root),
    }
    return {name: where for name, where in found.items() if where}


def _first_voc(root: Path) -> str | None:
    files = (file for place in label_places(root) for file in sorted(place.glob("*.xml"))[:20])
    return next((file.relative_to(root).as_posix() for file in files if looks_like_voc(file)), None)
