"""JPEG bytes to RGB pixels by libjpeg-turbo, straight into an array and without the interpreter's lock.

Pillow is the reference. It is built on the same library, so that what is decoded here is equal to its pixels, bit by
bit; whatever libjpeg-turbo remarks on, and be it one byte too many, is left to Pillow, which then decodes or refuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np


def decode_jpeg(data: bytes, size: tuple[int, int], colours: Literal["RGB", "GRAY"] = "RGB") -> np.ndarray | None:
    """Decode a colour or grey JPEG as it is stored.

    Args:
        data: the file.
        size: width and height that its header gives, in pixels; the caller has checked that they are not too many.
        colours: "RGB", or "GRAY" for a grey JPEG's one channel.

    Returns:
        (height, width, 3) uint8, or (height, width, 1), or None where the file is not in perfect order.
    """
    import simplejpeg

    try:
        pixels: np.ndarray = simplejpeg.decode_jpeg(data, colours)
    except ValueError:
        return None
    width, height = size
    return pixels if pixels.shape[:2] == (height, width) else None
