"""A folder of folders, CLASS/picture or PART/CLASS/picture, to samples.

    ROOT/cat/1.jpg                    the folder's name is the label
    ROOT/cat/kittens/2.jpg            so it is for pictures deeper below
    ROOT/train/cat/1.jpg              parts that the data itself gives: train, val (valid, validation), test
    ROOT/val/cat/2.jpg

Hidden files, links to folders (they may lead in a circle) and what is no picture by its suffix are left out; all but
the hidden ones are listed as bad files. Everything comes in sorted order, so that it is the same on each machine.
Files are only listed here, never opened.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

from boda.data.decode import SUFFIXES
from boda.errors import DataError, LabelError
from boda.sample import BadFile, Dataset, Part, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PARTS: dict[str, Part] = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_HIDDEN = {"__macosx", "thumbs.db", "desktop.ini"}


class ClassFolder(NamedTuple):
    """A folder that holds one class of one part; `name` is its path below the root, with `/`."""

    name: str
    path: str
    label: str
    part: Part | None


def read_folders(root: Path, *, group_pattern: str | None = None) -> Dataset:
    """Read `CLASS/picture` folders below `root`, or such folders below `train/`, `val/` and `test/`.

    Class names are NFC-normalised: two folders whose names look the same are one class.
    `group_pattern` is a regular expression that is searched in each sample's name; its first group, or the whole match
    where it has none, is the sample's group.

    Raises:
        DataError: There is nothing to learn from: no folder, no class, one class, an empty class, no picture.
        LabelError: A class is in val or test, but not in train.

    Example:
        read_folders(Path("photos"), group_pattern=r"patient[0-9]+")
    """
    root = Path(root)
    samples: list[Sample] = []
    bad = []
    for found in walk(root):
        if isinstance(found, BadFile):
            bad.append(found)
        else:
            samples.append(found)
    samples = group_by(root, samples, group_pattern)
    return Dataset(tuple(samples), learnable_classes(root, samples), root=root, bad=tuple(bad))


def group_by(root: Path, samples: list[Sample], pattern: str | None) -> list[Sample]:
    """`samples` with the group that the regular expression `pattern` finds in each name; as they are without one.

    Raises:
        DataError: It is no regular expression, or matches no name.
    """
    if pattern is None:
        return samples
    try:
        find_group = re.compile(pattern)
    except re.error as error:
        raise DataError(f"{root}: group_pattern {pattern!r} is no regular expression: {error}.") from error
    grouped = [_grouped(sample, find_group.search(sample.name)) for sample in samples]
    if all(sample.group is None for sample in grouped):
        raise DataError(
            f"{root}: group_pattern {pattern!r} matches none of {len(samples)} names, such as "
            f"{samples[0].name!r}. Write one that does, or leave it out."
        )
    return grouped


def walk(root: Path) -> Iterator[Sample | BadFile]:
    """Yield each picture below `root`, and each file that is left out, one folder at a time in sorted order.

    Memory grows with the largest folder, not with their number.

    Raises:
        DataError: As `read_folders`, at the latest when the end is reached; a single class is not refused.
    """
    root = Path(root)
    folders, bad = _layout(root)
    yield from bad
    counts: dict[tuple[Part | None, str], int] = {(folder.part, folder.label): 0 for folder in folders}
    for folder in folders:
        for found in _tree(folder.name, folder.path):
            if isinstance(found, BadFile):
                yield found
            else:
                counts[folder.part, folder.label] += 1
                yield Sample(found[0], found[1], folder.label, folder.part)
    _refuse_empty(root, folders, counts)


def learnable_classes(where: object, samples: Iterable[Sample], least: int = 2) -> tuple[str, ...]:
    """The sorted class names of `samples`, of which there must be `least` to learn from.

    Raises:
        DataError: There are fewer classes.
        LabelError: A class is in val or test, but not among the samples to train on.
    """
    parts: dict[str, set[Part | None]] = defaultdict(set)
    for sample in samples:
        for name in (sample.label,) if isinstance(sample.label, str) else sample.label or ():
            parts[name].add(sample.part)
    for name, found in sorted(parts.items()):
        if found.isdisjoint({"train", None}):
            raise LabelError(
                f"{where}: class {name!r} is in {' and '.join(sorted(map(str, found)))}, but not in train. "
                "Add pictures of it to train, or remove it."
            )
    if len(parts) < least:
        came = f"only {next(iter(parts))!r}" if parts else "none"
        raise DataError(f"{where}: expected {least} classes or more, found {came}. Add pictures of another class.")
    return tuple(sorted(parts))


def _grouped(sample: Sample, match: re.Match[str] | None) -> Sample:
    return sample if match is None else replace(sample, group=match[1] if match.re.groups else match[0])


def _layout(root: Path) -> tuple[list[ClassFolder], list[BadFile]]:
    """The class folders of `root` in order, and the pictures that lie in none of them."""
    entries = _entries(root)
    folders = [entry for entry in entries if _is_folder(entry)]
    pictures = [entry for entry in entries if _is_file(entry) and _is_picture(entry.name)]
    if not folders:
        came = f"{len(pictures)} pictures lie in it directly" if pictures else "it holds neither folders nor pictures"
        raise DataError(
            f"{root}: expected a folder for each class, such as {root.name or 'photos'}/cat/1.jpg, but {came}. "
            "Move the pictures of each class into a folder of its name, or read a table that labels them."
        )
    parts = [folder for folder in folders if folder.name.lower() in PARTS]
    if len(parts) == len(folders) or any(map(_holds_folders, parts)):  # else, `train` is a class, beside bus and car
        return _layout_of_parts(root, folders, parts)
    return [_class_folder("", folder, None) for folder in folders], _misplaced("", entries)


def _layout_of_parts(
    root: Path, folders: list[os.DirEntry[str]], parts: list[os.DirEntry[str]]
) -> tuple[list[ClassFolder], list[BadFile]]:
    for folder in folders:
        if folder not in parts and any(not isinstance(found, BadFile) for found in _tree(folder.name, folder.path)):
            raise DataError(
                f"{root}: beside {parts[0].name}/ only train, val and test are expected, but there are pictures in "
                f"{folder.name}/. Move that folder elsewhere, or each class into a part."
            )
    classes, bad = [], []
    for part in parts:
        inside = _entries(Path(part.path))
        classes += [_class_folder(f"{part.name}/", e, PARTS[part.name.lower()]) for e in inside if _is_folder(e)]
        bad += _misplaced(f"{part.name}/", inside)
    if all(folder.part != "train" for folder in classes):
        names = ", ".join(f"{part.name}/" for part in parts)
        raise DataError(
            f"{root}: expected class folders in train/, such as train/cat/1.jpg, but found {names} and none in train/. "
            "Add train/, or, if these are classes, give them other names."
        )
    return classes, bad


def _class_folder(prefix: str, folder: os.DirEntry[str], part: Part | None) -> ClassFolder:
    return ClassFolder(prefix + folder.name, folder.path, normalize("NFC", folder.name), part)


def _misplaced(prefix: str, entries: list[os.DirEntry[str]]) -> list[BadFile]:
    """What looks like data above the class folders; a README there is nobody's mistake."""
    bad = [_bad_link(prefix + entry.name) for entry in entries if _is_linked_folder(entry)]
    loose = [entry for entry in entries if _is_file(entry) and _is_picture(entry.name)]
    return bad + [BadFile(prefix + entry.name, "lies in no class folder, so that it has no label") for entry in loose]


def _tree(name: str, folder: str) -> Iterator[tuple[str, Path] | BadFile]:
    """Each picture below `folder` as its name and path, depth first, and whatever else is there as a bad file."""
    todo = [(name, folder)]
    while todo:
        name, folder = todo.pop()
        try:
            entries = _entries(Path(folder))
        except DataError as error:
            yield BadFile(name, f"cannot be listed: {getattr(error.__cause__, 'strerror', error)}")
            continue
        todo += [(f"{name}/{entry.name}", entry.path) for entry in reversed(entries) if _is_folder(entry)]
        yield from (_judge(f"{name}/{entry.name}", entry) for entry in entries if not _is_folder(entry))


def _judge(name: str, entry: os.DirEntry[str]) -> tuple[str, Path] | BadFile:
    if _is_linked_folder(entry):
        return _bad_link(name)
    if not _is_file(entry):
        return BadFile(name, "a link to nothing" if entry.is_symlink() else "not a file")
    if _is_picture(name):
        return name, Path(entry.path)
    suffix = _suffix(entry.name)
    shown = suffix if suffix.isprintable() else ascii(suffix)
    return BadFile(name, f"not a picture: suffix {shown}" if suffix else "not a picture: no suffix")


def _bad_link(name: str) -> BadFile:
    return BadFile(name, "a link to a folder, which is not followed")


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What is in `folder`, sorted, without what is hidden."""
    try:
        with os.scandir(folder) as entries:
            seen = [e for e in entries if not e.name.startswith(".") and e.name.lower() not in _HIDDEN]
    except OSError as error:
        raise DataError(
            f"{folder}: expected a folder that can be listed, but: {error.strerror}. Is the path right?"
        ) from error
    return sorted(seen, key=lambda entry: (normalize("NFC", entry.name), entry.name))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _is_linked_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _holds_folders(folder: os.DirEntry[str]) -> bool:
    return any(map(_is_folder, _entries(Path(folder.path))))


def _is_picture(name: str) -> bool:
    return _suffix(name).lower() in SUFFIXES


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1]  # noqa: PTH122 - names come by the 100,000, and a Path for each is felt


def _refuse_empty(root: Path, folders: list[ClassFolder], counts: dict[tuple[Part | None, str], int]) -> None:
    if not any(counts.values()):
        raise DataError(
            f"{root}: no pictures in {len(folders)} class folders. "
            f"Expected files that end in {', '.join(sorted(SUFFIXES))}."
        )
    empty = [f"{folder.name}/" for folder in folders if not counts[folder.part, folder.label]]
    if empty:
        raise DataError(
            f"{root}: no pictures in {', '.join(empty[:5])}{' and others' * (len(empty) > 5)}. "
            "Add pictures, or remove the folder."
        )
