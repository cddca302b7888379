"""Checks: what an entry of a recipe may be, in words and as a test, and the error that names it."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from boda.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Check = tuple[str, "Callable[[Any], bool]"]  # what is expected, and whether a value is that


def refuse_wrong(values: object, checks: Mapping[str, Check], prefix: str = "") -> None:
    """Raise RecipeError for the first attribute of `values` that is not what `checks` expects."""
    for name, (expected, is_fine) in checks.items():
        value = getattr(values, name)
        if not is_fine(value):
            raise RecipeError(f"{prefix}{name} must be {expected}. Received: {prefix}{name}={value!r}")


def plain_numbers(values: Any) -> None:
    """Make Python's numbers of NumPy's, as searches over grids give them, in a frozen dataclass."""
    for f in dataclasses.fields(values):
        object.__setattr__(values, f.name, plain(getattr(values, f.name)))


def plain(value: Any) -> Any:
    """A NumPy scalar as Python's; all else as it is."""
    return value.item() if hasattr(value, "item") and getattr(value, "ndim", None) == 0 else value


def one_of(*words: str | None) -> Check:
    """One of these words; None is called none."""
    return _listed([f"'{word}'" if word else "none" for word in words]), lambda value: value in words


def whole_from(least: int) -> Check:
    """A whole number, `least` or more."""
    return f"{least} or more", lambda value: is_whole(value) and value >= least


def above_0() -> Check:
    """A number above 0."""
    return "above 0", lambda value: is_number(value) and value > 0


def from_0() -> Check:
    """A number from 0."""
    return "a number from 0", lambda value: is_number(value) and value >= 0


def share() -> Check:
    """A number from 0 to below 1."""
    return "0 to below 1", lambda value: is_number(value) and 0 <= value < 1


def between_0_and_1() -> Check:
    """A number between 0 and 1, neither of them."""
    return "between 0 and 1", lambda value: is_number(value) and 0 < value < 1


def is_whole(value: object) -> bool:
    """Whether `value` is an integer, and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether `value` is a finite number, and no truth value."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
