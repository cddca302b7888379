"""TOML: entries of a recipe to lines, and back."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from typing import TYPE_CHECKING, Any

from boda.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Mapping


def entries(values: Any) -> dict[str, Any]:
    """The fields of a dataclass, one level deep."""
    return {f.name: getattr(values, f.name) for f in dataclasses.fields(values)}


def lines(table: Mapping[str, Any]) -> list[str]:
    """A line `key = value` an entry; None is left out."""
    return [f"{name} = {value(given)}" for name, given in table.items() if given is not None]


def value(given: object) -> str:
    """A value as TOML writes it.

    >>> value((1, 2.5)), value("a"), value(True)
    ('[1, 2.5]', '"a"', 'true')
    """
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, str):  # JSON's escapes are TOML's, but for DEL
        return json.dumps(given, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(given, (tuple, list)):
        return "[" + ", ".join(map(value, given)) + "]"
    return repr(given)


def value_of(text: str) -> Any:
    """What a person wrote behind `=` in a command: TOML, or plain words.

    >>> value_of("[256, 64]"), value_of("0.3"), value_of("adam")
    ([256, 64], 0.3, 'adam')
    """
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def parse(text: str) -> dict[str, Any]:
    """The tables of `text`; RecipeError says where it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"The recipe is no valid TOML: {error}.") from error


def pipeline(table: Mapping[str, Any]) -> str:
    """A table [augmentation] with its [[augmentation.steps]] as a document of its own."""
    steps = table.get("steps")
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise RecipeError("[augmentation] must hold steps, each a table [[augmentation.steps]] with step = NAME.")
    written = lines({name: given for name, given in table.items() if name != "steps"})
    for step in steps:
        written += ["", "[[steps]]", *lines(step)]
    return "\n".join([*written, ""])
