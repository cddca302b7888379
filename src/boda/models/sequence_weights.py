"""The names and shapes of a recurrent network's arrays, and the file that holds them, network.npz."""

from __future__ import annotations

import io
import math
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from boda.models.sequence_plan import Decoder, Input, Layer, Plan

GATES = {"lstm": 4, "gru": 3, "rnn": 1, "mingru": 2}
MOST_VALUES = 1 << 28  # 1 GiB of weights

Shapes = dict[str, tuple[int, ...]]


def weight_shapes(plan: Plan) -> Shapes:
    """The shape of each array that `plan` needs, by name; kernels are (inputs, outputs), as Keras's."""
    found = dict(_stack_shapes("", plan.input, plan.layers))
    if plan.head is not None:
        found.update(_dense("head", plan.width, plan.head.outputs))
    if plan.decoder is not None:
        found.update(_decoder_shapes(plan.decoder, plan.width))
    return found


def read_weights(path: Path, plan: Plan) -> dict[str, np.ndarray]:
    """The float32 arrays of `plan` in `path`; RunError where the file is none of its, OSError where there is none."""
    shapes = weight_shapes(plan)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_names(path, {name.removesuffix(".npy") for name in archive.namelist()}, shapes)
            return {name: _array(archive, name, shape) for name, shape in shapes.items()}
    except (ValueError, KeyError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise RunError(f"{path}: the weights were altered: {error}. Train again.") from error


def weights_bytes(plan: Plan, weights: Mapping[str, np.ndarray]) -> bytes:
    """What `read_weights` reads; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = {name: np.ascontiguousarray(weights[name], np.float32) for name in weight_shapes(plan)}
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def check_weights(plan: Plan, weights: Mapping[str, np.ndarray]) -> None:
    """RunError where an array is missing, left over, of another shape, or holds what is no finite number."""
    shapes = weight_shapes(plan)
    _check_names("the weights", set(weights), shapes)
    for name, shape in shapes.items():
        array = weights[name]
        if array.shape != shape:
            raise RunError(f"the weights: {name} has the shape {array.shape}, but the plan needs {shape}.")
        if array.dtype.kind != "f" or not np.isfinite(array).all():
            raise RunError(f"the weights: {name} ({array.dtype}) must hold finite floating-point numbers.")


def _check_names(where: object, found: set[str], shapes: Shapes) -> None:
    if sum(math.prod(shape) for shape in shapes.values()) > MOST_VALUES:
        raise RunError(f"{where}: the plan asks for more than {MOST_VALUES} weights.")
    missing, extra = sorted(set(shapes) - found), sorted(found - set(shapes))
    if missing or extra:
        say = f"{missing[0]!r} is missing" if missing else f"{extra[0]!r} has no place in the plan"
        raise RunError(f"{where}: made for another plan: {say}; expected {len(shapes)} arrays, came {len(found)}.")


def _array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """One array; its header is compared with the plan before a value is read, so that it cannot claim more."""
    with archive.open(f"{name}.npy") as file:
        np.lib.format.read_magic(file)
        found, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        if found != shape or fortran or dtype != np.dtype("<f4"):
            raise RunError(f"{archive.filename}: {name} is {dtype} {found}, but the plan needs float32 {shape}.")
        values = np.frombuffer(file.read(4 * math.prod(shape)), "<f4").reshape(shape)
    if not np.isfinite(values).all():
        raise RunError(f"{archive.filename}: {name} holds NaN or infinity. Train again.")
    return values.astype(np.float32)


def _stack_shapes(prefix: str, first: Input, layers: tuple[Layer, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    if first.embedding:
        yield f"{prefix}embedding", (first.size, first.embedding)
    width = first.width
    for nth, layer in enumerate(layers):
        columns = GATES[layer.cell] * layer.units
        for way in layer.ways:
            place = f"{prefix}layer{nth}/{way}"
            yield f"{place}/kernel", (width, columns)
            if layer.cell != "mingru":
                yield f"{place}/recurrent_kernel", (layer.units, columns)
            yield f"{place}/bias", (2, columns) if layer.cell == "gru" else (columns,)
        width = layer.width
        if layer.layer_norm:
            yield from ((f"{prefix}layer{nth}/norm/{name}", (width,)) for name in ("gamma", "beta"))


def _decoder_shapes(decoder: Decoder, source: int) -> Shapes:
    shapes = dict(_stack_shapes("decoder/", decoder.input, decoder.layers))
    for nth, layer in enumerate(decoder.layers):
        for state in ("h", "c") if layer.cell == "lstm" else ("h",):
            shapes.update(_dense(f"decoder/bridge{nth}/{state}", source, layer.units))
    units = decoder.layers[-1].units
    if decoder.attention:
        shapes["decoder/attention/kernel"] = (units, source)
        shapes.update(_dense("decoder/combine", units + source, decoder.width))
    shapes.update(_dense("decoder/head", decoder.width if decoder.attention else units, decoder.outputs))
    return shapes


def _dense(name: str, inputs: int, outputs: int) -> Shapes:
    return {f"{name}/kernel": (inputs, outputs), f"{name}/bias": (outputs,)}
