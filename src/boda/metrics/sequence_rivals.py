"""Two answers to the same sequences, in; the difference of their leading figure, its interval and a verdict, out.

A difference is ours less theirs, in the figure's own units. The verdict knows whether more is better: "better" or
"worse" where the 95 % interval leaves out 0, else "same", which says that no difference is shown.
Both answers are resampled alike, sequence by sequence, so that what is hard for both does not widen the interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.metrics.edits import edits
from boda.metrics.entities import are_entities, entity_tallies
from boda.metrics.intervals import check_rows, mcnemar, paired_difference, percentiles
from boda.metrics.sequence import rounded
from boda.metrics.tallies import Tallies, drawn, drawn_ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MORE_IS_BETTER = {
    "macro_f1": True,
    "accuracy": True,
    "entity_f1": True,
    "exact_match": True,
    "mae": False,
    "nll": False,
}


def strongest(figures: Mapping[str, Mapping[str, Any]], figure: str) -> str:
    """The name of the baseline that comes farthest in `figure`, of {name: its figures}; the first of equal ones.

    >>> strongest({"mean": {"mae": 2.0}, "ngrams": {"mae": 1.0}}, "mae")
    'ngrams'
    """
    sign = 1 if MORE_IS_BETTER[figure] else -1
    known = {name: sign * found[figure] for name, found in figures.items() if found[figure] is not None}
    return max(known or figures, key=lambda name: known.get(name, 0))


def against(baseline: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """What metrics.json says of a baseline: its name before one of the differences of this file."""
    return {"baseline": baseline, **found}


def classify_difference(
    labels: np.ndarray, ours: np.ndarray, theirs: np.ndarray, seed: int, *, classes: int
) -> dict[str, Any]:
    """The difference in macro F1, by a paired bootstrap over sequences.

    Args:
        labels: (n,) class indices, n of 1 or more.
        ours: (n, k) probabilities.
        theirs: (n, k) probabilities.
        seed: of the bootstrap.
        classes: how many there are.

    Returns:
        `figure, difference, interval, verdict`.

    Raises:
        ValueError: not as many rows in each, or none.
    """
    check_rows(labels=labels, ours=ours, theirs=theirs)
    truth = list(np.asarray(labels)[:, None])
    one, other = (Tallies.of(truth, list(np.argmax(p, axis=1)[:, None]), classes) for p in (ours, theirs))
    return _f1_difference("macro_f1", one, other, seed)


def tag_difference(
    tags: Sequence[Sequence[str]],
    ours: Sequence[Sequence[str]],
    theirs: Sequence[Sequence[str]],
    seed: int,
    *,
    classes: Sequence[str],
) -> dict[str, Any]:
    """The difference in the F1 of entities where `classes` mark them, else in accuracy, over resampled sentences."""
    if are_entities(classes):
        return _f1_difference("entity_f1", entity_tallies(tags, ours), entity_tallies(tags, theirs), seed)
    steps = np.array([len(one) for one in tags])
    gains = np.array([_hits(t, a) - _hits(t, b) for t, a, b in zip(tags, ours, theirs, strict=True)])
    return _ratio_difference("accuracy", gains, steps, seed)


def nll_difference(ours: np.ndarray, theirs: np.ndarray, steps: np.ndarray, seed: int) -> dict[str, Any]:
    """The difference in nats a step, by a paired bootstrap over sequences; below 0 ours is better.

    Args:
        ours: (n,) negative log likelihoods, summed over steps, as `sequence.nll_figures` takes them.
        theirs: (n,) of the same sequences and the same steps.
        steps: (n,).
        seed: of the bootstrap.

    Raises:
        ValueError: not as many rows in each, or none.
    """
    check_rows(ours=ours, theirs=theirs, steps=steps)
    return _ratio_difference("nll", np.asarray(ours) - np.asarray(theirs), np.asarray(steps), seed)


def regress_difference(targets: np.ndarray, ours: np.ndarray, theirs: np.ndarray, seed: int) -> dict[str, Any]:
    """The difference in mean absolute error, (n,) each, over resampled sequences; below 0 ours is better."""
    check_rows(targets=targets, ours=ours, theirs=theirs)
    gains = np.abs(np.asarray(ours) - targets) - np.abs(np.asarray(theirs) - targets)
    return _ratio_difference("mae", gains, np.ones(len(gains)), seed)


def exact_match_difference(
    targets: Sequence[Sequence[str]], ours: Sequence[Sequence[str]], theirs: Sequence[Sequence[str]]
) -> dict[str, Any]:
    """The difference in the share of wholly right answers, with Newcombe's interval and McNemar's exact `p`."""
    one, other = edits(targets, ours) == 0, edits(targets, theirs) == 0
    difference, lo, hi = paired_difference(one, other)
    return {**told("exact_match", difference, lo, hi), "p": rounded(mcnemar(one, other))}


def told(figure: str, difference: float, lo: float, hi: float) -> dict[str, Any]:
    """`figure, difference, interval, verdict`; the interval is None where nothing is known."""
    if not np.isfinite([difference, lo, hi]).all():
        return {"figure": figure, "difference": rounded(difference), "interval": None, "verdict": "same"}
    up, down = ("better", "worse") if MORE_IS_BETTER[figure] else ("worse", "better")
    verdict = up if lo > 0 else down if hi < 0 else "same"
    return {"figure": figure, "difference": rounded(difference), "interval": rounded([lo, hi]), "verdict": verdict}


def _f1_difference(figure: str, ours: Tallies, theirs: Tallies, seed: int) -> dict[str, Any]:
    n = _at_least_one(len(ours.right))
    one, other = (tallies.drawn_macro_f1(drawn(n, seed)) for tallies in (ours, theirs))
    return told(figure, ours.macro_f1() - theirs.macro_f1(), *percentiles(one - other))


def _ratio_difference(figure: str, gains: np.ndarray, wholes: np.ndarray, seed: int) -> dict[str, Any]:
    """The interval of sum of `gains` over sum of `wholes`, (n,) each."""
    n = _at_least_one(len(gains))
    ends = percentiles(drawn_ratio(gains, wholes, drawn(n, seed))) if n > 1 else (float("nan"), float("nan"))
    return told(figure, gains.sum() / wholes.sum(), *ends)


def _at_least_one(n: int) -> int:
    if n == 0:
        raise ValueError("Expected 1 or more sequences. Received: 0.")
    return n


def _hits(truth: Sequence[str], answer: Sequence[str]) -> int:
    return sum(a == b for a, b in zip(truth, answer, strict=True))
