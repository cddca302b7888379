"""The report's sections on the making: how the head was chosen, recipe and versions, time, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports import curves
from boda.reports.page import Html, Section, element, join, name, note, table
from boda.reports.words import NOTHING, clean, number, percent, plural, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from boda.reports.contents import Contents

MOST_CANDIDATES = 8
STEPS = {
    "read": "reading the pictures",
    "features": "features of the frozen network",
    "baselines": "baselines",
    "train": "choosing and training the head",
    "stages": "training the stages",
    "measure": "answering on the pictures held out",
    "explain": "activation maps",
    "report": "this report",
}


def choice_section(contents: Contents) -> Section | None:
    """The candidates for the head with their cross-validated scores, or the curves of its epochs."""
    kinds = ("candidate", "epoch")
    lines = [line for line in contents.history if line.get("kind") in kinds and not line.get("stage")]
    if not lines:
        return None
    epochs = any(line["kind"] == "epoch" for line in lines)
    figure = curves.history(lines)
    what = (
        "Curves: loss and accuracy by epoch"
        if epochs
        else "Curves: cross-validated loss and accuracy of each candidate"
    )
    body = join(
        note(_epochs_note() if epochs else _candidates_note(contents.metrics.get("inner") or {})),
        contents.draw("history", figure, what),
        None if epochs else _candidates_table(lines),
    )
    return Section("choice", "How the head was chosen", body)


def recipe_section(contents: Contents) -> Section | None:
    """The Recipe, the backbone and the versions."""
    return repeating_section(contents, join(element("h3", "Backbone"), element("p", _backbone_sentence(contents))))


def repeating_section(contents: Contents, network: Html | None) -> Section | None:
    """What it takes to do the same again: the recipe, words on the `network`, the versions."""
    versions = contents.about.get("versions") or {}
    if not contents.recipe and not versions:
        return None
    rows = [(clean(package), clean(version)) for package, version in versions.items()]
    left = join(element("h3", "Recipe"), element("pre", contents.recipe)) if contents.recipe else None
    right = join(network, join(element("h3", "Versions"), table(("package", "version"), rows)) if rows else None)
    body = join(
        note(
            "What it takes to do the same again: with this recipe, this seed and these versions the result is the same."
        ),
        element("div", element("div", left), element("div", right), class_="two"),
    )
    return Section("recipe", "Recipe and versions", body)


def time_section(contents: Contents) -> Section | None:
    """Seconds spent a step, as bars."""
    return spent_section(contents, STEPS, " Features are kept: the next training on the same pictures skips them.")


def spent_section(contents: Contents, words: Mapping[str, str], advice: str = "") -> Section | None:
    """Seconds spent a step, as bars; `words` name the steps."""
    spent: Mapping[str, Any] = contents.metrics.get("seconds") or {}
    steps = [
        (words.get(step, clean(step)), value) for step, value in spent.items() if step != "total" and value is not None
    ]
    if not steps:
        return None
    whole = seconds(spent.get("total", sum(value for _, value in steps)))
    body = join(
        note(f"{whole} until this report was drawn.{advice}"),
        bars([(step, value, seconds(value)) for step, value in steps]),
    )
    return Section("time", "Time", body)


def next_section(contents: Contents) -> Section | None:
    """What to do next, each with its reason and the command."""
    if not contents.next:
        return None
    items = (
        element(
            "li",
            element("b", step.get("title", "")),
            element("p", step["why"]) if step.get("why") else None,
            element("pre", step["command"]) if step.get("command") else None,
        )
        for step in contents.next
    )
    return Section("next", "What to do next", element("ol", *items, class_="next"))


def bars(rows: Sequence[tuple[str, float, str]]) -> Html:
    """Bars made of HTML alone: words, a length, and the value as written."""
    longest = max((value for _, value, _ in rows), default=0) or 1
    cells = (
        join(
            element("span", words),
            element("div", class_="bar", style=f"width:{100 * value / longest:.1f}%"),
            element("span", written, class_="value"),
        )
        for words, value, written in rows
    )
    return element("div", *cells, class_="bars")


def _candidates_note(inner: Mapping[str, Any]) -> str:
    folds = f"{inner['folds']} folds" if inner.get("folds") else "folds"
    return (
        f"Several heads were tried on {folds} of the training part; the one with the lowest log loss was taken. "
        "The bands are one standard deviation between folds: "
        "candidates inside each other's band are about equally good."
    )


def _epochs_note() -> str:
    return (
        "Loss and accuracy after each pass over the training part. "
        "Look at the gap: where the inner validation gets worse while the training part gets better, "
        "the head learns by heart."
    )


def _candidates_table(lines: Sequence[Mapping[str, Any]]) -> Html:
    """The best candidates, and the chosen one marked."""
    ranked = sorted(lines, key=lambda line: (not line.get("chosen"), _loss(line)))[:MOST_CANDIDATES]
    ranked.sort(key=_loss)
    viewed = any(line.get("view") for line in lines)
    columns = ("views", "weight decay", "log loss", "accuracy") if viewed else ("weight decay", "log loss", "accuracy")
    head = element(
        "tr", *(element("th", text, scope="col", class_="figure" if i else "word") for i, text in enumerate(columns))
    )
    rows = (
        element(
            "tr",
            element("td", name(line.get("view", NOTHING)), _mark(line), class_="word") if viewed else None,
            element("td", _decay(line.get("weight_decay")), class_="figure")
            if viewed
            else element("td", _decay(line.get("weight_decay")), _mark(line), class_="word"),
            element("td", f"{number(line.get('log_loss'))} ± {number(line.get('log_loss_sd'))}", class_="figure"),
            element("td", f"{percent(line.get('accuracy'))} ± {percent(line.get('accuracy_sd'))}", class_="figure"),
            class_="chosen" if line.get("chosen") else None,
        )
        for line in ranked
    )
    shown = (
        None
        if len(ranked) == len(lines)
        else element("p", f"The best {len(ranked)} of {plural(len(lines), 'candidate')}.", class_="muted")
    )
    return join(
        element("div", element("table", element("thead", head), element("tbody", *rows)), class_="scroll"), shown
    )


def _mark(line: Mapping[str, Any]) -> str | None:
    return " ← chosen" if line.get("chosen") else None


def _loss(line: Mapping[str, Any]) -> float:
    loss = line.get("log_loss")
    return float("inf") if loss is None else float(loss)


def _decay(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, (int, float)) else clean(value)


def _backbone_sentence(contents: Contents) -> str:
    backbone = contents.about.get("backbone") or {}
    stages = [str(one.get("stage")) for one in contents.metrics.get("stages") or [] if one.get("kept")]
    title = clean(backbone.get("title") or backbone.get("name") or NOTHING)
    facts = []
    if backbone.get("params"):
        facts.append(f"{backbone['params'] / 1e6:.1f} million parameters")
    if backbone.get("size"):
        facts.append(f"pictures of {backbone['size']} by {backbone['size']} pixels")
    if backbone.get("features"):
        facts.append(f"{backbone['features']:,} features a picture")
    state = f"trained: {', '.join(stages)}" if stages else "frozen"
    return f"{title}: {', '.join(facts)}; {state}." if facts else title
