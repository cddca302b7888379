"""The weights of `keras.applications`, from Keras's own cache or from the network into it."""

from __future__ import annotations

import hashlib
import os
import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from boda.errors import WeightsError
from boda.models.weights_file import MAX_BYTES

if TYPE_CHECKING:
    from typing import Any

    from boda.models.backbones import Backbone, WeightsFile

SECONDS_WITHOUT_ANSWER = 10
CHUNK = 1 << 20


def fetch(row: Backbone, *, include_top: bool = False) -> Path:
    """Where the weights of `row` are; they are downloaded first where they are not here.

    Raises:
        WeightsError: there is no network and no file, with the file's name and address.
    """
    wanted = row.weights_top if include_top else row.weights
    if wanted is None:
        raise WeightsError(f"{row.name}: its weights come with a package; there is nothing to download.")
    path = cached(wanted)
    if path.exists():
        _check(path, wanted)
        return path
    try:
        _download(wanted, path)
    except OSError as error:
        raise WeightsError(
            f"The weights of {row.title} are not here, and the network does not give them ({error}). "
            f"Bring the file {wanted.name} from {wanted.url} and "
            f"pass --weights {wanted.name} to a training, or put it in {path.parent}."
        ) from error
    return path


def cached(file: WeightsFile) -> Path:
    """The place of `file` in Keras's own cache, whether it is there or not."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models" / file.name


def _download(wanted: WeightsFile, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        urllib.request.urlopen(wanted.url, timeout=SECONDS_WITHOUT_ANSWER) as answer,  # noqa: S310 - https, a constant
        tempfile.TemporaryDirectory(prefix=".boda.", dir=path.parent) as folder,
    ):
        part = Path(folder) / wanted.name
        _copy(answer, part)
        _check(part, wanted)
        part.replace(path)


def _copy(answer: Any, part: Path) -> None:
    with part.open("wb") as file:
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            if file.tell() > MAX_BYTES:
                raise WeightsError(f"{part.name}: more than {MAX_BYTES} bytes came; no backbone is that large.")
        file.flush()
        os.fsync(file.fileno())


def _check(path: Path, wanted: WeightsFile) -> None:
    """Compare with the digest that Keras states, where it states one."""
    if not wanted.digest:
        return
    kind, _, expected = wanted.digest.partition(":")
    with path.open("rb") as file:
        got = hashlib.file_digest(file, kind).hexdigest()
    if got != expected:
        raise WeightsError(
            f"{path}: altered or incomplete: expected {kind} {expected}, got {got}. Remove it and try again."
        )
