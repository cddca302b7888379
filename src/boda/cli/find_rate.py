"""`boda find-rate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boda.cli.options import changes_of, data_options, reading_of, recipe_options

if TYPE_CHECKING:
    from boda.verbs.find_rate import Rates

EPILOG = """\b
Examples:
  boda find-rate photos/                               for the head
  boda find-rate photos/ --stages head,last-5          for the last five blocks too
  boda find-rate photos/ --set head.optimizer=sgd --set head.hidden=256
"""


@click.command(epilog=EPILOG)
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--stages", help="For what, such as head or head,last-5; by default the recipe's.")
@click.option("--out", type=click.Path(path_type=Path), help="Where the plot goes; by default boda-rate/NAME.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all chance.")
@recipe_options
@click.option("--lowest", type=float, default=1e-7, show_default=True, help="The first rate.")
@click.option("--highest", type=float, default=10.0, show_default=True, help="The last one, if it comes to that.")
@click.option("--steps", type=click.IntRange(min=20), default=100, show_default=True, help="How many batches.")
@data_options
@click.option("--json", "as_json", is_flag=True, help="Print the curves as JSON.")
def command(
    data: Path,
    as_json: bool,  # noqa: FBT001 - click's interface
    **given: Any,
) -> None:
    """Find a learning rate: train a little while it rises, and see where the loss falls.

    DATA is a folder with a subfolder a class (train/, val/ and test/ may stand above them), or a CSV file.
    """
    from boda.verbs.find_rate import find_rate

    changes = changes_of(given)
    rates = find_rate(data, reading=reading_of(given), **given, **changes)
    if as_json:
        click.echo(json.dumps(rates.to_json(), indent=2))
    else:
        print_rates(rates)


def print_rates(rates: Rates) -> None:
    """A line a stage, and where the plot is."""
    for name, curve in rates.curves.items():
        found = "no suggestion" if curve.suggestion is None else f"learning rate {curve.suggestion:.2g}"
        click.echo(f"{name}: {found}\n  {curve.why}")
    click.echo(f"\nplot   {rates.picture}")
