"""Turns what `boda look` found in sequences into lines for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports.sequences.data import data_sentence
from boda.reports.sequences.figures import series_name
from boda.reports.sequences.held import table_of
from boda.reports.sequences.measures import short
from boda.reports.sequences.text import columns
from boda.reports.sequences.words import TASKS, noun, step_noun, token_words
from boda.reports.words import clean, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST = 8


def look_lines(summary: Mapping[str, Any]) -> list[str]:
    """What it is, the largest and the smallest classes, the alphabet, the series, and what is wrong with it."""
    asked = TASKS.get(str(summary.get("task")))
    what = [f"{data_sentence(summary)}{f' To learn: {asked}.' if asked else ''}"]
    blocks = [what, _classes(summary), _alphabet(summary), _series(summary), _problems(summary)]
    return [line for nth, block in enumerate(filter(None, blocks)) for line in (([""] if nth else []) + block)]


def _classes(summary: Mapping[str, Any]) -> list[str]:
    counts = sorted(table_of(summary, "classes").items(), key=lambda item: -item[1])
    rows = [(clean(label, 40), f"{n:,}") for label, n in counts]
    if len(rows) > 2 * MOST:
        rows = [*rows[:MOST], (f"… {len(rows) - 2 * MOST} more", ""), *rows[-MOST:]]
    return columns(rows, figures=1)


def _alphabet(summary: Mapping[str, Any]) -> list[str]:
    alphabet, step = table_of(summary, "alphabet"), step_noun(summary)
    if not alphabet.get("size"):
        return []
    common = " ".join(token_words(str(token)) for token, _ in (alphabet.get("common") or [])[:20])
    scripts = ", ".join(f"{clean(script)} {n:,}" for script, n in table_of(alphabet, "scripts").items())
    told = f"{plural(alphabet['size'], f'different {step}')}{f'; {scripts}' if scripts else ''}."
    return [told, f"The commonest: {common}"] if common else [told]


def _series(summary: Mapping[str, Any]) -> list[str]:
    some = summary.get("series") or []
    head = [("series", "steps", "filled in", "least", "mean", "most", "season")]
    rows = [
        (
            clean(series_name(one), 40),
            f"{one.get('n') or 0:,}",
            f"{one.get('missing') or 0:,}",
            *(short(one.get(key)) for key in ("least", "mean", "most")),
            f"{one.get('season') or 0}",
        )
        for one in some[:MOST]
    ]
    more = [f"… and {len(some) - MOST} more series"] if len(some) > MOST else []
    return columns([*head, *rows], figures=6) + more if rows else []


def _problems(summary: Mapping[str, Any]) -> list[str]:
    bad, what = summary.get("bad_count") or 0, noun(summary)
    lines = [f"! {clean(text, 300)}" for text in summary.get("warnings") or []]
    if bad:
        lines.append(f"{plural(bad, 'row or file', 'rows or files')} left out:")
        lines += [
            f"  {clean(one.get('name'))}: {clean(one.get('reason'), 200)}" for one in (summary.get("bad") or [])[:MOST]
        ]
        lines += [f"  … and {bad - MOST:,} more"] if bad > MOST else []
    for key, words in (
        ("duplicates", "more than once"),
        ("leaks", "in two parts"),
        ("conflicts", "with other answers"),
    ):
        if summary.get(f"{key}_count"):
            lines.append(f"{plural(summary[f'{key}_count'], what)} {words}.")
    return lines or ["Nothing wrong was found."]
