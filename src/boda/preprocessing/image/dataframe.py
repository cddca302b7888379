"""DataFrameIterator: a pandas table of file names to batches."""
# ruff: noqa: FBT001, FBT002, PTH113, PTH118 - Keras's signature, and its paths, as os.path writes them

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.preprocessing.image.files import FileIterator
from boda.preprocessing.image.iterators import is_stratified
from boda.preprocessing.image.labels import MIN_VISIBLE
from boda.preprocessing.image.splits import contiguous_part, stratified_part
from boda.progress import say

if TYPE_CHECKING:
    from collections.abc import Sequence

WITHOUT_CLASSES = ("input", "multi_output", "raw", None)


class DataFrameIterator(FileIterator):
    """Batches from the files that a table names.

    A batch is x, (x, y) or (x, y, sample_weight). With `boxes` or `masks` it is as `DirectoryIterator`'s.

    Args:
        dataframe: a pandas DataFrame.
        directory: the folder that names are relative to; None where they are whole paths.
        image_data_generator: an `ImageDataGenerator`, or None for the pictures as they are.
        x_col: the column of file names.
        y_col: the column of labels, or a list of columns.
        weight_col: the column of weights.
        target_size: rows and columns of the pictures in a batch.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: the classes in the order of their numbers; rows of others are left out. By default all, sorted.
        class_mode: what y is: "categorical" (one-hot, of a string or a list of strings), "binary" or "sparse"
            (numbers), "raw" (the column as it is), "multi_output" (a list of columns), "input" (the pictures), None.
        batch_size: how many make a batch.
        shuffle: whether each epoch has an order of its own.
        seed: of the order and the augmentation.
        data_format: "channels_last" or "channels_first".
        save_to_dir: a folder to write each augmented picture to.
        save_prefix: what their names begin with.
        save_format: "png", "jpeg" and so on.
        subset: "training" or "validation", where the generator has a `validation_split`.
        interpolation: how pictures are resized, "nearest" by default.
        keep_aspect_ratio: cut out the centre in the shape of `target_size` instead of squeezing.
        dtype: of the batches.
        validate_filenames: leave out rows whose file is missing or has another ending than pictures have.
        boxes: the column of boxes, each (m, 4 + k) as `DirectoryIterator` has them.
        masks: the column of mask files, relative to `directory`.
        min_visible: boxes that show less than this share of their area are dropped.
        exif: turn pictures as their EXIF orientation says; always on where there are boxes.
        on_bad: "error", or "skip" to decode all files first and leave out those that cannot be, see `bad_files`.
        **kwargs: `workers`, `use_multiprocessing` and `max_queue_size`.

    Raises:
        ValueError: An unknown mode or subset, or class_mode="binary" without two classes.
        TypeError: A column of the wrong kind.
    """

    allowed_class_modes = frozenset({"binary", "categorical", "input", "multi_output", "raw", "sparse", None})

    def __init__(
        self,
        dataframe: Any,
        directory: Any = None,
        image_data_generator: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str = "channels_last",
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = "float32",
        validate_filenames: bool = True,
        *,
        boxes: str | None = None,
        masks: str | None = None,
        min_visible: float = MIN_VISIBLE,
        exif: bool = False,
        on_bad: str = "error",
        **kwargs: Any,
    ) -> None:
        self.set_processing_attrs(
            image_data_generator,
            target_size,
            color_mode,
            data_format,
            save_to_dir,
            save_prefix,
            save_format,
            subset,
            interpolation,
            keep_aspect_ratio,
        )
        self._set_extras(exif=exif or boxes is not None, min_visible=min_visible, on_bad=on_bad)
        self.directory = directory or ""
        self.class_mode = class_mode
        self.dtype = dtype
        table = dataframe.copy()
        self._check_params(table, x_col, y_col, weight_col, classes)
        table = self._filter_files(table, x_col, validate=validate_filenames)
        if class_mode not in WITHOUT_CLASSES:
            table, names = _filter_classes(table, y_col, classes)
            self.class_indices = {name: i for i, name in enumerate(names)}
        table = self._part(table, y_col)
        self._keep(table, x_col, y_col, weight_col)
        self._announce(validated=validate_filenames)
        self._fit_boxes(table[boxes].tolist() if boxes else None)
        self.masks = [os.path.join(self.directory, name) for name in table[masks]] if masks else None
        super().__init__(self.samples, batch_size, shuffle, seed, **kwargs)

    @property
    def labels(self) -> Any:
        """The label of every sample; of "multi_output", a list of columns."""
        return self._targets if self.class_mode in ("multi_output", "raw") else self.classes

    @property
    def sample_weight(self) -> Any:
        """The weight of every sample, or None."""
        return self._sample_weight

    def get_classes(self, df: Any, y_col: str) -> list[Any]:
        """The number of each row's class, or a list of numbers where a row has several."""
        numbers = self.class_indices
        return [
            [numbers[one] for one in label] if isinstance(label, (list, tuple)) else numbers[label]
            for label in df[y_col]
        ]

    def _keep(self, table: Any, x_col: str, y_col: Any, weight_col: str | None) -> None:
        if self.class_mode not in WITHOUT_CLASSES:
            self.classes = self.get_classes(table, y_col)
        if self.class_mode == "multi_output":
            self._targets: Any = [np.array(table[column].tolist()) for column in y_col]
        if self.class_mode == "raw":
            self._targets = np.asarray(table[y_col].values)
        self._sample_weight = np.asarray(table[weight_col].values) if weight_col else None
        self.filenames = table[x_col].tolist()
        self.samples = len(self.filenames)
        self._filepaths = [os.path.join(self.directory, name) for name in self.filenames]

    def _announce(self, *, validated: bool) -> None:
        files = f"{'validated' if validated else 'non-validated'} image filenames"
        classes = "" if self.class_mode in WITHOUT_CLASSES else f" belonging to {len(self.class_indices)} classes"
        say(f"Found {self.samples} {files}{classes}.")

    def _part(self, table: Any, y_col: Any) -> Any:
        """The rows of the subset."""
        if self.subset is None:
            return table
        generator = self.image_data_generator
        share = generator._validation_split  # noqa: SLF001 - Keras's name for it
        if is_stratified(generator):
            known = self.class_mode not in ("input", None)
            labels = table[y_col].values if known else np.zeros(len(table))
            return table.iloc[stratified_part(labels, share, self.subset, generator.split_seed)]
        return table.iloc[contiguous_part(len(table), share, self.subset)]

    def _filter_files(self, table: Any, x_col: str, *, validate: bool) -> Any:
        paths = [os.path.join(self.directory, name) for name in table[x_col]]
        if validate:
            fine = np.array([validate_filename(path, self.white_list_formats) for path in paths], bool)
            if not fine.all():
                warnings.warn(
                    f'Found {(~fine).sum()} invalid image filename(s) in x_col="{x_col}". '
                    "These filename(s) will be ignored.",
                    stacklevel=4,
                )
            table, paths = table[fine], [path for path, ok in zip(paths, fine, strict=True) if ok]
        bad = self._find_bad(paths)
        self.bad_files = {n: bad[p] for n, p in zip(table[x_col], paths, strict=True) if p in bad}
        return table[np.array([path not in bad for path in paths], bool)] if bad else table

    def _check_params(self, df: Any, x_col: str, y_col: Any, weight_col: str | None, classes: Any) -> None:
        mode = self.class_mode
        if mode not in self.allowed_class_modes:
            raise ValueError(f"Invalid class_mode: {mode}; expected one of: {set(self.allowed_class_modes)}")
        if mode == "multi_output" and not isinstance(y_col, list):
            raise TypeError(f'If class_mode="{mode}", y_col must be a list. Received {type(y_col).__name__}.')
        if not all(isinstance(name, str) for name in df[x_col]):
            raise TypeError(f"All values in column x_col={x_col} must be strings.")
        if mode in ("binary", "sparse") and not all(isinstance(label, str) for label in df[y_col]):
            raise TypeError(f'If class_mode="{mode}", y_col="{y_col}" column values must be strings.')
        if mode == "binary":
            _check_two(df, y_col, classes)
        if mode == "categorical" and not all(isinstance(label, (str, list, tuple)) for label in df[y_col]):
            raise TypeError(
                f'If class_mode="{mode}", y_col="{y_col}" column values must be type string, list or tuple.'
            )
        if classes and mode in WITHOUT_CLASSES:
            warnings.warn(f'`classes` will be ignored given the class_mode="{mode}"', stacklevel=4)
        if weight_col and not issubclass(df[weight_col].dtype.type, np.number):
            raise TypeError(f"Column weight_col={weight_col} must be numeric.")


def validate_filename(filename: str, white_list_formats: tuple[str, ...]) -> bool:
    """Whether there is a file of this name, with one of these endings."""
    return filename.lower().endswith(white_list_formats) and os.path.isfile(filename)


def _check_two(df: Any, y_col: str, classes: Any) -> None:
    if classes and len(set(classes)) != 2:
        raise ValueError(f'If class_mode="binary" there must be 2 classes. {len(set(classes))} class/es were given.')
    if not classes and df[y_col].nunique() != 2:
        raise ValueError(f'If class_mode="binary" there must be 2 classes. Found {df[y_col].nunique()} classes.')


def _filter_classes(table: Any, y_col: str, classes: Any) -> tuple[Any, list[str]]:
    """The rows that have a class, and the classes in the order of their numbers."""
    table = table.copy()
    if classes:
        names = list(dict.fromkeys(classes))
        table[y_col] = [_keep_known(label, names, y_col) for label in table[y_col]]
    else:
        several = (label if isinstance(label, (list, tuple)) else [label] for label in table[y_col])
        names = sorted({one for labels in several for one in labels})
    return table.dropna(subset=[y_col]), names


def _keep_known(label: Any, names: list[str], y_col: str) -> Any:
    if isinstance(label, (list, tuple)):
        return [one for one in label if one in names] or None
    if isinstance(label, str):
        return label if label in names else None
    raise TypeError(f"Expect string, list or tuple but found {type(label)} in {y_col} column ")
