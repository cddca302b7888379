"""Files that are either the old ones or the new ones, whole, whatever happens in between."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from boda.errors import RunError


def write_bytes(path: Path, data: bytes) -> None:
    """Replace `path` by `data`: temporary file, fsync, read back, compare, rename, fsync the folder.

    Raises RunError, leaving the old file as it was, when what was read back differs.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _check_read_back(temporary, data, path)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """`write_bytes` of UTF-8 text; lone surrogates (names that are no UTF-8) are backslash-escaped."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_json(path: Path, value: Any) -> None:
    """`write_bytes` of indented JSON, NaN refused, any file name kept (ASCII escapes)."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hex, in memory that does not grow with it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable, where the system can (Windows cannot)."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _check_read_back(temporary: Path, data: bytes, path: Path) -> None:
    if hashlib.sha256(temporary.read_bytes()).digest() != hashlib.sha256(data).digest():
        raise RunError(f"{path}: what was written does not read back the same; is the disk failing?")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
