"""PyTorch's legacy file (before its zip files) to NumPy arrays, without torch and without trust.

The file is five pickles (magic number, protocol, system, the dict of tensors, the storages' keys),
then each storage's count and its values. The pickles may name an ordered dict, tensors and storages;
whatever else they name is refused before it is looked up.
"""

from __future__ import annotations

import hashlib
import io
import math
import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np

from boda.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
MAX_DIMENSIONS = 8
STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "?",
}


class _Storage(NamedTuple):
    key: str
    dtype: str
    length: int


class _Tensor(NamedTuple):
    storage: Any
    offset: Any
    shape: Any
    strides: Any
    requires_grad: Any = False
    hooks: Any = None


def read_torch_tensors(path: Path, sha256: str) -> dict[str, np.ndarray]:
    """Read every tensor of a legacy PyTorch file, after its SHA-256 was checked.

    Args:
        path: the file.
        sha256: the digest it must have, in hexadecimal.

    Returns:
        Name to a contiguous array of its own, in the file's order.

    Raises:
        WeightsError: the file is missing, altered, or holds anything but tensors.
    """
    data = _checked_bytes(Path(path), sha256)
    try:
        return _parse(data)
    except Exception as error:  # a hostile pickle can raise anything
        reason = error if isinstance(error, _RefusedError) else f"{type(error).__name__}: {error}"
        raise WeightsError(f"{path}: expected PyTorch's legacy file with nothing but tensors. {reason}.") from error


class _RefusedError(Exception):
    """What the file holds that it must not."""


class _TensorUnpickler(pickle.Unpickler):
    """Knows three kinds of names and one kind of reference; looks nothing else up.

    The stand-ins that it hands out are immutable or made afresh, since a pickle may set attributes of what it gets.
    """

    def __init__(self, file: io.BytesIO, size: int) -> None:
        super().__init__(file)
        self._size = size

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _fresh_rebuilder()
        if module in {"torch", "torch.storage"} and name in STORAGES:
            return name
        return _refuse(f"It names {module}.{name}")

    def persistent_load(self, reference: Any) -> _Storage:
        if not (isinstance(reference, tuple) and len(reference) == 6 and reference[0] == "storage"):
            _refuse(f"Expected a reference to a storage, got {reference!r:.80}")
        _, kind, key, _, count, view = reference
        if not (isinstance(kind, str) and kind in STORAGES and isinstance(key, str) and view is None):
            _refuse(f"Expected a whole storage of a known kind, got {reference!r:.80}")
        storage = _Storage(key, STORAGES[kind], _natural(count, "a storage's count"))
        if storage.length * np.dtype(storage.dtype).itemsize > self._size:
            _refuse(f"Storage {key!r:.40} claims {count} values, but the file has {self._size} bytes")
        return storage


def _checked_bytes(path: Path, sha256: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: the weights cannot be read: {error.strerror}. Is the package whole?") from error
    got = hashlib.sha256(data).hexdigest()
    if got != sha256:
        raise WeightsError(
            f"{path}: the weights were altered: expected SHA-256 {sha256}, got {got}. Install the package anew."
        )
    return data


def _parse(data: bytes) -> dict[str, np.ndarray]:
    file = io.BytesIO(data)
    magic, protocol, system, tensors, keys = (_TensorUnpickler(file, len(data)).load() for _ in range(5))
    if (magic, protocol) != (MAGIC, PROTOCOL) or not system.get("little_endian"):
        _refuse("Its magic number, protocol or byte order is another")
    named = _named_tensors(tensors)
    storages = _read_storages(data, file.tell(), keys, {t.storage.key: t.storage for t in named.values()})
    return {name: _view(name, tensor, storages[tensor.storage.key]) for name, tensor in named.items()}


def _named_tensors(tensors: Any) -> dict[str, _Tensor]:
    if not isinstance(tensors, dict):
        _refuse(f"Expected a dict of tensors, got {type(tensors).__name__}")
    for name, tensor in tensors.items():
        if not (isinstance(name, str) and isinstance(tensor, _Tensor) and isinstance(tensor.storage, _Storage)):
            _refuse(f"Entry {name!r:.80} is no tensor but {type(tensor).__name__}")
    return dict(tensors)


def _read_storages(data: bytes, at: int, keys: Any, wanted: dict[str, _Storage]) -> dict[str, np.ndarray]:
    """The values behind the pickles: for each of `keys` a count, 8 bytes, and that many values."""
    if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(wanted):
        _refuse("The list of storages does not agree with the tensors")
    values = {}
    for key in keys:
        storage = wanted[key]
        (count,) = struct.unpack_from("<q", data, at)
        if count != storage.length:
            _refuse(f"Storage {key!r:.40} holds {count} values, but {storage.length} were announced")
        values[key] = np.frombuffer(data, storage.dtype, count, at + 8)
        at += 8 + values[key].nbytes
    return values


def _view(name: str, tensor: _Tensor, values: np.ndarray) -> np.ndarray:
    """A copy of the part of `values` that the tensor's offset, shape and strides describe, all within bounds."""
    if not (isinstance(tensor.shape, tuple) and isinstance(tensor.strides, tuple)):
        _refuse(f"Tensor {name!r:.80} has no shape")
    shape = [_natural(n, "a side") for n in tensor.shape]
    strides = [_natural(n, "a stride") for n in tensor.strides]
    offset = _natural(tensor.offset, "an offset")
    last = offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
    if len(shape) > MAX_DIMENSIONS or math.prod(shape) > values.size or 0 in shape or last >= values.size:
        _refuse(f"Tensor {name!r:.80} of shape {shape} reaches outside its {values.size} values")
    step = values.itemsize
    view = np.lib.stride_tricks.as_strided(values[offset:], shape, [stride * step for stride in strides])
    return np.array(view, order="C")


def _natural(value: Any, what: str) -> int:
    if type(value) is not int or value < 0:
        _refuse(f"Expected {what} to be a whole number from 0, got {value!r:.40}")
    return value


def _fresh_rebuilder() -> Callable[..., _Tensor]:
    def rebuild(*arguments: Any) -> _Tensor:
        return _Tensor(*arguments)

    return rebuild


def _refuse(reason: str) -> NoReturn:
    raise _RefusedError(reason)
