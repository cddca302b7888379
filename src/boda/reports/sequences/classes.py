"""The report's sections on answers that are classes: mix-ups, every class, surest mistakes, confidence, silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports import curves
from boda.reports import figures as picture_figures
from boda.reports.page import Section, element, join, name, note, table
from boda.reports.sequences.held import inside_of, metrics_of, renamed
from boda.reports.sequences.words import nouns
from boda.reports.words import (
    abstain_sentence,
    calibration_sentence,
    clean,
    interval,
    is_interval,
    number,
    percent,
    worst_confusions,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boda.reports.contents import Contents

COLUMNS = (("recall", "recall"), ("precision", "precision"), ("f1", "F1"))
MOST_MISTAKES = 12


def confusion_section(contents: Contents) -> Section | None:
    """The confusion matrix and the commonest mistakes in words."""
    matrix = contents.val.get("confusion")
    if not matrix or len(matrix) != len(contents.classes):
        return None
    worst = worst_confusions(matrix, contents.classes, 5)
    items = (
        element("li", name(true), " taken for ", name(answer), f": {count:,} of {n:,}")
        for true, answer, count, n in worst
    )
    told = (
        join(element("h3", "The commonest mistakes"), element("ul", *items))
        if worst
        else element("p", "No mistake at all.", class_="fine")
    )
    many = nouns(metrics_of(contents))
    figure = renamed(picture_figures.confusion(matrix, contents.classes), many)
    drawn = contents.draw("confusion", figure, f"Confusion matrix of the validation {many}")
    body = join(
        note(
            f"A row is what the {many} are, a column what boda answered; the diagonal is right. "
            "The shade is the share of the row. Look for dark cells off the diagonal: classes that are mixed up."
        ),
        element("div", drawn, element("div", told), class_="beside"),
    )
    return Section("confusion", "What is taken for what", body)


def classes_section(contents: Contents) -> Section | None:
    """Every class, or every tag, with its scores and their intervals."""
    rows = contents.val.get("per_class") or []
    if not rows:
        return None
    tags = contents.about.get("task") == "tag"
    what, counted = ("tag", "words") if tags else ("class", nouns(metrics_of(contents)))
    columns = [(key, words) for key, words in COLUMNS if any(row.get(key) is not None for row in rows)]
    cells = [
        [name(row.get("name")), f"{row.get('n') or 0:,}", *(_cell(row, key) for key, _ in columns)] for row in rows
    ]
    figure = renamed(picture_figures.per_class(rows), counted)
    body = join(
        note(
            f"Recall: which share of the {counted} of this {what} was found. Precision: which share of the answers "
            "with this name was right. The lines are 95 % intervals; wide ones mean few examples, not a bad model."
        ),
        contents.draw("per_class", figure, f"Bars: recall and precision of each {what}"),
        table((what, counted, *(words for _, words in columns)), cells),
    )
    return Section("classes", "Tag by tag" if tags else "Class by class", body)


def mistakes_section(contents: Contents) -> Section | None:
    """The mistakes that it was surest of, as a table of texts."""
    found = _mistakes(contents.predictions, contents.classes)
    if not found:
        return None
    rows = [
        (element("bdi", clean(text, 160)), name(truth), name(answer), percent(confidence, 0), name(where))
        for confidence, text, truth, answer, where in found
    ]
    shown = [(row[0], row[1], row[2], row[4], row[3]) for row in rows]
    body = join(
        note(
            "The wrong answers that it was surest of. Read them first: often the label is wrong, the text says too "
            "little, or a kind of text is missing from the training part."
        ),
        table(("text", "the truth", "the answer", "where", "confidence"), shown, words=4),
        element(
            "p", "What moved these answers is shown under ", element("a", "What it looks at", href="#saliency"), "."
        )
        if _has_saliency(contents)
        else None,
    )
    return Section("mistakes", "Its surest mistakes", body)


def reliability_section(contents: Contents) -> Section | None:
    """The reliability diagram, and the calibration error before and after the temperature."""
    after = contents.calibration.get("bins_after")
    if not after:
        return None
    many = nouns(metrics_of(contents))
    figure = renamed(curves.reliability(contents.calibration.get("bins_before"), after), many)
    body = join(
        note(
            "When it says 80 %, is it right 80 % of the time? Points on the dotted line: yes. "
            "Below it: too sure of itself. Above it: too modest. The bars are 95 % intervals; "
            f"below stands how many {many} each point is made of."
        ),
        element("p", _temperature_sentence(contents)),
        contents.draw("reliability", figure, "Reliability diagram: confidence against the share that is right"),
    )
    return Section("reliability", "Is its confidence honest?", body)


def abstain_section(contents: Contents) -> Section | None:
    """The abstain threshold in words, and coverage against confidence."""
    abstain = contents.calibration.get("abstain")
    if not abstain:
        return None
    many = nouns(metrics_of(contents))
    body = join(
        note(
            f"Often it is better to hand unsure {many} to a person. The higher the confidence that you ask for, "
            f"the fewer {many} are answered, and the more of these answers are right."
        ),
        element("p", element("b", abstain_sentence(contents.calibration).replace("pictures", many))),
        element(
            "p",
            f"It was chosen inside the training part, for a precision of {percent(abstain.get('wanted'), 0)}; "
            f"the figures above are those of the validation {many}.",
            class_="muted",
        ),
        _coverage(contents, abstain),
    )
    return Section("abstain", "When to stay silent", body)


def _mistakes(predictions: Mapping[str, Any], classes: list[str]) -> list[tuple[float, str, str, str, str]]:
    """Confidence, text, truth, answer and name of wrong answers, the surest first."""
    labels, rows = predictions.get("labels") or [], predictions.get("probabilities") or []
    if not labels or len(labels) != len(rows) or not classes:
        return []
    p = np.asarray(rows, dtype=float)
    answer, sure = p.argmax(axis=1), p.max(axis=1)
    wrong = np.flatnonzero(answer != np.asarray(labels))
    order = wrong[np.argsort(-sure[wrong], kind="stable")][:MOST_MISTAKES]
    names = predictions.get("names") or [""] * len(labels)
    texts = predictions.get("texts") or names
    return [(float(sure[i]), texts[i], classes[labels[i]], classes[answer[i]], names[i]) for i in order]


def _coverage(contents: Contents, abstain: Mapping[str, Any]) -> Any:
    labels = contents.predictions.get("labels") or []
    if not labels:
        return None
    p = np.asarray(contents.predictions["probabilities"], dtype=float)
    right = p.argmax(axis=1) == np.asarray(labels)
    figure = curves.coverage(p.max(axis=1), right, abstain.get("threshold"), abstain.get("wanted"))
    alt = "Curves: share answered and share of these that is right, against the confidence asked for"
    return contents.draw("coverage", figure, alt)


def _temperature_sentence(contents: Contents) -> str:
    temperature = contents.calibration.get("temperature")
    if temperature is None:
        return calibration_sentence(contents.val)
    way = "about right"
    if abs(temperature - 1) > 0.02:
        way = "too sure of itself" if temperature > 1 else "too modest"
    start = f"The network was {way}; its scores are divided by a temperature of {number(temperature, 2)}. "
    return start + calibration_sentence(contents.val)


def _has_saliency(contents: Contents) -> bool:
    return any(not one.get("right") for one in inside_of(contents).get("saliency") or [])


def _cell(row: Mapping[str, Any], key: str) -> Any:
    ends = row.get(f"{key}_interval")
    spread = element("span", f" ({interval(ends, 0)})", class_="muted") if is_interval(ends) else None
    return join(percent(row.get(key), 0), spread)
