"""Answers of boxes on standard output: a table, JSON or CSV."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING

import click

from boda.cli.cells import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from boda.box_answers import BoxAnswer

HEAD = ("path", "width", "height", "label", "confidence", "x0", "y0", "x1", "y1", "error")


def print_json(answers: Iterable[BoxAnswer], _: int | None = None) -> None:
    """A JSON array, written as the answers come."""
    first = True
    for answer in answers:
        click.echo(("[\n" if first else ",\n") + json.dumps(answer.to_json()), nl=False)
        first = False
    click.echo("[]" if first else "\n]")


def print_csv(answers: Iterable[BoxAnswer], _: int | None = None) -> None:
    """A line a box; a picture without boxes, or one that cannot be read, has one line with empty cells."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(HEAD)
    for answer in answers:
        size = ("", "") if answer.error is not None else (answer.width, answer.height)
        boxes = list(zip(answer.labels, answer.confidences, answer.to_json().get("boxes", []), strict=True))
        for label, confidence, box in boxes:
            out.writerow([as_text(answer.path), *size, as_text(label), confidence, *box, ""])
        if not boxes:
            out.writerow([as_text(answer.path), *size, *[""] * 6, as_text(answer.error or "")])


def print_table(answers: Iterable[BoxAnswer], top: int | None = None) -> None:
    """A line a box: the file, what it is, how sure, and where; at most `top` boxes a picture."""
    from rich.table import Table
    from rich.text import Text

    from boda.cli.show import show, visible

    table = Table(box=None, pad_edge=False)
    for title in ("picture", "what"):
        table.add_column(title, overflow="fold")
    for title in ("confidence", "left", "top", "right", "bottom"):
        table.add_column(title, justify="right")
    for answer in answers:
        path = answer.path
        for cells in _lines(answer, top):
            table.add_row(Text(visible(path)), *(Text(visible(cell)) for cell in cells))
            path = ""
    show(table)


def _lines(answer: BoxAnswer, top: int | None) -> list[tuple[str, ...]]:
    if answer.error is not None:
        return [(f"not read: {answer.error}",)]
    if not len(answer):
        return [("nothing found",)]
    rows = zip(answer.labels, answer.confidences, answer.boxes, strict=True)
    lines = [(label, f"{confidence:.2f}", *(f"{side:.0f}" for side in box)) for label, confidence, box in rows]
    more = [] if top is None or len(lines) <= top else [(f"and {len(lines) - top} more",)]
    return [*lines[:top], *more]
