"""Turns a Run of sequences into its report: the sections in their order, one HTML file that opens offline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boda.reports.about_making import next_section
from boda.reports.contents import Contents
from boda.reports.page import Html, Section, document, element, join
from boda.reports.sequences import answers, classes, data, forecasts, headline, inside, learning, making, written
from boda.reports.sequences.words import TASKS
from boda.reports.words import base_name, clean, plural

if TYPE_CHECKING:
    from pathlib import Path

    from boda.run import Run

SEQUENCE_SECTIONS = (
    headline.headline_section,
    forecasts.forecasts_section,
    forecasts.steps_section,
    forecasts.intervals_section,
    written.rivals_section,
    written.samples_section,
    written.rolls_section,
    answers.pairs_section,
    answers.attention_section,
    answers.numbers_section,
    classes.confusion_section,
    classes.classes_section,
    classes.mistakes_section,
    inside.saliency_section,
    answers.sentences_section,
    classes.reliability_section,
    classes.abstain_section,
    written.surprise_section,
    inside.states_section,
    inside.units_section,
    inside.reach_section,
    data.data_section,
    data.problems_of_run,
    data.split_section,
    learning.learning_section,
    next_section,
    making.recipe_section,
    making.time_section,
)


def write_sequence_report(run: Run) -> Path:
    """Write RUN/report.html and RUN/figures/*.png from what the Run holds, and return the page's path.

    A section whose files are missing is left out.
    Raises RunError where run.json is missing or a file is damaged.
    """
    contents = Contents.read(run)
    sections = [section for section in (make(contents) for make in SEQUENCE_SECTIONS) if section is not None]
    title = f"{base_name(contents.about.get('data') or run.path.name)}: boda report"
    run.write_text("report.html", document(title, heading(contents), sections or [_empty(contents)], foot(contents)))
    return run.path / "report.html"


def heading(contents: Contents) -> Html:
    """What the data is called, what is asked of it, and when that was."""
    about = contents.about
    called = clean(about.get("data") or "", 300)
    facts = [
        TASKS.get(str(about.get("task")), ""),
        _classes(contents),
        f"by {clean(about.get('unit'))}" if about.get("unit") in {"characters", "words"} else "",
        _day(about.get("created")),
    ]
    title = base_name(about.get("data") or contents.run.path.name)
    return join(
        element("div", "boda · report", class_="mark"),
        element("h1", title),
        element("p", called, class_="path") if called and called != title else None,
        element("p", " · ".join(filter(None, facts))),
    )


def _classes(contents: Contents) -> str:
    if not contents.classes:
        return ""
    noun = {"tag": ("tag", "tags"), "language": ("label", "labels")}.get(
        str(contents.about.get("task")), ("class", "classes")
    )
    return plural(len(contents.classes), *noun)


def foot(contents: Contents) -> str:
    """By which version and seed it was made."""
    version = clean((contents.about.get("versions") or {}).get("boda", ""))
    made = f"Made by boda {version}".strip()
    return f"{made}, seed {clean(contents.about.get('seed', 0))}. This file needs no network."


def _day(created: object) -> str:
    text = clean(created or "")
    return f"{text[:10]} {text[11:16]}{' UTC' if text.endswith(('+00:00', 'Z')) else ''}".strip()


def _empty(contents: Contents) -> Section:
    status = clean(contents.about.get("status", "unknown"))
    told = element("p", f"The Run holds no figures; its status is: {status}.")
    return Section("headline", "Nothing to report yet", told)
