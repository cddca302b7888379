"""The half of a network of pairs that writes: a memory of the source in, logits of the next token out.

Attention is Luong et al.'s "general" (arXiv 1508.04025): score_ij = (s_i W) . e_j, softmax over the source's steps,
context_i = sum_j a_ij e_j, tanh of a dense layer on [s_i, context_i].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.models.recurrent_stack import Stack, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boda.models.sequence_plan import Plan

NEVER = -1e9  # a score that leaves no weight, and no NaN where a source is empty

Dense = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Memory:
    """What the encoder has read: outputs (b, s, width), mask (b, s) of its valid steps, final (b, width), its top h."""

    outputs: np.ndarray
    mask: np.ndarray
    final: np.ndarray

    def take(self, rows: np.ndarray) -> Memory:
        """The memory of some of the sources, one as often as it is listed."""
        return Memory(self.outputs[rows], self.mask[rows], self.final[rows])


@dataclass(frozen=True, eq=False)
class Writer:
    """A decoder with its weights."""

    stack: Stack
    bridges: tuple[tuple[Dense, ...], ...]
    attention: np.ndarray | None
    combine: Dense | None
    head: Dense

    @classmethod
    def of(cls, plan: Plan, weights: Mapping[str, np.ndarray]) -> Writer | None:
        """The decoder of a network; None where it has none."""
        decoder = plan.decoder
        if decoder is None:
            return None
        bridges = tuple(
            tuple(_dense(weights, f"decoder/bridge{nth}/{name}") for name in ("hc" if layer.cell == "lstm" else "h"))
            for nth, layer in enumerate(decoder.layers)
        )
        return cls(
            stack=Stack.of(decoder.input, decoder.layers, weights, "decoder/"),
            bridges=bridges,
            attention=weights.get("decoder/attention/kernel"),
            combine=_dense(weights, "decoder/combine") if decoder.attention else None,
            head=_dense(weights, "decoder/head"),
        )

    def first_state(self, memory: Memory) -> State:
        """Each layer's states before the first token: tanh of a dense layer on the encoder's top final h."""
        return tuple(
            tuple(np.tanh(memory.final @ kernel + bias) for kernel, bias in bridges) for bridges in self.bridges
        )

    def step(self, ids: np.ndarray, state: State, memory: Memory) -> tuple[np.ndarray, State, np.ndarray | None]:
        """Read the token before, (b,); give logits (b, outputs), the state, and attention (b, s) where there is any."""
        y, state = self.stack.step(ids, state)
        weight = None
        if self.attention is not None and self.combine is not None:
            weight = _attend(y @ self.attention, memory)
            context = (weight[:, None] @ memory.outputs)[:, 0]
            kernel, bias = self.combine
            y = np.tanh(np.concatenate([y, context], axis=1) @ kernel + bias)
        kernel, bias = self.head
        return y @ kernel + bias, state, weight


def _attend(query: np.ndarray, memory: Memory) -> np.ndarray:
    scores = (memory.outputs @ query[:, :, None])[:, :, 0]
    scores = np.where(memory.mask, scores, scores.dtype.type(NEVER))
    weight = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _dense(weights: Mapping[str, np.ndarray], name: str) -> Dense:
    return weights[f"{name}/kernel"], weights[f"{name}/bias"]
