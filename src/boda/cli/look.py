"""`boda look`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from boda.verbs.look import Overview

EPILOG = """\b
Examples:
  boda look photos/                 photos/CLASS/picture.jpg
  boda look photos/ --fast          headers only: no damage, no near copies
  boda look list.csv --json
  boda look photos/ --augment RandomFlip    draws beside originals; does a step harm labels?
"""
LISTED = 8


@click.command(epilog=EPILOG)
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="Where the page and the sheet go; by default boda-look/NAME."
)
@click.option(
    "--fast", is_flag=True, help="Read headers only: no damage behind them, no near copies, no trying of steps."
)
@click.option(
    "--augment",
    metavar="RECIPE",
    help="Show augmented pictures, and try what each step does to labels: a TOML file, a step's name, or default.",
)
@click.option("--path-column", help="For tables.")
@click.option("--label-column", help="For tables.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def command(
    data: Path,
    out: Path | None,
    fast: bool,  # noqa: FBT001 - click's interface
    augment: str | None,
    as_json: bool,  # noqa: FBT001 - click's interface
    **columns: str | None,
) -> None:
    """What is in this folder? Counts, samples, damaged, duplicate and leaking files.

    DATA is a folder with a subfolder a class (train/, val/ and test/ may stand above them), or a CSV file.
    """
    from boda.verbs.look import look

    reading = {name: value for name, value in columns.items() if value}
    overview = look(data, out=out, deep=not fast, augment=augment, reading=reading)
    if as_json:
        click.echo(json.dumps(overview.summary, indent=2))
    else:
        print_overview(overview)


def print_overview(overview: Overview) -> None:
    """Counts, sizes, what is wrong, and where the page is."""
    from rich.text import Text

    from boda.cli.show import show, visible

    found = overview.summary
    show(counts_table(found["counts"]))
    width, height = found["sizes"]["width"], found["sizes"]["height"]
    formats = ", ".join(f"{n:,} {name}" for name, n in found["formats"].items())
    lines = [
        f"{found['n']:,} pictures: {formats}",
        f"width {_range(width)}, height {_range(height)}",
        (
            f"damaged files {found['bad_count']:,}; groups of copies: {found['exact_duplicates_count']} exact, "
            f"{found['near_duplicates_count']} near; {found['leaks_count']} of them across parts, "
            f"{found['conflicts_count']} with different labels"
        ),
    ]
    show(Text("\n".join(["", *lines])))
    if found["bad"]:
        listed = [f"  {visible(bad['name'])}: {bad['reason']}" for bad in found["bad"][:LISTED]]
        more = found["bad_count"] - len(listed)
        show(
            Text(
                "\n".join(
                    [
                        "",
                        "Damaged, and left out by a training:",
                        *listed,
                        *([f"  and {more} more in bad_files.csv"] if more > 0 else []),
                    ]
                )
            )
        )
    if found["warnings"]:
        show(Text("\n".join(["", "Worth your attention:", *(f"  - {text}" for text in found["warnings"])])))
    click.echo(f"\npage   {overview.page}\nsheet  {overview.sheet}")
    if overview.augment_page is not None:
        print_augmented(overview)


def print_augmented(overview: Overview) -> None:
    """What each step does to labels, and where its draws are."""
    from rich.text import Text

    from boda.cli.show import show

    found = overview.summary["augment"]
    risk = found["risk"]
    if risk["skipped"]:
        told = [f"What the steps do to labels was not measured: {risk['skipped']}."]
    elif found["warnings"]:
        told = ["Steps that can destroy a label:", *(f"  - {text}" for text in found["warnings"])]
    else:
        told = [f"Labels: no difference shown for any step, on {risk['n']} pictures."]
    show(Text("\n".join(["", *told])))
    click.echo(f"\naugmented   {overview.augment_page}\n            {overview.augment_sheet}")


def _range(spread: dict[str, float]) -> str:
    return f"{spread['min']} to {spread['max']} (median {spread['median']:g})"


def counts_table(counts: dict[str, dict[str, int]]) -> Any:
    """A row a class, a column a part."""
    from rich.table import Table
    from rich.text import Text

    parts = [part for part in ("train", "val", "test", "all") if part in counts]
    table = Table(box=None, pad_edge=False)
    table.add_column("class")
    for part in parts:
        table.add_column("pictures" if part == "all" else part, justify="right")
    for name in sorted({name for part in counts.values() for name in part}):
        table.add_row(Text(name), *(f"{counts[part].get(name, 0):,}" for part in parts))
    table.add_row("together", *(f"{sum(counts[part].values()):,}" for part in parts), style="bold")
    return table
