"""A boda pipeline as Keras layers, for use inside a model that must carry its own preprocessing."""

from __future__ import annotations

import inspect
import warnings
from typing import TYPE_CHECKING, Any

from boda.augment.standardise import FeaturewiseNormalization
from boda.errors import AugmentError

if TYPE_CHECKING:
    import keras

    from boda.augment.pipeline import Pipeline
    from boda.augment.step import Augmentation

# Keras 3.15.1: boxes after these lie wrong (mean IoU against the true extent 0.3 and 0.85 on painted rectangles)
WRONG_BOXES = ("RandomCrop", "RandomShear")


def to_keras(pipeline: Pipeline, *, boxes: bool = False, skip: bool = False) -> keras.Sequential:
    """The `keras.Sequential` of Keras's layers that does what `pipeline` does.

    The layers draw by themselves, so the two agree in distribution, not draw by draw; where a step has no chance in it
    they agree to the rounding. Keras resamples once a layer, so its pictures are softer.

    Args:
        pipeline: any pipeline; its steps bear the names of Keras's layers.
        boxes: whether the layers will be given bounding boxes, xyxy pixels. Then no layer is used whose boxes are wrong
            in Keras, which are RandomCrop and RandomShear.
        skip: leave out, with a warning, the steps that have no equivalent, instead of refusing.

    Returns:
        A `keras.Sequential`, not built; call it with `training=True` where it shall augment.

    Raises:
        AugmentError: Steps have no equivalent; the message names each with the reason.

    Example:
        >>> from boda.augment import Pipeline, RandomFlip, Rescaling
        >>> from boda.preprocessing import to_keras
        >>> layers = to_keras(Pipeline([RandomFlip("horizontal"), Rescaling(1 / 255)]))   # doctest: +SKIP
    """
    import keras

    made: list[Any] = []
    missing: list[str] = []
    for step in pipeline.steps:
        why_not = why_missing(step, boxes=boxes)
        if why_not:
            missing.append(f"{type(step).__name__} ({why_not})")
        else:
            made.append(_layer(step, boxes=boxes, seed=(pipeline.seed or 0) % 2**31 + len(made)))
    if missing:
        message = f"No equal Keras layer: {'; '.join(missing)}."
        if not skip:
            raise AugmentError(f"{message} Take skip=True to leave them out.")
        warnings.warn(message, stacklevel=2)
    return keras.Sequential(made)


def why_missing(step: Augmentation, *, boxes: bool = False) -> str:
    """Why `step` has no equal layer in Keras, or "" where it has one."""
    import keras

    name = type(step).__name__
    if isinstance(step, FeaturewiseNormalization):
        return "" if step.fitted else "it is not fitted yet: pipeline.adapt(images) first"
    layer = getattr(keras.layers, name, None)
    if layer is None:
        return "Keras has no such layer"
    if boxes and name in WRONG_BOXES:
        return "Keras returns wrong boxes for it"
    unknown = [argument for argument in step.arguments() if argument not in _parameters(layer)]
    return f"Keras's layer has no {', '.join(unknown)}" if unknown else ""


def _layer(step: Augmentation, *, boxes: bool, seed: int) -> keras.Layer:
    import keras

    if isinstance(step, FeaturewiseNormalization):
        return keras.layers.Normalization(mean=step.mean, variance=step.variance)
    layer = getattr(keras.layers, type(step).__name__)
    parameters = _parameters(layer)
    extra: dict[str, Any] = {"seed": seed} if "seed" in parameters else {}
    if boxes and "bounding_box_format" in parameters:
        extra["bounding_box_format"] = "xyxy"
    return layer(**{key: _as_list(value) for key, value in step.arguments().items()}, **extra)


def _parameters(layer: Any) -> set[str]:
    """The arguments of a layer's constructor, those too that its base class takes through **kwargs."""
    names: set[str] = set()
    for base in layer.__mro__:
        if "image_preprocessing" in base.__module__ or base is layer:
            names |= set(inspect.signature(base.__init__).parameters) - {"self", "kwargs"}
    return names


def _as_list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
