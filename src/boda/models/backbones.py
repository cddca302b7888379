"""The table of backbones: what each is, how its input is scaled, where it can be cut, and where its weights are.

Light: it imports neither Keras nor NumPy.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from boda.errors import RecipeError
from boda.recipe.recipe import LARGEST_SIZE, LEAST_SIZE

ScalingMode = Literal["lite", "tf", "torch", "caffe"]
KERAS_WEIGHTS = "https://storage.googleapis.com/tensorflow/keras-applications"


@dataclass(frozen=True, slots=True)
class WeightsFile:
    """A file of weights in the network; `digest` is "md5:..." or "sha256:...", or empty where Keras states none."""

    url: str
    digest: str = ""

    @property
    def name(self) -> str:
        """The file's name, the same in Keras's own cache."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Backbone:
    """One row.

    Args:
        name: what recipes and commands call it.
        title: what people call it.
        size: side of the pictures that its weights were trained with, pixels.
        features: width of the pooled features.
        params: millions of parameters, without the top.
        scaling: what is done to RGB 0 to 255 inside the assembled model:
            "lite" (x - 127) / 128, "tf" x / 127.5 - 1, "torch" (x / 255 - mean) / std of ImageNet,
            "caffe" BGR minus ImageNet's mean.
        builder: "keras.applications.NAME", or "boda.models.MODULE" with a function `build`.
        blocks: (block, the last layer of the block) in order; at each of these layers the network can be cut,
            since everything above depends on the picture through its output alone.
        licence: of the weights.
        weights: without the top; None where they come with a package.
        weights_top: with the 1000 ImageNet classes on top.
    """

    name: str
    title: str
    size: int
    features: int
    params: float
    scaling: ScalingMode
    builder: str
    blocks: tuple[tuple[str, str], ...]
    licence: str
    weights: WeightsFile | None = None
    weights_top: WeightsFile | None = None

    @property
    def embedded(self) -> bool:
        """Whether the weights are installed beside boda."""
        return self.weights is None


def get(name: str) -> Backbone:
    """The row `name`.

    >>> get("mobilenet_v2").features
    1280
    """
    if name not in BACKBONES:
        raise RecipeError(f"There is no backbone {name}. {nearest(name) or 'Known: ' + ', '.join(BACKBONES) + '.'}")
    return BACKBONES[name]


def side(name: str, size: int | None = None) -> int:
    """The side of the square pictures that the backbone `name` is built for, pixels: `size`, or its own where None.

    Every row is convolutional, so that its weights serve any size; five halvings leave one place of 32 pixels.
    It knows best the sizes near its own, and its cost grows with the square.

    Raises:
        RecipeError: there is no such backbone, or `size` is no whole number from 32 to 1024.

    >>> side("mobilenet"), side("mobilenet", 160)
    (224, 160)
    """
    own = get(name).size
    if size is None:
        return own
    if isinstance(size, bool) or not isinstance(size, int) or not LEAST_SIZE <= size <= LARGEST_SIZE:
        raise RecipeError(
            f"The size of the pictures must be a whole number of pixels from {LEAST_SIZE} to {LARGEST_SIZE}; {name} "
            f"takes any of them, and was trained with {own}. Received: size={size!r}"
        )
    return size


def nearest(name: str) -> str:
    """A question for the row whose name or title is like `name`, or nothing."""
    plain = {_plain(text): row.name for row in BACKBONES.values() for text in (row.title, row.name)}
    begin = [row for text, row in plain.items() if text.startswith(_plain(name))]
    near = begin or [plain[text] for text in difflib.get_close_matches(_plain(name), plain, n=1)]
    return f"Did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def _blocks(*blocks: str) -> tuple[tuple[str, str], ...]:
    """Pairs from "name:layer"."""
    return tuple((name, layer) for name, _, layer in (block.partition(":") for block in blocks))


def _dense_blocks(stage: int, repeats: int, last: str) -> list[str]:
    """A dense block's steps; the transition to the next stage, which ends in `last`, belongs to the last step."""
    names = [f"conv{stage}_block{i}" for i in range(1, repeats + 1)]
    return [f"{name}:{name}_concat" for name in names[:-1]] + [f"{names[-1]}:{last}"]


def _resnet_blocks(last: str) -> tuple[tuple[str, str], ...]:
    names = [f"conv{stage}_block{i}" for stage, n in ((2, 3), (3, 4), (4, 6), (5, 3)) for i in range(1, n + 1)]
    return _blocks("stem:pool1_pool", *(f"{name}:{name}_out" for name in names[:-1]), f"{names[-1]}:{last}")


def _inverted_blocks(layer: str, adds: set[int], numbers: range, bn: str = "project_bn") -> list[str]:
    """Inverted residuals: one ends in its add where it has one, else in its projection's BatchNormalization."""
    return [f"block{i}:{layer.format(i)}_{'add' if i in adds else bn}" for i in numbers]


BACKBONES: dict[str, Backbone] = {
    "efficientnet_lite0": Backbone(
        name="efficientnet_lite0",
        title="EfficientNet-Lite0",
        size=224,
        features=1280,
        params=3.41,
        scaling="lite",
        builder="boda.models.efficientnet_lite",
        blocks=_blocks(
            "stem:stem_relu",
            *_inverted_blocks("block{}", {2, 4, 6, 7, 9, 10, 12, 13, 14}, range(16)),
            "head:head_relu",
        ),
        licence="Apache-2.0",
    ),
    "mobilenet": Backbone(
        name="mobilenet",
        title="MobileNet",
        size=224,
        features=1024,
        params=3.23,
        scaling="tf",
        builder="keras.applications.MobileNet",
        blocks=_blocks("stem:conv1_relu", *(f"block{i}:conv_pw_{i}_relu" for i in range(1, 14))),
        licence="Apache-2.0",
        weights=WeightsFile(f"{KERAS_WEIGHTS}/mobilenet/mobilenet_1_0_224_tf_no_top.h5"),
        weights_top=WeightsFile(f"{KERAS_WEIGHTS}/mobilenet/mobilenet_1_0_224_tf.h5"),
    ),
    "mobilenet_v2": Backbone(
        name="mobilenet_v2",
        title="MobileNetV2",
        size=224,
        features=1280,
        params=2.26,
        scaling="tf",
        builder="keras.applications.MobileNetV2",
        blocks=_blocks(
            "stem:Conv1_relu",
            "block0:expanded_conv_project_BN",
            *_inverted_blocks("block_{}", {2, 4, 5, 7, 8, 9, 11, 12, 14, 15}, range(1, 17), "project_BN"),
            "head:out_relu",
        ),
        licence="Apache-2.0",
        weights=WeightsFile(
            f"{KERAS_WEIGHTS}/mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
        ),
        weights_top=WeightsFile(
            f"{KERAS_WEIGHTS}/mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5"
        ),
    ),
    "mobilenet_v3_small": Backbone(
        name="mobilenet_v3_small",
        title="MobileNetV3 small",
        size=224,
        features=576,
        params=0.94,
        scaling="tf",
        builder="keras.applications.MobileNetV3Small",
        blocks=_blocks(
            "stem:activation",
            "block0:expanded_conv_project_bn",
            *_inverted_blocks("expanded_conv_{}", {2, 4, 5, 7, 9, 10}, range(1, 11)),
            "head:activation_17",
        ),
        licence="Apache-2.0",
        weights=WeightsFile(
            f"{KERAS_WEIGHTS}/mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
            "md5:d3e8ec802a04aa4fc771ee12a9a9b836",
        ),
        weights_top=WeightsFile(
            f"{KERAS_WEIGHTS}/mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float.h5",
            "md5:8768d4c2e7dee89b9d02b2d03d65d862",
        ),
    ),
    "mobilenet_v3_large": Backbone(
        name="mobilenet_v3_large",
        title="MobileNetV3 large",
        size=224,
        features=960,
        params=3.0,
        scaling="tf",
        builder="keras.applications.MobileNetV3Large",
        blocks=_blocks(
            "stem:activation",
            "block0:expanded_conv_add",
            *_inverted_blocks("expanded_conv_{}", {2, 4, 5, 7, 8, 9, 11, 13, 14}, range(1, 15)),
            "head:activation_19",
        ),
        licence="Apache-2.0",
        weights=WeightsFile(
            f"{KERAS_WEIGHTS}/mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
            "md5:07fb09a5933dd0c8eaafa16978110389",
        ),
        weights_top=WeightsFile(
            f"{KERAS_WEIGHTS}/mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float.h5",
            "md5:59e551e166be033d707958cf9e29a6a7",
        ),
    ),
    "resnet50": Backbone(
        name="resnet50",
        title="ResNet50",
        size=224,
        features=2048,
        params=23.59,
        scaling="caffe",
        builder="keras.applications.ResNet50",
        blocks=_resnet_blocks("conv5_block3_out"),
        licence="MIT",
        weights=WeightsFile(
            f"{KERAS_WEIGHTS}/resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "md5:4d473c1dd8becc155b73f8504c6f6626",
        ),
        weights_top=WeightsFile(
            f"{KERAS_WEIGHTS}/resnet/resnet50_weights_tf_dim_ordering_tf_kernels.h5",
            "md5:2cb95161c43110f7111970584f804107",
        ),
    ),
    "resnet50_v2": Backbone(
        name="resnet50_v2",
        title="ResNet50V2",
        size=224,
        features=2048,
        params=23.56,
        scaling="tf",
        builder="keras.applications.ResNet50V2",
        blocks=_resnet_blocks("post_relu"),
        licence="MIT",
        weights=WeightsFile(
            f"{KERAS_WEIGHTS}/resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "md5:fac2f116257151a9d068a22e544a4917",
        ),
        weights_top=WeightsFile(
            f"{KERAS_WEIGHTS}/resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels.h5",
            "md5:3ef43a0b657b3be2300d5770ece849e0",
        ),
    ),
    "efficientnetv2_b0": Backbone(
        name="efficientnetv2_b0",
        title="EfficientNetV2-B0",
        size=224,
        features=1280,
        params=5.92,
        scaling="torch",
        builder="keras.applications.EfficientNetV2B0",
        blocks=_blocks(
            "stem:stem_activation",
            "block1a:block1a_project_activation",
            *(
                f"block{stage}{letter}:block{stage}{letter}_" + ("project_bn" if letter == "a" else "add")
                for stage, letters in ((2, "ab"), (3, "ab"), (4, "abc"), (5, "abcde"), (6, "abcdefgh"))
                for letter in letters
            ),
            "head:top_activation",
        ),
        licence="Apache-2.0",
        weights=WeightsFile(
            f"{KERAS_WEIGHTS}/efficientnet_v2/efficientnetv2-b0_notop.h5", "md5:893217f2bb855e2983157299931e43ff"
        ),
        weights_top=WeightsFile(
            f"{KERAS_WEIGHTS}/efficientnet_v2/efficientnetv2-b0.h5", "md5:21ecbf6da12460d5c40bb2f29ceb2188"
        ),
    ),
    "convnext_tiny": Backbone(
        name="convnext_tiny",
        title="ConvNeXt-Tiny",
        size=224,
        features=768,
        params=27.82,
        scaling="torch",
        builder="boda.models.convnext",
        blocks=_blocks(
            "stem:convnext_tiny_stem_layernorm",
            *(
                f"stage{stage}_block{i}:convnext_tiny_stage_{stage}_block_{i}_add"
                for stage, repeats in enumerate((3, 3, 9, 3))
                for i in range(repeats)
            ),
            "head:convnext_tiny_head_layernorm",
        ),
        licence="MIT",
        weights=WeightsFile(
            f"{KERAS_WEIGHTS}/convnext/convnext_tiny_notop.h5",
            "sha256:d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
        ),
        weights_top=WeightsFile(
            f"{KERAS_WEIGHTS}/convnext/convnext_tiny.h5",
            "sha256:8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff",
        ),
    ),
    "densenet121": Backbone(
        name="densenet121",
        title="DenseNet121",
        size=224,
        features=1024,
        params=7.04,
        scaling="torch",
        builder="keras.applications.DenseNet121",
        blocks=_blocks(
            "stem:pool1",
            *_dense_blocks(2, 6, "pool2_pool"),
            *_dense_blocks(3, 12, "pool3_pool"),
            *_dense_blocks(4, 24, "pool4_pool"),
            *_dense_blocks(5, 16, "relu"),
        ),
        licence="BSD-3-Clause",
        weights=WeightsFile(
            f"{KERAS_WEIGHTS}/densenet/densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "md5:30ee3e1110167f948a6b9946edeeb738",
        ),
        weights_top=WeightsFile(
            f"{KERAS_WEIGHTS}/densenet/densenet121_weights_tf_dim_ordering_tf_kernels.h5",
            "md5:9d60b8095a5708f2dcce2bca79d332c7",
        ),
    ),
}
