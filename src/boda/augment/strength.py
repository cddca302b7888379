"""Strengths: a word such as "default" becomes a pipeline, for those who do not choose steps themselves."""

from __future__ import annotations

from typing import Any

from boda.augment.pipeline import Pipeline
from boda.augment.registry import AUGMENTATIONS
from boda.errors import AugmentError

Steps = tuple[tuple[str, dict[str, Any]], ...]

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
    "unmirrored": (*MOVED[1:], ("RandomBrightness", {"factor": 0.2})),
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
JITTER: Steps = (
    (
        "RandomColorJitter",
        {"brightness_factor": 0.3, "contrast_factor": 0.3, "saturation_factor": (0.35, 0.65), "hue_factor": 0.05},
    ),
)
GREY: dict[str, Any] = {"fill_mode": "constant", "fill_value": 114.0}  # a mirror would show objects that have no box
BOX_STRENGTHS: dict[str, Steps] = {  # little turns and nothing shears, since a box around what was turned is loose
    "none": (),
    "flip": (("RandomFlip", {"mode": "horizontal"}),),
    "light": (
        ("RandomFlip", {"mode": "horizontal"}),
        ("RandomZoom", {"height_factor": 0.1, "width_factor": 0.1, **GREY}),
        ("RandomTranslation", {"height_factor": 0.1, "width_factor": 0.1, **GREY}),
        ("RandomBrightness", {"factor": 0.1}),
    ),
    "default": (
        ("RandomFlip", {"mode": "horizontal"}),
        ("RandomZoom", {"height_factor": 0.4, "width_factor": 0.4, **GREY}),
        ("RandomTranslation", {"height_factor": 0.2, "width_factor": 0.2, **GREY}),
        *JITTER,
    ),
    "unmirrored": (
        ("RandomZoom", {"height_factor": 0.25, "width_factor": 0.25, **GREY}),
        ("RandomTranslation", {"height_factor": 0.1, "width_factor": 0.1, **GREY}),
        *JITTER,
    ),
    "strong": (
        ("RandomFlip", {"mode": "horizontal"}),
        ("RandomRotation", {"factor": 0.03, **GREY}),
        ("RandomZoom", {"height_factor": 0.5, "width_factor": 0.5, **GREY}),
        ("RandomTranslation", {"height_factor": 0.25, "width_factor": 0.25, **GREY}),
        *JITTER,
        ("RandomErasing", {"factor": 0.25}),
    ),
}


def pipeline_of_strength(strength: str, seed: int = 0, *, boxes: bool = False) -> Pipeline:
    """The pipeline that a word means: "none", "flip", "light", "default" (the classic one), "unmirrored" or "strong".

    "unmirrored" is the default for what a mirror makes another thing, such as digits and letters.
    With `boxes` it is a pipeline that leaves boxes tight.

    Raises:
        AugmentError: the word is another one.

    >>> len(pipeline_of_strength("default").steps)
    5
    """
    known = BOX_STRENGTHS if boxes else STRENGTHS
    if strength not in known:
        raise AugmentError(f"A strength must be one of {', '.join(known)}. Received: {strength!r}.")
    return Pipeline([AUGMENTATIONS[name](**arguments) for name, arguments in known[strength]], seed=seed)
