"""Backpropagation through time by hand: from gradients of a cell's states to those of its inputs, weights and past.

Werbos (1990); each cell's equations are those of `recurrence`, differentiated. No Keras, so a Run can show how far a
gradient reaches on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.errors import RunError
from boda.models.recurrence import CELLS, CellWeights, Pass, States

if TYPE_CHECKING:
    from collections.abc import Callable

Step = dict[str, np.ndarray]
Back = tuple[np.ndarray, np.ndarray, States]


@dataclass(frozen=True, eq=False)
class CellGradients:
    """Gradients of a loss, each of the shape of what it belongs to.

    `h` is (b, t, u): dL/dh_t with all that comes by way of later steps, whose norm shows how far back a loss reaches.
    """

    x: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray
    recurrent: np.ndarray | None
    state: States
    h: np.ndarray


def backward(
    weights: CellWeights, x: np.ndarray, passed: Pass, d_h: np.ndarray, d_state: States | None = None
) -> CellGradients:
    """The way back through a pass.

    Args:
        weights: of the cell.
        x: (b, t, in), the inputs of the pass.
        passed: what `pass_over(..., record=True)` gave.
        d_h: (b, t, u), the gradient of the loss that comes to each step's state directly.
        d_state: the gradient of the final states, (b, u) each; zeros by default.

    Raises:
        RunError: the pass was not recorded.
    """
    if not passed.kept:
        raise RunError("The way back needs a recorded pass: give record=True.")
    steps = d_h.shape[1]
    previous = _previous(weights, passed)
    inner = _inner(weights, previous["h"])
    carried = weights.initial_state(len(d_h)) if d_state is None else d_state
    of_input, of_state, totals = [np.empty((0,))] * steps, [np.empty((0,))] * steps, np.empty_like(passed.h)
    for t in reversed(range(steps)):
        coming = (carried[0] + d_h[:, t], *carried[1:])
        totals[:, t] = coming[0]
        now = {name: values[:, t] for name, values in {**passed.kept, **inner}.items()}
        before = {f"{name}_before": values[:, t] for name, values in previous.items()}
        of_input[t], of_state[t], carried = BACK[weights.cell]({**now, **before}, coming, weights)
        if passed.mask is not None:
            valid = passed.mask[:, t, None]
            of_input[t], of_state[t] = of_input[t] * valid, of_state[t] * valid
            carried = tuple(np.where(valid, new, old) for new, old in zip(carried, coming, strict=True))
    by_input, by_state = np.stack(of_input, axis=1), np.stack(of_state, axis=1)
    bias = by_input.sum(axis=(0, 1))
    return CellGradients(
        x=by_input @ weights.kernel.T,
        kernel=_outer(x, by_input),
        bias=np.stack([bias, by_state.sum(axis=(0, 1))]) if weights.cell == "gru" else bias,
        recurrent=None if weights.recurrent is None else _outer(previous["h"], by_state),
        state=carried,
        h=totals,
    )


def _lstm_back(now: Step, coming: States, weights: CellWeights) -> Back:
    i, f, g, o = (now[name] for name in ("i", "f", "candidate", "o"))
    d_h, d_c = coming
    squashed = np.tanh(now["c"])
    d_c = d_c + d_h * o * (1 - squashed**2)
    d_z = np.concatenate(
        [
            d_c * g * i * (1 - i),
            d_c * now["c_before"] * f * (1 - f),
            d_c * i * (1 - g**2),
            d_h * squashed * o * (1 - o),
        ],
        axis=1,
    )
    return d_z, d_z, (_through(d_z, weights), d_c * f)


def _gru_back(now: Step, coming: States, weights: CellWeights) -> Back:
    z, r, candidate = now["z"], now["r"], now["candidate"]
    (d_h,) = coming
    d_candidate = d_h * (1 - z) * (1 - candidate**2)
    d_z = d_h * (now["h_before"] - candidate) * z * (1 - z)
    d_r = d_candidate * now["inner"] * r * (1 - r)
    of_state = np.concatenate([d_z, d_r, d_candidate * r], axis=1)
    return np.concatenate([d_z, d_r, d_candidate], axis=1), of_state, (d_h * z + _through(of_state, weights),)


def _rnn_back(now: Step, coming: States, weights: CellWeights) -> Back:
    d_z = coming[0] * (1 - now["h"] ** 2)
    return d_z, d_z, (_through(d_z, weights),)


def _mingru_back(now: Step, coming: States, weights: CellWeights) -> Back:
    del weights
    z, (d_h,) = now["z"], coming
    d_z = np.concatenate([d_h * (now["candidate"] - now["h_before"]) * z * (1 - z), d_h * z], axis=1)
    return d_z, d_z, (d_h * (1 - z),)


BACK: dict[str, Callable[[Step, States, CellWeights], Back]] = {
    "lstm": _lstm_back,
    "gru": _gru_back,
    "rnn": _rnn_back,
    "mingru": _mingru_back,
}


def _previous(weights: CellWeights, passed: Pass) -> Step:
    """The states that each step began with, (b, t, u) by name."""
    pairs = zip(CELLS[weights.cell].states, passed.before, strict=True)
    return {name: np.concatenate([first[:, None], passed.kept[name][:, :-1]], axis=1) for name, first in pairs}


def _inner(weights: CellWeights, h_before: np.ndarray) -> Step:
    """A GRU's h_{t-1} U_h + b', which its reset gate multiplies."""
    if weights.cell != "gru" or weights.recurrent is None:
        return {}
    u = weights.units
    return {"inner": h_before @ weights.recurrent[:, 2 * u :] + weights.bias[1, 2 * u :]}


def _through(d_z: np.ndarray, weights: CellWeights) -> np.ndarray:
    return d_z @ weights.recurrent.T if weights.recurrent is not None else np.zeros((len(d_z), weights.units))


def _outer(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The sum over batch and steps of the outer products, (in, out)."""
    return left.reshape(-1, left.shape[-1]).T @ right.reshape(-1, right.shape[-1])
