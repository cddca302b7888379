"""minGRU as a Keras layer; import this file only where Keras is loaded already."""

from __future__ import annotations

from typing import Any

from boda.models.fast_layers import FastLoop, product
from boda.models.keras_import import import_keras

keras = import_keras()


@keras.saving.register_keras_serializable(package="boda")
class MinGRUCell(keras.layers.Layer):  # type: ignore[misc, name-defined]
    """One step of `MinGRU`, for Keras's own loop.

    Args:
        units: width of the state.
        kernel_initializer: of the kernel (d, 2 units), in the order z h.
        bias_initializer: of the bias (2 units,).
    """

    def __init__(
        self, units: int, kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.units = self.state_size = self.output_size = int(units)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the weights."""
        width = 2 * self.units
        self.kernel = self.add_weight((input_shape[-1], width), name="kernel", initializer=self.kernel_initializer)
        self.bias = self.add_weight((width,), name="bias", initializer=self.bias_initializer)

    def call(self, inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        """The output (b, units), and the state, which is the same."""
        gate, candidate = keras.ops.split(keras.ops.matmul(inputs, self.kernel) + self.bias, 2, axis=-1)
        h = states[0] + keras.ops.sigmoid(gate) * (candidate - states[0])
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        """What makes an equal cell."""
        return {**super().get_config(), **_config(self)}


@keras.saving.register_keras_serializable(package="boda")
class MinGRU(FastLoop, keras.layers.RNN):  # type: ignore[misc, name-defined]
    """A GRU whose gate and candidate see the input alone (Feng et al., arXiv 2410.01201).

        z = sigmoid(x W_z + b_z),    h~ = x W_h + b_h,    h = (1 - z) h + z h~

    Args:
        units: width of the state.
        kernel_initializer: of the kernel (d, 2 units), in the order z h.
        bias_initializer: of the bias (2 units,).
        dropout: share of the inputs' channels that a sequence loses in training, the same at each step.
        seed: of dropout.
        kwargs: `return_sequences`, `return_state`, `go_backwards` and the others of `keras.layers.RNN`.

    Inputs:
        (b, t, d).

    Output:
        (b, units), or (b, t, units) with `return_sequences`.
    """

    def __init__(
        self,
        units: int,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        cell = MinGRUCell(units, kernel_initializer, bias_initializer, name="mingru_cell", dtype=kwargs.get("dtype"))
        super().__init__(cell, **kwargs)
        self.dropout, self.seed = float(dropout), seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_jit = False

    @property
    def units(self) -> int:
        """Width of the state."""
        return self.cell.units

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = None) -> Any:
        """The output, and the state with `return_state`."""
        if training and self.dropout:
            ones = keras.ops.ones_like(sequences[:, :1])
            sequences = sequences * keras.random.dropout(ones, self.dropout, seed=self.seed_generator)
        return super().call(sequences, initial_state=initial_state, mask=mask, training=training)

    def _is_covered(self) -> bool:
        return self._runs_here()

    def _projected(self, x: Any, training: Any) -> Any:  # noqa: ARG002 - as FastLoop calls it
        return product(x, self.cell.kernel, self.cell.bias)

    def _scan(self, x: Any, states: list[Any], mask: Any, training: Any) -> list[Any]:  # noqa: ARG002 - as above
        from boda.models.scan import mingru_scan

        return [mingru_scan(x, states[0], mask)]

    def get_config(self) -> dict[str, Any]:
        """What makes an equal layer."""
        config = {**super().get_config(), **_config(self.cell), "dropout": self.dropout, "seed": self.seed}
        del config["cell"]
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> MinGRU:
        """The layer that `get_config` told of."""
        return cls(**config)


def _config(cell: MinGRUCell) -> dict[str, Any]:
    return {
        "units": cell.units,
        "kernel_initializer": keras.initializers.serialize(cell.kernel_initializer),
        "bias_initializer": keras.initializers.serialize(cell.bias_initializer),
    }
