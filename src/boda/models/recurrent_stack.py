"""Ids or numbers through a stack of recurrent layers: embedding, cells in one or both directions, norm and residual."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from boda.errors import RunError
from boda.models.recurrence import CELLS, CellWeights, Pass, States, pass_over
from boda.models.recurrence_gradient import backward

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from boda.models.sequence_plan import Input, Layer

EPSILON = 1e-3  # of Keras's LayerNormalization
MOST_TABLE = 1 << 22  # 16 MB of rows that are looked up instead of multiplied

State = tuple[States, ...]


@dataclass(frozen=True, eq=False)
class LayerPass:
    """What a layer did: its inputs (None where nobody needs them), a pass a direction, h (b, t, w) and its outputs."""

    x: np.ndarray | None
    passes: tuple[Pass, ...]
    h: np.ndarray
    outputs: np.ndarray

    @property
    def state(self) -> States:
        """After the last step; of a bidirectional layer those of both directions, as Keras gives them."""
        return tuple(values for passed in self.passes for values in passed.state)

    @property
    def recorded(self) -> dict[str, np.ndarray]:
        """By name (b, t, w): "h", of an LSTM "c", the gates, and the layer's "outputs"; backward units come last."""
        ways = [_turned(passed.kept, nth) for nth, passed in enumerate(self.passes)]
        joined = {name: np.concatenate([way[name] for way in ways], axis=-1) for name in ways[0]}
        return {**joined, "outputs": self.outputs}


@dataclass(frozen=True, eq=False)
class StackLayer:
    """One layer with its weights: y = norm(cell(x)) + x, of which norm and x may be absent."""

    ways: tuple[CellWeights, ...]
    norm: tuple[np.ndarray, np.ndarray] | None
    residual: bool

    @classmethod
    def of(cls, layer: Layer, width: int, weights: Mapping[str, np.ndarray], place: str) -> StackLayer:
        """The layer at `place` of `weights`, which reads `width` numbers a step."""
        ways = tuple(_cell(layer.cell, weights, f"{place}/{way}") for way in layer.ways)
        norm = (weights[f"{place}/norm/gamma"], weights[f"{place}/norm/beta"]) if layer.layer_norm else None
        return cls(ways, norm, layer.residual and layer.width == width)

    def step(self, projected: np.ndarray, x: np.ndarray | None, state: States) -> tuple[np.ndarray, States]:
        """One step forward: outputs (b, units) and the state after it."""
        way = self.ways[0]
        after, _ = CELLS[way.cell].step(projected, state, way.ready)
        return self.finish(after[0], x), after

    def run(
        self,
        projected: Sequence[np.ndarray],
        x: np.ndarray | None,
        mask: np.ndarray | None,
        state: States | None,
        *,
        record: bool,
    ) -> LayerPass:
        """All steps, in each direction with its own `projected` (b, t, g u)."""
        passes = []
        for nth, way in enumerate(self.ways):
            turn = _order(nth)
            turned = None if mask is None else mask[:, turn]
            passes.append(pass_over(way, projected[nth][:, turn], mask=turned, state=state, record=record))
        h = np.concatenate([passed.h[:, _order(nth)] for nth, passed in enumerate(passes)], axis=-1)
        return LayerPass(x, tuple(passes), h, self.finish(h, x))

    def finish(self, h: np.ndarray, x: np.ndarray | None) -> np.ndarray:
        """What follows the cell: norm, and the layer's input on top."""
        if self.norm is not None:
            gamma, beta = self.norm
            h = _normalised(h)[0] * gamma + beta
        return h + x if self.residual and x is not None else h

    def back(self, passed: LayerPass, d_outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradients of a recorded pass: of its inputs (b, t, d), and of its states (b, t, w), by way of time."""
        if passed.x is None:
            raise RunError("The way back needs a recorded pass: give record=True.")
        d_h = d_outputs if self.norm is None else _normalised_back(passed.h, d_outputs * self.norm[0])
        d_x = d_outputs.copy() if self.residual else np.zeros_like(passed.x)
        totals = []
        for nth, (way, each) in enumerate(zip(self.ways, passed.passes, strict=True)):
            turn, units = _order(nth), slice(nth * way.units, (nth + 1) * way.units)
            found = backward(way, passed.x[:, turn], each, d_h[:, turn, units])
            d_x += found.x[:, turn]
            totals.append(found.h[:, turn])
        return d_x, np.concatenate(totals, axis=-1)


@dataclass(frozen=True, eq=False)
class Stack:
    """The layers of a network up to its head."""

    first: Input
    embedding: np.ndarray | None
    layers: tuple[StackLayer, ...]

    @classmethod
    def of(cls, first: Input, layers: Sequence[Layer], weights: Mapping[str, np.ndarray], prefix: str = "") -> Stack:
        """The stack whose arrays' names begin with `prefix`."""
        widths = [first.width, *(layer.width for layer in layers)]
        made = [StackLayer.of(layer, widths[nth], weights, f"{prefix}layer{nth}") for nth, layer in enumerate(layers)]
        return cls(first, weights.get(f"{prefix}embedding"), tuple(made))

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """What everything is computed in."""
        return self.layers[0].ways[0].dtype

    @property
    def bidirectional(self) -> bool:
        """Whether a layer reads from both ends."""
        return any(len(layer.ways) > 1 for layer in self.layers)

    def initial_state(self, batch: int) -> State:
        """Zeros, a tuple of (batch, units) for each layer."""
        return tuple(layer.ways[0].initial_state(batch) for layer in self.layers)

    def step(self, x: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        """One step of (b,) ids or (b, c) numbers: the top layer's outputs (b, units) and the state after it."""
        y = self.embedded(x) if self.layers[0].residual else None
        projected = self._looked_up(x)[0]
        after: list[States] = []
        for layer, held in zip(self.layers, state, strict=True):
            if after and y is not None:
                projected = layer.ways[0].project(y)
            y, new = layer.step(projected, y, held)
            after.append(new)
        return np.asarray(y), tuple(after)

    def run(
        self, x: np.ndarray, mask: np.ndarray | None = None, state: State | None = None, *, record: bool = False
    ) -> list[LayerPass]:
        """A pass for each layer, over (b, t) ids or (b, t, c) numbers."""
        passes: list[LayerPass] = []
        for nth, layer in enumerate(self.layers):
            if nth == 0:
                y = self.embedded(x) if record or layer.residual else None
                projected = self._looked_up(x)
            else:
                y = passes[-1].outputs
                projected = [way.project(y) for way in layer.ways]
            held = None if state is None else state[nth]
            passes.append(layer.run(projected, y, mask, held, record=record))
        return passes

    def back(self, passes: Sequence[LayerPass], d_outputs: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """From the gradient of the top's outputs (b, t, w) to that of the embedded input and of each layer's states."""
        states = []
        for layer, passed in zip(reversed(self.layers), reversed(passes), strict=True):
            d_outputs, d_h = layer.back(passed, d_outputs)
            states.append(d_h)
        return d_outputs, states[::-1]

    def embedded(self, x: np.ndarray) -> np.ndarray:
        """The numbers that the first layer reads, (..., width): rows of the embedding, one-hot, or x itself."""
        if self.first.kind == "numbers":
            return np.asarray(x, self.dtype)
        if self.embedding is not None:
            return self.embedding[x]
        hot = np.zeros((*x.shape, self.first.size), self.dtype)
        np.put_along_axis(hot, x[..., None], 1, axis=-1)
        return hot

    def _looked_up(self, x: np.ndarray) -> list[np.ndarray]:
        """X W + b of the first layer's directions; of ids a row of a table, where that is not too large."""
        if self._tables is not None:
            return [table[x] for table in self._tables]
        rows = self.embedded(x)
        return [way.project(rows) for way in self.layers[0].ways]

    @cached_property
    def _tables(self) -> tuple[np.ndarray, ...] | None:
        """For each id what the first layer makes of it, (size, g u) a direction."""
        ways = self.layers[0].ways
        if self.first.kind == "numbers":
            return None
        if self.embedding is None:
            return tuple(way.ready.kernel + way.ready.bias for way in ways)
        small = self.first.size * ways[0].kernel.shape[1] <= MOST_TABLE
        return tuple(way.project(self.embedding) for way in ways) if small else None


def _cell(cell: str, weights: Mapping[str, np.ndarray], place: str) -> CellWeights:
    return CellWeights(
        cell, weights[f"{place}/kernel"], weights[f"{place}/bias"], weights.get(f"{place}/recurrent_kernel")
    )


def _order(nth: int) -> slice:
    """Of the steps: forward for the first direction, backward for the second."""
    return slice(None, None, -1 if nth else 1)


def _turned(kept: Mapping[str, np.ndarray], nth: int) -> dict[str, np.ndarray]:
    return {name: values[:, _order(nth)] for name, values in kept.items()}


def _normalised(h: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean 0 and variance 1 over the last axis (Ba et al., arXiv 1607.06450), and the factor that does it."""
    centred = h - h.mean(axis=-1, keepdims=True)
    factor = 1 / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
    return centred * factor, factor


def _normalised_back(h: np.ndarray, d: np.ndarray) -> np.ndarray:
    n, factor = _normalised(h)
    return factor * (d - d.mean(axis=-1, keepdims=True) - n * (d * n).mean(axis=-1, keepdims=True))
