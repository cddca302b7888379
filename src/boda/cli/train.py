"""`boda train`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import click

EPILOG = """\b
Examples:
  boda train photos/                                 photos/CLASS/picture.jpg
  boda train photos/ --out runs/first --seed 1
  boda train list.csv --label-column kind            a table with path and label
  boda train photos/ --group-pattern '(patient\\d+)'  one patient stays in one part
  boda train photos/ --set head.hidden=256 --set head.dropout=0.3
  boda train photos/ --split runs/001                the same parts as an earlier Run
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
    table, dot, entry = name.strip().replace("-", "_").rpartition(".")
    if dot and table != "head":
        raise click.BadParameter(f"a recipe has one table, head. Received: {name.strip()}", param_hint="--set")
    return f"head_{entry}" if dot else entry, parsed


@click.command(epilog=EPILOG)
@click.argument("data", type=click.Path(path_type=Path))
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
@click.option("--json", "as_json", is_flag=True, help="Print metrics.json to standard output.")
def command(
    data: Path,
    out: Path | None,
    seed: int,
    recipe: Path | None,
    settings: tuple[str, ...],
    split: Path | None,
    on_bad: Any,
    as_json: bool,  # noqa: FBT001 - click passes them by name
    **others: str | None,
) -> None:
    """Train a classifier on labelled pictures, measure it, and write a report.

    DATA is a folder with a subfolder a class (train/, val/ and test/ may stand above them), or a CSV file.
    """
    from boda.verbs.train import train

    changes = dict(parse_setting(text) for text in settings)
    if others["backbone"]:
        changes["backbone"] = others["backbone"]
    if others["weights"]:
        changes["weights"] = None if others["weights"] == "none" else others["weights"]
    reading = {
        name: others[name] for name in ("group_pattern", "path_column", "label_column", "group_column") if others[name]
    }
    run = train(data, out=out, seed=seed, recipe=recipe, split=split, on_bad=on_bad, reading=reading, **changes)
    if as_json:
        click.echo(json.dumps(run.metrics, indent=2))
    else:
        from boda.cli.show import show
        from boda.reports.text import summary

        show(summary(run))
