"""Views: how a network looks at a picture, from a sample to pixels of one size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from boda.data import decode

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

    def pixels(self, sample: Sample) -> np.ndarray:
        """The sample as uint8 (size, size, 3); ImageError where it cannot be read."""
        shape = (self.size, self.size)
        if isinstance(sample.image, np.ndarray):
            seen = decode.resize(sample.image, shape, self.resize, self.crop_share)
        else:
            seen = decode.decode_resized(sample.read_bytes(), shape, self.resize, self.crop_share)
        return seen[:, ::-1] if self.mirrored else seen
