"""Checkpoints: the whole state of a training as plain values, in files that are either whole or not there.

    FOLDER/
      000007.npz    the arrays
      000007.json   the manifest, written last: place, fingerprint, versions, the other values, SHA-256 of both

The last two are kept. There is no pickle in them.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import math
import time
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from boda import atomic
from boda.errors import RunError
from boda.progress import say

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
KEEP = 2
PACKAGES = ("boda", "keras", "numpy", "tensorflow")
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A state at one place of a training: a tree that JSON can hold, and the arrays that it names."""

    epoch: int
    batch: int
    tree: Any
    arrays: Arrays

    @classmethod
    def of(cls, epoch: int, batch: int, state: Any) -> Snapshot:
        """Copy `state`, made of plain types and arrays, so that no later change reaches the copy."""
        arrays: Arrays = {}
        return cls(epoch, batch, pack(state, arrays), arrays)

    def state(self) -> Any:
        """The state again, as a copy."""
        return unpack(self.tree, self.arrays)


@dataclass(frozen=True)
class Checkpoints:
    """Where a training's checkpoints lie, what they belong to, and how often they are written.

    Args:
        folder: made when the first one is written.
        fingerprint: of the data and of the recipe; a checkpoint with another one is refused.
        every: seconds between two of them within an epoch, at least.
        share: part of the time that writing them may take; an epoch that ends sooner is not written down.
    """

    folder: Path
    fingerprint: str
    every: float = 30.0
    share: float = 0.05

    def save(self, snapshot: Snapshot) -> None:
        """Write `snapshot`, the manifest last, then remove all but the last two; OSError where that cannot be."""
        self.folder.mkdir(parents=True, exist_ok=True)
        number = max((int(path.stem) for path in self._files("*")), default=0) + 1
        stem, data = self.folder / f"{number:06d}", _to_npz(snapshot.arrays)
        atomic.write_bytes(stem.with_suffix(".npz"), data)
        about = {
            "format": FORMAT,
            "fingerprint": self.fingerprint,
            "versions": _versions(),
            "epoch": snapshot.epoch,
            "batch": snapshot.batch,
            "state": snapshot.tree,
        }
        digests = {"arrays": hashlib.sha256(data).hexdigest(), "about": _digest(about)}
        atomic.write_json(stem.with_suffix(".json"), {"about": about, "sha256": digests})
        self._prune()

    def load(self) -> Snapshot | None:
        """The newest one that is whole, or None; a damaged one is said, and the one before it is taken.

        Raises:
            RunError: it belongs to other data, to another recipe or to another version of boda.
        """
        for manifest in sorted(self._files("json"), reverse=True):
            try:
                about, arrays = _read(manifest)
            except (OSError, ValueError, KeyError, TypeError) as error:
                say(f"{manifest} is damaged ({error}); looking for the one before it.")
                continue
            self._check(about, manifest)
            return Snapshot(about["epoch"], about["batch"], about["state"], arrays)
        return None

    def _check(self, about: dict[str, Any], manifest: Path) -> None:
        if about["format"] != FORMAT:
            raise RunError(
                f"{manifest} is a checkpoint of format {about['format']}, this boda reads {FORMAT}. "
                f"Remove {self.folder} to train anew."
            )
        if about["fingerprint"] != self.fingerprint:
            raise RunError(
                f"{manifest} was written for other data or another recipe: expected the fingerprint "
                f"{self.fingerprint}, came {about['fingerprint']}. Bring back what the training began with, "
                f"or remove {self.folder} to train anew."
            )
        if about["versions"] != _versions():
            say(f"{manifest} was written with {about['versions']}; going on, but no longer exact to the bit.")

    def _prune(self) -> None:
        """Remove older checkpoints, each manifest first, and what a killed writer left."""
        whole = {path.stem for path in sorted(self._files("json"))[-KEEP:]}
        old = [path for path in self._files("*") if path.stem not in whole]
        torn = list(self.folder.glob(".*.tmp"))
        for path in [*sorted(old, key=lambda path: path.suffix), *torn]:
            with contextlib.suppress(OSError):
                path.unlink()

    def _files(self, suffix: str) -> list[Path]:
        return [path for path in self.folder.glob(f"*.{suffix}") if path.stem.isdecimal()]


class Writer:
    """Writes checkpoints when they are due, and measures what that costs.

    The first one that cannot be written is an error; a later one is left out and said, since the one before stands.
    """

    def __init__(self, checkpoints: Checkpoints | None) -> None:
        self.checkpoints = checkpoints
        self._at, self._cost, self._has_written = time.monotonic(), 0.0, False

    def is_due(self) -> bool:
        """Whether one more keeps the share of the time spent on them in its limit."""
        kept = self.checkpoints
        return kept is not None and (time.monotonic() - self._at) * kept.share >= self._cost

    def is_due_within(self) -> bool:
        """The same in the middle of an epoch, where they may be `every` seconds apart at least."""
        kept = self.checkpoints
        return kept is not None and time.monotonic() - self._at >= kept.every and self.is_due()

    def write(self, snapshot: Snapshot) -> None:
        """Write `snapshot`, where checkpoints are wanted.

        Raises:
            RunError: it is the first, and cannot be written.
        """
        if self.checkpoints is None:
            return
        began = time.monotonic()
        try:
            self.checkpoints.save(snapshot)
        except (OSError, RunError) as error:
            if not self._has_written:
                raise RunError(
                    f"No checkpoint can be written to {self.checkpoints.folder}: {error}. "
                    "Make room on the disk, or give a folder that can be written to."
                ) from error
            say(f"A checkpoint could not be written ({error}); the one before it stands.")
        else:
            self._has_written = True
        self._at = time.monotonic()
        self._cost = self._at - began


def pack(value: Any, arrays: Arrays) -> Any:  # noqa: PLR0911 - one a kind of value
    """`value` as JSON can hold it; arrays are copied into `arrays`, and what JSON does not know is tagged.

    Raises:
        TypeError: something in it is neither a plain type nor an array of numbers or strings.
    """
    if isinstance(value, np.generic):
        return {"scalar": _put(np.asarray(value), arrays)}
    if isinstance(value, np.ndarray):
        return {"array": _put(value, arrays)}
    if value is None or type(value) in {bool, int, str}:
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if type(value) is list:
        return [pack(each, arrays) for each in value]
    if type(value) is tuple:
        return {"tuple": [pack(each, arrays) for each in value]}
    if type(value) is dict:
        return {"dict": [[pack(key, arrays), pack(each, arrays)] for key, each in value.items()]}
    raise TypeError(f"Expected plain types and arrays. Received: {type(value).__name__}")


def unpack(tree: Any, arrays: Arrays) -> Any:  # noqa: PLR0911 - as above
    """What `pack` was given; arrays are copies."""
    if isinstance(tree, list):
        return [unpack(each, arrays) for each in tree]
    if not isinstance(tree, dict):
        return tree
    [(kind, held)] = tree.items()
    if kind == "array":
        return arrays[held].copy()
    if kind == "scalar":
        return arrays[held][()]
    if kind == "float":
        return float(held)
    if kind == "tuple":
        return tuple(unpack(each, arrays) for each in held)
    return {unpack(key, arrays): unpack(each, arrays) for key, each in held}


def _put(value: np.ndarray, arrays: Arrays) -> str:
    if value.dtype.kind not in "biufcSU":
        raise TypeError(f"Expected an array of numbers or strings. Received: dtype={value.dtype}")
    name = f"a{len(arrays)}"
    arrays[name] = np.array(value)
    return name


def _to_npz(arrays: Arrays) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _read(manifest: Path) -> tuple[dict[str, Any], Arrays]:
    """What the manifest says, and its arrays; ValueError where a SHA-256 differs."""
    whole = json.loads(manifest.read_text("utf-8"))
    about, digests = whole["about"], whole["sha256"]
    data = manifest.with_suffix(".npz").read_bytes()
    if _digest(about) != digests["about"] or hashlib.sha256(data).hexdigest() != digests["arrays"]:
        raise ValueError("its SHA-256 differs")
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return about, dict(file.items())


def _digest(about: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _versions() -> dict[str, str]:
    """Versions of what the bits depend on; a package under another name (tensorflow-cpu) counts as absent."""
    found = {}
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found
