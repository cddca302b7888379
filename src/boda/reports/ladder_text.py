"""Turns a ladder into what the terminal shows: the verdict in words, a line a rung, the winner, the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports import ladder_commands as commands
from boda.reports import ladder_score as scores
from boda.reports import ladder_words as words
from boda.reports.words import NOTHING, clean, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Group
    from rich.table import Table

    from boda.reports.ladder_words import Ladder, Rung
    from boda.run import Run

COLOURS = {words.HELPS: "green", words.HURTS: "red", words.SAME: "dim"}
HEADLINES = {"better": "green", "same": "yellow", "none": "dim"}


def summary(run: Run) -> Group:
    """What a ladder came to, from LADDER/ladder.json; a rung under way has its state in the place of a verdict.

    Raises RunError where ladder.json is missing or damaged.
    """
    from rich.console import Group
    from rich.text import Text

    ladder = run.read_json("ladder.json")
    kind, _, sentence = words.headline(ladder)
    parts: list[Any] = [Text(_plain(sentence), style=HEADLINES[kind])]
    parts += [Text(_plain(text)) for text in words.sentences(ladder)]
    parts += [Text(""), _table(ladder), Text(""), _facts(ladder, run)]
    return Group(*parts)


def _table(ladder: Ladder) -> Table:
    """The base, the compared rungs from the greatest gain down, then those without a difference."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("rung", no_wrap=True, overflow="ellipsis", max_width=22)
    table.add_column("verdict", overflow="fold", min_width=15)
    score = scores.score_of(words.base_of(ladder))
    gained = "points" if score.is_share else "less"
    for figure in (score.name, f"{gained} (95 % interval)", "time"):
        table.add_column(figure, justify="right", no_wrap=True)
    for rung, cells in _lines(ladder):
        style = COLOURS.get(str(rung.get("verdict")), "bold" if rung is words.base_of(ladder) else "")
        table.add_row(*(Text(_plain(cell), style=style if place < 2 else "") for place, cell in enumerate(cells)))
    return table


def _lines(ladder: Ladder) -> Iterator[tuple[Rung, tuple[str, ...]]]:
    base = words.base_of(ladder)
    for rung in filter(None, (base, *words.compared(ladder), *words.untold(ladder))):
        name = clean(rung.get("name") or "?", 40)
        verdict = "the base" if rung is base else words.verdict_words(rung)
        early = ", stopped early" if rung.get("status") == "stopped early" else ""
        gain = NOTHING
        if rung.get("difference") is not None:
            gain = f"{scores.gain(rung)} ({scores.gain_interval(rung)})"
        figures = (scores.value_words(rung), gain, seconds(rung.get("seconds")))
        yield rung, (name, verdict + early, *figures)


def _facts(ladder: Ladder, run: Run) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for left, right in _pairs(ladder, run):
        table.add_row(Text(left, style="cyan"), Text(_plain(right)))
    return table


def _pairs(ladder: Ladder, run: Run) -> Iterator[tuple[str, str]]:
    """A word and a sentence: what was left out, the winner, how to repeat it, more pictures, time, the page."""
    for rung in words.untold(ladder):
        if rung.get("status") in {"left out", "failed"}:
            yield clean(rung.get("name") or "?", 40), words.reason(rung)
    winner = ladder.get("winner") or {}
    held = winner.get("held_out") or {}
    if scores.is_measured(held):
        many = scores.held_many(held, ladder)
        is_share = scores.score_of(held).is_share
        found = f"right on {scores.line(held)} of" if is_share else f"{scores.line(held)} on"
        name = clean(winner.get("name"), 40)
        gone = f"; {rolled}" if (rolled := words.rolled_back(ladder)) else ""
        yield "winner", f"{name}: {found} {many} held out until the end{gone}"
        yield "again", commands.command(ladder, run.path)
    if sentence := (ladder.get("learning_curve") or {}).get("sentence"):
        yield "pictures", clean(sentence, 600)
    if ladder.get("seconds"):
        yield "time", seconds(ladder["seconds"])
    yield "page", str(run.path / "ladder.html")


def _plain(text: str) -> str:
    """With plain spaces, so that lines break and copy well."""
    return clean(text.replace("\u202f", " ").replace("\u00a0", " "), 2000)
