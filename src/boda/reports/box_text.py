"""Turns the figures of a Run of boxes into the terminal's summary: scores beside the baselines, and facts in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports import box_words
from boda.reports.words import NOTHING, clean, is_interval, number, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.table import Table

    from boda.reports.contents import Contents

SHARES = {
    "locate": (("iou_50", "overlap 0.5 or more"), ("iou_75", "overlap 0.75 or more"), ("accuracy", "right class")),
    "detect": (("ap50", "AP50"), ("ap75", "AP75"), ("ar100", "AR100")),
}


def scores(metrics: Mapping[str, Any]) -> Table:
    """The leading score of boda and of the baselines, with their intervals."""
    from rich.table import Table
    from rich.text import Text

    key, words = box_words.score_name(metrics)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"on {box_words.part_words(metrics)}")
    table.add_column(words, justify="right")
    table.add_column("95 % interval")
    val = metrics.get("val") or {}
    table.add_row("boda", number(val.get(key)), spread(val, key), style="bold")
    for name, some in (metrics.get("baselines") or {}).items():
        shown = Text(clean(box_words.BASELINES.get(name, name)))
        table.add_row(shown, number(some.get(key)), spread(some, key))
    return table


def facts(contents: Contents) -> list[tuple[str, str]]:
    """A word and a sentence each: other scores, mistakes, margin, confidence."""
    val, task = contents.val, contents.metrics["task"]
    rows = [
        (words, _score(val, key, share=task == "locate")) for key, words in SHARES[task] if val.get(key) is not None
    ]
    if val.get("errors"):
        counts = [(val["errors"].get(kind) or 0, words) for kind, words, _, _ in box_words.KINDS]
        told = ", ".join(f"{count:,} {words}" for count, words in sorted(counts, key=lambda pair: -pair[0]) if count)
        rows.append(("mistakes", told or "none"))
    if task == "locate":
        rows.append(("margin", box_words.margin_sentence(contents.calibration)))
    sentences = (box_words.calibration_sentence, box_words.threshold_sentence)
    rows.append(("confidence", " ".join(filter(None, (say(contents.calibration) for say in sentences)))))
    return [(words, sentence) for words, sentence in rows if sentence]


def compact_score(metrics: Mapping[str, Any]) -> str:
    """The leading score and its interval, such as "IoU 0.74 (0.70 to 0.78)", for the list of Runs."""
    key, words = box_words.score_name(metrics)
    val = metrics.get("val") or {}
    ends = val.get(f"{key}_interval")
    around = f" ({number(ends[0], 2)} to {number(ends[1], 2)})" if is_interval(ends) else ""
    return f"{words} {number(val.get(key), 2)}{around}"


def spread(scores: Mapping[str, Any], key: str) -> str:
    """Both ends of the score's interval, such as "0.702 to 0.781"."""
    ends = scores.get(f"{key}_interval")
    return f"{number(ends[0])} to {number(ends[1])}" if is_interval(ends) else NOTHING


def _score(val: Mapping[str, Any], key: str, *, share: bool) -> str:
    ends = val.get(f"{key}_interval")
    shown = percent(val[key]) if share else number(val[key])
    if not is_interval(ends):
        return shown
    low, high = (f"{100 * end:.0f}" if share else number(end) for end in ends)
    return f"{shown} ({low} to {high})"
