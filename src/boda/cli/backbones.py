"""`boda backbones`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from boda.models.backbones import Backbone


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(name: str | None, as_json: bool) -> None:  # noqa: FBT001 - click's interface
    """List the pretrained networks, or show one's blocks, cuts and parameters.

    NAME is a network of the list. Its blocks are drawn from the picture to the head; below a cut, a frozen network
    is a fixed function of the picture.
    """
    from boda.cli.show import show
    from boda.verbs.backbones import backbones, blocks, is_here

    rows = backbones(name)
    if as_json:
        described = [{**summary(row), "weights_here": is_here(row)} for row in rows]
        click.echo(json.dumps(described if name is None else {**described[0], "blocks": blocks(rows[0])}, indent=2))
    elif name is None:
        show(table([(row, is_here(row)) for row in rows]))
    else:
        show(drawing(rows[0], blocks(rows[0])))


def summary(row: Backbone) -> dict[str, Any]:
    """What JSON says of a network."""
    names = ("name", "title", "size", "features", "params", "scaling", "licence")
    return {**{name: getattr(row, name) for name in names}, "weights_url": row.weights.url if row.weights else None}


def table(rows: list[tuple[Backbone, str]]) -> Any:
    """One row a network."""
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False)
    for title in ("name", "network", "input", "features", "parameters", "weights"):
        drawn.add_column(title, justify="right" if title in {"input", "features", "parameters"} else "left")
    for row, here in rows:
        drawn.add_row(row.name, row.title, f"{row.size} px", f"{row.features:,}", f"{row.params:.1f} M", here)
    drawn.caption = "Weights that are not here are downloaded by the first training, or brought by --weights FILE."
    drawn.caption_justify = "left"
    return drawn


def drawing(row: Backbone, found: list[dict[str, Any]]) -> Any:
    """The network as a column of blocks, each with its output's shape, its parameters as a bar, and its cut."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    most = max(block["parameters"] for block in found) or 1
    drawn = Table(box=None, pad_edge=False)
    for title in ("", "block", "output", "parameters", "", "can be cut at"):
        drawn.add_column(title, justify="right" if title in {"output", "parameters"} else "left")
    drawn.add_row("", "picture", f"{row.size} x {row.size} x 3", "", "", "")
    for block in found:
        bar = "#" * max(1, round(16 * block["parameters"] / most))
        size = " x ".join(map(str, block["output"]))
        drawn.add_row("|", block["name"], size, f"{block['parameters']:,}", bar, block["cut"])
    drawn.add_row("|", "average", f"{row.features}", "0", "", "")
    drawn.add_row("v", "head", "classes", "", "", "what boda trains")
    size = f"input {row.size} x {row.size}, scaling {row.scaling!r}"
    return Group(Text(f"{row.title}: {row.params:.1f} million parameters without the head, {size}\n"), drawn)
