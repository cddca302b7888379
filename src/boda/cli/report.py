"""`boda report`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--open", "open_it", is_flag=True, help="Open it in the browser.")
def command(run: Path, open_it: bool) -> None:  # noqa: FBT001 - click's interface
    """Draw a Run's report again: RUN/report.html and RUN/figures, from what is in the Run."""
    from boda.verbs.report import report

    page = report(run)
    click.echo(page)
    if open_it:
        click.launch(str(page))
