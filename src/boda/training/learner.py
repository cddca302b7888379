"""A learner: a backbone with a head on it, as one flat Keras model that stages train."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.models.assemble import feature_model
from boda.models.heads.classify import Head
from boda.models.keras_import import import_keras
from boda.training.networks import FRESH_SEED

if TYPE_CHECKING:
    import keras

    from boda.recipe import Recipe

SCRATCH_MOMENTUM = 0.9  # of BatchNormalization's statistics, which 0.99 would not learn in a few hundred steps


@dataclass(frozen=True, eq=False)
class Learner:
    """A backbone with a head on it.

    Args:
        name: the backbone's, a row of `BACKBONES`.
        model: flat, from pictures (n, size, size, 3) of 0 to 255 to the map, the pooled features and the logits.
    """

    name: str
    model: keras.Model

    @classmethod
    def of(cls, recipe: Recipe, head: Head | tuple[int, ...], seed: int) -> Learner:
        """The recipe's backbone with `head` on it, or with fresh layers of these widths; all chance is from `seed`."""
        keras = import_keras()
        kept = recipe.weights is None and isinstance(head, Head)  # the network on whose features the head was fitted
        keras.utils.set_random_seed(FRESH_SEED if kept else seed % 2**32)
        base = feature_model(recipe.backbone, recipe.weights, recipe.size)
        widths = head if isinstance(head, tuple) else tuple(len(bias) for _, bias in head.layers)
        logits = _dense(base.outputs[1], widths, recipe.head.dropout)
        learner = cls(recipe.backbone, keras.Model(base.input, [*base.outputs, logits], name=recipe.backbone))
        if isinstance(head, Head):
            learner.set_head(head)
        return learner

    @property
    def head(self) -> Head:
        """The head as plain arrays."""
        layers = [layer for layer in self.model.layers if layer.name.startswith("head_dense")]
        return Head(tuple((np.array(layer.kernel), np.array(layer.bias)) for layer in layers))

    def set_head(self, head: Head) -> None:
        """Give the head's layers the weights of `head`."""
        for number, (kernel, bias) in enumerate(head.layers):
            self.model.get_layer(f"head_dense_{number}").set_weights([kernel, bias])

    def weights(self) -> list[np.ndarray]:
        """A copy of all weights."""
        return [np.array(weight) for weight in self.model.weights]

    def set_weights(self, values: list[np.ndarray]) -> None:
        """Put back what `weights` gave."""
        for weight, value in zip(self.model.weights, values, strict=True):
            weight.assign(value)

    def weights_file(self) -> bytes:
        """Keras's weights-only HDF5 of the backbone, without the head."""
        keras = import_keras()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "backbone.weights.h5"
            keras.Model(self.model.input, self.model.outputs[0], name=self.name).save_weights(path)
            return path.read_bytes()

    def export(self, path: Path) -> None:
        """Write the network as OpenVINO's, with the outputs map, pooled and logits."""
        from boda.models.engine import convert

        convert(self.model, path, ("map", "pooled", "logits"))


def hurry_statistics(model: keras.Model) -> None:
    """Let every BatchNormalization learn its statistics in a few hundred steps, for a network from scratch."""
    for layer in model.layers:
        if hasattr(layer, "moving_mean"):
            layer.momentum = SCRATCH_MOMENTUM


def _dense(x: Any, widths: tuple[int, ...], dropout: float) -> Any:
    """Dense layers of these widths with ReLU between them, and Dropout before each where it is wanted."""
    layers = import_keras().layers
    for number, width in enumerate(widths):
        if dropout:
            x = layers.Dropout(dropout, name=f"head_dropout_{number}")(x)
        x = layers.Dense(width, name=f"head_dense_{number}")(x)
        if number < len(widths) - 1:
            x = layers.ReLU(name=f"head_relu_{number}")(x)
    return x
