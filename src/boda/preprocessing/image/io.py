"""Pictures to arrays and back, from files and into them, as Keras's functions of these names do it."""
# ruff: noqa: FBT001, FBT002 - Keras's signatures

from __future__ import annotations

import io
import os
import pathlib
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
GREY_MODES = ("L", "I;16", "I")  # what stays as it is where grey is wanted


def check_data_format(data_format: str | None) -> str:
    """`data_format`, or Keras's global setting for None.

    Raises:
        ValueError: It is neither "channels_last" nor "channels_first".
    """
    if data_format is None:
        import keras

        return str(keras.config.image_data_format())
    if str(data_format).lower() not in {"channels_last", "channels_first"}:
        raise ValueError(
            "The `data_format` argument must be one of {'channels_first', 'channels_last'}. "
            f"Received: data_format={data_format}"
        )
    return str(data_format).lower()


def check_dtype(dtype: Any) -> Any:
    """`dtype`, or Keras's global float for None."""
    if dtype is None:
        import keras

        return keras.config.floatx()
    return dtype


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """A Pillow image (or an array) as an array of three axes.

    Args:
        img: the picture.
        data_format: "channels_last" or "channels_first"; None for Keras's global setting.
        dtype: None for Keras's global float, "float32" as a rule.

    Raises:
        ValueError: It has neither two nor three axes.
    """
    data_format = check_data_format(data_format)
    x = np.asarray(img, dtype=check_dtype(dtype))
    if x.ndim not in (2, 3):
        raise ValueError(f"Unsupported image shape: {x.shape}")
    x = x[..., None] if x.ndim == 2 else x
    return x.transpose(2, 0, 1) if data_format == "channels_first" else x


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Image.Image:
    """An array of three axes as a Pillow image of mode L, RGB or RGBA.

    Args:
        x: of 1, 3 or 4 channels.
        data_format: as `img_to_array`.
        scale: stretch the least and the greatest value to 0 and 255; otherwise fractions are dropped.
        dtype: what it is computed in, as `img_to_array`.

    Raises:
        ValueError: Another number of axes or channels.
    """
    from PIL import Image

    data_format = check_data_format(data_format)
    x = np.asarray(x, dtype=check_dtype(dtype))
    if x.ndim != 3:
        raise ValueError(f"Expected image array to have rank 3 (single image). Got array with shape: {x.shape}")
    x = x.transpose(1, 2, 0) if data_format == "channels_first" else x
    if x.shape[2] not in (1, 3, 4):
        raise ValueError(f"Unsupported channel number: {x.shape[2]}")
    x = _stretch(x) if scale else x
    if x.shape[2] > 1:
        return Image.fromarray(np.ascontiguousarray(x).astype(np.uint8))
    return Image.fromarray(x[:, :, 0].astype(np.int32 if np.max(x) > 255 else np.uint8))


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Write an array as a picture file.

    Args:
        path: a path, or a file that is open for writing.
        x: as `array_to_img`.
        data_format: as `array_to_img`.
        file_format: "png", "jpeg" and so on; None for what the path's ending says.
        scale: as `array_to_img`.
        **kwargs: for Pillow's `Image.save`.
    """
    image = array_to_img(x, data_format, scale)
    if file_format is None and isinstance(path, (str, pathlib.Path)):
        file_format = pathlib.Path(path).suffix[1:].lower() or None
    if file_format is not None and file_format.lower() == "jpg":
        file_format = "jpeg"
    if image.mode == "RGBA" and str(file_format).lower() == "jpeg":
        warnings.warn("The JPEG format does not support RGBA images, converting to RGB.", stacklevel=2)
        image = image.convert("RGB")
    image.save(path, format=file_format, **kwargs)


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
    *,
    grayscale: bool = False,
    exif: bool = False,
) -> Image.Image:
    """Read a picture file.

    Args:
        path: a path, or an `io.BytesIO` of the file's bytes.
        color_mode: "rgb", "rgba" or "grayscale"; grey of 16 or 32 bits stays what it is.
        target_size: rows and columns to resize to.
        interpolation: how: one of `INTERPOLATIONS`.
        keep_aspect_ratio: cut out the centre in the shape of `target_size` before.
        grayscale: the same as color_mode="grayscale", as older code has it.
        exif: turn the picture as its EXIF orientation says; Keras does not.

    Raises:
        TypeError: `path` is nothing of the kind.
        ValueError: An unknown `color_mode` or `interpolation`.
        OSError: The file is missing, or no picture.
    """
    from PIL import Image, ImageOps

    if grayscale:
        warnings.warn('grayscale is deprecated. Please use color_mode = "grayscale"', stacklevel=2)
        color_mode = "grayscale"
    image: Image.Image = Image.open(path if isinstance(path, io.BytesIO) else io.BytesIO(_read_bytes(path)))
    if exif:
        image = ImageOps.exif_transpose(image)
    image = convert(image, color_mode)
    return image if target_size is None else resize(image, target_size, interpolation, keep_aspect_ratio)


def convert(image: Image.Image, color_mode: str) -> Image.Image:
    """`image` in the mode that `color_mode` means.

    Raises:
        ValueError: It means none.
    """
    if color_mode == "grayscale":
        return image if image.mode in GREY_MODES else image.convert("L")
    if color_mode not in ("rgb", "rgba"):
        raise ValueError('color_mode must be "grayscale", "rgb", or "rgba"')
    mode = color_mode.upper()
    return image if image.mode == mode else image.convert(mode)


def resize(
    image: Image.Image, target_size: tuple[int, int], interpolation: str, keep_aspect_ratio: bool
) -> Image.Image:
    """`image` brought to `target_size` (h, w), whole or its centre.

    Raises:
        ValueError: An unknown `interpolation`.
    """
    from PIL import Image

    size = (target_size[1], target_size[0])
    if image.size == size:
        return image
    if interpolation not in INTERPOLATIONS:
        raise ValueError(
            f"Invalid interpolation method {interpolation} specified. Supported methods are {', '.join(INTERPOLATIONS)}"
        )
    method = Image.Resampling[interpolation.upper()]
    return image.resize(size, method, box=crop_box(image.size, size) if keep_aspect_ratio else None)


def crop_box(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int, int, int]:
    """The centre of a picture of `size` (w, h) in the shape of `target` (w, h): left, top, right, bottom."""
    width = min(size[0], (size[1] * target[0]) // target[1])
    height = min(size[1], (size[0] * target[1]) // target[0])
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return left, top, left + width, top + height


def smart_resize(
    x: Any, size: tuple[int, int], interpolation: str = "bilinear", data_format: str = "channels_last", **kwargs: Any
) -> Any:
    """Cut out the centre of pictures in the shape of `size` (h, w) and resize it: Keras's own function of this name.

    Args:
        x: (h, w, c) or (n, h, w, c), an array or a tensor; the result is of the same kind.
        size: rows and columns.
        interpolation: as `keras.preprocessing.image.smart_resize`.
        data_format: "channels_last" or "channels_first".
        **kwargs: for Keras.
    """
    from keras.preprocessing.image import smart_resize as resize_by_keras

    return resize_by_keras(x, size, interpolation=interpolation, data_format=data_format, **kwargs)


def _read_bytes(path: Any) -> bytes:
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise TypeError(f"path should be path-like or io.BytesIO, not {type(path)}")
    with open(path, "rb") as file:  # noqa: PTH123 - a path of bytes is allowed too
        return file.read()


def _stretch(x: np.ndarray) -> np.ndarray:
    """From the least value at 0 to the greatest at 255; a constant becomes 0."""
    x = x - np.min(x)
    greatest = np.max(x)
    if greatest != 0:
        x /= greatest
    x *= 255
    return x
