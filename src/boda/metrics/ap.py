"""Which detections found which objects, in; precision and recall of resampled pictures, out.

A resampled part is a weight a picture: how often it was drawn. The pairs of `box_matches` hold for every one of them,
so that a thousand parts cost a thousand running sums, and no pair is made twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boda.metrics.box_matches import Matches

RECALLS = np.linspace(0, 1, 101)  # COCO's
BLOCK = 1_000_000  # weights held at once, 8 MB an array


@dataclass(frozen=True, slots=True)
class Scores:
    """Figures of resampled parts, (parts, classes, thresholds) each; NaN where a part has no object of the class.

    Attributes:
        ap: the mean precision at 101 recalls.
        recall: the share of objects that was found.
    """

    ap: np.ndarray
    recall: np.ndarray

    def means(self) -> dict[str, np.ndarray]:
        """COCO's `ap`, `ap50`, `ap75` and `ar100` of each part, (parts,): means over classes that have objects."""
        ap, recall = _known_mean(self.ap), _known_mean(self.recall)
        return {"ap": ap.mean(axis=1), "ap50": ap[:, 0], "ap75": ap[:, 5], "ar100": recall.mean(axis=1)}


def score(matches: Matches, weights: np.ndarray) -> Scores:
    """AP and recall of each part that `weights` (parts, pictures) stands for, of 0, 1, 2, ... a picture.

    With a weight of 1 for every picture it is COCO's own figure.

    Reference:
        Lin et al. 2014; the evaluation code of pycocotools, `accumulate`.
    """
    step = max(1, BLOCK // max(len(matches.picture), weights.shape[1], 1))
    parts = [_scored(matches, weights[start : start + step]) for start in range(0, len(weights), step)]
    return Scores(*(np.concatenate([part[i] for part in parts]) for i in range(2)))


def precision(matches: Matches, weights: np.ndarray) -> np.ndarray:
    """The precision at 101 recalls, (classes, parts, thresholds, 101); NaN where a part has no object of the class."""
    return np.stack([_precision(*one) for one in _by_class(matches, weights)])


def drawn_weights(pictures: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of `pictures` comes into each of `draws` parts, drawn with replacement: (draws, pictures)."""
    return rng.multinomial(pictures, np.full(pictures, 1 / pictures), size=draws).astype(np.int32)


def _scored(matches: Matches, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ap, recall = [], []
    for hit, weight, objects in _by_class(matches, weights):
        ap.append(_precision(hit, weight, objects).mean(axis=2))
        with np.errstate(invalid="ignore"):
            recall.append(weight.astype(np.float64) @ hit / objects[:, None])
    return np.stack(ap, axis=1), np.stack(recall, axis=1)


def _by_class(matches: Matches, weights: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """For each class which detections hit (d, thresholds), their weights (parts, d), and how many objects (parts,)."""
    ends = np.searchsorted(matches.label, np.arange(matches.truths.shape[1] + 1))
    for k, objects in enumerate((weights @ matches.truths).T):
        rows = slice(ends[k], ends[k + 1])
        yield matches.partner[rows] >= 0, weights[:, matches.picture[rows]], objects


def _precision(hit: np.ndarray, weight: np.ndarray, objects: np.ndarray) -> np.ndarray:
    """The greatest precision at each of 101 recalls or beyond, (parts, thresholds, 101).

    Of the running sums only those at hits count: a detection that finds nothing leaves the recall as it was and lowers
    the precision.
    """
    seen, needed = np.cumsum(weight, axis=1), _needed(objects)
    found = np.zeros((len(weight), hit.shape[1], len(RECALLS)))
    for t in range(hit.shape[1]):
        at = np.flatnonzero(hit[:, t])
        hits = np.cumsum(weight[:, at], axis=1)
        reached = np.maximum.accumulate((hits / np.maximum(seen[:, at], 1))[:, ::-1], axis=1)[:, ::-1]
        padded = np.pad(reached, ((0, 0), (0, 1)))  # a recall that is never reached has precision 0
        found[:, t] = np.take_along_axis(padded, _first(hits, needed), axis=1)
    found[objects == 0] = np.nan
    return found


def _needed(objects: np.ndarray) -> np.ndarray:
    """The fewest hits of which hits / objects is at each of 101 recalls or above, (parts, 101), to the last bit."""
    whole = np.maximum(objects, 1)[:, None]
    guess = np.ceil(RECALLS * whole).astype(np.int64)
    guess = np.where((guess - 1) / whole >= RECALLS, guess - 1, guess)
    return np.where(guess / whole < RECALLS, guess + 1, guess)


def _first(hits: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """The first column of `hits` (parts, h), which rises along its rows, at `needed` (parts, 101) or above, else h."""
    parts, h = hits.shape
    row = np.arange(parts)[:, None]
    apart = max(int(hits.max(initial=0)), int(needed.max(initial=0))) + 1
    return np.searchsorted((hits + row * apart).ravel(), (needed + row * apart).ravel()).reshape(needed.shape) - row * h


def _known_mean(values: np.ndarray) -> np.ndarray:
    """The mean over classes (axis 1) of what is not NaN; NaN where nothing is known."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0).sum(axis=1) / known.sum(axis=1)
