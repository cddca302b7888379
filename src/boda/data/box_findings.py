"""A census of boxes to what is odd in it, each with file and object, and to the figures that a page shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from boda.boxes import PROBLEMS
from boda.boxes.extent import box_area
from boda.boxes.overlap import overlap_iou

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from boda.boxes import Letterbox
    from boda.data.box_census import Census
    from boda.sample import BadFile

SHOWN = 100  # odd boxes of each kind that a summary names; it counts all
TINY_SIDE = 8.0  # pixels as the network sees them: one place of a map at 1/8 of the picture
TINY_SHARE = 0.001  # of the picture's area
SAME = 0.95  # IoU from which two boxes of a class are one object marked twice
INSIDE = 0.99  # the share of a box that lies within another from which it is nested
BORDER = 1.0  # pixels from the edge within which a box touches it
GRID = 16  # cells across and down in which centres are counted
PAIRS = 1 << 20  # compared at once
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
FAULT = re.compile(rf"(?P<object>.{{1,60}}?) \((?P<label>.*)\): (?P<fault>{'|'.join(PROBLEMS)})\b(?P<rest>.*)")
KINDS = ("tiny", "duplicated", "nested", "partly outside", "outside", "inverted", "zero area", "not finite")


class Odd(NamedTuple):
    """One box that deserves a look: `file`, `object` ("object 2"), its class, and what is odd in words.

    `row` is its row in the census; None where the box was dropped or clipped by the reader.
    """

    kind: str
    file: str
    object: str
    label: str
    what: str
    row: int | None = None


def findings(census: Census, bad: Sequence[BadFile], place: Callable[[int, int], Letterbox]) -> dict[str, Any]:
    """All that there is to say about boxes, as json can say it; its keys are stable.

    Args:
        census: The boxes.
        bad: What the reader clipped, dropped and left out (`Dataset.bad`).
        place: How the network sees a picture of (width, height), as `BoxView.place` says.
    """
    bare = np.flatnonzero(census.per_picture == 0)
    border = touches_border(census)
    other = [each for each in bad if not FAULT.match(each.reason)]
    return {
        "n": len(census),
        "pictures": len(census.names),
        "unlabelled": [census.names[i] for i in bare[:SHOWN]],
        "unlabelled_count": len(bare),
        "counts": census.counts(),
        "per_picture": _per_picture(census.per_picture),
        "relative_width": _quantiles(census.relative_sides[:, 0]),
        "relative_height": _quantiles(census.relative_sides[:, 1]),
        "area_share": _quantiles(census.shares),
        "aspect": _quantiles(aspects(census)),
        "centres": centres(census).tolist(),
        "at_border_count": int(border.sum()),
        "at_border_share": round(float(border.mean()), 4) if len(census) else 0.0,
        "absent": [{"class": name, "part": part} for name, part in absent(census)],
        "odd": _told([*odd_boxes(census, place), *faults(bad)]),
        "other_bad": [{"name": each.name, "reason": each.reason} for each in other[:SHOWN]],
        "other_bad_count": len(other),
    }


def odd_boxes(census: Census, place: Callable[[int, int], Letterbox]) -> Iterator[Odd]:
    """Tiny, duplicated and nested boxes, in the order of their files."""
    yield from _tiny(census, place)
    inner, outer, same = nested_pairs(census)
    for a, b, twice in zip(inner.tolist(), outer.tolist(), same.tolist(), strict=True):
        what = "covers the same place as" if twice else "lies within"
        kind = "duplicated" if twice else "nested"
        yield _odd(census, kind, a, f"{what} object {census.number[b]} of its class")


def faults(bad: Iterable[BadFile]) -> Iterator[Odd]:
    """The boxes that a reader clipped or dropped, from its words."""
    for each in bad:
        if match := FAULT.match(each.reason):
            what = f"{match['fault']}{match['rest']}"
            yield Odd(match["fault"], each.name, match["object"], match["label"], what)


def nested_pairs(census: Census) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of boxes of one class and picture, of which one covers the other.

    Returns:
        (pairs,) rows of the smaller boxes (of equal ones the later), (pairs,) rows of the larger, and (pairs,) bool:
        whether their IoU is above 0.95, so that they are one object marked twice.
    """
    found = np.concatenate([np.zeros((0, 3), np.int64), *(_covered(census, rows) for rows in _blocks(census))])
    found = found[np.lexsort((found[:, 1], found[:, 0]))]
    return found[:, 0], found[:, 1], found[:, 2].astype(bool)


def touches_border(census: Census) -> np.ndarray:
    """(n,) bool: boxes that reach the picture's edge, whose objects may go on beyond it."""
    sizes = census.sizes[census.picture]
    near = (census.boxes[:, :2] < BORDER) | (census.boxes[:, 2:] > sizes - BORDER)
    return np.asarray(near.any(axis=1))


def centres(census: Census) -> np.ndarray:
    """(16, 16) int64: how many boxes have their centre in each cell of the picture, rows from the top."""
    x, y = np.clip((census.relative_centres * GRID).astype(np.int64), 0, GRID - 1).T
    return np.bincount(y * GRID + x, minlength=GRID * GRID).reshape(GRID, GRID)


def aspects(census: Census) -> np.ndarray:
    """(n,) width over height in pixels."""
    width, height = census.sides.T
    return np.asarray(width / np.maximum(height, 1e-9))


def absent(census: Census) -> list[tuple[str, str]]:
    """(class, part) for each class that never occurs in a part that has boxes."""
    counts = census.counts()
    return [
        (name, part)
        for part, of_part in counts.items()
        if any(of_part.values())
        for name, n in of_part.items()
        if not n
    ]


def network_sides(census: Census, place: Callable[[int, int], Letterbox]) -> np.ndarray:
    """(n, 2) width and height of each box in the pixels that the network sees."""
    scales = np.array([place(int(w), int(h)).scale for w, h in census.sizes]).reshape(-1, 2)
    return np.asarray(census.sides * scales[census.picture])


def _tiny(census: Census, place: Callable[[int, int], Letterbox]) -> Iterator[Odd]:
    seen, shares = network_sides(census, place), census.shares
    for row in np.flatnonzero((seen.min(axis=1) < TINY_SIDE) | (shares < TINY_SHARE)).tolist():
        width, height = seen[row]
        what = f"{width:.1f} x {height:.1f} pixels as the network sees it, {100 * shares[row]:.2g} % of the picture"
        yield _odd(census, "tiny", row, what)


def _blocks(census: Census) -> Iterator[np.ndarray]:
    """(pictures, k) rows of boxes, of some pictures with k boxes each at a time, k of 2 or more."""
    each = census.per_picture
    starts = np.cumsum(each) - each
    for k in np.unique(each[each > 1]).tolist():
        pictures, step = np.flatnonzero(each == k), max(PAIRS // k**2, 1)
        for start in range(0, len(pictures), step):
            yield starts[pictures[start : start + step]][:, None] + np.arange(k)


def _covered(census: Census, rows: np.ndarray) -> np.ndarray:
    """(pairs, 3) rows (smaller, larger, same) of pictures with k boxes each, whose `rows` are (pictures, k)."""
    boxes, labels = census.boxes[rows], census.labels[rows]
    a, b = boxes[:, :, None], boxes[:, None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    own, other = box_area(a), box_area(b)
    within = np.maximum(sides, 0).prod(axis=-1) >= INSIDE * own
    same = overlap_iou(a, b) > SAME
    later = rows[:, :, None] > rows[:, None]
    smaller = (own < other) | ((own == other) & later)
    found = (labels[:, :, None] == labels[:, None]) & (within | same) & smaller
    picture, i, j = np.nonzero(found)
    return np.stack([rows[picture, i], rows[picture, j], same[picture, i, j]], axis=1).astype(np.int64)


def _odd(census: Census, kind: str, row: int, what: str) -> Odd:
    label = census.classes[census.labels[row]]
    return Odd(kind, census.names[census.picture[row]], f"object {census.number[row]}", label, what, row)


def _told(odd: Sequence[Odd]) -> dict[str, dict[str, Any]]:
    """Kind to how many there are and the first of them, in the order of `KINDS`."""
    told = {}
    for kind in KINDS:
        some = [each for each in odd if each.kind == kind]
        listed = [{"file": o.file, "object": o.object, "label": o.label, "what": o.what} for o in some[:SHOWN]]
        told[kind] = {"count": len(some), "listed": listed}
    return told


def _per_picture(numbers: np.ndarray) -> dict[str, Any]:
    values, counts = np.unique(numbers, return_counts=True)
    return {
        **({"min": int(values[0]), "max": int(values[-1])} if len(values) else {"min": 0, "max": 0}),
        "mean": round(float(numbers.mean()), 3) if len(numbers) else 0.0,
        "histogram": {str(value): count for value, count in zip(values.tolist(), counts.tolist(), strict=True)},
    }


def _quantiles(values: np.ndarray) -> dict[str, float]:
    """Smallest, largest, and what lies between."""
    if not len(values):
        return {}
    between = {f"{100 * q:.0f} %": float(v) for q, v in zip(QUANTILES, np.quantile(values, QUANTILES), strict=True)}
    told = {"min": float(values.min()), **between, "max": float(values.max())}
    return {name: round(value, 5) for name, value in told.items()}
