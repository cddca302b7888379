"""Explanation: one picture and one class, to what speaks for it, by gradient, by covering and by likeness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.explain.activation import to_heat
from boda.explain.agreement import agreement, verdict
from boda.explain.occlusion import occlude
from boda.explain.overlay import seen_box, thumbnail

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from boda.data.view import View
    from boda.explain.activation import Looker
    from boda.explain.neighbours import Neighbour, Neighbours
    from boda.sample import Sample

PICTURE_SIDE = 320


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Why a Run gives a picture the class `label`.

    Attributes:
        path: the picture's file, or its number in brackets.
        label: the class that is explained: the most probable one, or the one that was asked for.
        probability: of `label`, calibrated.
        is_answer: whether `label` is the most probable class.
        picture: (h, w, 3) uint8, within 320 x 320.
        box: the region of `picture` that the network sees, xyxy pixels.
        heat: (h, w) Grad-CAM, 0 to 1.
        falls: (grid, grid) by how much the logit of `label` falls with a grey window around each place.
        least: the least probability of `label` under any window.
        then: the most probable class under that window.
        agreement: rank correlation of both maps, -1 to 1; None where one is flat.
        neighbours: the nearest training pictures, the nearest first; none where they are not known.
        error: why the picture could not be read; then the rest is empty.
        sheet: the PNG that was written.
    """

    path: str
    label: str = ""
    probability: float = 0.0
    is_answer: bool = True
    picture: np.ndarray | None = None
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
    heat: np.ndarray | None = None
    falls: np.ndarray | None = None
    least: float = 0.0
    then: str = ""
    agreement: float | None = None
    neighbours: tuple[Neighbour, ...] = ()
    error: str | None = None
    sheet: Path | None = None

    @property
    def covered(self) -> np.ndarray:
        """The falls as heat (grid, grid), 0 to 1; what the class gains where it is covered counts as 0."""
        return to_heat(np.zeros((1, 1)) if self.falls is None else self.falls)

    def to_json(self) -> dict[str, Any]:
        """As JSON: `path` and `error`, or the class, its probability, both maps, their agreement, the neighbours."""
        if self.error is not None or self.heat is None or self.falls is None:
            return {"path": self.path, "error": self.error}
        return {
            "path": self.path,
            "label": self.label,
            "probability": round(self.probability, 6),
            "is_answer": self.is_answer,
            "grad_cam": np.round(self.heat.astype(float), 4).tolist(),
            "occlusion": np.round(self.falls.astype(float), 4).tolist(),
            "least_probability": round(self.least, 6),
            "then": self.then,
            "agreement": None if self.agreement is None else round(self.agreement, 4),
            "verdict": verdict(self.agreement),
            "neighbours": [
                {"name": n.name, "label": n.label, "similarity": round(n.similarity, 4)} for n in self.neighbours
            ],
            "sheet": None if self.sheet is None else str(self.sheet),
        }


def explain_picture(
    sample: Sample,
    looker: Looker,
    view: View,
    classes: Sequence[str],
    probabilities: Callable[[np.ndarray], np.ndarray],
    *,
    output: int | None = None,
    neighbours: Neighbours | None = None,
    count: int = 5,
) -> Explanation:
    """Say why the network sees a class in `sample`.

    Args:
        sample: a picture.
        looker: the Run's network.
        view: how it looks at pictures.
        classes: in the order of its outputs.
        probabilities: from logits (n, classes), calibrated.
        output: index of the class to explain; by default the most probable one.
        neighbours: the training part, where it is known.
        count: how many of it are given.

    Raises:
        ImageError: the picture cannot be read.
    """
    pixels = view.pixels(sample)
    reaction = looker.react([pixels])
    answer = int(reaction.logits[0].argmax())
    chosen = answer if output is None else output
    (speaks,) = looker.evidence(reaction, np.array([chosen]))
    seen = occlude(looker.logits, pixels, chosen)
    under = probabilities(seen.logits.reshape(-1, len(classes)))
    worst = int(under[:, chosen].argmin())
    picture = thumbnail(sample, PICTURE_SIDE)
    return Explanation(
        path=sample.name,
        label=classes[chosen],
        probability=float(probabilities(reaction.logits)[0, chosen]),
        is_answer=chosen == answer,
        picture=picture,
        box=seen_box(picture, view),
        heat=to_heat(speaks),
        falls=seen.falls,
        least=float(under[worst, chosen]),
        then=classes[int(under[worst].argmax())],
        agreement=agreement(speaks, seen.falls),
        neighbours=() if neighbours is None else neighbours.nearest(reaction.pooled, count)[0],
    )
