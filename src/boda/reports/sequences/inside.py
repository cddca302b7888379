"""The report's sections on what is inside the network: states and gates, single units, reach of gradients, saliency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports.page import Html, Section, element, join, name, note, table
from boda.reports.sequences import inside_figures
from boda.reports.sequences.held import inside_of, table_of
from boda.reports.sequences.inside_figures import NAMES
from boda.reports.sequences.strips import strip
from boda.reports.sequences.words import are_words
from boda.reports.words import clean, number, percent, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from boda.reports.contents import Contents

MOST_STATES = 3
MOST_UNITS = 6
BETWEEN = " · "  # two sequences


def saliency_section(contents: Contents) -> Section | None:
    """The surest right and wrong answers, each token on the colour of how strongly it moved the answer."""
    told = [one for one in inside_of(contents).get("saliency") or [] if one.get("tokens")]
    if not told:
        return None
    blocks = [
        (title, [one for one in told if bool(one.get("right")) == right])
        for title, right in (("Right", True), ("Wrong", False))
    ]
    body = join(
        note(
            "The surest answers, right and wrong. The darker a token, the more a small change of it would move the "
            "answer (the norm of the gradient). It shows where the network looks, not why; what is pale may matter too."
        ),
        *(join(element("h3", f"{title} answers"), *map(_salient, some)) for title, some in blocks if some),
    )
    return Section("saliency", "What it looks at", body)


def units_section(contents: Contents) -> Section | None:
    """Single units that follow something with a name, with the text on the colour of the unit's state."""
    told = table_of(inside_of(contents), "units")
    if not told.get("looked_for"):
        return None
    found = (told.get("found") or [])[:MOST_UNITS]
    asked = ", ".join(clean(feature) for feature in told["looked_for"])
    rows = [
        (name(one["words"]), f"{one['unit']}", *(number(one.get(key), 2) for key in ("r_chosen", "r", "r_fresh")))
        for one in told.get("found") or []
    ]
    head = ("what it follows", "unit", "r where chosen", "r on the other half", "|r| of a fresh network")
    body = join(
        note(
            "Some units come to follow one thing that a person can name: an open quotation, the length of a line. Of "
            f"{plural(told.get('tried') or 0, 'unit')} the one that follows best was chosen on one half of the steps; "
            "what is told was measured on the other half, and only where the correlation there is beyond "
            f"{number(told.get('least') or 0.5, 1)} and beyond that of a network that has learned nothing. "
            "The best of many is always good where it was chosen."
        ),
        element("p", f"Looked for: {asked}.", class_="muted"),
        table(head, rows)
        if rows
        else element(
            "p", "No unit follows any of these by itself; what the network knows of them is spread over several."
        ),
        *(_unit(one) for one in found if one.get("tokens")),
    )
    return Section("units", "Units that follow something", body)


def states_section(contents: Contents) -> Section | None:
    """The hidden states of some sequences as heat maps, and the gates of the first."""
    some = [one for one in inside_of(contents).get("states") or [] if one.get("h")][:MOST_STATES]
    if not some:
        return None
    maps = [_state(contents, nth, one) for nth, one in enumerate(some)]
    shown = some[0] if any(key in inside_figures.GATES for key in some[0].get("gates") or {}) else None
    gates = (
        None
        if shown is None
        else join(
            element("h3", "How the gates open and close on the first of them"),
            contents.draw("gates", inside_figures.gates(shown), "Heat maps: gates by step"),
        )
    )
    body = join(
        note(
            "What the top layer remembers after each step. A row is a unit, blue above 0 and orange below; read it "
            "from left to right. Long stripes are memory that is held, columns of many changes are steps that matter."
        ),
        *maps,
        gates,
    )
    return Section("states", "What it remembers", body)


def reach_section(contents: Contents) -> Section | None:
    """How far back the gradient reaches: this network, and fresh ones of each cell."""
    told = table_of(inside_of(contents), "reach")
    if not told.get("own") or not told["own"].get("norms"):
        return None
    steps = told.get("steps") or len(told["own"]["norms"])
    rows = [_reach_row(one, "fresh", steps) for one in told.get("fresh") or []]
    rows.append(_reach_row(told["own"], "trained", steps))
    body = join(
        note(
            "How much of the gradient at the last step reaches each step before it. A straight line down on this scale "
            "is a gradient that vanishes: what lies further back than where it fades cannot be learned from "
            "(Hochreiter 1991; Bengio and others 1994). The fresh networks have as many units and have learned nothing "
            "yet; they say where each cell begins, not how well it learns. A fresh RNN may well reach farthest: its "
            "recurrent matrix begins orthogonal and its units near 0, where tanh is straight; that need not last."
        ),
        contents.draw("reach", inside_figures.reach(told), "Curves: norm of the gradient against steps back"),
        table(
            ("cell", "network", "falls below 1 % after", f"left after {plural(min(10, steps - 1), 'step')}"),
            rows,
            words=2,
        ),
    )
    return Section("reach", "How far back it can learn from", body)


def _salient(one: Mapping[str, Any]) -> Html:
    confidence = "" if one.get("confidence") is None else f" ({percent(one['confidence'], 0)})"
    told: list[str] = [element("b", name(one.get("answer"))), confidence]
    if not one.get("right"):
        told += [", in truth ", name(one.get("truth"))]
    apart = are_words(one["tokens"])
    return join(
        element("p", *told, element("span", "  ", name(one.get("name")), class_="muted")),
        strip(one["tokens"], one["values"], apart=apart),
    )


def _unit(one: Mapping[str, Any]) -> Html:
    """The text on the colour of the unit's state, turned so that blue means more of the feature."""
    states = np.asarray(one["states"], dtype=float)
    around = states - states.mean()
    largest = float(np.abs(around).max(initial=0)) or 1.0
    sign = 1.0 if one["r"] > 0 else -1.0
    apart = are_words(one["tokens"])
    title = element("h3", f"Unit {one['unit']} follows {clean(one['words'])} (r = {number(one['r'], 2)})")
    tokens, values = list(one["tokens"]), (sign * around / largest).tolist()
    for start in sorted(one.get("starts") or [], reverse=True):
        tokens.insert(start, BETWEEN)
        values.insert(start, 0.0)
    return join(title, strip(tokens, values, apart=apart))


def _state(contents: Contents, nth: int, one: Mapping[str, Any]) -> Html:
    told: list[str] = [name(one.get("name"))]
    if one.get("answer"):
        told += [": ", name(one["answer"])]
        told += [" (in truth ", name(one["truth"]), ")"] if one.get("truth") not in {None, one["answer"]} else []
    few = "" if len(one["h"]) >= (one.get("width") or 0) else f", the {len(one['h'])} liveliest of {one['width']} units"
    alt = f"Heat map: hidden states of {clean(one.get('name'))}"
    drawn = contents.draw(f"states_{nth}", inside_figures.states(one), alt)
    return join(element("p", *told, element("span", few, class_="muted")), drawn)


def _reach_row(one: Mapping[str, Any], state: str, steps: int) -> Sequence[str]:
    after = f"{plural(one['faded'], 'step')}" if one.get("faded") is not None else f"not within {steps} steps"
    norms = one["norms"]
    left = f"{100 * norms[min(10, len(norms) - 1)]:.2g}\u202f%"
    return (NAMES.get(one["cell"], clean(one["cell"])), state, after, left)
