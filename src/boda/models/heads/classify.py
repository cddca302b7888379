"""The classification head: dense layers from pooled features to one logit a class.

A head is a value of plain arrays: BatchNormalization and standardisation are folded into the dense layers,
so that NumPy, OpenVINO and Keras all compute the same function from the same numbers.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from boda.errors import RunError

if TYPE_CHECKING:
    from boda.recipe import HeadRecipe, Levers

Task = Literal["classify", "multilabel"]


@dataclass(frozen=True, eq=False)
class Head:
    """Dense layers, ReLU between them; the last gives logits.

    `layers` holds (kernel (in, out), bias (out,)) pairs of float32.
    """

    layers: tuple[tuple[np.ndarray, np.ndarray], ...]

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Logits (n, classes) of pooled features (n, d)."""
        x = features
        for kernel, bias in self.layers[:-1]:
            x = np.maximum(x @ kernel + bias, 0)
        kernel, bias = self.layers[-1]
        return x @ kernel + bias

    def gradient(self, features: np.ndarray, outputs: np.ndarray) -> np.ndarray:
        """The slope (n, d) of logit `outputs[i]` by the features of sample i.

        For a linear head these are the class's weights, and class activation maps (Zhou et al. 2016)
        and Grad-CAM (Selvaraju et al. 2017) agree.
        """
        actives, x = [], features
        for kernel, bias in self.layers[:-1]:
            x = np.maximum(x @ kernel + bias, 0)
            actives.append(x > 0)
        slope: np.ndarray = self.layers[-1][0][:, outputs].T
        for (kernel, _), active in zip(reversed(self.layers[:-1]), reversed(actives), strict=True):
            slope = (slope * active) @ kernel.T
        return slope

    def dense(self) -> list[tuple[np.ndarray, np.ndarray, Literal["relu", "none"]]]:
        """The layers as (kernel, bias, activation), as `engine.append_dense` takes them."""
        return [(*pair, "none" if pair is self.layers[-1] else "relu") for pair in self.layers]

    def to_bytes(self) -> bytes:
        """An .npz of plain arrays, without pickle."""
        buffer = io.BytesIO()
        arrays = {
            f"{kind}{i}": a
            for i, pair in enumerate(self.layers)
            for kind, a in zip(("kernel", "bias"), pair, strict=True)
        }
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Head:
        """Read what `to_bytes` wrote; RunError where it is something else."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                count = len(file.files) // 2
                return cls(tuple((file[f"kernel{i}"], file[f"bias{i}"]) for i in range(count)))
        except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise RunError(f"head.npz is damaged: {error}.") from error


def soft_targets(targets: np.ndarray, classes: int, smoothing: float = 0.0) -> np.ndarray:
    """Targets (n, classes) float32 from indices (n,) or from 0 and 1 (n, classes), smoothed.

    One label: y (1 - s) + s / classes (Szegedy et al. 2016). Several labels: y (1 - s) + s / 2.
    """
    if targets.ndim == 1:
        hot = np.zeros((len(targets), classes), dtype=np.float32)
        hot[np.arange(len(targets)), targets] = 1
        return hot * (1 - smoothing) + np.float32(smoothing / classes)
    return targets.astype(np.float32) * (1 - smoothing) + np.float32(smoothing / 2)


def sample_weights(targets: np.ndarray, classes: int, levers: Levers) -> np.ndarray:
    """One weight a sample, of mean 1: all alike, or n / (classes * count of its class) for "balanced".

    With several labels a picture, it is the mean of that weight over the picture's labels.
    """
    n = len(targets)
    if levers.class_weight is None:
        return np.ones(n, dtype=np.float32)
    hot = soft_targets(targets, classes)
    by_class = n / (classes * np.maximum(hot.sum(axis=0), 1))
    labels = hot.sum(axis=1)
    weights = np.where(labels > 0, hot @ by_class / np.maximum(labels, 1), 1.0)
    return (weights / weights.mean()).astype(np.float32)


def build_keras_head(features: int, classes: int, recipe: HeadRecipe, seed: int) -> Any:
    """The head as a `keras.Sequential` from features (n, d) to logits, untrained."""
    from boda.models.keras_import import import_keras

    keras = import_keras()
    layers = [keras.Input((features,), name="features")]
    for i, width in enumerate(recipe.hidden):
        layers += _dropout(keras, recipe, seed + i)
        layers.append(
            keras.layers.Dense(
                width,
                use_bias=not recipe.batch_norm,
                kernel_initializer=keras.initializers.HeNormal(seed + i),
                name=f"hidden_{i}",
            )
        )
        if recipe.batch_norm:
            layers.append(keras.layers.BatchNormalization(momentum=0.9, name=f"bn_{i}"))
        layers.append(keras.layers.ReLU(name=f"relu_{i}"))
    if recipe.batch_norm and not recipe.hidden:
        layers.append(keras.layers.BatchNormalization(momentum=0.9, name="bn"))
    layers += _dropout(keras, recipe, seed + 99)
    layers.append(
        keras.layers.Dense(classes, kernel_initializer=keras.initializers.GlorotUniform(seed + 98), name="logits")
    )
    return keras.Sequential(layers, name="head")


def fold_keras_head(model: Any, mean: np.ndarray, scale: np.ndarray) -> Head:
    """The trained `model` as a Head on raw features, where it was trained on (features - mean) / scale.

    A BatchNormalization y = gamma (x - m) / sqrt(v + eps) + beta is an affine map,
    and goes into the dense layer beside it.
    """
    before, shift = 1 / scale, -mean / scale
    layers: list[tuple[np.ndarray, np.ndarray]] = []
    for layer in model.layers:
        kind = type(layer).__name__
        if kind == "Dense":
            kernel = np.asarray(layer.kernel)
            bias = np.asarray(layer.bias) if layer.use_bias else np.zeros(kernel.shape[1], np.float32)
            layers.append((before[:, None] * kernel, shift @ kernel + bias))
            before, shift = np.ones(kernel.shape[1]), np.zeros(kernel.shape[1])
        elif kind == "BatchNormalization":
            gain = np.asarray(layer.gamma) / np.sqrt(np.asarray(layer.moving_variance) + layer.epsilon)
            offset = np.asarray(layer.beta) - np.asarray(layer.moving_mean) * gain
            if layers:
                kernel, bias = layers[-1]
                layers[-1] = (kernel * gain, bias * gain + offset)
            else:
                before, shift = before * gain, shift * gain + offset
    return Head(tuple((k.astype(np.float32), b.astype(np.float32)) for k, b in layers))


def attach_to_keras(features: Any, head: Head, *, multilabel: bool, temperature: float = 1.0) -> Any:
    """A plain `keras.Model` from pictures to calibrated probabilities, unnested.

    Args:
        features: what `assemble.feature_model` gives: its second output is pooled.
        head: its layers become Dense layers with the head's weights.
        multilabel: sigmoid instead of softmax.
        temperature: the logits are divided by it, within the last layer's weights.
    """
    from boda.models.keras_import import import_keras

    keras = import_keras()
    x, last = features.outputs[1], len(head.layers) - 1
    for i, (kernel, bias) in enumerate(head.layers):
        activation = "relu" if i < last else "sigmoid" if multilabel else "softmax"
        layer = keras.layers.Dense(kernel.shape[1], activation=activation, name=f"head_{i}")
        x = layer(x)
        layer.set_weights([kernel, bias] if i < last else [kernel / temperature, bias / temperature])
    return keras.Model(features.inputs, x, name="boda")


def _dropout(keras: Any, recipe: HeadRecipe, seed: int) -> list[Any]:
    return [keras.layers.Dropout(recipe.dropout, seed=seed)] if recipe.dropout else []
