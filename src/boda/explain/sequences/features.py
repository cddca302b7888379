"""Turns a sequence into what a unit may follow: brackets, quotes, places in a line, values, seasons, (t,) each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OPENING, CLOSING = "([{<（「『", ")]}>）」』"  # noqa: RUF001 - brackets of Korean and Japanese
VOWELS = "aeiouyáàâäãåéèêëíìîïóòôöõøúùûüýæœаеёиоуыэюя"  # noqa: RUF001 - Cyrillic ones as well
MOST_CHANNELS = 4
WORDS = {  # what the report says of each
    "inside brackets": "whether a bracket is open",
    "inside quotes": "whether a quotation is open",
    "distance since newline": "how far the line has come",
    "position": "how far the sequence has come",
    "position in word": "how far the word has come",
    "word ends next": "whether the word is over after this",
    "uppercase": "capital letters",
    "uppercase next": "whether a capital follows",
    "newline next": "whether the line ends after this",
    "vowel": "vowels",
    "punctuation": "punctuation",
    "digit": "digits",
}


def text_features(tokens: Sequence[str]) -> dict[str, np.ndarray]:
    """What a unit of a network of texts may follow, (t,) floats by name; NaN where a step has no such thing.

    Those of Karpathy et al. (arXiv 1506.02078): quotes, brackets, line length; and a few that are simpler. "Next" looks
    one token ahead, which the network has not seen: a unit that follows it predicts.
    """
    tokens = ["" if is_special(token) else token for token in tokens]
    letters = all(len(token) <= 1 for token in tokens)
    own = _each(tokens, str.isupper) if letters else _each(tokens, lambda token: token[:1].isupper())
    found = {
        "inside brackets": _inside(tokens, OPENING, CLOSING),
        "inside quotes": _inside_quotes(tokens),
        "distance since newline": _since(tokens, _is_newline),
        "position": np.arange(len(tokens), dtype=float),
        "uppercase": own,
        "uppercase next": _next(own),
        "punctuation": _each(tokens, _is_punctuation),
    }
    if not letters:
        return found
    apart = _each(tokens, lambda token: not token.isalnum())
    return {
        **found,
        "position in word": _since(tokens, lambda token: not token.isalnum()),
        "word ends next": np.where(apart == 1, np.nan, _next(apart)),
        "newline next": _next(_each(tokens, _is_newline)),
        "vowel": _vowels(tokens),
        "digit": _each(tokens, str.isdigit),
    }


def is_special(token: str) -> bool:
    """Whether it is what `Vocabulary.names_of` calls an id that is no text, such as "<begin>" or "<Korean>"."""
    return len(token) > 2 and token[0] == "<" and token[-1] == ">"


def number_features(values: np.ndarray, season: int = 0, channels: Sequence[str] = ()) -> dict[str, np.ndarray]:
    """What a unit of a network of numbers may follow: value and change of a channel, the season's phase, position.

    Args:
        values: (t, channels); of more than four channels, how many are above 0 and how many change are taken.
        season: the period in steps; 0 or 1 is none.
        channels: their names.
    """
    x = np.asarray(values, dtype=float)
    steps = np.arange(len(x), dtype=float)
    found = {"position": steps}
    if x.shape[1] > MOST_CHANNELS:
        on = x > 0
        found["how many sound"] = on.sum(axis=1).astype(float)
        found["highest that sounds"] = np.where(on.any(axis=1), x.shape[1] - 1 - on[:, ::-1].argmax(axis=1), np.nan)
        found["how many change"] = np.r_[np.nan, (on[1:] != on[:-1]).sum(axis=1).astype(float)]
    else:
        for column, name in enumerate(channels or [f"channel {i + 1}" for i in range(x.shape[1])]):
            found[f"value of {name}"] = x[:, column]
            found[f"change of {name}"] = np.r_[np.nan, np.diff(x[:, column])]
    if season > 1:
        found["season (cosine)"] = np.cos(2 * np.pi * steps / season)
        found["season (sine)"] = np.sin(2 * np.pi * steps / season)
    return found


def _each(tokens: Sequence[str], asks: Callable[[str], bool]) -> np.ndarray:
    return np.array([float(asks(token)) for token in tokens])


def _next(values: np.ndarray) -> np.ndarray:
    """What the step after has; the last one does not know."""
    return np.r_[values[1:], np.nan]


def _inside(tokens: Sequence[str], opening: str, closing: str) -> np.ndarray:
    """1 while a bracket is open; a line end of two newlines closes what was forgotten."""
    depth, found = 0, []
    for token, after in zip(tokens, [*tokens[1:], ""], strict=True):
        depth += sum(token.count(mark) for mark in opening)
        found.append(float(depth > 0))
        depth = max(depth - sum(token.count(mark) for mark in closing), 0)
        if _is_newline(token) and _is_newline(after):
            depth = 0
    return np.array(found)


def _inside_quotes(tokens: Sequence[str]) -> np.ndarray:
    """1 between a quotation mark and the next; an apostrophe is none."""
    is_open, found = False, []
    for token in tokens:
        toggles = token.count('"') % 2 == 1
        starts, ends = "\u201c" in token, "\u201d" in token
        was_open = is_open
        is_open = (is_open != toggles or starts) and not ends
        found.append(float(is_open or was_open))
    return np.array(found)


def _since(tokens: Sequence[str], resets: Callable[[str], bool]) -> np.ndarray:
    """Steps since a token that resets, itself 0."""
    count, found = -1, []
    for token in tokens:
        count = 0 if resets(token) else count + 1
        found.append(float(count))
    return np.array(found)


def _vowels(tokens: Sequence[str]) -> np.ndarray:
    """1 for vowels, 0 for other letters of scripts that have them; NaN for Hangul syllables, digits and marks."""
    return np.array([_vowel(token.lower()) for token in tokens])


def _vowel(letter: str) -> float:
    if letter and letter in VOWELS:
        return 1.0
    return 0.0 if letter.isalpha() and letter < "\u0500" else np.nan


def _is_punctuation(token: str) -> bool:
    return bool(token) and not any(character.isalnum() or character.isspace() for character in token)


def _is_newline(token: str) -> bool:
    return token[:1] == "\n"
