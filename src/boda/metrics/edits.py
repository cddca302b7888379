"""Two sequences in; the fewest insertions, deletions and substitutions that turn one into the other, out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """The Levenshtein distance between `a` and `b`, strings or lists of tokens.

    A row of the table follows from the one above: by a substitution or a deletion at once for all columns, and by
    insertions as a running minimum of distance less column.

    Example:
        >>> edit_distance("kitten", "sitting")
        3

    Reference:
        Levenshtein 1966, Binary codes capable of correcting deletions, insertions and reversals.
        Wagner and Fischer 1974, The string-to-string correction problem.
    """
    if len(a) > len(b):
        a, b = b, a
    numbers = {token: i for i, token in enumerate(dict.fromkeys([*a, *b]))}
    columns, target = np.arange(len(b) + 1), np.array([numbers[token] for token in b], dtype=np.int64)
    row = columns.copy()
    for i, token in enumerate(a, start=1):
        below = np.empty_like(row)
        below[0] = i
        below[1:] = np.minimum(row[1:] + 1, row[:-1] + (target != numbers[token]))
        row = np.minimum.accumulate(below - columns) + columns
    return int(row[-1])


def edits(targets: Sequence[Sequence[str]], answers: Sequence[Sequence[str]]) -> np.ndarray:
    """The edit distance of each answer to its target, (n,) int64."""
    pairs = zip(targets, answers, strict=True)
    return np.array([0 if t == a else edit_distance(t, a) for t, a in pairs], dtype=np.int64)
