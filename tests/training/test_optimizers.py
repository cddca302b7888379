"""Optimizers: each row of the table steps and decays as it should, and rates differ by depth."""

import numpy as np
import pytest

from boda.errors import RecipeError
from boda.models.keras_import import import_keras
from boda.recipe import Levers
from boda.recipe.levers import OPTIMIZERS
from boda.training.optimizers import KERAS, optimizer_of


def constant(**entries):
    return Levers(**{"schedule": "constant", "learning_rate": 0.1, "weight_decay": 0.0, **entries})


def variables(*names, value=1.0):
    """A variable a name, whose path it is."""
    keras, made = import_keras(), []
    for name in names:
        *scopes, last = name.split("/")
        with keras.name_scope("/".join(scopes)) if scopes else keras.name_scope("x"):
            made.append(keras.Variable(np.full(2, value, np.float32), name=last))
    return made


def moves(optimizer, weights, gradient=1.0, steps=1):
    """How far each of `weights` moves in `steps` steps with the same gradient."""
    before = [np.array(weight) for weight in weights]
    for _ in range(steps):
        optimizer.apply([np.full(2, gradient, np.float32) for _ in weights], weights)
    return [float((np.array(weight) - old)[0]) for weight, old in zip(weights, before, strict=True)]


def test_every_optimizer_of_the_recipe_is_a_keras_one():
    assert tuple(KERAS) == OPTIMIZERS


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_steps_against_the_gradient(name):
    [moved] = moves(optimizer_of(constant(optimizer=name), 1, 1), variables("a/kernel"))

    assert -0.5 < moved < 0


def test_sgd_by_hand():
    """Velocity 0.5 v - 0.1 g: -0.1, then -0.15; Nesterov looks ahead: 0.5 * -0.1 - 0.1, then 0.5 * -0.15 - 0.1."""
    plain, nesterov = (optimizer_of(constant(optimizer=n, momentum=0.5), 1, 1) for n in ("sgd", "nesterov"))

    assert moves(plain, variables("a/kernel"), steps=2) == pytest.approx([-0.25])
    assert moves(nesterov, variables("a/kernel"), steps=2) == pytest.approx([-0.325])


def test_momentum_reaches_rmsprop():
    assert optimizer_of(constant(optimizer="rmsprop", momentum=0.7), 1, 1).momentum == 0.7


def test_the_rate_follows_the_schedule():
    optimizer = optimizer_of(constant(optimizer="sgd", momentum=0.0, schedule="step"), 2, 2)
    [weight] = variables("a/kernel")

    assert [moves(optimizer, [weight])[0] for _ in range(4)] == pytest.approx([-0.1, -0.1, -0.01, -0.001], rel=1e-4)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_decay_is_apart_from_the_gradient_whichever_the_optimizer(name):
    """A gradient of 0 leaves the decay alone: a weight of 1 loses 0.1 * 0.5."""
    optimizer = optimizer_of(constant(optimizer=name, weight_decay=0.5), 1, 1)

    assert moves(optimizer, variables("a/kernel"), gradient=0.0) == pytest.approx([-0.05])


def test_biases_and_batch_normalization_do_not_decay():
    optimizer = optimizer_of(constant(weight_decay=0.5), 1, 1)
    some = variables("a/kernel", "a/bias", "bn/gamma", "bn/beta", "bias_free/kernel")

    assert moves(optimizer, some, gradient=0.0) == pytest.approx([-0.05, 0, 0, 0, -0.05])


def test_auto_decays_a_little_but_adam_not_at_all():
    assert optimizer_of(Levers(), 1, 1).weight_decay == 1e-4
    assert optimizer_of(Levers(optimizer="lion"), 1, 1).weight_decay == 1e-4
    assert optimizer_of(Levers(optimizer="adam"), 1, 1).weight_decay is None


def test_gradients_are_shortened_together():
    """(3, 3) and (4, 4) are sqrt(50) long; shortened to 1, the first entries are 3 and 4 through sqrt(50)."""
    optimizer = optimizer_of(constant(optimizer="sgd", momentum=0.0), 1, 1, clip_norm=1.0)
    some = variables("a/kernel", "b/kernel")
    before = [np.array(weight) for weight in some]
    optimizer.apply([np.full(2, 3, np.float32), np.full(2, 4, np.float32)], some)
    moved = [(np.array(weight) - old)[0] for weight, old in zip(some, before, strict=True)]

    np.testing.assert_allclose(moved, [-0.3 / np.sqrt(50), -0.4 / np.sqrt(50)], rtol=1e-5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_with_layer_decay_a_half_a_variable_at_depth_2_moves_a_quarter_as_far(name):
    optimizer = optimizer_of(
        constant(optimizer=name), 1, 1, variables_depth={"low": 2, "high/kernel": 0}, layer_decay=0.5
    )
    high, low = moves(optimizer, variables("high/kernel", "low/kernel"), steps=3)

    tolerance = 0.1 if name == "lamb" else 1e-3  # LAMB's step is a share of the weight, which has moved
    assert low / high == pytest.approx(0.25, rel=tolerance)


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_with_layer_decay_the_weights_decay_less_too_and_once(name):
    optimizer = optimizer_of(
        constant(optimizer=name, weight_decay=0.5), 1, 1, variables_depth={"low": 2}, layer_decay=0.5
    )

    some = variables("high/kernel", "low/kernel", "low/bias")
    assert moves(optimizer, some, gradient=0.0) == pytest.approx([-0.05, -0.0125, 0])


def test_without_layer_decay_the_optimizer_is_kerass_own():
    assert type(optimizer_of(constant(), 1, 1, variables_depth={"low": 2})).__module__.startswith("keras.")


def test_depths_of_another_model_are_refused():
    optimizer = optimizer_of(constant(), 1, 1, variables_depth={"stem": 2}, layer_decay=0.5)

    with pytest.raises(RecipeError, match=r"by path or layer, such as .*kernel\. Received: stem"):
        optimizer.build(variables("a/kernel"))


def test_a_compiled_model_keeps_depths_and_state_through_a_file(tmp_path):
    keras, rng = import_keras(), np.random.default_rng(0)
    x, y = rng.normal(size=(8, 3)).astype("f"), rng.normal(size=(8, 1)).astype("f")
    layers = [keras.Input((3,)), keras.layers.Dense(4, name="low"), keras.layers.Dense(1, name="high")]
    model = keras.Sequential(layers)
    levers = constant(optimizer="adamw", schedule="cosine", warmup=0.2)
    model.compile(optimizer_of(levers, 1, 9, variables_depth={"low": 1}, layer_decay=0.5), loss="mse")
    model.fit(x, y, epochs=3, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for one in (model, again):
        one.fit(x, y, epochs=2, verbose=0, shuffle=False)

    assert again.optimizer.depths == {"low": 1}
    for own, other in zip(model.weights, again.weights, strict=True):
        np.testing.assert_array_equal(np.array(own), np.array(other))
