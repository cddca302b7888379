"""ConvNeXt-Tiny as a flat Keras model with Keras's own layer names and order of weights.

`keras.applications.ConvNeXtTiny` nests Sequential models and a layer of its own; here every layer is an ordinary one
at the top level, so that it can be cut, thawed and saved like the others.

Reference: Liu et al., A ConvNet for the 2020s, arXiv:2201.03545.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.models.keras_import import import_keras

if TYPE_CHECKING:
    import keras

STAGES = ((3, 96), (3, 192), (9, 384), (3, 768))  # repeats, width


def build(include_top: bool, image: Any, scaled: Any, classes: int = 1000) -> keras.Model:  # noqa: FBT001 - Keras's own
    """The network with fresh weights, from `image` through `scaled`, which was made of it.

    With `include_top` it ends in logits (n, classes), else in the normalized map (n, h/32, w/32, 768).
    """
    keras = import_keras()
    name = "convnext_tiny"
    x = keras.layers.Conv2D(STAGES[0][1], 4, strides=4, name=f"{name}_stem_conv")(scaled)
    x = _norm(f"{name}_stem_layernorm")(x)
    for stage, (repeats, width) in enumerate(STAGES):
        if stage > 0:
            x = _norm(f"{name}_downsampling_layernorm_{stage - 1}")(x)
            x = keras.layers.Conv2D(width, 2, strides=2, name=f"{name}_downsampling_conv_{stage - 1}")(x)
        for index in range(repeats):
            x = _block(x, width, f"{name}_stage_{stage}_block_{index}")
    if include_top:
        x = keras.layers.GlobalAveragePooling2D(name=f"{name}_head_gap")(x)
    x = _norm(f"{name}_head_layernorm")(x)
    if include_top:
        x = keras.layers.Dense(classes, name=f"{name}_head_dense")(x)
    return keras.Model(image, x, name=name)


def _norm(name: str) -> Any:
    return import_keras().layers.LayerNormalization(epsilon=1e-6, name=name)


def _block(x: Any, width: int, name: str) -> Any:
    """A wide depthwise convolution, two dense layers a pixel, a learned scale a channel, and an add."""
    keras = import_keras()
    entry = x
    x = keras.layers.Conv2D(width, 7, padding="same", groups=width, name=f"{name}_depthwise_conv")(x)
    x = _norm(f"{name}_layernorm")(x)
    x = keras.layers.Dense(4 * width, name=f"{name}_pointwise_conv_1")(x)
    x = keras.layers.Activation("gelu", name=f"{name}_gelu")(x)
    x = keras.layers.Dense(width, name=f"{name}_pointwise_conv_2")(x)
    x = keras.layers.EinsumDense(
        "nhwc,c->nhwc",
        output_shape=tuple(x.shape[1:]),
        kernel_initializer=keras.initializers.Constant(1e-6),
        name=f"{name}_layer_scale",
    )(x)
    return keras.layers.Add(name=f"{name}_add")([entry, x])
