"""Labels to a training and a validation part."""

from __future__ import annotations

from typing import Any

import numpy as np

SPLITS = ("contiguous", "stratified")


def check_subset(subset: str) -> None:
    """Refuse what names neither part.

    Raises:
        ValueError: `subset` is neither "training" nor "validation".
    """
    if subset not in ("training", "validation"):
        raise ValueError(f'Invalid subset name: {subset}; expected "training" or "validation"')


def contiguous_part(n: int, share: float, subset: str) -> np.ndarray:
    """Indices of a part as Keras takes it: the first `share` of n for validation, the rest for training."""
    first = int(share * n)
    return np.arange(first) if subset == "validation" else np.arange(first, n)


def stratified_part(labels: Any, share: float, subset: str, seed: int) -> np.ndarray:
    """Sorted indices of a part that holds `share` of each class (or the rest), drawn by chance.

    Of a class with two samples or more, at least one is on either side. Where most labels differ, as numbers to be
    predicted do, there is but one class.

    Args:
        labels: one a sample: a number, a string, a row or a list.
        share: the validation part's, above 0 and below 1.
        subset: "training" or "validation".
        seed: another seed gives other parts.
    """
    rng = np.random.default_rng(seed)
    codes = _codes(labels)
    held_out = np.zeros(len(codes), bool)
    for code in np.unique(codes):
        members = rng.permutation(np.flatnonzero(codes == code))
        count = round(share * len(members))
        held_out[members[: min(max(count, 1), len(members) - 1)]] = True
    return np.flatnonzero(held_out if subset == "validation" else ~held_out)


def _codes(labels: Any) -> np.ndarray:
    """One integer a sample, equal for equal labels."""
    numbers: dict[Any, int] = {}
    keys = [tuple(np.ravel(label).tolist()) if np.ndim(label) else label for label in labels]
    codes = np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
    return codes if len(numbers) <= len(codes) / 2 else np.zeros(len(codes), np.int64)
