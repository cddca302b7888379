"""`boda convert`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boda.cli.show import visible

if TYPE_CHECKING:
    from boda.verbs.convert import Conversion

EPILOG = """\b
Examples:
  boda convert raccoon/ --to coco --out raccoon-coco      Pascal VOC, COCO or YOLO, told by what is there
  boda convert boxes.csv --to yolo --out boxes-yolo --pictures link
  boda convert both/ --format voc --to csv --out table    where a folder holds two formats
"""
LISTED = 5


@click.command(epilog=EPILOG)
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--to", type=click.Choice(["coco", "csv", "voc", "yolo"]), required=True, help="The format to write.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
@click.option(
    "--pictures",
    type=click.Choice(["copy", "link", "none"]),
    default="copy",
    show_default=True,
    help="What becomes of the pictures; they are never moved.",
)
@click.option(
    "--on-bad",
    type=click.Choice(["skip", "error"]),
    default="skip",
    show_default=True,
    help="What a bad box, label file or picture does.",
)
@click.option(
    "--format", type=click.Choice(["coco", "voc", "yolo"]), help="What a folder holds, where several formats fit."
)
@click.option("--task", type=click.Choice(["locate", "detect"]), help="locate keeps the largest box a picture.")
@click.option("--path-column", help="For tables.")
@click.option("--label-column", help="For tables.")
@click.option("--part-column", help="For tables.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(
    data: Path,
    to: str,
    out: Path,
    pictures: Any,
    on_bad: Any,
    as_json: bool,  # noqa: FBT001 - click's interface
    **options: str | None,
) -> None:
    """Write boxes in another format: Pascal VOC, COCO, YOLO or CSV.

    DATA is a folder in one of these formats, a COCO file, or a CSV file with a box a row.
    Boxes, classes, parts and pictures without boxes stay what they are.
    """
    from boda.verbs.convert import convert

    reading = {name: value for name, value in options.items() if value}
    done = convert(data, to, out, pictures=pictures, on_bad=on_bad, reading=reading)
    if as_json:
        click.echo(json.dumps(done.to_json(), indent=2))
    else:
        _print(done)


def _print(done: Conversion) -> None:
    for note in done.notes:
        click.echo(visible(note), err=True)
    for bad in done.bad[:LISTED]:
        click.echo(visible(f"{bad.name}: {bad.reason}"), err=True)
    if done.bad:
        click.echo(f"{len(done.bad)} bad in all, listed in {visible(str(done.path / 'bad_files.csv'))}", err=True)
    counts = {"pictures": done.pictures, "boxes": done.boxes, "classes": len(done.classes)}
    click.echo(f"{', '.join(f'{what}: {n}' for what, n in counts.items())} -> {visible(str(done.data))}")
