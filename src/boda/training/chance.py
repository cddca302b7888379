"""Chance under control: deterministic operations, and every random state of a training set, read and put back."""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.models.keras_import import import_keras

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """Run TensorFlow's operations in their deterministic form, all generators seeded; afterwards as before.

    Python's and NumPy's global generators get their states back, so that a training changes no draw of the caller's.
    TensorFlow's global seed stays set, since it cannot be read.
    """
    import_keras()
    import tensorflow as tf
    from tensorflow.python.framework import config  # the public module can turn it on only

    before, was_on = random_states(), config.is_op_determinism_enabled()
    import_keras().utils.set_random_seed(seed % 2**32)  # NumPy takes no more
    tf.config.experimental.enable_op_determinism()
    try:
        yield
    finally:
        set_random_states(before)
        if not was_on:
            config.disable_op_determinism()


def seed_draws(model: Any, seed: int) -> None:
    """Set the state of each seed generator in `model` (those of Dropout and its kin) from (seed, its place)."""
    weights = {id(v) for v in model.weights}
    for place, state in enumerate(v for v in model.variables if id(v) not in weights):
        first = np.random.default_rng([abs(seed), place]).integers(2**31)
        state.assign([first, 0])  # Keras's own form: the seed, and a count of the draws


def random_states() -> list[Any]:
    """The states of Python's and NumPy's global generators, as plain values."""
    return [random.getstate(), np.random.get_state()]  # noqa: NPY002 - the user's callbacks may draw from it


def set_random_states(states: list[Any]) -> None:
    """Put back what `random_states` gave."""
    random.setstate(states[0])
    np.random.set_state(states[1])  # noqa: NPY002 - as above
