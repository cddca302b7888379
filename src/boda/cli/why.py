"""`boda why`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.explain.explanation import Explanation

EPILOG = """\b
Examples:
  boda why runs/001 rose.jpg
  boda why runs/001 new/ --out why-new
  boda why runs/001 rose.jpg --label tulips     what speaks for another class
  boda why runs/001 'new/*.jpg' --json
"""


@click.command(epilog=EPILOG)
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("pictures", nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path), help="A new or empty folder.  [default: RUN/why/NUMBER]")
@click.option("--label", help="The class to explain.  [default: each picture's answer]")
@click.option(
    "--neighbours", type=click.IntRange(min=0), default=5, show_default=True, help="How many training pictures."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, an object a picture, with both maps.")
@click.option("--open", "open_it", is_flag=True, help="Open the page in the browser.")
@click.pass_context
def command(
    ctx: click.Context,
    run: Path,
    pictures: tuple[str, ...],
    out: Path | None,
    label: str | None,
    neighbours: int,
    *,
    as_json: bool,
    open_it: bool,
) -> None:
    """Where the model looks in a picture, and which training pictures it resembles.

    Writes why.html and a PNG a picture: the answer, Grad-CAM, occlusion (which needs no gradient, and checks it), how
    far the two agree, and the nearest training pictures. PICTURES are files, folders, globs, or - for names on
    standard input.
    """
    from boda.cli.predict import names
    from boda.run import Run
    from boda.verbs.why import PAGE, next_folder, why

    opened = Run.open(run, complete=True)
    folder = next_folder(opened) if out is None else out
    found = why(opened, list(names(pictures)), out=folder, label=label, neighbours=neighbours)
    page = folder / PAGE
    if as_json:
        print_json(found)
    else:
        print_table(found)
        click.echo(page)
    if open_it:
        click.launch(str(page))
    if found and all(one.error for one in found):
        ctx.exit(1)


def print_json(found: Sequence[Explanation]) -> None:
    """A JSON array."""
    import json

    click.echo(json.dumps([one.to_json() for one in found], indent=1))


def print_table(found: Sequence[Explanation]) -> None:
    """A line a picture: the class, how probable it is, also under the worst window, and what is like it."""
    from rich.table import Table
    from rich.text import Text

    from boda.cli.show import show, visible

    table = Table(box=None, pad_edge=False)
    for title in ("picture", "class", "confidence", "covered", "the maps", "most like it"):
        table.add_column(title, overflow="fold", justify="right" if title in {"confidence", "covered"} else "left")
    for one in found:
        table.add_row(*(Text(visible(cell)) for cell in _cells(one)))
    show(table)


def _cells(one: Explanation) -> tuple[str, ...]:
    from collections import Counter

    from boda.explain.agreement import verdict
    from boda.reports.why_words import label_text

    if one.error is not None:
        return one.path, f"not read: {one.error}", "", "", "", ""
    correlation = "" if one.agreement is None else f" ({one.agreement:.2f})"
    counts = Counter(label_text(n) for n in one.neighbours).most_common()
    like = ", ".join(f"{count} of {label}" for label, count in counts)
    shown = (one.label, f"{one.probability:.2f}", f"{one.least:.2f}", verdict(one.agreement) + correlation)
    return (one.path, *shown, like)
