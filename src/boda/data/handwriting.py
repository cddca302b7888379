"""Handwritten digits as ink: scikit-learn's 8x8 pictures become pen strokes of any size, slant and turn.

The 1,797 digits were written on fourteen forms, one after the other in the file (its labels repeat the form's
order of digits). A split by form keeps the handwriting of one part out of the other.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

FORMS = (0, 130, 256, 386, 516, 646, 776, 905, 1029, 1157, 1287, 1415, 1545, 1667)  # index of each form's first digit
FORMS_OF_VAL = 3
RIM = 2  # empty pixels around an 8x8 picture, into which bicubic interpolation swings
FAINT = 0.25  # of the darkest pixel: below it a pixel is no part of the stroke
EDGE = 0.42  # of the darkest pixel: where a stroke ends


@dataclass(frozen=True, slots=True, eq=False)
class Handwriting:
    """Digits to write with.

    Attributes:
        images: (n, 8, 8) float32, ink from 0 to 1.
        labels: (n,) int64, 0 to 9.
        indices: (n,) int64, each digit's place in scikit-learn's file.
    """

    images: np.ndarray
    labels: np.ndarray
    indices: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, chosen: np.ndarray) -> Handwriting:
        """Those where `chosen` (n,) is true."""
        return Handwriting(self.images[chosen], self.labels[chosen], self.indices[chosen])


@functools.cache
def all_handwriting() -> Handwriting:
    """The 1,797 digits that scikit-learn brings along: the test part of UCI's optically recognised digits."""
    from sklearn.datasets import load_digits

    flat, labels = load_digits(return_X_y=True)
    images = flat.reshape(-1, 8, 8).astype(np.float32)
    return Handwriting(images / images.max(axis=(1, 2), keepdims=True), labels.astype(np.int64), np.arange(len(labels)))


def split_by_form(seed: int) -> tuple[Handwriting, Handwriting]:
    """Training and validation digits; three forms of fourteen, drawn from `seed`, are validation.

    >>> train, val = split_by_form(seed=0)
    >>> len(train) + len(val), set(train.indices) & set(val.indices)
    (1797, set())
    """
    whole = all_handwriting()
    form = np.searchsorted(FORMS, whole.indices, side="right") - 1
    in_val = np.isin(form, np.random.default_rng((seed, 0)).permutation(len(FORMS))[:FORMS_OF_VAL])
    return whole.take(~in_val), whole.take(in_val)


def draw_ink(digit: np.ndarray, side: float, turn: float = 0.0, slant: float = 0.0) -> np.ndarray:
    """`digit` (8, 8) of 0 to 1 as a stroke whose longer side is about `side` pixels, in its tight frame.

    Args:
        digit: ink, 0 to 1.
        side: of the upright stroke's longer side, in pixels, 4 or more.
        turn: degrees clockwise.
        slant: how far the top leans to the right, as a share of the height.

    Returns:
        (h, w) float32 opacity from 0 to 1; each side of the frame has a pixel above 0.5.
    """
    top, bottom, left, right = _extent(digit > FAINT)
    scale = side / max(bottom - top, right - left)
    length = math.ceil(1.5 * side) + 4
    ink = np.pad(digit, RIM)
    back = _to_source((left + right) / 2 + RIM, (top + bottom) / 2 + RIM, length / 2, scale, turn, slant)
    smooth = Image.fromarray(ink).transform((length, length), Image.Transform.AFFINE, back, Image.Resampling.BICUBIC)
    softness = np.float32(min(0.6 / scale, 0.2))  # the stroke's edge is about two pixels wide at every size
    ramp = np.clip((np.asarray(smooth) - (EDGE - softness)) / (2 * softness), 0, 1)
    opacity = ramp * ramp * (3 - 2 * ramp)  # smoothstep
    top, bottom, left, right = _extent(opacity > 0.5)
    return np.ascontiguousarray(opacity[top:bottom, left:right])


def _to_source(
    x: float, y: float, middle: float, scale: float, turn: float, slant: float
) -> tuple[float, float, float, float, float, float]:
    """The matrix from output to source pixels that puts (x, y) in the `middle`, enlarged, slanted, then turned."""
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    a, b = (cosine + slant * -sine) / scale, (sine + slant * cosine) / scale
    c, d = -sine / scale, cosine / scale
    return a, b, x - (a + b) * middle, c, d, y - (c + d) * middle


def _extent(inked: np.ndarray) -> tuple[int, int, int, int]:
    """Top, bottom, left, right of what is true in (h, w); ends excluded."""
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
