"""A learner is one flat network: backbone and head, trained together, exported, and put back as it was."""

import keras
import numpy as np
import pytest

from boda.models.engine import Network
from boda.models.heads.classify import Head
from boda.recipe import Recipe
from boda.training.learner import Learner

RECIPE = Recipe("mobilenet_v3_small", weights=None, size=32)
RNG = np.random.default_rng(0)
HEAD = Head(
    (
        (RNG.normal(size=(576, 4)).astype("f"), RNG.normal(size=4).astype("f")),
        (RNG.normal(size=(4, 3)).astype("f"), RNG.normal(size=3).astype("f")),
    )
)
PICTURES = RNG.integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def learner():
    return Learner.of(RECIPE, HEAD, seed=1)


def test_its_logits_are_the_heads_on_its_pooled_features(learner):
    spatial, pooled, logits = learner.model.predict(PICTURES.astype("f"), verbose=0)

    assert spatial.ndim == 4
    assert np.allclose(logits, HEAD.logits(pooled), atol=1e-4)


def test_its_head_is_read_back(learner):
    for (kernel, bias), (ours, own) in zip(learner.head.layers, HEAD.layers, strict=True):
        assert (kernel == ours).all()
        assert (bias == own).all()


def test_no_model_is_nested_in_it(learner):
    assert not any(isinstance(layer, keras.Model) for layer in learner.model.layers)


def test_weights_are_put_back(learner):
    before = learner.weights()
    learner.set_head(Head(tuple((kernel + 1, bias) for kernel, bias in HEAD.layers)))
    learner.set_weights(before)

    assert (learner.head.layers[0][0] == HEAD.layers[0][0]).all()


def test_the_same_seed_gives_the_same_fresh_network():
    first, again, other = (Learner.of(RECIPE, (3,), seed=seed).weights() for seed in (1, 1, 2))

    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert not all((a == b).all() for a, b in zip(first, other, strict=True))


def test_dropout_of_the_recipes_head_comes_before_each_of_its_layers():
    learner = Learner.of(RECIPE.replace(head_dropout=0.3), HEAD, seed=1)

    assert [layer.rate for layer in learner.model.layers if layer.name.startswith("head_dropout")] == [0.3, 0.3]


def test_what_is_exported_answers_alike(learner, tmp_path):
    learner.export(tmp_path / "network.xml")
    (answer,) = Network(tmp_path / "network.xml").run([PICTURES])
    expected = learner.model.predict(PICTURES.astype("f"), verbose=0)

    for name, values in zip(("map", "pooled", "logits"), expected, strict=True):
        assert np.allclose(answer[name], values, atol=1e-3 * max(1, np.abs(values).max()))


def test_the_weights_file_of_the_backbone_loads_into_another(learner, tmp_path):
    (tmp_path / "mine.weights.h5").write_bytes(learner.weights_file())
    other = Learner.of(RECIPE.replace(weights=str(tmp_path / "mine.weights.h5")), HEAD, seed=9)

    assert all((a == b).all() for a, b in zip(learner.weights(), other.weights(), strict=True))
