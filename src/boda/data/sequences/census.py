"""Inputs to numbers about them: how long they are, and of which characters, words or events they are made."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.data.sequences.vocabulary import TEXT_UNITS, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from boda.data.sequences.dataset import SequenceDataset

COMMON = 40  # tokens that are listed
BINS = 30
_BLOCK = 2**22
_SCRIPTS = {"CJK": "Han"}  # as Unicode's names begin, where a script is called otherwise


def count(dataset: SequenceDataset) -> tuple[np.ndarray, Counter[Any]]:
    """(n,) int64 lengths in the dataset's unit, and how often each token or event occurs, targets of pairs too."""
    if dataset.unit == "numbers":
        return np.array([len(values) for values in dataset.inputs], np.int64), Counter()
    tokens: Counter[Any] = Counter()
    lengths = [_count_one(values, dataset.unit, tokens) for values in dataset.inputs]
    if dataset.task == "pairs":
        for target in dataset.targets:
            _count_one(target, dataset.unit, tokens)
    return np.array(lengths, np.int64), tokens


def about_lengths(lengths: np.ndarray) -> dict[str, Any]:
    """The least, the middle, the 95th percentile and the most, and a histogram."""
    least, most = int(lengths.min()), int(lengths.max())
    bins = max(1, min(BINS, most - least + 1))
    counts, edges = np.histogram(lengths, bins=bins, range=(least, max(most, least + 1)))
    return {
        "least": least,
        "median": float(np.median(lengths)),
        "p95": float(np.percentile(lengths, 95)),
        "most": most,
        "histogram": {"edges": [round(float(edge), 3) for edge in edges], "counts": counts.tolist()},
    }


def about_tokens(tokens: Counter[Any]) -> dict[str, Any]:
    """How many differ, the commonest with their counts, how many occur once, and letters by script."""
    common = sorted(tokens.items(), key=lambda item: (-item[1], str(item[0])))[:COMMON]
    return {
        "size": len(tokens),
        "common": [[str(token), number] for token, number in common],
        "once": sum(number == 1 for number in tokens.values()),
        "scripts": scripts_of(tokens),
    }


def scripts_of(tokens: Counter[Any]) -> dict[str, int]:
    """How many letters are of each script, the commonest first.

    >>> scripts_of(Counter("abc 가나 漢"))
    {'Latin': 3, 'Hangul': 2, 'Han': 1}
    """
    letters: Counter[str] = Counter()
    for token, number in tokens.items():
        for letter in token if isinstance(token, str) else ():
            letters[letter] += number
    scripts: Counter[str] = Counter()
    for letter, number in letters.items():
        if letter.isalpha():
            scripts[_script(letter)] += number
    return dict(scripts.most_common())


def _script(letter: str) -> str:
    """The script of a letter, which its name in Unicode begins with."""
    first = unicodedata.name(letter, "OTHER").split()[0]
    return _SCRIPTS.get(first, first.capitalize())


def _count_one(values: Any, unit: str, tokens: Counter[Any]) -> int:
    if unit in TEXT_UNITS:
        pieces: Sequence[str] = Vocabulary((), unit).tokens_of(values)
        tokens.update(pieces)
        return len(pieces)
    for at in range(0, len(values), _BLOCK):  # events may lie on disk, and be more than fit into memory
        events, numbers = np.unique(values[at : at + _BLOCK], return_counts=True)
        tokens.update(dict(zip(events.tolist(), numbers.tolist(), strict=True)))
    return len(values)


def spread(rows: Iterable[int], most: int) -> list[int]:
    """Up to `most` of `rows`, evenly spread.

    >>> spread(range(10), 4)
    [0, 3, 6, 9]
    """
    rows = list(rows)
    if len(rows) <= most:
        return rows
    return [rows[round(i)] for i in np.linspace(0, len(rows) - 1, most).tolist()]
