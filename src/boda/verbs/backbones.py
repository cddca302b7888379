"""`boda backbones`: the table of pretrained networks, and one network's blocks and cuts."""

from __future__ import annotations

from typing import Any

from boda.models.backbones import BACKBONES, Backbone, get
from boda.models.download import cached


def backbones(name: str | None = None) -> list[Backbone]:
    """All rows of the table, or the one called `name`.

    Raises:
        RecipeError: there is no such network; it names the nearest.
    """
    return [get(name)] if name else list(BACKBONES.values())


def is_here(row: Backbone) -> str:
    """Where the weights of `row` are: "embedded", "here", or "to download"."""
    if row.weights is None:
        return "embedded"
    return "here" if cached(row.weights).exists() else "to download"


def blocks(row: Backbone) -> list[dict[str, Any]]:
    """The blocks of `row` in order, as {"name", "cut", "output" (h, w, c), "parameters"}; this builds the network."""
    from boda.models.assemble import build_backbone

    model = build_backbone(row.name, None)
    found: list[dict[str, Any]] = []
    ends = {last: name for name, last in row.blocks}
    parameters = 0
    for layer in model.layers:
        parameters += layer.count_params()
        if layer.name in ends:
            shape = list(layer.output.shape[1:])
            found.append({"name": ends[layer.name], "cut": layer.name, "output": shape, "parameters": parameters})
            parameters = 0
    return found
