"""Why a network answers as it does: where it looks, what happens when that is covered, which pictures it knows.

`training_part` is imported by its own name: it needs the cache and what lies below, which costs start-up time.
"""

from __future__ import annotations

from boda.explain.activation import activation_map, evidence
from boda.explain.agreement import agreement, rank_correlation
from boda.explain.explanation import Explanation, explain_picture
from boda.explain.keras_model import grad_cam
from boda.explain.neighbours import Neighbour, Neighbours, write_neighbours
from boda.explain.occlusion import Occlusion, occlude
from boda.explain.overlay import overlay, seen_box, thumbnail, to_jpeg
from boda.explain.pictures import explain

__all__ = [
    "Explanation",
    "Neighbour",
    "Neighbours",
    "Occlusion",
    "activation_map",
    "agreement",
    "evidence",
    "explain",
    "explain_picture",
    "grad_cam",
    "occlude",
    "overlay",
    "rank_correlation",
    "seen_box",
    "thumbnail",
    "to_jpeg",
    "write_neighbours",
]
