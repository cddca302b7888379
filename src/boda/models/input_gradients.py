"""From a gradient of a network's outputs to what each step of a sequence has to do with it, without Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.errors import RunError
from boda.models.heads.pool import pool_gradient

if TYPE_CHECKING:
    from boda.models.step import Recurrent


@dataclass(frozen=True, eq=False)
class Gradients:
    """Of one sequence: `x` (t, d), of the embedded input, and for each layer (t, units), of its states through time."""

    x: np.ndarray
    states: tuple[np.ndarray, ...]


def gradients(network: Recurrent, sequence: np.ndarray, target: np.ndarray) -> Gradients:
    """The gradient of sum(outputs * target); see `Recurrent.gradients`."""
    head = network.plan.head
    if head is None:
        raise RunError("gradients: this network has a decoder; only the outputs of a head have a gradient here.")
    wanted = (len(sequence), head.outputs) if head.kind == "each" else (head.outputs,)
    if np.shape(target) != wanted:
        raise RunError(f"gradients: the target is {np.shape(target)}, but the outputs are {wanted}.")
    passes = network.passes(sequence)
    d_pooled = np.asarray(target, network.stack.dtype) @ network.weights["head/kernel"].T
    both_ends = network.plan.layers[-1].bidirectional
    d_y = pool_gradient(head.kind, passes[-1].outputs, d_pooled[None], bidirectional=both_ends)
    d_x, states = network.stack.back(passes, d_y)
    return Gradients(d_x[0], tuple(each[0] for each in states))


def saliency(network: Recurrent, sequence: np.ndarray, class_index: int, *, signed: bool) -> np.ndarray:
    """(t,); see `Recurrent.saliency`."""
    head = network.plan.head
    if head is not None and not 0 <= class_index < head.outputs:
        raise RunError(f"saliency: class_index is {class_index}, but the network has {head.outputs} outputs.")
    target = np.zeros(0 if head is None else head.outputs)
    target[class_index : class_index + 1] = 1
    if head is not None and head.kind == "each":
        target = np.concatenate([np.zeros((len(sequence) - 1, head.outputs)), target[None]])
    d_x = gradients(network, sequence, target).x
    if signed:
        return np.asarray((d_x * network.stack.embedded(np.asarray(sequence))).sum(axis=1))
    return np.asarray(np.linalg.norm(d_x, axis=1))


def gradient_reach(network: Recurrent, sequence: np.ndarray) -> np.ndarray:
    """(t,); see `Recurrent.gradient_reach`."""
    passes, top = network.passes(sequence), network.stack.layers[-1]
    y = passes[-1].outputs
    d_y = np.zeros_like(y)
    d_y[:, -1] = 1
    if network.plan.head is not None:
        kernel, bias = network.weights["head/kernel"], network.weights["head/bias"]
        d_y[:, -1] = kernel[:, int(np.argmax(y[0, -1] @ kernel + bias))]
    _, d_h = top.back(passes[-1], d_y)
    return np.asarray(np.linalg.norm(d_h[0, :, : top.ways[0].units], axis=1))
