"""Turns a ladder into its page: one HTML file that opens offline, and the same figures as PNGs.

Everything is drawn from LADDER/ladder.json, of which any key may be missing while the ladder runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boda.reports import ladder_commands as commands
from boda.reports import ladder_figures as figures
from boda.reports import ladder_score as scores
from boda.reports import ladder_words as words
from boda.reports.about_data import path_line
from boda.reports.contents import Contents
from boda.reports.ladder_method import method
from boda.reports.learning_figure import learning_curve
from boda.reports.page import Html, Section, document, element, join, listing, name, note, table
from boda.reports.words import NOTHING, clean, interval, is_interval, number, percent, plural, seconds

if TYPE_CHECKING:
    from pathlib import Path

    from boda.reports.ladder_words import Ladder, Rung
    from boda.run import Run

KINDS = {
    "base": "the base",
    "as-is": "no training at all",
    "head": "levers of the head",
    "augment": "varied pictures",
    "view": "how the pictures are looked at",
    "thaw": "thawed layers",
    "scratch": "the architecture alone",
    "together": "several levers at once",
    "cell": "the cell",
    "size": "the network's size",
    "drop": "what is left out by chance",
    "reading": "how a sequence is read",
}


@dataclass(frozen=True)
class Pages:
    """A ladder's dict, with the folder's contents for drawing."""

    ladder: Ladder
    contents: Contents


def write_page(run: Run) -> Path:
    """Write LADDER/ladder.html and LADDER/figures/*.png from LADDER/ladder.json, and return the page's path.

    A section of which nothing is known yet is left out.
    Raises RunError where ladder.json is missing or damaged.
    """
    pages = Pages(run.read_json("ladder.json"), Contents.read(run))
    sections = [section for section in (make(pages) for make in SECTIONS) if section is not None]
    title = f"{words.data_name(pages.ladder, run.path.name)}: boda ladder"
    run.write_text("ladder.html", document(title, _heading(pages), sections, _foot(pages)))
    return run.path / "ladder.html"


def verdict_section(pages: Pages) -> Section:
    """What helps, what hurts and what cannot be told, in plain words."""
    kind, short, sentence = words.headline(pages.ladder)
    body = join(
        element("div", element("b", short), element("span", sentence), class_=f"verdict {kind}"),
        *(element("p", text) for text in words.sentences(pages.ladder)),
        _winner_line(pages.ladder),
    )
    return Section("verdict", "What helps here?", body)


def forest_section(pages: Pages) -> Section | None:
    """The forest plot, and below it the rungs that have no line in it."""
    untold = [join(name(words.title_of(rung)), f": {words.reason(rung)}") for rung in words.untold(pages.ladder)]
    drawn = _forest(pages) if words.compared(pages.ladder) else None
    if drawn is None and not untold:
        return None
    rest = join(element("h3", "Without a line") if drawn else None, listing(untold)) if untold else None
    return Section("forest", "Every lever beside the base", join(drawn, rest))


def _forest(pages: Pages) -> Html:
    score, noun = scores.score_of(words.base_of(pages.ladder)), scores.thing(pages.ladder)
    alt = f"Forest plot: each lever's difference of {score.name} from the base, with its 95 % interval"
    better = "" if score.is_share else f" It says by how much less {score.name} the lever has."
    return join(
        note(
            f"Each line is a lever's difference from the base on the same {noun}s, with its 95 % interval: the shorter "
            f"the line, the surer.{better} ▲ helps, ▼ hurts, ○ no difference shown. An interval may miss 0 by chance "
            "where many levers are tried, so the verdict asks for more than that."
        ),
        pages.contents.draw("forest", figures.forest(pages.ladder), alt),
    )


def table_section(pages: Pages) -> Section | None:
    """Every rung with its figures and its cost."""
    base = words.base_of(pages.ladder)
    done = words.measured(pages.ladder)
    if not done:
        return None
    score = scores.score_of(base)
    losses = ("log loss",) if score.second else ()
    head = ("rung", "verdict", score.name, *losses, "difference", "p", "seconds", "times base", "peak MB")
    body = join(
        note(f"{_of_differences(score)} {_of_seconds(pages.ladder)}"),
        table(head, [_row(rung, base) for rung in done], words=2),
    )
    return Section("table", "The figures", body)


def _of_differences(score: scores.Score) -> str:
    if not score.second:
        return (
            f"Differences say by how much less {score.name} a lever has than the base, so that above 0 is better; p is "
            "corrected for all levers."
        )
    return (
        "Differences are in points of accuracy; p is that of the score from which the verdict comes, corrected for "
        "all levers and both scores; the log loss is that of calibrated confidences, lower is better."
    )


def _of_seconds(ladder: Ladder) -> str:
    alone = "The base ran alone, with all cores." if scores.thing(ladder) == "picture" else "Each ran on one core."
    return (
        "Times base compares the median seconds of a fold with the base's; the first fold, which also computes what "
        f"all share, is left out. {alone}"
    )


def rungs_section(pages: Pages) -> Section | None:
    """Each rung folded: what it does, when it helps, its change of the recipe, its trainings."""
    rungs = words.rungs_of(pages.ladder)
    if not rungs:
        return None
    folds = (_fold(pages, number, rung) for number, rung in enumerate(rungs))
    body = join(note("Open a lever to see what it does, how to ask for it, and how its trainings went."), *folds)
    return Section("rungs", "Lever by lever", body)


def winner_section(pages: Pages) -> Section | None:
    """The winner's figures on the held-out pictures, and the command that repeats it."""
    winner = pages.ladder.get("winner")
    if not winner:
        return None
    held = winner.get("held_out") or {}
    rung = next((r for r in words.rungs_of(pages.ladder) if r.get("name") == winner.get("name")), winner)
    body = join(
        element("p", element("b", words.title_of(rung)), ". ", clean(winner.get("why") or "", 400)),
        _held_out(held, pages.ladder) if held else None,
        _rolled_back(pages.ladder),
        element("h3", "The same again"),
        element("pre", commands.command(pages.ladder, pages.contents.run.path)),
        note(f"Its Run, with a report of its own, is in the folder {clean(winner.get('run') or 'winner')} beside."),
    )
    return Section("winner", f"The winner, on {_held_things(pages.ladder)} held out", body)


def learning_section(pages: Pages) -> Section | None:
    """Accuracy against the number of pictures, and how weak the forecast is."""
    found = pages.ladder.get("learning_curve")
    if not found or not found.get("sizes"):
        return None
    alt = "Curve: accuracy against the number of training pictures, with a forecast where there is one"
    warning = found.get("warning")
    body = join(
        note(
            "A linear head on frozen features, trained on ever more of the pictures and asked on folds that it had not "
            "seen. Where the curve still rises at its end, more pictures help; where it is flat, another lever may."
        ),
        pages.contents.draw("learning_curve", learning_curve(found), alt),
        element("p", element("b", clean(found.get("sentence") or "", 600))),
        element("p", element("span", "Careful. ", class_="warn"), clean(warning, 900)) if warning else None,
    )
    return Section("learning", "How many more pictures?", body)


def method_section(pages: Pages) -> Section:
    """How it was measured, in plain words, with the versions."""
    versions = pages.ladder.get("versions") or {}
    rows = [(clean(package), clean(version)) for package, version in versions.items()]
    body = join(
        listing(method(pages.ladder)),
        element("details", element("summary", "Versions"), table(("package", "version"), rows)) if rows else None,
    )
    return Section("method", "How it was measured", body)


SECTIONS = (
    verdict_section,
    forest_section,
    table_section,
    rungs_section,
    winner_section,
    learning_section,
    method_section,
)


def _heading(pages: Pages) -> Html:
    ladder, about = pages.ladder, pages.contents.about
    facts = [
        plural(ladder["n"], _told_of(ladder)) if ladder.get("n") else "",
        plural(len(ladder["classes"]), "class", "classes") if ladder.get("classes") else "",
        plural(len(words.rungs_of(ladder)), "rung"),
        seconds(ladder["seconds"]) if ladder.get("seconds") else "",
        clean(about.get("created") or "")[:16].replace("T", " "),
        "" if about.get("status") == "complete" else f"status: {clean(about.get('status', 'unknown'))}",
    ]
    return join(
        element("div", "boda · ladder", class_="mark"),
        element("h1", words.data_name(ladder, pages.contents.run.path.name)),
        path_line(ladder["data"]) if ladder.get("data") else None,
        element("p", " · ".join(filter(None, facts))),
    )


def _foot(pages: Pages) -> str:
    version = clean((pages.ladder.get("versions") or {}).get("boda", ""))
    made = f"Made by boda {version}".strip()
    return f"{made}, seed {clean(pages.ladder.get('seed', 0))}. This file needs no network."


def _winner_line(ladder: Ladder) -> Html | None:
    winner = ladder.get("winner") or {}
    held = winner.get("held_out") or {}
    if not scores.is_measured(held):
        return None
    many = scores.held_many(held, ladder)
    found = f"is right on {scores.line(held)}" if scores.score_of(held).is_share else f"has {scores.line(held)}"
    of = "of" if scores.score_of(held).is_share else "on"
    return element(
        "p",
        "The winner, ",
        name(winner.get("name")),
        f", {found} {of} {many} held out until the end. ",
        element("a", "The command that repeats it", href="#winner"),
        ".",
        element("span", " Careful. ", class_="warn") if words.rolled_back(ladder) else None,
        _sentence(words.rolled_back(ladder)),
    )


def _rolled_back(ladder: Ladder) -> Html | None:
    """Below the winner's figures, that they are not those of what the ladder measured."""
    text = _sentence(words.rolled_back(ladder))
    return element("p", element("span", "Careful. ", class_="warn"), text) if text else None


def _sentence(half: str) -> str:
    return f"{half[0].upper()}{half[1:]}." if half else ""


def _row(rung: Rung, base: Rung) -> list[str]:
    times = words.times_the_base(rung, base)
    score = scores.score_of(base)
    ends = scores.ends_words(rung)
    spread = f"{ends}\u202f%" if score.is_share and ends else ends
    return [
        element("div", name(words.title_of(rung, 60)), _short(rung), style="min-width: 8em"),
        element("b", "the base") if rung is base else _verdict(rung),
        _over(scores.value_words(rung), spread),
        *([number(rung.get("log_loss"))] if score.second else []),
        _over(scores.gain(rung), scores.gain_interval(rung) if is_interval(rung.get("interval")) else ""),
        words.p_value(words.deciding_p(rung)),
        seconds(rung.get("seconds")),
        NOTHING if times is None else f"{times:.1f}",
        f"{rung['peak_mb']:,.0f}" if rung.get("peak_mb") is not None else NOTHING,
    ]


def _over(value: str, spread: str) -> Html:
    """A figure with its interval below."""
    return join(value, join(element("br"), element("small", spread, class_="muted")) if spread else None)


def _short(rung: Rung) -> Html | None:
    """The name that `--rungs` takes, behind the title."""
    if not rung.get("title") or not rung.get("name"):
        return None
    return element("span", " ", element("small", name(clean(rung["name"], 40))), class_="muted")


def _verdict(rung: Rung) -> Html:
    early = " (stopped early)" if rung.get("status") == "stopped early" else ""
    look = words.LOOKS.get(str(rung.get("verdict")), "")
    sign = element("b", words.verdict_words(rung), style="white-space: nowrap")
    return element("span", sign, early, class_=look)


def _fold(pages: Pages, place: int, rung: Rung) -> Html:
    base = words.base_of(pages.ladder)
    figure = figures.trainings(rung, base)
    alt = f"How the trainings of {words.title_of(rung)} went: folds beside the base, curves by epoch"
    return element(
        "details",
        _fold_summary(rung, base),
        *(element("p", text) for text in _about(rung)),
        _asked_for(pages, rung),
        None if figure is None else pages.contents.draw(f"rung_{place:02d}", figure, alt),
    )


def _fold_summary(rung: Rung, base: Rung) -> Html:
    state = element("b", "the base") if rung is base else _verdict(rung)
    told = f" · {scores.line(rung)}" if scores.is_measured(rung) else None
    return element("summary", name(words.title_of(rung)), _short(rung), " · ", state, told)


def _about(rung: Rung) -> list[str]:
    """What kind of lever it is and what it does, when it helps, and why it ended as it did."""
    kind = f"{KINDS[rung['kind']].capitalize()}. " if rung.get("kind") in KINDS else ""
    found = [f"{kind}{clean(rung.get('does') or '', 600)}"]
    if rung.get("when"):
        found.append(join(element("b", "When it helps: "), clean(rung["when"], 600)))
    if rung.get("status") in words.STATES:
        found.append(words.reason(rung))
    elif rung.get("reason"):
        found.append(clean(rung["reason"], 400))
    return found


def _asked_for(pages: Pages, rung: Rung) -> Html | None:
    """Its change of the recipe, as a command and as a recipe's lines."""
    typed, (_, lines) = commands.command_of(pages.ladder, pages.contents.run.path, rung), commands.change_lines(rung)
    if not typed:
        return None
    return join(element("pre", typed), element("pre", lines) if lines else None)


def _told_of(ladder: Ladder) -> str:
    noun = scores.thing(ladder)
    return f"training {noun}" if noun in {"picture", "sequence"} else noun


def _held_things(ladder: Ladder) -> str:
    return {"piece": "text", "forecast": "steps"}.get(scores.thing(ladder), f"{scores.thing(ladder)}s")


def _held_out(held: dict[str, Any], ladder: Ladder) -> Html:
    noun = held.get("unit") or scores.thing(ladder)
    many = (f"{noun}s", f"{held['n']:,}" if held.get("n") else NOTHING, "", "held out until the end")
    if not scores.score_of(held).second:
        found = (scores.score_of(held).name, scores.value_words(held), scores.ends_words(held))
        score = (*found, f"on {_held_things(ladder)} touched once")
        return element("dl", *(_tile(*tile) for tile in (score, many)), class_="figures")
    ends = held.get("log_loss_interval")
    spread = f"{number(ends[0])} to {number(ends[1])}" if is_interval(ends) else ""
    accuracy, ece = percent(held.get("accuracy")), percent(held.get("ece"))
    tiles = (
        ("accuracy", accuracy, interval(held.get("accuracy_interval")), f"on {noun}s touched once"),
        ("log loss", number(held.get("log_loss")), spread, "lower is better"),
        *([("calibration error", ece, "", "0 is perfectly honest")] if held.get("ece") is not None else []),
        many,
    )
    return element("dl", *(_tile(*tile) for tile in tiles), class_="figures")


def _tile(title: str, value: str, spread: str, meaning: str) -> Html:
    return element(
        "div",
        element("dt", title),
        element("dd", value, element("small", spread) if spread else None, element("small", meaning)),
    )
