"""What Keras draws for one picture, in Keras's order, from NumPy's global state."""
# ruff: noqa: NPY002 - the same seed must give the same draws as Keras's own

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

NOTHING: dict[str, Any] = {
    "theta": 0,
    "tx": 0,
    "ty": 0,
    "shear": 0,
    "zx": 1,
    "zy": 1,
    "flip_horizontal": False,
    "flip_vertical": False,
    "channel_shift_intensity": None,
    "brightness": None,
}


class Ranges(Protocol):
    """From what it is drawn: the arguments of `ImageDataGenerator` of these names."""

    rotation_range: Any
    height_shift_range: Any
    width_shift_range: Any
    shear_range: Any
    zoom_range: Any
    horizontal_flip: Any
    vertical_flip: Any
    channel_shift_range: Any
    brightness_range: Any


def draw(ranges: Ranges, height: int, width: int) -> dict[str, Any]:
    """Draw for one picture of `height` x `width`; the two flips are drawn even where they are not wanted."""
    uniform, random = np.random.uniform, np.random.random
    turn, slant, zoom = ranges.rotation_range, ranges.shear_range, ranges.zoom_range
    drawn = dict(NOTHING)
    if turn:
        drawn["theta"] = uniform(-turn, turn)
    drawn["tx"] = _draw_shift(ranges.height_shift_range, height)
    drawn["ty"] = _draw_shift(ranges.width_shift_range, width)
    if slant:
        drawn["shear"] = uniform(-slant, slant)
    if not (zoom[0] == 1 and zoom[1] == 1):
        drawn["zx"], drawn["zy"] = uniform(zoom[0], zoom[1], 2).tolist()
    drawn["flip_horizontal"] = (random() < 0.5) * ranges.horizontal_flip
    drawn["flip_vertical"] = (random() < 0.5) * ranges.vertical_flip
    if ranges.channel_shift_range != 0:
        drawn["channel_shift_intensity"] = uniform(-ranges.channel_shift_range, ranges.channel_shift_range)
    if ranges.brightness_range is not None:
        drawn["brightness"] = uniform(ranges.brightness_range[0], ranges.brightness_range[1])
    return drawn


def is_random(ranges: Ranges) -> bool:
    """Whether anything is drawn that changes a picture."""
    still = ranges.zoom_range[0] == 1 and ranges.zoom_range[1] == 1 and ranges.brightness_range is None
    rest = (
        ranges.rotation_range,
        ranges.height_shift_range,
        ranges.width_shift_range,
        ranges.shear_range,
        ranges.horizontal_flip,
        ranges.vertical_flip,
        ranges.channel_shift_range,
    )
    return not still or any(np.any(value) for value in rest)


def _draw_shift(values: Any, size: int) -> Any:
    """Pixels: uniform for a float (below 1 a share of `size`), one of a list with either sign, below an integer."""
    if not values:
        return 0
    drawn = None if isinstance(values, (float, np.floating)) else _choose(values)
    drawn = np.random.uniform(-values, values) if drawn is None else drawn
    return drawn * size if np.max(values) < 1 else drawn


def _choose(values: Any) -> Any:
    """One of a list, or one of the integers below a number; None where NumPy can choose from neither."""
    try:
        return np.random.choice(values) * np.random.choice([-1, 1])
    except ValueError:
        return None
