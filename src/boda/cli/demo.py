"""`boda demo`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("boda-demo"), show_default=True, help="Where pictures and Runs go.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--count", type=click.IntRange(60, 1790), default=600, show_default=True, help="How many pictures.")
def command(out: Path, seed: int, count: int) -> None:
    """Train on real data that ships with boda, offline, and write the report.

    Handwritten digits, enlarged and coloured, are laid over photographs: ten classes that raw pixels hardly tell apart.
    """
    from boda.cli.show import show
    from boda.reports.text import summary
    from boda.verbs.demo import demo

    run = demo(out, seed=seed, count=count)
    show(summary(run))
    photo = next(p for p in sorted((out / "photos").rglob("*")) if p.is_file() and p.parent.name != "photos")
    click.echo(f"\nThe report: {run.path / 'report.html'}\n\nTry next:")
    for text in (f"boda look {out / 'photos'}", f"boda predict {run.path} {photo}", "boda train YOUR_PHOTOS"):
        click.echo(f"  {text}")
