"""Turns a plan into the weights that it would begin with, by Keras's usual initialisation, without Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boda.explain.sequences.specimen import Network

CELLS = ("rnn", "gru", "lstm", "mingru")
GATES = {"rnn": 1, "gru": 3, "lstm": 4, "mingru": 2}


def fresh_network(plan: Mapping[str, Any], rng: np.random.Generator) -> Network:
    """A network that has learned nothing yet."""
    from boda.models.sequence_plan import Plan
    from boda.models.step import Recurrent

    return Recurrent(Plan.from_json(dict(plan)), fresh_weights(plan, rng))


def plan_of(plan: Mapping[str, Any], cell: str | None = None) -> dict[str, Any]:
    """The same network without a decoder; with `cell`, of other cells that read from one end, answering at the end.

    >>> layer = {"cell": "lstm", "units": 8, "bidirectional": True}
    >>> plan_of({"layers": [layer], "head": {"kind": "each", "outputs": 5}}, "gru")["layers"]
    [{'cell': 'gru', 'units': 8, 'bidirectional': False}]
    """
    head = plan.get("head") or {"kind": "last", "outputs": 1}
    if cell is None:
        return {**plan, "head": head, "decoder": None}
    layers = [{**layer, "cell": cell, "bidirectional": False} for layer in plan["layers"]]
    return {**plan, "layers": layers, "head": {**head, "kind": "last"}, "decoder": None}


def fresh_weights(plan: Mapping[str, Any], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The weights by name, float32; encoder and head, not a decoder.

    Kernels are Glorot's uniform (Glorot and Bengio 2010), recurrent kernels orthogonal (Saxe et al., arXiv 1312.6120),
    biases 0 but for the LSTM's forget gate, which begins open at 1 (Jozefowicz et al. 2015), embeddings uniform within
    0.05: all as Keras does.
    """
    given = plan["input"]
    width = given["size"]
    weights: dict[str, np.ndarray] = {}
    if given["kind"] == "ids" and given.get("embedding"):
        weights["embedding"] = rng.uniform(-0.05, 0.05, (given["size"], given["embedding"]))
        width = given["embedding"]
    for nth, layer in enumerate(plan["layers"]):
        units = layer["units"]
        for way in ("forward", "backward")[: 1 + bool(layer.get("bidirectional"))]:
            cell = _cell(layer["cell"], width, units, rng)
            weights.update({f"layer{nth}/{way}/{name}": values for name, values in cell.items()})
        width = units * (1 + bool(layer.get("bidirectional")))
        if layer.get("layer_norm"):
            weights.update({f"layer{nth}/norm/gamma": np.ones(width), f"layer{nth}/norm/beta": np.zeros(width)})
    outputs = plan["head"]["outputs"]
    weights.update({"head/kernel": glorot(width, outputs, rng), "head/bias": np.zeros(outputs)})
    return {name: values.astype(np.float32) for name, values in weights.items()}


def glorot(rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """(rows, columns), uniform within sqrt(6 / (rows + columns))."""
    limit = np.sqrt(6 / (rows + columns))
    return rng.uniform(-limit, limit, (rows, columns))


def orthogonal(rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """(rows, columns) whose shorter side is orthonormal."""
    tall = rng.normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    return np.asarray(q if rows >= columns else q.T)


def _cell(cell: str, width: int, units: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    columns = GATES[cell] * units
    weights = {"kernel": glorot(width, columns, rng), "bias": np.zeros(columns)}
    if cell == "gru":
        weights["bias"] = np.zeros((2, columns))
    if cell == "lstm":
        weights["bias"][units : 2 * units] = 1.0
    if cell != "mingru":
        weights["recurrent_kernel"] = orthogonal(units, columns, rng)
    return weights
