"""The head as a value: what it computes, its slopes, its bytes, and that folding Keras's layers changes nothing."""

import io
from itertools import pairwise

import numpy as np
import pytest

from boda.errors import RunError
from boda.models.heads.classify import (
    Head,
    build_keras_head,
    fold_keras_head,
    sample_weights,
    soft_targets,
)
from boda.recipe import HeadRecipe


def random_head(*widths, seed=0):
    rng = np.random.default_rng(seed)
    pairs = pairwise(widths)
    return Head(
        tuple((rng.normal(size=pair).astype(np.float32), rng.normal(size=pair[1]).astype(np.float32)) for pair in pairs)
    )


def features(n, d, seed=1):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def test_logits_by_hand():
    head = Head(((np.array([[1.0, -1.0]]), np.array([0.0, 1.0])), (np.array([[2.0], [3.0]]), np.array([0.5]))))

    assert head.logits(np.array([[2.0], [-2.0]])).tolist() == [[4.5], [9.5]]


@pytest.mark.parametrize("widths", [(5, 3), (5, 8, 3), (5, 8, 6, 3)])
def test_the_slope_is_that_of_finite_differences(widths):
    head, x, outputs, step = random_head(*widths), features(4, 5).astype(np.float64), np.array([2, 0, 1, 2]), 1e-6
    slopes = head.gradient(x, outputs)

    for feature in range(5):
        moved = x.copy()
        moved[:, feature] += step
        change = (head.logits(moved) - head.logits(x))[np.arange(4), outputs] / step
        np.testing.assert_allclose(slopes[:, feature], change, atol=1e-4)


def test_a_linear_heads_slope_is_the_classs_weights():
    head = random_head(5, 3)

    np.testing.assert_array_equal(head.gradient(features(2, 5), np.array([2, 1])), head.layers[0][0][:, [2, 1]].T)


@pytest.mark.parametrize("widths", [(5, 3), (5, 8, 6, 3)])
def test_bytes_read_back_to_the_same_head(widths):
    head = random_head(*widths)
    again = Head.from_bytes(head.to_bytes())

    assert again.to_bytes() == head.to_bytes()
    np.testing.assert_array_equal(again.logits(features(3, 5)), head.logits(features(3, 5)))


def pickled():
    buffer = io.BytesIO()
    np.savez(buffer, kernel0=np.array([{}], dtype=object), bias0=np.zeros(1))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data", [b"", b"no archive", random_head(5, 3).to_bytes()[:-40], pickled()], ids=["empty", "text", "cut", "pickle"]
)
def test_damaged_bytes_and_pickles_are_refused(data):
    with pytest.raises(RunError, match=r"^head\.npz is damaged: "):
        Head.from_bytes(data)


def test_dense_layers_have_relu_but_for_the_last():
    assert [activation for *_, activation in random_head(5, 8, 6, 3).dense()] == ["relu", "relu", "none"]


@pytest.mark.parametrize(
    "recipe",
    [
        HeadRecipe(dropout=0.4),
        HeadRecipe(batch_norm=True),
        HeadRecipe(hidden=(7,), dropout=0.4),
        HeadRecipe(hidden=(7, 6), batch_norm=True, dropout=0.4),
    ],
    ids=["dropout", "batch norm", "hidden", "all"],
)
def test_a_folded_head_computes_what_keras_does(recipe):
    model = build_keras_head(5, 3, recipe, seed=0)
    rng = np.random.default_rng(0)
    model.set_weights(
        [
            rng.uniform(0.5, 1.5, w.shape) * np.where(rng.random(w.shape) < 0.3, -1, 1) ** (w.ndim == 2)
            for w in model.get_weights()
        ]
    )
    mean, scale = rng.normal(size=5), rng.uniform(0.5, 2, 5)
    x = features(20, 5)
    expected = model((x - mean) / scale, training=False).numpy()

    np.testing.assert_allclose(fold_keras_head(model, mean, scale).logits(x), expected, atol=1e-4)


def test_soft_targets_by_hand():
    np.testing.assert_allclose(soft_targets(np.array([1]), 4, smoothing=0.2), [[0.05, 0.85, 0.05, 0.05]])
    np.testing.assert_allclose(soft_targets(np.array([[1, 0]]), 2, smoothing=0.2), [[0.9, 0.1]])


def test_balanced_weights_by_hand():
    """Three of one class and one of the other: 4 / (2 * 3) and 4 / (2 * 1), already of mean 1."""
    weights = sample_weights(np.array([0, 0, 0, 1]), 2, HeadRecipe(class_weight="balanced"))

    np.testing.assert_allclose(weights, [2 / 3, 2 / 3, 2 / 3, 2])


def test_without_class_weights_all_samples_are_alike():
    assert sample_weights(np.array([0, 0, 1]), 2, HeadRecipe()).tolist() == [1, 1, 1]


def test_a_picture_without_any_label_is_weighed_as_an_average_one():
    targets = np.array([[1, 0], [1, 0], [0, 1], [0, 0]], np.float32)
    weights = sample_weights(targets, 2, HeadRecipe(class_weight="balanced"))

    np.testing.assert_allclose(weights / weights[3], [1, 1, 2, 1])
