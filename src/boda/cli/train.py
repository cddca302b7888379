"""`boda train`."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from boda.run import Run

TABLES = r"head|stage|last-\d+|all|scratch"

EPILOG = """\b
Examples:
  boda train photos/                                 photos/CLASS/picture.jpg
  boda train photos/ --out runs/first --seed 1
  boda train list.csv --label-column kind            a table with path and label
  boda train photos/ --group-pattern '(patient\\d+)'  one patient stays in one part
  boda train photos/ --set head.hidden=256 --set head.dropout=0.3
  boda train photos/ --stages head,last-5            go on: thaw the last five blocks
  boda train photos/ --stages head,last-5,all --set last-5.epochs=12 --augment strong
  boda train photos/ --recipe runs/007/best.toml     what a ladder found best
  boda train photos/ --split runs/001                the same parts as an earlier Run
  boda train --resume runs/001                       go on after a stop, exact to the bit
"""


def parse_setting(text: str) -> tuple[str, Any]:
    """`head.dropout=0.3` as ("head_dropout", 0.3); values are TOML, or plain words."""
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"expected NAME=VALUE, such as head.dropout=0.3. Received: {text}", param_hint="--set")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value
    table, dot, entry = name.strip().rpartition(".")
    entry = entry.replace("-", "_")
    if dot and not re.fullmatch(TABLES, table):
        raise click.BadParameter(
            f"expected head.NAME, stage.NAME (every stage that trains the backbone) or the name of a stage, such as "
            f"last-5.NAME. Received: {name.strip()}",
            param_hint="--set",
        )
    return f"{table}_{entry}" if dot else entry, parsed


@click.command(epilog=EPILOG)
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option(
    "--out", type=click.Path(path_type=Path), help="The Run's folder; by default the next number below runs/."
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of the split, the folds and the intervals.",
)
@click.option("--recipe", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A recipe file (TOML).")
@click.option("--backbone", help="A network of `boda backbones`.")
@click.option("--weights", help="A weights-only HDF5 file, or 'none' for the architecture alone.")
@click.option("--stages", help="What is trained, such as head, head,last-5 or head,last-5,all; or scratch, or as-is.")
@click.option(
    "--augment",
    type=click.Choice(["none", "flip", "light", "default", "strong"]),
    help="How strongly pictures are varied, for the head and for every stage.",
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="An entry of the recipe; may be repeated.")
@click.option("--split", type=click.Path(path_type=Path), help="A Run whose split is used again.")
@click.option(
    "--on-bad",
    type=click.Choice(["skip", "error"]),
    default="skip",
    show_default=True,
    help="What a damaged picture does.",
)
@click.option("--group-pattern", help="A regular expression on names; what it captures stays in one part.")
@click.option("--path-column", help="For tables.")
@click.option("--label-column", help="For tables.")
@click.option("--group-column", help="For tables: what stays in one part.")
@click.option("--resume", type=click.Path(path_type=Path), help="Go on with a Run that was stopped.")
@click.option("--tensorboard", is_flag=True, help="Write TensorBoard's files into RUN/tensorboard.")
@click.option("--json", "as_json", is_flag=True, help="Print metrics.json to standard output.")
def command(
    data: Path | None,
    out: Path | None,
    seed: int,
    recipe: Path | None,
    settings: tuple[str, ...],
    split: Path | None,
    on_bad: Any,
    resume: Path | None,
    tensorboard: bool,  # noqa: FBT001 - click passes them by name
    as_json: bool,  # noqa: FBT001 - click passes them by name
    **others: str | None,
) -> None:
    """Train a classifier on labelled pictures, measure it, and write a report.

    DATA is a folder with a subfolder a class (train/, val/ and test/ may stand above them), or a CSV file.
    """
    from boda.verbs import train as verb

    if (data is None) == (resume is None):
        raise click.UsageError("Give the pictures' folder or table, or --resume RUN to go on with a Run.")
    if resume is not None:
        _refuse_other_options(click.get_current_context())
        _show(verb.resume(resume), as_json=as_json)
        return
    changes = dict(parse_setting(text) for text in settings)
    changes.update({name: others[name] for name in ("backbone", "weights", "stages", "augment") if others[name]})
    reading = {
        name: others[name] for name in ("group_pattern", "path_column", "label_column", "group_column") if others[name]
    }
    run = verb.train(
        data,
        out=out,
        seed=seed,
        recipe=recipe,
        split=split,
        on_bad=on_bad,
        reading=reading,
        tensorboard=tensorboard,
        **changes,
    )
    _show(run, as_json=as_json)


def _refuse_other_options(ctx: click.Context) -> None:
    """--resume takes the Run's own recipe; to take other words without using them would be to lie."""
    given = [name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if others := [name for name in given if name not in {"resume", "as_json"}]:
        option = "--set" if others[0] == "settings" else f"--{others[0].replace('_', '-')}"
        raise click.UsageError(f"--resume goes on with the Run's own recipe; leave out {option}.")


def _show(run: Run, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(run.metrics, indent=2))
    else:
        from boda.cli.show import show
        from boda.reports.text import summary

        show(summary(run))
