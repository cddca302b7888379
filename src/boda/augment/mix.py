"""Mixing the pictures of a batch with each other: blended as a whole, or a patch of one pasted into another."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.augment.batch import Augmented, BatchAugmentation, pack, unpack
from boda.augment.erase import draw_span
from boda.augment.factors import Factor, draw_factor, expect_factor
from boda.augment.labels import NO_LABELS, Labels
from boda.errors import AugmentError

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_ALPHA = 1e-6
Patch = tuple[slice, slice]  # rows, columns


@dataclass(frozen=True)
class MixUp(BatchAugmentation):
    """Blend each picture with another of its batch: w x + (1 - w) x', with w of Beta(alpha, alpha).

    The partner is drawn from the whole batch, so that it can be the picture itself. Labels of pictures, one-hot or
    soft, are blended in the same way: give them to the same call. Boxes of both pictures are kept, with the labels,
    masks (n, h, w) and points (n, k, 2) of both; `kept` is lost. Masks of class ids (h, w) cannot be blended and are
    refused, as are points of a whole picture.

    Args:
        alpha: above 0; the smaller it is, the nearer w is to 0 or 1 as a rule.

    Reference:
        keras.layers.MixUp; Zhang et al., mixup: Beyond Empirical Risk Minimization, 2017 (arXiv:1710.09412)
    """

    alpha: float = 0.2

    def __post_init__(self) -> None:
        """Refuse what no alpha is."""
        self.expect(isinstance(self.alpha, (int, float)) and self.alpha > 0, "alpha", "a number above 0")

    def mix(self, batch: Augmented, rngs: Sequence[np.random.Generator]) -> Augmented:
        """A batch of blended pictures."""
        entries, whole = entries_of(self, batch), np.empty(batch.image.shape, np.float32)
        if entries and entries[0].classes is not None:
            raise AugmentError(
                "MixUp: masks of class ids (h, w) cannot be blended. Use CutMix, or masks of single objects (n, h, w)."
            )
        rows = zip(rngs, entries, whole, strict=True)
        return pack([self._blend(rng, own, entries, out) for rng, own, out in rows], whole)

    def _blend(self, rng: np.random.Generator, own: Entry, entries: list[Entry], out: np.ndarray) -> Augmented:
        weight, other = float(rng.beta(self.alpha, self.alpha)), entries[rng.integers(len(entries))]
        np.multiply(own.image, np.float32(weight), out=out)
        out += other.image * np.float32(1.0 - weight)
        return _join(out, own, other, weight)


@dataclass(frozen=True)
class CutMix(BatchAugmentation):
    """Paste a rectangle of another picture of the batch into each, at the place where it was.

    Its share of the area is 1 - w, with w of Beta(a, a). The partner is drawn from the whole batch, so that it can be
    the picture itself. Labels of pictures, one-hot or soft, become w own + (1 - w) other, where w is the share of
    pixels that really stayed: give them to the same call.

    Own boxes become those of what the rectangle leaves of them, the other's are clipped to the rectangle, and those
    that show less than `min_visible` are dropped, with their labels, masks and points; `kept` is lost. (Keras's layer
    takes no boxes.) Masks are pasted like pixels. Points of objects become NaN where they are hidden; points of a
    whole picture cannot be mixed and are refused.

    Args:
        factor: the range of a, 0 to 1; a number f stands for (0, f).
        min_visible: the least share of a box's area that must still show, 0 to 1.

    Reference:
        keras.layers.CutMix; Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers with Localizable
        Features, 2019 (arXiv:1905.04899)
    """

    factor: Factor = 1.0
    min_visible: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what no factor or share is."""
        expect_factor(self, "factor", 0, 1)
        self.expect(0 <= self.min_visible <= 1, "min_visible", "from 0 to 1")

    def mix(self, batch: Augmented, rngs: Sequence[np.random.Generator]) -> Augmented:
        """A batch of pictures with a patch of another in each."""
        entries, whole = entries_of(self, batch), np.array(batch.image, np.float32)
        rows = zip(rngs, entries, whole, strict=True)
        return pack([self._paste(rng, own, entries, out) for rng, own, out in rows], whole)

    def _paste(self, rng: np.random.Generator, own: Entry, entries: list[Entry], out: np.ndarray) -> Augmented:
        alpha = draw_factor(rng, self.factor, symmetric=False) + LEAST_ALPHA
        side = math.sqrt(1.0 - rng.beta(alpha, alpha))
        columns, rows = draw_span(rng, out.shape[1], side), draw_span(rng, out.shape[0], side)
        patch = (rows, columns)
        other = entries[rng.integers(len(entries))]
        out[patch] = other.image[patch]
        classes = None if own.classes is None else own.classes.copy()
        if classes is not None and other.classes is not None:
            classes[patch] = other.classes[patch]
        own = replace(own, objects=hide(own.objects, patch, self.min_visible), classes=classes)
        other = replace(other, objects=show(other.objects, patch, self.min_visible))
        return _join(out, own, other, 1.0 - out[patch].size / out.size)


def hide(objects: Labels, patch: Patch, min_visible: float = 0.0) -> Labels:
    """What is left of `objects` where something covers `patch` (rows, columns).

    A box shrinks where the patch cuts off one of its ends; where it does not, what is left still reaches all sides.
    """
    masks, points = _masks_at(objects.masks, patch, inside=False), _points_at(objects.points, patch, inside=False)
    if objects.boxes is None:
        return replace(objects, masks=masks, points=points)
    visible = 1.0 - _share(objects.boxes, _clip(objects.boxes, patch))
    boxes = np.array([_uncovered(box, patch) for box in objects.boxes.tolist()]).reshape(-1, 4)
    return _pick(Labels(boxes, objects.labels, masks, points), visible, min_visible)


def show(objects: Labels, patch: Patch, min_visible: float = 0.0) -> Labels:
    """What is left of `objects` where only `patch` (rows, columns) of their picture shows."""
    masks, points = _masks_at(objects.masks, patch, inside=True), _points_at(objects.points, patch, inside=True)
    if objects.boxes is None:
        return replace(objects, masks=masks, points=points)
    boxes = _clip(objects.boxes, patch)
    return _pick(Labels(boxes, objects.labels, masks, points), _share(objects.boxes, boxes), min_visible)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One picture of a batch: what belongs to its objects, and what to the whole of it."""

    image: np.ndarray
    objects: Labels = NO_LABELS
    label: Any = None
    classes: np.ndarray | None = None


def entries_of(step: BatchAugmentation, batch: Augmented) -> list[Entry]:
    """The pictures of `batch`, checked for whether their labels can be mixed."""
    given, name = unpack(batch), type(step).__name__
    all_labels = [labels for _, labels in given]
    of_objects = all(_one_label_a_box(labels) for labels in all_labels)
    for i, labels in enumerate(all_labels):
        _check_alike(name, i, labels, all_labels[0])
        if not of_objects and labels.labels is not None:
            _check_soft(name, i, labels.labels)
    return [_entry(image, labels, of_objects=of_objects) for image, labels in given]


def _entry(image: np.ndarray, labels: Labels, *, of_objects: bool) -> Entry:
    masks = labels.masks
    single = masks is not None and masks.ndim == 3
    objects = Labels(labels.boxes, labels.labels if of_objects else None, masks if single else None, labels.points)
    return Entry(image, objects, None if of_objects else labels.labels, None if single else masks)


def _one_label_a_box(labels: Labels) -> bool:
    if labels.boxes is None or labels.labels is None:
        return False
    return np.ndim(labels.labels) > 0 and len(labels.labels) == len(labels.boxes)


def _check_alike(name: str, i: int, labels: Labels, first: Labels) -> None:
    """Refuse a picture that has not the kinds of labels that the first has, or not one of each an object."""
    for part in ("boxes", "labels", "masks", "points"):
        if (getattr(labels, part) is None) != (getattr(first, part) is None):
            raise AugmentError(
                f"{name}: all pictures of a batch or none need {part}; picture {i} differs from the first."
            )
    if labels.points is not None and labels.points.ndim != 3:
        raise AugmentError(f"{name}: points must belong to objects, (n, k, 2). Received: {labels.points.shape}.")
    if labels.masks is not None and labels.masks.ndim == 2:
        return
    counts = {
        part: len(values) for part in ("boxes", "masks", "points") if (values := getattr(labels, part)) is not None
    }
    if len(set(counts.values())) > 1:
        raise AugmentError(f"{name}: picture {i} needs one mask and one set of points a box. Received: {counts}.")


def _check_soft(name: str, i: int, label: Any) -> None:
    """Refuse a label of a picture that cannot be blended."""
    values = np.asarray(label)
    if values.dtype.kind not in "fiub" or (values.size == 1 and values.dtype.kind != "f"):
        raise AugmentError(
            f"{name}: labels of pictures must be one-hot, (n, classes), since classes cannot be mixed by their number; "
            f"np.eye(classes)[labels] makes them so. Received, for picture {i}: {label!r}."
        )


def _join(image: np.ndarray, own: Entry, other: Entry, weight: float) -> Augmented:
    """The objects of both, and the label of both pictures, of which `weight` is the own one."""
    a, b = own.objects, other.objects
    boxes, masks, points = both(a.boxes, b.boxes), both(a.masks, b.masks), both(a.points, b.points)
    label = both(a.labels, b.labels) if own.label is None else _blend_labels(own.label, other.label, weight)
    return Augmented(image, boxes, label, own.classes if own.classes is not None else masks, points)


def both(own: Any, other: Any) -> Any:
    """The entries of both, of one list or array."""
    if own is None or other is None or len(other) == 0:
        return own
    if len(own) == 0:
        return other
    if isinstance(own, np.ndarray):
        return np.concatenate([own, other])
    return [*own, *other]


def _blend_labels(own: Any, other: Any, weight: float) -> np.ndarray:
    return np.asarray(weight * np.asarray(own, np.float64) + (1.0 - weight) * np.asarray(other, np.float64), np.float32)


def _uncovered(box: list[float], patch: Patch) -> list[float]:
    """The box of what `patch` leaves of `box`, xyxy."""
    (y0, y1), (x0, x1) = ((side.start, side.stop) for side in patch)
    left, top, right, bottom = box
    if y0 <= top and bottom <= y1:
        left, right = _cut_end(left, right, x0, x1)
    elif x0 <= left and right <= x1:
        top, bottom = _cut_end(top, bottom, y0, y1)
    return [left, top, right, bottom]


def _cut_end(low: float, high: float, start: float, stop: float) -> tuple[float, float]:
    """From `low` to `high`, without the end that lies in `start` to `stop`."""
    if start <= low < stop:
        return min(stop, high), high
    return (low, start) if start < high <= stop else (low, high)


def _clip(boxes: np.ndarray, patch: Patch) -> np.ndarray:
    rows, columns = patch
    return np.clip(boxes, [columns.start, rows.start] * 2, [columns.stop, rows.stop] * 2)


def _share(boxes: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """The area of each of `parts` (n, 4) as a share of that of its box."""
    whole, part = (np.prod(corners[:, 2:] - corners[:, :2], axis=1) for corners in (boxes, parts))
    return np.asarray(part / np.maximum(whole, 1e-9))


def _masks_at(masks: np.ndarray | None, patch: Patch, *, inside: bool) -> np.ndarray | None:
    """`masks` (n, h, w), with 0 beside the patch, or in it."""
    if masks is None:
        return None
    kept = np.zeros_like(masks) if inside else masks.copy()
    kept[:, *patch] = masks[:, *patch] if inside else 0
    return kept


def _points_at(points: np.ndarray | None, patch: Patch, *, inside: bool) -> np.ndarray | None:
    """`points` (n, k, 2), with NaN beside the patch, or in it."""
    if points is None:
        return None
    rows, columns = patch
    within = (points >= [columns.start, rows.start]) & (points < [columns.stop, rows.stop])
    return np.where(within.all(axis=-1, keepdims=True) == inside, points, np.nan)


def _pick(objects: Labels, visible: np.ndarray, min_visible: float) -> Labels:
    """The objects that show enough."""
    kept = np.flatnonzero((visible > 1e-9) & (visible >= min_visible))
    return Labels(*(_at(part, kept) for part in (objects.boxes, objects.labels, objects.masks, objects.points)))


def _at(part: Any, kept: np.ndarray) -> Any:
    if part is None or isinstance(part, np.ndarray):
        return None if part is None else part[kept]
    return [part[i] for i in kept]
