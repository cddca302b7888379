"""Progress with a time to go: a bar in a terminal, a widget in a notebook, a line now and then in a log.

Everything goes to standard error, so that standard output stays data.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sized
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

T = TypeVar("T")
LOG_EVERY_SECONDS = 10.0


class Settings:
    """How loud boda is in this process; the command sets it once, from `--quiet`."""

    quiet: bool = False


def say(text: str) -> None:
    """Print one line to standard error, unless quiet."""
    if not Settings.quiet:
        console().print(text, markup=False, highlight=False)


def track(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """Yield `items`, showing how many of `total` are done and how long the rest takes.

    `total` defaults to `len(items)` where there is one.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    if Settings.quiet:
        yield from items
    elif console().is_terminal or console().is_jupyter:
        yield from _bar(items, what, total)
    else:
        yield from _log(items, what, total)


def console() -> Console:
    """A console on the present standard error; it honours NO_COLOR."""
    from rich.console import Console

    return Console(stderr=True, soft_wrap=True)


def _bar(items: Iterable[T], what: str, total: int | None) -> Iterator[T]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=console(), transient=True) as bar:
        task = bar.add_task(what, total=total)
        for item in items:
            yield item
            bar.advance(task)


def _log(items: Iterable[T], what: str, total: int | None) -> Iterator[T]:
    began = last = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        began = now if done == 1 else began  # the first item often waits for what is loaded or compiled once
        if now - last >= LOG_EVERY_SECONDS:
            last = now
            print(_line(what, done, total, now - began), file=sys.stderr, flush=True)  # noqa: T201 - the log itself


def _line(what: str, done: int, total: int | None, seconds: float) -> str:
    """One log line, such as "features 300/700, 4 s to go"; `seconds` are those since the first was done."""
    if not total:
        return f"{what} {done}"
    if done == 1:
        return f"{what} {done}/{total}"
    return f"{what} {done}/{total}, {seconds / (done - 1) * (total - done):.0f} s to go"
