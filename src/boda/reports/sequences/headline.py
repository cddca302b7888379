"""The report's first section: how good it is, beside the baselines, and whether that is better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports.page import Html, Section, element, join
from boda.reports.sequences import figures
from boda.reports.sequences import words as say
from boda.reports.sequences.held import metrics_of
from boda.reports.sequences.measures import MEASURES, TILES, ends_of, value_of
from boda.reports.words import plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boda.reports.contents import Contents

VERDICTS = {"better": "Better", "same": "No difference shown", "worse": "Worse", "none": "No baseline"}


def headline_section(contents: Contents) -> Section | None:
    """The leading figure with its interval, beside the baselines, and the verdict against the strongest."""
    if not contents.val:
        return None
    metrics = metrics_of(contents)
    kind, sentence = say.verdict(metrics)
    meaning = say.meaning_sentence(metrics)
    body = join(
        element("div", element("div", *_big(metrics)), _drawn(contents, metrics), class_="lead"),
        element("div", element("b", VERDICTS[kind]), element("span", sentence), class_=f"verdict {kind}"),
        element("p", say.certainty_sentence(metrics)),
        element("p", meaning) if meaning else None,
        _leaks(contents.data.get("leaks_count") or 0, metrics),
        _test(metrics),
        element("dl", *_tiles(metrics), class_="figures") if _tiles(metrics) else None,
    )
    return Section("headline", "How good is it?", body)


def rows_of(metrics: Mapping[str, Any]) -> list[tuple[str, float, Any]]:
    """The baselines' values of the leading figure and boda's last: name, value, interval."""
    key, _ = say.lead(metrics)
    found: list[tuple[str, float, Any]] = []
    for name, scores in (metrics.get("baselines") or {}).items():
        value = value_of(scores, key)
        if value is not None:
            found.append((say.baseline_words(name), value, ends_of(scores, key)))
    return [*found, ("boda", value_of(metrics.get("val"), key) or 0.0, ends_of(metrics.get("val"), key))]


def _drawn(contents: Contents, metrics: Mapping[str, Any]) -> Html:
    key, measure = say.lead(metrics)
    words = say.lead_words(metrics)
    lower = "; shorter is better" if measure.lower else ""
    intervals = ", with 95 % intervals" if ends_of(metrics.get("val"), key) else ""
    figure = figures.scores(rows_of(metrics), measure, f"{words}{intervals}{lower}")
    return contents.draw("baselines", figure, f"Bars: {words} of boda beside the baselines{intervals}{lower}")


def _big(metrics: Mapping[str, Any]) -> tuple[Html, Html]:
    key, measure = say.lead(metrics)
    val = metrics.get("val") or {}
    value, ends = value_of(val, key), ends_of(val, key)
    big = element("div", measure.write(value), class_="big")
    if key in {"accuracy", "exact_match"} and metrics.get("task") != "tag":
        right = round((value or 0) * (val.get("n") or 0))
        how = "exactly right" if key == "exact_match" else "right"
        return big, element("div", f"{how}: {right:,} of {plural(val.get('n') or 0, say.noun(metrics))}")
    spread = f", {measure.spread(ends)}" if ends else ""
    lower = " (lower is better)" if measure.lower else ""
    hint = f": {measure.hint}" if key in {"macro_f1", "entity_f1"} else ""
    return big, element("div", f"{say.lead_words(metrics)}{spread}{lower}{hint}")


def _leaks(count: int, metrics: Mapping[str, Any]) -> Html | None:
    if not count:
        return None
    where = element("a", "Problems found", href="#problems")
    told = (element("b", "Careful: "), say.leaks_sentence(count, metrics), " They are listed under ", where, ".")
    return element("p", *told, class_="warn")


def _test(metrics: Mapping[str, Any]) -> Html | None:
    key, measure = say.lead(metrics)
    test = metrics.get("test")
    value, ends = value_of(test, key), ends_of(test, key)
    if value is None:
        return None
    spread = f" (95\u202f% interval {measure.spread(ends)})" if ends else ""
    told = f"{say.lead_words(metrics)} {measure.write(value)}{spread} on {say.part_words(metrics, 'test')}."
    return element("p", element("b", "Test part: "), told)


def _tiles(metrics: Mapping[str, Any]) -> list[Html]:
    val, (leading, _) = metrics.get("val") or {}, say.lead(metrics)
    keys = [key for key in TILES.get(str(metrics.get("task")), ()) if key != leading]
    return [_tile(val, key) for key in keys if value_of(val, key) is not None]


def _tile(val: Mapping[str, Any], key: str) -> Html:
    measure, ends = MEASURES[key], ends_of(val, key)
    spread = element("small", measure.spread(ends)) if ends else None
    shown = element("dd", measure.write(value_of(val, key)), spread, element("small", measure.hint))
    return element("div", element("dt", measure.words), shown)
