"""The recipe of boxes: what stands on the backbone, and what suits each task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from boda.errors import RecipeError
from boda.recipe.checks import one_of, plain_numbers, refuse_wrong, whole_from

if TYPE_CHECKING:
    from collections.abc import Iterable

    from boda.recipe.levers import Levers
    from boda.recipe.stage import Stage

CHECKS = {
    "channels": whole_from(8),
    "convs": whole_from(1),
    "overlap": one_of("iou", "giou", "diou", "ciou"),
}
USUAL: dict[str, dict[str, Any]] = {  # what suits each task, chosen on inner folds
    "locate": {"own": {"size": 224, "resize": "squash"}, "boxes": {"channels": 96}},
    "detect": {"own": {"size": 320, "resize": "letterbox"}, "boxes": {"channels": 64}},
}
UNHEEDED = {"loss": "cross-entropy", "class_weight": None, "patience": 0}
FEW = 160  # pictures, where their number is not known
MANY = 1000  # pictures from which on deeper layers have enough to learn from
RATE, RATE_OF_MANY = 1e-3, 4e-3
THAW, THAW_OF_MANY = "last-6", "last-12"  # of EfficientNet-Lite0 what lies above 1/16 and above 1/8 of the picture


def usual_levers(task: str, pictures: int | None = None) -> dict[str, Any]:
    """How layers are trained for `task` with so many pictures to learn from, so that it takes minutes on two cores.

    From `MANY` pictures on the learning rate of a detector is four times as high.

    >>> usual_levers("detect", 2000)["epochs"], usual_levers("detect", 160)["epochs"]
    (9, 14)
    """
    n = pictures or FEW
    if task == "locate":
        return {
            "epochs": _between(8, 6400 // n, 40),
            "views": _between(3, 2000 // n, 12),
            "batch_size": 16,
            "ema": 0.97,
        }
    return {
        "epochs": _between(6, 18000 // n, 14),
        "views": _between(2, 4000 // n, 8),
        "batch_size": 8,
        "ema": 0.99,
        "learning_rate": RATE if n < MANY else RATE_OF_MANY,
        "mix_alpha": 1.5,  # both pictures show, whose boxes are both asked for (Zhang et al., arXiv 1902.04103)
    }


def usual_thaw(pictures: int | None = None) -> str:
    """What thaws with so many pictures to learn from."""
    return THAW if (pictures or FEW) < MANY else THAW_OF_MANY


def _between(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))


def refuse_what_boxes_lack(stages: tuple[Stage, ...]) -> None:
    """Refuse entries of a stage that a network of boxes would not heed."""
    for stage in stages:
        for name, plain in UNHEEDED.items():
            if getattr(stage, name) != plain:
                raise RecipeError(
                    f"{stage.thaw}.{name} has no meaning for boxes. Received: {getattr(stage, name)!r}. Leave it out."
                )


def refuse_mix_of_one(task: str, levers: Iterable[Levers]) -> None:
    """Refuse to mix pictures with one box each, since what comes of it has several."""
    mixed = [one for one in levers if one.mix != "none"]
    if task == "locate" and mixed:
        raise RecipeError(
            f"{mixed[0].PREFIX}mix puts several boxes into a picture, and locate answers with one. "
            f"Received: {mixed[0].mix!r}. Leave it out, or use --task detect."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxRecipe:
    """How boxes are found.

    Args:
        channels: width of the feature pyramid and of the head.
        convs: 3x3 convolutions of the head.
        overlap: what the boxes are drawn to: "iou", "giou" (Rezatofighi et al., arXiv 1902.09630), "diou" or "ciou"
            (Zheng et al., arXiv 1911.08287).
    """

    PREFIX: ClassVar[str] = "boxes."

    channels: int = 64
    convs: int = 2
    overlap: Literal["iou", "giou", "diou", "ciou"] = "giou"

    def __post_init__(self) -> None:
        """Refuse values out of range, with the field's name."""
        plain_numbers(self)
        refuse_wrong(self, CHECKS, self.PREFIX)
