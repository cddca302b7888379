"""Objectives of sequences: the loss of each, a sum over its steps, and what is shown beside it, as tensors.

y is -1, in all its numbers, where there is no step or where its loss was counted before; that counts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

STEPWISE_IDS = ("tag", "language", "pairs")
SHOWN = {"regress": "mae", "forecast": "mae", "music": "accuracy"}


@dataclass(frozen=True)
class Objective:
    """The loss of a task, in nats where answers are probabilities.

    Of classes and ids it is the cross-entropy; of frames the sum over the keys of the Bernoulli's negative
    log-likelihood (Boulanger-Lewandowski et al., arXiv 1206.6392); of numbers Huber's loss of what was scaled.

    Args:
        task: what a sequence is turned into.
        smoothing: weight given to the uniform answer.
    """

    task: str
    smoothing: float = 0.0

    @property
    def shown(self) -> str:
        """What `metric` is called: "accuracy", a share of steps that are right, or "mae", of what was scaled."""
        return SHOWN.get(self.task, "accuracy")

    def loss(self, y: Any, logits: Any) -> Any:
        """(n,) losses, each summed over its steps."""
        import tensorflow as tf

        if self.task == "classify":
            return _cross_entropy(tf.cast(y, tf.int32), logits, self.smoothing)
        if self.task in STEPWISE_IDS:
            y = y[:, : tf.shape(logits)[1]]
            ids = tf.cast(tf.maximum(y, 0.0), tf.int32)
            losses = _cross_entropy(ids, logits, self.smoothing)
            return tf.reduce_sum(tf.where(y >= 0, losses, 0.0), axis=1)
        if self.task == "music":
            losses = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(tf.maximum(y, 0.0), logits), axis=-1)
            return tf.reduce_sum(tf.where(y[..., 0] >= 0, losses, 0.0), axis=1)
        return _huber(_rows(y) - logits)

    def right(self, y: Any, logits: Any) -> Any:
        """(n,): how many steps are right, of frames a share of each, or how far numbers are off.

        The share of a frame is its hits through hits and errors (Bay et al. 2009); one of rests that is told is right.
        """
        import tensorflow as tf

        if self.task == "classify":
            return tf.cast(tf.equal(tf.cast(y, tf.int64), tf.argmax(logits, axis=-1)), tf.float32)
        if self.task in STEPWISE_IDS:
            y = y[:, : tf.shape(logits)[1]]
            return tf.reduce_sum(
                tf.cast(tf.equal(tf.cast(y, tf.int64), tf.argmax(logits, axis=-1)), tf.float32), axis=1
            )
        if self.task == "music":
            told, true = tf.cast(logits > 0, tf.float32), tf.maximum(y, 0.0)
            hits = tf.reduce_sum(told * true, axis=-1)
            all_of_them = tf.reduce_sum(tf.maximum(told, true), axis=-1)
            share = tf.where(all_of_them > 0, hits / tf.maximum(all_of_them, 1.0), 1.0)
            return tf.reduce_sum(tf.where(y[..., 0] >= 0, share, 0.0), axis=1)
        return tf.reduce_mean(tf.abs(_rows(y) - logits), axis=-1)

    def counted(self, y: Any) -> Any:
        """(n,): how many steps count."""
        import tensorflow as tf

        if self.task in STEPWISE_IDS:
            return tf.reduce_sum(tf.cast(y >= 0, tf.float32), axis=1)
        if self.task == "music":
            return tf.reduce_sum(tf.cast(y[..., 0] >= 0, tf.float32), axis=1)
        return tf.ones_like(_rows(y)[:, 0])

    def metric(self, y: Any, logits: Any) -> Any:
        """(n,): the share of each sequence's steps that is right, or its error."""
        import tensorflow as tf

        return self.right(y, logits) / tf.maximum(self.counted(y), 1.0)


def _cross_entropy(ids: Any, logits: Any, smoothing: float) -> Any:
    import tensorflow as tf

    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(ids, logits)
    if not smoothing:
        return loss
    uniform = tf.reduce_logsumexp(logits, axis=-1) - tf.reduce_mean(logits, axis=-1)
    return (1.0 - smoothing) * loss + smoothing * uniform


def _huber(error: Any) -> Any:
    """The mean over the outputs of Huber's loss: squared up to 1, straight beyond (Huber 1964)."""
    import tensorflow as tf

    size = tf.abs(error)
    return tf.reduce_mean(tf.where(size <= 1.0, 0.5 * size**2, size - 0.5), axis=-1)


def _rows(y: Any) -> Any:
    """Targets (n,) or (n, outputs) as (n, outputs)."""
    import tensorflow as tf

    return tf.reshape(y, (tf.shape(y)[0], -1))
