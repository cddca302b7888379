"""The report's sections on the result: the headline, confusion, and every class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports import figures
from boda.reports.page import Html, Section, element, join, name, note, table
from boda.reports.words import (
    interval,
    is_interval,
    leaks_sentence,
    number,
    percent,
    plural,
    score_name,
    verdict,
    worst_confusions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boda.reports.contents import Contents

VERDICTS = {"better": "Better", "same": "No difference shown", "worse": "Worse", "none": "No baseline"}
SCORES = (
    ("balanced_accuracy", "balanced accuracy", "each class counts alike", True),
    ("macro_f1", "macro F1", "recall and precision in one", False),
    ("auc", "AUC", "0.5 is guessing, 1 is perfect", False),
    ("log_loss", "log loss", "lower is better", False),
    ("ece", "calibration error", "0 is perfectly honest", True),
)
COLUMNS = (("recall", "recall"), ("precision", "precision"), ("f1", "F1"), ("auc", "AUC"), ("ap", "AP"))


def headline_section(contents: Contents) -> Section | None:
    """The leading score with its interval, beside the baselines, and the verdict."""
    if not contents.val:
        return None
    kind, sentence = verdict(contents.metrics)
    figure = figures.beside_baselines(contents.metrics)
    words = score_name(contents.metrics)[1]
    body = join(
        element(
            "div",
            element("div", *_big_score(contents.metrics)),
            contents.draw("baselines", figure, f"Bars: {words} of boda beside the baselines, with 95 % intervals"),
            class_="lead",
        ),
        element("div", element("b", VERDICTS[kind]), element("span", sentence), class_=f"verdict {kind}"),
        element("p", certainty_sentence(contents.metrics)),
        _leaks_remark(contents.data.get("leaks_count") or 0),
        _test_sentence(contents.metrics),
        element(
            "dl",
            *(_score(contents.val, *row) for row in SCORES if contents.val.get(row[0]) is not None),
            class_="figures",
        ),
    )
    return Section("headline", "How good is it?", body)


def confusion_section(contents: Contents) -> Section | None:
    """The confusion matrix and the commonest mistakes in words."""
    matrix = contents.val.get("confusion")
    if not matrix or len(matrix) != len(contents.classes):
        return None
    figure = figures.confusion(matrix, contents.classes)
    worst = worst_confusions(matrix, contents.classes, 5)
    items = (
        element("li", name(true), " taken for ", name(answer), f": {count:,} of {n:,}")
        for true, answer, count, n in worst
    )
    mistakes = (
        join(element("h3", "The commonest mistakes"), element("ul", *items))
        if worst
        else element("p", "No mistake at all.")
    )
    drawn = contents.draw("confusion", figure, "Confusion matrix of the validation pictures")
    body = join(
        note(
            "A row is what the pictures are, a column what boda answered; the diagonal is right. "
            "The shade is the share of the row. Look for dark cells off the diagonal: classes that are mixed up."
        ),
        element("div", drawn, element("div", mistakes), class_="beside"),
    )
    return Section("confusion", "What is taken for what", body)


def classes_section(contents: Contents) -> Section | None:
    """Every class with its scores and their intervals."""
    rows = contents.val.get("per_class") or []
    if not rows:
        return None
    columns = [(key, words) for key, words in COLUMNS if any(row.get(key) is not None for row in rows)]
    cells = [
        [name(row.get("name")), f"{row.get('n') or 0:,}", *(_cell(row, key) for key, _ in columns)] for row in rows
    ]
    body = join(
        note(_classes_note({key for key, _ in columns})),
        contents.draw("per_class", figures.per_class(rows), "Bars: the scores of each class"),
        table(("class", "pictures", *(words for _, words in columns)), cells),
    )
    return Section("classes", "Class by class", body)


def certainty_sentence(metrics: Mapping[str, Any]) -> str:
    """What the interval means, for a person who has never met one."""
    key, words = score_name(metrics)
    val = metrics.get("val") or {}
    pictures = plural(val.get("n") or 0, "validation picture")
    ends = val.get(f"{key}_interval")
    if not is_interval(ends):
        return f"Measured on {pictures} that it had not learnt from."
    low, high = (percent(end) if key == "accuracy" else number(end) for end in ends)
    return (
        f"Measured on {pictures} that it had not learnt from. We can be 95\u202f% sure that its {words} "
        f"on further pictures of this kind lies between {low} and {high}; "
        "more validation pictures would narrow this."
    )


def _classes_note(keys: set[str]) -> str:
    meanings = (
        ("recall", "Recall: which share of the pictures of this class was found."),
        ("precision", "Precision: which share of the answers with this name was right."),
        ("auc", "AUC: how well the score ranks pictures with this label above those without (0.5 is guessing)."),
        ("ap", "AP: the precision, averaged over every share found."),
    )
    told = [text for key, text in meanings if key in keys]
    return " ".join([*told, "The lines are 95 % intervals; wide ones mean few pictures, not a bad model."])


def _big_score(metrics: Mapping[str, Any]) -> tuple[Html, Html]:
    key, words = score_name(metrics)
    val = metrics["val"]
    score, ends = val.get(key), val.get(f"{key}_interval")
    if key == "accuracy":
        right = round((score or 0) * (val.get("n") or 0))
        what = "all labels right" if metrics.get("task") == "multilabel" else "right"
        return element("div", percent(score), class_="big"), element(
            "div", f"{what}: {right:,} of {plural(val.get('n') or 0, 'picture')}"
        )
    spread = f", {number(ends[0])} to {number(ends[1])}" if is_interval(ends) else ""
    return element("div", number(score), class_="big"), element("div", f"{words}{spread}")


def _leaks_remark(count: int) -> Html | None:
    if not count:
        return None
    where = element("a", "Problems found", href="#problems")
    return element(
        "p", element("b", "Careful: "), leaks_sentence(count), " They are listed under ", where, ".", class_="warn"
    )


def _test_sentence(metrics: Mapping[str, Any]) -> Html | None:
    test = metrics.get("test")
    if not test or test.get("accuracy") is None:
        return None
    what = "with all labels right, " if metrics.get("task") == "multilabel" else ""
    spread = interval(test.get("accuracy_interval"))
    return element(
        "p",
        element("b", "Test part: "),
        f"{percent(test['accuracy'])} of {plural(test.get('n') or 0, 'picture')} ({what}95\u202f% interval {spread}).",
    )


def _score(val: Mapping[str, Any], key: str, words: str, hint: str, share: bool) -> Html:  # noqa: FBT001 - a row of SCORES
    ends = val.get(f"{key}_interval")
    shown = percent(val[key]) if share else number(val[key])
    spread = None
    if is_interval(ends):
        spread = element("small", interval(ends) if share else f"{number(ends[0])} to {number(ends[1])}")
    return element("div", element("dt", words), element("dd", shown, spread, element("small", hint)))


def _cell(row: Mapping[str, Any], key: str) -> Html:
    """A score and its interval: shares as percent, areas under curves as numbers."""
    ends, area = row.get(f"{key}_interval"), key in ("auc", "ap")
    spread = None
    if is_interval(ends):
        low, high = (number(end, 2) if area else f"{100 * end:.0f}" for end in ends)
        spread = element("span", f" ({low} to {high})", class_="muted")
    return join(number(row.get(key), 2) if area else percent(row.get(key), 0), spread)
