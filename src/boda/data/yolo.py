"""YOLO folders, a text file a picture, to samples and back.

    data.yaml    images/train/1.jpg    labels/train/1.txt      or train/images/, train/labels/

    path: .                              0 0.5 0.5 0.25 0.1     class, centre x, centre y, width, height, as shares
    train: images/train                  1 0.1 0.1 0.4 0.1 0.4 0.3     class, and the corners of an outline
    val: images/val
    names: [cat, dog]

An outline becomes the box around it; a confidence after a box, as in answers, is left alone.
A picture without a text file, or with an empty one, shows nothing.
`path` and the parts never lead out of the folder that is read; where they would, what they end in is looked for in it.
Without data.yaml, classes.txt or obj.names gives the names, and folders (train/, val/, test/) the parts; text files may
then lie beside their pictures too, as LabelImg and CVAT (obj_train_data/) write them.
"""

from __future__ import annotations

import re
from glob import escape
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from boda.data.box_dataset import build_dataset, part_of, some
from boda.data.box_folders import PICTURE_FOLDERS, Listing, key_of, label_places, read_capped
from boda.data.box_rows import BoxRow, Marked
from boda.data.decode import SUFFIXES
from boda.data.folders import PARTS
from boda.data.yolo_data import NAME_FILES, find_yaml, read_yolo_data
from boda.errors import DataError, LabelError
from boda.sample import BadFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boda.data.box_dataset import BoxTask
    from boda.data.yolo_data import YoloData
    from boda.sample import Dataset, Part

MAX_TEXT = 16 * 2**20
_NUMBERS = re.compile(rb"\s*\d+(\s+[-+.\deE]+){4,}\s*")


def read_yolo(path: Path, *, task: BoxTask | None = None, group_pattern: str | None = None) -> Dataset:
    """Read a YOLO folder, or the folder of a data.yaml.

    Args:
        path: The folder, or its YAML file.
        task: "locate" (the largest box of each picture) or "detect"; told from the data unless given.
        group_pattern: A regular expression that is searched in each picture's name; what it captures is its group.

    Raises:
        DataError: There are no names or no pictures, or no box can be used.
        LabelError: data.yaml is none; with its name.

    Example:
        read_yolo(Path("raccoon"), task="detect")
    """
    path = Path(path)
    root = path.parent if path.is_file() else path
    listing = Listing(root)
    data = read_yolo_data(root, path if path.is_file() else None)
    texts = {key_of(name): name for name in listing.ending_in(".txt")}
    marked: list[Marked] = []
    bad: list[BadFile] = []
    without, used = [], set()
    pictures, notes = _pictures(listing, data)
    for picture, part in pictures:
        text = next((texts[key] for key in _label_keys(picture) if key in texts), None)
        used.add(text)
        if text is None:
            without.append(picture)
        found = _marked(listing, data, picture, text, part)
        (marked if isinstance(found, Marked) else bad).append(found)  # type: ignore[arg-type]
    bad += [BadFile(name, "no picture for it") for name in _orphans(listing, texts, used)]
    notes += [f"Taken to show nothing, for want of a text file: {some(without)}."] if without else []
    return build_dataset(
        root,
        marked,
        classes=tuple(dict.fromkeys(data.names.values())),
        task=task,
        group_pattern=group_pattern,
        bad=bad,
        notes=notes,
    )


def looks_like_yolo(root: Path) -> str | None:
    """The file that shows that `root` is a YOLO folder: a YAML file with names, or a text file of boxes.

    It lies in labels/, or, where a list of names is there too, beside its picture, as LabelImg and CVAT write it.
    """
    if (yaml := find_yaml(root)) is not None:
        return yaml.name
    labels = [root / "labels", *(root / part / "labels" for part in PARTS), *(root / "labels" / p for p in PARTS)]
    named = any((root / name).is_file() for name in NAME_FILES)
    beside = [*label_places(root), *sorted(root.glob("obj_*_data"))] if named else []
    texts = chain(
        (text for folder in labels for text in _box_texts(folder)),
        (text for folder in beside for text in _box_texts(folder) if _has_picture(text)),
    )
    return next((text.relative_to(root).as_posix() for text in texts), None)


def parse_yolo(text: str, names: dict[int, str], *, keypoints: bool = False) -> tuple[list[BoxRow], list[str]]:
    """Rows as relative centre x, centre y, width and height, and what is wrong with the other lines.

    Example:
        >>> parse_yolo("0 0.5 0.5 0.2 0.1", {0: "cat"})
        ([BoxRow(place='line 1', label='cat', box=(0.5, 0.5, 0.2, 0.1))], [])
    """
    rows, faults = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            row = _row(f"line {number}", line.split(), names, keypoints=keypoints)
            if isinstance(row, BoxRow):
                rows.append(row)
            else:
                faults.append(row)
    return rows, faults


def _box_texts(folder: Path) -> Iterator[Path]:
    """The first text files in `folder` that begin with a box."""
    for text in islice((file for file in sorted(folder.glob("*.txt")) if file.is_file() and file.stat().st_size), 20):
        with text.open("rb") as file:
            if _NUMBERS.fullmatch(file.readline(4096)):
                yield text


def _has_picture(text: Path) -> bool:
    return any(file.suffix.lower() in SUFFIXES for file in text.parent.glob(f"{escape(text.stem)}.*"))


def _row(place: str, cells: list[str], names: dict[int, str], *, keypoints: bool) -> BoxRow | str:
    """The row of a line, or what is wrong with it."""
    try:
        number, *values = map(float, cells)
    except ValueError:
        return f"{place}: expected numbers, came {' '.join(cells)[:80]!r}; dropped"
    if number not in names:
        return f"{place}: class id {number:g}, but there are {len(names)} classes ({_span(names)}); dropped"
    if keypoints or (len(values) == 5 and 0 <= values[4] <= 1):  # the fifth of an answer is its confidence
        values = values[:4]
    if len(values) != 4 and (len(values) < 6 or len(values) % 2):
        return f"{place}: expected a class and 4 numbers, or the corners of an outline, came {len(cells)}; dropped"
    label = names[int(number)]
    if len(values) == 4:
        return BoxRow(place, label, (values[0], values[1], values[2], values[3]))
    least, most = np.min(np.reshape(values, (-1, 2)), axis=0), np.max(np.reshape(values, (-1, 2)), axis=0)
    (cx, cy), (w, h) = ((least + most) / 2).tolist(), (most - least).tolist()
    return BoxRow(place, label, (cx, cy, w, h))


def _span(names: dict[int, str]) -> str:
    return f"{min(names)} to {max(names)}"


def _pictures(listing: Listing, data: YoloData) -> tuple[list[tuple[str, Part | None]], list[str]]:
    """Each picture with its part (those of a part of data.yaml where it gives any, else all), and what lacks."""
    if not data.places:
        return [(name, part_of(name)) for name in listing.pictures], []
    found: dict[str, Part | None] = {}
    alone = set(data.places) == {"train"}
    notes = []
    for key, places in data.places.items():
        for place in places:
            inside = _pictures_at(listing, data, place)
            notes += [] if inside else [f"{data.source}: no picture in {place}, which it gives as {key}."]
            for name in inside:
                found.setdefault(name, None if alone else PARTS[key])
    if not found:
        listed = ", ".join(place for places in data.places.values() for place in places)
        raise DataError(f"{listing.root / data.source}: no picture in {listed}. Are the paths right?")
    return sorted(found.items()), notes


def _pictures_at(listing: Listing, data: YoloData, place: str) -> list[str]:
    """The pictures in a folder, or those that a text file lists."""
    for steps in _ways(data.path, place):
        if steps.endswith(".txt") and steps in listing.names:
            lines = read_capped(listing.root / steps, MAX_TEXT).decode("utf-8", "replace").splitlines()
            return [name for line in lines if line.strip() for name in listing.pictures_called(_clean(line))[:1]]
        inside = [name for name in listing.pictures if not steps or name.startswith(f"{steps}/")]
        if inside:
            return inside
    return []


def _ways(path: str, place: str) -> list[str]:
    """Where below the folder `place` may be: below `path`, as it stands, and ever less of its beginning."""
    base, steps = _clean(path), _clean(place)
    parts = steps.split("/") if steps else []
    shorter = ["/".join(parts[i:]) for i in range(len(parts))]
    return [*([f"{base}/{steps}".strip("/")] if base else []), *shorter, *([""] if not parts else [])]


def _clean(path: str) -> str:
    """A path without what leads out of the folder: no root, no drive, no `..`."""
    steps = re.split(r"[/\\]", path.strip())
    return "/".join(step for step in steps if step not in {"", ".", ".."} and not step.endswith(":"))


def _label_keys(picture: str) -> list[tuple[str, str]]:
    """Where the text file of a picture may be: images/ as labels/ (the last one first), or beside it."""
    folder, stem = key_of(picture)
    steps = folder.split("/")
    at = [i for i, step in enumerate(steps) if step in PICTURE_FOLDERS]
    mirrored = ["/".join([*steps[:i], "labels", *steps[i + 1 :]]) for i in reversed(at)]
    return [(place, stem) for place in [*mirrored, folder]]


def _marked(listing: Listing, data: YoloData, picture: str, text: str | None, part: Part | None) -> Marked | BadFile:
    image = listing.root / picture
    if text is None:
        return Marked(picture, image, picture, (), "yolo", part=part)
    try:
        lines = read_capped(listing.root / text, MAX_TEXT).decode()
    except (LabelError, UnicodeDecodeError) as error:
        return BadFile(text, str(error))
    rows, faults = parse_yolo(lines, data.names, keypoints=data.keypoints)
    return Marked(picture, image, text, tuple(rows), "yolo", part=part, faults=tuple(faults))


def _orphans(listing: Listing, texts: dict[tuple[str, str], str], used: set[str | None]) -> list[str]:
    """Text files in labels/ that no picture has used, and that no picture outside the parts would."""
    elsewhere = {key for picture in listing.pictures for key in _label_keys(picture)}
    known = {name.rpartition("/")[2] for name in NAME_FILES}
    return sorted(
        name
        for key, name in texts.items()
        if name not in used
        and key not in elsewhere
        and "labels" in key[0].split("/")
        and name.rpartition("/")[2] not in known
    )
