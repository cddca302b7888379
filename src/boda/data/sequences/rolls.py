"""Arrays in files to music, events or series.

    JSB_Chorales.mat     traindata, validdata, testdata: cells of (t, 88) zeros and ones     music
    rolls.npz            train, val, test: (n, t, keys); or train_0, train_1: (t, keys)      music
    events.npy           (n,) integers, read from disk as they are needed                    language over events
    sensor.npy           (n, channels) or (n,) numbers, read from disk too                   a series

What is not of zeros and ones alone is a series, at steps of 1. A damaged .mat file may crash SciPy, which reads it, and
with it the process; .npz files are read without that risk.
"""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from boda.data.folders import PARTS
from boda.data.sequences.dataset import SequenceDataset
from boda.data.sequences.text_file import check_file
from boda.errors import DataError
from boda.sample import BadFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from boda.sample import Part

SUFFIXES = (".mat", ".npz", ".npy")
_KEY = re.compile(r"(train|training|valid|validation|val|test)(?:[_-]?data)?(?:[_-]?(\d+))?", re.IGNORECASE)
_KNOWN: dict[str, Part] = {**PARTS, "training": "train"}
_BLOCK = 2**22  # values that are looked at at once


class Roll(NamedTuple):
    """An array as it stands in a file."""

    name: str
    values: np.ndarray
    part: Part | None


def read_rolls(path: Path, *, task: str | None = None) -> SequenceDataset:
    """Read a .mat, .npz or .npy file.

    Args:
        path: The file.
        task: "music", "forecast" or "language" (over events); told from the numbers unless given.

    Raises:
        DataError: It cannot be read, or holds nothing that can serve.

    Example:
        read_rolls(Path("JSB_Chorales.mat"))
    """
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return _one_array(path, _mapped(path), task)
    check_file(path)
    return build_rolls(path, list(_in_mat(path) if suffix == ".mat" else _in_npz(path)), task, path.parent)


def build_rolls(where: object, rolls: list[Roll], task: str | None, root: Path | None) -> SequenceDataset:
    """Music, or series, of arrays (t, keys) or (t,) that are as wide as most of them; the others are bad.

    Raises:
        DataError: None can serve, or music is wanted of other numbers than 0 and 1.
    """
    widths = [roll.values.shape[1] for roll in rolls if roll.values.ndim == 2]
    width = max(set(widths), key=widths.count, default=1)
    checked = [(roll, fault_of(roll.values, width)) for roll in rolls]
    good = [roll._replace(values=roll.values.reshape(len(roll.values), -1)) for roll, fault in checked if not fault]
    bad = tuple(BadFile(roll.name, fault) for roll, fault in checked if fault)
    if not good:
        reason = f"; the first is {bad[0].name}: {bad[0].reason}" if bad else ""
        raise DataError(f"{where}: expected arrays (steps, keys) of numbers, found none that can serve{reason}.")
    other = next((roll.name for roll in good if not is_binary(roll.values)), None)
    if task == "music" and other is not None:
        raise DataError(f"{where}: music is of 0 and 1 alone, which {other} is not. Make it so: (values > 0).")
    task = task or ("music" if other is None else "forecast")
    music, nothing = task == "music", (None,) * len(good)
    return SequenceDataset(
        task=task,
        unit="numbers",
        inputs=tuple(roll.values.astype(np.uint8 if music else np.float32) for roll in good),
        targets=nothing,
        names=tuple(roll.name for roll in good),
        parts=tuple(roll.part for roll in good),
        groups=nothing,
        classes=(),
        channels=() if music else tuple(f"channel {i}" for i in range(1, width + 1)),
        times=() if music else tuple(np.arange(len(roll.values), dtype=np.float64) for roll in good),
        step="" if music else "1",
        root=root,
        bad=bad,
        missing=() if music else (np.zeros(width, np.int64),) * len(good),
    )


def fault_of(values: np.ndarray, width: int) -> str | None:
    """Why an array is no sequence of `width` numbers a step; None where it is one."""
    if values.dtype.kind not in "biuf":
        return f"expected numbers, came {values.dtype}"
    if values.ndim not in {1, 2} or values.reshape(len(values), -1).shape[1] != width:
        return f"expected an array (steps, {width}), as most are, came {values.shape}"
    if len(values) < 2:
        return f"expected 2 steps or more, came {len(values)}"
    finite = np.isfinite(values)
    return None if finite.all() else f"step {int(np.argwhere(~finite)[0][0])} holds no finite number"


def is_binary(values: np.ndarray) -> bool:
    """Whether an array holds 0 and 1 alone."""
    return bool(((values == 0) | (values == 1)).all())


def _in_mat(path: Path) -> Iterator[Roll]:
    import scipy.io

    try:
        found = scipy.io.loadmat(path)
    except NotImplementedError as error:
        raise DataError(f"{path}: a .mat file of version 7.3 cannot be read. Save it with -v7, or as .npz.") from error
    except Exception as error:
        raise DataError(f"{path}: expected a .mat file, but: {error}.") from error
    yield from _by_key(path, {key: value for key, value in found.items() if isinstance(value, np.ndarray)})


def _in_npz(path: Path) -> Iterator[Roll]:
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path}: expected an .npz file, but it is no archive. Save it by np.savez.")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            found = {key: archive[key] for key in archive.files}
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise DataError(f"{path}: expected an .npz file, but: {error}.") from error
        raise DataError(
            f"{path}: holds Python objects, which may run code when they are read, and which are refused. Save each "
            "sequence under a key of its own: np.savez(path, train_0=..., train_1=..., val_0=...)."
        ) from error
    except Exception as error:
        raise DataError(f"{path}: expected an .npz file, but: {error}.") from error
    yield from _by_key(path, found)


def _by_key(path: Path, found: dict[str, np.ndarray]) -> Iterator[Roll]:
    """The sequences under the keys that name parts, in the order of parts and numbers."""
    keys = {key: match for key in found if (match := _KEY.fullmatch(key))}
    if not keys:
        raise DataError(
            f"{path}: expected arrays called train, val and test, or train_0, train_1 and so on, found: "
            f"{', '.join(sorted(found)) or 'none'}."
        )
    order = ("train", "val", "test")
    for key in sorted(keys, key=lambda key: (order.index(_part(keys[key])), int(keys[key][2] or 0), key)):
        part, number = _part(keys[key]), keys[key][2]
        for i, values in enumerate(_sequences(found[key]), start=1):
            yield Roll(f"{part}:{number or i}", values, part)


def _part(match: re.Match[str]) -> Part:
    return _KNOWN[match[1].lower()]


def _sequences(values: np.ndarray) -> Iterable[np.ndarray]:
    """The arrays in a cell array, in a stack (n, t, keys), or the array itself."""
    if values.dtype == object:
        return (np.asarray(value) for value in values.reshape(-1))
    return values if values.ndim == 3 else (values,)


def _mapped(path: Path) -> np.ndarray:
    """The array of a .npy file, on disk, where it may be of any size."""
    check_file(path, most=None)
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:
        raise DataError(f"{path}: expected an .npy file of numbers, but: {error}.") from error


def _one_array(path: Path, values: Any, task: str | None) -> SequenceDataset:
    if values.ndim == 1 and values.dtype.kind in "iu" and task in {None, "language"}:
        return _events(path, values)
    if task == "language":
        raise DataError(f"{path}: events are integers, (n,), came {values.dtype} {values.shape}.")
    if values.ndim not in {1, 2} or values.dtype.kind not in "iuf" or len(values) < 2:
        raise DataError(f"{path}: expected numbers, (steps,) or (steps, channels), came {values.dtype} {values.shape}.")
    if task == "music":
        return build_rolls(path, [Roll(path.name, values, None)], task, path.parent)
    values = values.reshape(len(values), -1)
    at = next((i for i, block in _blocks(values) if not np.isfinite(block).all()), None)
    if at is not None:
        raise DataError(f"{path}: from step {at} on there are values that are no finite numbers. Fill them first.")
    return SequenceDataset(
        task="forecast",
        unit="numbers",
        inputs=(values,),
        targets=(None,),
        names=(path.stem,),
        parts=(None,),
        groups=(None,),
        classes=(),
        channels=tuple(f"channel {i}" for i in range(1, values.shape[1] + 1)),
        times=(np.arange(len(values), dtype=np.float64),),
        step="1",
        root=path.parent,
        missing=(np.zeros(values.shape[1], np.int64),),
    )


def _events(path: Path, values: np.ndarray) -> SequenceDataset:
    """A sequence of events to learn as a language, left on disk."""
    if len(values) < 2 or any(block.min() < 0 for _, block in _blocks(values)):
        raise DataError(f"{path}: events are integers from 0, two or more. Received: {values.shape}, some below 0.")
    return SequenceDataset(
        "language", "events", (values,), (None,), (path.name,), (None,), (None,), (), root=path.parent
    )


def _blocks(values: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Parts of an array that fit into memory, each with the step where it begins."""
    rows = max(1, _BLOCK // max(1, values[:1].size))
    return ((at, values[at : at + rows]) for at in range(0, len(values), rows))
