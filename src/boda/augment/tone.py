"""Changes of values, each pixel by itself: rows of numbers that one kernel applies in one pass over the picture."""

from __future__ import annotations

import numpy as np

from boda.augment.effects import Tone

COLUMNS = 16
LINEAR = 0


def linear(gain: float, offset: float = 0.0, low: float = -np.inf, high: float = np.inf) -> Tone:
    """X -> clip(gain x + offset, low, high)."""
    unclipped = np.isneginf(low) and np.isposinf(high) and gain != 0
    return Tone(_row(LINEAR, gain, offset, low, high), (gain, offset) if unclipped else None)


def join(tones: list[Tone]) -> np.ndarray:
    """The operations of several tones, in order: (k, 16) float32."""
    return np.concatenate([tone.operations for tone in tones])


def apply(image: np.ndarray, operations: np.ndarray) -> None:
    """Apply `operations` (k, 16) to contiguous float32 pixels (h, w, c), in place."""
    from boda.augment import kernels

    kernels.tone(image.reshape(-1), image.shape[2], operations)


def _row(code: int, *numbers: float) -> np.ndarray:
    row = np.zeros((1, COLUMNS), np.float32)
    row[0, 0] = code
    row[0, 1 : 1 + len(numbers)] = numbers
    return row
