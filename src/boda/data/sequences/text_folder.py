"""A folder of text files to labelled texts.

    ROOT/Arabic.txt                   the file's name is the label, each line a text
    ROOT/pos/1.txt                    the folder's name is the label, each file a text
    ROOT/train/pos/1.txt              parts that the data itself gives: train, val (valid, validation), test
    ROOT/test/Arabic.txt              so it is for files

Where there are folders with texts, files beside them are left out, and so are hidden files, links to folders, and files
that tell about the data, such as README.txt. Everything comes in sorted order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

from boda.data.folders import PARTS
from boda.data.sequences.dataset import SequenceDataset, learnable_classes
from boda.data.sequences.text_file import read_lines
from boda.data.sequences.units import check_tokens, empty_lines, unit_of
from boda.errors import DataError
from boda.sample import BadFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from boda.sample import Part

SUFFIX = ".txt"
ABOUT = ("readme", "license", "licence", "changelog", "citation")


class Place(NamedTuple):
    """A text file, what it is called, its label and part, and whether each line is a text, or the file is one."""

    path: Path
    name: str
    label: str
    part: Part | None
    by_line: bool


class Text(NamedTuple):
    """A text, its name, and the place where it comes from."""

    text: str
    name: str
    place: Place


def read_text_folder(
    root: Path, *, task: str = "classify", encoding: str | None = None, tokens: str = "auto"
) -> SequenceDataset:
    """Read `CLASS.txt` files or `CLASS/file.txt` folders below `root`, or such below `train/`, `val/` and `test/`.

    Args:
        root: The folder.
        task: "classify", or "language" to generate texts, each from its label.
        encoding: Where it is not UTF-8, such as "cp949".
        tokens: "characters" or "words"; "auto" takes words for sentences, and characters where texts are generated.

    Raises:
        DataError: There is nothing to learn from.
        LabelError: A class is in val or test, but not in train.

    Example:
        read_text_folder(Path("names"))
    """
    check_tokens(tokens)
    places, bad = places_in(root)
    texts, empty = [], 0
    for place in places:
        found, spoiled, skipped = _texts(place, encoding)
        texts += found
        bad += spoiled
        empty += skipped
    if not texts:
        raise DataError(f"{root}: no text in {len(places)} files that end in {SUFFIX}.{_first_reason(bad)}")
    labels, parts = tuple(text.place.label for text in texts), tuple(text.place.part for text in texts)
    classes = learnable_classes(root, labels, parts) if task == "classify" else tuple(sorted(set(labels)))
    inputs = tuple(text.text for text in texts)
    return SequenceDataset(
        task=task,
        unit="characters" if (task, tokens) == ("language", "auto") else unit_of(inputs, tokens),
        inputs=inputs,
        targets=labels,
        names=tuple(text.name for text in texts),
        parts=parts,
        groups=(None,) * len(texts),
        classes=classes,
        root=root,
        bad=tuple(bad),
        notes=(*_decided(places, task), *empty_lines(empty)),
    )


def places_in(root: Path) -> tuple[list[Place], list[BadFile]]:
    """The text files below `root`, sorted, and what was left out.

    Raises:
        DataError: There is none, or no such folder.
    """
    entries = _entries(root)
    parts = [entry for entry in entries if entry.is_dir() and entry.name.lower() in PARTS]
    bad: list[BadFile] = []
    if parts and len(parts) == sum(entry.is_dir() for entry in entries):
        bad += [BadFile(entry.name, "beside the folders of the parts") for entry in entries if entry not in parts]
        found = [place for part in parts for place in _places(root, part, PARTS[part.name.lower()], bad)]
    else:
        found = list(_places(root, root, None, bad))
    if not found:
        raise DataError(f"{root}: expected text files, CLASS{SUFFIX} or CLASS/file{SUFFIX}, found none.")
    return found, bad


def _places(root: Path, folder: Path, part: Part | None, bad: list[BadFile]) -> Iterator[Place]:
    entries = _entries(folder)
    folders = [entry for entry in entries if entry.is_dir() and not entry.is_symlink() and any(_texts_below(entry))]
    for entry in entries:
        name = _name(root, entry)
        if entry.is_dir():
            if entry in folders:
                label = normalize("NFC", entry.name)
                yield from (Place(file, _name(root, file), label, part, by_line=False) for file in _texts_below(entry))
            else:
                bad.append(BadFile(name, "a folder without texts, or a link to a folder"))
        elif folders:
            bad.append(BadFile(name, "beside the folders of the classes"))
        elif entry.suffix.lower() != SUFFIX:
            bad.append(BadFile(name, f"expected a file that ends in {SUFFIX}"))
        elif entry.stem.lower() in ABOUT:
            bad.append(BadFile(name, "tells about the data, by its name"))
        else:
            yield Place(entry, name, normalize("NFC", entry.stem), part, by_line=True)


def _texts_below(folder: Path) -> list[Path]:
    found = (file for file in folder.rglob("*") if file.suffix.lower() == SUFFIX and not file.name.startswith("."))
    return sorted(found, key=lambda file: (normalize("NFC", file.as_posix()), file.as_posix()))


def _entries(folder: Path) -> list[Path]:
    """What is in `folder`, sorted, without what is hidden."""
    try:
        seen = [entry for entry in folder.iterdir() if not entry.name.startswith((".", "__MACOSX"))]
    except OSError as error:
        raise DataError(
            f"{folder}: expected a folder that can be listed, but: {error.strerror}. Is the path right?"
        ) from error
    return sorted(seen, key=lambda entry: (normalize("NFC", entry.name), entry.name))


def _name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _texts(place: Place, encoding: str | None) -> tuple[list[Text], list[BadFile], int]:
    """The texts of one file, what is bad in it, and how many empty lines were passed over."""
    try:
        file = read_lines(place.path, place.name, encoding)
    except DataError as error:
        return [], [BadFile(place.name, str(error).removeprefix(f"{place.path}: "))], 0
    if place.by_line:
        found = [Text(line.text.strip(), f"{place.name}:{line.number}", place) for line in file.lines]
        texts = [text for text in found if text.text]
        last = bool(found) and not found[-1].text  # what follows the last line's end is no line
        nothing = [] if texts or file.bad else [BadFile(place.name, "no text in it")]
        return texts, [*file.bad, *nothing], len(found) - len(texts) - last
    if file.bad:
        return [], [BadFile(place.name, f"line {_line(file.bad[0])}: {file.bad[0].reason}")], 0
    text = file.text.strip()
    return ([Text(text, place.name, place)], [], 0) if text else ([], [BadFile(place.name, "no text in it")], 0)


def _line(bad: BadFile) -> str:
    return bad.name.rpartition(":")[2]


def _first_reason(bad: list[BadFile]) -> str:
    return f" The first is {bad[0].name}: {bad[0].reason}." if bad else ""


def _decided(places: list[Place], task: str) -> tuple[str, ...]:
    if not places[0].by_line:
        return ()
    how = ' (format="text" reads each file as one long text)' if task == "language" else ""
    return (f"Each line was read as a text, and the name of its file as its label{how}.",)
