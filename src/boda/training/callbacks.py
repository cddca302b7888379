"""Callbacks: the user's own Keras callbacks, what they remember, and the history as a JSON object a line."""

from __future__ import annotations

import importlib.util
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boda import atomic
from boda.errors import RecipeError, RunError
from boda.models.keras_import import import_keras
from boda.training.checkpoint import pack

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GIVEN = frozenset({"model", "_model", "params"})  # set anew by Keras, so no state


def callback_list(callbacks: Sequence[Any], model: Any, *, epochs: int, steps: int) -> Any:
    """Keras's own CallbackList of `callbacks` and a History, called in this thread alone.

    Keras calls callbacks without a hook on batches from other threads; one that has such a hook keeps it from that.
    """
    keras = import_keras()
    here = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)  # noqa: ARG005 - Keras's names
    return keras.callbacks.CallbackList(
        [*callbacks, here], add_history=True, model=model, epochs=epochs, steps=steps, verbose=0
    )


def states(callbacks: Sequence[Any]) -> list[Any]:
    """What each callback remembers: its class, and those attributes that are plain types or arrays.

    Files, functions and variables are left out, and so is a CSVLogger, whose memory is its file.
    """
    return [[type(callback).__name__, _attributes(callback)] for callback in callbacks]


def restore(callbacks: Sequence[Any], remembered: Sequence[Any]) -> None:
    """Give callbacks back what `states` found, after their `on_train_begin`, which forgets it.

    Raises:
        RunError: the callbacks are not those that the checkpoint was written with.
    """
    ours, theirs = [type(each).__name__ for each in callbacks], [name for name, _ in remembered]
    if ours != theirs:
        raise RunError(
            f"The checkpoint was written with the callbacks {', '.join(theirs)}. Received: {', '.join(ours)}. "
            "Give the same ones in the same order."
        )
    for callback, (_, attributes) in zip(callbacks, remembered, strict=True):
        for name, value in attributes.items():
            setattr(callback, name, value)


def go_on(callbacks: Sequence[Any]) -> None:
    """Before a training goes on: a CSVLogger adds to its file, where it would begin an empty one."""
    logger = import_keras().callbacks.CSVLogger
    for callback in callbacks:
        if isinstance(callback, logger):
            callback.append = True


def tensorboard(folder: Path, **options: Any) -> Any:
    """Keras's TensorBoard callback, writing below `folder`; `options` are its own.

    Raises:
        RecipeError: the package tensorboard is missing; TensorFlow no longer brings it.
    """
    check_tensorboard()
    return import_keras().callbacks.TensorBoard(str(folder), **{"write_graph": False, **options})


def check_tensorboard() -> None:
    """Refuse where the package tensorboard is missing."""
    if importlib.util.find_spec("tensorboard") is None:
        raise RecipeError(
            "The TensorBoard callback needs the package tensorboard, which is not installed. "
            "Install it with: pip install tensorboard"
        )


@dataclass(frozen=True)
class HistoryFile:
    """A file with a JSON object a line; lines of other trainings (`stage`) in it are kept as they are.

    Each change replaces the whole file, so that a reader never sees half a line.
    """

    path: Path
    stage: str

    def write(self, lines: Sequence[dict[str, Any]]) -> None:
        """Put `lines` in place of this stage's; values that are not finite become null."""
        ours = [json.dumps({"stage": self.stage, **_finite(line)}, allow_nan=False) for line in lines]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_text(self.path, "".join(f"{line}\n" for line in [*self._others(), *ours]))

    def _others(self) -> list[str]:
        if not self.path.is_file():
            return []
        lines = self.path.read_text("utf-8").splitlines()
        return [line for line in lines if line and json.loads(line).get("stage") != self.stage]


def _attributes(callback: Any) -> dict[str, Any]:
    if isinstance(callback, import_keras().callbacks.CSVLogger):
        return {}
    return {name: value for name, value in vars(callback).items() if name not in GIVEN and _is_plain(value)}


def _is_plain(value: Any) -> bool:
    try:
        pack(value, {})
    except (TypeError, RecursionError):
        return False
    return True


def _finite(line: dict[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in line.items()}
