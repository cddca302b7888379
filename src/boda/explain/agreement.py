"""Agreement: two maps of one picture to one number, and to a word."""

from __future__ import annotations

from typing import Literal

import numpy as np
from PIL import Image

AGREE, IN_PART = 0.6, 0.3

Verdict = Literal["agree", "agree in part", "disagree", "cannot be compared"]


def agreement(evidence: np.ndarray, falls: np.ndarray) -> float | None:
    """Spearman's rank correlation of an activation map and of occlusion, -1 to 1; None where one of them is flat.

    Args:
        evidence: (h, w), with what speaks against the answer below 0; it is brought to the size of `falls`.
        falls: (grid, grid) of the same picture and class.
    """
    small = Image.fromarray(evidence.astype(np.float32)).resize(falls.shape[::-1], Image.Resampling.BILINEAR)
    return rank_correlation(np.asarray(small), falls)


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float | None:
    """Spearman's rank correlation of two arrays of one shape, equal values at their mean rank; None where one is flat.

    Example:
        >>> rank_correlation(np.array([1, 2, 3]), np.array([10, 1000, 100]))
        0.5
    """
    x, y = (rank - rank.mean() for rank in (_ranks(a), _ranks(b)))
    spread = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / spread if spread > 0 else None


def verdict(correlation: float | None) -> Verdict:
    """The word for a correlation of two maps; None, where one of them is flat, is no disagreement.

    Neighbouring cells are alike and things tend to lie in the middle, so that maps of *different* pictures correlate
    too: on flowers, and on ants and bees, by 0.1 on average, and above 0.6 for one pair in ten.
    """
    if correlation is None:
        return "cannot be compared"
    if correlation < IN_PART:
        return "disagree"
    return "agree" if correlation >= AGREE else "agree in part"


def _ranks(values: np.ndarray) -> np.ndarray:
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[which.ravel()])
