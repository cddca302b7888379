"""Targets and groups to folds: each sample is tested once, groups stay whole, classes come in equal shares."""

from __future__ import annotations

import numpy as np

from boda.errors import SplitError
from boda.progress import say


def folds(targets: np.ndarray, groups: np.ndarray | None, k: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Up to `k` pairs of (training indices, test indices), sorted, int64.

    Groups go, from the one with the largest share of a class to the smallest, to the fold where the sum of squares of
    the class shares grows least (a greedy way like scikit-learn's `StratifiedGroupKFold`, which takes the standard
    deviation).
    `k` shrinks where there are fewer groups than that; a line on standard error says so.

    Args:
        targets: (n,) class indices, or (n, classes) of 0 and 1.
        groups: (n,) integers, equal for samples that must stay together; None for none.
        k: How many folds are wanted, 2 or more.
        seed: Orders what is equal; another seed gives other folds.

    Raises:
        SplitError: `k` is below 2, or all samples are one group.

    Example:
        >>> [test.tolist() for _, test in folds(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3]), k=2, seed=0)]
        [[1, 2], [0, 3]]
    """
    hot = _hot(targets)
    unit = np.arange(len(hot)) if groups is None else np.unique(groups, return_inverse=True)[1].reshape(-1)
    table = np.zeros((int(unit.max(initial=-1)) + 1, hot.shape[1]))
    np.add.at(table, unit, hot)
    k = _possible(table, k)
    fold = _deal(table, k, np.random.default_rng(seed))[unit]
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k)]


def _hot(targets: np.ndarray) -> np.ndarray:
    if targets.ndim == 2:
        return targets
    classes, index = np.unique(targets, return_inverse=True)
    return np.eye(len(classes))[index.reshape(-1)]


def _possible(table: np.ndarray, k: int) -> int:
    """`k`, or as many as there are groups; `table` (groups, classes) counts samples.

    A class with fewer groups than folds is absent from some of them, which costs nothing but a noisier figure.
    """
    if k < 2:
        raise SplitError(f"Cross-validation needs 2 folds or more. Received: k={k}.")
    if len(table) < 2:
        raise SplitError("All samples are one group, so no fold can be held out. Add samples of other groups.")
    if len(table) < k:
        say(f"{len(table)} folds instead of {k}: there are not more pictures (or groups of them).")
    return min(k, len(table))


def _deal(table: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """(groups,) int64: the fold of each group.

    cost of group g in fold f: sum_c ((n_fc + g_c)^2 - n_fc^2) / N_c^2; of equal ones, the fold with fewer samples.
    """
    total = np.maximum(table.sum(axis=0), 1)
    shares, sizes = table / total, table.sum(axis=1)
    order = rng.permutation(len(table))
    order = order[np.argsort(-shares.max(axis=1)[order], kind="stable")]
    filled, size, fold = np.zeros((k, table.shape[1])), np.zeros(k), np.zeros(len(table), dtype=np.int64)
    for group in order.tolist():
        cost = np.round(2 * filled @ shares[group] + (shares[group] ** 2).sum(), 12)
        best = np.lexsort((size, cost))[0]
        filled[best] += shares[group]
        size[best] += max(sizes[group], 1)
        fold[group] = best
    return fold
