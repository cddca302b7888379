"""Schedules: the rate of each step, by hand, the same in a Keras optimizer, and readable back."""

import numpy as np
import pytest

from boda.models.keras_import import import_keras
from boda.recipe import Levers
from boda.training.schedules import callbacks_of, plateau_factor, rate_at, schedule_of, warmup_steps

SCHEDULES = ("constant", "step", "exponential", "cosine", "one-cycle")


def rates(schedule, steps, warmup=0.0):
    """Of 20 steps in 4 epochs, with 1 as the highest rate."""
    return rate_at(Levers(learning_rate=1.0, schedule=schedule, warmup=warmup), steps, 5, 4)


@pytest.mark.parametrize(
    ("schedule", "steps", "expected"),
    [
        ("constant", [0, 10, 20], [1, 1, 1]),
        ("step", [0, 9, 10, 14, 15, 20], [1, 1, 0.1, 0.1, 0.01, 0.01]),
        ("exponential", [0, 10, 20], [1, 0.1, 0.01]),
        ("cosine", [0, 10, 20], [1, 0.5, 0]),
        ("one-cycle", [0, 3, 6, 13, 20], [0.04, 0.52, 1, 0.5, 0]),
        ("plateau", [0, 20], [1, 1]),
    ],
)
def test_rates_by_hand(schedule, steps, expected):
    np.testing.assert_allclose(rates(schedule, steps), expected, atol=1e-12)


def test_a_warm_up_of_four_steps_rises_in_fifths_and_the_schedule_takes_the_rest():
    np.testing.assert_allclose(rates("cosine", [0, 1, 2, 3, 4, 12, 20], 0.2), [0.2, 0.4, 0.6, 0.8, 1, 0.5, 0])


def test_a_warm_up_leaves_at_least_one_step_at_the_highest_rate():
    levers = Levers(learning_rate=1.0, warmup=0.99)

    assert warmup_steps(levers, 10) == 9
    assert rate_at(levers, 9, 10, 1) == 1


def test_after_the_last_step_the_rate_stays():
    assert rates("exponential", 1000) == pytest.approx(0.01)


@pytest.mark.parametrize("warmup", [0.0, 0.3])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_keras_follows_the_same_rates_also_after_reading_back(schedule, warmup):
    keras = import_keras()
    levers = Levers(learning_rate=0.02, schedule=schedule, warmup=warmup)
    optimizer = keras.optimizers.SGD(schedule_of(levers, 5, 4))
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    steps = np.arange(20)
    found = []
    for step in steps:
        again.iterations.assign(step)
        found.append(float(again.learning_rate))

    np.testing.assert_allclose(found, rate_at(levers, steps, 5, 4), rtol=1e-4, atol=1e-8)


def test_without_warm_up_cosine_is_kerass_own_so_that_models_load_without_boda():
    assert type(schedule_of(Levers(), 5, 4)).__module__.startswith("keras.")


def test_plateau_halves_the_rate_after_two_epochs_without_a_better_loss():
    assert plateau_factor([]) == 1
    assert plateau_factor([0.5, 0.4, 0.41]) == 1
    assert plateau_factor([0.5, 0.4, 0.41, 0.4]) == 0.5
    assert plateau_factor([0.5, 0.4, 0.41, 0.4, 0.4, 0.4]) == 0.25


def test_plateau_is_what_kerass_callback_does():
    keras = import_keras()
    [callback] = callbacks_of(Levers(schedule="plateau"), 5, 4)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0))
    callback.set_model(model)
    callback.on_train_begin()
    losses = np.random.default_rng(0).choice([0.2, 0.3, 0.4, 0.30005], 30).tolist()
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss})

        assert float(model.optimizer.learning_rate) == plateau_factor(losses[: epoch + 1])


def test_plateaus_warm_up_raises_the_rate_to_the_highest_and_then_leaves_it_alone():
    keras = import_keras()
    levers = Levers(schedule="plateau", warmup=0.1, learning_rate=0.3)
    warm_up, _ = callbacks_of(levers, 5, 4, monitor="loss")
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(schedule_of(levers, 5, 4)))
    warm_up.set_model(model)
    found = []
    for step in range(4):
        model.optimizer.iterations.assign(step)
        if step == 3:
            model.optimizer.learning_rate = 0.15  # as plateau would
        warm_up.on_train_batch_begin(0)
        found.append(float(model.optimizer.learning_rate))

    np.testing.assert_allclose(found, [0.1, 0.2, 0.3, 0.15], rtol=1e-6)


def test_other_schedules_need_no_callbacks():
    assert callbacks_of(Levers(warmup=0.5), 5, 4) == []
