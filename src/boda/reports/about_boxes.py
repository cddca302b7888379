"""The report's sections on what a Run of boxes is worth: the headline, how well boxes fit, every class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports import box_figures, box_words
from boda.reports.box_facts import ious_of, pictures_of
from boda.reports.page import Html, Section, element, join, name, note, table
from boda.reports.words import interval, is_interval, number, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boda.reports.contents import Contents

VERDICTS = {"better": "Better", "same": "No difference shown", "worse": "Worse", "none": "No baseline"}
SHARES = {
    "locate": (
        ("iou_50", "overlap of 0.5 or more", "found"),
        ("iou_75", "overlap of 0.75 or more", "found, and fitting"),
        ("accuracy", "right class", "the name, whatever the box"),
    ),
    "detect": (),
}
SCORES = {
    "locate": (),
    "detect": (
        ("ap50", "AP50", "found at all: overlap 0.5"),
        ("ap75", "AP75", "fitting: overlap 0.75"),
        ("ar100", "AR100", "objects found, of up to 100 boxes"),
    ),
}
SIZES = (
    ("ap_small", "AP of small objects", "less than 32 pixels a side"),
    ("ap_medium", "AP of medium ones", "32 to 96 pixels"),
    ("ap_large", "AP of large ones", "96 pixels and more"),
)


def headline_section(contents: Contents) -> Section | None:
    """The leading score with its interval, beside the constant answer, and the verdict."""
    if not contents.val:
        return None
    key, words = box_words.score_name(contents.metrics)
    kind, sentence = box_words.verdict(contents.metrics)
    figure = box_figures.scores(_bars(contents.metrics), f"{words} on the validation pictures, with 95 % intervals")
    body = join(
        element(
            "div",
            element("div", *_big(contents.val, key)),
            contents.draw("baselines", figure, f"Bars: {words} of boda beside the baselines, with 95 % intervals"),
            class_="lead",
        ),
        element("div", element("b", VERDICTS[kind]), element("span", sentence), class_=f"verdict {kind}"),
        element("p", box_words.certainty_sentence(contents.metrics), " ", _constant(contents.metrics)),
        _leaks(contents.data.get("leaks_count") or 0),
        _test(contents.metrics),
        element("dl", *_tiles(contents), class_="figures"),
    )
    return Section("headline", "How good is it?", body)


def overlap_section(contents: Contents) -> Section | None:
    """How well the boxes fit: a histogram of overlaps, and overlap against size."""
    pictures = pictures_of(contents) if contents.predictions else []
    task = contents.metrics["task"]
    ious, sizes = ious_of(pictures, task, len(contents.classes))
    if not len(ious):
        return None
    lost = "" if task == "locate" else "Objects that no shown box covers count as 0. "
    body = join(
        note(
            "Overlap (IoU) is the area that two boxes share, divided by the area that they cover together. "
            f"0.5 looks roughly right, 0.75 fits well, 0.9 is as good as two people agree. {lost}"
            "On the right: whether small objects fare worse."
        ),
        contents.draw(
            "overlaps",
            box_figures.overlaps(ious, sizes),
            "Histogram of overlaps, and overlap against the object's size",
        ),
    )
    return Section("overlap", "How well do the boxes fit?", body)


def classes_section(contents: Contents) -> Section | None:
    """Every class with its objects and its AP; nothing where there is one class."""
    by_name: Mapping[str, Mapping[str, Any]] = contents.val.get("per_class") or {}
    if len(by_name) < 2:
        return None
    rows = [{"name": key, **scores} for key, scores in by_name.items()]
    cells = [
        [name(row["name"]), f"{row.get('boxes') or 0:,}", number(row.get("ap")), number(row.get("ap50"))]
        for row in rows
    ]
    body = join(
        note(
            "AP50 asks whether the objects are found, AP also how well the boxes fit. "
            "Classes with few objects jump: a low figure there may be bad luck."
        ),
        contents.draw("per_class", box_figures.per_class(rows), "Bars: AP and AP50 of each class"),
        table(("class", "objects", "AP", "AP50"), cells),
    )
    return Section("classes", "Class by class", body)


def _bars(metrics: Mapping[str, Any]) -> list[tuple[str, float, Any]]:
    """The baselines' scores and boda's: name, score, interval."""
    key, _ = box_words.score_name(metrics)
    val = metrics.get("val") or {}
    baselines = metrics.get("baselines") or {}
    rows = [
        (box_words.BASELINES.get(who, who), scores[key], scores.get(f"{key}_interval"))
        for who, scores in baselines.items()
        if scores.get(key) is not None
    ]
    if not rows and val.get(f"constant_{key}") is not None:
        rows = [(box_words.BASELINES["constant"], val[f"constant_{key}"], None)]
    return [*rows, ("boda", val.get(key) or 0.0, val.get(f"{key}_interval"))]


def _big(val: Mapping[str, Any], key: str) -> tuple[Html, Html]:
    ends = val.get(f"{key}_interval")
    spread = f" 95\u202f% interval {number(ends[0])} to {number(ends[1])}." if is_interval(ends) else ""
    return element("div", number(val.get(key)), class_="big"), element("div", f"{box_words.LEAD[key]}.{spread}")


def _constant(metrics: Mapping[str, Any]) -> str:
    return f"The constant answer is {box_words.CONSTANT[metrics['task']]}." if metrics.get("baselines") else ""


def _leaks(count: int) -> Html | None:
    if not count:
        return None
    where = element("a", "Problems found", href="#problems")
    told = (element("b", "Careful: "), box_words.leaks_sentence(count), " They are listed under ", where, ".")
    return element("p", *told, class_="warn")


def _test(metrics: Mapping[str, Any]) -> Html | None:
    key, words = box_words.score_name(metrics)
    test = metrics.get("test") or {}
    if test.get(key) is None:
        return None
    ends = test.get(f"{key}_interval")
    spread = f" (95\u202f% interval {number(ends[0])} to {number(ends[1])})" if is_interval(ends) else ""
    part = box_words.part_words(metrics, "test")
    return element("p", element("b", "Test part: "), f"{words} {number(test[key])}{spread} on {part}.")


def _tiles(contents: Contents) -> list[Html]:
    val, task = contents.val, contents.metrics["task"]
    shares = [_tile(val, *row, share=True) for row in SHARES[task] if val.get(row[0]) is not None]
    scores = [_tile(val, *row) for row in SCORES[task] if val.get(row[0]) is not None]
    sizes = [_tile(val, *row) for row in SIZES if val.get(row[0]) is not None]
    margin = (contents.calibration.get("margin") or {}) if task == "locate" else {}
    grown = []
    if margin.get("pixels_relative") is not None:
        level = percent(margin.get("level"), 0)
        grown = [_plain_tile(percent(margin["pixels_relative"]), "margin", f"grown so, it holds the object in {level}")]
    return [*shares, *scores, *sizes, *grown]


def _tile(val: Mapping[str, Any], key: str, words: str, hint: str, *, share: bool = False) -> Html:
    ends = val.get(f"{key}_interval")
    spread = ""
    if is_interval(ends):
        spread = interval(ends) if share else f"{number(ends[0])} to {number(ends[1])}"
    return _plain_tile(percent(val[key]) if share else number(val[key]), words, hint, spread)


def _plain_tile(shown: str, words: str, hint: str, spread: str = "") -> Html:
    small = element("small", spread) if spread else None
    return element("div", element("dt", words), element("dd", shown, small, element("small", hint)))
