"""Turns tokens and numbers into text whose ground says the number: blue above 0, orange below, white at 0."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from boda.reports.page import Html, element
from boda.reports.sequences.words import token_words
from boda.reports.words import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

ABOVE, BELOW = (102, 168, 222), (242, 158, 84)
LEVELS = 10  # of each colour: neighbours of one level become one element
LETTERS = "font:14px/1.9 ui-monospace,'DejaVu Sans Mono',Consolas,monospace;white-space:pre-wrap;max-width:none;"
BREAK = "overflow-wrap:anywhere;"


def strip(tokens: Sequence[str], values: Sequence[float], *, apart: bool = False) -> Html:
    """A paragraph of `tokens`, each on the colour of its value, -1 to 1.

    Args:
        tokens: what is written; line ends are shown and kept.
        values: one a token.
        apart: whether to set tokens apart by spaces, as words need it.
    """
    cells = [(level(value), _shown(token, apart=apart)) for token, value in zip(tokens, values, strict=False)]
    runs = ((key, "".join(text for _, text in group)) for key, group in groupby(cells, key=lambda cell: cell[0]))
    spans = (element("span", text, style=ground(key)) for key, text in runs)
    return element("p", *spans, style=LETTERS + BREAK, dir="auto")


def level(value: float) -> int:
    """Which of the 21 grounds a value has, -10 to 10.

    >>> level(0.04), level(1.2), level(-0.5)
    (0, 10, -5)
    """
    return round(LEVELS * max(min(value, 1.0), -1.0)) if value == value else 0  # noqa: PLR0124 - NaN is not itself


def ground(key: int) -> str | None:
    """The CSS of a level's ground; None for white."""
    if not key:
        return None
    red, green, blue = ABOVE if key > 0 else BELOW
    return f"background:rgba({red},{green},{blue},{abs(key) / LEVELS:.1f})"


def _shown(token: str, *, apart: bool) -> str:
    from boda.explain.sequences.features import is_special  # here, since its package loads Pillow

    if token[:1] == "\n":
        return "↵\n"
    text = token_words(token) if is_special(token) else clean(token.replace("\t", " "), 60)
    return f"{text} " if apart else text
