"""Changes of values, each pixel by itself: rows of numbers that one kernel applies in one pass over the picture.

Each function here gives a Tone of one row (1, 16) float32: the number of an operation, then its own numbers.
`low` and `high` are the least and the greatest value that a pixel can have: 0 and 255, or 0 and 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from boda.augment.effects import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = 16
LINEAR, GREY, HUE, SATURATION, POSTERIZE, SOLARIZE, CHANNELS, CONTRAST, STRETCH, SHIFT, SAMPLEWISE = range(11)
MOST_CHANNELS = 4


def linear(gain: float, offset: float = 0.0, low: float = -np.inf, high: float = np.inf) -> Tone:
    """Scale and shift: x -> clip(gain x + offset, low, high)."""
    unclipped = low == -np.inf and high == np.inf and gain != 0
    return Tone(_row(LINEAR, gain, offset, low, high), (gain, offset) if unclipped else None)


def grey(share: float, low: float, high: float) -> Tone:
    """Go the way to grey: x -> x + share (luma - x), luma = 0.2989 r + 0.587 g + 0.114 b; one channel stays."""
    return Tone(_row(GREY, share, low, high))


def hue(turns: float, low: float) -> Tone:
    """Turn the hue of HSV by a fraction of the full circle."""
    return Tone(_row(HUE, 6.0 * (turns - round(turns)), low))


def saturation(gain: float, low: float) -> Tone:
    """Multiply the saturation of HSV by `gain`, to at most 1."""
    return Tone(_row(SATURATION, gain, low))


def posterize(bits: int, low: float, high: float) -> Tone:
    """Keep the upper `bits`, 1 to 8, of each value as a byte."""
    return Tone(_row(POSTERIZE, 2.0 ** (8 - bits), low, high))


def solarize(added: float, threshold: float, low: float, high: float) -> Tone:
    """Invert what is bright: x + added, inverted where that is not below `threshold`; both in levels of 255."""
    return Tone(_row(SOLARIZE, added, threshold, low, high))


def channelwise(gains: Sequence[float], offsets: Sequence[float], low: float = -np.inf, high: float = np.inf) -> Tone:
    """Scale and shift each channel: x_c -> clip(gain_c x_c + offset_c, low, high), for up to four channels."""
    padded = [[*numbers, *[0.0] * (MOST_CHANNELS - len(numbers))] for numbers in (gains, offsets)]
    return Tone(_row(CHANNELS, *padded[0], *padded[1], low, high))


def contrast(factor: float, low: float, high: float) -> Tone:
    """Stretch about the present mean of each channel: x_c -> clip(mean_c + factor (x_c - mean_c), low, high)."""
    return Tone(_row(CONTRAST, factor, low, high))


def stretch(low: float, high: float) -> Tone:
    """Each channel linearly to the whole range, from its present least value to its greatest."""
    return Tone(_row(STRETCH, 0.0, low, high))


def channel_shift(added: float) -> Tone:
    """Shift all values: x -> clip(x + added, least, greatest), of the present picture's own values."""
    return Tone(_row(SHIFT, added))


def samplewise(*, scaled: bool) -> Tone:
    """Centre: x -> x - mean, and `scaled` divided by (deviation + 1e-6), of the whole present picture."""
    return Tone(_row(SAMPLEWISE, float(scaled), -np.inf, np.inf))


def join(tones: Sequence[Tone]) -> np.ndarray:
    """The operations of several tones, in order: (k, 16) float32."""
    return np.concatenate([tone.operations for tone in tones])


def apply(image: np.ndarray, operations: np.ndarray) -> None:
    """Apply `operations` (k, 16) to contiguous float32 pixels (h, w, c), in place."""
    from boda.augment import tone_kernels

    tone_kernels.tone(image.reshape(-1), image.shape[2], operations)


def _row(code: int, *numbers: float) -> np.ndarray:
    row = np.zeros((1, COLUMNS), np.float32)
    row[0, 0] = code
    row[0, 1 : 1 + len(numbers)] = numbers
    return row
