"""`boda completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

EPILOG = """\b
Examples:
  boda completion bash >> ~/.bashrc
  boda completion zsh  >> ~/.zshrc
  boda completion fish > ~/.config/fish/completions/boda.fish
"""


@click.command(epilog=EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that completes boda's commands in your SHELL."""
    from boda.cli.app import boda

    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"click knows no completion for {shell}.")
    click.echo(kind(boda, {}, "boda", "_BODA_COMPLETE").source())
