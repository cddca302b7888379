"""A Recipe says what to train; it is frozen, compared by value, and read from and written to TOML."""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import tomllib
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from boda.errors import RecipeError

DEFAULT_BACKBONE = "efficientnet_lite0"


@dataclass(frozen=True, slots=True)
class HeadRecipe:
    """The layers on top of the backbone's features, and how they are trained.

    With no hidden layers, no dropout and no BatchNormalization the head is linear and is solved exactly;
    otherwise Keras trains it.

    Args:
        hidden: widths of the hidden layers, each followed by ReLU; (512,) is a usual one, for which 512 may stand.
        dropout: share of the values that are dropped before each dense layer, 0 to below 1.
        batch_norm: BatchNormalization after each hidden layer (before the dense layer where there is none).
        label_smoothing: weight given to the uniform answer, 0 to below 1.
        class_weight: "balanced" weighs classes by the inverse of how often they occur; None weighs all alike.
        weight_decay: strength of the L2 penalty on the weights; "auto" chooses it by cross-validation
            inside the training part.
        epochs, learning_rate, batch_size: for heads that Keras trains.
    """

    hidden: tuple[int, ...] = ()
    dropout: float = 0.0
    batch_norm: bool = False
    label_smoothing: float = 0.0
    class_weight: Literal["balanced"] | None = None
    weight_decay: float | Literal["auto"] = "auto"
    epochs: int = 60
    learning_rate: float = 1e-3
    batch_size: int = 64

    def __post_init__(self) -> None:
        """Refuse values out of range, with the field's name."""
        object.__setattr__(self, "hidden", _as_tuple(self.hidden))
        object.__setattr__(self, "class_weight", _none_where_said(self.class_weight))
        _check("head.hidden", self.hidden, all(_is_whole(w) and w > 0 for w in self.hidden), "widths above 0")
        _check("head.dropout", self.dropout, _is_number(self.dropout) and 0 <= self.dropout < 1, "0 to below 1")
        _check("head.batch_norm", self.batch_norm, isinstance(self.batch_norm, bool), "true or false")
        smoothing = self.label_smoothing
        _check("head.label_smoothing", smoothing, _is_number(smoothing) and 0 <= smoothing < 1, "0 to below 1")
        _check("head.class_weight", self.class_weight, self.class_weight in (None, "balanced"), "'balanced' or none")
        decay = self.weight_decay
        _check(
            "head.weight_decay",
            decay,
            decay == "auto" or (_is_number(decay) and decay >= 0),
            "'auto' or a number from 0",
        )
        _check("head.epochs", self.epochs, _is_whole(self.epochs) and self.epochs >= 1, "1 or more")
        _check(
            "head.learning_rate",
            self.learning_rate,
            _is_number(self.learning_rate) and self.learning_rate > 0,
            "above 0",
        )
        _check("head.batch_size", self.batch_size, _is_whole(self.batch_size) and self.batch_size >= 1, "1 or more")

    @property
    def is_linear(self) -> bool:
        """Whether one dense layer is all there is, so that SciPy can solve it exactly."""
        return not self.hidden and not self.dropout and not self.batch_norm


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to train.

    Args:
        backbone: a row of `boda backbones`.
        weights: "pretrained", None (the architecture alone), or a weights-only HDF5 file.
        resize: "squash" fits the whole picture into the square; "crop" keeps the aspect and cuts the centre.
        views: how often each training picture is looked at: "plain", or "flip" for the mirrored one too.
        precision: "f32", or "bf16" for speed on machines that have it.
        validation_split: share held out for the report where the data has no validation part.
        folds: inner folds of the training part by which every choice is made.
        precision_wanted: the precision for which the report's abstain threshold is chosen.
        head: the layers on top.
    """

    backbone: str = DEFAULT_BACKBONE
    weights: str | None = "pretrained"
    resize: Literal["squash", "crop"] = "squash"
    views: Literal["plain", "flip"] = "plain"
    precision: Literal["f32", "bf16"] = "f32"
    validation_split: float = 0.2
    folds: int = 5
    precision_wanted: float = 0.95
    head: HeadRecipe = field(default_factory=HeadRecipe)

    def __post_init__(self) -> None:
        """Refuse values out of range, with the field's name."""
        given = str(self.weights) if isinstance(self.weights, Path) else self.weights
        object.__setattr__(self, "weights", _none_where_said(given))
        _check("backbone", self.backbone, isinstance(self.backbone, str), "the name of a network")
        _check(
            "weights",
            self.weights,
            self.weights is None or isinstance(self.weights, str),
            "'pretrained', 'none' or a file",
        )
        _check("resize", self.resize, self.resize in ("squash", "crop"), "'squash' or 'crop'")
        _check("views", self.views, self.views in ("plain", "flip"), "'plain' or 'flip'")
        _check("precision", self.precision, self.precision in ("f32", "bf16"), "'f32' or 'bf16'")
        _check(
            "validation_split",
            self.validation_split,
            _is_number(self.validation_split) and 0 < self.validation_split < 1,
            "between 0 and 1",
        )
        _check("folds", self.folds, _is_whole(self.folds) and self.folds >= 2, "2 or more")
        _check(
            "precision_wanted",
            self.precision_wanted,
            _is_number(self.precision_wanted) and 0 < self.precision_wanted < 1,
            "between 0 and 1",
        )
        _check(
            "head",
            self.head,
            isinstance(self.head, HeadRecipe),
            "a table of the head's entries, such as head.dropout = 0.3",
        )

    def replace(self, **changes: Any) -> Recipe:
        """A copy with `changes`; `head.NAME` may be given as `head_NAME`."""
        head = {key[5:]: value for key, value in changes.items() if key.startswith("head_")}
        rest = {key: value for key, value in changes.items() if not key.startswith("head_")}
        if head:
            rest["head"] = _build(HeadRecipe, {**dataclasses.asdict(self.head), **head}, "head.")
        return _build(Recipe, {**{f.name: getattr(self, f.name) for f in dataclasses.fields(self)}, **rest}, "")

    def to_toml(self) -> str:
        """TOML that `from_toml` reads back to an equal Recipe; None is written as an absent key."""
        lines = [
            f"{f.name} = {_toml(getattr(self, f.name))}"
            for f in dataclasses.fields(self)
            if f.name != "head" and getattr(self, f.name) is not None
        ]
        if self.weights is None:
            lines.append('weights = "none"')
        head = [
            f"{f.name} = {_toml(getattr(self.head, f.name))}"
            for f in dataclasses.fields(self.head)
            if getattr(self.head, f.name) is not None
        ]
        return "\n".join([*lines, "", "[head]", *head, ""])

    @classmethod
    def from_toml(cls, text: str) -> Recipe:
        """Read what `to_toml` wrote, or what a person did; unknown keys are refused with the nearest name."""
        try:
            table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise RecipeError(f"The recipe is no valid TOML: {error}.") from error
        head = table.pop("head", {})
        return _build(cls, {**table, "head": _build(HeadRecipe, head, "head.") if isinstance(head, dict) else head}, "")

    @classmethod
    def read(cls, path: Path) -> Recipe:
        """Read a recipe file."""
        try:
            return cls.from_toml(Path(path).read_text(encoding="utf-8"))
        except (OSError, RecipeError) as error:
            raise RecipeError(f"{path}: {error}") from error


def _check(name: str, value: object, fine: bool, expected: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not fine:
        raise RecipeError(f"{name} must be {expected}. Received: {name}={value!r}")


def _build(cls: type, values: dict[str, Any], prefix: str) -> Any:
    """`cls(**values)`, with unknown names refused."""
    hints = typing.get_type_hints(cls)
    for name in values:
        if name not in hints:
            raise RecipeError(f"A recipe has no entry {prefix}{name}.{_hint(name, prefix)}")
    return cls(**values)


def _hint(name: str, prefix: str) -> str:
    """The nearest entry, of the head too, since people leave its prefix out."""
    of_head = [f.name for f in dataclasses.fields(HeadRecipe)]
    own = of_head if prefix else [f.name for f in dataclasses.fields(Recipe)]
    if near := difflib.get_close_matches(name, own, n=1):
        return f" Did you mean {prefix}{near[0]}?"
    if near := difflib.get_close_matches(name, of_head, n=1):
        return f" Did you mean head.{near[0]} (in Python head_{near[0]})?"
    return f" Known: {', '.join([*own, *([] if prefix else [f'head.{other}' for other in of_head])])}."


def _as_tuple(value: Any) -> tuple[Any, ...]:
    """One width, or a list of them, as a tuple."""
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _none_where_said(value: Any) -> Any:
    """None where the word stands, since TOML has no other way to say it."""
    return None if value == "none" else value


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace(
            "\x7f", "\\u007f"
        )  # JSON's escapes are TOML's, but for DEL
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return repr(value)
