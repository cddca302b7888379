"""Strengths: a word such as "default" becomes a pipeline, for those who do not choose steps themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boda.augment.pipeline import Pipeline
from boda.augment.registry import AUGMENTATIONS
from boda.errors import AugmentError

if TYPE_CHECKING:
    from typing import Any

Steps = tuple[tuple[str, dict[str, "Any"]], ...]

MOVED: Steps = (
    ("RandomFlip", {"mode": "horizontal"}),
    ("RandomRotation", {"factor": 0.05}),
    ("RandomZoom", {"height_factor": 0.1}),
    ("RandomTranslation", {"height_factor": 0.1, "width_factor": 0.1}),
)
STRENGTHS: dict[str, Steps] = {
    "none": (),
    "flip": (("RandomFlip", {"mode": "horizontal"}),),
    "light": (
        ("RandomFlip", {"mode": "horizontal"}),
        ("RandomTranslation", {"height_factor": 0.05, "width_factor": 0.05}),
        ("RandomBrightness", {"factor": 0.1}),
    ),
    "default": (*MOVED, ("RandomBrightness", {"factor": 0.2})),
    "strong": (
        ("RandomFlip", {"mode": "horizontal"}),
        ("RandomRotation", {"factor": 0.1}),
        ("RandomZoom", {"height_factor": (-0.4, 0.1)}),
        ("RandomTranslation", {"height_factor": 0.15, "width_factor": 0.15}),
        ("RandomShear", {"x_factor": 0.15, "y_factor": 0.15}),
        (
            "RandomColorJitter",
            {
                "brightness_factor": 0.3,
                "contrast_factor": 0.3,
                "saturation_factor": (0.35, 0.65),
                "hue_factor": 0.05,
            },
        ),
        ("RandomErasing", {"factor": 0.25}),
    ),
}


def pipeline_of_strength(strength: str, seed: int = 0) -> Pipeline:
    """The pipeline that a word means: "none", "flip", "light", "default" (the classic recipe) or "strong".

    Raises:
        AugmentError: the word is another one.

    >>> len(pipeline_of_strength("default").steps)
    5
    """
    if strength not in STRENGTHS:
        raise AugmentError(f"A strength must be one of {', '.join(STRENGTHS)}. Received: {strength!r}.")
    return Pipeline([AUGMENTATIONS[name](**arguments) for name, arguments in STRENGTHS[strength]], seed=seed)
