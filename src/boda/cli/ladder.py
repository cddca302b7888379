"""`boda ladder`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from boda.cli.options import (
    TASK_WORDS,
    TASKS,
    changes_of,
    data_options,
    format_option,
    reading_of,
    recipe_options,
    refuse_beside_resume,
)

EPILOG = """\b
Examples:
  boda ladder photos/ --minutes 10                  what fits into ten minutes, by expected gain
  boda ladder photos/ --rungs dropout,augment,last-5
  boda ladder photos/ --rung 'wide=head.hidden=1024' --rung 'calm=head.dropout=0.5; head.epochs=30'
  boda ladder names/ --minutes 10                   texts: cells, widths, dropout, both ends, ...
  boda ladder book.txt --rungs gru,bptt-16 --set epochs=5 --folds 3
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
    help="The same for rungs that train layers of the backbone, and for all rungs of sequences.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the split, the folds and every fit."
)
@recipe_options
@click.option("--resume", type=click.Path(path_type=Path, exists=True, file_okay=False), help="A ladder that goes on.")
@data_options
@format_option
@click.option("--task", type=click.Choice(TASKS), help=f"What is asked, where the data does not tell. {TASK_WORDS}")
@click.option("--json", "as_json", is_flag=True, help="Print ladder.json to standard output.")
@click.pass_context
def command(
    context: click.Context,
    /,
    data: Path | None,
    resume: Path | None,
    as_json: bool,  # noqa: FBT001 - click passes them by name
    **given: Any,
) -> None:
    """Try every lever on the same folds of your pictures or sequences, and say which of them helps.

    DATA is a folder with a subfolder a class (train/, val/ and test/ may stand above them), or a CSV file; or
    sequences, as `boda train` takes them. Of long texts and of series the folds are consecutive blocks at their end.
    """
    if (data is None) == (resume is None):
        raise click.UsageError("Give DATA to begin a ladder, or --resume LADDER to go on with one.")
    if resume is not None:
        refuse_beside_resume(context, "ladder")
    from boda.verbs.ladder import ladder

    changes = changes_of(given)
    run = ladder(data, resume=resume, reading=reading_of(given, "format", "task"), **given, **changes)
    if as_json:
        click.echo(json.dumps(run.read_json("ladder.json"), indent=2))
    else:
        from boda.cli.show import show
        from boda.reports.ladder_text import summary

        show(summary(run))
