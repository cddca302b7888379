"""What lies below the cut runs once: pictures and their variants to activations, kept as 16-bit floats on disk.

    activations/KEY.f16    (n, views, h, w, c) float16, row by row
    activations/KEY.json   its shape; written last, so that where it is the rows are whole

The key is a hash of all that the rows depend on: the network below the cut, the pictures' contents, the view and the
pipeline with its seed.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from boda import atomic
from boda.batches import batched, in_order
from boda.models.engine import Network
from boda.progress import say, track
from boda.training.cache import cache_folder, cache_limit, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from boda.augment.pipeline import Pipeline
    from boda.models.engine import Precision
    from boda.training.box_pictures import BoxPictures
    from boda.training.pictures import Pictures

BATCH = 4
FOLDER = "activations"
ROOM = 2**30  # bytes that stay free on the disk
GREATEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class Trunk:
    """The network below the cut, as an OpenVINO file.

    Args:
        network: the file.
        key: a hash of all that it depends on, its weights among them.
        shape: of what it gives for one picture, such as (h, w, c).
        outputs: its outputs; of several the maps lie one after the other in a row (`boda.models.pieces`).
    """

    network: Path
    key: str
    shape: tuple[int, ...]
    precision: Precision = "f32"
    outputs: tuple[str, ...] = ("cut",)

    def run(self, pictures: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """The activations, of `shape`, of each picture, (size, size, 3) float32, in order."""
        network = Network(self.network, self.precision, outputs=self.outputs, dtype="float32")
        for output in network.run(batched(pictures, BATCH)):
            maps = [output[name] for name in self.outputs]
            rows = np.concatenate([some.reshape(len(some), -1) for some in maps], axis=1)
            yield from rows.reshape(-1, *self.shape)


@dataclass(frozen=True, eq=False)
class Activations:
    """Kept activations: `rows` is (n, views, h, w, c) float16, of which view 0 is the plain picture's."""

    rows: np.ndarray

    @property
    def views(self) -> int:
        """How many variants of each picture there are."""
        return int(self.rows.shape[1])

    def batch(self, indices: np.ndarray, views: np.ndarray | int = 0) -> np.ndarray:
        """(m, h, w, c) float32: the pictures `indices`, each in its view."""
        return self.rows[indices, views].astype(np.float32)


def keep(trunk: Trunk, pictures: Pictures | BoxPictures, pipeline: Pipeline, views: int) -> Activations | None:
    """The activations of all `pictures` in `views` variants each, computed now or by an earlier training.

    None where they would not fit: they may take the cache's limit, and must leave 1 GiB of the disk free.
    """
    shape = (len(pictures), views, *trunk.shape)
    folder, wanted = cache_folder() / FOLDER, int(np.prod(shape)) * 2
    path = folder / f"{_key(trunk, pictures, pipeline, views)}.f16"
    if (kept := _opened(path, shape)) is not None:
        return kept
    if (reason := _refusal(folder, wanted)) is not None:
        say(f"Activations would take {wanted / 2**30:.1f} GiB, {reason}; they are computed each epoch.")
        return None
    jobs = itertools.product(range(len(pictures)), range(views))
    seen = in_order(lambda job: pictures.varied(job[0], pipeline, job[1]), jobs)
    _write(path, track(trunk.run(seen), "activations", total=len(pictures) * views), shape)
    return _opened(path, shape)


def _key(trunk: Trunk, pictures: Pictures | BoxPictures, pipeline: Pipeline, views: int) -> str:
    varied = pipeline.to_toml() if views > 1 else ""
    return key_of("activations 1", trunk.key, trunk.precision, pictures.view.key, varied, str(views), *pictures.keys)


def _opened(path: Path, shape: Sequence[int]) -> Activations | None:
    """The file, where it is whole; it counts as used now."""
    try:
        described = json.loads(path.with_suffix(".json").read_text("utf-8"))
        if described != {"shape": list(shape)} or path.stat().st_size != int(np.prod(shape)) * 2:
            return None
        os.utime(path)
        return Activations(np.memmap(path, np.float16, "r", shape=tuple(shape)))
    except (OSError, ValueError):
        return None


def _write(path: Path, rows: Iterator[np.ndarray], shape: Sequence[int]) -> None:
    """Write `rows` beside `path`, then give them its name; a process that was faster is not disturbed."""
    handle, name = tempfile.mkstemp(prefix=".new-", suffix=".f16", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            for row in rows:
                file.write(np.clip(row, -GREATEST, GREATEST).astype(np.float16).tobytes())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    atomic.write_json(path.with_suffix(".json"), {"shape": list(shape)})


def _refusal(folder: Path, wanted: int) -> str | None:
    """Why `wanted` bytes cannot be kept; where they can, room is made for them."""
    if wanted > cache_limit():
        return "more than the cache may"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _make_room(folder, wanted)
        tempfile.TemporaryFile(dir=folder).close()
        return None if shutil.disk_usage(folder).free >= wanted + ROOM else "more than the disk has room for"
    except OSError as error:
        return f"but {folder} cannot be written to ({error.strerror})"


def _make_room(folder: Path, wanted: int) -> None:
    """Drop the files that were not used for the longest, until `wanted` bytes more suit the limit and the disk."""
    sizes = {path: (path.stat().st_mtime, path.stat().st_size) for path in folder.glob("[!.]*.f16")}
    total = sum(size for _, size in sizes.values())
    for path in sorted(sizes, key=sizes.__getitem__):
        if total + wanted <= cache_limit() and shutil.disk_usage(folder).free >= wanted + ROOM:
            break
        total -= sizes[path][1]
        path.with_suffix(".json").unlink(missing_ok=True)
        path.unlink(missing_ok=True)
