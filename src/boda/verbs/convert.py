"""`boda convert`: boxes from one format to another, in a new folder, whole or not at all."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from unicodedata import normalize

import numpy as np

from boda import atomic
from boda.data import read
from boda.data.box_writers import WRITERS, Entry
from boda.data.decode import read_header
from boda.data.findings import write_bad
from boda.data.recognise import TABLE_SUFFIXES
from boda.errors import DataError, RecipeError
from boda.progress import track
from boda.sample import BOX_TASKS
from boda.verbs.material import name_of, refuse_sequences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boda.sample import BadFile, Dataset, Sample

PICTURES = ("copy", "link", "none")
_UNSAFE = re.compile('[\x00-\x1f\x7f/\\\\:*?"<>|\ud800-\udfff]')


@dataclass(frozen=True)
class Conversion:
    """What `convert` wrote: the folder, what in it is given to `train`, and what was counted and left out."""

    path: Path
    data: Path
    format: str
    pictures: int
    boxes: int
    classes: tuple[str, ...]
    bad: tuple[BadFile, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "path": str(self.path),
            "data": str(self.data),
            "format": self.format,
            "pictures": self.pictures,
            "boxes": self.boxes,
            "classes": list(self.classes),
            "bad": [{"file": bad.name, "reason": bad.reason} for bad in self.bad],
            "notes": list(self.notes),
        }


def convert(
    data: Any,
    to: str,
    out: Path | str,
    *,
    pictures: Literal["copy", "link", "none"] = "copy",
    on_bad: Literal["skip", "error"] = "skip",
    reading: dict[str, Any] | None = None,
) -> Conversion:
    """Write pictures with boxes in another format, with their classes and parts.

    Boxes come back the same within 1e-6 pixels, negatives and parts too; VOC and CSV keep no order of classes.
    Pictures get their bare file name; where two have the same, their folders are put before it.

    Args:
        data: a folder or file with boxes (Pascal VOC, COCO, YOLO, CSV), or a Dataset.
        to: "voc", "coco", "yolo" or "csv".
        out: a folder that is not there yet, or empty. The data's own folder is never written into.
        pictures: "copy" them, "link" to them (symbolic links), or "none": label files only.
        on_bad: "skip" leaves out what is bad and lists it in `bad_files.csv`; "error" stops at the first.
        reading: options of the reader, such as `format` or `label_column`.

    Raises:
        DataError: the data has no boxes, something is bad and `on_bad` is "error", or `out` cannot be made.
        RecipeError: there is no such format, or `pictures` is none of the three.

    Example:
        convert("raccoon", "coco", "raccoon-coco")
    """
    _check(to, pictures)
    refuse_sequences(data, "boda convert", reading)
    dataset, out = read(data, **(reading or {})), Path(out)
    if dataset.task not in BOX_TASKS:
        raise DataError(f"{name_of(data)}: expected pictures with boxes, came {dataset.task} data, which has none.")
    if dataset.bad and on_bad == "error":
        bad = dataset.bad[0]
        raise DataError(f'{bad.name}: {bad.reason}. Mend it, or go on without it: on_bad="skip", or --on-bad skip.')
    _refuse_place(data, dataset, out)
    writer, entries = WRITERS[to], [*_entries(dataset)]
    with _whole(out) as folder:
        for entry in track(entries, "converting"):
            _put(entry.sample, folder / writer.place(entry), pictures)
        for name, text in writer.files(entries, dataset.classes):
            _place(folder, name).write_text(text, encoding="utf-8", newline="\n")
        if dataset.bad:
            with (folder / "bad_files.csv").open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
                write_bad(dataset.bad, file)
    boxes = sum(len(entry.boxes) for entry in entries)
    found = out, out / writer.data, to, len(entries), boxes, dataset.classes, dataset.bad, dataset.notes
    return Conversion(*found)


def _check(to: str, pictures: str) -> None:
    for what, given, known in (("to", to, tuple(WRITERS)), ("pictures", pictures, PICTURES)):
        if given not in known:
            near = difflib.get_close_matches(str(given), known, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise RecipeError(f"{what}={given!r}: expected {', '.join(known)}.{meant}")


def _refuse_place(data: Any, dataset: Dataset, out: Path) -> None:
    """The data's folder is read-only to boda, and nothing that is there is written over."""
    place = out.resolve()
    if any(place.is_relative_to(folder.resolve()) for folder in _protected(data, dataset)):
        raise DataError(f"{out} lies within the data's folder, which boda never writes to. Give another --out.")
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise DataError(f"{out} is there already and not empty; nothing is written over. Give another --out.")


def _protected(data: Any, dataset: Dataset) -> set[Path]:
    """The folder that was read; of a table, whose folder may hold anything, those in which its pictures lie."""
    if isinstance(data, (str, Path)) and Path(data).suffix.lower() in TABLE_SUFFIXES and not Path(data).is_dir():
        return {sample.image.parent for sample in dataset if isinstance(sample.image, Path)}
    return set() if dataset.root is None else {Path(dataset.root)}


def _entries(dataset: Dataset) -> Iterator[Entry]:
    """What is written of each sample; where any has a part, those without one are for training."""
    with_parts = any(sample.part for sample in dataset)
    for sample, file in zip(dataset.samples, _names([*dataset.samples]), strict=True):
        boxes = np.zeros((0, 4)) if sample.boxes is None else np.asarray(sample.boxes, np.float64)
        labels = () if sample.box_labels is None else tuple(map(str, sample.box_labels))
        part = sample.part or ("train" if with_parts else None)
        yield Entry(file, _size(sample), part, boxes.reshape(-1, 4), labels, sample)


def _names(samples: list[Sample]) -> list[str]:
    """A file name for each sample, of which no two have the same stem, on any system."""
    bare = [_clean(sample, sample.name.rpartition("/")[2]) for sample in samples]
    whole = [_clean(sample, sample.name.replace("../", "").replace("/", "_")) for sample in samples]
    names = bare if len({_stem(name) for name in bare}) == len(bare) else whole
    seen: set[str] = set()
    unique = []
    for name in names:
        stem, suffix = os.path.splitext(name)  # noqa: PTH122 - names come by the 100,000
        number = 1
        while _stem(name) in seen:
            number += 1
            name = f"{stem}_{number}{suffix}"  # noqa: PLW2901 - the next try
        seen.add(_stem(name))
        unique.append(name)
    return unique


def _clean(sample: Sample, name: str) -> str:
    """`name` without what some systems or formats cannot have in a file's name; of pixels, that of a PNG."""
    name = _UNSAFE.sub("_", normalize("NFC", name)).strip().lstrip(".") or "picture"
    return name if isinstance(sample.image, Path) else f"{name.removesuffix('.png')}.png"


def _stem(name: str) -> str:
    return os.path.splitext(name)[0].lower()  # noqa: PTH122 - as above


def _size(sample: Sample) -> tuple[int, int]:
    """Width and height as displayed."""
    if isinstance(sample.image, np.ndarray):
        return sample.image.shape[1], sample.image.shape[0]
    header = read_header(sample.read_bytes())
    return header.width, header.height


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """A folder beside `out` that becomes `out` when the block ends well, and is removed when it does not."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name[:40]}.", suffix=".tmp", dir=out.parent))
    except OSError as error:
        raise DataError(f"{out} cannot be made: {error.strerror}. Give another --out.") from error
    try:
        yield folder
        folder.chmod(0o755)
        if out.is_dir():
            out.rmdir()
        folder.rename(out)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    atomic.sync_folder(out.parent)


def _put(sample: Sample, place: Path, pictures: str) -> None:
    if pictures == "none":
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(sample.image, np.ndarray):
        from PIL import Image

        Image.fromarray(sample.image).save(place)
    elif pictures == "link":
        place.symlink_to(sample.image.resolve())
    else:
        shutil.copyfile(sample.image, place)


def _place(folder: Path, name: str) -> Path:
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    return place
