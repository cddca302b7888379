"""How a network of boxes looks at a picture: the whole of it in a square, and the way back from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from boda.boxes import letterbox, squash
from boda.data import decode
from boda.data.duplicates import content_digest
from boda.errors import ImageError

if TYPE_CHECKING:
    from boda.boxes import Letterbox
    from boda.sample import Sample

FILL = 114  # the grey around a picture in its letterbox


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A picture as a network sees it: `pixels` uint8 (size, size, 3), and how boxes come back from there.

    `width` and `height` are the picture's own, as displayed.
    """

    pixels: np.ndarray
    width: int
    height: int
    place: Letterbox


@dataclass(frozen=True, slots=True)
class BoxView:
    """The whole picture in `size` x `size` pixels; nothing is cut away, since a box may lie anywhere.

    Args:
        size: side of the square, in pixels.
        resize: "squash" fills the square; "letterbox" keeps the picture's aspect, with grey around it.
    """

    size: int
    resize: Literal["squash", "letterbox"] = "squash"

    def __post_init__(self) -> None:
        if self.size < 1 or self.resize not in ("squash", "letterbox"):
            raise ValueError(
                f"a view of boxes has a size of 1 or more, and squash or letterbox. "
                f"Received: size={self.size}, resize={self.resize!r}"
            )

    @property
    def key(self) -> str:
        """What is computed of this view depends on it, beside network and picture."""
        return f"boxes, {self.resize} {self.size}"

    def see(self, sample: Sample, digest: str | None = None) -> Seen:
        """The sample in this view.

        Raises:
            ImageError: it cannot be read, or its bytes are not those of `digest` (SHA-256, in hex).
        """
        data = sample.read_bytes() if digest is not None or not isinstance(sample.image, np.ndarray) else b""
        if digest is not None and content_digest(data) != digest:
            raise ImageError(f"{sample.name} was changed while boda was at work. Train again.")
        width, height = _size_of(sample, data)
        place = self.place(width, height)
        shape = place.inner[::-1]
        if isinstance(sample.image, np.ndarray):
            pixels = decode.resize(sample.image, shape)
        else:
            pixels = decode.decode_resized(data, shape)
        if shape == (self.size, self.size):
            return Seen(pixels, width, height, place)
        canvas = np.full((self.size, self.size, 3), FILL, np.uint8)
        x, y = place.offset
        canvas[y : y + shape[0], x : x + shape[1]] = pixels
        return Seen(canvas, width, height, place)

    def place(self, width: int, height: int) -> Letterbox:
        """Where a picture of that size lies in the view."""
        fit = squash if self.resize == "squash" else letterbox
        return fit((width, height), (self.size, self.size))


def _size_of(sample: Sample, data: bytes) -> tuple[int, int]:
    """Width and height as displayed."""
    if isinstance(sample.image, np.ndarray):
        height, width = sample.image.shape[:2]
        if not width or not height:
            raise ImageError(f"no pixels: {width} x {height}")
        return width, height
    header = decode.read_header(data)
    return header.width, header.height
