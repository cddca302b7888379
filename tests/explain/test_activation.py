"""Activation maps: the slope of the head by pooled features, over the network's channels."""

import numpy as np
import pytest

from boda.data.view import View
from boda.explain.activation import Looker, activation_map, evidence, to_heat
from boda.models.heads.classify import Head
from boda.sample import Sample


@pytest.fixture(scope="module")
def looker(trained):
    return Looker.of(trained)


@pytest.fixture(scope="module")
def reaction(trained, looker, picture):
    view = View(**trained.about["view"])
    return looker.react(view.pixels(Sample("", picture(name, 100))) for name in ("leaf", "berry", "water"))


def test_evidence_is_the_sum_of_channels_by_their_slopes():
    spatial = np.array([[[1.0, 2.0], [3.0, 4.0]]])

    assert evidence(spatial, np.array([10.0, -1.0])).tolist() == [[8.0, 26.0]]


def test_a_map_holds_what_speaks_for_the_answer_by_its_greatest():
    spatial = np.array([[[1.0], [-2.0], [4.0]]])

    assert activation_map(spatial, np.array([1.0])).tolist() == [[0.25, 0.0, 1.0]]


def test_heat_is_zero_where_nothing_speaks_for_the_answer():
    assert to_heat(np.array([[-1.0, -2.0]])).tolist() == [[0.0, 0.0]]


def test_the_mean_evidence_of_a_linear_head_is_its_logit_without_the_bias(looker, reaction):
    """Averaging over places comes before the head: logit_k = w_k . mean(A) + b_k, so the maps share out the logit."""
    outputs = np.array([0, 1, 2])
    _, bias = looker.head.layers[0]

    maps = looker.evidence(reaction, outputs)

    assert len(looker.head.layers) == 1
    expected = reaction.logits[outputs, outputs] - bias[outputs]
    np.testing.assert_allclose([some.mean() for some in maps], expected, atol=1e-3)


def test_the_networks_logits_are_the_heads_own(looker, reaction):
    np.testing.assert_allclose(looker.head.logits(reaction.pooled), reaction.logits, atol=1e-3)


def test_the_slope_of_a_head_with_a_hidden_layer_is_that_of_small_steps():
    rng = np.random.default_rng(0)
    head = Head(((rng.normal(size=(6, 5)), rng.normal(size=5)), (rng.normal(size=(5, 3)), rng.normal(size=3))))
    features, step = rng.normal(size=(4, 6)), 1e-6
    outputs = np.array([0, 1, 2, 1])

    slopes = head.gradient(features, outputs)

    for channel in range(6):
        moved = features.copy()
        moved[:, channel] += step
        rise = (head.logits(moved) - head.logits(features))[np.arange(4), outputs] / step
        np.testing.assert_allclose(slopes[:, channel], rise, atol=1e-4)
