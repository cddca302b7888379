"""Texts to the unit that suits them, characters or words."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from boda.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Sequence

WORDS_FROM = 5  # words in the middle one of the texts
TOKENS = ("auto", "characters", "words")


def unit_of(texts: Sequence[str], tokens: str = "auto") -> str:
    """The unit `tokens`; where that is "auto", words for sentences (five words or more at the median), else characters.

    Raises:
        RecipeError: `tokens` is none of auto, characters and words.

    >>> unit_of(["Khoury", "Nahas"]), unit_of(["It was as good as they say."])
    ('characters', 'words')
    """
    check_tokens(tokens)
    if tokens != "auto":
        return tokens
    return "words" if texts and median(len(text.split()) for text in texts) >= WORDS_FROM else "characters"


def check_tokens(tokens: str) -> None:
    """Refuse what is none of auto, characters and words."""
    if tokens not in TOKENS:
        raise RecipeError(f"tokens must be one of {', '.join(TOKENS)}. Received: tokens={tokens!r}")


def empty_lines(number: int) -> tuple[str, ...]:
    """A note that so many empty lines were left out; none where there are none."""
    if not number:
        return ()
    return (f"{number} empty {'line was' if number == 1 else 'lines were'} left out.",)
