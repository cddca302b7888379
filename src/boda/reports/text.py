"""Turns Runs into tables for the terminal: the summary that ends `boda train`, and the list of `boda runs`.

Names go in as rich Text, never as markup, so that brackets in them stay what they are; rich itself
measures Hangul as two columns wide and honours NO_COLOR.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports.contents import Contents
from boda.reports.words import (
    BASELINES,
    NOTHING,
    abstain_sentence,
    clean,
    interval,
    is_interval,
    number,
    percent,
    score_name,
    seconds,
    verdict,
    worst_confusions,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import Group
    from rich.table import Table

    from boda.run import Run

COLOURS = {"better": "green", "same": "yellow", "worse": "red", "none": "dim"}


def summary(run: Run) -> Group:
    """What a training came to: the score beside the baselines, trust, the worst confusions, time, what next."""
    from rich.console import Group
    from rich.text import Text

    contents = Contents.read(run)
    kind, sentence = verdict(contents.metrics)
    parts: list[Any] = [_scores(contents.metrics), Text(sentence, style=COLOURS[kind]), Text("")]
    parts.append(_facts(contents))
    if contents.next:
        parts += [Text(""), Text("What next", style="bold"), _next(contents)]
    return Group(*parts)


def runs_table(runs: Iterable[Run]) -> Table:
    """A line a Run: its folder, data, backbone, classes, score with interval, calibration error, seconds, status."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("run", "data", "backbone", "classes", "score", "95 % interval", "ECE", "time", "status"):
        table.add_column(
            head, justify="right" if head in ("classes", "score", "ECE", "time") else "left", overflow="fold"
        )
    for run in runs:
        table.add_row(*map(_plain, _line(run)))
    return table


def _line(run: Run) -> list[str]:
    about = run.about
    metrics = run.metrics if run.has("metrics.json") else {}
    val = metrics.get("val") or {}
    return [
        str(run.path),
        str(about.get("data") or NOTHING),
        str((about.get("backbone") or {}).get("name") or NOTHING),
        str(len(about["classes"])) if about.get("classes") else NOTHING,
        _score(metrics, val),
        _spread(metrics, val),
        percent(val.get("ece")),
        seconds((metrics.get("seconds") or {}).get("total")),
        str(about.get("status", NOTHING)),
    ]


def _scores(metrics: Mapping[str, Any]) -> Table:
    """The leading score of boda and of the baselines, with their intervals."""
    from rich.table import Table

    val = metrics.get("val") or {}
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"on {val.get('n', 0):,} validation pictures")
    table.add_column(score_name(metrics)[1], justify="right")
    table.add_column("95 % interval")
    table.add_row("boda", _score(metrics, val), _spread(metrics, val), style="bold")
    for name, scores in (metrics.get("baselines") or {}).items():
        table.add_row(_plain(BASELINES.get(name, name)), _score(metrics, scores), _spread(metrics, scores))
    return table


def _facts(contents: Contents) -> Table:
    """A word and a sentence a row: calibration, abstaining, confusions, time, report."""
    val, spent = contents.val, contents.metrics.get("seconds") or {}
    rows = [
        (
            "calibration",
            f"error {percent(val.get('ece_uncalibrated'))} before, {percent(val.get('ece'))} after temperature",
        )
    ]
    if contents.calibration.get("abstain"):
        rows.append(("abstaining", abstain_sentence(contents.calibration)))
    worst = worst_confusions(val.get("confusion") or [], contents.classes, 3)
    if worst:
        rows.append(
            ("mix-ups", "; ".join(f"{clean(a, 30)} → {clean(b, 30)} ({count} of {n})" for a, b, count, n in worst))
        )
    rows.append(("time", f"{seconds(spent.get('total'))} (features {seconds(spent.get('features'))})"))
    rows.append(("report", str(contents.run.path / "report.html")))
    return _pairs(rows)


def _next(contents: Contents) -> Table:
    return _pairs([(step.get("command") or "", step.get("title") or "") for step in contents.next])


def _pairs(rows: Iterable[tuple[str, str]]) -> Table:
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for left, right in rows:
        table.add_row(_plain(left, "cyan"), _plain(right))
    return table


def _score(metrics: Mapping[str, Any], scores: Mapping[str, Any]) -> str:
    key, _ = score_name(metrics)
    return percent(scores.get(key)) if key == "accuracy" else number(scores.get(key))


def _spread(metrics: Mapping[str, Any], scores: Mapping[str, Any]) -> str:
    key, _ = score_name(metrics)
    ends = scores.get(f"{key}_interval")
    if key != "accuracy" and is_interval(ends):
        return f"{number(ends[0])} to {number(ends[1])}"
    return interval(ends)


def _plain(text: str, style: str = "") -> Any:
    from rich.text import Text

    return Text(clean(text, 1000), style=style)
