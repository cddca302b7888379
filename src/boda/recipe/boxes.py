"""The recipe of boxes: what stands on the backbone, and what suits each task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from boda.recipe.checks import one_of, plain_numbers, refuse_wrong, whole_from

CHECKS = {
    "channels": whole_from(8),
    "convs": whole_from(1),
    "overlap": one_of("iou", "giou", "diou", "ciou"),
}
USUAL: dict[str, dict[str, Any]] = {  # what suits each task, chosen on inner folds
    "locate": {
        "own": {"size": 224, "resize": "squash"},
        "boxes": {"channels": 96},
        "stage": {"epochs": 40, "batch_size": 16, "views": 12, "ema": 0.97},
    },
    "detect": {
        "own": {"size": 320, "resize": "letterbox"},
        "boxes": {"channels": 64},
        "stage": {"epochs": 30, "batch_size": 16, "views": 8, "ema": 0.99},
    },
}
THAW = "last-6"  # of EfficientNet-Lite0 all that is below 1/16 of the picture


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
