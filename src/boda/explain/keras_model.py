"""Grad-CAM of any flat Keras model, such as `Classifier.keras_model` or a network of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.errors import RecipeError
from boda.explain.activation import activation_map
from boda.models.keras_import import import_keras

if TYPE_CHECKING:
    import keras


def grad_cam(model: keras.Model, image: np.ndarray, class_index: int, layer: str | Any | None = None) -> np.ndarray:
    """Where `model` finds what speaks for a class: (h, w) float32, 0 to 1, of the size of the layer's output.

        a_c = mean over places of dz / dA_c,    map = max(0, sum_c a_c A_c) / its greatest value

    (Selvaraju et al. 2017, arXiv 1610.02391, eq. 1 and 2), with z the class's logit: a softmax or sigmoid that ends the
    model is left out, since its slope vanishes where the model is sure.

    Args:
        model: a functional or Sequential model with one input and one output (n, classes), without models inside.
        image: (h, w, c), or (1, h, w, c), with values as the model takes them.
        class_index: column of the output.
        layer: the layer, or its name, whose output (n, h, w, c) is looked at; by default the last of more than 1 x 1.

    Raises:
        RecipeError: the model holds another model, or has no such layer, class or input.

    Example:
        >>> heat = grad_cam(classifier.keras_model, pixels, class_index=2)    # doctest: +SKIP
    """
    import_keras()
    _check_flat(model)
    _check_class(model, class_index)
    chosen = _layer(model, layer)
    maps, slopes = _slopes(model, chosen, _batch(model, image), class_index)
    return np.asarray(activation_map(maps[0], slopes[0].mean(axis=(0, 1))), np.float32)


def _slopes(model: keras.Model, layer: Any, batch: np.ndarray, class_index: int) -> tuple[np.ndarray, np.ndarray]:
    """The layer's output (1, h, w, c), and the slope of the class's logit by it."""
    keras = import_keras()
    if keras.backend.backend() != "tensorflow":
        raise RecipeError(
            f"grad_cam needs Keras's TensorFlow backend. Received: KERAS_BACKEND={keras.backend.backend()}."
        )
    import tensorflow as tf

    before, to_logits = _logits(model)
    both = keras.Model(model.inputs[0], [layer.output, before])
    with tf.GradientTape() as tape:
        x = tf.convert_to_tensor(batch)
        tape.watch(x)  # or the tape would not see what a frozen network does
        maps, seen = both(x, training=False)
        score = to_logits(seen)[:, class_index]
    slopes = tape.gradient(score, maps)
    if slopes is None:
        raise RecipeError(f"The output does not depend on the layer {layer.name!r}. Choose one on the way to it.")
    return np.asarray(maps), np.asarray(slopes)


def _logits(model: keras.Model) -> tuple[Any, Any]:
    """The tensor before the last layer's softmax or sigmoid, and what makes logits of it."""
    last = model.layers[-1]
    kind, activation = type(last).__name__, getattr(getattr(last, "activation", None), "__name__", None)
    if kind == "Softmax" or (kind == "Activation" and activation in {"softmax", "sigmoid"}):
        return last.input, lambda x: x
    if kind == "Dense" and activation in {"softmax", "sigmoid"}:
        return last.input, lambda x: x @ last.kernel + (last.bias if last.use_bias else 0.0)
    return model.outputs[0], lambda x: x


def _check_flat(model: keras.Model) -> None:
    keras = import_keras()
    if not getattr(model, "inputs", None) or len(model.inputs) != 1 or len(model.outputs) != 1:
        raise RecipeError(
            "Expected a functional or Sequential keras.Model with one input and one output, which is built. "
            f"Received: {type(model).__name__} {getattr(model, 'name', '')!r}."
        )
    nested = next((layer for layer in model.layers if isinstance(layer, keras.Model)), None)
    if nested is not None:
        raise RecipeError(
            f"The model {model.name!r} holds the model {nested.name!r} as a layer, so that what is inside of it is not "
            f"part of its graph. Build it flat: put your layers on {nested.name}.outputs[0], as in "
            f"keras.Model({nested.name}.inputs[0], head({nested.name}.outputs[0])), or give the network "
            f"input_tensor=x in place of calling it on x."
        )


def _check_class(model: keras.Model, class_index: int) -> None:
    shape = model.outputs[0].shape
    if len(shape) != 2 or not 0 <= class_index < (shape[1] or 0):
        classes = f"a class from 0 to {shape[1] - 1}" if len(shape) == 2 and shape[1] else "an output (n, classes)"
        raise RecipeError(f"Expected {classes}. Received: class_index={class_index} for an output {shape}.")


def _layer(model: keras.Model, layer: str | Any | None) -> Any:
    """The layer that is meant; by default the last whose output is a map of more than one place."""
    maps = [some for some in model.layers if _is_map(some)]
    if layer is None:
        if not maps:
            raise RecipeError(f"The model {model.name!r} has no layer whose output is (n, h, w, c) of more than 1 x 1.")
        return maps[-1]
    name = layer if isinstance(layer, str) else getattr(layer, "name", layer)
    found = next((some for some in maps if some.name == name), None)
    if found is None:
        names = ", ".join(some.name for some in maps[-3:])
        raise RecipeError(f"The model has no layer {name!r} with an output (n, h, w, c); the last of those: {names}.")
    return found


def _is_map(layer: Any) -> bool:
    try:
        shape = layer.output.shape
    except (AttributeError, ValueError):  # called several times, or with several outputs
        return False
    return len(shape) == 4 and (shape[1], shape[2]) != (1, 1)


def _batch(model: keras.Model, image: np.ndarray) -> np.ndarray:
    batch = np.asarray(image, np.float32)
    batch = batch[None] if batch.ndim == 3 else batch
    wanted = model.inputs[0].shape
    fits = batch.ndim == 4 and all(w in {None, n} for w, n in zip(wanted[1:], batch.shape[1:], strict=True))
    if not fits or len(batch) != 1:
        raise RecipeError(
            f"Expected one image ({', '.join(map(str, wanted[1:]))}). Received: {np.shape(image)}. Resize it first."
        )
    return batch
