"""Sequences of ids, in; how probable each id is after the ones before it, by counting n-grams, out.

The strongest model of a text that needs no training: interpolated modified Kneser-Ney. With c the count of a gram, h
the ids before w, h' the same without the oldest, and N_j(h) how many ids follow h exactly j times (3: or more):

    p(w | h) = max(c(hw) - D(c), 0) / c(h) + (D_1 N_1(h) + D_2 N_2(h) + D_3 N_3(h)) / c(h) p(w | h')

Below the highest order c(hw) is the number of different ids that stand before hw; below one id it is 1 / size.

Everything is counted by sorting: a gram of k ids has a number, the place of (number of its first k - 1 ids, last id)
among the sorted pairs. A million characters take about two seconds up to order 6.

Reference: Chen and Goodman 1998, An empirical study of smoothing techniques for language modeling, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

UNKNOWN = -1  # number of a gram that the training part does not have
PLAIN = np.array([0.0, 0.5, 0.75, 0.9])  # discounts where counts of counts are too few to tell them


@dataclass(frozen=True, eq=False)
class Followers:
    """What follows each of the contexts of one length, as counted in one way.

    Attributes:
        kept: (grams,) the count of each gram less its discount.
        total: (contexts,) the sum of counts after each context.
        spared: (contexts,) the discounts taken there, which go to the shorter context.
    """

    kept: np.ndarray
    total: np.ndarray
    spared: np.ndarray

    @classmethod
    def of(cls, counts: np.ndarray, context: np.ndarray, contexts: int) -> Followers:
        """From `counts` (grams,) and the number of each gram's `context` (grams,)."""
        discount = discounts(counts)[np.minimum(counts, 3)]
        total, spared = (np.bincount(context, some, minlength=contexts) for some in (counts, discount))
        return cls(counts - discount, total, spared)


@dataclass(frozen=True, eq=False)
class Grams:
    """All grams of one length: their sorted pairs, and their followers as they occur and as they continue."""

    pairs: np.ndarray
    plain: Followers
    continuing: Followers


@dataclass(frozen=True, eq=False)
class NGrams:
    """Grams of 1 to `order` ids, of `size` different ids."""

    levels: tuple[Grams, ...]
    size: int

    @property
    def order(self) -> int:
        """The length of the longest grams."""
        return len(self.levels)

    @classmethod
    def of(cls, sequences: Sequence[np.ndarray], size: int, order: int) -> NGrams:
        """Count the grams of `sequences`, (t,) ids each, of which the first is given and never told.

        Args:
            sequences: as the network sees them: a begin or label id and then the tokens, or a long text as it is.
            size: how many ids there are.
            order: the longest gram, 1 or more; less where no sequence is that long.
        """
        ids, place = joined(sequences)
        before, contexts = np.zeros(len(ids), np.int64), 1
        found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for k in range(1, order + 1):
            whole = (place >= k - 1) & (before >= 0)
            if not whole.any():  # no sequence is that long
                break
            pairs, number = np.unique(before[whole] * size + ids[whole], return_inverse=True)
            numbers = np.full(len(ids), UNKNOWN)
            numbers[whole] = number.reshape(-1)
            counts = np.bincount(numbers[whole & (place > 0)], minlength=len(pairs))
            found.append((pairs, numbers, counts))
            before = _moved(numbers)
        levels = []
        for k, (pairs, numbers, counts) in enumerate(found):
            longer = found[k + 1] if k + 1 < len(found) else None
            context = pairs // size
            plain = Followers.of(counts, context, contexts)
            levels.append(Grams(pairs, plain, Followers.of(_continuing(counts, numbers, longer), context, contexts)))
            contexts = len(pairs)
        return cls(tuple(levels), size)

    def losses(self, sequences: Sequence[np.ndarray], order: int | None = None) -> list[np.ndarray]:
        """What each id costs in nats, (t - 1,) a sequence of t ids, of which the first is given.

        Args:
            sequences: (t,) ids each, below `size`.
            order: the longest gram that is looked at; None for all.
        """
        order = self.order if order is None else min(order, self.order)
        ids, place = joined(sequences)
        before, p = np.zeros(len(ids), np.int64), np.full(len(ids), 1 / self.size)
        for k, level in enumerate(self.levels[:order], start=1):
            followers = level.plain if k == order else level.continuing
            number = _numbers(level.pairs, before, ids, self.size)
            p = _told(followers, before, number, p)
            before = np.where(place >= k, _moved(number), UNKNOWN)
        cost, ends = -np.log(p), np.cumsum([0, *map(len, sequences)])
        return [cost[first + 1 : last] for first, last in pairwise(ends)]


def fit_ngrams(sequences: Sequence[np.ndarray], size: int, seed: int, *, most: int = 6) -> NGrams:
    """`NGrams` of the order, 1 to `most`, that tells a tenth of `sequences` best, counted anew on all of them.

    That tenth is the end of each text where there are fewer than 20, else a tenth of the sequences, by `seed`.
    """
    rest, inner = _inner(sequences, seed)
    trial = NGrams.of(rest, size, most)
    cost = [sum(float(one.sum()) for one in trial.losses(inner, order)) for order in range(1, most + 1)]
    return NGrams.of(sequences, size, 1 + int(np.argmin(cost)))


def discounts(counts: np.ndarray) -> np.ndarray:
    """(4,) what is taken from a count of 0, 1, 2, and 3 or more, from how many grams `counts` (grams,) has of each.

        Y = n_1 / (n_1 + 2 n_2),    D_j = j - (j + 1) Y n_(j+1) / n_j

    Example:
        >>> discounts(np.repeat([1, 2, 3, 4], [40, 20, 10, 5])).tolist()
        [0.0, 0.5, 1.25, 2.0]
    """
    n = np.bincount(np.minimum(counts, 5), minlength=6)[1:5].astype(np.float64)
    if (n == 0).any():
        return PLAIN
    y, j = n[0] / (n[0] + 2 * n[1]), np.arange(1, 4)
    found = j - (j + 1) * y * n[1:] / n[:-1]
    return np.concatenate([[0.0], np.where((found > 0) & (found < j), found, PLAIN[1:])])


def joined(sequences: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """All ids one after the other, (n,) int64, and the place of each in its own sequence, (n,)."""
    lengths = np.array([len(one) for one in sequences], dtype=np.int64)
    ids = np.concatenate([np.zeros(0, np.int64), *(np.asarray(one, np.int64) for one in sequences)])
    return ids, np.arange(len(ids)) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def _continuing(
    counts: np.ndarray, numbers: np.ndarray, longer: tuple[np.ndarray, np.ndarray, np.ndarray] | None
) -> np.ndarray:
    """How many different ids stand before each gram; its plain count where none can, at the beginning of a sequence."""
    if longer is None:
        return counts
    pairs, theirs, _ = longer
    first = np.zeros(len(pairs), np.int64)
    known = np.flatnonzero(theirs >= 0)
    first[theirs[known]] = known  # any place where the longer gram ends will do
    different = np.bincount(numbers[first], minlength=len(counts))
    return np.where(different > 0, different, counts)


def _moved(numbers: np.ndarray) -> np.ndarray:
    """The number at each place of what ends one place before."""
    return np.concatenate([[UNKNOWN], numbers[:-1]]) if len(numbers) else numbers


def _numbers(pairs: np.ndarray, before: np.ndarray, ids: np.ndarray, size: int) -> np.ndarray:
    """The number of each gram, (n,), from that of its first ids and its last id; UNKNOWN where it never occurred."""
    wanted = np.where(before >= 0, before * size + ids, UNKNOWN)
    place = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    return np.where(pairs[place] == wanted, place, UNKNOWN)


def _told(followers: Followers, before: np.ndarray, number: np.ndarray, shorter: np.ndarray) -> np.ndarray:
    """p(w | h) at each place, from p(w | h') in `shorter` (n,), which it is where h was never followed by anything."""
    total = np.where(before >= 0, followers.total[before], 0)
    kept = np.where(number >= 0, followers.kept[number], 0)
    found = (kept + followers.spared[before] * shorter) / np.maximum(total, 1)
    return np.where(total > 0, found, shorter)


def _inner(sequences: Sequence[np.ndarray], seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Nine tenths and the last tenth."""
    if len(sequences) < 20:
        cuts = [len(one) - len(one) // 10 for one in sequences]
        pairs = list(zip(sequences, cuts, strict=True))
        return [one[:cut] for one, cut in pairs], [one[cut:] for one, cut in pairs]
    order = np.random.default_rng(seed).permutation(len(sequences))
    tenth = len(sequences) // 10
    return [sequences[i] for i in order[tenth:]], [sequences[i] for i in order[:tenth]]
