"""Turns the figures of a Run of sequences into lines for the terminal: the summary that ends `boda train`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports.sequences import words as say
from boda.reports.sequences.held import inside_of, metrics_of, table_of
from boda.reports.sequences.learning import learning_sentence
from boda.reports.sequences.measures import MEASURES, TILES, ends_of, value_of
from boda.reports.words import (
    abstain_sentence,
    calibration_sentence,
    clean,
    number,
    percent,
    plural,
    seconds,
    worst_confusions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from boda.reports.contents import Contents

MOST_UNITS = 3


def summary_lines(contents: Contents) -> list[str]:
    """What a training came to: the score beside the baselines, the verdict, facts, where the report is, what next."""
    metrics = metrics_of(contents)
    lines = [*score_lines(metrics), say.verdict(metrics)[1], "", *columns(facts(contents))]
    if contents.next:
        steps = [(clean(one.get("command") or "", 200), clean(one.get("title") or "", 200)) for one in contents.next]
        lines += ["", "What next", *columns(steps)]
    return lines


def score_lines(metrics: Mapping[str, Any]) -> list[str]:
    """The leading figure of boda and of the baselines, with their intervals, as a table."""
    return columns(score_rows(metrics), figures=1)


def score_rows(metrics: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The rows of that table, its head first: who, the figure, its interval."""
    key, measure = say.lead(metrics)
    everyone = [("boda", metrics.get("val") or {})]
    everyone += [(say.baseline_words(who), scores) for who, scores in (metrics.get("baselines") or {}).items()]
    head = (f"on {say.part_words(metrics)}", say.lead_words(metrics), "95 % interval")
    return [head, *((who, measure.write(value_of(s, key)), measure.spread(ends_of(s, key))) for who, s in everyone)]


def facts(contents: Contents) -> list[tuple[str, str]]:
    """A word and a sentence each: data, other figures, confidence, mix-ups, what is inside, learning, time, report."""
    metrics, val, data = metrics_of(contents), contents.val, contents.data
    rows = [
        ("left out", f"{plural(data['bad_count'], 'row or file', 'rows or files')}, see bad_files.csv")
        if data.get("bad_count")
        else ("", ""),
        ("careful", say.leaks_sentence(data["leaks_count"], metrics)) if data.get("leaks_count") else ("", ""),
        ("in words", say.meaning_sentence(metrics)),
        *_figures(metrics),
        _test(metrics),
        ("choices", clean(contents.metrics["choices"], 200)) if contents.metrics.get("choices") else ("", ""),
        ("calibration", calibration_sentence(val) if val.get("ece") is not None else ""),
        ("abstaining", _abstaining(contents, metrics)),
        ("interval", _interval(contents)),
        ("mix-ups", _mixups(contents)),
        ("inside", _units(contents)),
        ("learning", learning_sentence(lines) if (lines := _epochs(contents)) else ""),
        ("time", seconds((contents.metrics.get("seconds") or {}).get("total"))),
        ("report", str(contents.run.path / "report.html")),
    ]
    return [(word, sentence) for word, sentence in rows if sentence]


def compact_score(metrics: Mapping[str, Any]) -> str:
    """The leading figure and its interval, such as "macro F1 0.741 (0.702 to 0.781)", for the list of Runs."""
    key, measure = say.lead(metrics)
    val = metrics.get("val") or {}
    ends = ends_of(val, key)
    around = f" ({measure.spread(ends)})" if ends else ""
    words = "" if key == "accuracy" else f"{say.lead_words(metrics)} "
    return f"{words}{measure.write(value_of(val, key))}{around}"


def columns(rows: Sequence[Sequence[str]], *, figures: int = 0) -> list[str]:
    """Rows as lines whose columns begin below each other; Hangul counts as two letters wide.

    Args:
        rows: of equal length.
        figures: so many columns after the first stand to the right.
    """
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]

    def fill(nth: int, cell: str) -> str:
        blanks = " " * (widths[nth] - cell_len(cell))
        return blanks + cell if 0 < nth <= figures else cell + blanks

    return ["  ".join(fill(nth, cell) for nth, cell in enumerate(row)).rstrip() for row in rows]


def _figures(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    val, leading = metrics.get("val") or {}, say.lead(metrics)[0]
    keys = [key for key in TILES.get(str(metrics.get("task")), ()) if key not in {leading, "ece", "coverage"}]
    found = []
    for key in keys:
        measure, ends = MEASURES[key], ends_of(val, key)
        spread = f" ({measure.spread(ends)})" if ends else ""
        found.append(
            (measure.words, "" if value_of(val, key) is None else f"{measure.write(value_of(val, key))}{spread}")
        )
    return found


def _test(metrics: Mapping[str, Any]) -> tuple[str, str]:
    key, measure = say.lead(metrics)
    test = metrics.get("test")
    value, ends = value_of(test, key), ends_of(test, key)
    if value is None:
        return "", ""
    spread = f" ({measure.spread(ends)})" if ends else ""
    return "test part", f"{say.lead_words(metrics)} {measure.write(value)}{spread} on {say.part_words(metrics, 'test')}"


def _abstaining(contents: Contents, metrics: Mapping[str, Any]) -> str:
    if not contents.calibration.get("abstain"):
        return ""
    return abstain_sentence(contents.calibration).replace("pictures", say.nouns(metrics))


def _interval(contents: Contents) -> str:
    coverage, level = contents.val.get("coverage"), contents.calibration.get("level")
    return "" if coverage is None or level is None else f"{percent(coverage)} inside the {percent(level, 0)} interval"


def _mixups(contents: Contents) -> str:
    worst = worst_confusions(contents.val.get("confusion") or [], contents.classes, 3)
    return "; ".join(f"{clean(a, 30)} → {clean(b, 30)} ({count} of {n})" for a, b, count, n in worst)


def _units(contents: Contents) -> str:
    found = table_of(inside_of(contents), "units").get("found") or []
    told = [f"unit {one['unit']} follows {one['words']} (r {number(one['r'], 2)})" for one in found[:MOST_UNITS]]
    return "; ".join(told)


def _epochs(contents: Contents) -> list[dict[str, Any]]:
    return [line for line in contents.history if "epoch" in line and "loss" in line]
