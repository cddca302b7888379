"""Shows how far back a gradient reaches: in the trained network, and in fresh ones of every cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.explain.sequences.fresh import CELLS, fresh_network, plan_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from boda.explain.sequences.specimen import Network, Specimen

MOST_STEPS = 100
TRIALS = 3  # fresh networks a cell, of which the median is told
FADED = 0.01  # of the strongest


def reach(
    network: Network,
    specimen: Specimen,
    *,
    seed: int = 0,
    trials: int = TRIALS,
    make: Callable[[Mapping[str, Any], np.random.Generator], Network] | None = None,
) -> dict[str, Any]:
    """The norm of the gradient of the last step's output that reaches the state of each step back, as JSON.

    Where it falls by a constant factor a step, what lay far back teaches nothing: the vanishing gradient (Hochreiter
    1991; Bengio, Simard and Frasconi 1994). Beside the trained network stand fresh ones of each cell with Keras's usual
    initialisation and as many units, on the same sequence: the median of `trials` seeds.

    Args:
        network: the trained one.
        specimen: of which the last 100 steps are taken.
        seed: of the fresh networks.
        trials: how many fresh networks of each cell.
        make: a fresh network from a plan; `fresh_network` by default.

    Returns:
        `steps`, `own`: {"cell", "norms", "faded"}, and `fresh`: such a dict a cell. `norms` begin at the last step and
        are divided by the norm there; `faded` is after how many steps they stay below 1 % of it, None where they never
        do.
    """
    plan = network.plan.to_json()
    inputs = specimen.inputs[-MOST_STEPS:]
    if len(inputs) < 2:
        return {}
    rng = np.random.default_rng(seed)
    built = fresh_network if make is None else make
    fresh = []
    for cell in CELLS:
        norms = [back(built(plan_of(plan, cell), rng), inputs) for _ in range(trials)]
        fresh.append({"cell": cell, **_told(np.median(norms, axis=0))})
    own = {"cell": plan["layers"][-1]["cell"], **_told(back(network, inputs))}
    return {"steps": len(inputs), "name": specimen.name, "own": own, "fresh": fresh}


def back(network: Network, inputs: np.ndarray) -> np.ndarray:
    """(t,) norms of the gradient by steps back from the last one, divided by the norm at the last one."""
    norms = np.asarray(network.gradient_reach(inputs), dtype=np.float64)[::-1]
    return norms / max(norms[0], np.finfo(np.float64).tiny)


def faded(norms: Sequence[float] | np.ndarray) -> int | None:
    """After how many steps the norms stay below 1 % of the first; None where the last one does not.

    Example:
        >>> faded([1.0, 0.5, 0.02, 0.009, 0.001]), faded([1.0, 0.5])
        (3, None)
    """
    above = np.flatnonzero(np.asarray(norms) >= FADED * norms[0])
    after = int(above[-1]) + 1 if len(above) else 0
    return None if after >= len(norms) else after


def _told(norms: np.ndarray) -> dict[str, Any]:
    return {"norms": [float(f"{norm:.3g}") for norm in norms], "faded": faded(norms)}
