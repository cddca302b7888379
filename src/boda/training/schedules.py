"""Schedules: the learning rate of each step, from the levers.

rate
  |    warm-up    |         the schedule, t from 0 to 1        |
  |            ___|                                            |
  |        __--   |``--__                                      |
  |    __--       |      ``--__     cosine                     |
  |__--___________|____________``--____________________________|  step
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.models.keras_import import import_keras

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.recipe import Levers

LEAST = 0.01  # what an exponential or a step-wise fall ends at, as a share of the highest rate
RISE = 0.3  # share of a cycle in which its rate rises
START = 0.04  # what a cycle begins at
FACTOR, PATIENCE, MIN_DELTA = 0.5, 2, 1e-4  # of "plateau"


def rate_at(levers: Levers, step: Any, steps_per_epoch: int, epochs: int) -> np.ndarray:
    """The learning rate of `step` (from 0; a number or an array of them), float64.

    In the warm-up of m steps it is r (step + 1) / (m + 1). After it, with t the share of the remaining steps that is
    done, it is r times: 1 (constant; plateau, before it is ever halved); 1, then 0.1 from t = 1/2, then 0.01 from
    t = 3/4 (step); 0.01^t (exponential); (1 + cos(pi t)) / 2 (cosine, Loshchilov and Hutter, arXiv 1608.03983);
    along a cosine from 0.04 up to 1 at t = 0.3, and along another down to 0 (one-cycle, after Smith and Topin,
    arXiv 1708.07120, who drew straight lines; the momentum stays as it is here).

    >>> from boda.recipe import Levers
    >>> rate_at(Levers(learning_rate=0.1, schedule="step"), [0, 10, 15], steps_per_epoch=5, epochs=4).round(6).tolist()
    [0.1, 0.01, 0.001]
    """
    total = steps_per_epoch * epochs
    warm = warmup_steps(levers, total)
    return np.asarray(_rate(np, levers.schedule, levers.learning_rate, warm, total, np.asarray(step, np.float64)))


def warmup_steps(levers: Levers, total: int) -> int:
    """How many of `total` steps the rate rises in."""
    return int(levers.warmup * total)


def schedule_of(levers: Levers, steps_per_epoch: int, epochs: int) -> Any:
    """The rate as a Keras optimizer takes it: a float, or a LearningRateSchedule that follows `rate_at`.

    Where Keras has the same schedule it is Keras's own, so that a compiled model loads without boda.
    "plateau" is a float, which `callbacks_of` changes.
    """
    schedules, rate, total = import_keras().optimizers.schedules, float(levers.learning_rate), steps_per_epoch * epochs
    warm = warmup_steps(levers, total)
    if levers.schedule == "plateau" or (levers.schedule == "constant" and not warm):
        return rate
    if levers.schedule == "cosine" and not warm:
        return schedules.CosineDecay(rate, total)
    if levers.schedule == "exponential" and not warm:
        return schedules.ExponentialDecay(rate, total, LEAST)
    return schedule_class()(levers.schedule, rate, warm, total)


@functools.cache
def schedule_class() -> Any:
    """The LearningRateSchedule `boda>Schedule`, registered; call this before loading a model that has it."""
    keras = import_keras()

    @keras.saving.register_keras_serializable("boda")
    class Schedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc, name-defined]
        """`rate_at` in a graph."""

        def __init__(self, schedule: str, learning_rate: float, warmup_steps: int, steps: int) -> None:
            self.schedule, self.learning_rate = schedule, learning_rate
            self.warmup_steps, self.steps = warmup_steps, steps

        def __call__(self, step: Any) -> Any:
            done = keras.ops.cast(step, "float32")
            return _rate(keras.ops, self.schedule, self.learning_rate, self.warmup_steps, self.steps, done)

        def get_config(self) -> dict[str, Any]:
            """What `__init__` takes."""
            names = ("schedule", "learning_rate", "warmup_steps", "steps")
            return {name: getattr(self, name) for name in names}

    return Schedule


def callbacks_of(levers: Levers, steps_per_epoch: int, epochs: int, *, monitor: str = "val_loss") -> list[Any]:
    """What Keras must call besides: with "plateau" the halving when `monitor` no longer falls, and its warm-up.

    Give `monitor="loss"` where nothing is measured on other data.
    """
    if levers.schedule != "plateau":
        return []
    keras = import_keras()
    warm = warmup_steps(levers, steps_per_epoch * epochs)
    halving = keras.callbacks.ReduceLROnPlateau(monitor, FACTOR, PATIENCE, min_delta=MIN_DELTA, verbose=0)
    return [*([_warmup_class()(float(levers.learning_rate), warm)] if warm else []), halving]


@functools.cache
def _warmup_class() -> Any:
    keras = import_keras()

    class WarmUp(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        """Raises the rate in the first steps; where a training stands it learns from the optimizer."""

        def __init__(self, learning_rate: float, steps: int) -> None:
            super().__init__()
            self.learning_rate, self.steps = learning_rate, steps

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 - Keras's interface
            """Set the rate of the step to come."""
            step = int(self.model.optimizer.iterations)
            if step <= self.steps:
                self.model.optimizer.learning_rate = self.learning_rate * (step + 1) / (self.steps + 1)

    return WarmUp


def plateau_factor(losses: Sequence[float]) -> float:
    """By what "plateau" multiplies the rate after epochs with `losses`, as Keras's ReduceLROnPlateau does.

    >>> plateau_factor([0.5, 0.4, 0.4, 0.4]), plateau_factor([0.5, 0.4, 0.4, 0.3])
    (0.5, 1.0)
    """
    best, waited, factor = math.inf, 0, 1.0
    for loss in losses:
        better = loss < best - MIN_DELTA
        best, waited = (loss, 0) if better else (best, waited + 1)
        if waited >= PATIENCE:
            factor, waited = factor * FACTOR, 0
    return factor


def _rate(xp: Any, schedule: str, rate: float, warm: int, total: int, step: Any) -> Any:
    """The formulas of `rate_at`, in NumPy or in `keras.ops`."""
    t = xp.clip((step - warm) / max(total - warm, 1), 0.0, 1.0)
    return rate * xp.where(step < warm, (step + 1) / (warm + 1), _share(xp, schedule, t))


def _share(xp: Any, schedule: str, t: Any) -> Any:
    if schedule == "step":
        return xp.where(t < 0.5, 1.0, xp.where(t < 0.75, 0.1, LEAST))
    if schedule == "exponential":
        return xp.exp(math.log(LEAST) * t)
    if schedule == "cosine":
        return _fall(xp, t)
    if schedule == "one-cycle":
        rise = START + (1 - START) * (1 - _fall(xp, xp.minimum(t / RISE, 1.0)))
        return xp.where(t < RISE, rise, _fall(xp, (t - RISE) / (1 - RISE)))
    return xp.ones_like(t)


def _fall(xp: Any, t: Any) -> Any:
    """From 1 to 0 along half a cosine."""
    return (1 + xp.cos(math.pi * t)) / 2
