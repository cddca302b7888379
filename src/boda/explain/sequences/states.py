"""Turns a pass over a specimen into heat maps: the hidden states of the top layer, and its gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boda.explain.sequences.specimen import Network, Specimen

MOST_STEPS = 100
MOST_UNITS = 64
MOST_GATE_UNITS = 16
GATES = ("i", "f", "o", "z", "r")  # what is between 0 and 1; "c" is a memory or a candidate


def states(network: Network, specimen: Specimen) -> dict[str, Any]:
    """The top layer's states on the first 100 steps of `specimen`, as JSON.

    Returns:
        `name`, `tokens`, `units`: the at most 64 units that vary most, in their own order, `h`: their states, a list a
        unit, and `gates`: by name `mean`, (t,) over all units, and `units`, a list for each of the at most 16 that
        vary most, which `gate_units` names. Numbers have three decimals.
    """
    short = specimen.cut(MOST_STEPS)
    layer = top_layer(network, short.inputs)
    units = liveliest(layer["h"], MOST_UNITS)
    few = liveliest(layer["h"], MOST_GATE_UNITS)
    gates = {name: _gate(layer[name], few) for name in GATES if name in layer}
    return {
        **short.described,
        "tokens": list(short.tokens),
        "steps": len(short),
        "width": int(layer["h"].shape[1]),
        "units": units.tolist(),
        "h": rounded(layer["h"][:, units].T),
        "gate_units": few.tolist() if gates else [],
        "gates": gates,
    }


def top_layer(network: Network, inputs: np.ndarray) -> Mapping[str, np.ndarray]:
    """What the top layer did on one sequence: "h" and gates by name, (t, units) each."""
    passed = network.run(inputs[None], record=True)
    return {name: np.asarray(values)[0] for name, values in passed.layers[-1].items() if values is not None}


def liveliest(h: np.ndarray, most: int) -> np.ndarray:
    """The at most `most` units of (t, units) states whose variance is largest, in their own order."""
    return np.sort(np.argsort(-h.var(axis=0), kind="stable")[:most])


def rounded(values: np.ndarray, digits: int = 3) -> Any:
    """Nested lists with so many decimals, and no negative zero."""
    return (np.round(np.asarray(values, np.float64), digits) + 0.0).tolist()


def _gate(values: np.ndarray, units: np.ndarray) -> dict[str, Any]:
    shown = units[units < values.shape[1]]
    return {"mean": rounded(values.mean(axis=1)), "units": rounded(values[:, shown].T)}
