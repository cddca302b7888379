"""The report's sections on models that go on: what they wrote after each epoch, what surprised them, piano rolls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports.page import Html, Section, element, join, name, note, table
from boda.reports.sequences import figures
from boda.reports.sequences.held import inside_of, metrics_of, samples_of
from boda.reports.sequences.measures import ends_of, short, value_of
from boda.reports.sequences.words import baseline_words, nouns, step_noun
from boda.reports.words import NOTHING, clean, is_interval, number, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boda.reports.contents import Contents

MOST_SAMPLES = 5
MOST_LETTERS = 700
MOST_PIECES = 6
LEAST_PIECES = 12


def rivals_section(contents: Contents) -> Section | None:
    """Language and music: the loss of boda and of each baseline, as nats, bits and perplexity."""
    metrics = metrics_of(contents)
    if metrics.get("task") not in {"language", "music"} or value_of(contents.val, "nll") is None:
        return None
    step = step_noun(metrics)
    everyone = {"boda": contents.val, **(metrics.get("baselines") or {})}
    text = metrics["task"] == "language"
    rows = [_rival(who, scores, text=text) for who, scores in everyone.items()]
    head = (
        ("model", f"bits a {step}", "perplexity", "nats", "95 % interval")
        if text
        else ("model", "nats", "95 % interval")
    )
    explained = (
        f"Perplexity: among how many equally likely {step}s it chooses, so to say. "
        f"Bits: how much a packer that uses it would need for each {step}. "
        if text
        else "The loss is summed over all keys of a frame. "
    )
    body = join(
        note(
            f"{explained}Lower is better. The n-grams count what followed what in the training part; nothing else."
            if text
            else f"{explained}Lower is better. The baselines only count how often keys sound."
        ),
        table(head, rows),
    )
    return Section("rivals", "Beside models that only count", body)


def samples_section(contents: Contents) -> Section | None:
    """What it wrote after some of the epochs, from noise to words."""
    told = [one for one in samples_of(contents) if one.get("text")]
    if not told:
        return None
    blocks = [
        join(element("h3", f"After epoch {one.get('epoch', NOTHING)}"), _text(str(one["text"])))
        for one in _spread(told)
    ]
    body = join(
        note(
            "Text that it made up, a token at a time, each drawn by its own probabilities. "
            "First it learns how often letters occur, then words, then how lines are laid out; sense comes last."
        ),
        *blocks,
    )
    return Section("samples", "What it writes", body)


def surprise_section(contents: Contents) -> Section | None:
    """The pieces with the highest and the lowest loss a step."""
    told = contents.predictions
    if not told.get("nll") or len(told["nll"]) < LEAST_PIECES:
        return None
    metrics = metrics_of(contents)
    nll = np.asarray(told["nll"], dtype=float)
    order = np.argsort(-nll, kind="stable")
    texts, steps = told.get("texts") or [""] * len(nll), told.get("steps") or [0] * len(nll)
    picked = [*order[:MOST_PIECES], *order[-MOST_PIECES:]]
    scale, unit = (
        (1 / np.log(2), f"bits a {step_noun(metrics)}") if metrics.get("task") == "language" else (1.0, "nats")
    )
    rows = [
        (
            join(name(told["names"][i]), f"  {clean(texts[i], 100)}" if texts[i] else None),
            f"{steps[i]:,}",
            short(scale * nll[i]),
        )
        for i in picked
    ]
    body = join(
        note(
            f"The {plural(MOST_PIECES, 'piece')} that surprised it most, and as many that it found easiest. "
            f"The hard ones may be of another kind than most {nouns(metrics)} of the training part, or damaged."
        ),
        table(("piece", f"{step_noun(metrics)}s", unit), rows),
    )
    return Section("surprise", "What surprises it", body)


def rolls_section(contents: Contents) -> Section | None:
    """A piece as it is, and as the model goes on from its beginning."""
    told = inside_of(contents).get("generated") or {}
    rows = [
        (words, told[key])
        for key, words in (("truth", "The piece as it is"), ("generated", "What the model makes of its beginning"))
        if told.get(key)
    ]
    if not rows:
        return None
    prompt = int(told.get("prompt") or 0)
    line = "Left of the dashed line is what it was given. " if prompt and len(rows) > 1 else ""
    body = join(
        note(
            f"Time goes to the right, pitch upwards. {line}Each key is drawn by its own probability, a frame at a "
            "time: look whether chords are held and move as those of the piece do."
        ),
        element("p", "From ", name(told["name"]), ".") if told.get("name") else None,
        contents.draw(
            "rolls", figures.rolls(rows, prompt), "Piano rolls: the piece, and what the model made of its beginning"
        ),
    )
    return Section("rolls", "What it plays", body)


def _rival(who: str, scores: Mapping[str, Any], *, text: bool) -> list[str]:
    shown: str = element("b", "boda") if who == "boda" else baseline_words(who)
    ends = ends_of(scores, "nll")
    spread = f"{number(ends[0])} to {number(ends[1])}" if is_interval(ends) else NOTHING
    nats = number(value_of(scores, "nll"))
    if not text:
        return [shown, nats, spread]
    return [shown, short(value_of(scores, "bits")), short(value_of(scores, "perplexity")), nats, spread]


def _spread(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first, the last, and some between, more of the early ones, where most changes."""
    if len(told) <= MOST_SAMPLES:
        return told
    places = np.unique(np.geomspace(1, len(told), MOST_SAMPLES).round().astype(int) - 1)
    return [told[place] for place in places]


def _text(text: str) -> Html:
    cut = text[:MOST_LETTERS]
    shown = "".join(c if c == "\n" or c.isprintable() or c in "\t\u3000" else "\ufffd" for c in cut)
    return element("pre", f"{shown}…" if len(text) > MOST_LETTERS else shown, dir="auto")
