"""Mosaic: four pictures of a batch meet at a point, each in its quarter of the canvas."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from boda.augment.batch import Augmented, BatchAugmentation, pack
from boda.augment.mix import Entry, both, entries_of, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.augment.labels import Labels
    from boda.augment.mix import Patch


@dataclass(frozen=True)
class Mosaic(BatchAugmentation):
    """Put each picture together with three others of its batch: they meet, corner at corner, at a point that is drawn.

    The picture itself is above and to the left of the point, and shows its own lower right part there; the partners
    are drawn from the whole batch, so that one can be the picture itself. Pixels are moved whole, so nothing is
    resampled. Boxes, masks (n, h, w) and points (n, k, 2) go with their picture; boxes that show less than
    `min_visible` are dropped with what belongs to them, and `kept` is lost. Labels of pictures, one-hot or soft, are
    blended by area: give them to the same call.

    Args:
        rate: share of the pictures, 0 to 1; the others stay as they are.
        center: the point lies so far from each edge at least, as a share of the side, above 0 to 0.5.
        min_visible: the least share of a box's area that must still show, 0 to 1.

    Reference:
        Bochkovskiy et al., YOLOv4: Optimal Speed and Accuracy of Object Detection, 2020 (arXiv:2004.10934)
    """

    rate: float = 1.0
    center: float = 0.25
    min_visible: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what no share is."""
        self.expect(0 <= self.rate <= 1, "rate", "from 0 to 1")
        self.expect(0 < self.center <= 0.5, "center", "above 0 to 0.5")
        self.expect(0 <= self.min_visible <= 1, "min_visible", "from 0 to 1")

    def mix(self, batch: Augmented, rngs: Sequence[np.random.Generator]) -> Augmented:
        """A batch of mosaics."""
        entries, whole = entries_of(self, batch), np.array(batch.image, np.float32)
        rows = zip(rngs, entries, whole, strict=True)
        return pack([self._compose(rng, own, entries, out) for rng, own, out in rows], whole)

    def _compose(self, rng: np.random.Generator, own: Entry, entries: list[Entry], out: np.ndarray) -> Augmented:
        drawn, others = rng.random(), rng.integers(len(entries), size=3)
        at = rng.uniform(self.center, 1 - self.center, 2)
        if drawn >= self.rate:
            return _joined(out, [own], [1])
        height, width = out.shape[:2]
        y, x = max(1, round(at[0] * height)), max(1, round(at[1] * width))
        parts = [
            _placed(entry, out, (rows, columns), (dy, dx), self.min_visible)
            for entry, (rows, columns), (dy, dx) in zip(
                (own, *(entries[i] for i in others)),
                [(slice(a, b), slice(c, d)) for a, b in ((0, y), (y, height)) for c, d in ((0, x), (x, width))],
                [(down, right) for down in (y - height, y) for right in (x - width, x)],
                strict=True,
            )
        ]
        shares = [y * x, y * (width - x), (height - y) * x, (height - y) * (width - x)]
        return _joined(out, parts, shares)


def _placed(entry: Entry, out: np.ndarray, patch: Patch, by: tuple[int, int], min_visible: float) -> Entry:
    """Paint `patch` of `out` with the picture moved `by` (down, right) pixels; what of it shows there."""
    source = tuple(slice(side.start - move, side.stop - move) for side, move in zip(patch, by, strict=True))
    out[patch] = entry.image[source]
    seen = show(entry.objects, (source[0], source[1]), min_visible)
    classes = None
    if entry.classes is not None:
        classes = np.zeros_like(entry.classes)
        classes[patch] = entry.classes[source]
    return replace(entry, objects=_moved(seen, patch, (source[0], source[1]), by), classes=classes)


def _moved(objects: Labels, patch: Patch, source: Patch, by: tuple[int, int]) -> Labels:
    """`objects` that lie in `source`, moved into `patch`."""
    right_down = np.array(by[::-1], np.float64)
    boxes, masks = objects.boxes, None
    if objects.masks is not None:
        masks = np.zeros_like(objects.masks)
        masks[:, *patch] = objects.masks[:, *source]
    points = None if objects.points is None else objects.points + right_down
    return replace(objects, boxes=None if boxes is None else boxes + np.tile(right_down, 2), masks=masks, points=points)


def _joined(out: np.ndarray, parts: Sequence[Entry], shares: Sequence[int]) -> Augmented:
    """The objects of all parts, and labels of pictures blended by the share that each covers."""
    boxes, labels, masks, points = (
        reduce(both, [getattr(part.objects, name) for part in parts]) for name in ("boxes", "labels", "masks", "points")
    )
    if parts[0].label is not None:
        labels = np.average([np.asarray(part.label, np.float64) for part in parts], axis=0, weights=shares)
        labels = labels.astype(np.float32)
    classes = [part.classes for part in parts if part.classes is not None]
    if classes:
        masks = np.sum(classes, axis=0, dtype=classes[0].dtype)
    return Augmented(out, boxes, labels, masks, points)
