"""Objectives: the loss of each sample, from soft targets and logits, as Keras's tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.models.keras_import import import_keras

if TYPE_CHECKING:
    from collections.abc import Callable

    from boda.recipe import Levers

LEAST = 1e-7  # where 1 - p is below, the slope of a power of it may be no number


def loss_of(levers: Levers, *, multilabel: bool) -> Callable[[Any, Any], Any]:
    """`loss(y, logits)`, which gives (n,) losses in nats from soft targets y (n, classes) and logits (n, classes).

    Cross-entropy is sum_c y_c L_c with L_c = -log p_c; the focal loss (Lin et al., arXiv 1708.02002, without its
    alpha) is sum_c y_c (1 - p_c)^gamma L_c, so that what is answered with confidence hardly counts.
    Where `multilabel`, each class is a yes or no of its own, and the loss is the mean over the classes.
    Label smoothing is in the targets already (`soft_targets`), class weights in the samples' weights.
    """
    gamma = float(levers.focal_gamma) if levers.loss == "focal" else 0.0
    return _sigmoid_loss(gamma) if multilabel else _softmax_loss(gamma)


def _softmax_loss(gamma: float) -> Callable[[Any, Any], Any]:
    ops = import_keras().ops

    def loss(y: Any, logits: Any) -> Any:
        log_p = ops.log_softmax(logits, axis=-1)
        return -ops.sum(y * _weighed(log_p, gamma), axis=-1)

    return loss


def _sigmoid_loss(gamma: float) -> Callable[[Any, Any], Any]:
    ops = import_keras().ops

    def loss(y: Any, logits: Any) -> Any:
        yes, no = ops.log_sigmoid(logits), ops.log_sigmoid(-logits)
        return -ops.mean(y * _weighed(yes, gamma) + (1.0 - y) * _weighed(no, gamma), axis=-1)

    return loss


def _weighed(log_p: Any, gamma: float) -> Any:
    """(1 - p)^gamma log p."""
    ops = import_keras().ops
    return ops.power(ops.maximum(1.0 - ops.exp(log_p), LEAST), gamma) * log_p if gamma else log_p
