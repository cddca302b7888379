"""A row of the table of backbones, and where its weights are, to a flat Keras model that takes raw RGB."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boda.models.backbones import Backbone, ScalingMode, get, side
from boda.models.download import fetch
from boda.models.keras_import import import_keras
from boda.models.weights_file import load_weights_file

if TYPE_CHECKING:
    import keras

PRETRAINED = "pretrained"
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
IMAGENET_MEAN_BGR = (103.939, 116.779, 123.68)


def feature_model(name: str, weights: str | Path | None = PRETRAINED, size: int | None = None) -> keras.Model:
    """The backbone `name` with two outputs: the map (n, h, w, c) and `pooled` (n, c), its mean over h and w.

    Args:
        name: a row of `BACKBONES`.
        weights: "pretrained", None for fresh ones, or a weights-only HDF5 file of the network without its top.
        size: side of the pictures, pixels, 32 to 1024; None is the backbone's own. The weights do not depend on it.

    Inputs:
        RGB (n, size, size, 3), float32, 0 to 255; the scaling is inside.

    Raises:
        RecipeError: there is no such backbone or size.
        WeightsError: the weights are not here and cannot be had, or are another network's.
    """
    base = build_backbone(name, weights, size)
    keras = import_keras()
    pooled = keras.layers.GlobalAveragePooling2D(name="pooled")(base.output)
    return keras.Model(base.input, [base.output, pooled], name=name)


def build_classifier_as_is(name: str, weights: str | Path | None = PRETRAINED, size: int | None = None) -> keras.Model:
    """The whole network `name` with its 1000 ImageNet classes; the output is logits (n, 1000)."""
    return build_backbone(name, weights, size, include_top=True)


def build_backbone(
    name: str, weights: str | Path | None = PRETRAINED, size: int | None = None, *, include_top: bool = False
) -> keras.Model:
    """The network `name`, flat, from raw RGB to its map, or with `include_top` to logits (n, 1000).

    `size` is the side of the pictures, pixels, 32 to 1024; None is the backbone's own.
    """
    row, size = get(name), side(name, size)
    file = _weights_file(row, weights, include_top=include_top)  # first, since Keras takes seconds to load
    model = _architecture(row, size, include_top=include_top)
    if file is not None:
        load_weights_file(model, file)
    elif weights is not None:
        _family(row).load_embedded_weights(model)
    return model


def _weights_file(row: Backbone, weights: str | Path | None, *, include_top: bool) -> Path | None:
    """The file to load; None for fresh weights and for those that come with a package."""
    if weights is None or (weights == PRETRAINED and row.embedded):
        return None
    return fetch(row, include_top=include_top) if weights == PRETRAINED else Path(weights)


def _architecture(row: Backbone, size: int, *, include_top: bool) -> keras.Model:
    keras = import_keras()
    image = keras.Input((size, size, 3), name="image")
    scaled = _scaled(image, row.scaling)
    if row.builder.startswith("boda."):
        return _family(row).build(include_top, image, scaled)
    build = getattr(keras.applications, row.builder.rsplit(".", 1)[-1])
    options: dict[str, Any] = {"classifier_activation": None} if include_top else {}
    if row.builder.endswith(("V3Small", "V3Large", "V2B0")):
        options["include_preprocessing"] = False
    model = build(include_top=include_top, weights=None, input_tensor=scaled, input_shape=(size, size, 3), **options)
    _number_unnamed_operations(model)
    return keras.Model(image, model.output, name=row.name)


def _family(row: Backbone) -> Any:
    return importlib.import_module(row.builder)


def _scaled(image: Any, mode: ScalingMode) -> Any:
    """The network's own scaling of RGB 0 to 255, in ordinary layers."""
    rescaling = import_keras().layers.Rescaling
    if mode == "lite":
        return rescaling(1 / 128, offset=-127 / 128, name="rescaling")(image)
    if mode == "tf":
        return rescaling(1 / 127.5, offset=-1.0, name="rescaling")(image)
    if mode == "torch":
        scale = [1 / (255 * std) for std in IMAGENET_STD]
        offset = [-mean / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)]
        return rescaling(scale, offset=offset, name="rescaling")(image)
    return rescaling(1.0, offset=[-mean for mean in IMAGENET_MEAN_BGR], name="rescaling")(_reversed_channels(image))


def _reversed_channels(image: Any) -> Any:
    """RGB to BGR without a layer that holds code or weights: the channels as rows, cut out and stacked again."""
    layers = import_keras().layers
    rows = layers.Permute((3, 1, 2), name="channels_first")(image)
    cut = [
        layers.Cropping2D(((at, 2 - at), (0, 0)), name=f"channel_{channel}")(rows)
        for channel, at in (("b", 2), ("g", 1), ("r", 0))
    ]
    return layers.Permute((2, 3, 1), name="channels_last")(layers.Concatenate(axis=1, name="bgr")(cut))


def _number_unnamed_operations(model: keras.Model) -> None:
    """Number the operations that Keras named itself within this model, not within the process.

    So a layer has the same name whatever was built before it.
    """
    counts: dict[str, int] = {}
    for operation in model.operations:
        kind = re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", type(operation).__name__))
        kind = kind.lower()
        if re.fullmatch(rf"{kind}(_\d+)?", operation.name) and operation.name != "image":
            number = counts[kind] = counts.get(kind, -1) + 1
            operation.name = f"{kind}_{number}" if number else kind
