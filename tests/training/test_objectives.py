"""Objectives: losses by hand, for soft targets, one a sample."""

import numpy as np
import pytest

from boda.metrics.classify import sigmoid, softmax
from boda.models.keras_import import import_keras
from boda.recipe import Levers
from boda.training.objectives import loss_of

LOGITS = np.array([[2.0, 0.0, -1.0], [0.5, 0.5, 0.5]], np.float32)
SOFT = np.array([[0.8, 0.1, 0.1], [0.0, 1.0, 0.0]], np.float32)


def losses(levers, *, multilabel=False, logits=LOGITS, targets=SOFT):
    return np.array(loss_of(levers, multilabel=multilabel)(targets, logits))


def test_cross_entropy_of_soft_targets():
    np.testing.assert_allclose(losses(Levers()), -(SOFT * np.log(softmax(LOGITS))).sum(axis=1), rtol=1e-6)


def test_each_class_is_a_yes_or_no_where_a_picture_has_several_labels():
    p = sigmoid(LOGITS)
    expected = -(SOFT * np.log(p) + (1 - SOFT) * np.log(1 - p)).mean(axis=1)

    np.testing.assert_allclose(losses(Levers(), multilabel=True), expected, rtol=1e-6)


def test_focal_by_hand():
    """At p = 1/3 the loss log 3 is weighed by (2/3)^2."""
    assert losses(Levers(loss="focal"))[1] == pytest.approx(4 / 9 * np.log(3), rel=1e-5)


def test_focal_with_several_labels_weighs_yes_and_no():
    p = sigmoid(LOGITS)
    expected = -(SOFT * (1 - p) ** 3 * np.log(p) + (1 - SOFT) * p**3 * np.log(1 - p)).mean(axis=1)
    found = losses(Levers(loss="focal", focal_gamma=3.0), multilabel=True)

    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("multilabel", [False, True])
def test_focal_with_gamma_0_is_cross_entropy(multilabel):
    focal = losses(Levers(loss="focal", focal_gamma=0.0), multilabel=multilabel)

    np.testing.assert_array_equal(focal, losses(Levers(), multilabel=multilabel))


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_slopes_are_finite_where_the_answer_is_certain(gamma, multilabel):
    import_keras()
    import tensorflow as tf

    logits = tf.constant([[200.0, -200.0], [-200.0, 200.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = loss_of(Levers(loss="focal", focal_gamma=gamma), multilabel=multilabel)(np.eye(2)[[0, 0]], logits)

    assert np.isfinite(loss).all()
    assert np.isfinite(tape.gradient(loss, logits)).all()
