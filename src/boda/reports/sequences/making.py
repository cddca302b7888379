"""The report's sections on the making: recipe, network and versions, and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.reports.about_making import repeating_section, spent_section
from boda.reports.page import Section, element, join
from boda.reports.sequences.inside_figures import NAMES
from boda.reports.words import clean, plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boda.reports.contents import Contents

STEPS = {
    "read": "reading the data",
    "train": "training",
    "baselines": "baselines",
    "measure": "answering on what was held out",
    "inside": "looking inside",
    "explain": "looking inside",
    "report": "this report",
}
HEADS = {
    "last": "answers from the last step",
    "mean": "answers from the mean of all steps",
    "max": "answers from the largest of all steps",
    "each": "answers at each step",
}


def recipe_section(contents: Contents) -> Section | None:
    """The recipe, the network and the versions."""
    sentence = network_sentence(_plan(contents))
    return repeating_section(contents, join(element("h3", "Network"), element("p", sentence)) if sentence else None)


def time_section(contents: Contents) -> Section | None:
    """Seconds spent a step, as bars."""
    return spent_section(contents, STEPS)


def network_sentence(plan: Mapping[str, Any]) -> str:
    """What the network is made of, in one sentence.

    >>> layer = {"cell": "lstm", "units": 128, "bidirectional": True}
    >>> network_sentence({"input": {"kind": "ids", "size": 60, "embedding": 32}, "layers": [layer]})
    '60 tokens, embedded in 32 numbers; LSTM of 128 units, from both ends.'
    """
    if not plan.get("layers"):
        return ""
    pieces = [_input_words(plan.get("input") or {}), *map(_layer_words, plan["layers"])]
    head, decoder = plan.get("head") or {}, plan.get("decoder") or {}
    if decoder:
        writes = ", ".join(map(_layer_words, decoder.get("layers") or []))
        pieces.append(f"written by {writes}{', which looks back at the source' if decoder.get('attention') else ''}")
    if head:
        pieces.append(
            f"{HEADS.get(str(head.get('kind')), clean(head.get('kind')))}: {plural(head['outputs'], 'output')}"
        )
    return "; ".join(pieces) + "."


def _input_words(given: Mapping[str, Any]) -> str:
    if given.get("kind") == "numbers":
        return f"{plural(given.get('size') or 0, 'number')} a step"
    into = f"embedded in {given['embedding']} numbers" if given.get("embedding") else "one-hot"
    return f"{plural(given.get('size') or 0, 'token')}, {into}"


def _layer_words(layer: Mapping[str, Any]) -> str:
    extras = [
        words
        for key, words in (("bidirectional", "from both ends"), ("layer_norm", "normalised"), ("residual", "added"))
        if layer.get(key)
    ]
    return ", ".join([f"{NAMES.get(layer['cell'], clean(layer['cell']))} of {layer['units']} units", *extras])


def _plan(contents: Contents) -> dict[str, Any]:
    name = "model/network.json"
    found = contents.run.read_json(name) if contents.run.has(name) else {}
    return found if isinstance(found, dict) else {}
