"""What to type, or to call, to train a ladder's winner or one of its rungs again on the same parts."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from boda.recipe import toml
from boda.reports.words import clean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from boda.reports.ladder_words import Ladder, Rung

READING = ("group_pattern", "path_column", "label_column", "group_column", "format", "task")  # options of `boda train`


def command(ladder: Ladder, path: Path) -> str:
    """What trains the winner again on the same parts: a command, or a call of Python where the data was in memory."""
    recipe = path / clean((ladder.get("winner") or {}).get("recipe") or "best.toml")
    return _call(ladder, path, recipe, {}) if ladder.get("in_memory") else _command(ladder, path, recipe, "")


def command_of(ladder: Ladder, path: Path, rung: Rung) -> str:
    """The same for the base with the change of `rung`; empty where it changes nothing."""
    options, recipe = change_lines(rung)[0], path / "recipe.toml"
    if not options:
        return ""
    if ladder.get("in_memory"):
        return _call(ladder, path, recipe, dict(_change(rung)))
    return _command(ladder, path, recipe, options)


def quoted(text: object) -> str:
    """`text` as one word of a command."""
    return shlex.quote(clean(text, 1000))


def change_lines(rung: Rung) -> tuple[str, str]:
    """What a rung changes of the base, as options of `boda train` and as lines of a recipe's TOML.

    `stage.NAME`, which changes all stages at once, has no line of its own there.
    """
    change = _change(rung)
    stages = change.pop("stages", None)
    options = [f"--set {quoted(f'{key}={_plain(value)}')}" for key, value in change.items()]
    lines = [f"{key} = {toml.value(value)}" for key, value in change.items() if not key.startswith("stage.")]
    if stages:
        options.insert(0, f"--stages {quoted(stages)}")
        lines.insert(0, f"stages = {toml.value(stages)}")
    return " ".join(options), "\n".join(lines)


def _command(ladder: Ladder, path: Path, recipe: Path, change: str) -> str:
    """`boda train` on the ladder's parts, with all that reads the pictures as the ladder has read them."""
    reading = ladder.get("reading") or {}
    words = [
        f"boda train {quoted(ladder.get('data') or 'PHOTOS')}",
        f"--recipe {quoted(recipe)} --split {quoted(path)}",
        change,
        *(_read(name, value) for name, value in reading.items() if value),
        "--on-bad error" if ladder.get("on_bad") == "error" else "",
        f"--seed {clean(ladder['seed'])}" if ladder.get("seed") else "",
    ]
    return " ".join(filter(None, words))


def _read(name: str, value: Any) -> str:
    """An option of the reader, as `boda train` takes it."""
    if name in READING:
        return f"--{name.replace('_', '-')} {quoted(value)}"
    return f"--read {quoted(f'{name}={_plain(value)}')}"


def _call(ladder: Ladder, path: Path, recipe: Path, change: Mapping[str, Any]) -> str:
    """The same in Python, for data that no command can name."""
    reading = {name: value for name, value in (ladder.get("reading") or {}).items() if value}
    changes = {key.replace(".", "_", 1): value for key, value in change.items()}
    words = [
        "data",
        *(f"{key}={json.dumps(clean(value, 1000))}" for key, value in (("recipe", recipe), ("split", path))),
        f"seed={clean(ladder.get('seed') or 0)}",
        f"reading={reading!r}" if reading else "",
        'on_bad="error"' if ladder.get("on_bad") == "error" else "",
        f"**{changes!r}" if changes else "",
    ]
    return f"boda.train({', '.join(filter(None, words))})"


def _change(rung: Rung) -> dict[str, Any]:
    """Its change of the base with the stages first, as one text; without them where they are the base's."""
    change = {clean(key): value for key, value in (rung.get("change") or {}).items()}
    stages = change.pop("stages", None) or rung.get("stages")
    stages = clean(",".join(stages) if isinstance(stages, (list, tuple)) else stages or "")
    return {"stages": stages, **change} if stages not in {"", "head"} else change


def _plain(value: Any) -> str:
    """A value as `--set` takes it."""
    return value if isinstance(value, str) else toml.value(value)
