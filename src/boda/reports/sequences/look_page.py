"""Turns what `boda look` found in sequences into one HTML page that opens offline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports.about_data import path_line
from boda.reports.page import document, element, join
from boda.reports.sequences.data import problems_section, section_of
from boda.reports.sequences.held import draw_inline
from boda.reports.sequences.words import TASKS
from boda.reports.words import base_name, clean

if TYPE_CHECKING:
    from collections.abc import Mapping


def look_page(summary: Mapping[str, Any]) -> str:
    """The page: counts, lengths, classes, alphabet, samples, and what is wrong.

    Args:
        summary: what data.json holds, with `data`, where it was read from; any key may be missing.
    """
    data = summary.get("data") or "A look at the data"
    title = base_name(data)
    asked = TASKS.get(str(summary.get("task")), "")
    unit = f"by {clean(summary['unit'])}" if summary.get("unit") in {"characters", "words"} else ""
    facts = " · ".join(filter(None, (f"to learn: {asked}" if asked else "", unit)))
    heading = join(
        element("div", "boda · look", class_="mark"),
        element("h1", title),
        path_line(data),
        element("p", facts) if facts else None,
    )
    sections = [section_of(summary, draw_inline), problems_section(summary)]
    return document(f"{title}: boda look", heading, sections, "Made by boda look. This file needs no network.")
