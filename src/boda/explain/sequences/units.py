"""Turns states and features into single units that follow something: chosen on one half, measured on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.explain.sequences.features import WORDS, number_features, text_features
from boda.explain.sequences.states import rounded, top_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.explain.sequences.specimen import Network, Specimen

LEAST = 0.5  # |r| on the half that was not used for choosing
LEAST_CHANGES = 6  # so often a feature must change in each half, else one accident decides
LEAST_STEPS = 40
SAME = 0.99  # |r| of two features from which on they are one: of single lines, the line's length and the sequence's
SHOWN = 300  # steps of the coloured strip


def units(
    network: Network, specimens: Sequence[Specimen], *, season: int = 0, fresh: Network | None = None
) -> dict[str, Any]:
    """Which single units of the top layer follow something that a person can name, as JSON.

    The unit whose state correlates most with a feature is chosen on the first half of the steps (whole sequences where
    there are several); it is told only where on the second half |r| is above 0.5 with the same sign, and above that of
    a fresh network's best unit, chosen and measured alike. Choosing the best of many units always finds something; the
    second half shows whether it is there, the fresh network whether it was learned. After Karpathy et al.,
    arXiv 1506.02078, who looked for such units by eye.

    Args:
        network: the trained one.
        specimens: some thousand steps are plenty; fewer than 40 give {}.
        season: the period of a series, steps.
        fresh: the same network before training; None leaves the comparison out.

    Returns:
        `tried`: number of units, `chosen_on` and `measured_on`: steps, `looked_for`: features that occur often enough,
        `found`: a dict a feature with `feature`, `words`, `unit`, `r` (second half), `r_chosen`, `r_fresh`, and of the
        second half `tokens`, `states` and `starts`, the steps from 1 on at which another specimen begins; the highest
        |r| first.
    """
    whole = [one for one in specimens if len(one)]
    if sum(map(len, whole)) < LEAST_STEPS:
        return {}
    h = _states(network, whole)
    h_fresh = None if fresh is None else _states(fresh, whole)
    features = _joined([_features(one, season) for one in whole])
    half = _middle([len(one) for one in whole])
    asked = {name: values for name, values in features.items() if _varies(values[:half]) and _varies(values[half:])}
    asked = _apart(asked)
    found = [_follows(name, values, h, h_fresh, half) for name, values in asked.items()]
    told = sorted((one for one in found if one is not None), key=lambda one: -abs(one["r"]))
    tokens = [token for one in whole for token in one.tokens]
    starts = [int(end) - half for end in np.cumsum([len(one) for one in whole[:-1]]) if 0 < end - half < SHOWN]
    return {
        "tried": int(h.shape[1]),
        "chosen_on": half,
        "measured_on": len(h) - half,
        "looked_for": [WORDS.get(name, name) for name in asked],
        "least": LEAST,
        "found": [{**one, **_strip(one["unit"], h[half:], tokens[half:]), "starts": starts} for one in told],
    }


def correlations(h: np.ndarray, feature: np.ndarray) -> np.ndarray:
    """Pearson's r of each column of (t, units) with (t,), steps that are NaN left out; 0 where one is constant.

    Example:
        >>> correlations(np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0]]), np.array([2.0, 4.0, 6.0])).round(3).tolist()
        [1.0, 0.0]
    """
    known = np.isfinite(feature)
    x, y = h[known].astype(np.float64), feature[known]
    if len(y) < 2:
        return np.zeros(h.shape[1])
    x, y = x - x.mean(axis=0), y - y.mean()
    spread = np.sqrt((x**2).sum(axis=0) * (y**2).sum())
    return np.divide(y @ x, spread, out=np.zeros(h.shape[1]), where=spread > 1e-12)


def _follows(
    name: str, feature: np.ndarray, h: np.ndarray, h_fresh: np.ndarray | None, half: int
) -> dict[str, Any] | None:
    """The unit chosen on the first half, where it follows the feature on the second as well."""
    unit, chosen, r = _best(feature, h, half)
    unlearned = 0.0 if h_fresh is None else abs(_best(feature, h_fresh, half)[2])
    if abs(r) <= max(LEAST, unlearned) or r * chosen <= 0:
        return None
    told = {"feature": name, "words": WORDS.get(name, name), "unit": unit, "r": round(r, 3)}
    return {**told, "r_chosen": round(chosen, 3), **({} if h_fresh is None else {"r_fresh": round(unlearned, 3)})}


def _best(feature: np.ndarray, h: np.ndarray, half: int) -> tuple[int, float, float]:
    """The unit that follows best on the first half, its r there, and its r on the second."""
    chosen = correlations(h[:half], feature[:half])
    unit = int(np.abs(chosen).argmax())
    return unit, float(chosen[unit]), float(correlations(h[half:, unit : unit + 1], feature[half:])[0])


def _apart(features: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The features without those that say the same as one before them."""
    kept: dict[str, np.ndarray] = {}
    for name, values in features.items():
        if all(abs(correlations(other[:, None], values)[0]) < SAME for other in kept.values()):
            kept[name] = values
    return kept


def _states(network: Network, specimens: Sequence[Specimen]) -> np.ndarray:
    return np.concatenate([top_layer(network, one.inputs)["h"] for one in specimens])


def _features(specimen: Specimen, season: int) -> dict[str, np.ndarray]:
    if specimen.tokens:
        return text_features(specimen.tokens)
    if specimen.inputs.ndim == 1:  # events, whose numbers are names and no sizes
        return {"position": np.arange(len(specimen), dtype=float)}
    return number_features(specimen.inputs, season)


def _joined(each: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The features of all sequences, one after the other; those that some lack are NaN there."""
    names = dict.fromkeys(name for one in each for name in one)
    lengths = [len(next(iter(one.values()))) for one in each]
    gaps = [np.full(n, np.nan) for n in lengths]
    return {name: np.concatenate([one.get(name, gap) for one, gap in zip(each, gaps, strict=True)]) for name in names}


def _middle(lengths: Sequence[int]) -> int:
    """Where the second half begins: at the end of a sequence where there are several."""
    ends = np.cumsum(lengths)
    return int(ends[0]) // 2 if len(ends) == 1 else int(ends[:-1][np.abs(ends[:-1] - ends[-1] / 2).argmin()])


def _varies(feature: np.ndarray) -> bool:
    known = feature[np.isfinite(feature)]
    return bool((np.diff(known) != 0).sum() >= LEAST_CHANGES)


def _strip(unit: int, h: np.ndarray, tokens: Sequence[str]) -> dict[str, Any]:
    shown = {"tokens": list(tokens[:SHOWN])} if tokens else {}
    return {**shown, "states": rounded(h[:SHOWN, unit])}
