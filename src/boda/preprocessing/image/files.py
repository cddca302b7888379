"""What iterators over picture files share: how a list of paths becomes batches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.errors import AugmentError
from boda.preprocessing.image.batch import fill_batch
from boda.preprocessing.image.io import INTERPOLATIONS
from boda.preprocessing.image.iterators import Iterator, augments, save_batch
from boda.preprocessing.image.labels import (
    check_boxes,
    fit_boxes,
    follow_boxes,
    follow_mask,
    join_targets,
)
from boda.preprocessing.image.reading import Reading, displayed_size, read_mask
from boda.preprocessing.image.render import Rendering
from boda.preprocessing.image.splits import check_subset
from boda.progress import say, track

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}


class BatchFromFilesMixin:
    """From paths to batches; a subclass has `filepaths`, `labels` and `sample_weight`, and calls `_open` last."""

    class_mode: str | None
    class_indices: dict[str, int]
    classes: Any
    dtype: Any
    filenames: list[str]
    _filepaths: list[str]

    def set_processing_attrs(
        self,
        image_data_generator: Any,
        target_size: Sequence[int],
        color_mode: str,
        data_format: str,
        save_to_dir: Any,
        save_prefix: str,
        save_format: str,
        subset: str | None,
        interpolation: str,
        keep_aspect_ratio: bool,  # noqa: FBT001 - Keras's signature
    ) -> None:
        """Keep what files are processed with.

        Args:
            image_data_generator: an `ImageDataGenerator`, or None for the pictures as they are.
            target_size: rows and columns of the pictures in the batch.
            color_mode: "rgb", "rgba" or "grayscale".
            data_format: "channels_last" or "channels_first".
            save_to_dir: a folder to write each augmented picture to.
            save_prefix: what their names begin with.
            save_format: "png", "jpeg" and so on.
            subset: "training", "validation" or None for all.
            interpolation: how pictures are resized, one of `INTERPOLATIONS`.
            keep_aspect_ratio: cut out the centre in the shape of `target_size` instead of squeezing.

        Raises:
            ValueError: An unknown `color_mode` or `subset`.
        """
        if color_mode not in CHANNELS:
            raise ValueError(f'Invalid color mode: {color_mode}; expected "rgb", "rgba", or "grayscale".')
        self.image_data_generator = image_data_generator
        self.target_size = tuple(target_size)
        self.color_mode = color_mode
        self.data_format = data_format
        channels = (CHANNELS[color_mode],)
        last = data_format == "channels_last"
        self.image_shape = self.target_size + channels if last else channels + self.target_size
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format
        self.interpolation = interpolation
        self.keep_aspect_ratio = keep_aspect_ratio
        self.subset = subset
        self.split = _as_split(image_data_generator, subset)
        self.augment = augments(image_data_generator, subset)

    @property
    def filepaths(self) -> list[str]:
        """The path of every sample."""
        raise NotImplementedError(f"`filepaths` property method has not been implemented in {type(self).__name__}.")

    @property
    def labels(self) -> Any:
        """The label of every sample."""
        raise NotImplementedError(f"`labels` property method has not been implemented in {type(self).__name__}.")

    @property
    def sample_weight(self) -> Any:
        """The weight of every sample, or None."""
        raise NotImplementedError(f"`sample_weight` property method has not been implemented in {type(self).__name__}.")

    def _set_extras(self, *, exif: bool, min_visible: float, on_bad: str) -> None:
        """Keep what boda adds to Keras's arguments."""
        if on_bad not in ("error", "skip"):
            raise AugmentError(f'on_bad must be "error" or "skip". Received: on_bad={on_bad!r}.')
        self.on_bad = on_bad
        self.min_visible = min_visible
        self.exif = exif
        self.bad_files: dict[str, str] = {}
        self.boxes: list[np.ndarray] | None = None
        self.masks: list[Any] | None = None

    def _reading(self) -> Reading:
        rows, columns = self.target_size
        return Reading(self.color_mode, (rows, columns), self.interpolation, self.keep_aspect_ratio, self.exif)

    def _find_bad(self, filepaths: list[str]) -> dict[str, str]:
        """Decode every file; those that cannot be, with the reason."""
        if self.on_bad == "error" or self.interpolation not in INTERPOLATIONS:
            return {}
        reading = self._reading()
        with ThreadPoolExecutor() as pool:
            reasons = list(track(pool.map(lambda path: _why_bad(reading, path), filepaths), "files", len(filepaths)))
        bad = {path: reason for path, reason in zip(filepaths, reasons, strict=True) if reason}
        if bad:
            first = next(iter(bad.items()))
            say(f"{len(bad)} damaged files are left out, listed in .bad_files; the first is {first[0]}: {first[1]}")
        return bad

    def _fit_boxes(self, boxes: list[Any] | None) -> None:
        """Bring boxes from the pixels of each file, as displayed, to those of the batch."""
        if boxes is None:
            return
        target = (self.target_size[1], self.target_size[0])
        self.boxes = []
        for path, given in zip(self.filepaths, boxes, strict=True):
            checked = check_boxes(given, path)
            size = displayed_size(path) if len(checked) else target
            self.boxes.append(fit_boxes(checked, size, target, crop=self.keep_aspect_ratio))

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        batch_x = np.empty((len(index_array), *self.image_shape), dtype=self.dtype)
        filepaths, reading = self.filepaths, self._reading()
        drawn = fill_batch(
            batch_x,
            lambda i: reading.read(filepaths[index_array[i]]),
            self.image_data_generator,
            self.data_format,
            augment=self.augment,
            threads=1 if getattr(self, "workers", 1) > 1 else 2,
        )
        if self.save_to_dir:
            save_batch(self, batch_x, index_array, 10_000_000)
        y = join_targets(
            self._labels_of(index_array, batch_x),
            self._boxes_of(index_array, drawn),
            self._masks_of(index_array, drawn),
        )
        if y is None:
            return batch_x
        return (batch_x, y) if self.sample_weight is None else (batch_x, y, self.sample_weight[index_array])

    def _labels_of(self, index_array: np.ndarray, batch_x: np.ndarray) -> Any:
        mode = self.class_mode
        if mode == "input":
            return batch_x.copy()
        if mode in ("binary", "sparse"):
            return np.array([self.classes[j] for j in index_array], dtype=self.dtype)
        if mode == "categorical":
            return self._one_hot(index_array)
        if mode == "multi_output":
            return [output[index_array] for output in self.labels]
        return self.labels[index_array] if mode == "raw" else None

    def _one_hot(self, index_array: np.ndarray) -> np.ndarray:
        rows = np.zeros((len(index_array), len(self.class_indices)), dtype=self.dtype)
        for row, j in zip(rows, index_array, strict=True):
            row[self.classes[j]] = 1.0
        return rows

    def _boxes_of(self, index_array: np.ndarray, drawn: list[dict[str, Any]]) -> list[np.ndarray] | None:
        if self.boxes is None:
            return None
        rows, columns = self.target_size
        return [
            follow_boxes(self.boxes[j], one, rows, columns, self.min_visible)
            for j, one in zip(index_array, drawn, strict=True)
        ]

    def _masks_of(self, index_array: np.ndarray, drawn: list[dict[str, Any]]) -> np.ndarray | None:
        if self.masks is None:
            return None
        how = Rendering(getattr(self.image_data_generator, "fill_mode", "nearest"))
        masks = [self._mask(self.masks[j]) for j in index_array]
        return np.stack([follow_mask(mask, one, how) for mask, one in zip(masks, drawn, strict=True)])

    def _mask(self, given: Any) -> np.ndarray:
        rows, columns = self.target_size
        return read_mask(given, (rows, columns), keep_aspect_ratio=self.keep_aspect_ratio)


class FileIterator(BatchFromFilesMixin, Iterator):
    """An Iterator over files; its `filepaths` are those it has kept."""

    @property
    def filepaths(self) -> list[str]:
        """The path of every sample."""
        return self._filepaths


def mask_path(folder: Any, filename: str) -> Path:
    """The mask of `filename` in a folder of the same names, whatever their endings.

    Raises:
        AugmentError: There is none, or there are several.
    """
    wanted = Path(folder) / filename
    if wanted.is_file():
        return wanted
    found = sorted(wanted.parent.glob(f"{_literal(wanted.stem)}.*"))
    if len(found) != 1:
        raise AugmentError(f"masks: {wanted.with_suffix('.*')} should be one file. Found: {len(found)}.")
    return found[0]


def _literal(name: str) -> str:
    """`name` with what `glob` would read as a pattern taken literally."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def _why_bad(reading: Reading, path: str) -> str:
    try:
        reading.read(path)
    except Exception as error:  # noqa: BLE001 - a damaged file throws anything
        return " ".join(str(error).split()) or type(error).__name__
    return ""


def _as_split(generator: Any, subset: str | None) -> tuple[float, float] | None:
    """The shares between which a subset's files lie, as Keras says it; None for all."""
    if subset is None:
        return None
    check_subset(subset)
    share = generator._validation_split  # noqa: SLF001 - Keras's name for it
    return (0, share) if subset == "validation" else (share, 1)
