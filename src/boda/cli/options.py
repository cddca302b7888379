"""Options that several commands share: how data is read, what of the recipe changes, and what --resume goes without."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from boda.recipe.toml import value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Command = TypeVar("Command", bound="Callable[..., Any]")
TABLES = r"head|boxes|stage|last-\d+|all|scratch"
READING = ("group_pattern", "path_column", "label_column", "group_column")
FORMATS = ("coco", "folders", "voc", "yolo", "conll", "folder", "rolls", "series", "table", "text")
TASKS = ("locate", "detect", "classify", "regress", "tag", "language", "music", "pairs", "forecast")
TASK_WORDS = (
    "Boxes: locate (one a picture, the largest) or detect (many). Sequences: classify, regress, tag, language (what "
    "comes next), music (which keys come next), pairs (one text becomes another), forecast."
)


def data_options(command: Command) -> Command:
    """How pictures are read and split: --split, --on-bad, and what `reading_of` takes."""
    options = (
        click.option("--split", type=click.Path(path_type=Path), help="A Run whose split is used again, or every-5th."),
        click.option(
            "--on-bad",
            type=click.Choice(["skip", "error"]),
            default="skip",
            show_default=True,
            help="What a damaged picture does.",
        ),
        click.option("--group-pattern", help="A regular expression on names; what it captures stays in one part."),
        click.option("--path-column", help="For tables."),
        click.option("--label-column", help="For tables."),
        click.option("--group-column", help="For tables: what stays in one part."),
    )
    return _with(command, options)


def format_option(command: Command) -> Command:
    """What a file or folder holds: --format, and --read for what else the reader may be told."""
    options = (
        click.option("--format", type=click.Choice(FORMATS), help="What a file or folder holds, where several fit."),
        click.option(
            "--read",
            "reads",
            multiple=True,
            metavar="NAME=VALUE",
            help="An option of the reader of sequences, such as text_column=review; may be repeated.",
        ),
    )
    return _with(command, options)


def recipe_options(command: Command) -> Command:
    """What is trained: --recipe, and what `changes_of` takes."""
    options = (
        click.option(
            "--recipe", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A recipe file (TOML)."
        ),
        click.option("--backbone", help="A network of `boda backbones`."),
        click.option(
            "--set", "settings", multiple=True, metavar="NAME=VALUE", help="An entry of the recipe; may be repeated."
        ),
    )
    return _with(command, options)


def reading_of(given: dict[str, Any], *names: str) -> dict[str, Any]:
    """Take the reader's options out of what a command was given: those of `data_options`, and the options `names`."""
    more = dict(parse_read(text) for text in given.pop("reads", ()))
    return {**{name: value for name in (*READING, *names) if (value := given.pop(name, None))}, **more}


def parse_read(text: str) -> tuple[str, Any]:
    """`text_column=review` as ("text_column", "review")."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.BadParameter(
            f"expected NAME=VALUE, such as text_column=review. Received: {text}", param_hint="--read"
        )
    return name.strip().replace("-", "_"), value_of(value)


def changes_of(given: dict[str, Any], *names: str) -> dict[str, Any]:
    """Take the recipe's changes out of what a command was given: --set, --backbone, and the options `names`."""
    changes = dict(parse_setting(text) for text in given.pop("settings"))
    return {**changes, **{name: value for name in ("backbone", *names) if (value := given.pop(name))}}


def parse_setting(text: str) -> tuple[str, Any]:
    """`head.dropout=0.3` as ("head_dropout", 0.3); values are TOML, or plain words."""
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"expected NAME=VALUE, such as head.dropout=0.3. Received: {text}", param_hint="--set")
    table, dot, entry = name.strip().rpartition(".")
    entry = entry.replace("-", "_")
    if dot and not re.fullmatch(TABLES, table):
        raise click.BadParameter(
            f"expected head.NAME, boxes.NAME, stage.NAME (each that trains the backbone) or the name of a stage, "
            f"such as last-5.NAME. Received: {name.strip()}",
            param_hint="--set",
        )
    return f"{table}_{entry}" if dot else entry, value_of(value)


def refuse_beside_resume(context: click.Context, what: str) -> None:
    """What goes on has its settings already; to take others and not use them would be to lie."""
    for option in context.command.params:
        given = context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        if given and option.name not in {"data", "resume", "as_json"}:
            raise click.UsageError(f"--resume goes on with the {what}'s own settings; leave out {option.opts[0]}.")


def _with(command: Command, options: Iterable[Callable[[Command], Command]]) -> Command:
    """`command` with `options`, which its help lists in this order."""
    for option in reversed([*options]):
        command = option(command)
    return command
