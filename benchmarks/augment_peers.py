"""One peer of `benchmarks/augment.py` in a process of its own: it makes batches on one core and tells how fast.

    python benchmarks/augment_peers.py PEER FILL_MODE SIZE

reads a number of seconds a line from standard input and answers each with images a CPU-second, until the input ends.
Every peer gets the same uint8 pictures (n, h, w, 3) and makes float32 batches of 32 by the same recipe: rotation by
up to 20 degrees, shifts of 0.1, shear 10 degrees, zoom 0.2, horizontal flip, brightness 0.8 to 1.2, channel shift 20
where the peer has it (Keras's layers, torchvision and kornia do not: theirs is less work), values to 0 to 1.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402 - after the number of threads is set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCH = 32
PICTURES = 128
RECIPE: dict[str, Any] = {
    "rotation_range": 20,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "shear_range": 10,
    "zoom_range": 0.2,
    "horizontal_flip": True,
    "brightness_range": (0.8, 1.2),
    "channel_shift_range": 20.0,
    "rescale": 1 / 255,
}
Maker = "Callable[[np.ndarray, str], Iterator[Any]]"


def pictures(size: int) -> np.ndarray:
    """(n, size, size, 3) uint8: smooth blobs with a little noise, as photographs are; fewer of the large ones."""
    rng = np.random.default_rng(0)
    n = max(BATCH, min(PICTURES, PICTURES * 224**2 // size**2))
    coarse = rng.uniform(0, 255, (n, 8, 8, 3)).repeat(-(-size // 8), axis=1).repeat(-(-size // 8), axis=2)
    noisy = coarse[:, :size, :size] + rng.normal(0, 6, (n, size, size, 3))
    return noisy.clip(0, 255).astype(np.uint8)


def boda_generator(images: np.ndarray, fill_mode: str) -> Iterator[Any]:
    """`boda.preprocessing.image.ImageDataGenerator.flow`."""
    from boda.preprocessing.image import ImageDataGenerator

    yield from ImageDataGenerator(**RECIPE, fill_mode=fill_mode).flow(images, batch_size=BATCH, seed=1)


def boda_pipeline(images: np.ndarray, fill_mode: str, **labels: Any) -> Iterator[Any]:
    """The same recipe as a boda pipeline."""
    from boda.augment import (
        Pipeline,
        RandomBrightness,
        RandomChannelShift,
        RandomFlip,
        RandomRotation,
        RandomShear,
        RandomTranslation,
        RandomZoom,
        Rescaling,
    )

    fill = {"fill_mode": fill_mode}
    slant = float(np.tan(np.deg2rad(10)))
    pipeline = Pipeline(
        [
            RandomRotation(20 / 360, **fill),
            RandomTranslation(0.1, 0.1, **fill),
            RandomShear(slant, 0.0, **fill),
            RandomZoom(0.2, 0.2, **fill),
            RandomFlip("horizontal"),
            RandomChannelShift(20.0),
            RandomBrightness(0.2, value_range=(0, 255)),
            Rescaling(1 / 255),
        ],
        seed=1,
    )
    while True:
        for start in range(0, len(images) - BATCH + 1, BATCH):
            yield pipeline(images[start : start + BATCH], **labels)


def boda_pipeline_boxes(images: np.ndarray, fill_mode: str) -> Iterator[Any]:
    """The same with five boxes a picture."""
    side = images.shape[1]
    boxes = np.array([[0.1, 0.1, 0.5, 0.5], [0.3, 0.2, 0.9, 0.6], [0, 0, 1, 1], [0.6, 0.6, 0.8, 0.9], [0.4, 0, 0.5, 1]])
    yield from boda_pipeline(images, fill_mode, boxes=[boxes * side] * BATCH, labels=[list("abcde")] * BATCH)


def tf_keras_generator(images: np.ndarray, fill_mode: str) -> Iterator[Any]:
    """`tf_keras.preprocessing.image.ImageDataGenerator.flow`."""
    tensorflow()
    from tf_keras.preprocessing.image import ImageDataGenerator

    yield from ImageDataGenerator(**RECIPE, fill_mode=fill_mode).flow(images, batch_size=BATCH, seed=1)


def keras_generator(images: np.ndarray, fill_mode: str) -> Iterator[Any]:
    """Keras 3's legacy `ImageDataGenerator.flow`."""
    tensorflow()
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    yield from ImageDataGenerator(**RECIPE, fill_mode=fill_mode).flow(images, batch_size=BATCH, seed=1)


def keras_layers(images: np.ndarray, fill_mode: str) -> Iterator[Any]:
    """Keras 3's layers, mapped over batches of a `tf.data` pipeline."""
    tf = tensorflow()
    import keras

    fill = {"fill_mode": fill_mode}
    layers = [
        keras.layers.RandomRotation(20 / 360, **fill),
        keras.layers.RandomTranslation(0.1, 0.1, **fill),
        keras.layers.RandomShear(float(np.tan(np.deg2rad(10))), 0.0, **fill),
        keras.layers.RandomZoom(0.2, 0.2, **fill),
        keras.layers.RandomFlip("horizontal"),
        keras.layers.RandomBrightness(0.2, value_range=(0, 255)),
        keras.layers.Rescaling(1 / 255),
    ]

    def through(batch: Any) -> Any:
        for layer in layers:
            batch = layer(batch, training=True) if "training" in layer.call.__code__.co_varnames else layer(batch)
        return batch

    data = tf.data.Dataset.from_tensor_slices(images).repeat().batch(BATCH, drop_remainder=True).map(through)
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.autotune.enabled = False  # else batches are made ahead, while this peer is not measured
    options.experimental_optimization.inject_prefetch = False
    yield from data.with_options(options)


def albumentationsx(images: np.ndarray, fill_mode: str) -> Iterator[Any]:
    """AlbumentationsX, picture by picture into a batch."""
    import albumentations as a
    import cv2

    cv2.setNumThreads(0)
    border = {
        "constant": cv2.BORDER_CONSTANT,
        "nearest": cv2.BORDER_REPLICATE,
        "reflect": cv2.BORDER_REFLECT,
        "wrap": cv2.BORDER_WRAP,
    }[fill_mode]
    compose = a.Compose(
        [
            a.Affine(
                rotate=(-20, 20),
                translate_percent=(-0.1, 0.1),
                shear={"x": (-10, 10), "y": (0, 0)},
                scale={"x": (0.8, 1.2), "y": (0.8, 1.2)},
                border_mode=border,
                p=1,
            ),
            a.HorizontalFlip(p=0.5),
            a.RGBShift((-20, 20), (-20, 20), (-20, 20), p=1),
            a.RandomBrightnessContrast(brightness_limit=(-0.2, 0.2), contrast_limit=(0, 0), p=1),
            a.ToFloat(max_value=255),
        ]
    )
    while True:
        for start in range(0, len(images) - BATCH + 1, BATCH):
            batch = np.empty((BATCH, *images.shape[1:]), np.float32)
            for i in range(BATCH):
                batch[i] = compose(image=images[start + i])["image"]
            yield batch


def torchvision(images: np.ndarray, fill_mode: str) -> Iterator[Any]:
    """The v2 transforms of torchvision, picture by picture; they know the constant fill only."""
    if fill_mode != "constant":
        raise SystemExit("torchvision's RandomAffine fills with a constant only")
    import torch

    try:
        from torchvision.transforms import InterpolationMode, v2
    except RuntimeError:  # built for another torch; the operators that it then misses serve none of the transforms
        stub = torch.library.Library("torchvision", "FRAGMENT")
        for operator in ("nms", "qnms"):
            stub.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        from torchvision.transforms import InterpolationMode, v2

    torch.set_num_threads(1)
    compose = v2.Compose(
        [
            v2.RandomAffine(20, (0.1, 0.1), (0.8, 1.2), (-10, 10), interpolation=InterpolationMode.BILINEAR),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(brightness=0.2),
            v2.ToDtype(torch.float32, scale=True),
        ]
    )
    tensors = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    while True:
        for start in range(0, len(images) - BATCH + 1, BATCH):
            yield torch.stack([compose(image) for image in tensors[start : start + BATCH]])


def kornia(images: np.ndarray, fill_mode: str) -> Iterator[Any]:
    """Augmentation by kornia, on batches, every sample by its own draw."""
    modes = {"constant": "zeros", "nearest": "border", "reflect": "reflection"}
    if fill_mode not in modes:
        raise SystemExit("kornia has no wrap")
    import torch
    from kornia import augmentation as k

    torch.set_num_threads(1)
    compose = k.AugmentationSequential(
        k.RandomAffine(20, (0.1, 0.1), (0.8, 1.2), (-10, 10), p=1.0, padding_mode=modes[fill_mode]),
        k.RandomHorizontalFlip(p=0.5),
        k.RandomBrightness((0.8, 1.2), p=1.0),
        data_keys=["input"],
    )
    tensors = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    while True:
        for start in range(0, len(images) - BATCH + 1, BATCH):
            yield compose(tensors[start : start + BATCH].to(torch.float32) / 255)


PEERS: dict[str, Callable[[np.ndarray, str], Iterator[Any]]] = {
    "boda generator": boda_generator,
    "boda pipeline": boda_pipeline,
    "boda pipeline, boxes": boda_pipeline_boxes,
    "tf_keras": tf_keras_generator,
    "Keras 3 legacy": keras_generator,
    "Keras 3 layers": keras_layers,
    "AlbumentationsX": albumentationsx,
    "torchvision v2": torchvision,
    "kornia": kornia,
}


def tensorflow() -> Any:
    """TensorFlow, on one thread."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return tf


def measure(batches: Iterator[Any], seconds: float) -> float:
    """Images a CPU-second, over `seconds` of this process's CPU time."""
    began, made = time.process_time(), 0
    while time.process_time() - began < seconds:
        next(batches)
        made += BATCH
    return made / (time.process_time() - began)


def main() -> None:
    """Serve one peer."""
    peer, fill_mode, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    batches = PEERS[peer](pictures(size), fill_mode)
    next(batches)
    measure(batches, 0.3)
    print("ready", flush=True)
    for line in sys.stdin:
        for _ in range(4):  # what was made ahead while this peer waited
            next(batches)
        print(measure(batches, float(line)), flush=True)


if __name__ == "__main__":
    main()
