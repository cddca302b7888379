"""`boda train`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from boda.run import Run


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
  boda train boxes/                                  Pascal VOC, COCO or YOLO, told by what is there
  boda train boxes/ --task locate --split every-5th --fold 0
  boda train names/                                  texts: names/CLASS.txt with one a line, or CLASS/text.txt
  boda train book.txt --set cell=gru --set units=256  one long text: what comes next?
  boda train pairs.tsv                               columns source and target: the one becomes the other
  boda train sales.csv --read time_column=day        a series: what comes next, and how sure?
  boda train --resume runs/001                       go on after a stop, exact to the bit
"""


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
@recipe_options
@click.option("--weights", help="A weights-only HDF5 file, or 'none' for the architecture alone.")
@click.option("--stages", help="What is trained, such as head, head,last-5 or head,last-5,all; or scratch, or as-is.")
@click.option(
    "--augment",
    type=click.Choice(["none", "flip", "light", "default", "unmirrored", "strong"]),
    help="How strongly pictures are varied, for the head and for every stage.",
)
@data_options
@click.option(
    "--fold", type=click.IntRange(0, 4), help="With --split every-5th: the first index held out; 4 unless given."
)
@format_option
@click.option("--task", type=click.Choice(TASKS), help=f"What is asked, where the data does not tell. {TASK_WORDS}")
@click.option("--resume", type=click.Path(path_type=Path), help="Go on with a Run that was stopped.")
@click.option("--tensorboard", is_flag=True, help="Write TensorBoard's files into RUN/tensorboard.")
@click.option("--json", "as_json", is_flag=True, help="Print metrics.json to standard output.")
@click.pass_context
def command(
    context: click.Context,
    /,
    data: Path | None,
    resume: Path | None,
    as_json: bool,  # noqa: FBT001 - click passes them by name
    **given: Any,
) -> None:
    """Train on labelled pictures, boxes or sequences, measure it, and write a report.

    DATA is a folder with a subfolder a class (train/, val/ and test/ may stand above them), a CSV file, or a folder of
    boxes: Pascal VOC, COCO or YOLO. Sequences are texts (a folder of .txt files, a table with a column of texts, one
    long text), tagged tokens, piano rolls (.mat, .npz) or series (a table with a column of times).
    """
    from boda.verbs import train as verb

    if (data is None) == (resume is None):
        raise click.UsageError("Give a folder, a file or a table, or --resume RUN to go on with a Run.")
    if resume is not None:
        refuse_beside_resume(context, "Run")
        _show(verb.resume(resume), as_json=as_json)
        return
    changes = changes_of(given, "weights", "stages", "augment")
    _show(verb.train(data, reading=reading_of(given, "format", "task"), **given, **changes), as_json=as_json)


def _show(run: Run, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(run.metrics, indent=2))
    else:
        from boda.cli.show import show
        from boda.reports.text import summary

        show(summary(run))
