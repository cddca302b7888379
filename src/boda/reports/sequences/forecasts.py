"""The report's sections on forecasts: drawn beside the truth, error by step ahead, and whether intervals hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports.page import Section, element, join, note, table
from boda.reports.sequences import forecast_figures
from boda.reports.sequences.measures import short
from boda.reports.sequences.words import baseline_words
from boda.reports.words import interval, is_interval, percent, plural

if TYPE_CHECKING:
    from boda.reports.contents import Contents

MOST_SERIES = 4


def forecasts_section(contents: Contents) -> Section | None:
    """History, truth and forecasts of some series, with the interval and the naive forecast."""
    every = [one for one in contents.predictions.get("series") or [] if one.get("forecasts") and one.get("truth")]
    if not every:
        return None
    drawn = [
        contents.draw(
            f"forecast_{nth}",
            forecast_figures.forecast(one, contents.calibration.get("level")),
            f"Series {nth + 1}: history, truth, forecasts with their interval, and the naive forecast",
        )
        for nth, one in enumerate(every[:MOST_SERIES])
    ]
    more = len(every) - len(drawn)
    body = join(
        note(
            "Forecasts that were made at several places of the part held back; the network saw only what lies to the "
            "left of each. The band is where the truth should lie; the dashed line is the naive forecast."
        ),
        *drawn,
        element("p", f"… and {plural(more, 'more series', 'more series')}.", class_="muted") if more > 0 else None,
    )
    return Section("forecasts", "Forecasts and what came", body)


def steps_section(contents: Contents) -> Section | None:
    """The error of each step ahead, beside the baselines."""
    own = contents.val.get("per_step") or []
    if len(own) < 2:
        return None
    rivals = {
        baseline_words(who): scores["per_step"]
        for who, scores in (contents.metrics.get("baselines") or {}).items()
        if len(scores.get("per_step") or []) == len(own)
    }
    body = join(
        note("How far off it is, the further ahead it looks. Where the lines meet, the network adds nothing."),
        contents.draw("per_step", forecast_figures.by_step(own, rivals), "Curves: mean error by step ahead"),
        table(
            ("steps ahead", "boda", *rivals),
            [[str(n + 1), short(own[n]), *(short(other[n]) for other in rivals.values())] for n in _some(len(own))],
        ),
    )
    return Section("steps", "How far can it see?", body)


def intervals_section(contents: Contents) -> Section | None:
    """How often the truth lay within the interval, against how often it should."""
    coverage, level = contents.val.get("coverage"), contents.calibration.get("level")
    if coverage is None or level is None:
        return None
    ends = contents.val.get("coverage_interval")
    spread = f" (95\u202f% interval {interval(ends)})" if is_interval(ends) else ""
    by_step = contents.val.get("coverage_per_step") or []
    drawn: Any = None
    if len(by_step) > 1:
        figure = forecast_figures.coverage(by_step, level)
        drawn = contents.draw("coverage_by_step", figure, "Bars: share inside the interval by step ahead")
    body = join(
        note(
            "The interval is as wide as it had to be on a part of the series that was held back from training (split "
            "conformal). Whether it holds later is a question to the data: here is what was measured."
        ),
        element(
            "p", element("b", f"{percent(coverage)} of what came lay inside{spread}; {percent(level, 0)} was wanted.")
        ),
        element("p", _coverage_sentence(coverage, level, ends)),
        drawn,
    )
    return Section("intervals", "Do its intervals hold?", body)


def _coverage_sentence(coverage: float, level: float, ends: Any) -> str:
    if is_interval(ends) and ends[0] <= level <= ends[1]:
        return "No difference is shown from what was wanted."
    if abs(coverage - level) < 0.005:
        return "That is what was wanted."
    if coverage < level:
        return "Less than wanted: the series moves more than it did, so take the intervals as too narrow."
    return "More than wanted: the intervals are wider than they need be."


def _some(n: int) -> list[int]:
    """Every step of a short horizon, of a long one some."""
    return list(range(n)) if n <= 12 else sorted({0, n - 1, *range(0, n, -(-n // 10))})
