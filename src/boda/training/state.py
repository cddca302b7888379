"""All of a training that changes, taken as a Snapshot and put back."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.errors import RunError
from boda.models.keras_import import import_keras
from boda.training import callbacks as memory
from boda.training.best import Best
from boda.training.chance import random_states, set_random_states
from boda.training.checkpoint import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass
class Place:
    """How far a training is, the sums of the running epoch, and what is known of those before.

    `batch` is the next one; `begun` says whether the callbacks know of the epoch; `micro` is how many samples go
    through the network at once, where memory does not suffice for a batch.
    """

    epoch: int = 0
    batch: int = 0
    begun: bool = False
    steps: int = 0
    loss: float = 0.0
    metric: float = 0.0
    seen: int = 0
    seconds: float = 0.0
    micro: int | None = None
    stopped: str | None = None
    best: Best = field(default_factory=Best)
    history: list[dict[str, Any]] = field(default_factory=list)

    def count(self, n: int, loss: float, metric: float) -> None:
        """Add a batch of `n` samples, with its mean loss and the sum of its metric."""
        self.steps, self.batch, self.seen = self.steps + 1, self.batch + 1, self.seen + n
        self.loss, self.metric = self.loss + loss * n, self.metric + metric

    def logs(self, metric: str) -> dict[str, float]:
        """The running epoch's loss so far, and its metric under the name `metric`."""
        return {"loss": self.loss / self.seen, metric: self.metric / self.seen} if self.seen else {}

    def next_epoch(self) -> None:
        """Begin another epoch."""
        self.epoch, self.batch, self.begun = self.epoch + 1, 0, False
        self.loss, self.metric, self.seen, self.seconds = 0.0, 0.0, 0, 0.0


class State:
    """The model's variables, the optimizer's, the averages, the callbacks' memory, the random states and the place.

    Args:
        model: compiled; its optimizer is built.
        callbacks: those whose memory counts.
        ema: whether averages of the weights are kept.
    """

    def __init__(self, model: Any, callbacks: Sequence[Any], *, ema: bool) -> None:
        self.model, self.callbacks, self.place = model, callbacks, Place()
        self.learning = _learning(model)
        self.averages = [_copy(variable) for variable in self.learning] if ema else []

    def snapshot(self) -> Snapshot:
        """A copy of all of it."""
        place = {f.name: getattr(self.place, f.name) for f in fields(Place)}
        state = {
            **{name: _values(variables) for name, variables in self._variables().items()},
            "place": {**place, "best": vars(self.place.best)},
            "callbacks": memory.states(self.callbacks),
            "stop_training": bool(self.model.stop_training),
            "random": random_states(),
        }
        return Snapshot.of(self.place.epoch, self.place.batch, state)

    def restore(self, snapshot: Snapshot) -> None:
        """Make everything what it was; RunError where the snapshot is that of another model or other callbacks."""
        state = snapshot.state()
        for name, variables in self._variables().items():
            _assign(variables, state[name], name)
        memory.restore(self.callbacks, state["callbacks"])
        self.model.stop_training = state["stop_training"]
        set_random_states(state["random"])
        self.place = Place(**{**state["place"], "best": Best(**state["place"]["best"])})

    def weights(self) -> list[np.ndarray]:
        """Copies of those weights of the model that training changes."""
        return _values(self.learning)

    def set_weights(self, values: Sequence[np.ndarray]) -> None:
        """Put `weights` back."""
        _assign(self.learning, values, "weights")

    def settle(self) -> None:
        """Make the averages the model's weights, where there are any."""
        if self.averages:
            self.set_weights(_values(self.averages))

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Let the model have the averaged weights for a while."""
        if not self.averages:
            yield
            return
        own = self.weights()
        self.settle()
        try:
            yield
        finally:
            self.set_weights(own)

    def not_finite(self) -> str | None:
        """The name of a weight that has values which are no numbers any more, or None."""
        for variable in [*self.learning, *self.averages]:
            if not np.isfinite(np.asarray(variable)).all():
                return str(variable.path)
        return None

    def _variables(self) -> dict[str, list[Any]]:
        return {"model": self.model.variables, "optimizer": self.model.optimizer.variables, "averages": self.averages}


def _learning(model: Any) -> list[Any]:
    """Trainable weights, and the statistics of a BatchNormalization that learns."""
    trainable = {id(v) for v in model.trainable_variables}
    own = [v for layer in model.layers if layer.trainable for v in layer.weights]
    return [v for v in own if id(v) in trainable or not v.trainable]


def _copy(variable: Any) -> Any:
    keras = import_keras()
    return keras.Variable(np.array(variable), trainable=False, dtype=variable.dtype, name=f"average_{variable.name}")


def _values(variables: Sequence[Any]) -> list[np.ndarray]:
    return [np.array(variable) for variable in variables]


def _assign(variables: Sequence[Any], values: Sequence[np.ndarray], what: str) -> None:
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [value.shape for value in values]:
        raise RunError(
            f"The checkpoint is that of another network: its {what} are {len(values)} arrays, expected were "
            f"{len(shapes)} of certain shapes. Remove the folder of checkpoints to train anew."
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
