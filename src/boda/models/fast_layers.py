"""Keras's recurrent layers with boda's loops over time; import this file only where Keras is loaded already.

Weights, configurations, masks, draws of dropout and, but for rounding, results are Keras's.
Whatever the loops do not cover (another activation, another backend or precision, a GPU) runs as in Keras.
"""

from __future__ import annotations

from typing import Any

from boda.models.keras_import import import_keras

keras = import_keras()


class FastLoop:
    """What replaces the loop of Keras's `RNN`: all products with inputs at once, then the compiled recurrence."""

    def inner_loop(self: Any, sequences: Any, initial_state: Any, mask: Any, training: Any = None) -> Any:
        """The last output (b, u), all outputs (b, t, u), and the states after the last step."""
        if not self._is_covered():
            return super().inner_loop(sequences, initial_state, mask, training)  # type: ignore[misc] # Keras's own
        import tensorflow as tf

        states = list(initial_state) if isinstance(initial_state, list | tuple) else [initial_state]
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        mask = None if mask is None else tf.cast(mask, tf.bool)
        if self.go_backwards:
            sequences = tf.reverse(sequences, [1])
            mask = None if mask is None else tf.reverse(mask, [1])
        held = tf.zeros((tf.shape(sequences)[0], 0), tf.bool) if mask is None else mask
        hs, *carry = self._scan(self._projected(sequences, training), states, held, training)
        outputs = hs if mask is None else _shown(hs, mask, zeros=self.zero_output_for_mask)
        return outputs[:, -1], outputs, [hs[:, -1], *carry]

    def _is_covered(self: Any) -> bool:
        cell = self.cell
        usual = cell.activation is keras.activations.tanh and max(cell.dropout, cell.recurrent_dropout) < 1
        return usual and self._runs_here()

    def _runs_here(self: Any) -> bool:
        import tensorflow as tf

        on_cpu = keras.backend.backend() == "tensorflow" and not tf.config.list_physical_devices("GPU")
        return on_cpu and self.compute_dtype == "float32" and not self.unroll

    def _projected(self: Any, x: Any, training: Any) -> Any:
        """The inputs' share in each gate (b, t, g u), biases added."""
        import tensorflow as tf

        kernel, bias = tf.convert_to_tensor(self.cell.kernel), self._input_bias()
        masks = self.cell.get_dropout_mask(x[:, 0]) if training and self.cell.dropout else None
        if isinstance(masks, list):  # Keras draws one a gate where it also drops of the state
            parts = zip(masks, tf.split(kernel, len(masks), axis=1), strict=True)
            products = tf.concat([product(x * mask[:, None], part) for mask, part in parts], 2)
            return products if bias is None else products + bias
        return product(x if masks is None else x * masks[:, None], kernel, bias)

    def _input_bias(self: Any) -> Any:
        return self.cell.bias

    def _drop(self: Any, state: Any, training: Any) -> Any:
        """What the state is multiplied with in each gate (b, g, u), or (b, 0, u)."""
        import tensorflow as tf

        if not training or not self.cell.recurrent_dropout:
            return tf.zeros((tf.shape(state)[0], 0, self.cell.units))
        masks = self.cell.get_recurrent_dropout_mask(state)
        return tf.stack(masks if isinstance(masks, list) else [masks], 1)


@keras.saving.register_keras_serializable(package="boda")
class FastLSTM(FastLoop, keras.layers.LSTM):  # type: ignore[misc, name-defined]
    """`keras.layers.LSTM`, trained faster on a CPU (Hochreiter & Schmidhuber 1997)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.supports_jit = False  # XLA cannot call the loops

    def _is_covered(self) -> bool:
        return super()._is_covered() and self.cell.recurrent_activation is keras.activations.sigmoid

    def _scan(self, x: Any, states: list[Any], mask: Any, training: Any) -> Any:
        from boda.models.scan import lstm_scan

        h, c = states
        return lstm_scan(x, _tensor(self.cell.recurrent_kernel), h, c, self._drop(h, training), mask)


@keras.saving.register_keras_serializable(package="boda")
class FastGRU(FastLoop, keras.layers.GRU):  # type: ignore[misc, name-defined]
    """`keras.layers.GRU`, trained faster on a CPU (Cho et al., arXiv 1406.1078; the product comes before the reset)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.supports_jit = False

    def _is_covered(self) -> bool:
        sigmoid = self.cell.recurrent_activation is keras.activations.sigmoid
        return super()._is_covered() and sigmoid and self.cell.reset_after

    def _input_bias(self) -> Any:
        """All biases but the one that the reset gate multiplies."""
        import tensorflow as tf

        if self.cell.bias is None:
            return None
        inputs, states = tf.unstack(tf.convert_to_tensor(self.cell.bias))
        return inputs + tf.pad(states[: 2 * self.cell.units], [[0, self.cell.units]])

    def _scan(self, x: Any, states: list[Any], mask: Any, training: Any) -> Any:
        import tensorflow as tf

        from boda.models.scan import gru_scan

        units, bias = self.cell.units, self.cell.bias
        bias = tf.zeros(units) if bias is None else tf.convert_to_tensor(bias)[1, 2 * units :]
        kernel = _tensor(self.cell.recurrent_kernel)
        return [gru_scan(x, kernel, bias, states[0], self._drop(states[0], training), mask)]


@keras.saving.register_keras_serializable(package="boda")
class FastSimpleRNN(FastLoop, keras.layers.SimpleRNN):  # type: ignore[misc, name-defined]
    """`keras.layers.SimpleRNN`, trained faster on a CPU (Elman 1990)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.supports_jit = False

    def _scan(self, x: Any, states: list[Any], mask: Any, training: Any) -> Any:
        from boda.models.scan import rnn_scan

        kernel = _tensor(self.cell.recurrent_kernel)
        return [rnn_scan(x, kernel, states[0], self._drop(states[0], training), mask)]


def _tensor(variable: Any) -> Any:
    import tensorflow as tf

    return tf.convert_to_tensor(variable)


def product(x: Any, kernel: Any, bias: Any = None) -> Any:
    """Multiply x (b, t, d) with a kernel (d, n), as one product of matrices, and add a bias (n,)."""
    import tensorflow as tf

    flat = tf.matmul(tf.reshape(x, (-1, x.shape[2])), tf.convert_to_tensor(kernel))
    # On the matrix still, since TensorFlow joins these two.
    flat = flat if bias is None else tf.nn.bias_add(flat, tf.convert_to_tensor(bias))
    return tf.reshape(flat, (-1, tf.shape(x)[1], kernel.shape[1]))


def _shown(hs: Any, mask: Any, *, zeros: bool) -> Any:
    """The outputs where some steps are masked: zero there, or the last that counted, which before the first is zero."""
    import tensorflow as tf

    counted = mask if zeros else tf.cumsum(tf.cast(mask, tf.int32), axis=1) > 0
    return tf.where(counted[..., None], hs, tf.zeros_like(hs))
