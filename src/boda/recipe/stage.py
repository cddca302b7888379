"""A stage: which layers thaw, and how they are trained; stages follow one another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from boda.errors import RecipeError
from boda.recipe import toml
from boda.recipe.checks import above_0, one_of, refuse_wrong, whole_from
from boda.recipe.levers import Augment, Levers

PATTERN = re.compile(r"as-is|head|last-[1-9]\d*|all|scratch")
EXPECTED = "as-is, head, last-N (such as last-5), all or scratch"

CHECKS = {
    "thaw": (EXPECTED, lambda value: isinstance(value, str) and PATTERN.fullmatch(value) is not None),
    "layer_decay": ("above 0 and at most 1", lambda value: above_0()[1](value) and value <= 1),
    "batch_norm": one_of("inference", "train"),
    "patience": whole_from(0),
    "clip_norm": ("none or above 0", lambda value: value is None or above_0()[1](value)),
}
USUAL: dict[str, dict[str, Any]] = {  # where another value than the class's is the better start
    "scratch": {"epochs": 60, "batch_norm": "train", "augment": "default"},
    "all": {"learning_rate": 3e-4},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Levers):
    """One stage of a training.

    Args:
        thaw: what is trained beside the head.
            "as-is" trains nothing: the nearest class mean in the space of the features answers;
            "head" trains the head alone, as the recipe's [head] says, and none of the entries below count;
            "last-N" thaws the last N blocks of the backbone (`boda backbones NAME` lists them);
            "all" thaws every layer; "scratch" is the architecture alone, with fresh weights, all of it trained.
        layer_decay: the learning rate of each block is so much that of the block above it; 1 treats all alike.
        batch_norm: "inference" keeps the statistics of BatchNormalization (and its gamma and beta) as they are;
            "train" lets each batch be normalised by its own, and they are learned anew.
        patience: 0 trains all epochs and takes the last, which suits a rate that falls to nothing; with n, training
            stops after n epochs without a better calibrated loss on the inner split, and the best epoch counts.
        clip_norm: gradients longer than this are shortened to it; None leaves them.

    The others are `Levers`; `Stage.usual` fills in what suits each kind.
    """

    PREFIX: ClassVar[str] = "stage."

    thaw: str
    epochs: int = 8
    learning_rate: float = 1e-3
    batch_size: int = 32
    warmup: float = 0.1
    label_smoothing: float = 0.1
    ema: float = 0.97
    augment: Augment = "strong"
    views: int = 9
    layer_decay: float = 0.8
    batch_norm: Literal["inference", "train"] = "inference"
    patience: int = 0
    clip_norm: float | None = None

    def __post_init__(self) -> None:
        """Refuse values out of range, with the field's name."""
        if str(self.clip_norm) == "none":  # TOML has no other way to say it
            object.__setattr__(self, "clip_norm", None)
        Levers.__post_init__(self)
        refuse_wrong(self, CHECKS, self.PREFIX)

    @classmethod
    def usual(cls, thaw: str, **changes: Any) -> Stage:
        """A stage with the entries that usually suit `thaw`, but for `changes`."""
        return cls(**{"thaw": thaw, **USUAL.get(thaw, {}), **changes})

    def entries(self) -> dict[str, Any]:
        """What a recipe's file says of this stage: what thaws first, and no more where nothing else counts."""
        others = toml.entries(self) if self.trains_backbone else {}
        return {"thaw": self.thaw, **{name: value for name, value in others.items() if name != "thaw"}}

    @property
    def trains_backbone(self) -> bool:
        """Whether layers of the backbone change."""
        return self.thaw not in {"as-is", "head"}


def stages_of(words: str, *, boxes: bool = False) -> tuple[Stage, ...]:
    """Stages from their names.

    >>> [stage.thaw for stage in stages_of("head, last-5")]
    ['head', 'last-5']
    """
    return checked(tuple(Stage.usual(word.strip()) for word in words.split(",")), boxes=boxes)


def stage_like(stage: Stage, thaw: str) -> Stage:
    """A stage that thaws other layers as `stage` thaws its own, but for what always suits `thaw`."""
    own = {name: value for name, value in toml.entries(stage).items() if name != "thaw"}
    return Stage(**{**own, **USUAL.get(thaw, {}), "thaw": thaw})


def checked(stages: tuple[Stage, ...], *, boxes: bool = False) -> tuple[Stage, ...]:
    """`stages`, where they make sense after one another; RecipeError says why they do not.

    A head of `boxes` is larger than the layers below it, and learns together with them.
    """
    names = [stage.thaw for stage in stages]
    if not names:
        raise RecipeError("stages must name one or more. Received: none. Use head for the head alone.")
    if "scratch" in names[1:] or ("scratch" in names and names != ["scratch"]):
        raise RecipeError(f"scratch starts from nothing and stands alone. Received: stages={','.join(names)}")
    if set(names[1:]) & {"as-is", "head"}:
        raise RecipeError(f"as-is and head can only come first. Received: stages={','.join(names)}")
    if boxes and names[0] == "as-is":
        raise RecipeError(f"No backbone finds boxes as it is. Received: stages={','.join(names)}. Use last-6")
    if not boxes and names[0] not in {"as-is", "head", "scratch"}:
        raise RecipeError(
            f"The first stage must be head (or as-is, or scratch alone), since thawed layers learn nonsense from a "
            f"head that knows nothing. Received: stages={','.join(names)}. Use --stages head,{','.join(names)}"
        )
    return stages
