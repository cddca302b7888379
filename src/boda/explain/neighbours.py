"""Neighbours: the training pictures that the network takes for most alike, by the cosine of their pooled features.

A Run keeps them in `neighbours.npz`: unit vectors (n, d) float16, and names and labels as JSON; nothing is pickled.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.run import Run
    from boda.sample import Label

FILE = "neighbours.npz"
MOST = 5000
MOST_BYTES = 256 * 2**20
COPY_ABOVE = 0.999


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A training picture: its name in the data, its label, and the cosine of its features with the asked picture's."""

    name: str
    label: Label
    similarity: float

    @property
    def is_copy(self) -> bool:
        """Whether it is the asked picture itself, or as good as."""
        return self.similarity > COPY_ABOVE


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Training pictures by their features: `vectors` (n, d) of length 1, `names` (n,) and `labels` (n,)."""

    vectors: np.ndarray
    names: tuple[str, ...]
    labels: tuple[Label, ...]

    @classmethod
    def of(cls, features: np.ndarray, names: Sequence[str], labels: Sequence[Label], most: int = MOST) -> Neighbours:
        """From pooled features (n, d); of more than `most` pictures, as many are taken at equal distances.

        Raises:
            ValueError: names, labels and features are not as many.
        """
        if not len(features) == len(names) == len(labels):
            raise ValueError(
                "Expected a name and a label for each row of features. "
                f"Received: {len(features)} rows, {len(names)} names, {len(labels)} labels"
            )
        kept = np.unique(np.linspace(0, len(names) - 1, min(most, len(names))).astype(int))
        vectors = _unit(np.asarray(features, np.float32)[kept]).astype(np.float16)
        return cls(vectors, tuple(names[i] for i in kept), tuple(labels[i] for i in kept))

    def nearest(self, features: np.ndarray, count: int = 5) -> list[tuple[Neighbour, ...]]:
        """The `count` training pictures nearest to each row of pooled `features` (m, d), the nearest first.

        Example:
            >>> known = Neighbours.of(np.eye(2), ["a", "b"], ["x", "y"])
            >>> known.nearest(np.array([[1.0, 0.0]]), count=1)[0][0].name
            'a'

        Raises:
            RunError: the features are of another network.
        """
        if features.shape[1] != self.vectors.shape[1]:
            raise RunError(
                f"{FILE} holds {self.vectors.shape[1]} features a picture, and the network has {features.shape[1]}. "
                "Remove it, and boda computes it again."
            )
        cosines = _unit(np.asarray(features, np.float32)) @ self.vectors.astype(np.float32).T
        order = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
        return [tuple(self._neighbour(i, row[i]) for i in some) for row, some in zip(cosines, order, strict=True)]

    def _neighbour(self, i: int, cosine: float) -> Neighbour:
        return Neighbour(self.names[i], self.labels[i], float(np.clip(cosine, -1, 1)))

    def to_bytes(self) -> bytes:
        """An .npz of plain arrays, without pickle."""
        listed = json.dumps({"names": self.names, "labels": self.labels}).encode("ascii")
        buffer = io.BytesIO()
        np.savez(buffer, vectors=self.vectors, listed=np.frombuffer(listed, np.uint8))
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Neighbours:
        """Read what `to_bytes` wrote; RunError where it is something else."""
        try:
            _check_size(data)
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                vectors, listed = file["vectors"], json.loads(file["listed"].tobytes())
            names, labels = tuple(map(str, listed["names"])), tuple(map(_label, listed["labels"]))
            _check(vectors, names, labels)
        except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise RunError(f"{FILE} is damaged: {error}. Remove it, and boda computes it again.") from error
        return cls(vectors, names, labels)

    @classmethod
    def read(cls, run: Run) -> Neighbours | None:
        """The training pictures that `run` keeps; None where it keeps none, RunError where the file is damaged."""
        return cls.from_bytes((run.path / FILE).read_bytes()) if run.has(FILE) else None


def write_neighbours(run: Run, features: np.ndarray, names: Sequence[str], labels: Sequence[Label]) -> Neighbours:
    """Keep the training part in `run`, so that `boda why` can say which of it a picture resembles.

    Args:
        run: gets `neighbours.npz`, of 2 d bytes a picture; at most 5,000 pictures are kept.
        features: (n, d) pooled features of the training pictures, by the Run's own network.
        names: (n,) as in split.json.
        labels: (n,) class names, or tuples of them.
    """
    neighbours = Neighbours.of(features, names, labels)
    run.write_bytes(FILE, neighbours.to_bytes())
    return neighbours


def _unit(rows: np.ndarray) -> np.ndarray:
    """`rows` (n, d), each of length 1; a row of zeros stays one."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(length > 0, length, 1)


def _label(label: object) -> Label:
    return tuple(map(str, label)) if isinstance(label, list) else str(label)


def _check(vectors: np.ndarray, names: Sequence[str], labels: Sequence[Label]) -> None:
    if not (vectors.ndim == 2 and vectors.dtype == np.float16 and len(vectors) == len(names) == len(labels)):
        raise ValueError(f"{vectors.dtype} {vectors.shape} for {len(names)} names and {len(labels)} labels")
    if not np.isfinite(vectors).all():
        raise ValueError("not all of its numbers are finite")


def _check_size(data: bytes) -> None:
    """Refuse what would unpack to more than a Run keeps."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MOST_BYTES:
        raise ValueError(f"it unpacks to {size / 2**20:.0f} MiB, and at most {MOST_BYTES / 2**20:.0f} are expected")
