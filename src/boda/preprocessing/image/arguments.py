"""The arguments of `ImageDataGenerator` as they are kept, with the errors and warnings that Keras has for them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from boda.preprocessing.image.splits import SPLITS

if TYPE_CHECKING:
    from collections.abc import Sequence

AXES = {"channels_first": (1, 2, 3), "channels_last": (3, 1, 2)}


def warn_of_channels(begin: str, shape: Sequence[int], data_format: str) -> None:
    """Warn where an array's channels are neither 1 nor 3 nor 4, as where they stand on another axis."""
    axis = AXES[data_format][0]
    if shape[axis] not in {1, 3, 4}:
        warnings.warn(
            f'{begin} the data format convention "{data_format}" (channels on axis {axis}), i.e. expected either 1, 3 '
            f"or 4 channels on axis {axis}. However, it was passed an array with shape {tuple(shape)} "
            f"({shape[axis]} channels).",
            stacklevel=4,
        )


def as_data_format(data_format: str | None) -> str:
    """Where channels stand; None asks Keras's global setting.

    Raises:
        ValueError: Another word.
    """
    if data_format is None:
        import keras

        return str(keras.config.image_data_format())
    if data_format not in AXES:
        raise ValueError(
            '`data_format` should be `"channels_last"` (channel after row and column) or `"channels_first"` '
            f"(channel before row and column). Received: {data_format}"
        )
    return data_format


def as_share(validation_split: float) -> float:
    """A share of the data for validation, or 0.

    Raises:
        ValueError: It is not below 1.
    """
    if validation_split and not 0 < validation_split < 1:
        raise ValueError(f"`validation_split` must be strictly between 0 and 1.  Received: {validation_split}")
    return validation_split


def as_zoom_range(zoom_range: Any) -> list[float]:
    """The least and the greatest zoom; a number z stands for 1 - z to 1 + z.

    Raises:
        ValueError: It is neither a number nor two.
    """
    if isinstance(zoom_range, (float, int)):
        return [1 - zoom_range, 1 + zoom_range]
    if len(zoom_range) == 2 and all(isinstance(value, (float, int)) for value in zoom_range):
        return [zoom_range[0], zoom_range[1]]
    raise ValueError(f"`zoom_range` should be a float or a tuple or list of two floats. Received: {zoom_range}")


def as_brightness_range(brightness_range: Any) -> Any:
    """A pair of factors, or None.

    Raises:
        ValueError: It is no pair.
    """
    pair = isinstance(brightness_range, (tuple, list)) and len(brightness_range) == 2
    if brightness_range is not None and not pair:
        raise ValueError(f"`brightness_range should be tuple or list of two floats. Received: {brightness_range}")
    return brightness_range


def as_split(split: str) -> str:
    """One of the ways to split.

    Raises:
        ValueError: There is no such way.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}. Received: split={split!r}")
    return split


def settle_old_arguments(kwargs: dict[str, Any], class_mode: str | None) -> str | None:
    """Take what Keras once knew out of `kwargs`, with its warnings."""
    for name, instead in _OLD_ARGUMENTS.items():
        if name in kwargs:
            del kwargs[name]
            warnings.warn(f"{name} is deprecated, {instead}", DeprecationWarning, stacklevel=3)
    if class_mode == "other":
        message = '`class_mode="other"` is deprecated, please use `class_mode="raw"`.'
        warnings.warn(message, DeprecationWarning, stacklevel=3)
        return "raw"
    return class_mode


_OLD_ARGUMENTS = {
    "has_ext": "filenames in the dataframe have to match the exact filenames in disk.",
    "sort": "batches will be created in the same order than the filenames provided if `shuffle` is set to `False`.",
    "drop_duplicates": "you can drop duplicates by using the pandas.DataFrame.drop_duplicates method.",
}
