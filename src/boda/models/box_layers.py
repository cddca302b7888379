"""Layers of boda's own in networks of boxes; import this file only where Keras is loaded already."""

from __future__ import annotations

from typing import Any

import numpy as np

from boda.models.heads.places import places
from boda.models.keras_import import import_keras

keras = import_keras()


@keras.saving.register_keras_serializable(package="boda")
class PlaceBoxes(keras.layers.Layer):  # type: ignore[misc, name-defined]
    """Four raw numbers a place become a box around it.

    Softplus makes them distances to the left, upper, right and lower side, in units of the place's stride
    (Tian et al., FCOS, arXiv 1904.01355, whose exponential grows too fast for few steps of training).

    Args:
        size: side of the square that the network sees, pixels.
        strides: of the maps, in the order in which their places come.

    Inputs:
        (n, p, 4).

    Output:
        (n, p, 4) xyxy, as shares of `size`; a side may lie outside of 0 to 1.
    """

    def __init__(self, size: int, strides: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size, self.strides = int(size), tuple(int(stride) for stride in strides)
        centres, steps = places(self.size, self.strides)
        self._centres = (centres / self.size).astype(np.float32)
        self._steps = (steps[:, None] / self.size).astype(np.float32)

    def call(self, raw: Any) -> Any:
        """The boxes."""
        ops = keras.ops
        distances = ops.softplus(raw) * self._steps
        return ops.concatenate([self._centres - distances[..., :2], self._centres + distances[..., 2:]], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As the input's."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What makes an equal layer."""
        return {**super().get_config(), "size": self.size, "strides": list(self.strides)}
