"""One picture and what was drawn for it to pixels in the batch: one resampling, then one pass over the values.

What comes out is what Keras computes in separate steps: the affine move, the channel shift clipped to the moved
picture's own range, mirroring, brightness in whole numbers, rescaling. Mirroring is folded into the matrix, and the
rest into one loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.augment.warp import FILL_MODES, warp_into
from boda.preprocessing.image.functions import apply_channel_shift, resample
from boda.preprocessing.image.io import array_to_img
from boda.preprocessing.image.matrix import flips_of, fold_flips, is_brittle, matrix_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MOVES = ("theta", "tx", "ty", "shear", "zx", "zy", "flip_horizontal", "flip_vertical")


@dataclass(frozen=True, slots=True)
class Rendering:
    """How pictures are resampled, and what the result is multiplied by."""

    fill_mode: str = "nearest"
    cval: float = 0.0
    order: int = 1
    scale: float = 1.0


def render(image: np.ndarray, parameters: Mapping[str, Any], how: Rendering, out: np.ndarray) -> None:
    """Write `image` (h, w, c), as `parameters` change it, into `out`: contiguous float32 of the same shape."""
    extremes = move(image, parameters, how, out)
    shift, brightness = parameters.get("channel_shift_intensity"), parameters.get("brightness")
    if shift is None and brightness is None and how.scale == 1.0:
        return
    low, high = extremes or ((out.min(), out.max()) if out.size else (0.0, 0.0))
    if brightness is None or (brightness >= 0 and low >= 0 and high <= 255 and out.shape[2] != 4):
        _recolour(out, low, high, shift, brightness, how.scale)
    else:
        _recolour_slowly(out, shift, brightness, how.scale)


def move(
    image: np.ndarray, parameters: Mapping[str, Any], how: Rendering, out: np.ndarray
) -> tuple[float, float] | None:
    """The part of `render` that moves pixels; the least and the greatest value, where they come for free."""
    height, width, _ = image.shape
    across, along = flips_of(parameters)
    matrix = matrix_of(parameters, height, width)
    if matrix is None:
        out[...] = image[:: -1 if along else 1, :: -1 if across else 1]
        return None
    if how.order == 1 and how.fill_mode in FILL_MODES and image.size and not is_brittle(matrix):
        folded = fold_flips(matrix, height, width, across, along)
        return warp_into(image, folded, out, how.fill_mode, how.cval, 0.0)
    moved = resample(image.astype(out.dtype), matrix, how.fill_mode, how.cval, how.order)
    out[...] = moved[:: -1 if along else 1, :: -1 if across else 1]
    return None


def _recolour(
    out: np.ndarray, low: float, high: float, shift: float | None, brightness: float | None, scale: float
) -> None:
    from boda.augment.tone_kernels import classic_colour

    number = np.float32
    classic_colour(
        out.reshape(-1),
        number(low),
        number(high),
        number(shift or 0.0),
        shift is not None,
        number(brightness or 0.0),
        brightness is not None,
        number(scale),
    )


def _recolour_slowly(out: np.ndarray, shift: float | None, brightness: float, scale: float) -> None:
    """Brightness by Pillow, for alpha, for pictures that leave 0 to 255, and for factors below 0."""
    if shift is not None:
        out[...] = apply_channel_shift(out, shift, 2)
    out[...] = brighten(out, brightness)
    out *= np.float32(scale)


def brighten(x: np.ndarray, brightness: float) -> np.ndarray:
    """`apply_brightness_shift` without stretching, for (h, w, c) of any c, whatever Keras's global settings say."""
    from PIL import ImageEnhance

    x_min, x_max = np.min(x), np.max(x)
    leaves = bool(x_min < 0 or x_max > 255)
    flat = x if x.shape[2] == 4 else x.reshape(len(x), -1, 1)  # only alpha is treated apart
    picture = array_to_img(flat, "channels_last", scale=leaves, dtype="float32")
    bright = np.asarray(ImageEnhance.Brightness(picture).enhance(brightness), np.float32).reshape(x.shape)
    return bright / 255 * (x_max - x_min) + x_min if leaves else bright
