"""`boda runs`."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("runs"))
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, an object a Run.")
def command(folder: Path, as_json: bool) -> None:  # noqa: FBT001 - click's interface
    """List and compare the Runs below FOLDER (by default runs/)."""
    from boda.verbs.runs import row, runs

    found = runs(folder)
    if as_json:
        click.echo(json.dumps([row(run) for run in found], indent=2))
    elif not found:
        click.echo(f"No Runs below {folder}. `boda train PHOTOS` makes one.")
    else:
        from boda.cli.show import show
        from boda.reports.text import runs_table

        show(runs_table(found))
