"""Folders of pictures and label files to what lies where: listed once, in sorted order, never opened.

Pictures and label files lie side by side, or in folders of their own that mirror each other:

    images/train/1.jpg        labels/train/1.txt
    JPEGImages/1.jpg          Annotations/1.xml
"""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING
from unicodedata import normalize

from boda.data.decode import SUFFIXES
from boda.data.folders import PARTS
from boda.errors import DataError, LabelError

if TYPE_CHECKING:
    from pathlib import Path

PICTURE_FOLDERS = ("images", "jpegimages", "image", "imgs", "img", "pictures", "photos")
LABEL_FOLDERS = ("annotations", "annotation", "labels", "label", "xmls", "xml")


class Listing:
    """The files below a folder, by folder and stem; hidden ones, links to folders and Runs of boda are left out.

    Names are paths below `root`, with `/`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.names = sorted(_walk(root))
        self.pictures = [name for name in self.names if suffix_of(name) in SUFFIXES]
        self._stems: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._bare: dict[str, list[str]] = defaultdict(list)
        for name in self.pictures:
            self._stems[key_of(name)].append(name)
            self._bare[name.rpartition("/")[2]].append(name)

    def ending_in(self, suffix: str) -> list[str]:
        """Names that end in `suffix`, such as ".xml"."""
        return [name for name in self.names if suffix_of(name) == suffix]

    def pictures_of(self, label_file: str) -> list[str]:
        """The pictures with the stem of `label_file`: beside it, else in the folder that mirrors its own."""
        folder, stem = key_of(label_file)
        places = [folder, *_mirrors(folder)]
        return next((found for place in places if (found := self._stems.get((place, stem)))), [])

    def pictures_called(self, path: str) -> list[str]:
        """The pictures whose names end in `path`; where there are none, those with its last step as their file name."""
        bare = self._bare.get(path.rpartition("/")[2], [])
        return [name for name in bare if f"/{name}".endswith(f"/{path}")] or bare

    def picture_named(self, bare: str, label_file: str) -> str | None:
        """The picture of the file name `bare` beside `label_file`, or in the folder that mirrors its own."""
        folder, stem = key_of(label_file)[0], key_of(bare)[1]
        found = (name for place in (folder, *_mirrors(folder)) for name in self._stems.get((place, stem), []))
        return next((name for name in found if name.rpartition("/")[2] == bare), None)


def label_places(root: Path) -> list[Path]:
    """`root`, and the folders below it in which label files are looked for: annotations/, train/ and so on."""
    known = {*LABEL_FOLDERS, *PICTURE_FOLDERS, *PARTS}
    places = [root]
    for place in places:  # grows while it is walked
        if len(place.relative_to(root).parts) < 2:
            places += [inside for inside in _folders(place) if inside.name.lower() in known]
    return places


def key_of(name: str) -> tuple[str, str]:
    """Folder, in lower case, and stem of a name, NFC-normalised: what tells pairs of files."""
    folder, _, file = normalize("NFC", name).rpartition("/")
    return folder.lower(), os.path.splitext(file)[0]  # noqa: PTH122 - names come by the 100,000


def suffix_of(name: str) -> str:
    """The suffix in lower case."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - as above


def read_capped(path: Path, most: int) -> bytes:
    """The bytes of a label file, at most `most`.

    Raises:
        LabelError: It cannot be read, is no ordinary file or is larger; the message is the reason, in one line.
    """
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises where a name is too long
        raise LabelError("no such file, or not an ordinary one")
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise LabelError(f"cannot be read: {error.strerror}") from error
    if len(data) > most:
        raise LabelError(f"larger than {most / 2**20:g} MiB, which no label file of this kind is")
    return data


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(inside for inside in folder.iterdir() if inside.is_dir() and not inside.is_symlink())
    except OSError:
        return []


def _mirrors(folder: str) -> list[str]:
    """`annotations/train` as `images/train`, `jpegimages/train` and so on."""
    steps = folder.split("/")
    at = next((i for i, step in enumerate(steps) if step in LABEL_FOLDERS), None)
    if at is None:
        return []
    mirrored = ["/".join([*steps[:at], name, *steps[at + 1 :]]) for name in PICTURE_FOLDERS]
    return [*mirrored, "/".join([*steps[:at], *steps[at + 1 :]])]


def _walk(root: Path) -> list[str]:
    names, todo = [], [("", str(root))]
    while todo:
        prefix, folder = todo.pop()
        try:
            with os.scandir(folder) as entries:
                seen = [entry for entry in entries if not entry.name.startswith(".") and entry.name != "__MACOSX"]
        except OSError as error:
            raise DataError(f"{folder}: expected a folder that can be listed, but: {error.strerror}.") from error
        if prefix and any(entry.name == "run.json" for entry in seen):
            continue  # a Run: its thumbnails are no pictures without boxes
        todo += [(f"{prefix}{e.name}/", e.path) for e in seen if e.is_dir(follow_symlinks=False)]
        names += [f"{prefix}{e.name}" for e in seen if os.path.isfile(e.path)]  # noqa: PTH113 - as above
    return names
