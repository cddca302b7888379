"""Painted pictures whose one object can be found again: the truth that labels are held against.

Nothing here knows how labels follow: an object is found by its colour, or its outline is moved and clipped by another
method than boda's.
"""

from dataclasses import dataclass

import numpy as np

GROUND, COLOUR = 40, 200
HALF = (GROUND + COLOUR) / 2
FINE = 8  # samples a pixel and axis of an ellipse's edge


@dataclass(frozen=True)
class Painting:
    """A picture (h, w, c) with one object on plain ground, its box (4,) xyxy and its mask (h, w)."""

    image: np.ndarray
    box: np.ndarray
    mask: np.ndarray


def paint_rectangle(height, width, box, channels=1, dtype=np.uint8):
    x0, y0, x1, y1 = np.asarray(box, int)
    cover = np.zeros((height, width))
    cover[y0:y1, x0:x1] = 1
    return _paint(cover, box, channels, dtype)


def paint_ellipse(height, width, box, channels=1, dtype=np.uint8):
    """The ellipse inscribed in `box`, with smooth edges."""
    x0, y0, x1, y1 = np.asarray(box, int)
    across, along = (((np.arange(n * FINE) + 0.5) / FINE) * 2 / n - 1 for n in (x1 - x0, y1 - y0))
    inside = across[None] ** 2 + along[:, None] ** 2 <= 1
    cover = np.zeros((height, width))
    cover[y0:y1, x0:x1] = inside.reshape(y1 - y0, FINE, x1 - x0, FINE).mean(axis=(1, 3))
    return _paint(cover, box, channels, dtype)


def paint_discs(height, width, points, radius):
    """A picture (h, w, k) with a smooth disc around each of `points` (k, 2), a channel each."""
    y, x = np.mgrid[:height, :width] + 0.5
    cover = [np.clip(radius + 0.5 - np.hypot(x - px, y - py), 0, 1) for px, py in points]
    return (GROUND + (COLOUR - GROUND) * np.stack(cover, axis=-1)).astype(np.float32)


def _paint(cover, box, channels, dtype):
    image = np.repeat((GROUND + (COLOUR - GROUND) * cover)[..., None], channels, axis=2)
    return Painting(image.round().astype(dtype), np.asarray(box, float), (cover >= 0.5).astype(np.uint8))


PAINTERS = {"rectangle": paint_rectangle, "ellipse": paint_ellipse}


def draw_box(rng, height, width, least=8):
    """A box in whole pixels, each side from `least` to three quarters of the picture's."""
    sides = [rng.integers(least, max(least, 3 * side // 4) + 1) for side in (width, height)]
    x0, y0 = (rng.integers(0, whole - side + 1) for whole, side in zip((width, height), sides, strict=True))
    return np.array([x0, y0, x0 + sides[0], y0 + sides[1]], float)


def find(image):
    """The box of what is nearer to the object's colour than to the ground's, or None where there is nothing."""
    return extent_of(image[..., 0] > HALF)


def extent_of(mask):
    """The box of a mask's pixels, or None where there are none."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], float) if rows.size else None


def move_outline(outline, moves):
    """A convex outline (n, 2) after moves: what shows of it in the last frame, and the whole of it, unclipped."""
    shown = whole = np.asarray(outline, float)
    for move in moves:
        shown, whole = _project(shown, move.matrix), _project(whole, move.matrix)
        shown = _within(shown, *move.size)
        if area_of(shown) < 1e-9:
            return shown[:0], whole
    return shown, whole


def outline_of(box, shape="rectangle", points=120):
    """The corners of a box, or its inscribed ellipse."""
    x0, y0, x1, y1 = box
    if shape == "rectangle":
        return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    turn = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.stack([(x0 + x1 + (x1 - x0) * np.cos(turn)) / 2, (y0 + y1 + (y1 - y0) * np.sin(turn)) / 2], axis=1)


def box_of(outline):
    return np.concatenate([outline.min(axis=0), outline.max(axis=0)])


def thin_end(outline, side, thickness):
    """How far a convex outline reaches beyond where it is `thickness` wide, at the side x0, y0, x1 or y1 (0 to 3).

    What is thinner colours no pixel by more than half, so that an end like a needle cannot be found in a picture.
    """
    sign, points = (1, -1)[side // 2], outline[:, [side % 2, 1 - side % 2]]
    depth, place = sign * points[:, 0] - (sign * points[:, 0]).min(), points[:, 1]
    edges = list(zip(depth, place, np.roll(depth, -1), np.roll(place, -1), strict=True))
    for reach in np.arange(0, depth.max(), 0.25):
        met = [
            q + (reach - d) / (e - d) * (r - q) for d, q, e, r in edges if min(d, e) <= reach <= max(d, e) and d != e
        ]
        if met and max(met) - min(met) >= thickness:
            return reach
    return depth.max()


def area_of(outline):
    return abs(_signed_area(outline)) if len(outline) > 2 else 0.0


def iou(a, b):
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    both = np.maximum(high - low, 0).prod()
    return both / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - both)


def depth_in(outline, points):
    """How deep each of `points` (k, 2) lies within a convex outline; below 0 outside, by at most its distance."""
    around = outline if _signed_area(outline) > 0 else outline[::-1]
    lengths = [(a, b, np.hypot(*(b - a))) for a, b in _edges(around)]
    return np.min([_turn(b - a, points - a) / length for a, b, length in lengths if length > 1e-9], axis=0)


def _signed_area(outline):
    x, y = outline.T
    return (x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2


def _project(points, matrix):
    moved = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix.T
    return moved[:, :2] / moved[:, 2:]


def _within(outline, height, width):
    """A convex outline within the frame: its vertices inside, the frame's inside it, and where edges cross; sorted."""
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    inside = ((outline >= 0) & (outline <= [width, height])).all(axis=1)
    outer = [edge for edge, *ends in zip(_edges(outline), inside, np.roll(inside, -1), strict=True) if not all(ends)]
    crossings = [c for edge in outer for border in _edges(frame) if (c := _cross(*edge, *border)) is not None]
    points = np.concatenate([outline[inside], frame[_inside_of(outline, frame)], np.array(crossings).reshape(-1, 2)])
    if not len(points):
        return points
    middle = points.mean(axis=0)
    return points[np.argsort(np.arctan2(*(points - middle).T[::-1]))]


def _edges(outline):
    return zip(outline, np.roll(outline, -1, axis=0), strict=True)


def _inside_of(outline, points):
    """Which of `points` lie on one side of all edges of a convex outline."""
    sides = np.array([_turn(b - a, points - a) for a, b in _edges(outline)])
    return (sides >= 0).all(axis=0) | (sides <= 0).all(axis=0)


def _cross(a, b, c, d):
    """Where the lines a to b and c to d meet, or None."""
    slope = _turn(b - a, d - c)
    if slope == 0:
        return None
    s, t = _turn(c - a, d - c) / slope, _turn(c - a, b - a) / slope
    return a + s * (b - a) if 0 <= s <= 1 and 0 <= t <= 1 else None


def _turn(a, b):
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
