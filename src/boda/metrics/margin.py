"""How far to grow a found box so that it holds the object as often as wanted: split conformal prediction.

The margin is learned from answers on pictures that the model was not trained on. It then holds for new pictures of the
same kind, whatever the model is, without any assumption on how it errs.

Reference: Papadopoulos et al. 2002, Inductive confidence machines for regression; for boxes de Grancey et al. 2022,
Object detection with probabilistic guarantees: a conformal prediction approach.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.boxes import clip
from boda.metrics.intervals import check_rows, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence


def needed_margin(truth: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The least margin by which each found box must grow to hold its object.

        m = max(0, (x0 - t0) / w, (t1 - x1) / w, (y0 - u0) / h, (u1 - y1) / h)

    with the found box x0, y0, x1, y1 of width w and height h, and the object t0, u0, t1, u1.

    Args:
        truth: (n, 4) xyxy.
        found: (n, 4) xyxy, on the same pictures.

    Returns:
        (n,) 0 or more, in widths and heights of the found box; infinite where that has no area.

    Raises:
        ValueError: not as many rows in each.

    Example:
        >>> needed_margin(np.array([[0.0, 0, 12, 10]]), np.array([[0.0, 0, 10, 10]])).tolist()
        [0.2]
    """
    t, f = (np.asarray(rows, dtype=np.float64).reshape(-1, 4) for rows in (truth, found))
    check_rows(truth=t, found=f)
    extent = np.tile(f[:, 2:] - f[:, :2], 2)
    short = (f - t) * np.array([1, 1, -1, -1])
    flat = (extent <= 0).any(axis=1)
    margins = np.divide(short, extent, out=np.zeros(short.shape), where=extent > 0).max(axis=1, initial=0)
    return np.where(flat, np.inf, margins)


def fit_margin(truth: np.ndarray, found: np.ndarray, level: float = 0.9) -> float | None:
    """The margin that holds the object of a new picture with a probability of `level` or more.

    It is the k-th smallest of the n margins that these pictures need, k = ceil(level (n + 1)).
    The probability is over these pictures and the new one. With these pictures fixed it varies: the share of new
    pictures that is held follows a Beta(k, n + 1 - k) distribution, with n = 160 and 0.9 mostly 0.85 to 0.94.

    Args:
        truth: (n, 4) xyxy, of pictures that the model was not trained on.
        found: (n, 4) xyxy, the model's answers.
        level: between 0 and 1.

    Returns:
        0 or more, in widths and heights of the found box; None where n is too few for the level (9 are needed for
        0.9) or too many found boxes have no area: then no margin is enough.

    Raises:
        ValueError: not as many rows in each, or `level` not between 0 and 1.

    Reference:
        Vovk 2012, Conditional validity of inductive conformal predictors (the Beta distribution).
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1. Received: level={level}.")
    margins = np.sort(needed_margin(truth, found))
    k = ceil(level * (len(margins) + 1) - 1e-9)
    if k > len(margins) or not np.isfinite(margins[k - 1]):
        return None
    return float(margins[k - 1])


def grow(found: np.ndarray, margin: float, size: Sequence[float] | None = None) -> np.ndarray:
    """`found` (n, 4) xyxy, grown by `margin` times its width left and right, and times its height above and below.

    Args:
        found: (n, 4) xyxy pixels.
        margin: in widths and heights of the box; below 0 shrinks it.
        size: (width, height) of the picture, to which the boxes are cut; None leaves them.

    Returns:
        A new array (n, 4) float64.

    Example:
        >>> grow(np.array([[10.0, 10, 20, 30]]), 0.5, (24, 100)).tolist()
        [[5.0, 0.0, 24.0, 40.0]]
    """
    f = np.asarray(found, dtype=np.float64).reshape(-1, 4)
    grown = f + margin * np.tile(f[:, 2:] - f[:, :2], 2) * np.array([-1, -1, 1, 1])
    return grown if size is None else clip(grown, (size[0], size[1]))


def coverage(truth: np.ndarray, found: np.ndarray, margin: float) -> dict[str, Any]:
    """In how many pictures the box grown by `margin` holds the object: `n`, `coverage` and its Wilson `interval`.

    The pictures must be others than those that the margin was learned from. `coverage` is None with none.
    """
    held = needed_margin(truth, found) <= margin
    n, hits = len(held), int(held.sum())
    return {"n": n, "coverage": hits / n if n else None, "interval": list(wilson(hits, n))}
