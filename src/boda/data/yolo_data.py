"""data.yaml, what says of a YOLO folder which classes and parts there are, to a value; a list of names serves instead.

    path: .
    train: images/train
    val: images/val
    names: [cat, dog]

It is read by YAML's safe loader, up to a size, and nothing nested is taken from it. A class's name is taken as it is
written: `no` is a name, not False.
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
PLAIN_TAGS = tuple(f"tag:yaml.org,2002:{kind}" for kind in ("bool", "float", "int", "null", "timestamp"))


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
            numbered = enumerate(normalize("NFC", line.strip()) for line in lines)  # an empty line has a number too
            return YoloData(name, {number: text for number, text in numbered if text}, {})
    raise DataError(
        f"{root}: expected the names of the classes in data.yaml or classes.txt, found neither. "
        "Write data.yaml with a line such as names: [cat, dog]."
    )


def parse_yaml(data: bytes, source: str = "data.yaml") -> YoloData:
    """Names and parts of a data.yaml.

    Raises:
        LabelError: It is none; the message is the reason, in one line.
    """
    whole = _load(data)
    if not isinstance(whole, dict):
        raise LabelError(f"expected entries such as names and train, came {type(whole).__name__}")
    places = {key: _texts(whole[key]) for key in PARTS if whole.get(key)}
    path = whole.get("path")
    keypoints = "kpt_shape" in whole
    return YoloData(source, _names(whole.get("names")), places, path if isinstance(path, str) else "", keypoints)


def _load(data: bytes) -> Any:
    """What YAML's safe loader makes of `data`, but with the names as texts."""
    import yaml

    try:
        loader = yaml.SafeLoader(data)
        tree = loader.get_single_node()
        for node in _name_nodes(tree):
            if node.tag in PLAIN_TAGS:
                node.tag = "tag:yaml.org,2002:str"
        return None if tree is None else loader.construct_document(tree)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise LabelError(f"no YAML that can be read: {' '.join(str(error).split())[:200]}") from error


def _name_nodes(tree: Any) -> list[Any]:
    """The nodes of the single names, in a list or beside their numbers."""
    top = tree.value if tree is not None and tree.id == "mapping" else []
    names = next((value for key, value in top if key.value == "names"), None)
    if names is None or names.id == "scalar":
        return []
    nodes = [entry[1] if names.id == "mapping" else entry for entry in names.value]
    return [node for node in nodes if node.id == "scalar"]


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
