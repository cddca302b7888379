"""Cells of a CSV that a table program cannot run."""

from __future__ import annotations


def as_text(cell: str) -> str:
    """`cell`, with an apostrophe before what a table program would take for a formula."""
    safe = cell.encode("utf-8", "backslashreplace").decode()
    return f"'{safe}" if safe.startswith(("=", "+", "-", "@", "\t", "\r")) else safe
