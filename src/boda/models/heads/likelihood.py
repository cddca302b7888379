"""What each step of a sequence costs, in nats, by a network that says what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.models.padded import padded_batches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.models.step import Recurrent

STREAMS, LEAST = 16, 2000  # that a long sequence is read in at most, and the steps of one at least
WARM = 500  # steps that a stream reads before its own, so that its memory is full
PIECE = 128  # steps of all streams that go through the network at once, fewer where so many logits would fill memory
BATCH = 64  # sequences that do
MOST = 2**23  # logits at once


def step_nll(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(..., steps): the cross-entropy of ids, or the sum over keys of the Bernoulli's of frames.

        -log softmax(z)_y    or    sum_k log(1 + exp z_k) - z_k y_k

    Args:
        logits: (..., steps, outputs).
        targets: (..., steps) ids, or (..., steps, outputs) of 0 and 1.

    Example:
        >>> float(step_nll(np.zeros((1, 4)), np.array([2]))[0].round(4))
        1.3863
    """
    z = np.asarray(logits, np.float64)
    if np.ndim(targets) == z.ndim:
        return np.asarray((np.logaddexp(0.0, z) - z * targets).sum(axis=-1))
    top = z.max(axis=-1)
    whole = top + np.log(np.exp(z - top[..., None]).sum(axis=-1))
    return np.asarray(whole - np.take_along_axis(z, np.asarray(targets, np.int64)[..., None], axis=-1)[..., 0])


def nll_of_each(network: Recurrent, x: Sequence[Any], y: Sequence[Any]) -> list[np.ndarray]:
    """What each step of each sequence costs, (steps,) each; the logits of a few sequences at once are in memory.

    Args:
        network: with a head on each step.
        x: (steps,) ids or (steps, keys) frames each.
        y: (steps,) or (steps, keys) each, what the network is asked for.
    """
    found: dict[int, np.ndarray] = {}
    batch = max(1, min(BATCH, MOST // max(1, _outputs(network) * max(map(len, x), default=1))))
    for rows, some, lengths in padded_batches(x, network.plan.input, batch):
        outputs = network.run(some, lengths).outputs
        for row, output, length in zip(rows, outputs, lengths, strict=True):
            found[row] = step_nll(output[:length], y[row])
    return [found[row] for row in range(len(x))]


def nll_of_long(network: Recurrent, x: Any, y: Any) -> np.ndarray:
    """What each step of a long sequence costs, (steps,), read in streams side by side.

    Each stream but the first reads `WARM` steps before its own ones, which are not counted twice.

    Args:
        network: with a head on each step.
        x: (steps,) ids, or whatever gives them by slices.
        y: (steps,) what came next.
    """
    n = len(x)
    if not n:
        return np.zeros(0)
    streams = max(1, min(STREAMS, n // LEAST))
    own = -(-(n - WARM) // streams) if streams > 1 else n
    span = own + WARM if streams > 1 else n
    ends = np.minimum(span + own * np.arange(streams), n)
    costs = _read(network, x, y, ends - span, span)
    before = np.concatenate([[0], ends[:-1]])
    return np.concatenate(
        [row[len(row) - (end - start) :] for row, start, end in zip(costs, before, ends, strict=True)]
    )


def _read(network: Recurrent, x: Any, y: Any, starts: np.ndarray, span: int) -> np.ndarray:
    """(streams, span): the costs of `span` steps from each of `starts`, a slice at a time."""
    state, found = network.initial_state(len(starts)), []
    piece = max(1, min(PIECE, MOST // (len(starts) * _outputs(network))))
    for begin in range(0, span, piece):
        steps = min(piece, span - begin)
        some, next_ones = (
            np.stack([np.asarray(rows[start + begin : start + begin + steps]) for start in starts]) for rows in (x, y)
        )
        passed = network.run(some, [steps] * len(starts), state)
        state = passed.state
        found.append(step_nll(passed.outputs, next_ones))
    return np.concatenate(found, axis=1)


def _outputs(network: Recurrent) -> int:
    """Logits of a step."""
    return 1 if network.plan.head is None else network.plan.head.outputs
