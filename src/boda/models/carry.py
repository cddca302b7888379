"""Truncated backpropagation through time: the state of a recurrent layer is carried from piece to piece.

    piece 1   |= = = = = = = =|                      k2 = 8 steps, through which gradients go back
    piece 2         |- - - - -.= = =|                k1 = 3 steps further; the loss of the others was counted before
    piece 3               |- - - - -.= = =|
              0     3     6         ...              the state after k1 steps is what the next piece begins with

The states lie in variables of the layer, so that a checkpoint of the model's variables has them.
"""

from __future__ import annotations

import functools
from typing import Any

from boda.models.keras_import import import_keras


@functools.cache
def carried_class() -> Any:
    """The layer `boda>Carried`, registered."""
    keras = import_keras()
    ops = keras.ops

    @keras.saving.register_keras_serializable(package="boda")
    class Carried(keras.layers.Layer):  # type: ignore[misc, name-defined]
        """A recurrent layer that goes on from the state with which the last piece left each stream.

        No gradient goes back beyond the piece (Williams and Peng 1990). In training the state after `every` steps is
        kept; elsewhere nothing changes.

        Args:
            inner: a recurrent layer with `return_sequences` and `return_state`.
            states: how many states it has, each (b, units).
            streams: how many sequences are under way at the same time.
            every: steps between the beginnings of two pieces (k1), at most those of a piece (k2).

        Inputs:
            x (b, t, width), and rows (b,): the stream of each, counted from 1, negative where a new sequence begins,
            whose state is 0. Every batch may have its own b, as long as no stream comes twice in it.

        Output:
            (b, t, units).
        """

        def __init__(self, inner: Any, states: int, streams: int, every: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.inner, self.states, self.streams, self.every = inner, states, streams, every
            self.supports_masking = True

        def build(self, x_shape: tuple[int | None, ...], rows_shape: Any = None) -> None:  # noqa: ARG002 - Keras's
            """The inner layer's weights, and a place for each stream's states."""
            if not self.inner.built:
                self.inner.build(x_shape)
            self.kept = [
                self.add_weight(
                    shape=(self.streams, self.inner.units), initializer="zeros", trainable=False, name=f"s{i}"
                )
                for i in range(self.states)
            ]

        def call(self, x: Any, rows: Any, training: bool = False) -> Any:  # noqa: FBT001, FBT002 - Keras's interface
            """What the inner layer says at each step."""
            place = ops.abs(ops.cast(rows, "int32")) - 1
            keep = ops.expand_dims(ops.cast(rows > 0, "float32"), -1)
            before = [ops.take(kept, place, axis=0) * keep for kept in self.kept]
            y, after = _passed(self.inner, x, before, self.every, training=training)
            if training:
                for kept, state in zip(self.kept, after, strict=True):
                    kept.assign(ops.scatter_update(kept, ops.expand_dims(place, -1), ops.stop_gradient(state)))
            return y

        def compute_output_shape(self, x_shape: tuple[int | None, ...], rows_shape: Any = None) -> Any:  # noqa: ARG002
            """As the input's, with the inner layer's width."""
            return (*x_shape[:2], self.inner.units)

        def get_config(self) -> dict[str, Any]:
            """What makes an equal layer."""
            inner = keras.saving.serialize_keras_object(self.inner)
            own = {"inner": inner, "states": self.states, "streams": self.streams, "every": self.every}
            return {**super().get_config(), **own}

        @classmethod
        def from_config(cls, config: dict[str, Any]) -> Any:
            """The layer that `get_config` describes."""
            return cls(**{**config, "inner": keras.saving.deserialize_keras_object(config["inner"])})

    return Carried


def _passed(inner: Any, x: Any, before: list[Any], every: int, *, training: bool) -> tuple[Any, list[Any]]:
    """What `inner` says at each step of x, and its states after `every` of them."""
    if x.shape[1] is not None and every >= x.shape[1]:
        y, *after = inner(x, initial_state=before, training=training)
        return y, after
    first, *after = inner(x[:, :every], initial_state=before, training=training)
    rest, *_ = inner(x[:, every:], initial_state=after, training=training)
    return import_keras().ops.concatenate([first, rest], axis=1), after
