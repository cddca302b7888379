"""The four recurrent cells in NumPy: one step, and a pass over whole sequences with all that happened on the way.

Weights stand in Keras's own layout and order of gates. A step takes what the input has become, x W + b, so that the
products of a whole sequence are one; `recurrence_gradient` goes the way back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

States = tuple[np.ndarray, ...]
Gates = tuple[np.ndarray, ...]


class Ready(NamedTuple):
    """Weights whose columns of sigmoids are halved, and what turns tanh into the gates: gate = tanh(z) scale + shift.

    sigmoid(z) = (1 + tanh(z / 2)) / 2 never overflows, and one tanh serves all gates of a step.
    """

    kernel: np.ndarray
    bias: np.ndarray
    recurrent: np.ndarray
    recurrent_bias: np.ndarray
    scale: np.ndarray
    shift: np.ndarray


@dataclass(frozen=True, eq=False)
class CellWeights:
    """One cell's arrays as Keras has them: kernel (in, g u), bias (g u,), of a GRU (2, g u), recurrent (u, g u)."""

    cell: str
    kernel: np.ndarray
    bias: np.ndarray
    recurrent: np.ndarray | None = None

    @property
    def units(self) -> int:
        """How many numbers a state has."""
        return self.kernel.shape[1] // len(CELLS[self.cell].sigmoids)

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """What everything is computed in."""
        return self.kernel.dtype

    @cached_property
    def ready(self) -> Ready:
        """The weights as `Cell.step` takes them."""
        sigmoids = np.repeat(CELLS[self.cell].sigmoids, self.units)
        scale = np.where(sigmoids, 0.5, 1.0).astype(self.dtype)
        shift = np.where(sigmoids, 0.5, 0.0).astype(self.dtype)
        bias, recurrent_bias = self.bias if self.cell == "gru" else (self.bias, np.zeros_like(self.bias))
        recurrent = np.zeros((0, len(scale)), self.dtype) if self.recurrent is None else self.recurrent
        return Ready(self.kernel * scale, bias * scale, recurrent * scale, recurrent_bias * scale, scale, shift)

    def project(self, x: np.ndarray) -> np.ndarray:
        """X W + b of inputs (..., in), as `Cell.step` takes it."""
        return x @ self.ready.kernel + self.ready.bias

    def initial_state(self, batch: int) -> States:
        """Zeros, (batch, units) each."""
        return tuple(np.zeros((batch, self.units), self.dtype) for _ in CELLS[self.cell].states)


def lstm_step(projected: np.ndarray, state: States, ready: Ready) -> tuple[States, Gates]:
    """Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).

    c_t = f c_{t-1} + i g,  h_t = o tanh(c_t); the gates i, f, o are sigmoids, the candidate g is a tanh.
    """
    h, c = state
    z = h @ ready.recurrent
    z += projected
    np.tanh(z, out=z)
    z *= ready.scale
    z += ready.shift
    u = h.shape[1]
    i, f, g, o = z[:, :u], z[:, u : 2 * u], z[:, 2 * u : 3 * u], z[:, 3 * u :]
    c = f * c
    c += i * g
    h = np.tanh(c)
    h *= o
    return (h, c), (i, f, g, o)


def gru_step(projected: np.ndarray, state: States, ready: Ready) -> tuple[States, Gates]:
    """Gated recurrent unit (Cho et al., arXiv 1406.1078) in Keras's variant that resets after the product.

    h~ = tanh(x W_h + b + r (h_{t-1} U_h + b')),  h_t = z h_{t-1} + (1 - z) h~; the gates z and r are sigmoids.
    """
    (h,) = state
    inner = h @ ready.recurrent
    inner += ready.recurrent_bias
    u = h.shape[1]
    gates = inner[:, : 2 * u] + projected[:, : 2 * u]
    np.tanh(gates, out=gates)
    gates *= 0.5
    gates += 0.5
    z, r = gates[:, :u], gates[:, u:]
    candidate = r * inner[:, 2 * u :]
    candidate += projected[:, 2 * u :]
    np.tanh(candidate, out=candidate)
    return (candidate + z * (h - candidate),), (z, r, candidate)


def rnn_step(projected: np.ndarray, state: States, ready: Ready) -> tuple[States, Gates]:
    """The simple recurrent network (Elman 1990): h_t = tanh(x W + b + h_{t-1} U)."""
    h = state[0] @ ready.recurrent
    h += projected
    np.tanh(h, out=h)
    return (h,), ()


def mingru_step(projected: np.ndarray, state: States, ready: Ready) -> tuple[States, Gates]:
    """MinGRU (Feng et al., arXiv 2410.01201): h_t = (1 - z) h_{t-1} + z h~, where z and h~ see the input alone."""
    del ready
    (h,) = state
    u = h.shape[1]
    z = np.tanh(projected[:, :u])
    z *= 0.5
    z += 0.5
    candidate = projected[:, u:]
    return (h + z * (candidate - h),), (z, candidate)


class Cell(NamedTuple):
    """A cell: which of its columns are sigmoids, the names of its states and gates, and its step."""

    sigmoids: tuple[bool, ...]
    states: tuple[str, ...]
    gates: tuple[str, ...]
    step: Callable[[np.ndarray, States, Ready], tuple[States, Gates]]


CELLS = {
    "lstm": Cell((True, True, False, True), ("h", "c"), ("i", "f", "candidate", "o"), lstm_step),
    "gru": Cell((True, True, False), ("h",), ("z", "r", "candidate"), gru_step),
    "rnn": Cell((False,), ("h",), (), rnn_step),
    "mingru": Cell((True, False), ("h",), ("z", "candidate"), mingru_step),
}


@dataclass(frozen=True, eq=False)
class Pass:
    """What a cell did on a batch.

    Attributes:
        h: (b, t, u), the states; on masked steps the one before is held.
        state: after the last step, (b, u) each.
        before: the state that it began with.
        kept: by name (b, t, u): "h", of an LSTM "c", and the gates; empty where nothing was to be kept.
        mask: (b, t), True on valid steps, or None where all are.
    """

    h: np.ndarray
    state: States
    before: States
    kept: dict[str, np.ndarray]
    mask: np.ndarray | None = None


def pass_over(
    weights: CellWeights,
    projected: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    state: States | None = None,
    record: bool = False,
) -> Pass:
    """All steps of a batch.

    Args:
        weights: of the cell.
        projected: (b, t, g u), what `CellWeights.project` made of the inputs.
        mask: (b, t), False where a step is padding, which leaves the state as it is; None is all True.
        state: to begin with, (b, u) each; zeros by default.
        record: keep all states and gates, which `recurrence_gradient` needs.
    """
    cell, ready = CELLS[weights.cell], weights.ready
    batch, steps, _ = projected.shape
    before = held = weights.initial_state(batch) if state is None else state
    names = (*cell.states, *cell.gates) if record else ("h",)
    kept = {name: np.empty((steps, batch, weights.units), weights.dtype) for name in names}
    valid = None if mask is None else mask.T[:, :, None]
    for t in range(steps):
        after, gates = cell.step(projected[:, t], held, ready)
        if valid is not None:
            after = tuple(np.where(valid[t], new, old) for new, old in zip(after, held, strict=True))
        held = after
        for name, values in zip(names, (*held, *gates), strict=False):
            kept[name][t] = values
    by_sequence = {name: values.swapaxes(0, 1) for name, values in kept.items()}
    return Pass(by_sequence["h"], held, before, by_sequence if record else {}, mask)
