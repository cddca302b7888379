"""Looks inside a trained network of sequences: what inside.json holds, from which the report is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.explain.sequences.fresh import fresh_network, plan_of
from boda.explain.sequences.reach import reach
from boda.explain.sequences.states import rounded, states
from boda.explain.sequences.units import units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from boda.explain.sequences.specimen import Network, Specimen

MOST_STATES = 3
MOST_SALIENT = 3  # of the right answers, and of the wrong ones
MOST_TOKENS = 400


def inspect(
    network: Network,
    samples: Sequence[Specimen],
    *,
    longer: Sequence[Specimen] = (),
    season: int = 0,
    seed: int = 0,
    attention: Sequence[Mapping[str, Any]] = (),
    generated: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything that is worth seeing inside `network`, as JSON; keys without content are left out.

    Args:
        network: `boda.models.step.Recurrent`, or whatever has its `run`, `saliency` and `gradient_reach`.
        samples: a few sequences of the validation part; the three longest have their states drawn, and of those with
            `confidence` the surest right and wrong ones their saliency.
        longer: sequences for looking what single units follow; some thousand steps are plenty. `samples` by default.
        season: the period of a series, steps.
        seed: of the fresh networks beside which the trained one stands.
        attention: of pairs, dicts of `source` and `answer`, tokens, and `weights` (answer, source).
        generated: of music, what `rolls` gives.
    """
    some = [one for one in samples if len(one)]
    fresh = fresh_network(plan_of(network.plan.to_json()), np.random.default_rng(seed))
    found = {
        "states": [states(network, one) for one in sorted(some, key=len, reverse=True)[:MOST_STATES]],
        "units": units(network, longer or some, season=season, fresh=fresh),
        "reach": reach(network, max([*longer, *some], key=len), seed=seed) if some else {},
        "saliency": saliency(network, some),
        "attention": [{**one, "weights": rounded(one["weights"])} for one in attention],
        "generated": dict(generated or {}),
    }
    return {key: value for key, value in found.items() if value}


def saliency(network: Network, samples: Sequence[Specimen], most: int = MOST_SALIENT) -> list[dict[str, Any]]:
    """How strongly each token moves the logit of the answer, for the surest right and the surest wrong answers.

    The norm of the gradient with respect to the embedded token (Simonyan et al., arXiv 1312.6034; Li et al.,
    arXiv 1506.01066), divided by the largest of its sequence.
    """
    asked = sorted(
        (one for one in samples if one.confidence is not None and one.class_index is not None),
        key=lambda one: -(one.confidence or 0.0),
    )
    right = [one for one in asked if one.answer == one.truth][:most]
    wrong = [one for one in asked if one.answer != one.truth][:most]
    return [_salient(network, one) for one in (*right, *wrong)]


def rolls(truth: np.ndarray, generated: np.ndarray, *, prompt: int = 0, name: str = "") -> dict[str, Any]:
    """Two rolls (t, keys) of 0 and 1 as the numbers of the keys that sound at each step, as JSON.

    Args:
        truth: the piece as it is.
        generated: what the network made of its first `prompt` steps, which it begins with.
        prompt: steps that were given.
        name: of the piece.
    """
    each = {"truth": truth, "generated": generated}
    sounding = {key: [np.flatnonzero(frame > 0.5).tolist() for frame in roll] for key, roll in each.items()}
    return {"name": name, "prompt": int(prompt), **sounding}


def _salient(network: Network, specimen: Specimen) -> dict[str, Any]:
    found = network.saliency(specimen.inputs, int(specimen.class_index or 0))
    norms = np.abs(np.asarray(found[0] if isinstance(found, tuple) else found, np.float64))[:MOST_TOKENS]
    values = rounded(norms / max(float(norms.max(initial=0.0)), np.finfo(np.float64).tiny))
    right = specimen.answer == specimen.truth
    return {**specimen.described, "right": right, "tokens": list(specimen.tokens[:MOST_TOKENS]), "values": values}
