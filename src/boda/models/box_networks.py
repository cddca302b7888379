"""Networks of boxes: a backbone with a small feature pyramid and a head on it, as one flat Keras model.

    1/32 ──1x1──────────────────────> P32 ──3x3──> head
                      │ twice as large
    1/16 ──1x1───────(+)────────────> P16 ──3x3──> head
                      │ twice as large
    1/8  ──1x1───────(+)────────────> P8  ──3x3──> head          (Lin et al., FPN, arXiv 1612.03144)

To detect, the head stands on every map: a box and a score a class for each place (FCOS, arXiv 1904.01355).
To locate, it stands on P16 alone: each place says where the box is, and a softmax over the places whom to believe.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from boda.models.assemble import feature_model
from boda.models.heads import detect, locate
from boda.models.keras_import import import_keras
from boda.models.taps import taps

if TYPE_CHECKING:
    from pathlib import Path

    import keras

RARE = 0.01  # how probable an object is at a place before anything was learned, as in arXiv 1708.02002
LOCATE_TAPS = (16, 32)
ANSWERS = {"locate": ("box", "score", "logits"), "detect": ("boxes", "logits")}


def box_network(
    name: str,
    weights: str | Path | None,
    size: int | None,
    task: str,
    classes: int,
    *,
    channels: int = 64,
    convs: int = 2,
) -> keras.Model:
    """The backbone `name` with a head for `task` on it.

    Args:
        name: a row of `BACKBONES`.
        weights: "pretrained", None for fresh ones, or a weights-only HDF5 file.
        size: side of the pictures, pixels, a multiple of 32; None is the backbone's own.
        task: "locate" or "detect".
        classes: how many there are.
        channels: width of the pyramid and of the head.
        convs: 3x3 convolutions of the head.

    Inputs:
        RGB (n, size, size, 3), float32, 0 to 255.

    Output:
        What `boda.training.box_objectives` learns from. Of "locate" (n, 5) or, with two classes or more,
        (n, 5 + classes): the box as shares of the view, a score (logit of its IoU), and logits of the classes.
        Of "detect" (n, p, 4 + classes): the box of each place, and logits of the classes.
    """
    base = feature_model(name, weights, size)
    side = base.inputs[0].shape[1]
    if task == "locate":
        maps = _pyramid(base, name, LOCATE_TAPS, channels)
        answer = _locate(maps[locate.STRIDES[0]], side, classes, channels, convs)
    else:
        answer = _detect(_pyramid(base, name, detect.STRIDES, channels), side, classes, channels, convs)
    return import_keras().Model(base.input, answer, name=name)


def answering(model: keras.Model, task: str) -> keras.Model:
    """The part of `model` that answers, with an output for each of `ANSWERS`; "logits" only where there are classes.

    A "box" is in 0 to 1 of the view, "boxes" are in its pixels.
    """
    names = [name for name in ANSWERS[task] if any(layer.name == f"box_{name}" for layer in model.layers)]
    outputs = [model.get_layer(f"box_{name}").output for name in names]
    if task == "detect":
        outputs[0] = import_keras().layers.Rescaling(float(model.inputs[0].shape[1]), name="box_pixels")(outputs[0])
    return import_keras().Model(model.input, outputs, name=f"{model.name}_{task}")


def answer_names(task: str, classes: int) -> tuple[str, ...]:
    """The outputs of `answering`, in order."""
    return ("box", "score") if task == "locate" and classes < 2 else ANSWERS[task]


def _pyramid(base: Any, name: str, strides: tuple[int, ...], channels: int) -> dict[int, Any]:
    """Maps of `channels` at each stride, to which what the smaller maps know was added."""
    layers, found, above = import_keras().layers, {}, None
    for stride, layer in sorted(taps(base, name, strides).items(), reverse=True):
        x = layers.Conv2D(channels, 1, name=f"box_lateral_{stride}")(base.get_layer(layer).output)
        if above is not None:
            larger = layers.UpSampling2D(2, name=f"box_larger_{stride}")(above)
            x = layers.Add(name=f"box_join_{stride}")([x, larger])
        found[stride] = above = x
    return found


def _conv(x: Any, channels: int, name: str) -> Any:
    """A 3x3 convolution with ReLU."""
    layers = import_keras().layers
    x = layers.Conv2D(channels, 3, padding="same", kernel_initializer="he_normal", name=name)(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _end(width: int, bias: Any, name: str) -> Any:
    """The last convolution of a branch, which begins with hardly more than its bias (arXiv 1708.02002).

    With larger kernels a fresh head sees objects everywhere, and may never get over it.
    """
    keras = import_keras()
    small = keras.initializers.RandomNormal(stddev=0.01)
    return keras.layers.Conv2D(width, 1, kernel_initializer=small, bias_initializer=bias, name=name)


def _locate(x: Any, side: int, classes: int, channels: int, convs: int) -> Any:
    """The mean box of the places, weighed by a softmax over them; score and class from features weighed alike."""
    from boda.models.box_layers import PlaceBoxes

    layers = import_keras().layers
    x = layers.ReLU(name="box_joined_relu")(x)
    for number in range(convs):
        x = _conv(x, channels, f"box_conv_{number}")
    quarter = import_keras().initializers.Constant(math.log(math.expm1(side / (4 * locate.STRIDES[0]))))
    raw = layers.Reshape((-1, 4), name="box_raw")(_end(4, quarter, "box_sides")(x))
    boxes = PlaceBoxes(side, locate.STRIDES, name="box_places")(raw)
    trust = layers.Reshape((-1, 1), name="box_trust")(_end(1, "zeros", "box_attention")(x))
    weights = layers.Softmax(axis=1, name="box_weights")(trust)
    box = layers.Flatten(name="box_box")(layers.Dot(axes=1, name="box_mean")([weights, boxes]))
    rows = layers.Reshape((-1, channels), name="box_rows")(x)
    seen = layers.Flatten(name="box_seen")(layers.Dot(axes=1, name="box_attended")([weights, rows]))
    parts = [box, layers.Dense(1, name="box_score")(seen)]
    if classes > 1:
        parts.append(layers.Dense(classes, name="box_logits")(seen))
    return layers.Concatenate(name="box_answer")(parts)


def _detect(maps: dict[int, Any], side: int, classes: int, channels: int, convs: int) -> Any:
    """The same head on every map: one branch for the sides of the boxes, one for the classes."""
    from boda.models.box_layers import PlaceBoxes

    keras = import_keras()
    layers = keras.layers
    rare = keras.initializers.Constant(-math.log(1 / RARE - 1))
    ends = {
        "sides": _end(4, keras.initializers.Constant(1.0), "box_sides"),
        "classes": _end(classes, rare, "box_classes"),
    }
    shared = {
        (branch, number): layers.Conv2D(
            channels, 3, padding="same", kernel_initializer="he_normal", name=f"box_{branch}_conv_{number}"
        )
        for branch in ends
        for number in range(convs)
    }
    found: dict[str, list[Any]] = {branch: [] for branch in ends}
    for stride in sorted(maps):
        smooth = _conv(maps[stride], channels, f"box_smooth_{stride}")
        for branch, end in ends.items():
            x = smooth
            for number in range(convs):
                x = layers.ReLU(name=f"box_{branch}_relu_{number}_{stride}")(shared[branch, number](x))
            width = 4 if branch == "sides" else classes
            found[branch].append(layers.Reshape((-1, width), name=f"box_{branch}_rows_{stride}")(end(x)))
    raw = layers.Concatenate(axis=1, name="box_raw")(found["sides"])
    logits = layers.Concatenate(axis=1, name="box_logits")(found["classes"])
    boxes = PlaceBoxes(side, detect.STRIDES, name="box_boxes")(raw)
    return layers.Concatenate(axis=2, name="box_answer")([boxes, logits])
