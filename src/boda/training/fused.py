"""A network called for less: a convolution, the frozen BatchNormalization after it and ReLU become one affine map.

    ReLU((conv(x, W) - mean) g + beta)  =  ReLU(conv(x, W g) + (beta - mean g)),     g = gamma / √(variance + epsilon)

W stays the variable that learns, and its gradient is the same but for rounding. A 1x1 convolution is a product of
matrices, (n h w, c) times (c, filters), which TensorFlow's CPU computes faster than its convolution.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boda.models.keras_import import import_keras

if TYPE_CHECKING:
    from collections.abc import Callable


def fused_call(model: Any) -> Callable[..., Any]:
    """A callable `(x, training=...)` that computes what the last output of `model` is, on the same variables.

    Only what is safe is fused: plain layers in float32, channels last, each used once, with nobody else looking at
    what lies between them. All other layers, Dropout and each BatchNormalization that learns among them, are called
    as Keras calls them; so is a model that is not functional, as a whole.

    Args:
        model: built, with one input; the `trainable` flags of its layers must not change afterwards.
    """
    if type(model).__name__ != "Functional":
        return model
    chains = _chains(model)
    swapped = {layer: _passed_on for chain in chains for layer in chain.followers}
    swapped |= {chain.conv: chain for chain in chains}

    class Fused(type(model)):  # type: ignore[misc]
        """Keras's own walk through the graph, with other functions at the layers that are fused."""

        def _run_through_graph(self, inputs: Any, operation_fn: Any = None, **options: Any) -> Any:
            if operation_fn is None:  # Keras asks for shapes while it builds the graph
                return super()._run_through_graph(inputs, **options)
            return super()._run_through_graph(inputs, lambda op: swapped.get(op) or operation_fn(op), **options)

    return Fused(model.input, model.outputs[-1], name=model.name)


@dataclass(frozen=True, eq=False)
class _Chain:
    """A convolution and what follows it: a frozen BatchNormalization, ReLU, both or none; called with (n, h, w, c)."""

    conv: Any
    norm: Any | None
    relu: Any | None
    size: tuple[int | None, ...]  # of the map that comes out

    @property
    def followers(self) -> list[Any]:
        """The layers whose work the convolution does too."""
        return [layer for layer in (self.norm, self.relu) if layer is not None]

    @property
    def pointwise(self) -> bool:
        """Whether it is a product of matrices."""
        kinds, conv = import_keras().layers, self.conv
        single = (*conv.kernel_size, *conv.strides) == (1, 1, 1, 1) and conv.groups == 1
        return type(conv) is kinds.Conv2D and single and None not in self.size

    def __call__(self, x: Any) -> Any:
        import tensorflow as tf

        x, (kernel, bias) = tf.cast(x, tf.float32), self._affine()  # a layer below may compute in fewer bits
        y = tf.matmul(tf.reshape(x, (-1, x.shape[-1])), kernel[0, 0]) if self.pointwise else self._convolve(x, kernel)
        y = y if bias is None else tf.nn.bias_add(y, bias)  # on the matrix still, since TensorFlow joins these three
        y = y if self.relu is None else self.relu(y)
        return tf.reshape(y, (-1, *self.size, y.shape[-1])) if self.pointwise else y

    def _affine(self) -> tuple[Any, Any]:
        """The kernel, and the offset of each channel or None, with the BatchNormalization in both."""
        import tensorflow as tf

        conv, norm = self.conv, self.norm
        kernel, bias = tf.convert_to_tensor(conv.kernel), conv.bias
        if norm is None:
            return kernel, bias
        factor = tf.math.rsqrt(norm.moving_variance + norm.epsilon) * (norm.gamma if norm.scale else 1.0)
        offset = (norm.beta if norm.center else 0.0) - norm.moving_mean * factor
        shape = kernel.shape[2:] if _is_depthwise(conv) else kernel.shape[3:]
        return kernel * tf.reshape(factor, shape), offset if bias is None else offset + bias * factor

    def _convolve(self, x: Any, kernel: Any) -> Any:
        if not _is_depthwise(self.conv):
            return self.conv.convolution_op(x, kernel)
        options = {name: getattr(self.conv, name) for name in ("strides", "padding", "data_format", "dilation_rate")}
        return import_keras().ops.depthwise_conv(x, kernel, **options)


def _chains(model: Any) -> list[_Chain]:
    """What can be fused in a functional model."""
    nodes = [node for row in model._nodes_by_depth.values() for node in row]  # noqa: SLF001 - there is no other way
    calls, readers = defaultdict(list), defaultdict(list)
    for node in nodes:
        calls[node.operation].append(node)
        for tensor in node.input_tensors:
            readers[id(tensor)].append(node)
    shown = {id(tensor) for tensor in model.outputs}

    def next_layer(node: Any, wanted: Callable[[Any], bool]) -> Any | None:
        """The one layer that reads what comes out of `node`, if it is what is wanted."""
        after = [] if id(node.outputs[0]) in shown else readers[id(node.outputs[0])]
        alone = len(after) == 1 and len(calls[after[0].operation]) == 1
        return after[0] if alone and wanted(after[0].operation) else None

    chains = []
    for node in nodes:
        if _is_plain_conv(node.operation) and len(calls[node.operation]) == 1:
            norm = next_layer(node, _is_frozen_norm)
            relu = next_layer(norm or node, _is_relu)
            size = tuple(node.outputs[0].shape[1:-1])
            chain = _Chain(node.operation, norm and norm.operation, relu and relu.operation, size)
            if chain.pointwise or norm is not None:
                chains.append(chain)
    return chains


def _is_depthwise(layer: Any) -> bool:
    return type(layer) is import_keras().layers.DepthwiseConv2D


def _is_plain(layer: Any) -> bool:
    """Whether a layer computes in float32 with its own weights and says nothing to the loss."""
    return layer.dtype_policy.name == "float32" and layer.activity_regularizer is None


def _is_plain_conv(layer: Any) -> bool:
    keras = import_keras()
    if type(layer) not in {keras.layers.Conv2D, keras.layers.DepthwiseConv2D} or not _is_plain(layer):
        return False
    return layer.data_format == "channels_last" and layer.activation in {None, keras.activations.linear}


def _is_frozen_norm(layer: Any) -> bool:
    if type(layer) is not import_keras().layers.BatchNormalization or not _is_plain(layer):
        return False
    return not layer.trainable and layer.axis in {-1, 3}


def _is_relu(layer: Any) -> bool:
    keras = import_keras()
    if type(layer) is keras.layers.Activation:
        return _is_plain(layer) and layer.activation in {keras.activations.relu, keras.activations.relu6}
    return type(layer) is keras.layers.ReLU and _is_plain(layer)


def _passed_on(x: Any, **_: Any) -> Any:
    """What a layer gives whose work is done already."""
    return x
