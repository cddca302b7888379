"""`boda demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

EPILOG = """\b
Examples:
  boda demo                  what is it? handwritten digits laid over photographs
  boda demo boxes            where are they? scenes of handwritten digits
"""


@click.command(epilog=EPILOG)
@click.argument("what", type=click.Choice(["labels", "boxes"]), default="labels")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("boda-demo"),
    show_default=True,
    help="Where pictures and Runs go.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--count", type=click.IntRange(60, 1790), help="How many pictures; 600 unless given, or 300 scenes for boxes."
)
def command(what: str, out: Path, seed: int, count: int | None) -> None:
    """Train on real data that ships with boda, offline, and write the report.

    Handwritten digits, enlarged and coloured, are laid over photographs: ten classes that raw pixels hardly tell apart.
    With WHAT boxes, scenes of several digits become a detector.
    """
    from boda.cli.show import show
    from boda.reports.text import summary
    from boda.verbs import demo

    given: dict[str, Any] = {} if count is None else {"count": count}
    show(summary((demo.demo_boxes if what == "boxes" else demo.demo)(out, seed=seed, **given)))
