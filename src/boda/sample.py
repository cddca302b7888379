"""Samples and datasets: where pictures are, what they show, and which part they belong to."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from boda.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Part = Literal["train", "val", "test"]
Label = str | tuple[str, ...]
Task = Literal["classify", "multilabel", "locate", "detect"]
BOX_TASKS = ("locate", "detect")
MAX_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One picture with its label.

    `image` is a file, or an array (h, w, c) that is already in memory.
    `label` is a class name, a tuple of class names (several labels a picture), or None; of a picture with boxes, the
    sorted names of the classes that occur in it.
    `part` is the part that the data itself gives it; None leaves that to the split.
    `group` ties samples that must stay in one part: one patient, one video.
    `name` identifies the sample within its dataset: for files, the path below the root, with `/`.
    `boxes` (n, 4) xyxy pixels and `box_labels`, one a box, `masks` (h, w) or (n, h, w), and `points` (k, 2) or
    (n, k, 2) are in the displayed frame; None where nothing is known. Boxes of shape (0, 4) say that there is none.
    """

    name: str
    image: Path | np.ndarray
    label: Label | None = None
    part: Part | None = None
    group: str | None = None
    boxes: np.ndarray | None = None
    box_labels: tuple[str, ...] | np.ndarray | None = None
    masks: np.ndarray | None = None
    points: np.ndarray | None = None

    def read_bytes(self) -> bytes:
        """The file's bytes, or the array's own: what the sample's digest is taken of."""
        if isinstance(self.image, Path):
            _check_readable(self.image)
            return self.image.read_bytes()
        return repr((self.image.shape, str(self.image.dtype))).encode() + self.image.tobytes()


@dataclass(frozen=True, slots=True)
class BadFile:
    """A file that was left out, and why, in one line."""

    name: str
    reason: str


@dataclass(frozen=True)
class Dataset:
    """Labelled samples of one kind, and the files that were left out with their reasons.

    `classes` are in the order of the model's outputs (sorted by name unless the data says otherwise).
    `task` is "classify" (one label a picture), "multilabel" (several), "locate" (one box a picture) or "detect" (many).
    `notes` say in a sentence each what the reader decided, such as that crowds were left out.
    """

    samples: tuple[Sample, ...]
    classes: tuple[str, ...]
    task: Task = "classify"
    root: Path | None = None
    bad: tuple[BadFile, ...] = field(default=())
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    @property
    def class_indices(self) -> dict[str, int]:
        """Class name to output index, as Keras's generators name it."""
        return {name: i for i, name in enumerate(self.classes)}

    def targets(self) -> np.ndarray:
        """Labels as the head wants them: (n,) int64 indices, or (n, classes) float32 of 0 and 1.

        Of pictures with boxes, a 1 says that the class occurs.
        """
        index = self.class_indices
        if self.task == "classify":
            return np.array([index[s.label] for s in self.samples], dtype=np.int64)  # type: ignore[index]
        hot = np.zeros((len(self.samples), len(self.classes)), dtype=np.float32)
        for row, sample in enumerate(self.samples):
            for name in sample.label or ():
                hot[row, index[name]] = 1.0
        return hot


def _check_readable(path: Path) -> None:
    """Refuse what would never end: a pipe, a device, a file far larger than any picture."""
    seen = path.stat()
    if stat.S_ISDIR(seen.st_mode):
        return  # reading says so
    if not stat.S_ISREG(seen.st_mode):
        raise ImageError("not an ordinary file, but a pipe or a device")
    if seen.st_size > MAX_BYTES:
        raise ImageError(
            f"a file of {seen.st_size / 2**20:.0f} MiB; pictures of up to {MAX_BYTES / 2**20:.0f} are read"
        )


def with_marks(sample: Sample, digest: str) -> str:
    """The digest of a picture's content and, where it has boxes, of these and their labels."""
    if sample.boxes is None:
        return digest
    boxes = np.ascontiguousarray(sample.boxes, np.float64)
    labels = "\n".join(map(str, () if sample.box_labels is None else sample.box_labels))
    return hashlib.sha256(f"{digest} {boxes.shape} ".encode() + boxes.tobytes() + labels.encode()).hexdigest()


def fingerprint(names_and_digests: Iterable[tuple[str, str]]) -> str:
    """SHA-256 over (name, content digest) pairs, independent of their order."""
    whole = hashlib.sha256()
    for name, digest in sorted(names_and_digests):
        whole.update(f"{len(name)}:".encode() + name.encode("utf-8", "surrogateescape") + digest.encode())
    return whole.hexdigest()
