"""The ladder's pictures on disk: what every process of a ladder reads, so that all see the same pictures and folds.

LADDER/pictures.json   names, files, digests, targets, groups and folds of the training part
LADDER/pictures.npy    the pixels, where pictures came as arrays, one after the other
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boda import atomic
from boda.data.folds import folds
from boda.errors import RunError
from boda.sample import Sample
from boda.training.pictures import Pictures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.data.view import View

NAME, PIXELS = "pictures.json", "pictures.npy"


@dataclass(frozen=True, eq=False)
class LadderPictures:
    """The training part of a ladder, n pictures.

    Args:
        samples: the pictures.
        digests: SHA-256 of each one's content, in hex.
        targets: (n,) class indices, or (n, classes) of 0 and 1.
        groups: (n,) ints, equal for copies and whatever else must stay together.
        fits: (repeats, n) ints, the fold in which each picture is answered.
        classes: how many there are.
    """

    samples: Sequence[Sample]
    digests: Sequence[str]
    targets: np.ndarray
    groups: np.ndarray
    fits: np.ndarray
    classes: int

    @classmethod
    def dealt(
        cls,
        samples: Sequence[Sample],
        digests: Sequence[str],
        targets: np.ndarray,
        groups: np.ndarray,
        *,
        classes: int,
        count: int,
        repeats: int,
        seed: int,
    ) -> LadderPictures:
        """Pictures with `repeats` times `count` folds, dealt by seeds seed, seed + 1, and so on."""
        fits = np.zeros((repeats, len(samples)), np.int64)
        for repeat in range(repeats):
            for fold, (_, unseen) in enumerate(folds(targets, groups, count, seed + repeat)):
                fits[repeat, unseen] = fold
        return cls(samples, digests, targets, groups, fits, classes)

    @property
    def folds(self) -> int:
        """How many folds a repeat has."""
        return int(self.fits.max()) + 1

    def cell(self, repeat: int, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """The pictures to learn from and those to answer, int64 each."""
        return np.flatnonzero(self.fits[repeat] != fold), np.flatnonzero(self.fits[repeat] == fold)

    def seen_in(self, view: View) -> Pictures:
        """The pictures as a network looks at them."""
        return Pictures(self.samples, self.digests, self.targets, self.classes, view)

    def write(self, ladder: Path) -> None:
        """Leave them in the folder `ladder`."""
        places, pixels = _places(self.samples)
        if pixels.size:
            buffer = io.BytesIO()
            np.save(buffer, pixels)
            atomic.write_bytes(ladder / PIXELS, buffer.getvalue())
        about = {
            "classes": self.classes,
            "names": [sample.name for sample in self.samples],
            "images": places,
            "digests": list(self.digests),
            "targets": self.targets.tolist(),
            "groups": self.groups.tolist(),
            "folds": self.fits.tolist(),
        }
        atomic.write_json(ladder / NAME, about)

    @classmethod
    def read(cls, ladder: Path) -> LadderPictures:
        """Read what `write` left; RunError where it is missing or damaged."""
        try:
            about = json.loads((ladder / NAME).read_text("utf-8"))
            pixels = np.load(ladder / PIXELS, mmap_mode="r") if (ladder / PIXELS).is_file() else np.zeros(0, np.uint8)
            named = zip(about["names"], about["images"], strict=True)
            samples = [Sample(name, _image(place, pixels)) for name, place in named]
            targets = np.array(about["targets"])
            hot = targets.astype(np.float32) if targets.ndim == 2 else targets
            groups, fits = (np.array(about[name], np.int64) for name in ("groups", "folds"))
            return cls(samples, about["digests"], hot, groups, fits, about["classes"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{ladder / NAME} cannot be read ({error!r}). Begin the ladder again.") from error


def _places(samples: Sequence[Sample]) -> tuple[list[Any], np.ndarray]:
    """Of each picture its file, or where its pixels begin and their shape; and all pixels in a row, uint8."""
    places: list[Any] = []
    rows: list[np.ndarray] = []
    begin = 0
    for sample in samples:
        if isinstance(sample.image, np.ndarray):
            places.append([begin, list(sample.image.shape)])
            rows.append(sample.image.ravel())
            begin += sample.image.size
        else:
            places.append(str(sample.image.absolute()))
    return places, np.concatenate(rows) if rows else np.zeros(0, np.uint8)


def _image(place: Any, pixels: np.ndarray) -> Path | np.ndarray:
    if isinstance(place, str):
        return Path(place)
    begin, shape = place
    return np.asarray(pixels[begin : begin + int(np.prod(shape))]).reshape(shape)
