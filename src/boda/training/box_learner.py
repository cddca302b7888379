"""A learner of boxes: a backbone with a head of boxes on it, as one flat Keras model that stages train."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from boda.models.box_networks import answer_names, answering, box_network
from boda.models.keras_import import import_keras
from boda.training.learner import hurry_statistics

if TYPE_CHECKING:
    import keras

    from boda.recipe import Recipe


@dataclass(frozen=True, eq=False)
class BoxLearner:
    """A backbone with a head of boxes on it.

    Args:
        name: the backbone's, a row of `BACKBONES`.
        task: "locate" or "detect".
        classes: how many there are.
        model: from pictures (n, size, size, 3) of 0 to 255 to the answer, as `box_network` says.
    """

    name: str
    task: str
    classes: int
    model: keras.Model

    @classmethod
    def of(cls, recipe: Recipe, task: str, classes: int, seed: int) -> BoxLearner:
        """The recipe's backbone with a fresh head; all chance is from `seed`."""
        assert recipe.boxes is not None  # noqa: S101 - whoever trains boxes has asked for them
        import_keras().utils.set_random_seed(seed % 2**32)
        boxes, scratch = recipe.boxes, any(stage.thaw == "scratch" for stage in recipe.stages)
        model = box_network(
            recipe.backbone,
            None if scratch else recipe.weights,
            recipe.size,
            task,
            classes,
            channels=boxes.channels,
            convs=boxes.convs,
        )
        if scratch:
            hurry_statistics(model)
        return cls(recipe.backbone, task, classes, model)

    @property
    def tapped(self) -> list[str]:
        """The layers of the backbone that the head looks at."""
        laterals = [layer for layer in self.model.layers if layer.name.startswith("box_lateral_")]
        return [layer.input._keras_history.operation.name for layer in laterals]  # noqa: SLF001 - Keras has no other way

    def weights(self) -> list[np.ndarray]:
        """A copy of all weights."""
        return [np.array(weight) for weight in self.model.weights]

    def set_weights(self, values: list[np.ndarray]) -> None:
        """Put back what `weights` gave."""
        for weight, value in zip(self.model.weights, values, strict=True):
            weight.assign(value)

    def weights_file(self) -> bytes:
        """Keras's weights-only HDF5 of the whole network."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "network.weights.h5"
            self.model.save_weights(path)
            return path.read_bytes()

    def export(self, path: Path) -> None:
        """Write the network as OpenVINO's, with the outputs that `boda.models.box_networks.ANSWERS` names."""
        from boda.models.engine import convert

        path.parent.mkdir(parents=True, exist_ok=True)
        convert(answering(self.model, self.task), path, answer_names(self.task, self.classes))
