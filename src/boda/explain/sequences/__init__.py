"""Why a network of sequences answers as it does: its states, what single units follow, and how far gradients reach."""

from __future__ import annotations

from boda.explain.sequences.inside import inspect, rolls, saliency
from boda.explain.sequences.reach import reach
from boda.explain.sequences.specimen import Network, Specimen
from boda.explain.sequences.states import states
from boda.explain.sequences.units import units

__all__ = ["Network", "Specimen", "inspect", "reach", "rolls", "saliency", "states", "units"]
