"""Paper of many kinds, made by chance: plain, shaded, blotched, fibrous, ruled or squared, light or dark."""

from __future__ import annotations

import numpy as np
from PIL import Image

KINDS = ("plain", "shaded", "blotched", "fibrous", "ruled", "squared")
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # of linear RGB, ITU-R BT.709


def draw_paper(rng: np.random.Generator, size: int) -> np.ndarray:
    """A sheet of paper, (size, size, 3) float32 of 0 to 255: light two times of three, else dark."""
    light, kind = rng.random() < 2 / 3, KINDS[rng.integers(len(KINDS))]
    value = rng.uniform(0.72, 1.0) if light else rng.uniform(0.08, 0.34)
    hsv = np.array([rng.random(), rng.uniform(0, 0.35 if light else 0.7), value])
    drift = np.array([rng.uniform(-0.15, 0.15), rng.uniform(-0.1, 0.1), rng.uniform(-0.15, 0.15)])
    if kind == "plain":
        drift *= 0.2
    colours = hsv_to_rgb(np.clip(np.stack([hsv, hsv + drift]), (-1, 0, 0.06), (2, 1, 1)))
    share = _blotches(rng, size) if kind in ("blotched", "fibrous") else _slope(rng, size)
    start, change = 255 * colours[0][:, None, None], 255 * (colours[1] - colours[0])[:, None, None]
    paper = (start + share * change).astype(np.float32)  # (3, size, size): a colour at a time is faster
    paper += _grain(rng, size, fibrous=kind == "fibrous")
    if kind in ("ruled", "squared"):
        _rule(paper, rng, squared=kind == "squared", towards=0.0 if light else 255.0)
    return np.ascontiguousarray(np.clip(paper, 0, 255, out=paper).transpose(1, 2, 0))


def hsv_to_rgb(hsv: np.ndarray) -> np.ndarray:
    """Colours (..., 3): hue of any turn, saturation and value 0 to 1, as red, green, blue 0 to 1.

    f(n) = v - v s max(0, min(k, 4 - k, 1)) with k = (n + 6 h) mod 6, for n = 5, 3, 1.
    """
    hue, saturation, value = np.moveaxis(np.asarray(hsv, np.float32)[..., None], -2, 0)
    k = (np.array([5, 3, 1], np.float32) + 6 * hue) % 6
    return np.asarray(value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1))


def contrast(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Contrast ratio of RGB colours (..., 3) of 0 to 255, 1 to 21 (WCAG 2; its gamma taken as 2)."""
    a, b = ((np.asarray(rgb) / 255) ** 2 @ LUMINANCE for rgb in (one, other))
    return np.asarray((np.maximum(a, b) + 0.05) / (np.minimum(a, b) + 0.05))


def _slope(rng: np.random.Generator, size: int) -> np.ndarray:
    """From 0 in one place of the rim to 1 in the opposite one, (size, size)."""
    along = np.linspace(0, 1, size, dtype=np.float32)
    x, y = (np.float32(by) for by in rng.uniform(-1, 1, 2))
    slope = x * along + (y * along)[:, None]
    return np.asarray((slope - slope.min()) / max(float(np.ptp(slope)), 1e-6))


def _blotches(rng: np.random.Generator, size: int) -> np.ndarray:
    """Soft spots, (size, size) of 0 to 1."""
    cells = int(rng.integers(3, 10))
    return _enlarge(rng.random((cells, cells), np.float32), size)


def _grain(rng: np.random.Generator, size: int, *, fibrous: bool) -> np.ndarray:
    """Noise (size, size) around 0; of fibrous paper, short threads of it."""
    strength = np.float32(rng.uniform(1, 7))
    if not fibrous:
        return strength * rng.standard_normal((size, size), np.float32)
    threads = rng.standard_normal((size, max(size // 12, 1)), np.float32)
    threads = 2 * strength * _enlarge(threads, size)
    return threads if rng.random() < 0.5 else threads.T


def _rule(paper: np.ndarray, rng: np.random.Generator, *, squared: bool, towards: float) -> None:
    """Draw faint lines a few pixels apart into `paper` (3, size, size), `towards` black or white."""
    size = paper.shape[1]
    step, start, strength = size * rng.uniform(0.05, 0.13), rng.random(), np.float32(rng.uniform(0.08, 0.25))
    at = np.arange(start * step, size, step).astype(int)
    for lines in ((..., at, slice(None)), (..., at)) if squared else ((..., at, slice(None)),):
        paper[lines] += strength * (towards - paper[lines])


def _enlarge(values: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(Image.fromarray(values).resize((size, size), Image.Resampling.BICUBIC))
