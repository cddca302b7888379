"""One step of the optimizer on one batch, compiled once; where memory lacks, the same step in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.training.failures import TooLarge
from boda.training.fused import fused_call

if TYPE_CHECKING:
    from collections.abc import Callable


class Step:
    """Gradients, the optimizer's update and the moving average of the weights, as one graph of TensorFlow's.

    The loss of a batch is Keras's: the weighted losses' sum through the number of samples, plus the model's own
    penalties. Layers are called with `training=True`; a BatchNormalization that is not trainable stays in inference,
    as it does in Keras.

    Args:
        model: built; its `trainable` flags must not change afterwards.
        optimizer: built for the model's trainable variables.
        loss: `loss(y, logits)`, (n,) losses, one a sample.
        metric: `metric(y, logits)`, (n,) values whose mean is shown.
        averages: pairs of a variable and its moving average; none without EMA.
        parted: turns a batch x into the model's inputs, where it has several.
        varying: whether axis 1 of x and y, the steps of sequences, differs from batch to batch.
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        loss: Callable[[Any, Any], Any],
        metric: Callable[[Any, Any], Any],
        averages: list[tuple[Any, Any]],
        parted: Callable[[Any], Any] | None = None,
        *,
        varying: bool = False,
    ) -> None:
        self.model, self.optimizer, self.loss, self.metric, self.averages = model, optimizer, loss, metric, averages
        self._answer, self._parted = fused_call(model), parted or (lambda x: x)
        self._varying = varying
        self._whole: Any = None
        self._pieces: tuple[Any, Any] | None = None

    def __call__(
        self, x: np.ndarray, y: np.ndarray, w: np.ndarray, *, momentum: float, micro: int | None = None
    ) -> tuple[float, float]:
        """Learn from the batch x (n, ...), y (n, ...), w (n,), at most `micro` samples at a time.

        In pieces, gradients are added up, so that the step is that of the whole batch but for rounding, for the draws
        of Dropout and for the statistics of a BatchNormalization that learns.

        Returns:
            The batch's loss, and the sum of the metric over its samples.

        Raises:
            TooLarge: memory does not suffice; what changes in a step may be changed in part.
        """
        import tensorflow as tf

        try:
            return self._learn(x, y, w, momentum, micro)
        except (MemoryError, tf.errors.ResourceExhaustedError) as error:
            raise TooLarge(min(len(x), micro or len(x))) from error

    def _learn(
        self, x: np.ndarray, y: np.ndarray, w: np.ndarray, momentum: float, micro: int | None
    ) -> tuple[float, float]:
        n, averaging = np.float32(len(x)), np.float32(momentum)
        if micro is None or micro >= len(x):
            self._whole = self._whole or _trace(self._step, _batch_spec(x, y, varying=self._varying) + _numbers(2))
            return _as_floats(self._whole(x, y, w, n, averaging))
        slopes_of, apply = self._pieces = self._pieces or self._trace_pieces(x, y)
        pieces = [slice(i, i + micro) for i in range(0, len(x), micro)]
        results = (slopes_of(x[piece], y[piece], w[piece], n) for piece in pieces)
        sums, slopes = next(results)
        for more, added in results:
            sums, slopes = sums + more, [a + b for a, b in zip(slopes, added, strict=True)]
        apply(slopes, averaging)
        return _as_floats(sums)

    def _trace_pieces(self, x: np.ndarray, y: np.ndarray) -> tuple[Any, Any]:
        import tensorflow as tf

        slopes = [tf.TensorSpec(v.shape, v.dtype) for v in self.model.trainable_variables]
        spec = _batch_spec(x, y, varying=self._varying)
        return _trace(self._slopes, spec + _numbers(1)), _trace(self._apply, (slopes, *_numbers(1)))

    def _step(self, x: Any, y: Any, w: Any, n: Any, momentum: Any) -> Any:
        sums, slopes = self._slopes(x, y, w, n)
        self._apply(slopes, momentum)
        return sums

    def _slopes(self, x: Any, y: Any, w: Any, n: Any) -> tuple[Any, list[Any]]:
        """The share that some samples have in the loss of a batch of `n`, its metric's sum, and the gradients."""
        import tensorflow as tf

        y = tf.cast(y, tf.float32)
        with tf.GradientTape() as tape:
            seen = self._parted(tf.cast(x, self.model.inputs[0].dtype))
            logits = tf.cast(self._answer(seen, training=True), tf.float32)
            loss = tf.reduce_sum(w * self.loss(y, logits)) / n
            if self.model.losses:
                loss += tf.add_n(self.model.losses) * tf.cast(tf.shape(y)[0], tf.float32) / n
        variables = self.model.trainable_variables
        slopes = tape.gradient(loss, [v.value for v in variables], unconnected_gradients="zero")
        metric = tf.reduce_sum(tf.cast(self.metric(y, logits), tf.float32))
        return tf.stack([loss, metric]), slopes

    def _apply(self, slopes: list[Any], momentum: Any) -> None:
        self.optimizer.apply(slopes, self.model.trainable_variables)
        for variable, average in self.averages:
            average.assign_add((1.0 - momentum) * (variable - average))


def _trace(call: Any, signature: tuple[Any, ...]) -> Any:
    """The graph of `call`, traced once, for batches of any size."""
    import tensorflow as tf

    return tf.function(call, input_signature=signature, autograph=False).get_concrete_function()


def _batch_spec(x: np.ndarray, y: np.ndarray, *, varying: bool) -> tuple[Any, ...]:
    import tensorflow as tf

    shapes = [[None, *each.shape[1:]] for each in (x, y)]
    if varying:
        shapes = [[None, None, *shape[2:]][: len(shape)] for shape in shapes]
    specs = [tf.TensorSpec(shape, each.dtype) for shape, each in zip(shapes, (x, y), strict=True)]
    return (*specs, tf.TensorSpec((None,), tf.float32))


def _numbers(count: int) -> tuple[Any, ...]:
    import tensorflow as tf

    return (tf.TensorSpec((), tf.float32),) * count


def accuracy(y: Any, logits: Any) -> Any:
    """Whether the largest logit is where the largest target is, (n,) booleans."""
    import tensorflow as tf

    return tf.equal(tf.argmax(y, axis=-1), tf.argmax(logits, axis=-1))


def _as_floats(sums: Any) -> tuple[float, float]:
    loss, metric = np.asarray(sums)
    return float(loss), float(metric)
