"""The exact linear head, beside scikit-learn's logistic regression and the conditions of a minimum."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from boda.metrics.classify import sigmoid, softmax
from boda.models.heads.classify import soft_targets
from boda.training.linear import Standard, solve_path

FEW_SAMPLES, MANY_SAMPLES = (30, 80), (150, 12)


def three_clouds(shape, seed=0):
    """Features (n, d) around three centres, of unlike scales and off zero, and labels (n,)."""
    n, d = shape
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 3)
    features = rng.normal(size=(n, d)) + rng.normal(size=(3, d))[labels] * 0.5
    return (features * rng.uniform(0.1, 5, d) + rng.normal(size=d)).astype(np.float32), labels


def solve(features, targets, decay, weights=None, *, multilabel=False):
    weights = np.ones(len(features), np.float32) if weights is None else weights
    ((_, head),) = solve_path(features, targets, weights, [decay], multilabel=multilabel)
    return head


def reference(features, labels, decay, weights=None):
    """C = 1 / (n decay), since scikit-learn sums over the samples what boda takes the mean of."""
    z = StandardScaler().fit_transform(features.astype(np.float64))
    return (
        LogisticRegression(C=1 / (len(z) * decay), tol=1e-10, max_iter=10_000)
        .fit(z, labels, weights)
        .predict_log_proba(z)
    )


@pytest.mark.parametrize("shape", [FEW_SAMPLES, MANY_SAMPLES], ids=["n < d", "n > d"])
@pytest.mark.parametrize("decay", [1.0, 0.1, 0.003])
def test_log_probabilities_are_those_of_scikit_learn(shape, decay):
    features, labels = three_clouds(shape)
    head = solve(features, soft_targets(labels, 3), decay)

    np.testing.assert_allclose(
        np.log(softmax(head.logits(features))), reference(features, labels, decay), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("shape", [FEW_SAMPLES, MANY_SAMPLES], ids=["n < d", "n > d"])
def test_weighted_samples_count_as_in_scikit_learn(shape):
    features, labels = three_clouds(shape)
    weights = np.random.default_rng(1).uniform(0.2, 3, len(labels))
    weights /= weights.mean()
    head = solve(features, soft_targets(labels, 3), 0.1, weights)

    np.testing.assert_allclose(
        np.log(softmax(head.logits(features))), reference(features, labels, 0.1, weights), atol=1e-3
    )


@pytest.mark.parametrize("shape", [FEW_SAMPLES, MANY_SAMPLES], ids=["n < d", "n > d"])
def test_several_labels_are_as_many_binary_regressions(shape):
    features, labels = three_clouds(shape)
    targets = np.stack([labels == 0, labels > 0, features[:, 0] > np.median(features[:, 0])], axis=1).astype(np.float32)
    head = solve(features, targets, 0.1, multilabel=True)

    for column, answers in zip(targets.T, sigmoid(head.logits(features)).T, strict=True):
        np.testing.assert_allclose(np.log(answers), reference(features, column, 0.1)[:, 1], atol=1e-3)


@pytest.mark.parametrize("multilabel", [False, True])
@pytest.mark.parametrize("shape", [FEW_SAMPLES, MANY_SAMPLES], ids=["n < d", "n > d"])
def test_the_slope_of_the_loss_vanishes_at_the_solution(shape, multilabel):
    """Z^T (p - y) / n + decay W = 0 and mean (p - y) = 0, in the coordinates of the standardised features."""
    features, labels = three_clouds(shape)
    targets, decay = soft_targets(labels, 3, smoothing=0.1), 0.03
    ((kernel, bias),) = solve(features, targets, decay, multilabel=multilabel).layers
    standard = Standard.of(features)
    z, own = standard(features), kernel * standard.scale[:, None]
    error = (sigmoid if multilabel else softmax)(features @ kernel + bias) - targets

    np.testing.assert_allclose(z.T @ error / len(z) + decay * own, 0, atol=2e-4)
    np.testing.assert_allclose(error.mean(axis=0), 0, atol=2e-4)


def test_the_path_gives_what_each_penalty_gives_alone():
    features, labels = three_clouds(FEW_SAMPLES)
    targets = soft_targets(labels, 3)
    path = dict(solve_path(features, targets, np.ones(30), [0.01, 1.0, 0.1], multilabel=False))

    assert list(path) == [1.0, 0.1, 0.01]
    for decay, head in path.items():
        alone = solve(features, targets, decay).logits(features)
        np.testing.assert_allclose(softmax(head.logits(features)), softmax(alone), atol=1e-3)


def test_a_feature_that_never_varies_does_no_harm():
    features, labels = three_clouds(MANY_SAMPLES)
    constant = np.hstack([features, np.full((150, 1), 7, np.float32)])
    head = solve(constant, soft_targets(labels, 3), 0.1)

    np.testing.assert_allclose(
        head.logits(constant), solve(features, soft_targets(labels, 3), 0.1).logits(features), atol=1e-3
    )


def test_a_strong_penalty_leaves_how_often_each_class_occurs():
    features, _ = three_clouds(MANY_SAMPLES)
    labels = np.repeat([0, 1, 2], [75, 45, 30])
    answers = softmax(solve(features, soft_targets(labels, 3), 1e4).logits(features))

    np.testing.assert_allclose(answers, np.tile([0.5, 0.3, 0.2], (150, 1)), atol=1e-3)
