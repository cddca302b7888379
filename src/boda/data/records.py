"""What was found in each picture, on disk: some bytes a picture, whatever the number of pictures.

Files in a temporary folder: rows of fixed size (26 bytes a picture), the first 8 bytes of each digest, hashes,
thumbnails, names; and one for bad files. Each is read back only while it is needed.
"""

from __future__ import annotations

import json
import shutil
import struct
import tempfile
import weakref
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from boda.data.duplicates import Sketch
from boda.sample import BadFile, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boda.data.looks import Look
    from boda.sample import Label

ROW = np.dtype(
    [
        ("width", np.uint32),
        ("height", np.uint32),
        ("label", np.int32),
        ("part", np.uint8),
        ("format", np.uint8),
        ("notes", np.uint16),
        ("is_flat", np.bool_),
        ("name_at", np.uint64),
    ]
)
THUMBNAIL = 768
NO_SKETCH = Sketch(0, 0, bytes(THUMBNAIL), is_flat=False)
FLAT_SKETCH = Sketch(0, 0, bytes(THUMBNAIL), is_flat=True)


class Records:
    """Rows that are appended one by one, closed, and then read; the folder goes when the object does."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="boda-look-"))
        self.labels: dict[Label | None, int] = {}
        self.parts: dict[str | None, int] = {}
        self.formats: dict[str, int] = {}
        self.notes: dict[str, int] = {}
        self.count = self.bad_count = 0
        self._files: dict[str, IO[bytes]] = {
            name: (self.folder / name).open("w+b")
            for name in ("rows", "digests", "hashes", "thumbnails", "names", "bad")
        }
        self.remove = weakref.finalize(self, _discard, self._files, self.folder)

    def add(self, sample: Sample, look: Look) -> None:
        """Append one picture."""
        row = np.zeros((), ROW)
        row["width"], row["height"] = look.width, look.height
        row["label"] = self.labels.setdefault(sample.label, len(self.labels))
        row["part"] = self.parts.setdefault(sample.part, len(self.parts))
        row["format"] = self.formats.setdefault(look.format, len(self.formats))
        row["notes"] = sum(1 << self.notes.setdefault(note, len(self.notes)) for note in look.notes)
        row["name_at"] = self._files["names"].tell()
        row["is_flat"] = look.sketch is not None and look.sketch.is_flat
        bits, mirrored, thumbnail, _ = look.sketch or NO_SKETCH
        self._files["rows"].write(row.tobytes())
        self._files["digests"].write(bytes.fromhex(look.digest[:16]))
        self._files["hashes"].write(struct.pack("=QQ", bits, mirrored))
        self._files["thumbnails"].write(thumbnail)
        self._files["names"].write(_line(sample.name))
        self.count += 1

    def add_bad(self, bad: BadFile) -> None:
        """Append one file that cannot serve."""
        self.bad_count += 1
        self._files["bad"].write(_line([bad.name, bad.reason]))

    def rows(self) -> np.ndarray:
        """All rows, a structured array of `ROW`."""
        return self._whole("rows", ROW)

    def digests(self) -> np.ndarray:
        """uint64 (n,): of each SHA-256 the first 8 bytes; a million pictures share none but once in 4 · 10⁷ scans."""
        return self._whole("digests", np.dtype(np.uint64))

    def hashes(self) -> np.ndarray:
        """uint64 (n, 2): the hash and the mirrored hash of each picture; both are 0 where there is none."""
        return self._whole("hashes", np.dtype(np.uint64)).reshape(-1, 2)

    def thumbnails(self, rows: np.ndarray) -> np.ndarray:
        """uint8 (n, 768): the thumbnails of these row numbers; each is read once."""
        wanted, place = np.unique(rows, return_inverse=True)
        file = self._files["thumbnails"]
        found = np.empty((len(wanted), THUMBNAIL), np.uint8)
        for i, row in enumerate(wanted.tolist()):
            file.seek(row * THUMBNAIL)
            found[i] = np.frombuffer(file.read(THUMBNAIL), np.uint8)
        return found[place.reshape(-1)]

    def name(self, at: int) -> str:
        """The name that begins at this byte."""
        self._files["names"].seek(at)
        return str(json.loads(self._files["names"].readline()))

    def bad(self) -> Iterator[BadFile]:
        """Every bad file, read from disk one at a time."""
        self._files["bad"].flush()
        with (self.folder / "bad").open("rb") as file:
            for line in file:
                yield BadFile(*json.loads(line))

    def _whole(self, name: str, dtype: np.dtype) -> np.ndarray:
        self._files[name].flush()
        return np.fromfile(self.folder / name, dtype)


def _line(value: object) -> bytes:
    return json.dumps(value).encode("ascii") + b"\n"


def _discard(files: dict[str, IO[bytes]], folder: Path) -> None:
    for file in files.values():
        file.close()
    shutil.rmtree(folder, ignore_errors=True)
