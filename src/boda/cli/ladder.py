"""`boda ladder`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

EPILOG = """\b
Examples:
  boda ladder photos/ --minutes 10                  what fits into ten minutes, by expected gain
  boda ladder photos/ --rungs dropout,augment,last-5
  boda ladder photos/ --rung 'wide=head.hidden=1024' --rung 'calm=head.dropout=0.5; head.epochs=30'
  boda ladder --resume runs/003                     goes on where it was stopped
  boda train photos/ --recipe runs/003/best.toml    trains the winner again
"""


@click.command(epilog=EPILOG)
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option(
    "--out", type=click.Path(path_type=Path), help="The ladder's folder; by default the next number below runs/."
)
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="How long rungs may take; else no limit.")
@click.option("--rungs", metavar="NAME,...", help="Which rungs; by default all that make sense.")
@click.option("--rung", "own", multiple=True, metavar="NAME=ENTRY=VALUE", help="A rung of your own; may be repeated.")
@click.option("--folds", type=click.IntRange(min=2), default=5, show_default=True, help="Parts of the training part.")
@click.option(
    "--repeats", type=click.IntRange(min=1), default=2, show_default=True, help="How often it is dealt into folds."
)
@click.option(
    "--costly-repeats",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="The same for rungs that train layers of the backbone.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the split, the folds and every fit."
)
@click.option(
    "--recipe", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The base, a recipe file (TOML)."
)
@click.option("--backbone", help="A network of `boda backbones`.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="An entry of the base; may be repeated.")
@click.option("--split", type=click.Path(path_type=Path), help="A Run whose split is used again.")
@click.option("--resume", type=click.Path(path_type=Path, exists=True, file_okay=False), help="A ladder that goes on.")
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
@click.option("--json", "as_json", is_flag=True, help="Print ladder.json to standard output.")
@click.pass_context
def command(
    context: click.Context,
    /,
    data: Path | None,
    settings: tuple[str, ...],
    backbone: str | None,
    resume: Path | None,
    as_json: bool,  # noqa: FBT001 - click passes them by name
    **others: Any,
) -> None:
    """Try every lever of transfer learning on the same folds of your pictures, and say which of them helps.

    DATA is a folder with a subfolder a class (train/, val/ and test/ may stand above them), or a CSV file.
    """
    if (data is None) == (resume is None):
        raise click.UsageError("Give DATA to begin a ladder, or --resume LADDER to go on with one.")
    if resume is not None:
        _refuse_settings(context)
    from boda.cli.train import parse_setting
    from boda.verbs.ladder import ladder

    changes = dict(parse_setting(text) for text in settings)
    if backbone:
        changes["backbone"] = backbone
    columns = ("group_pattern", "path_column", "label_column", "group_column")
    reading = {name: value for name in columns if (value := others.pop(name))}
    run = ladder(data, resume=resume, reading=reading, **others, **changes)
    if as_json:
        click.echo(json.dumps(run.read_json("ladder.json"), indent=2))
    else:
        from boda.cli.show import show
        from boda.reports.ladder_text import summary

        show(summary(run))


def _refuse_settings(context: click.Context) -> None:
    """A ladder that goes on has its settings already: none that is given now would count."""
    for option in context.command.params:
        given = context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        if given and option.name not in {"data", "resume", "as_json"}:
            raise click.UsageError(f"--resume goes on with the ladder's own settings; leave out {option.opts[0]}")
