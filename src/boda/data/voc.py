"""Pascal VOC, an XML file a picture, to samples and back.

    Annotations/1.xml    JPEGImages/1.jpg    ImageSets/Main/{train,val,test}.txt
    annotations/1.xml    images/1.jpg        or files side by side, parts by folders (train/, valid/, test/)

Boxes are 1-based pixels, both ends included; fractions are taken as they stand. The picture of an XML file is the one
with its stem; where there is none, `<filename>` may name one, without folders, among the pictures beside it.
A file without objects says that its picture shows none. `difficult` objects are taken like others.
The lists of ImageSets/Main speak of the folder that ImageSets lies in, since VOC2007 and VOC2012 share file names.
Where they name a training part, what they do not name is left out, since it may be of a test; else it is for training.
XML is read by defusedxml: a file with a DTD, entities or outside references is refused.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from boda.data.box_dataset import build_dataset, part_of, some
from boda.data.box_folders import Listing, key_of, read_capped
from boda.data.box_rows import BoxRow, Marked
from boda.errors import DataError, LabelError
from boda.sample import BadFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boda.data.box_dataset import BoxTask
    from boda.sample import Dataset, Part

MAX_XML = 16 * 2**20
CORNERS = ("xmin", "ymin", "xmax", "ymax")
IMAGE_SET = re.compile(r"(?:.*/)?imagesets/main/(train|val|test)\.txt", re.IGNORECASE)


def read_voc(root: Path, *, task: BoxTask | None = None, group_pattern: str | None = None) -> Dataset:
    """Read the Pascal VOC files below the folder `root`.

    Args:
        root: The folder.
        task: "locate" (the largest box of each picture) or "detect"; told from the data unless given.
        group_pattern: A regular expression that is searched in each picture's name; what it captures is its group.

    Raises:
        DataError: There is no XML file, or none with a box that can be used.

    Example:
        read_voc(Path("raccoon"), task="locate")
    """
    root = Path(root)
    listing = Listing(root)
    files = listing.ending_in(".xml")
    if not files:
        raise DataError(f"{root}: expected Pascal VOC files such as annotations/1.xml, found no XML file.")
    found = [_marked(listing, name) for name in files]
    marked = [entry for entry in found if isinstance(entry, Marked)]
    bad = [entry for entry in found if isinstance(entry, BadFile)]
    described = {entry.name for entry in marked} | {name for file in files for name in listing.pictures_of(file)}
    unlabelled = [name for name in listing.pictures if name not in described]
    bad += [BadFile(name, "no XML file describes it, not even one without objects; left out") for name in unlabelled]
    listed, notes = _listed(root, marked, _image_sets(listing))
    return build_dataset(root, listed, task=task, group_pattern=group_pattern, bad=bad, notes=notes)


def parse_voc(data: bytes) -> tuple[str, tuple[int, int] | None, list[BoxRow], list[str]]:
    """The bare file name, the stated (width, height) if any, the objects, and what is wrong with the others.

    Raises:
        LabelError: It is no such XML; the message is the reason, in one line.
    """
    tree = _tree(data)
    rows, faults = [], []
    for number, item in enumerate(tree.findall("object"), start=1):
        row = _row(f"object {number}", item)
        if isinstance(row, BoxRow):
            rows.append(row)
        else:
            faults.append(row)
    return _bare(_text(tree.find("filename"))), _size(tree), rows, faults


def looks_like_voc(path: Path) -> bool:
    """Whether a file begins as Pascal VOC does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return b"<annotation" in file.read(4096)


def _marked(listing: Listing, name: str) -> Marked | BadFile:
    try:
        bare, size, rows, faults = parse_voc(read_capped(listing.root / name, MAX_XML))
    except LabelError as error:
        return BadFile(name, str(error))
    same = listing.pictures_of(name)
    by_name = listing.picture_named(bare, name) if bare else None
    picture = by_name if by_name in same or not same else same[0]
    if picture is None:
        return BadFile(name, f"no picture {key_of(name)[1]!r} for it" + (f", nor one named {bare!r}" if bare else ""))
    return Marked(picture, listing.root / picture, name, tuple(rows), "voc", size, faults=tuple(faults))


def _tree(data: bytes) -> Any:
    from defusedxml import DefusedXmlException, ElementTree

    try:
        tree = ElementTree.fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise LabelError(f"refused: XML with a DTD or entities ({type(error).__name__})") from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise LabelError(f"no XML that can be read: {error}") from error
    if tree.tag != "annotation":
        raise LabelError(f"expected Pascal VOC, whose outermost element is <annotation>, came <{tree.tag[:40]}>")
    return tree


def _row(place: str, item: Any) -> BoxRow | str:
    """The row of an <object>, or what is wrong with it."""
    label, box = normalize("NFC", _text(item.find("name"))), item.find("bndbox")
    if not label:
        return f"{place}: no <name>; dropped"
    if box is None:
        return f"{place} ({label}): no <bndbox>; dropped"
    texts = [_text(box.find(corner)) for corner in CORNERS]
    try:
        x0, y0, x1, y1 = map(float, texts)
    except ValueError:
        return f"{place} ({label}): expected numbers in {', '.join(CORNERS)}, came {', '.join(texts)[:80]!r}; dropped"
    return BoxRow(place, label, (x0, y0, x1, y1))


def _size(tree: Any) -> tuple[int, int] | None:
    """The stated size; some tools write 0 where they do not know it."""
    try:
        width, height = (int(float(_text(tree.find(f"size/{side}")))) for side in ("width", "height"))
    except (ValueError, OverflowError):
        return None
    return (width, height) if width > 0 and height > 0 else None


def _text(element: Any) -> str:
    return "" if element is None or element.text is None else str(element.text).strip()


def _bare(text: str) -> str:
    """A file name without its folders, of either kind: no text of a file is used as a path."""
    return re.split(r"[/\\]", text)[-1].strip("\0")


def _image_sets(listing: Listing) -> dict[str, dict[str, Part]]:
    """By the folder that ImageSets lies in, as `key_of` writes it: stem to part, where Main says so."""
    sets: dict[str, dict[str, Part]] = {}
    for name in listing.ending_in(".txt"):
        if match := IMAGE_SET.fullmatch(name):
            try:
                text = read_capped(listing.root / name, MAX_XML).decode()
            except (LabelError, UnicodeDecodeError) as error:
                raise DataError(f"{listing.root / name}: expected a list of names in UTF-8, but: {error}.") from error
            part: Part = match[1].lower()  # type: ignore[assignment]
            folder = key_of(name)[0].removesuffix("imagesets/main").rstrip("/")
            sets.setdefault(folder, {}).update(dict.fromkeys(_stems(text), part))
    return sets


def _listed(root: Path, marked: list[Marked], sets: dict[str, dict[str, Part]]) -> tuple[list[Marked], list[str]]:
    """The pictures with their parts, without those that the lists leave out, and what to say of these."""
    kept = [placed for entry in marked if (placed := _placed(entry, sets)) is not None]
    names = {entry.name for entry in kept}
    others = sorted({entry.name for entry in marked} - names)
    if others and not kept:
        raise DataError(
            f"{root}: the lists in ImageSets/Main name none of the pictures, of which the first is {others[0]}. "
            f"Write a stem a line, such as {key_of(others[0])[1]}, or remove the lists."
        )
    return kept, [f"Pictures in no list of ImageSets/Main, left out: {some(others)}."] if others else []


def _placed(entry: Marked, sets: dict[str, dict[str, Part]]) -> Marked | None:
    """`entry` with the part that the nearest lists above it give, else its folder; None where they leave it out."""
    folder, stem = key_of(entry.source)
    steps = folder.split("/")
    above = ("/".join(steps[:count]) for count in range(len(steps), -1, -1))
    lists = next((sets[place] for place in above if place in sets), None)
    if lists is None:
        return replace(entry, part=part_of(entry.name))
    left_out = stem not in lists and "train" in lists.values()
    return None if left_out else replace(entry, part=lists.get(stem))


def _stems(text: str) -> Iterator[str]:
    return (normalize("NFC", line.strip()) for line in text.splitlines() if line.strip())
