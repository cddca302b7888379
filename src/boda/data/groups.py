"""Records to groups: which pictures are copies of each other, exact or nearly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.data.duplicates import Components, look_alike, near_pairs

if TYPE_CHECKING:
    from boda.data.records import Records

_ENOUGH = 20  # pictures; that most of fewer are alike says nothing


@dataclass(frozen=True, slots=True)
class Groups:
    """The group of each picture, (n,) int32 each.

    `exact` unites the same bytes, `all` near copies as well.
    `alike` is how many pictures hang together by near copies where these are 20 or more, and over half of all, as
    with a camera that never moves; `all` then equals `exact`, since such a group could not be split into parts.
    """

    exact: np.ndarray
    all: np.ndarray
    alike: int = 0


def group(records: Records) -> Groups:
    """Compare all pictures; flat ones and those without a sketch are only compared by their bytes.

    Near is transitive here: of a burst, the first and the last are one group if each resembles the next.
    """
    first = _first_with_same(records.digests())
    exact = _numbered(first)
    distinct = np.unique(first)
    near = _near_roots(records, distinct)
    alike = int(np.bincount(near[distinct]).max(initial=0))
    if alike >= _ENOUGH and alike > len(distinct) / 2:
        return Groups(exact, exact, alike)
    return Groups(exact, _numbered(near[first]))


def shared(ids: np.ndarray) -> list[np.ndarray]:
    """The row numbers of every group of two or more, in the order of their first rows.

    >>> [rows.tolist() for rows in shared(np.array([0, 1, 0, 2, 1]))]
    [[0, 2], [1, 4]]
    """
    twice = np.flatnonzero((np.bincount(ids) > 1)[ids]) if len(ids) else np.zeros(0, np.int64)
    if not len(twice):
        return []
    order = twice[np.argsort(ids[twice], kind="stable")]
    rows = np.split(order, np.flatnonzero(np.diff(ids[order])) + 1)
    return sorted(rows, key=lambda group: int(group[0]))


def _first_with_same(digests: np.ndarray) -> np.ndarray:
    """For each picture the number of the first one with its bytes."""
    order = np.argsort(digests, kind="stable")
    new = np.ones(len(order), dtype=bool)
    new[1:] = digests[order[1:]] != digests[order[:-1]]
    first = np.empty(len(order), dtype=np.int32)
    first[order] = order[new][np.cumsum(new, dtype=np.int32) - 1]
    return first


def _numbered(first: np.ndarray) -> np.ndarray:
    """Group numbers 0, 1, 2 by first appearance, where `first` holds the first picture of each one's group."""
    numbers = np.cumsum(first == np.arange(len(first)), dtype=np.int32) - 1
    return np.asarray(numbers[first])


def _near_roots(records: Records, distinct: np.ndarray) -> np.ndarray:
    """For each picture the first of its near copies; only `distinct` ones are compared."""
    hashes = records.hashes()
    distinct = distinct[hashes[distinct].any(axis=1)]
    bits, mirrored = hashes[distinct].T.copy()
    del hashes
    components = Components(records.count)
    for pairs in near_pairs(bits, mirrored):
        apart = components.apart(distinct[pairs])
        if len(apart):
            a, b = records.thumbnails(apart.reshape(-1)).reshape(len(apart), 2, -1).swapaxes(0, 1)
            components.join(apart[look_alike(a, b)])
    return components.roots()
