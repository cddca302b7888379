"""`boda cache`."""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--clear", is_flag=True, help="Remove what is kept.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(clear: bool, as_json: bool) -> None:  # noqa: FBT001 - click's interface
    """Where kept features are, how large, and how to clear them.

    BODA_CACHE names another folder; BODA_CACHE_LIMIT, in GiB, another limit.
    """
    from boda.verbs.cache import cache

    kept = cache(clear=clear)
    if as_json:
        click.echo(
            json.dumps({"folder": str(kept.folder), "bytes": kept.size, "vectors": kept.vectors, "limit": kept.limit})
        )
    else:
        click.echo(f"{kept.folder}\n{kept.size / 2**20:.1f} MiB: converted networks and {kept.vectors} feature vectors")
        click.echo(f"features are kept up to {kept.limit / 2**30:.1f} GiB; the least recently used go first")
