"""network.json and network.npz to a plan and its arrays, and back: what a trained recurrent network is, without Keras.

The first holds a `Plan`: input, layers, and a head or a decoder; the second float32 arrays by name, as
`sequence_weights.weight_shapes` lists them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from boda.atomic import write_bytes, write_json
from boda.errors import RunError
from boda.models.sequence_weights import GATES, check_weights, read_weights, weights_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np

FORMAT = 1
TASKS = ("classify", "regress", "tag", "language", "music", "pairs", "forecast")
KINDS = ("ids", "numbers")
HEADS = ("last", "mean", "max", "each")
PLAN_FILE, WEIGHTS_FILE = "network.json", "network.npz"


@dataclass(frozen=True, slots=True)
class Input:
    """What a step reads: an id below `size`, embedded in `embedding` numbers (0: one-hot), or `size` numbers."""

    kind: str
    size: int
    embedding: int = 0

    def __post_init__(self) -> None:
        _one_of("kind", self.kind, KINDS)
        _whole("size", self.size)
        _whole("embedding", self.embedding, 0)

    @property
    def width(self) -> int:
        """How many numbers the first layer reads."""
        return self.embedding or self.size


@dataclass(frozen=True, slots=True)
class Layer:
    """One recurrent layer: y = cell(x), normalised if wanted, + x if wanted and as wide."""

    cell: str
    units: int
    bidirectional: bool = False
    layer_norm: bool = False
    residual: bool = False

    def __post_init__(self) -> None:
        _one_of("cell", self.cell, tuple(GATES))
        _whole("units", self.units)
        _flags(bidirectional=self.bidirectional, layer_norm=self.layer_norm, residual=self.residual)

    @property
    def width(self) -> int:
        """How many numbers the layer gives a step."""
        return self.units * (2 if self.bidirectional else 1)

    @property
    def ways(self) -> tuple[str, ...]:
        """The directions in which it reads."""
        return ("forward", "backward") if self.bidirectional else ("forward",)


@dataclass(frozen=True, slots=True)
class Head:
    """A dense layer on the top layer's last step, its mean or greatest over the steps, or on each step."""

    kind: str
    outputs: int

    def __post_init__(self) -> None:
        _one_of("kind", self.kind, HEADS)
        _whole("outputs", self.outputs)


@dataclass(frozen=True, slots=True)
class Decoder:
    """The second network of pairs, which writes; with `attention` it looks back, and is `width` wide below its head."""

    input: Input
    layers: tuple[Layer, ...]
    attention: bool
    width: int
    outputs: int

    def __post_init__(self) -> None:
        _flags(attention=self.attention)
        _whole("width", self.width)
        _whole("outputs", self.outputs)
        _some_layers(self.layers)
        if self.input.kind != "ids":
            raise RunError("a decoder writes ids, but its input are numbers.")
        if any(layer.bidirectional for layer in self.layers):
            raise RunError("a decoder has a bidirectional layer, but what comes later is not written yet.")


@dataclass(frozen=True, slots=True)
class Plan:
    """A recurrent network without its weights.

    Raises RunError for what is no network: an unknown task or cell, no layer, neither a head nor a decoder, or both.
    """

    task: str
    input: Input
    layers: tuple[Layer, ...]
    head: Head | None = None
    decoder: Decoder | None = None

    def __post_init__(self) -> None:
        _one_of("task", self.task, TASKS)
        _some_layers(self.layers)
        if (self.head is None) == (self.decoder is None):
            raise RunError(
                "a network has either a head or a decoder; here are " + ("both." if self.head else "neither.")
            )

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {"format": FORMAT, **json.loads(json.dumps(asdict(self)))}

    @classmethod
    def from_json(cls, value: Any, where: object = PLAN_FILE) -> Plan:
        """The plan that `to_json` gave; RunError, beginning with `where`, for anything else."""
        parts = _dictionary(value, where)
        if parts.pop("format", None) != FORMAT:
            raise RunError(
                f"{where}: format is {value.get('format')!r}, expected {FORMAT}. Train again, or update boda."
            )
        made = _made(_Outline, parts, where)
        head = None if made.head is None else _made(Head, made.head, f"{where}: head")
        layers, decoder = _layers(made.layers, f"{where}: layers"), None
        if made.decoder is not None:
            inner = _dictionary(made.decoder, f"{where}: decoder")
            inner["input"] = _made(Input, inner.get("input"), f"{where}: decoder.input")
            inner["layers"] = _layers(inner.get("layers"), f"{where}: decoder.layers")
            decoder = _made(Decoder, inner, f"{where}: decoder")
        first = _made(Input, made.input, f"{where}: input")
        whole = {"task": made.task, "input": first, "layers": layers, "head": head, "decoder": decoder}
        plan: Plan = _made(cls, whole, where)
        return plan

    @property
    def width(self) -> int:
        """How many numbers the top layer gives a step."""
        return self.layers[-1].width


@dataclass(frozen=True, slots=True)
class _Outline:
    """The keys of network.json, whose values are looked at one by one."""

    task: Any
    input: Any
    layers: Any
    head: Any = None
    decoder: Any = None


def load_network(folder: Path) -> tuple[Plan, dict[str, np.ndarray]]:
    """The network in `folder`, float32; RunError where a file is missing, altered or does not fit the other."""
    file = folder / PLAN_FILE
    try:
        plan = Plan.from_json(json.loads(file.read_bytes()), file)
        return plan, read_weights(folder / WEIGHTS_FILE, plan)
    except OSError as error:
        raise RunError(f"{error.filename}: the network cannot be read: {error.strerror}. Train again.") from error
    except ValueError as error:
        raise RunError(f"{file}: expected JSON: {error}. Train again.") from error


def save_network(folder: Path, plan: Plan, weights: Mapping[str, np.ndarray]) -> None:
    """Write both files into `folder`, which is made; RunError, before anything is written, where they do not fit."""
    check_weights(plan, weights)
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder / WEIGHTS_FILE, weights_bytes(plan, weights))
    write_json(folder / PLAN_FILE, plan.to_json())


def _dictionary(value: Any, where: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RunError(f"{where}: expected an object of JSON, came {type(value).__name__}.")
    return dict(value)


def _made(kind: Any, value: Any, where: object) -> Any:
    """A `kind` of the values of a dict; RunError says which key is missing or strange, or what does not fit."""
    given = _dictionary(value, where)
    strange = sorted(given.keys() - {field.name for field in fields(kind)})
    if strange:
        raise RunError(f"{where}: {strange[0]!r} is unknown. Was it made by a later boda?")
    try:
        return kind(**given)
    except TypeError as error:
        raise RunError(f"{where}: {error}.") from error
    except RunError as error:
        raise RunError(f"{where}: {error}") from error


def _layers(value: Any, where: str) -> tuple[Layer, ...]:
    if not isinstance(value, list):
        raise RunError(f"{where}: expected a list, came {type(value).__name__}.")
    return tuple(_made(Layer, each, f"{where}[{nth}]") for nth, each in enumerate(value))


def _some_layers(layers: tuple[Layer, ...]) -> None:
    if not layers:
        raise RunError("layers is empty; a recurrent network has one at least.")


def _one_of(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise RunError(f"{name} is {value!r}; expected one of {', '.join(choices)}.")


def _whole(name: str, value: Any, least: int = 1) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise RunError(f"{name} is {value!r}; expected a whole number from {least} on.")


def _flags(**flags: Any) -> None:
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise RunError(f"{name} is {value!r}; expected true or false.")
