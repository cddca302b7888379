"""The loss of a network on sequences that it does not learn from: the mean a step, from the memory's true course."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.training.sequences.batches import STEPWISE, padded, padded_inputs, padded_targets
from boda.training.sequences.examples import Examples, part
from boda.training.sequences.objectives import Objective

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boda.training.signals import Stop

BATCH = 64
PIECE = 256  # steps that go through the network at once, where the state is carried
STREAM = 4000  # a long text is read in streams of so many steps at least, each of which begins with an empty memory


@dataclass(eq=False)
class Judge:
    """What measures a network after each epoch.

    Args:
        model: the network that learns; it is used where `carried` is None.
        carried: the same network with its memory outside (`answering`), for sequences that are read in pieces.
        inputs: turns a batch into the inputs of `model`.
        examples: those that it is judged by.
        stop: is asked between batches whether a signal came.
    """

    model: Any
    carried: Any
    inputs: Any
    examples: Examples
    stop: Stop
    _call: Any = field(default=None, init=False)

    def figures(self, _: Any = None) -> dict[str, float]:
        """`val_loss`, the mean a step without smoothing, and the measure that is shown, such as `val_accuracy`."""
        objective = Objective(self.examples.task)
        sums = np.zeros(3)
        for batch in self._in_pieces() if self.carried is not None else self._whole():
            self.stop.check()
            sums += batch
        return {"val_loss": float(sums[0] / sums[2]), f"val_{objective.shown}": float(sums[1] / sums[2])}

    def _whole(self) -> Iterator[np.ndarray]:
        """The sums of loss, rightness and steps of each batch."""
        order = np.argsort(self.examples.lengths, kind="stable")
        for start in range(0, len(order), BATCH):
            x, y = padded(self.examples, order[start : start + BATCH])
            self._call = self._call or self._graph(x, y)
            yield np.asarray(self._call(x, y))

    def _in_pieces(self) -> Iterator[np.ndarray]:
        """The same, the state carried from piece to piece."""
        some = in_streams(self.examples)
        order = np.argsort(some.lengths, kind="stable")
        for start in range(0, len(order), BATCH):
            yield from self._course(some.take(order[start : start + BATCH]))

    def _course(self, some: Examples) -> Iterator[np.ndarray]:
        states = [np.zeros((len(some), each.shape[-1]), np.float32) for each in self.carried.inputs[1:]]
        for begin in range(0, int(some.lengths.max()), PIECE):
            x, y = (
                [part(row, min(begin, len(row)), begin + PIECE)[:PIECE] for row in rows] for rows in (some.x, some.y)
            )
            steps = max(map(len, x))
            given, told = padded_inputs(x, steps), padded_targets(some.task, y, steps)
            self._call = self._call or self._graph_in_pieces(given, told)
            sums, *states = self._call(given, told, *states)
            yield np.asarray(sums)

    def _graph(self, x: np.ndarray, y: np.ndarray) -> Any:
        def sums(x: Any, y: Any) -> Any:
            return self._sums(y, self.model(self.inputs(x), training=False))

        stepwise = self.examples.task in STEPWISE
        return _traced(sums, [_spec(x, varying=True), _spec(y, varying=stepwise)])

    def _graph_in_pieces(self, x: np.ndarray, y: np.ndarray) -> Any:
        import tensorflow as tf

        def sums(x: Any, y: Any, *states: Any) -> Any:
            logits, *after = self.carried([x, *states], training=False)
            return self._sums(y, logits), *after

        memory = [tf.TensorSpec((None, each.shape[-1]), tf.float32) for each in self.carried.inputs[1:]]
        return _traced(sums, [_spec(x, varying=True), _spec(y, varying=True), *memory])

    def _sums(self, y: Any, logits: Any) -> Any:
        import tensorflow as tf

        objective, y = Objective(self.examples.task), tf.cast(y, tf.float32)
        each = (objective.loss(y, logits), objective.right(y, logits), objective.counted(y))
        return tf.stack([tf.reduce_sum(values) for values in each])


def in_streams(some: Examples) -> Examples:
    """Texts of many steps in several parts, each long enough to forget how it began."""
    parts = []
    for x, y, name in zip(some.x, some.y, some.names, strict=True):
        count = max(1, min(BATCH, len(x) // STREAM))
        edges = np.linspace(0, len(x), count + 1).astype(int)
        parts += [(part(x, a, b), part(y, a, b), name) for a, b in pairwise(edges)]
    return Examples(some.task, *(list(column) for column in zip(*parts, strict=True)))


def _traced(call: Any, signature: list[Any]) -> Any:
    """The graph of `call`, traced once."""
    import tensorflow as tf

    return tf.function(call, input_signature=signature, autograph=False).get_concrete_function()


def _spec(values: np.ndarray, *, varying: bool) -> Any:
    import tensorflow as tf

    shape = [None, None, *values.shape[2:]][: values.ndim] if varying else [None, *values.shape[1:]]
    return tf.TensorSpec(shape, values.dtype)
