"""Optimizers: the levers' optimizer as a Keras one, with decoupled weight decay and rates that differ by depth."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from boda.errors import RecipeError
from boda.models.keras_import import import_keras
from boda.training.schedules import schedule_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from boda.recipe import Levers

KERAS = {
    "auto": "AdamW",
    "sgd": "SGD",
    "nesterov": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "Nadam",
    "adamax": "Adamax",
    "rmsprop": "RMSprop",
    "lion": "Lion",
    "adagrad": "Adagrad",
    "lamb": "Lamb",
}
WITH_MOMENTUM = ("sgd", "nesterov", "rmsprop")
USUAL_DECAY = 1e-4  # a head that starts at 0 (`head_network.untrained_head`) needs no more
NOT_DECAYED = r"(^|/)(bias|gamma|beta)(:|$)"  # the last two are BatchNormalization's


def optimizer_of(
    levers: Levers,
    steps_per_epoch: int,
    epochs: int,
    *,
    variables_depth: Mapping[str, int] | None = None,
    layer_decay: float = 1.0,
    clip_norm: float | None = None,
) -> Any:
    """The Keras optimizer that the levers ask for, not yet built.

    Weights shrink by rate * weight_decay in each step, apart from the gradient (Loshchilov and Hutter, arXiv
    1711.05101), whichever the optimizer; biases and BatchNormalization's gamma and beta do not.

    With `layer_decay` below 1 the rate of a variable at depth k is rate * layer_decay ** k, and so is its decay
    (as in Clark et al., arXiv 2003.10555). Such an optimizer is a class of boda's own: a model that is saved with it
    needs boda to be loaded with its optimizer.

    Args:
        levers: optimizer, learning_rate, schedule, warmup, momentum and weight_decay are read.
        steps_per_epoch: batches an epoch.
        epochs: how long the schedule takes.
        variables_depth: how far below the head each variable lies, by its `path` or the name of its layer (as
            `boda.models.cut.layer_depths` gives it); those not named have depth 0.
        layer_decay: above 0 and at most 1.
        clip_norm: gradients of all variables together that are longer than this are shortened to it.

    Raises:
        RecipeError: when it is built, none of the variables is named by `variables_depth`.
    """
    options = {
        "learning_rate": schedule_of(levers, steps_per_epoch, epochs),
        "global_clipnorm": clip_norm,
        **_options(levers),
    }
    if layer_decay == 1.0:
        optimizer = getattr(import_keras().optimizers, KERAS[levers.optimizer])(**options)
    else:
        layered = layered_class(KERAS[levers.optimizer])
        optimizer = layered(**options, depths=dict(variables_depth or {}), layer_decay=layer_decay)
    optimizer.exclude_from_weight_decay(var_names=[NOT_DECAYED])
    return optimizer


def decay_of(levers: Levers) -> float:
    """The weight decay; "auto" is 1e-4, but 0 for "adam", whose form with decay is "adamw".

    >>> from boda.recipe import Levers
    >>> decay_of(Levers(optimizer="adamw")), decay_of(Levers(optimizer="adam")), decay_of(Levers(weight_decay=0.1))
    (0.0001, 0.0, 0.1)
    """
    if levers.weight_decay == "auto":
        return 0.0 if levers.optimizer == "adam" else USUAL_DECAY
    return float(levers.weight_decay)


def _options(levers: Levers) -> dict[str, Any]:
    decay = decay_of(levers)
    options: dict[str, Any] = {"weight_decay": decay if decay or KERAS[levers.optimizer] == "AdamW" else None}
    if levers.optimizer in WITH_MOMENTUM:
        options["momentum"] = float(levers.momentum)
    if levers.optimizer == "nesterov":
        options["nesterov"] = True
    return options


@functools.cache
def layered_class(name: str) -> Any:
    """Keras's optimizer `name` with a rate for each depth, registered as `boda>LayeredNAME`.

    Call it before loading a model that was saved with it.
    """
    keras = import_keras()
    base = getattr(keras.optimizers, name)

    class Layered(base):  # type: ignore[misc, valid-type]
        """The rate of a variable at depth k, and its decay, are layer_decay ** k of the optimizer's."""

        def __init__(self, *args: Any, depths: dict[str, int], layer_decay: float, **options: Any) -> None:
            super().__init__(*args, **options)
            self.depths, self.layer_decay = depths, layer_decay

        def build(self, variables: list[Any]) -> None:
            """Look up the depth of each of `variables`."""
            if self.built:
                return
            super().build(variables)
            self._shares = [self.layer_decay**depth for depth in _depths(self.depths, variables)]

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            """One step of one variable: first its decay, then what the optimizer does."""
            rate = keras.ops.cast(learning_rate, variable.dtype) * self._shares[self._get_variable_index(variable)]
            if self.weight_decay and self._use_weight_decay(variable):
                self.assign_sub(variable, variable * (self.weight_decay * rate))
            super().update_step(gradient, variable, rate)

        def _apply_weight_decay(self, variables: list[Any]) -> None:
            """Nothing: Keras would decay all alike here, before the steps."""

        def get_config(self) -> dict[str, Any]:
            """What `__init__` takes."""
            return {**super().get_config(), "depths": dict(self.depths), "layer_decay": self.layer_decay}

    Layered.__name__ = Layered.__qualname__ = f"Layered{name}"
    return keras.saving.register_keras_serializable("boda")(Layered)


def _depths(depths: Mapping[str, int], variables: list[Any]) -> list[int]:
    """The depth of each variable, by its path, or by the layer that is the last in it; 0 where neither is named."""
    names = [[variable.path, *reversed(variable.path.split("/")[:-1])] for variable in variables]
    known = [[depths[name] for name in some if name in depths] for some in names]
    if depths and not any(known):
        raise RecipeError(
            f"variables_depth must name variables by path or layer, such as {names[0][0]}. "
            f"Received: {', '.join(list(depths)[:3])}"
        )
    return [found[0] if found else 0 for found in known]
