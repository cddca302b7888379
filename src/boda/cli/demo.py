"""`boda demo`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("boda-demo"),
    show_default=True,
    help="Where pictures and Runs go.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--count", type=click.IntRange(60, 1790), default=600, show_default=True, help="How many pictures.")
def command(out: Path, seed: int, count: int) -> None:
    """Train on real data that ships with boda, offline, and write the report.

    Handwritten digits, enlarged and coloured, are laid over photographs: ten classes that raw pixels hardly tell apart.
    """
    from boda.cli.show import show
    from boda.reports.text import summary
    from boda.verbs.demo import demo

    show(summary(demo(out, seed=seed, count=count)))
