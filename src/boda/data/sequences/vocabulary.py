"""Texts to numbers and back: which characters or words a model knows, learned from the training texts alone."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self
from unicodedata import normalize

import numpy as np

from boda.errors import DataError, RecipeError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PAD, UNKNOWN, BEGIN, END = 0, 1, 2, 3
SPECIALS = 4
REPLACEMENT = "\ufffd"
TEXT_UNITS = ("characters", "words")
WORD = re.compile(r"\w+(?:['’]\w+)*|\n|[^\w\s]")  # noqa: RUF001 - both apostrophes are written

_NO_SPACE_BEFORE = set(".,;:!?…%)]}»”’、。，！？-\n")  # noqa: RUF001 - Chinese and Japanese marks
_NO_SPACE_AFTER = set("([{«“‘-\n")  # noqa: RUF001 - quotes that open


@dataclass(frozen=True)
class Vocabulary:
    """The tokens that a model knows, and their ids.

    Ids are 0 for padding, 1 for what is unknown, 2 and 3 for the begin and the end of a sequence, then one for each of
    `labels`, with which a text to generate may begin, then one for each of `tokens`.

    Args:
        tokens: Characters or words, the most frequent first.
        unit: "characters" or "words".
        lowercase: Whether texts are made lower case first.
        labels: Names of what texts may belong to.

    Raises:
        RecipeError: The unit is neither, or a token or a label stands twice.

    Example:
        >>> words = Vocabulary.of(["to be or not to be"], "words")
        >>> words.tokens, words.encode("to see").tolist()
        (('be', 'to', 'not', 'or'), [5, 1])
        >>> words.decode([2, 5, 4, 3])
        'to be'
    """

    tokens: tuple[str, ...]
    unit: str
    lowercase: bool = False
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.unit not in TEXT_UNITS:
            raise RecipeError(f"A vocabulary is of {' or '.join(TEXT_UNITS)}. Received: unit={self.unit!r}")
        for what in (self.tokens, self.labels):
            if len(set(what)) < len(what):
                twice = Counter(what).most_common(1)[0][0]
                raise RecipeError(f"Each token and each label has one id, but {twice!r} stands twice.")

    @classmethod
    def of(
        cls,
        texts: Iterable[str | Sequence[str]],
        unit: str,
        *,
        most: int = 20000,
        least: int = 1,
        lowercase: bool = False,
        labels: Sequence[str] = (),
    ) -> Self:
        """Count the tokens of `texts`, which should be those to train on.

        Args:
            texts: Texts, or sequences of tokens.
            unit: "characters" or "words".
            most: Keep so many tokens, the most frequent first; of equally frequent ones, in the order of their code
                points.
            least: Keep a token that occurs so often or oftener.
            lowercase: Make texts lower case first.
            labels: Names of what texts may belong to.

        Raises:
            RecipeError: The unit is neither.
        """
        empty = cls((), unit, lowercase, tuple(labels))
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(empty._pieces(text))
        kept = sorted((token for token, number in counts.items() if number >= least), key=lambda t: (-counts[t], t))
        return cls(tuple(kept[:most]), unit, lowercase, tuple(labels))

    @property
    def size(self) -> int:
        """How many ids there are: what a layer of embeddings needs."""
        return SPECIALS + len(self.labels) + len(self.tokens)

    def tokens_of(self, text: str | Sequence[str]) -> list[str]:
        """The tokens of a text, or those given, NFC and in lower case where that is wanted, known or not."""
        return list(self._pieces(text))

    def encode(self, text: str | Sequence[str]) -> np.ndarray:
        """(t,) int32 ids of a text's tokens, without begin and end."""
        pieces = self._pieces(text)
        if isinstance(pieces, str):
            return self._encode_characters(pieces)
        get = self._ids.get
        return np.fromiter((get(piece, UNKNOWN) for piece in pieces), np.int32, len(pieces))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`; padding, begin, end and labels are left out, and what is unknown is U+FFFD.

        Words are joined by spaces, but not before marks such as commas, after opening brackets, or beside line ends.

        Raises:
            DataError: An id is below 0, or not below `size`.
        """
        pieces = [self._piece(int(i)) for i in ids]
        kept = [piece for piece in pieces if piece is not None]
        return "".join(kept) if self.unit == "characters" else join_words(kept)

    def label_id(self, name: str) -> int:
        """The id with which a text of the label `name` begins.

        Raises:
            DataError: There is no such label.
        """
        if name not in self.labels:
            known = ", ".join(self.labels[:20]) or "none"
            raise DataError(f"There is no label {name!r}. There are: {known}{', ...' * (len(self.labels) > 20)}.")
        return SPECIALS + self.labels.index(name)

    @property
    def specials(self) -> tuple[int, ...]:
        """The ids that are never written: all that stand for no token, but for the end, which may end a line."""
        return (PAD, UNKNOWN, BEGIN, *range(SPECIALS, SPECIALS + len(self.labels)))

    def names_of(self, ids: Iterable[int]) -> list[str]:
        """What to call each id, for people: its token, its label in brackets, or what a special one is for.

        >>> Vocabulary(("a",), "characters", labels=("Korean",)).names_of([4, 5, 3])
        ['<Korean>', 'a', '<end>']
        """
        told = ("<padding>", "<unknown>", "<begin>", "<end>", *(f"<{label}>" for label in self.labels), *self.tokens)
        return [told[int(i)] for i in ids]

    def piece(self, i: int, before: str) -> str:
        """What the token `i` adds to a text that so far ends in `before`; a word may bring a space.

        >>> words = Vocabulary(("so", ","), "words")
        >>> words.piece(4, ","), words.piece(5, "so")
        (' so', ',')
        """
        token = self._piece(i) or ""
        if self.unit == "characters" or not before:
            return token
        return token if token in _NO_SPACE_BEFORE or before.strip(" ")[-1:] in _NO_SPACE_AFTER else f" {token}"

    def spelled(self, text: str) -> str:
        """`text` as `decode` would write it, were all of its tokens known."""
        pieces = self._pieces(text)
        return pieces if isinstance(pieces, str) else join_words(pieces)

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads back."""
        return {
            "tokens": list(self.tokens),
            "unit": self.unit,
            "lowercase": self.lowercase,
            "labels": list(self.labels),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            RunError: It is something else.
        """
        try:
            return cls(tuple(value["tokens"]), value["unit"], value["lowercase"], tuple(value["labels"]))
        except (KeyError, TypeError, RecipeError) as error:
            raise RunError(f"This is no saved vocabulary: {error!r}. Take encoder.json from a Run.") from error

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {token: i for i, token in enumerate(self.tokens, start=SPECIALS + len(self.labels))}

    @cached_property
    def _points(self) -> tuple[np.ndarray, np.ndarray]:
        """The code points of the known characters, sorted, and the id of each."""
        single = sorted((ord(token), i) for token, i in self._ids.items() if len(token) == 1)
        table = np.array(single, dtype=np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1].astype(np.int32)

    def _pieces(self, text: str | Sequence[str]) -> str | list[str]:
        """A text's tokens; a str of them where each is a character."""
        if not isinstance(text, str):
            return [self._plain(token) for token in text]
        text = self._plain(text)
        return text if self.unit == "characters" else WORD.findall(text)

    def _plain(self, text: str) -> str:
        return normalize("NFC", normalize("NFC", text).lower() if self.lowercase else text)

    def _encode_characters(self, text: str) -> np.ndarray:
        points, ids = self._points
        came = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
        if not len(points):
            return np.full(len(came), UNKNOWN, np.int32)
        at = np.minimum(np.searchsorted(points, came), len(points) - 1)
        return np.where(points[at] == came, ids[at], UNKNOWN).astype(np.int32)

    def _piece(self, i: int) -> str | None:
        """The text of one id; None where it stands for none."""
        if not 0 <= i < self.size:
            raise DataError(f"Ids are 0 to {self.size - 1}, but {i} came. Is it another Run's vocabulary?")
        first = SPECIALS + len(self.labels)
        return self.tokens[i - first] if i >= first else REPLACEMENT if i == UNKNOWN else None


def join_words(words: Sequence[str]) -> str:
    """Words to a text.

    >>> join_words(["Well", ",", "then", "(", "so", ")", "!"])
    'Well, then (so)!'
    """
    text: list[str] = []
    for before, word in zip(["\n", *words], words, strict=False):
        joined = word in _NO_SPACE_BEFORE or before in _NO_SPACE_AFTER
        text += [word] if joined else [" ", word]
    return "".join(text)
