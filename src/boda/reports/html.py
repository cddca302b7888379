"""Turns a Run into its report: one HTML file that opens offline, and the same figures as PNGs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boda.reports import about_box_errors, about_box_stages, about_box_trust, about_boxes
from boda.reports.about_data import data_section, path_line, problems_section, split_section
from boda.reports.about_making import choice_section, next_section, recipe_section, time_section
from boda.reports.about_result import classes_section, confusion_section, headline_section
from boda.reports.about_stages import stages_section
from boda.reports.about_trust import abstain_section, reliability_section
from boda.reports.about_why import pictures_section
from boda.reports.box_words import is_boxes
from boda.reports.contents import Contents
from boda.reports.page import Html, Section, document, element, join
from boda.reports.words import base_name, clean, plural

if TYPE_CHECKING:
    from pathlib import Path

    from boda.run import Run

TASKS = {"multilabel": "several labels a picture", "locate": "one box a picture", "detect": "many boxes a picture"}


def _problems_section(contents: Contents) -> Section | None:
    return problems_section(contents.data) if contents.data else None


SECTIONS = (
    headline_section,
    data_section,
    _problems_section,
    split_section,
    choice_section,
    stages_section,
    confusion_section,
    classes_section,
    pictures_section,
    reliability_section,
    abstain_section,
    next_section,
    recipe_section,
    time_section,
)
BOX_SECTIONS = (
    about_boxes.headline_section,
    about_boxes.overlap_section,
    about_box_errors.errors_section,
    about_box_errors.pictures_section,
    about_boxes.classes_section,
    about_box_errors.curves_section,
    about_box_trust.reliability_section,
    about_box_trust.margin_section,
    data_section,
    _problems_section,
    split_section,
    about_box_stages.stages_section,
    next_section,
    recipe_section,
    time_section,
)


def write_report(run: Run) -> Path:
    """Write RUN/report.html and RUN/figures/*.png from what the Run holds, and return the page's path.

    A section whose files are missing is left out.
    Raises RunError where run.json is missing or a file is damaged.
    """
    if run.about.get("kind") == "sequences":
        from boda.reports.sequences.page import write_sequence_report

        return write_sequence_report(run)
    contents = Contents.read(run)
    makers = BOX_SECTIONS if is_boxes(contents.metrics) else SECTIONS
    sections = [section for section in (make(contents) for make in makers) if section is not None]
    title = f"{base_name(contents.about.get('data') or run.path.name)}: boda report"
    page = document(title, _heading(contents), sections or [_empty(contents)], _foot(contents))
    run.write_text("report.html", page)
    return run.path / "report.html"


def _heading(contents: Contents) -> Html:
    about, backbone = contents.about, contents.about.get("backbone") or {}
    facts = [
        plural(len(contents.classes), "class", "classes"),
        TASKS.get(str(about.get("task")), ""),
        f"on {clean(backbone.get('title') or backbone.get('name'))}" if backbone else "",
        _day(about.get("created")),
    ]
    return join(
        element("div", "boda · report", class_="mark"),
        element("h1", base_name(about.get("data") or contents.run.path.name)),
        path_line(about["data"]) if about.get("data") else None,
        element("p", " · ".join(filter(None, facts))),
    )


def _day(created: object) -> str:
    """Date and minute of an ISO time, such as "2026-11-24 05:00 UTC"."""
    text = clean(created or "")
    return f"{text[:10]} {text[11:16]}{' UTC' if text.endswith(('+00:00', 'Z')) else ''}".strip()


def _foot(contents: Contents) -> str:
    version = clean((contents.about.get("versions") or {}).get("boda", ""))
    return (
        f"Made by boda {version}".strip()
        + f", seed {clean(contents.about.get('seed', 0))}. This file needs no network."
    )


def _empty(contents: Contents) -> Section:
    status = clean(contents.about.get("status", "unknown"))
    return Section(
        "headline", "Nothing to report yet", element("p", f"The Run holds no figures; its status is: {status}.")
    )
