"""The table of rungs: what is tried on everybody's pictures, with words and a first guess of what each is worth.

The guesses of gain only order the rungs where time is short; no verdict depends on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.models import backbones
from boda.training.rungs import BASE, Rung

if TYPE_CHECKING:
    from boda.recipe import Recipe

UNBALANCED = 1.5  # times as many pictures in the largest class as in the smallest


def _head(name: str, title: str, change: dict[str, Any], does: str, when: str, gain: float = 0.002) -> Rung:
    return Rung(name=name, title=title, kind="head", change=change, does=does, when=when, gain=gain)


HEADS = (
    _head(
        "dropout",
        "Dropout in the head",
        {"head.dropout": 0.3},
        "Drops three of ten features at random in each step, so that no single one is relied upon.",
        "Few pictures, many features, and a training accuracy far above the one on unseen pictures.",
    ),
    _head(
        "hidden",
        "A hidden layer with Dropout",
        {"head.hidden": 256, "head.dropout": 0.3},
        "Puts 256 units between the features and the answer, so that classes need not be parted by straight borders.",
        "Many pictures, and classes that consist of several kinds; with few pictures it mostly overfits.",
        0.004,
    ),
    _head(
        "batch-norm",
        "BatchNormalization in the head",
        {"head.batch_norm": True},
        "Normalises the features by each batch's own mean and spread.",
        "Deep heads that learn slowly; before a single dense layer little is left for it to do.",
    ),
    _head(
        "smoothing",
        "Label smoothing",
        {"head.label_smoothing": 0.1},
        "Asks for nine tenths of certainty instead of all of it.",
        "Some labels are wrong, or classes overlap; it can also blur the confidence.",
    ),
    _head(
        "class-weights",
        "Class weights",
        {"head.class_weight": "balanced"},
        "Lets pictures of rare classes count more, so that each class weighs the same.",
        "Classes of very different size, and rare ones that matter; the accuracy over all may fall.",
    ),
    _head(
        "focal",
        "Focal loss",
        {"head.loss": "focal"},
        "Weighs pictures less the surer the answer on them is already.",
        "Very unbalanced classes with many easy pictures; else it mostly changes the confidence.",
        0.0,
    ),
    _head(
        "mixup",
        "MixUp of features",
        {"head.mix": "mixup"},
        "Trains on blends of two pictures' features with blended labels.",
        "Few pictures and overconfident answers.",
        0.003,
    ),
    _head(
        "ema",
        "A moving average of the weights",
        {"head.ema": 0.99},
        "Answers with the average of the weights of the last steps.",
        "Noisy training: small batches, or a learning rate that stays high.",
    ),
    _head(
        "adamw",
        "AdamW instead of the exact solution",
        {"head.optimizer": "adamw"},
        "Trains the head in small steps with decoupled weight decay, as levers are that no exact solution knows.",
        "It shows what the optimizer alone changes, which is hardly anything for a linear head.",
        0.0,
    ),
    _head(
        "adam",
        "Adam",
        {"head.optimizer": "adam"},
        "Trains the head in steps that adapt to each weight.",
        "A safe first choice for deep heads; a linear head that is solved exactly seldom gains.",
        0.0,
    ),
    _head(
        "nesterov",
        "SGD with Nesterov momentum",
        {"head.optimizer": "nesterov", "head.learning_rate": 0.01},
        "Trains the head by plain gradient steps with momentum that looks ahead.",
        "Long trainings; it often ends in flatter minima than Adam, but needs a well-chosen rate.",
        0.0,
    ),
    _head(
        "constant-rate",
        "No decay of the learning rate",
        {"head.optimizer": "adamw", "head.schedule": "constant"},
        "Keeps the learning rate of AdamW as high as it began.",
        "Hardly ever; it shows what the decay of the rate is worth (compare it with the rung adamw).",
        0.0,
    ),
)


def _varied(name: str, title: str, strength: str, does: str, gain: float) -> Rung:
    when = "Few pictures, and variation that new pictures will show too; not where direction or colour is the class."
    return Rung(
        name=name, title=title, kind="augment", change={"head.augment": strength}, does=does, when=when, gain=gain
    )


AUGMENTS = (
    _varied("flip", "Mirrored pictures", "flip", "The head also learns from pictures mirrored left to right.", 0.004),
    _varied(
        "augment",
        "Varied pictures",
        "default",
        "The head also learns from pictures that are mirrored, turned, zoomed, shifted and lit a little differently.",
        0.005,
    ),
    _varied(
        "augment-strong",
        "Strongly varied pictures",
        "strong",
        "As varied pictures, but more so, with colours changed and patches erased.",
        0.003,
    ),
)


def standard(base: Recipe, targets: np.ndarray, classes: int) -> tuple[Rung, ...]:
    """The rungs that make sense for these pictures, the base first.

    Args:
        base: what they change.
        targets: (n,) class indices, or (n, classes) of 0 and 1.
        classes: how many there are.
    """
    first = Rung(name=BASE, title="A head on frozen weights", kind="base", does=BASE_DOES, when=BASE_WHEN)
    as_is = () if targets.ndim == 2 else (AS_IS,)
    heads = [rung for rung in HEADS if rung.name != "class-weights" or _is_unbalanced(targets, classes)]
    every = (first, *as_is, *heads, *AUGMENTS, *_views(base), *_thaws(base), SCRATCH)
    return tuple(rung for rung in every if rung.kind in {"base", "thaw", "scratch"} or rung.recipe(base) != base)


BASE_DOES = "Keeps the pretrained network as it is, and trains one layer on top of its features."
BASE_WHEN = "Always a good first step: seconds of work, and hard to beat with few pictures."
AS_IS = Rung(
    name="as-is",
    title="As it is: nearest class mean",
    kind="as-is",
    change={"stages": "as-is"},
    does="Trains nothing: a picture gets the class whose mean of features is nearest.",
    when="One or two pictures a class; it shows what the features are worth before any training.",
    gain=-0.02,
)
SCRATCH = Rung(
    name="scratch",
    title="The architecture alone",
    kind="scratch",
    change={"stages": "scratch"},
    does="Forgets the pretrained weights and trains every layer from a fresh start.",
    when="Many thousands of pictures unlike photographs; with few it shows what pretraining is worth.",
    gain=-0.3,
)


def _views(base: Recipe) -> tuple[Rung, ...]:
    """Crop against squash, and the sizes next to the one that is used."""
    side = backbones.side(base.backbone, base.size)
    smaller, larger = (round(side * factor / 32) * 32 for factor in (0.7, 1.3))
    other = "squash" if base.resize == "crop" else "crop"
    does = {
        "crop": "Keeps the picture's proportions and cuts off what lies outside of the middle square.",
        "squash": "Shows the network the whole picture, squeezed into a square.",
    }
    return (
        _view(other, f"Resize by {other}", {"resize": other}, does[other], VIEW_WHEN[other], 0.003),
        _view(
            "smaller",
            f"Smaller pictures: {smaller} pixels",
            {"size": max(32, smaller)},
            f"Shows the network pictures of {smaller} instead of {side} pixels: about {(smaller / side) ** 2:.0%} of "
            "the cost.",
            "Objects that fill the picture, where speed counts.",
            -0.01,
        ),
        _view(
            "larger",
            f"Larger pictures: {larger} pixels",
            {"size": min(1024, larger)},
            f"Shows the network pictures of {larger} instead of {side} pixels, so that small things stay visible.",
            "Small objects or fine texture, and photographs that are larger than that.",
            0.008,
        ),
    )


VIEW_WHEN = {
    "crop": "Things in the middle whose shape matters; not where they reach to the borders.",
    "squash": "Things that reach to the borders of the picture.",
}


def _view(name: str, title: str, change: dict[str, Any], does: str, when: str, gain: float) -> Rung:
    return Rung(name=name, title=title, kind="view", change=change, does=does, when=when, gain=gain)


def _thaws(base: Recipe) -> tuple[Rung, ...]:
    """The last 1, 3, 5 and 8 blocks, where the backbone has more, and all of it."""
    blocks = len(backbones.get(base.backbone).blocks)
    counts = [(1, 0.006), (3, 0.015), (5, 0.03), (8, 0.03)]
    some = [_thaw(f"last-{n}", _blocks(n), gain) for n, gain in counts if n < blocks]
    return (*some, _thaw("all", "Every layer thawed", 0.03))


def _blocks(n: int) -> str:
    return "The last block thawed" if n == 1 else f"The last {n} blocks thawed"


def _thaw(thaw: str, title: str, gain: float) -> Rung:
    deep = thaw in {"all", "last-8"}
    return Rung(
        name=thaw,
        title=title,
        kind="thaw",
        change={"stages": f"head,{thaw}"},
        does="After the head, trains these layers too, gently, on varied pictures; what lies below stays as it is.",
        when="Many pictures, or pictures unlike photographs." if deep else "Some hundred pictures or more.",
        gain=gain,
    )


def _is_unbalanced(targets: np.ndarray, classes: int) -> bool:
    counts = np.bincount(targets, minlength=classes) if targets.ndim == 1 else targets.sum(axis=0)
    return bool(counts.max() >= UNBALANCED * max(counts.min(), 1))
