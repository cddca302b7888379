"""A weights-only HDF5 file, which may be hostile, into a network of ours.

The whole file is surveyed before a value is read: hard links only, nothing stored outside, plain numbers,
and no more of them claimed than the file can hold. Then each array must have the shape of the weight it is for.
"""

from __future__ import annotations

import math
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import h5py
import numpy as np

from boda.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import keras

MAX_BYTES = 1 << 30
MAX_OBJECTS = 20_000
MAX_DEPTH = 16
SLACK = 1 << 20


def load_weights_file(model: keras.Model, path: Path) -> None:
    """Give `model` the weights of `path`: Keras 3's `.weights.h5`, or the older layout of `keras.applications`.

    Raises:
        WeightsError: the file is missing, too large, refused, or made for another network; the model is unchanged.
    """
    path = Path(path)
    check_size(path)
    try:
        with h5py.File(path, "r") as file:
            _survey(file, path)
            values = list(_arrays(file, model, path))
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path}: expected a weights-only HDF5 file. HDF5 says: {error}") from error
    for weight, value in values:
        weight.assign(value)


def check_size(path: Path) -> None:
    """Refuse what is missing, no ordinary file, or too large, before a byte of it is read."""
    try:
        seen = path.stat()
    except OSError as error:
        raise WeightsError(f"{path}: the weights cannot be read: {error.strerror}.") from error
    if not stat.S_ISREG(seen.st_mode):
        raise WeightsError(f"{path}: the weights must be an ordinary file. Bring a weights-only HDF5 file.")
    size = seen.st_size
    if size > MAX_BYTES:
        raise WeightsError(f"{path}: {size} bytes of weights; the limit is {MAX_BYTES} (1 GiB).")


def _survey(file: h5py.File, path: Path) -> None:
    """Refuse links, storage and sizes that weights have no need of, without reading a value."""
    budget = 2 * path.stat().st_size + SLACK
    seen: set[Any] = set()
    for dataset in _datasets(file, path, seen, 0):
        if dataset.external or dataset.is_virtual:
            _refuse(path, f"{dataset.name} keeps its values outside the file")
        if dataset.dtype.kind not in "fiu":
            _refuse(path, f"{dataset.name} holds {dataset.dtype}, not numbers")
        claimed = max(math.prod(dataset.shape), math.prod(dataset.chunks or (0,))) * dataset.dtype.itemsize
        budget -= claimed
        if budget < 0:
            _refuse(path, f"{dataset.name} claims {dataset.shape}: more values than the file can hold")


def _datasets(group: h5py.Group, path: Path, seen: set[Any], depth: int) -> Iterator[h5py.Dataset]:
    if depth > MAX_DEPTH:
        _refuse(path, f"groups are nested more than {MAX_DEPTH} deep")
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            _refuse(path, f"{group.name}/{name} is a link to elsewhere")
        address = h5py.h5o.get_info(group.id, name.encode("utf-8", "surrogateescape")).addr
        if address in seen or len(seen) >= MAX_OBJECTS:
            _refuse(path, f"{group.name}/{name} is met twice, or there are more than {MAX_OBJECTS} objects")
        seen.add(address)
        entry = group[name]
        if isinstance(entry, h5py.Group):
            yield from _datasets(entry, path, seen, depth + 1)
        elif isinstance(entry, h5py.Dataset):
            yield entry
        else:
            _refuse(path, f"{group.name}/{name} is neither a group nor an array")


def _arrays(file: h5py.File, model: keras.Model, path: Path) -> Iterator[tuple[Any, np.ndarray]]:
    """Pairs of a weight of `model` and its values."""
    if "model_weights" in file or "model_config" in file.attrs:
        _refuse(path, "it holds a whole model; save the weights alone: model.save_weights('NAME.weights.h5')")
    wanted = list(_named_weights(model))
    found = _keras3_datasets(file, model, path) if "layers" in file else _legacy_datasets(file, path)
    for (name, weight), dataset in zip(wanted, found, strict=False):
        if tuple(weight.shape) != dataset.shape:
            raise WeightsError(
                f"{path}: made for another network: {name} has the shape {tuple(weight.shape)}, "
                f"but the file's {dataset.name} has {dataset.shape}."
            )
    if len(wanted) != len(found):
        raise WeightsError(
            f"{path}: made for another network: it holds {len(found)} arrays, but {model.name} has {len(wanted)}. "
            "With or without the top makes a difference."
        )
    for (_, weight), dataset in zip(wanted, found, strict=True):
        value = dataset[()]
        if not np.isfinite(value).all():
            _refuse(path, f"{dataset.name} holds NaN or infinity")
        yield weight, value


def _named_weights(model: keras.Model) -> Iterator[tuple[str, Any]]:
    """Each layer's weights in the order in which Keras writes them."""
    for layer in model.layers:
        for weight in _saved_weights(layer):
            yield f"{layer.name}/{weight.name}", weight


def _saved_weights(layer: Any) -> list[Any]:
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _keras3_datasets(file: h5py.File, model: keras.Model, path: Path) -> list[h5py.Dataset]:
    """Keras 3 names a layer by its class and a running number: layers/conv2d_1/vars/0."""
    counts: dict[str, int] = {}
    found = []
    for layer in model.layers:
        kind = _snake_case(type(layer).__name__)
        number = counts[kind] = counts.get(kind, -1) + 1
        for index, _ in enumerate(_saved_weights(layer)):
            place = f"layers/{kind}_{number}/vars/{index}" if number else f"layers/{kind}/vars/{index}"
            if not isinstance(file.get(place), h5py.Dataset):
                raise WeightsError(f"{path}: made for another network: {layer.name} has no array {place} in the file.")
            found.append(file[place])
    extra = sum(1 for _ in _datasets(file["layers"], path, set(), 0)) - len(found)
    if extra:
        raise WeightsError(f"{path}: made for another network: {extra} of its arrays have no place in {model.name}.")
    return found


def _legacy_datasets(file: h5py.File, path: Path) -> list[h5py.Dataset]:
    """Before Keras 3 attributes list the layers and, for each, its arrays, in order."""
    found: list[h5py.Dataset] = []
    for layer in _names(file, "layer_names", path):
        found += [file[layer][name] for name in _names(file[layer], "weight_names", path)]
        if len(found) > MAX_OBJECTS:
            _refuse(path, f"its attributes name more than {MAX_OBJECTS} arrays")
    return found


def _names(group: h5py.Group, attribute: str, path: Path) -> list[str]:
    """A list of names, which Keras cuts into `attribute`0, `attribute`1, ... where it is long.

    Strings of free length are refused: one could be listed thousands of times and read as often.
    """
    keys = [attribute] if attribute in group.attrs else _numbered(group, attribute)
    names: list[str] = []
    for key in keys:
        kind = group.attrs.get_id(key).dtype
        if kind.kind == "S":
            names += [name.decode("utf-8", "replace") for name in group.attrs[key]]
        elif group.attrs.get_id(key).shape != (0,):
            _refuse(path, f"{group.name}: {attribute} holds {kind}, not names of a fixed length")
    if not keys:
        _refuse(path, f"{group.name} has neither 'layers' nor {attribute}")
    return names


def _numbered(group: h5py.Group, attribute: str) -> list[str]:
    keys: list[str] = []
    while f"{attribute}{len(keys)}" in group.attrs:
        keys.append(f"{attribute}{len(keys)}")
    return keys


def _snake_case(name: str) -> str:
    """Keras's own: BatchNormalization to batch_normalization, Conv2D to conv2d."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _refuse(path: Path, reason: str) -> NoReturn:
    raise WeightsError(f"{path}: refused: {reason}.")
