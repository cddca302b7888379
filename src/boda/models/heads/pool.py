"""The top layer's steps to the one vector that a head reads: the last step, the mean, the greatest, or each."""

from __future__ import annotations

import numpy as np

Carried = tuple[np.ndarray, ...]


def nothing_pooled(kind: str, batch: int, width: int, dtype: np.dtype[np.floating]) -> Carried:
    """What `pool` carries on with before the first step: of "mean" sum and count, of "max" the greatest so far."""
    if kind == "mean":
        return np.zeros((batch, width), dtype), np.zeros((batch, 1), dtype)
    return (np.full((batch, width), -np.inf, dtype),) if kind == "max" else ()


def pool(
    kind: str, y: np.ndarray, mask: np.ndarray | None, carried: Carried, *, bidirectional: bool = False
) -> tuple[np.ndarray, Carried]:
    """Pool the valid steps.

    Args:
        kind: "last", "mean", "max" or "each".
        y: (b, t, width).
        mask: (b, t), valid steps, the first ones of each row; None is all.
        carried: of the steps before, as `nothing_pooled` or an earlier call gave it.
        bidirectional: whether the second half of the width has read from the end, so that its last step is the first.

    Returns:
        (b, width), of "each" (b, t, width), and what to carry on with. Zeros where there is no valid step.
    """
    if kind == "each":
        return y, ()
    valid = np.ones(y.shape[:2], bool) if mask is None else mask
    if kind == "mean":
        total = carried[0] + (y * valid[..., None]).sum(axis=1, dtype=y.dtype)
        count = carried[1] + valid.sum(axis=1, dtype=y.dtype)[:, None]
        return total / np.maximum(count, 1), (total, count)
    if kind == "max":
        greatest = np.maximum(carried[0], y.max(axis=1, initial=-np.inf, where=valid[..., None]))
        return np.where(greatest == -np.inf, 0, greatest).astype(y.dtype), (greatest,)
    count = valid.sum(axis=1)
    last = y[np.arange(len(y)), np.maximum(count, 1) - 1]
    if bidirectional:
        last[:, y.shape[2] // 2 :] = y[:, 0, y.shape[2] // 2 :]
    return last * (count > 0)[:, None], ()


def pool_gradient(kind: str, y: np.ndarray, d: np.ndarray, *, bidirectional: bool = False) -> np.ndarray:
    """The gradient of `y` (b, t, width), without padding, from that of what was pooled."""
    if kind == "each":
        return d
    d_y = np.zeros_like(y)
    if kind == "mean":
        d_y += d[:, None] / y.shape[1]
    elif kind == "max":
        np.put_along_axis(d_y, y.argmax(axis=1)[:, None], d[:, None], axis=1)
    else:
        half = y.shape[2] // 2 if bidirectional else y.shape[2]
        d_y[:, -1, :half] = d[:, :half]
        d_y[:, 0, half:] += d[:, half:]
    return d_y
