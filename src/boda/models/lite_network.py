"""The embedded EfficientNet-Lite0 as OpenVINO's network, straight from its file, without the seconds that Keras takes.

It computes what `convert(feature_model("efficientnet_lite0"), ...)` does; a test holds the two together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.models import engine
from boda.models.backbones import side
from boda.models.efficientnet_lite import SHA256, STAGES, embedded_file
from boda.models.tensors import read_torch_tensors

if TYPE_CHECKING:
    from pathlib import Path

EPSILON = 1e-3


def write_embedded(path: Path, size: int | None = None, *, include_top: bool = False) -> None:
    """Write the embedded network to `path` (.xml) and the .bin beside it, for RGB (n, size, size, 3), 0 to 255.

    The outputs are `map` and `pooled`; with `include_top` also `logits` of the 1000 ImageNet classes.
    Sizes are 32 to 1024 pixels; None is the network's own, 224.
    """
    size = side("efficientnet_lite0", size)
    graph = _Graph(read_torch_tensors(embedded_file(), SHA256))
    ops = graph.ops
    image = ops.parameter([-1, size, size, 3], np.float32, name="image")
    image.output(0).get_tensor().set_names({"image"})
    features = graph.features(image)
    pooled = ops.reduce_mean(features, np.array([2, 3]), keep_dims=False)
    outputs = {"map": ops.transpose(features, np.array([0, 2, 3, 1])), "pooled": pooled}
    if include_top:
        outputs["logits"] = graph.logits(pooled)
    for name, node in outputs.items():
        node.output(0).get_tensor().set_names({name})
    results = [ops.result(node) for node in outputs.values()]
    engine.save(engine.import_openvino().Model(results, [image], "efficientnet_lite0"), path)


class _Graph:
    """OpenVINO's operations over the original's tensors, whose order (n, c, h, w) is its own too."""

    def __init__(self, tensors: dict[str, np.ndarray]) -> None:
        self.ops: Any = engine.import_openvino().opset13
        self._tensors = tensors

    def features(self, image: Any) -> Any:
        x = self.ops.transpose(image, np.array([0, 3, 1, 2]))
        x = self.ops.add(self.ops.multiply(x, np.float32(1 / 128)), np.float32(-127 / 128))
        x = self._convolution(x, "_conv_stem", "_bn0", stride=2)
        index = 0
        for repeats, _, stride, expand, _ in STAGES:
            for repeat in range(repeats):
                x = self._block(x, f"_blocks.{index}.", 1 if repeat else stride, add=repeat > 0, expand=expand > 1)
                index += 1
        return self._convolution(x, "_conv_head", "_bn1")

    def logits(self, pooled: Any) -> Any:
        product = self.ops.matmul(pooled, self._tensors["_fc.weight"], transpose_a=False, transpose_b=True)
        return self.ops.add(product, self._tensors["_fc.bias"][None])

    def _block(self, entry: Any, name: str, stride: int, *, add: bool, expand: bool) -> Any:
        """Within a stage every block but the first has stride 1 and the width of its entry, hence an add."""
        x = self._convolution(entry, f"{name}_expand_conv", f"{name}_bn0") if expand else entry
        x = self._convolution(x, f"{name}_depthwise_conv", f"{name}_bn1", stride=stride)
        x = self._convolution(x, f"{name}_project_conv", f"{name}_bn2", linear=True)
        return self.ops.add(entry, x) if add else x

    def _convolution(self, x: Any, conv: str, bn: str, *, stride: int = 1, linear: bool = False) -> Any:
        """Convolution and BatchNormalization in one, w g / s and b - m g / s with s = sqrt(v + epsilon), then ReLU6."""
        gamma, beta, mean, variance = (
            self._tensors[f"{bn}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
        )
        factor = gamma / np.sqrt(variance + EPSILON)
        kernel = self._tensors[f"{conv}.weight"] * factor[:, None, None, None]
        same = {"strides": [stride] * 2, "pads_begin": [0, 0], "pads_end": [0, 0], "dilations": [1, 1]}
        if conv.endswith("depthwise_conv"):
            x = self.ops.group_convolution(x, kernel[:, None], **same, auto_pad="same_upper")
        else:
            x = self.ops.convolution(x, kernel, **same, auto_pad="same_upper")
        x = self.ops.add(x, (beta - mean * factor)[None, :, None, None])
        return x if linear else self.ops.clamp(x, 0.0, 6.0)
