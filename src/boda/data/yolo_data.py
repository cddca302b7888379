"""data.yaml, what says of a YOLO folder which classes and parts there are, to a value; a list of names serves instead.

    path: .
    train: images/train
    val: images/val
    names: [cat, dog]

It is read by YAML's safe loader, up to a size, and nothing nested is taken from it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from unicodedata import normalize

from boda.data.box_folders import read_capped
from boda.data.folders import PARTS
from boda.errors import DataError, LabelError

if TYPE_CHECKING:
    from pathlib import Path

MAX_YAML = 2**20
NAME_FILES = ("classes.txt", "obj.names", "labels/classes.txt")
YAML_SUFFIXES = (".yaml", ".yml")


class YoloData(NamedTuple):
    """What data.yaml says: names by class number, the places of each part, and whether rows carry key points."""

    source: str
    names: dict[int, str]
    places: dict[str, list[str]]
    path: str = ""
    keypoints: bool = False


def find_yaml(root: Path) -> Path | None:
    """The YAML file with names in `root`; data.yaml before others."""
    found = sorted(
        (file for file in root.glob("*") if file.suffix.lower() in YAML_SUFFIXES and file.is_file()),
        key=lambda f: f.name,
    )
    for file in sorted(found, key=lambda file: file.stem.lower() != "data"):
        with file.open("rb") as opened:
            if re.search(rb"^names\s*:", opened.read(MAX_YAML), re.MULTILINE):
                return file
    return None


def read_yolo_data(root: Path, file: Path | None = None) -> YoloData:
    """What `file`, or the YAML file in `root`, says; where there is none, the names in classes.txt or obj.names.

    Raises:
        DataError: There are no names.
        LabelError: The YAML file is none; with its name.
    """
    file = file or find_yaml(root)
    if file is not None:
        try:
            return parse_yaml(read_capped(file, MAX_YAML), file.name)
        except LabelError as error:
            raise LabelError(f"{file}: {error}.") from error
    for name in NAME_FILES:
        if (root / name).is_file():
            lines = read_capped(root / name, MAX_YAML).decode("utf-8", "replace").splitlines()
            names = [normalize("NFC", line.strip()) for line in lines if line.strip()]
            return YoloData(name, dict(enumerate(names)), {})
    raise DataError(
        f"{root}: expected the names of the classes in data.yaml or classes.txt, found neither. "
        "Write data.yaml with a line such as names: [cat, dog]."
    )


def parse_yaml(data: bytes, source: str = "data.yaml") -> YoloData:
    """Names and parts of a data.yaml.

    Raises:
        LabelError: It is none; the message is the reason, in one line.
    """
    import yaml

    try:
        whole = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise LabelError(f"no YAML that can be read: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(whole, dict):
        raise LabelError(f"expected entries such as names and train, came {type(whole).__name__}")
    places = {key: _texts(whole[key]) for key in PARTS if whole.get(key)}
    path = whole.get("path")
    keypoints = "kpt_shape" in whole
    return YoloData(source, _names(whole.get("names")), places, path if isinstance(path, str) else "", keypoints)


def _names(given: Any) -> dict[int, str]:
    """Class number to name, of a list or of a mapping; nothing nested, since aliases could make it endless."""
    pairs = dict(enumerate(given)) if isinstance(given, list) else given
    plain = isinstance(pairs, dict) and all(_is_plain(x) for pair in pairs.items() for x in pair)
    if not plain or not pairs or "" in pairs.values():
        raise LabelError("expected names: a list of class names, or numbers with names")
    try:
        numbered = {int(number): normalize("NFC", str(name).strip()) for number, name in pairs.items()}
    except (ValueError, OverflowError) as error:
        raise LabelError(f"expected whole numbers with names: {error}") from error
    return dict(sorted(numbered.items()))


def _is_plain(value: Any) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**63) or isinstance(value, str)


def _texts(given: Any) -> list[str]:
    return [text for text in (given if isinstance(given, list) else [given]) if isinstance(text, str)]
