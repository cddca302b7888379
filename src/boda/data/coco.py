"""COCO's JSON, all pictures of a part in one file, to samples and back.

    annotations/instances_train2017.json    train2017/1.jpg, or images/train2017/1.jpg
    train/_annotations.coco.json            train/1.jpg
    one.json                                1.jpg, or images/1.jpg

Boxes are x, y, width and height in pixels. The classes are the categories in the order of their numbers, which may have
gaps. Boxes around crowds (`iscrowd`) are left out, and so are pictures that show nothing else.
The part is told by the file's name or its folder. `file_name` never leads out of the folder that is read.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unicodedata import normalize

from boda.data.box_dataset import build_dataset, part_of, some
from boda.data.box_folders import LABEL_FOLDERS, Listing, label_places, read_capped
from boda.data.box_rows import BoxRow, Marked
from boda.data.folders import PARTS
from boda.errors import DataError, LabelError
from boda.sample import BadFile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from boda.data.box_dataset import BoxTask
    from boda.sample import Dataset, Part

MAX_JSON = 2**30
KEYS = ("images", "annotations", "categories")
_QUOTED = tuple(f'"{key}"'.encode() for key in KEYS)
_BLOCK = 2**20


class CocoPicture(NamedTuple):
    """What a COCO file says of a picture: its number, path, stated size, boxes, faults and crowds."""

    number: Any
    file_name: str
    size: tuple[int, int] | None
    rows: tuple[BoxRow, ...]
    faults: tuple[str, ...]
    crowds: int


class CocoFile(NamedTuple):
    """A COCO file: class names in order, its pictures, and what belongs to none of them."""

    classes: tuple[str, ...]
    pictures: tuple[CocoPicture, ...]
    faults: tuple[str, ...]


def read_coco(path: Path, *, task: BoxTask | None = None, group_pattern: str | None = None) -> Dataset:
    """Read a COCO file, or the COCO files in a folder.

    Args:
        path: The file, or the folder.
        task: "locate" (the largest box of each picture) or "detect"; told from the data unless given.
        group_pattern: A regular expression that is searched in each picture's name; what it captures is its group.

    Raises:
        DataError: There is no COCO file, or none with a box that can be used.
        LabelError: A file is no COCO file; with its name.

    Example:
        read_coco(Path("raccoon/annotations/instances_train.json"))
    """
    path = Path(path)
    files = [path] if path.is_file() else coco_files(path) or _json_files(path)
    if not files:
        raise DataError(f"{path}: expected COCO files such as annotations/instances_train.json, found none.")
    root = root_of(path)
    listing, classes = Listing(root), dict[str, None]()
    marked: list[Marked] = []
    bad: list[BadFile] = []
    for file in files:
        source = file.relative_to(root).as_posix()
        read = _read(file)
        classes |= dict.fromkeys(read.classes)
        bad += [BadFile(source, fault) for fault in read.faults]
        for picture in read.pictures:
            found = _marked(listing, source, picture)
            (marked if isinstance(found, Marked) else bad).append(found)  # type: ignore[arg-type]
    notes = _notes(marked, listing)
    return build_dataset(
        root, marked, classes=tuple(classes), task=task, group_pattern=group_pattern, bad=bad, notes=notes
    )


def coco_files(root: Path) -> list[Path]:
    """The COCO files below the folder `root`, sorted; where some are called instances_, those alone."""
    found = [file for file in _json_files(root) if looks_like_coco(file)]
    return [file for file in found if file.name.startswith("instances_")] or found


def looks_like_coco(path: Path) -> bool:
    """Whether a file names its categories, and pictures or annotations, anywhere: tools write them in any order."""
    if not path.is_file():
        return False
    seen: set[bytes] = set()
    before = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            text = before + block
            seen |= {key for key in _QUOTED if key in text}
            if _QUOTED[2] in seen and len(seen) > 1:
                return True
            before = text[-len(_QUOTED[1]) :]
    return False


def parse_coco(data: bytes) -> CocoFile:
    """Sort the annotations of a COCO file by picture.

    Raises:
        LabelError: It is no such JSON; the message is the reason, in one line.
    """
    given, annotations, categories = _lists(data)
    images, faults = _each_once(given)
    names = _names(categories)
    rows: dict[Any, list[BoxRow]] = {_key(image.get("id")): [] for image in images}
    wrong: dict[Any, list[str]] = {number: [] for number in rows}
    crowds: dict[Any, int] = dict.fromkeys(rows, 0)
    for count, item in enumerate(annotations, start=1):
        place = f"annotation {item.get('id', f'number {count}')}"
        number = _key(item.get("image_id"))
        if number not in rows:
            faults.append(f"{place}: image_id {number} is not among the images; dropped")
        elif item.get("iscrowd") == 1:
            crowds[number] += 1
        elif isinstance(row := _row(place, item, names), BoxRow):
            rows[number].append(row)
        else:
            wrong[number].append(row)
    pictures = []
    for image in images:
        number = _key(image.get("id"))
        name, size = str(image.get("file_name") or ""), _size(image)
        pictures.append(CocoPicture(number, name, size, tuple(rows[number]), tuple(wrong[number]), crowds[number]))
    return CocoFile(tuple(dict.fromkeys(names.values())), tuple(pictures), tuple(faults))


def _json_files(root: Path) -> list[Path]:
    return sorted({file for place in label_places(root) for file in place.glob("*.json") if file.is_file()})


def _read(file: Path) -> CocoFile:
    try:
        return parse_coco(read_capped(file, MAX_JSON))
    except LabelError as error:
        raise LabelError(f"{file}: {error}.") from error


def _lists(data: bytes) -> list[list[dict[str, Any]]]:
    """Images, annotations and categories, each a list of objects."""
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise LabelError(f"no JSON that can be read: {str(error)[:200]}") from error
    found: list[Any] = [whole.get(key) if isinstance(whole, dict) else None for key in KEYS]
    for key, entries in zip(KEYS, found, strict=True):
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise LabelError(f"expected COCO's {', '.join(KEYS)}, each a list of objects; {key} is none")
    return found


def _each_once(given: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """The images with a number of their own, and what is wrong with the others."""
    images: dict[Any, dict[str, Any]] = {}
    faults = []
    for image in given:
        number = _key(image.get("id"))
        if number in images:
            faults.append(f"image {number}: stands twice ({image.get('file_name')}); the second was left out")
        images.setdefault(number, image)
    return [*images.values()], faults


def _names(categories: Iterable[dict[str, Any]]) -> dict[Any, str]:
    """Category number to name, in the order of the numbers."""
    named = {_key(item.get("id")): normalize("NFC", str(item.get("name", "")).strip()) for item in categories}
    numbered = [number for number in named if isinstance(number, int)]
    others = [number for number in named if not isinstance(number, int)]
    return {number: named[number] for number in [*sorted(numbered), *others] if named[number]}


def _key(number: Any) -> Any:
    """A number or a text as a key; "7" is 7, as some tools write it."""
    if isinstance(number, str) and re.fullmatch(r"\d{1,18}", number):
        return int(number)
    return number if isinstance(number, int | str) else repr(number)


def _row(place: str, item: dict[str, Any], names: dict[Any, str]) -> BoxRow | str:
    """The row of an annotation, or what is wrong with it."""
    number, box = _key(item.get("category_id")), item.get("bbox")
    if number not in names:
        return f"{place}: category_id {number}, but the categories are {_some(names)}; dropped"
    if not isinstance(box, list) or len(box) != 4 or not all(_is_number(value) for value in box):
        return f"{place} ({names[number]}): expected four numbers as bbox, came {str(box)[:80]}; dropped"
    x, y, w, h = map(float, box)
    return BoxRow(place, names[number], (x, y, w, h))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _some(names: dict[Any, str]) -> str:
    listed = [f"{number} ({name})" for number, name in names.items()]
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "") or "none"


def _size(image: dict[str, Any]) -> tuple[int, int] | None:
    width, height = image.get("width"), image.get("height")
    if not _is_number(width) or not _is_number(height):
        return None
    return (int(width), int(height)) if width > 0 and height > 0 else None  # type: ignore[operator, arg-type]


def root_of(path: Path) -> Path:
    """The folder in which pictures of a COCO file are looked for: of one in annotations/, the folder above.

    Example:
        >>> root_of(Path("raccoon/annotations/instances_train.json")).as_posix()
        'raccoon'
    """
    if path.is_dir():
        return path
    folder = path.parent
    return folder.parent if folder.name.lower() in LABEL_FOLDERS else folder


def _marked(listing: Listing, source: str, picture: CocoPicture) -> Marked | BadFile:
    path = picture.file_name.replace("\\", "/")
    found = listing.pictures_called(path)
    nearest = _nearest(found, source)
    if not nearest:
        return BadFile(source, f"image {picture.number}: no picture {picture.file_name[:200]!r}")
    if len(nearest) > 1:
        listed = ", ".join(nearest[:3])
        return BadFile(source, f"image {picture.number}: {picture.file_name[:200]!r} may be any of {listed}")
    name = nearest[0]
    part = _part(source)
    rows, size = picture.rows, picture.size
    image = listing.root / name
    return Marked(name, image, source, rows, "xywh", size, part, faults=picture.faults, crowds=picture.crowds)


def _nearest(names: list[str], source: str) -> list[str]:
    """Of pictures that may be meant, those in a folder called like the file's part, else those beside the file."""
    if len(names) < 2:
        return names
    last = Path(source).stem.rpartition("_")[2].lower()
    beside = source.rpartition("/")[0]
    ways = (
        [name for name in names if last in name.lower().split("/")[:-1]],
        [name for name in names if name.rpartition("/")[0] == beside],
    )
    return next((way for way in ways if way), names)


def _part(source: str) -> Part | None:
    words = re.findall("[a-z]+", Path(source).stem.lower())
    return next((PARTS[word] for word in words if word in PARTS), None) or part_of(source)


def _notes(marked: list[Marked], listing: Listing) -> list[str]:
    crowds = sum(entry.crowds for entry in marked)
    named = {entry.name for entry in marked}
    others = [name for name in listing.pictures if name not in named]
    notes = [f"Boxes around crowds (iscrowd), left out: {crowds}."] if crowds else []
    return [*notes, f"Pictures in no COCO file, left out: {some(others)}."] if others else notes
