"""The cache: converted networks and features, kept on disk between trainings, within a size limit.

It lies in `BODA_CACHE`, or in the system's folder for caches.
Features stand in one SQLite file, which several processes may read and write at once;
a row's key is a hash of all that the row depends on, so that nothing in it can be stale.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from boda.errors import BodaError
from boda.progress import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

DEFAULT_LIMIT = 4 * 2**30
ASK_AT_ONCE = 500
PATIENCE_SECONDS = 10  # with another process that writes
NEW = ".new-"  # how the folder of a network begins that is being made


def cache_folder() -> Path:
    """Where the cache is: `BODA_CACHE`, or `boda` in the system's folder for caches."""
    if given := os.environ.get("BODA_CACHE"):
        return Path(given)
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "boda" / "cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "boda"
    return Path(os.environ.get("XDG_CACHE_HOME", home / ".cache")) / "boda"


def cache_limit() -> int:
    """How many bytes of features are kept: `BODA_CACHE_LIMIT` in GiB, or 4 GiB."""
    given = os.environ.get("BODA_CACHE_LIMIT")
    if given is None:
        return DEFAULT_LIMIT
    try:
        limit = int(float(given) * 2**30)
    except (ValueError, OverflowError):
        limit = -1
    if limit < 0:
        raise BodaError(f"BODA_CACHE_LIMIT must be a number of GiB, 0 or more. Received: {given!r}")
    return limit


def key_of(*parts: str) -> str:
    """A hash of `parts`, each with its length, so that no two lists of parts meet."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")
        whole.update(f"{len(data)}:".encode() + data)
    return whole.hexdigest()


@dataclass(frozen=True)
class FeatureStore:
    """Feature vectors by key, in one SQLite file.

    What is kept can be computed again, so nothing that is wrong with the file stops a training:
    a damaged one is put aside, and one that cannot be used is said and done without.
    """

    path: Path

    @classmethod
    def default(cls) -> FeatureStore:
        """The store in the cache folder."""
        return cls(cache_folder() / "features.sqlite")

    def get(self, keys: Sequence[str]) -> dict[str, np.ndarray]:
        """Those of `keys` that are kept, as float32 vectors; they count as used now."""
        found: dict[str, np.ndarray] = {}
        if not self.path.exists():
            return found
        with self._usable("read"), self._open() as base:
            for some in _chunks(keys):
                marks = ",".join("?" * len(some))
                rows = base.execute(f"SELECT key, vector FROM features WHERE key IN ({marks})", some)  # noqa: S608 - marks only
                found.update((key, np.frombuffer(vector, dtype="<f4")) for key, vector in rows if len(vector) % 4 == 0)
                base.execute(f"UPDATE features SET used = ? WHERE key IN ({marks})", [int(time.time()), *some])  # noqa: S608
        return found

    def put(self, rows: Iterable[tuple[str, np.ndarray]]) -> None:
        """Keep `rows`; on a full or read-only disk nothing is kept, and that is said once."""
        now = int(time.time())
        values = [(key, now, np.ascontiguousarray(vector, dtype="<f4").tobytes()) for key, vector in rows]
        with self._usable("written"), self._open() as base:
            base.executemany("INSERT OR REPLACE INTO features VALUES (?, ?, ?)", values)

    def trim(self, limit: int) -> None:
        """Drop the vectors that were not used for the longest, until the rest takes `limit` bytes."""
        if not self.path.exists() or self.path.stat().st_size <= limit:
            return
        with self._usable("trimmed"), self._open() as base:
            size = base.execute("SELECT coalesce(sum(length(vector)), 0) FROM features").fetchone()[0]
            for key, length in base.execute("SELECT key, length(vector) FROM features ORDER BY used, key").fetchall():
                if size <= limit * 0.8:
                    break
                base.execute("DELETE FROM features WHERE key = ?", [key])
                size -= length
        with self._usable("trimmed"), contextlib.closing(self._connect()) as base:
            base.execute("VACUUM")

    def count(self) -> int:
        """How many vectors are kept."""
        if not self.path.exists():
            return 0
        number = 0
        with self._usable("counted"), self._open() as base:
            number = int(base.execute("SELECT count(*) FROM features").fetchone()[0])
        return number  # noqa: RET504 - an unusable store counts as empty

    @contextlib.contextmanager
    def _usable(self, what: str) -> Iterator[None]:
        """Go on after the block where the file cannot be used; a damaged one is put aside first."""
        try:
            yield
        except (sqlite3.OperationalError, OSError) as error:
            say(f"Features could not be {what} in {self.path} ({error}); the next training may compute them again.")
        except sqlite3.DatabaseError:
            say(f"{self.path} is damaged; it is put aside, and features are computed again.")
            self._put_aside()

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A transaction."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(self._connect()) as base, base:
            yield base

    def _put_aside(self) -> None:
        """The file as `features.damaged`; its journal goes, lest SQLite replays it into the next one."""
        with contextlib.suppress(FileNotFoundError):  # another process was faster
            self.path.replace(self.path.with_suffix(".damaged"))
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def _connect(self) -> sqlite3.Connection:
        base = sqlite3.connect(self.path, timeout=PATIENCE_SECONDS)
        try:
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = NORMAL")
            base.execute("CREATE TABLE IF NOT EXISTS features (key TEXT PRIMARY KEY, used INTEGER, vector BLOB)")
        except BaseException:
            base.close()
            raise
        return base


def cache_size() -> int:
    """Bytes that the cache takes on disk."""
    folder = cache_folder()
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else 0


def clear_cache() -> int:
    """Remove what boda keeps in its cache folder, and nothing else there; give the bytes that this freed."""
    before, folder = cache_size(), cache_folder()
    for name in ("features.sqlite", "features.sqlite-wal", "features.sqlite-shm", "features.damaged"):
        (folder / name).unlink(missing_ok=True)
    for network in folder.glob("networks/*/network.xml"):
        shutil.rmtree(network.parent, ignore_errors=True)
    for kept in folder.glob("activations/*"):
        if kept.suffix in {".f16", ".json"}:
            kept.unlink(missing_ok=True)
    for unfinished in folder.glob(f"networks/{NEW}*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    with contextlib.suppress(OSError):  # it is not there, or holds what is not ours
        (folder / "networks").rmdir()
    with contextlib.suppress(OSError):
        (folder / "activations").rmdir()
    return before - cache_size()


def _chunks(keys: Sequence[str]) -> Iterator[list[str]]:
    for i in range(0, len(keys), ASK_AT_ONCE):
        yield list(keys[i : i + ASK_AT_ONCE])
