"""Levers: how layers are trained, whichever they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from boda.errors import RecipeError
from boda.recipe.checks import above_0, from_0, is_number, one_of, plain_numbers, refuse_wrong, share, whole_from

if TYPE_CHECKING:
    from collections.abc import Iterable

Optimizer = Literal["auto", "sgd", "nesterov", "adam", "adamw", "nadam", "adamax", "rmsprop", "lion", "adagrad", "lamb"]
Schedule = Literal["constant", "step", "exponential", "cosine", "one-cycle", "plateau"]
Augment = Literal["none", "flip", "light", "default", "unmirrored", "strong", "own"]
OPTIMIZERS = ("auto", "sgd", "nesterov", "adam", "adamw", "nadam", "adamax", "rmsprop", "lion", "adagrad", "lamb")
SCHEDULES = ("constant", "step", "exponential", "cosine", "one-cycle", "plateau")
MIXES = {"classes": ("none", "mixup", "cutmix"), "boxes": ("none", "mosaic", "mixup")}
STRENGTHS = ("none", "flip", "light", "default", "unmirrored", "strong", "own")

CHECKS = {
    "epochs": whole_from(1),
    "learning_rate": above_0(),
    "batch_size": whole_from(1),
    "optimizer": one_of(*OPTIMIZERS),
    "momentum": share(),
    "schedule": one_of(*SCHEDULES),
    "warmup": share(),
    "weight_decay": ("'auto' or a number from 0", lambda value: value == "auto" or (is_number(value) and value >= 0)),
    "label_smoothing": share(),
    "class_weight": one_of("balanced", None),
    "loss": one_of("cross-entropy", "focal"),
    "focal_gamma": from_0(),
    "ema": share(),
    "mix": one_of(*dict.fromkeys((*MIXES["classes"], *MIXES["boxes"]))),
    "mix_alpha": above_0(),
    "augment": one_of(*STRENGTHS),
    "views": whole_from(1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Levers:
    """How layers are trained.

    Args:
        epochs: passes over the training part, at most.
        learning_rate: the highest one of the schedule.
        batch_size: pictures a step.
        optimizer: "auto" (an exact solution where the head is linear, else AdamW), or the name of a Keras optimizer.
        momentum: of "sgd", "nesterov" and "rmsprop", 0 to below 1.
        schedule: how the rate falls: "constant"; "step" (to a tenth at a half and at three quarters); "exponential"
            (evenly, to a hundredth); "cosine" (to 0); "one-cycle" (up for three tenths, then down; Smith and Topin,
            arXiv 1708.07120); "plateau" (halved when the inner loss no longer falls).
        warmup: share of the steps in which the rate rises from 0, 0 to below 1.
        weight_decay: strength of the pull towards 0; "auto" chooses it by cross-validation inside the training part
            for a head that is solved exactly; elsewhere it is 1e-4, and none for "adam", which else would be "adamw".
            A head that Keras trains needs no more: its last layer starts at 0, and in its epochs stays near it.
        label_smoothing: weight given to the uniform answer, 0 to below 1.
        class_weight: "balanced" weighs classes by the inverse of how often they occur; None weighs all alike.
        loss: "cross-entropy", or "focal", which weighs easy pictures less (Lin et al., arXiv 1708.02002).
        focal_gamma: how much less.
        ema: momentum of a moving average of the weights, which then answers; 0 takes the weights themselves.
        mix: "mixup" (arXiv 1710.09412) or "cutmix" (arXiv 1905.04899) blends pairs of samples, "mosaic" (arXiv
            2004.10934) sets four together; "none" does not. Classes know the first two, many boxes the first and last.
        mix_alpha: the first two draw their share from Beta(alpha, alpha).
        augment: how strongly pictures are varied: "none", "flip", "light", "default", "unmirrored" (for what a mirror
            makes another thing), "strong", or "own", the pipeline in the recipe's table [augmentation].
        views: how many variants of each picture there are, the picture itself among them; they are computed once.
    """

    PREFIX: ClassVar[str] = ""

    epochs: int = 60
    learning_rate: float = 1e-3
    batch_size: int = 64
    optimizer: Optimizer = "auto"
    momentum: float = 0.9
    schedule: Schedule = "cosine"
    warmup: float = 0.0
    weight_decay: float | Literal["auto"] = "auto"
    label_smoothing: float = 0.0
    class_weight: Literal["balanced"] | None = None
    loss: Literal["cross-entropy", "focal"] = "cross-entropy"
    focal_gamma: float = 2.0
    ema: float = 0.0
    mix: Literal["none", "mixup", "cutmix", "mosaic"] = "none"
    mix_alpha: float = 0.2
    augment: Augment = "none"
    views: int = 5

    def __post_init__(self) -> None:
        """Refuse values out of range, with the field's name."""
        plain_numbers(self)
        if str(self.class_weight) == "none":  # TOML has no other way to say it
            object.__setattr__(self, "class_weight", None)
        refuse_wrong(self, CHECKS, self.PREFIX)


def refuse_other_mixes(levers: Iterable[Levers], *, boxes: bool) -> None:
    """Refuse a mix that only makes sense of the other kind of answer."""
    kind = "boxes" if boxes else "classes"
    for one in levers:
        if one.mix not in MIXES[kind]:
            raise RecipeError(
                f"{one.PREFIX}mix of {kind} must be one of {', '.join(MIXES[kind])}. Received: {one.mix!r}"
            )
