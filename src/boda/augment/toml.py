"""Pipelines as TOML: the seed and how labels follow on top, then a table for each step."""

from __future__ import annotations

import difflib
import json
import tomllib
from typing import TYPE_CHECKING, Any

from boda.augment.registry import AUGMENTATIONS
from boda.errors import AugmentError

if TYPE_CHECKING:
    from boda.augment.pipeline import Pipeline
    from boda.augment.step import Augmentation

_TOP = ("seed", "box_shape", "min_visible", "point_pairs", "data_format")


def write_pipeline(pipeline: Pipeline) -> str:
    """TOML that `read_pipeline` reads back to an equal pipeline."""
    lines = [f"{name} = {_value(getattr(pipeline, name))}" for name in _TOP]
    for step in pipeline.steps:
        lines += ["", "[[steps]]", f"step = {_value(type(step).__name__)}"]
        lines += [f"{name} = {_value(value)}" for name, value in step.arguments().items() if value is not None]
    return "\n".join(lines) + "\n"


def read_pipeline(text: str) -> Pipeline:
    """The pipeline that `text` describes.

    Raises:
        AugmentError: No TOML, or an entry that does not exist; the message says which are there.
    """
    from boda.augment.pipeline import Pipeline

    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AugmentError(f"This is no TOML: {error}.") from error
    steps = table.pop("steps", [])
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise AugmentError('Each step is a table of its own: [[steps]], then step = "RandomFlip" and its arguments.')
    for name in table:
        _expect_known(name, _TOP, "entry of a pipeline")
    table = {name: _as_tuple(value) for name, value in table.items()}
    return Pipeline([_read_step(i, step) for i, step in enumerate(steps)], **table)


def _read_step(i: int, table: dict[str, Any]) -> Augmentation:
    table = dict(table)
    name = table.pop("step", None)
    if not isinstance(name, str):
        raise AugmentError(f'steps[{i}]: step = "NAME" is missing, with one of {", ".join(AUGMENTATIONS)}.')
    _expect_known(name, AUGMENTATIONS, "step")
    kind = AUGMENTATIONS[name]
    for argument in table:
        _expect_known(argument, [f for f in kind.__dataclass_fields__ if not f.startswith("_")], f"argument of {name}")
    try:
        return kind(**{key: _as_tuple(value) for key, value in table.items()})
    except TypeError as error:
        raise AugmentError(f"steps[{i}] ({name}): {str(error).removeprefix(f'{name}.__init__() ')}.") from error


def _expect_known(name: str, known: Any, what: str) -> None:
    if name not in known:
        close = difflib.get_close_matches(name, list(known), 1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise AugmentError(f"{name!r} is no {what}. There are: {', '.join(known)}.{hint}")


def _as_tuple(value: Any) -> Any:
    return tuple(_as_tuple(item) for item in value) if isinstance(value, list) else value


def _value(value: Any) -> str:
    """One value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, (int, float)):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)
