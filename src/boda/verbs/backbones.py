"""`boda backbones`: the table of pretrained networks, and one network's blocks and cuts."""

from __future__ import annotations

from boda.models.backbones import BACKBONES, Backbone, get


def backbones(name: str | None = None) -> list[Backbone]:
    """All rows of the table, or the one called `name`.

    Raises:
        RecipeError: there is no such network; it names the nearest.
    """
    return [get(name)] if name else list(BACKBONES.values())
