"""The loops that change values, each pixel by itself, or by a statistic of the whole picture.

Compiled by Numba when it is first used, and kept in its cache, which knows this file's date only: nothing here may
depend on another file of ours. Callers check sizes and room.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_FAST = {"nnan", "nsz", "contract", "arcp"}
_OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"}

LINEAR, GREY, HUE, SATURATION, POSTERIZE, SOLARIZE, CHANNELS, CONTRAST, STRETCH, SHIFT, SAMPLEWISE = range(11)
BLOCK = 4096  # pixels that stay in the processor's cache while all operations are applied to them
STRIP = 512  # pixels whose three colours are laid apart, since a loop over every third value does not vectorise
PERIOD = 128  # pixels for which a number for each channel is repeated, for the same reason


@njit(fastmath=_FAST, inline="always", **_OPTIONS)
def _within(x: float, low: float, high: float) -> float:
    x = x if x > low else low
    return x if x < high else high


@njit(fastmath=_FAST, **_OPTIONS)
def _linear(values: Any, gain: float, offset: float, low: float, high: float) -> None:
    for k in range(values.size):
        values[k] = _within(values[k] * gain + offset, low, high)


@njit(fastmath=_FAST, inline="always", **_OPTIONS)
def _most(a: float, b: float, c: float) -> float:
    a = a if a > b else b
    return a if a > c else c


@njit(fastmath=_FAST, inline="always", **_OPTIONS)
def _lay_each(values: Any, channels: Any, red: Any, green: Any, blue: Any) -> None:
    for p in range(red.size):
        k = channels * np.uint64(p)
        red[p], green[p], blue[p] = values[k], values[k + np.uint64(1)], values[k + np.uint64(2)]


@njit(fastmath=_FAST, **_OPTIONS)
def _lay_apart(values: Any, channels: int, red: Any, green: Any, blue: Any) -> None:
    """The first three channels; indices are unsigned, so that nothing asks whether they are below 0."""
    if channels == 3:
        _lay_each(values, np.uint64(3), red, green, blue)
    else:
        _lay_each(values, np.uint64(channels), red, green, blue)


@njit(fastmath=_FAST, inline="always", **_OPTIONS)
def _put_each(values: Any, channels: Any, red: Any, green: Any, blue: Any) -> None:
    for p in range(red.size):
        k = channels * np.uint64(p)
        values[k], values[k + np.uint64(1)], values[k + np.uint64(2)] = red[p], green[p], blue[p]


@njit(fastmath=_FAST, **_OPTIONS)
def _put_back(values: Any, channels: int, red: Any, green: Any, blue: Any) -> None:
    if channels == 3:
        _put_each(values, np.uint64(3), red, green, blue)
    else:
        _put_each(values, np.uint64(channels), red, green, blue)


@njit(fastmath=_FAST, **_OPTIONS)
def _grey(red: Any, green: Any, blue: Any, share: float, low: float, high: float) -> None:
    """Go the way to grey, ITU-R BT.601's luma, by `share`."""
    for p in range(red.size):
        r, g, b = red[p], green[p], blue[p]
        luma = np.float32(0.2989) * r + np.float32(0.587) * g + np.float32(0.114) * b
        red[p] = _within(r + share * (luma - r), low, high)
        green[p] = _within(g + share * (luma - g), low, high)
        blue[p] = _within(b + share * (luma - b), low, high)


@njit(fastmath=_FAST, inline="always", **_OPTIONS)
def _from_hue(n: float, h: float, v: float, delta: float) -> float:
    """One channel of HSV to RGB: v - delta max(0, min(k, 4 - k, 1)), k = (n + h) mod 6, of n + h from -6 to 18."""
    six = np.float32(6.0)
    k: Any = n + h
    k = k - six if k >= six else k
    k = k - six if k >= six else k
    k = k + six if k < np.float32(0.0) else k
    m = k if k < np.float32(4.0) - k else np.float32(4.0) - k
    return v - delta * _within(m, np.float32(0.0), np.float32(1.0))


@njit(fastmath=_FAST, **_OPTIONS)
def _hue(red: Any, green: Any, blue: Any, turn: float, low: float) -> None:
    """Turn the hue by `turn` sixths of a circle; saturation and value stay. `low` is the value of black."""
    for p in range(red.size):
        r, g, b = red[p] - low, green[p] - low, blue[p] - low
        v = _most(r, g, b)
        delta = v + _most(-r, -g, -b)
        inverse = np.float32(1.0) / (delta if delta > np.float32(0.0) else np.float32(1.0))
        h = (r - g) * inverse + np.float32(4.0)
        h = (b - r) * inverse + np.float32(2.0) if v == g else h
        h = (g - b) * inverse if v == r else h
        h += turn
        red[p] = low + _from_hue(np.float32(5.0), h, v, delta)
        green[p] = low + _from_hue(np.float32(3.0), h, v, delta)
        blue[p] = low + _from_hue(np.float32(1.0), h, v, delta)


@njit(fastmath=_FAST, **_OPTIONS)
def _saturation(red: Any, green: Any, blue: Any, gain: float, low: float) -> None:
    """Multiply the saturation s by `gain`, to at most 1: x -> v - (v - x) s' / s."""
    for p in range(red.size):
        r, g, b = red[p] - low, green[p] - low, blue[p] - low
        v = _most(r, g, b)
        delta = v + _most(-r, -g, -b)
        most = v / (delta if delta > np.float32(0.0) else np.float32(1.0))
        ratio = gain if gain < most else most
        red[p] = low + v - (v - r) * ratio
        green[p] = low + v - (v - g) * ratio
        blue[p] = low + v - (v - b) * ratio


@njit(**_OPTIONS)
def _by_colours(values: Any, channels: int, row: Any) -> None:
    """Operations on the first three channels together; a fourth, alpha, stays."""
    code, n, planes = int(row[0]), values.size // channels, np.empty((3, STRIP), np.float32)
    for start in range(0, n, STRIP):
        end = min(start + STRIP, n)
        part = values[start * channels : end * channels]
        red, green, blue = planes[0, : end - start], planes[1, : end - start], planes[2, : end - start]
        _lay_apart(part, channels, red, green, blue)
        if code == GREY:
            _grey(red, green, blue, row[1], row[2], row[3])
        elif code == HUE:
            _hue(red, green, blue, row[1], row[2])
        else:
            _saturation(red, green, blue, row[1], row[2])
        _put_back(part, channels, red, green, blue)


@njit(fastmath=_FAST, **_OPTIONS)
def _posterize(values: Any, step: float, low: float, high: float) -> None:
    """Whole levels of 255 rounded down to multiples of `step`."""
    up, down = np.float32(255.0) / (high - low), (high - low) / np.float32(255.0)
    for k in range(values.size):
        level = np.floor(_within((values[k] - low) * up, np.float32(0.0), np.float32(255.0)))
        values[k] = low + down * (step * np.floor(level / step))


@njit(fastmath=_FAST, **_OPTIONS)
def _solarize(values: Any, added: float, threshold: float, low: float, high: float) -> None:
    """Levels of 255: x + `added`, and inverted from `threshold` on."""
    full = np.float32(255.0)
    up, down = full / (high - low), (high - low) / full
    for k in range(values.size):
        level = _within((values[k] - low) * up + added, np.float32(0.0), full)
        values[k] = low + down * (level if level < threshold else full - level)


@njit(fastmath=_FAST, **_OPTIONS)
def _scale_each(values: Any, gains: Any, offsets: Any, low: float, high: float) -> None:
    for k in range(values.size):
        values[k] = _within(values[k] * gains[k] + offsets[k], low, high)


@njit(**_OPTIONS)
def _each_channel(values: Any, channels: int, gains: Any, offsets: Any, low: float, high: float) -> None:
    wide = np.empty((2, PERIOD * channels), np.float32)
    for p in range(PERIOD):
        for c in range(channels):
            wide[0, p * channels + c], wide[1, p * channels + c] = gains[c], offsets[c]
    for start in range(0, values.size, PERIOD * channels):
        part = values[start : min(start + PERIOD * channels, values.size)]
        _scale_each(part, wide[0], wide[1], low, high)


@njit(fastmath=_FAST, **_OPTIONS)
def _add_to(values: Any, sums: Any) -> None:
    for k in range(values.size):
        sums[k] += values[k]


@njit(**_OPTIONS)
def _sums(values: Any, channels: int, sums: Any) -> None:
    """The sum of each channel; float32 over 64 pixels at a time, float64 over the rest."""
    width = PERIOD * channels
    wide = np.empty(width, np.float32)
    for first in range(0, values.size, 64 * width):
        wide[:] = np.float32(0.0)
        for start in range(first, min(first + 64 * width, values.size), width):
            _add_to(values[start : min(start + width, values.size)], wide)
        for p in range(PERIOD):
            for c in range(channels):
                sums[c] += wide[p * channels + c]


@njit(fastmath=True, **_OPTIONS)
def _squares(values: Any, mean: float) -> float:
    """The sum of (x - mean)^2; float32 within a block, float64 over the blocks."""
    total = 0.0
    for start in range(0, values.size, 1024):
        one: Any = np.float32(0.0)
        part = values[start : min(start + 1024, values.size)]
        for k in range(part.size):
            one += (part[k] - mean) * (part[k] - mean)
        total += one
    return total


@njit(fastmath=True, **_OPTIONS)
def _range(values: Any) -> tuple[float, float]:
    low, high = values[0], values[0]
    for x in values:
        low = x if x < low else low
        high = x if x > high else high
    return low, high


@njit(**_OPTIONS)
def _channel_ranges(values: Any, channels: int, least: Any, most: Any) -> None:
    """The least and the greatest value of each channel."""
    n, strip = values.size // channels, np.empty(STRIP, np.float32)
    least[:], most[:] = values[:channels], values[:channels]
    for start in range(0, n, STRIP):
        end = min(start + STRIP, n)
        for c in range(channels):
            strip[: end - start] = values[start * channels : end * channels].reshape(end - start, channels)[:, c]
            low, high = _range(strip[: end - start])
            least[c], most[c] = min(least[c], low), max(most[c], high)


@njit(**_OPTIONS)
def _by_statistics(values: Any, channels: int, row: Any) -> None:
    """Operations that ask about the whole picture first."""
    code, n = int(row[0]), values.size // channels
    gains, offsets = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    low, high = row[2], row[3]
    if code == CONTRAST:
        sums = np.zeros(channels)
        _sums(values, channels, sums)
        for c in range(channels):
            gains[c] = row[1]
            offsets[c] = (1.0 - row[1]) * sums[c] / n
    elif code == STRETCH:
        least, most = np.empty(channels, np.float32), np.empty(channels, np.float32)
        _channel_ranges(values, channels, least, most)
        for c in range(channels):
            if most[c] > least[c]:
                gains[c] = (high - low) / (most[c] - least[c])
                offsets[c] = low - least[c] * gains[c]
    elif code == SHIFT:
        low, high = _range(values)
        _linear(values, np.float32(1.0), row[1], low, high)
        return
    else:
        sums = np.zeros(1)
        _sums(values, 1, sums)
        mean = sums[0] / values.size
        if row[1] > 0:
            gains[:] = 1.0 / (np.sqrt(_squares(values, np.float32(mean)) / values.size) + 1e-6)
        offsets[:] = -mean * gains[0]
    _each_channel(values, channels, gains, offsets, low, high)


@njit(**_OPTIONS)
def _by_pixel(values: Any, channels: int, row: Any) -> None:
    code = int(row[0])
    if code == LINEAR:
        _linear(values, row[1], row[2], row[3], row[4])
    elif code in (GREY, HUE, SATURATION) and channels >= 3:
        _by_colours(values, channels, row)
    elif code == POSTERIZE:
        _posterize(values, row[1], row[2], row[3])
    elif code == SOLARIZE:
        _solarize(values, row[1], row[2], row[3], row[4])
    elif code == CHANNELS:
        _each_channel(values, channels, row[1:5], row[5:9], row[9], row[10])


@njit(**_OPTIONS)
def tone(values: Any, channels: int, operations: Any) -> None:
    """Apply `operations` (k, 16), of the kinds of `tone.py`, to flat float32 pixels in place.

    Operations on pixels run block by block; one that asks about the whole picture waits until those before it are
    done everywhere.
    """
    block, first = BLOCK * channels, 0
    while first < len(operations):
        end = first
        while end < len(operations) and operations[end, 0] < CONTRAST:
            end += 1
        for start in range(0, values.size, block):
            for k in range(first, end):
                _by_pixel(values[start : min(start + block, values.size)], channels, operations[k])
        if end < len(operations):
            _by_statistics(values, channels, operations[end])
        first = end + 1


@njit(fastmath=_FAST, **_OPTIONS)
def equalize(values: Any, channels: int, bins: int, low: float, high: float) -> None:
    """Each channel's level becomes round(255 (cdf - least) / (n - least)), in place; one of a single level stays."""
    up, down = (bins - 1) / (high - low), (high - low) / np.float32(255.0)
    last, n = np.float32(bins - 1), values.size // channels
    counts = np.zeros((channels, bins), np.int64)
    table = np.empty((channels, bins), np.float32)
    several = np.zeros(channels, np.bool_)
    for k in range(0, values.size, channels):
        for c in range(channels):
            counts[c, np.int32(_within((values[k + c] - low) * up, np.float32(0.0), last))] += 1
    for c in range(channels):
        total, least = 0, 0
        for b in range(bins):
            total += counts[c, b]
            least = total if least == 0 else least
            several[c] = n > least
            table[c, b] = low + down * np.round((total - least) * 255.0 / max(n - least, 1))
    for k in range(0, values.size, channels):
        for c in range(channels):
            if several[c]:
                level = np.int32(_within((values[k + c] - low) * up, np.float32(0.0), last))
                values[k + c] = table[c, level]


@njit(fastmath={"contract"}, **_OPTIONS)
def classic_colour(
    image: Any,
    lo: float,
    hi: float,
    shift: float,
    has_shift: bool,
    brightness: float,
    has_brightness: bool,
    scale: float,
) -> None:
    """Keras's channel shift, brightness and rescaling of flat float32 pixels, in place.

    shifted = clip(x + shift, lo, hi); brightened = trunc(min(brightness * trunc(shifted), 255)), as Pillow blends
    with black after the cast to uint8; out = scale * brightened. Brightness wants values within 0 to 255.
    """
    full, one = np.float32(255.0), np.float32(1.0)
    low, high, added = np.float32(lo), np.float32(hi), np.float32(shift)
    factor, gain = np.float32(brightness), np.float32(scale)
    if has_shift and has_brightness:
        for k in range(image.size):
            x = image[k] + added
            x = x if x > low else low
            x = x if x < high else high
            x = np.float32(np.int32(x)) * factor
            x = x if x < full else full
            image[k] = np.float32(np.int32(x)) * gain
    elif has_brightness:
        for k in range(image.size):
            x = np.float32(np.int32(image[k])) * factor
            x = x if x < full else full
            image[k] = np.float32(np.int32(x)) * gain
    elif has_shift:
        for k in range(image.size):
            x = image[k] + added
            x = x if x > low else low
            image[k] = (x if x < high else high) * gain
    elif gain != one:
        for k in range(image.size):
            image[k] *= gain
