"""`tensorflow.keras.preprocessing.image`, several times faster: replace the import and nothing else.

>>> from boda.preprocessing.image import ImageDataGenerator
>>> generator = ImageDataGenerator(rotation_range=20, zoom_range=0.2, horizontal_flip=True, rescale=1 / 255)

What Keras has not, all off unless asked for: `boxes=` and `masks=` that follow their pictures, `exif=True`,
`on_bad="skip"`, and `split="stratified"` and `augment_validation=False` of the generator.
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "BatchFromFilesMixin": "files",
    "BodaWarning": "advice",
    "DataFrameIterator": "dataframe",
    "DirectoryIterator": "directory",
    "ImageDataGenerator": "generator",
    "Iterator": "iterators",
    "NumpyArrayIterator": "arrays",
    "apply_affine_transform": "functions",
    "apply_brightness_shift": "functions",
    "apply_channel_shift": "functions",
    "array_to_img": "io",
    "img_to_array": "io",
    "load_img": "io",
    "random_brightness": "functions",
    "random_channel_shift": "functions",
    "random_rotation": "functions",
    "random_shear": "functions",
    "random_shift": "functions",
    "random_zoom": "functions",
    "save_img": "io",
    "smart_resize": "io",
}

__all__ = sorted(_PUBLIC)  # noqa: PLE0605 - the one list of public names is the table above


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: Keras costs seconds."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'boda.preprocessing.image' has no attribute {name!r}")
    return getattr(importlib.import_module(f"boda.preprocessing.image.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
