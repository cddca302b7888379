"""Print what rich can draw to standard output; plain where that is no terminal or NO_COLOR is set."""

from __future__ import annotations

from typing import Any


def show(thing: Any) -> None:
    """Print `thing`, a string or anything that rich renders."""
    from rich.console import Console

    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console = Console(soft_wrap=False, width=110)
    console.print(thing)


def visible(text: str) -> str:
    """`text` with what cannot be seen as an escape: a file's name that holds an ESC would steer the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
