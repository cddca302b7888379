"""True boxes and detections of a part, in; COCO's figures with intervals, curves and errors, out.

The figures are faster-coco-eval's. The intervals are a bootstrap over pictures, from pairs that are made once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.metrics import ap
from boda.metrics.box_errors import count_errors
from boda.metrics.box_matches import IOUS, match
from boda.metrics.coco import coco_figures
from boda.metrics.intervals import score_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.boxes import Detections
    from boda.metrics.box_matches import Matches, Truth

DRAWS = 400  # enough for a variance
ROUNDING = 1e-20  # a variance that small is none
CURVES = (0.5, 0.75)


def evaluate(
    truth: Sequence[Truth],
    found: Sequence[Detections],
    classes: Sequence[str],
    rng: np.random.Generator,
    *,
    threshold: float = 0.0,
    draws: int = DRAWS,
) -> dict[str, Any]:
    """All figures of a part: COCO's, with 95 % intervals of AP, AP50, AP75 and AR100, and errors by kind.

    An interval says how far the figure would move had other pictures of the same kind come into this part.
    It says nothing of another training, and pictures that are unlike all of these are not in it.
    With few pictures it is wide, and still somewhat too narrow: what 40 pictures do not show, no draw from them can.
    A class with few objects is absent from some draws, and is left out of the mean there.

    Args:
        truth: boxes (n, 4) xyxy pixels and class indices (n,) of each picture.
        found: detections of each picture, in the same order, all of them: AP wants the doubtful ones too.
        classes: names.
        rng: the source of chance.
        threshold: errors are counted among detections of this score or more.
        draws: how many resampled parts; 0 for no intervals (None).

    Returns:
        `n` (pictures), `boxes`, what `coco_figures` returns, `ap_interval, ap50_interval, ap75_interval,
        ar100_interval` and `errors` (`count_errors`). What is undefined is None.

    Raises:
        ValueError: not as many pictures in both, or a class that does not exist.
    """
    matches = match(truth, found, len(classes))
    return {
        "n": len(truth),
        "boxes": int(matches.truths.sum()),
        **coco_figures(truth, found, classes),
        **intervals(matches, rng, draws=draws),
        "errors": count_errors(truth, [one.above(threshold) for one in found], len(classes)),
    }


def intervals(matches: Matches, rng: np.random.Generator, *, draws: int = DRAWS) -> dict[str, list[float] | None]:
    """The 95 % intervals of AP, AP50, AP75 and AR100, by a bootstrap over pictures.

    Resampled parts look better than what they are drawn from, since precision is the greatest at a recall or beyond.
    So the centre is corrected by as much, 2 value - mean(drawn), and the width comes from the variance of the draws.
    Both go into Wilson's formula, as the number of samples for which a plain proportion varies as much: the interval
    stays within 0 to 1, and has a width where everything was found. It is widened to hold the figure itself.
    With 40 pictures it holds the true figure in 85 to 99 of 100 parts, with 150 in 92 to 97 (made-up detectors,
    `benchmarks/coco_metrics.py --coverage`); plain percentiles do so in as few as 75.

    Args:
        matches: of `match` at COCO's thresholds.
        rng: the source of chance.
        draws: how many resampled parts; 0 for none.

    Returns:
        `ap_interval, ap50_interval, ap75_interval, ar100_interval`; None where there is no object, or no draw.

    Reference:
        Efron 1979, Bootstrap methods: another look at the jackknife.
        Korn and Graubard 1998, Confidence intervals for proportions with small expected number of positive counts.
    """
    own, pictures = whole(matches), len(matches.truths)
    if draws == 0 or pictures == 0:
        return {f"{name}_interval": None for name in own}
    drawn = ap.score(matches, ap.drawn_weights(pictures, draws, rng)).means()
    objects, averaged = int(matches.truths.sum()), {"ap": len(IOUS), "ar100": len(IOUS)}
    return {
        f"{name}_interval": _around(value, drawn[name], pictures, objects, averaged.get(name, 1))
        for name, value in own.items()
    }


def whole(matches: Matches) -> dict[str, float]:
    """`ap`, `ap50`, `ap75` and `ar100` of all pictures, from pairs alone; NaN where there is no object.

    It equals faster-coco-eval's and takes a tenth of the time.
    """
    every = np.ones((1, len(matches.truths)), dtype=np.int32)
    return {name: float(value[0]) for name, value in ap.score(matches, every).means().items()}


def difference(
    ours: Matches, theirs: Matches, rng: np.random.Generator, *, name: str = "ap", draws: int = DRAWS
) -> dict[str, Any]:
    """How much higher `name` is in `ours` than in `theirs`, on the same pictures, which are resampled in both alike.

    Args:
        ours: of `match` at COCO's thresholds.
        theirs: the same for other detections of the same pictures.
        rng: the source of chance.
        name: "ap", "ap50", "ap75" or "ar100".
        draws: how many resampled parts.

    Returns:
        `difference` (None where there is no object), `interval` (95 %, Student's t with the variance of the draws;
        None with fewer than two pictures) and `verdict` ("better", "worse" or "no difference shown").

    Raises:
        ValueError: the pictures differ.
    """
    from scipy.special import stdtrit

    if ours.truths.shape != theirs.truths.shape or (ours.truths != theirs.truths).any():
        raise ValueError(f"Expected the same objects in both. Received: {ours.truths.sum()} and {theirs.truths.sum()}.")
    estimate = whole(ours)[name] - whole(theirs)[name]
    pictures = len(ours.truths)
    if np.isnan(estimate) or pictures < 2:
        known = None if np.isnan(estimate) else estimate
        return {"difference": known, "interval": None, "verdict": "no difference shown"}
    weights = ap.drawn_weights(pictures, draws, rng)
    drawn = ap.score(ours, weights).means()[name] - ap.score(theirs, weights).means()[name]
    reach = float(stdtrit(pictures - 1, 0.975) * np.sqrt(np.nanvar(drawn) * pictures / (pictures - 1)))
    lo, hi = estimate - reach, estimate + reach
    verdict = "better" if lo > 0 else "worse" if hi < 0 else "no difference shown"
    return {"difference": estimate, "interval": [lo, hi], "verdict": verdict}


def curves(truth: Sequence[Truth], found: Sequence[Detections], classes: Sequence[str]) -> dict[str, Any]:
    """Precision at 101 recalls, for an IoU of 0.5 and of 0.75.

    Returns:
        `recall` (101 numbers, 0 to 1), `all: {"50": [...], "75": [...]}`, the mean over classes that have objects, and
        `classes: {name: {"50": [...], "75": [...]}}`; None in place of a list where there is no object.
    """
    matches = match(truth, found, len(classes), np.array(CURVES))
    found_precision = ap.precision(matches, np.ones((1, len(truth)), dtype=np.int32))[:, 0]
    known = found_precision[matches.truths.sum(axis=0) > 0]
    return {
        "recall": ap.RECALLS.tolist(),
        "all": _lines(known.mean(axis=0)) if len(known) else _lines(None),
        "classes": {
            name: _lines(None if np.isnan(one).any() else one)
            for name, one in zip(classes, found_precision, strict=True)
        },
    }


def _lines(precision: np.ndarray | None) -> dict[str, list[float] | None]:
    """`precision` (2, 101) as JSON."""
    return {f"{100 * iou:.0f}": None if precision is None else precision[i].tolist() for i, iou in enumerate(CURVES)}


def _around(value: float, drawn: np.ndarray, pictures: int, objects: int, averaged: int) -> list[float] | None:
    """The interval of `value`, a mean over `averaged` thresholds, from `drawn` (draws,).

    It is worth as many samples as objects times thresholds at most, and as many as objects where nothing varies.
    """
    known = drawn[~np.isnan(drawn)]
    if np.isnan(value) or len(known) == 0:
        return None
    centre = float(np.clip(2 * value - known.mean(), 0, 1))
    variance = float(known.var()) * pictures / max(pictures - 1, 1)
    shape = max(centre * (1 - centre), value * (1 - value))
    worth = min(shape / variance, objects * averaged) if variance > ROUNDING else objects
    lo, hi = score_interval(centre, worth)
    return [min(lo, value), max(hi, value)]
