"""Pictures that are in memory already, NumPy arrays or a tf.data.Dataset, to samples."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import numpy as np

from boda.errors import DataError, LabelError
from boda.sample import Dataset, Label, Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

WHITE = 255


def read_arrays(images: Any, labels: Any = None, *, classes: Sequence[str] | None = None) -> Dataset:
    """Read arrays of pictures and their labels; each sample holds RGB, (h, w, 3) uint8.

    Args:
        images: (n, h, w, c), (n, h, w), or a list of (h, w, c) and (h, w) arrays, with c 1 (grey), 3 (RGB) or 4 (RGBA,
            which is put over white). Integers from 0 to 255; or floats, which are multiplied by 255 where all of them
            lie within 0 to 1, and rounded where they lie within 0 to 255.
        labels: (n,) or (n, 1) class names or indices into `classes`; or (n, k) zeros and ones, which are several
            labels a picture unless each row has exactly one 1 (then they are one-hot classes); or None.
        classes: The class names in the order of the model's outputs. Without it names are sorted, and indices are
            named by their numbers.

    Raises:
        DataError: The pictures have another shape or range, their number differs, or there are too few classes.
        LabelError: A label is missing, no class name, or out of range.

    Example:
        >>> data = read_arrays(np.zeros((2, 8, 8)), ["cat", "dog"])
        >>> data.classes, data.samples[0].image.shape
        (('cat', 'dog'), (8, 8, 3))
    """
    pictures = _as_list(images)
    scale = _scale(pictures)
    names = None if classes is None else tuple(map(str, classes))
    if labels is None:
        found: Sequence[Label | None] = [None] * len(pictures)
        names = names or ()
    else:
        found, names = _read_labels(_as_labels(labels, len(pictures)), names)
    samples = (
        Sample(f"{i:06d}", _to_rgb(picture, scale), label)
        for i, (picture, label) in enumerate(zip(pictures, found, strict=True))
    )
    several = any(isinstance(label, tuple) for label in found)
    return Dataset(tuple(samples), names, "multilabel" if several else "classify")


def read_tf_data(dataset: Any) -> Dataset:
    """Read a tf.data.Dataset of (images, labels) or images, batched or not, into memory.

    Labels are as in `read_arrays`; the names are the dataset's `class_names`, where Keras has left them.

    Raises:
        DataError: It never ends, its elements are something else, or as `read_arrays`.
        LabelError: As `read_arrays`.
    """
    _refuse_endless(dataset)
    images: list[np.ndarray] = []
    labels: list[Any] = []
    for element in dataset:
        parts = element if isinstance(element, tuple | list) else (element,)
        if len(parts) > 2 or not all(hasattr(part, "numpy") for part in parts):
            raise DataError(
                "tf.data.Dataset: expected elements (images, labels) or images, came "
                f"{_shown(element)}. Map it to such pairs; weights of samples are not read."
            )
        arrays = [np.asarray(part.numpy()) for part in parts]
        batched = arrays[0].ndim == 4
        images += list(arrays[0]) if batched else arrays[:1]
        labels += [row for array in arrays[1:] for row in (array if batched else array[None])]
    classes = getattr(dataset, "class_names", None)
    return read_arrays(images, labels or None, classes=classes)


def _refuse_endless(dataset: Any) -> None:
    endless = -1  # tf.data.INFINITE_CARDINALITY
    if hasattr(dataset, "cardinality") and int(dataset.cardinality()) == endless:
        raise DataError("tf.data.Dataset: it never ends. Leave out .repeat(), or add .take(n).")


def _shown(element: Any) -> str:
    if isinstance(element, tuple | list):
        return f"{len(element)} of them: {', '.join(type(part).__name__ for part in element)}"
    return type(element).__name__


def _as_list(images: Any) -> list[np.ndarray]:
    """One array a picture, each of a shape that is understood."""
    pictures = [np.asarray(image) for image in images]
    if not pictures:
        raise DataError("images: expected pictures, came none.")
    if getattr(images, "ndim", 0) == 3 and images.shape[2] in {1, 3, 4} and images.shape[1] > 4:
        raise DataError(f"images: expected (n, h, w, c), came {images.shape}, one picture. Give images[np.newaxis].")
    for i, picture in enumerate(pictures):
        if picture.ndim not in {2, 3} or (picture.ndim == 3 and picture.shape[2] not in {1, 3, 4}) or not picture.size:
            raise DataError(
                f"images[{i}]: expected (h, w) or (h, w, c) with c 1, 3 or 4, came {picture.shape}. "
                "Channels come last: np.moveaxis(images, 1, -1) brings them there."
            )
    return pictures


def _scale(pictures: list[np.ndarray]) -> float:
    """What brings all pictures to 0 to 255: 255 for floats within 0 to 1 and for booleans, else 1."""
    least, greatest = np.inf, -np.inf
    for i, picture in enumerate(pictures):
        if picture.dtype.kind not in "uifb":
            raise DataError(f"images[{i}]: expected numbers, came {picture.dtype}.")
        low, high = float(picture.min()), float(picture.max())
        if not np.isfinite((low, high)).all():
            raise DataError(f"images[{i}]: NaN or infinity among the pixels.")
        least, greatest = min(least, low), max(greatest, high)
    if least < 0 or greatest > WHITE:
        raise DataError(
            f"images: expected values within 0 to 255, or floats within 0 to 1, came {least:g} to {greatest:g}. "
            "Scale them first; undo what a network's preprocess_input did, since each backbone brings its own."
        )
    return WHITE if greatest <= 1 and all(picture.dtype.kind in "fb" for picture in pictures) else 1


def _to_rgb(picture: np.ndarray, scale: float) -> np.ndarray:
    """(h, w), (h, w, 1), (h, w, 3) or (h, w, 4) to (h, w, 3) uint8."""
    if picture.dtype != np.uint8:
        picture = np.rint(picture.astype(np.float64) * scale).astype(np.uint8)
    if picture.ndim == 2:
        picture = picture[:, :, np.newaxis]
    if picture.shape[2] == 1:
        return np.repeat(picture, 3, axis=2)
    if picture.shape[2] == 4:
        colour, alpha = picture[:, :, :3].astype(np.float64), picture[:, :, 3:] / WHITE
        return np.rint(colour * alpha + WHITE * (1 - alpha)).astype(np.uint8)
    return picture


def _as_labels(labels: Any, n: int) -> np.ndarray:
    """Labels as an array (n,) or (n, k)."""
    try:
        array = np.asarray(labels)
    except ValueError as error:
        raise LabelError("labels: expected (n,) or (n, k), came rows of several lengths.") from error
    if array.ndim == 0 or len(array) != n:
        came = len(array) if array.ndim else "a single one"
        raise DataError(f"labels: expected {n}, one for each picture, came {came}.")
    if array.ndim > 2:
        raise LabelError(f"labels: expected (n,) or (n, k), came {array.shape}.")
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _read_labels(labels: np.ndarray, classes: tuple[str, ...] | None) -> tuple[Sequence[Label], tuple[str, ...]]:
    if labels.ndim == 2:
        return _read_hot(labels, classes)
    if labels.dtype.kind in "uif":
        found, names = _read_indices(labels, classes)
    else:
        found, names = _read_names(labels, classes)
    _refuse_classes_without_samples(set(found), names)
    return found, names


def _read_hot(hot: np.ndarray, classes: tuple[str, ...] | None) -> tuple[Sequence[Label], tuple[str, ...]]:
    """Rows of zeros and ones, (n, k): indices where each has exactly one 1, else tuples of names."""
    names = classes or tuple(map(str, range(hot.shape[1])))
    if len(names) != hot.shape[1]:
        raise DataError(f"labels: {hot.shape[1]} columns, but classes lists {len(names)}.")
    if hot.dtype.kind not in "uifb" or not np.isin(hot, (0, 1)).all():
        raise LabelError("labels: expected only 0 and 1 in an array (n, k).")
    if (hot.sum(axis=1) == 1).all():
        return _read_labels(hot.argmax(axis=1), names)
    found = [tuple(names[i] for i in np.flatnonzero(row)) for row in hot]
    _refuse_classes_without_samples({name for label in found for name in label}, names, least=1)
    return found, names


def _read_indices(labels: np.ndarray, classes: tuple[str, ...] | None) -> tuple[list[str], tuple[str, ...]]:
    if not np.isfinite(labels).all() or (labels != np.rint(labels)).any():
        raise LabelError("labels: expected class names or whole numbers, came fractions or NaN. boda learns classes.")
    indices = labels.astype(np.int64)
    if classes is None:
        return [str(i) for i in indices], tuple(str(i) for i in np.unique(indices))
    outside = (indices < 0) | (indices >= len(classes))
    if outside.any():
        i = int(outside.argmax())
        raise LabelError(
            f"labels[{i}]: class index {indices[i]}, but classes lists {len(classes)} (0 to {len(classes) - 1})."
        )
    return [classes[i] for i in indices], classes


def _read_names(labels: np.ndarray, classes: tuple[str, ...] | None) -> tuple[list[str], tuple[str, ...]]:
    found = [_class_name(label, i) for i, label in enumerate(labels)]
    names = classes or tuple(sorted(set(found)))
    for i, name in enumerate(found):
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise LabelError(f"labels[{i}]: {name!r} is not among the {len(names)} classes.{meant}")
    return found, names


def _class_name(label: Any, i: int) -> str:
    text = label.decode("utf-8", "replace") if isinstance(label, bytes) else str(label)
    if label is None or not text or label != label:  # noqa: PLR0124 - NaN is how pandas says that there is none
        raise LabelError(f"labels[{i}]: expected a class name, but it is missing.")
    return normalize("NFC", text)


def _refuse_classes_without_samples(found: set[Label], names: tuple[str, ...], least: int = 2) -> None:
    if len(names) < least:
        raise DataError(f"labels: expected {least} classes or more, found only {', '.join(names) or 'none'}.")
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(
            f"labels: no picture of class {', '.join(missing[:5])}. Add pictures, or leave it out of classes."
        )
