"""Views: how a network looks at a picture, from a sample to pixels of one size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from boda.data import decode
from boda.data.duplicates import content_digest
from boda.errors import ImageError

if TYPE_CHECKING:
    from boda.sample import Sample

DECODE_VERSION = "1"


@dataclass(frozen=True, slots=True)
class View:
    """A picture fitted to `size` x `size`, by squash or centre crop, mirrored or not.

    Args:
        size: side of the square, in pixels.
        resize: "squash" takes the whole picture; "crop" the centre square, `crop_share` of the short side.
        crop_share: 0.875 is ImageNet's customary 224 / 256.
        mirrored: left and right exchanged.
    """

    size: int
    resize: Literal["squash", "crop"] = "squash"
    crop_share: float = 0.875
    mirrored: bool = False

    @property
    def key(self) -> str:
        """What features of this view depend on, beside network and picture."""
        how = self.resize if self.resize == "squash" else f"crop {self.crop_share}"
        return f"decode {DECODE_VERSION}, {how} {self.size}, {'mirrored' if self.mirrored else 'plain'}"

    def pixels(self, sample: Sample, digest: str | None = None) -> np.ndarray:
        """The sample as uint8 (size, size, 3).

        Raises:
            ImageError: it cannot be read, or its bytes are not those of `digest` (SHA-256, in hex).
        """
        shape = (self.size, self.size)
        data = sample.read_bytes() if digest is not None or not isinstance(sample.image, np.ndarray) else b""
        if digest is not None and content_digest(data) != digest:
            raise ImageError(f"{sample.name} was changed while boda was at work. Train again.")
        if isinstance(sample.image, np.ndarray):
            seen = decode.resize(sample.image, shape, self.resize, self.crop_share)
        else:
            seen = decode.decode_resized(data, shape, self.resize, self.crop_share)
        return seen[:, ::-1] if self.mirrored else seen
