"""DirectoryIterator: a folder with one folder a class to batches."""
# ruff: noqa: FBT001, FBT002, PTH112, PTH208, PTH118, PTH119 - Keras's signature, and its names of files, as os.path writes them

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.errors import AugmentError
from boda.preprocessing.image.files import FileIterator, mask_path
from boda.preprocessing.image.io import check_data_format, check_dtype
from boda.preprocessing.image.iterators import is_stratified
from boda.preprocessing.image.labels import MIN_VISIBLE
from boda.preprocessing.image.splits import stratified_part
from boda.progress import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class DirectoryIterator(FileIterator):
    """Batches from FOLDER/CLASS/.../PICTURE.

    A batch is x, or (x, y) as `class_mode` says. With `masks` and class_mode=None, y is the masks; with `boxes`, y is
    a dict of "labels", "boxes" (a list of float32 arrays, clipped) and "masks", of those that there are.

    Args:
        directory: the folder.
        image_data_generator: an `ImageDataGenerator`, or None for the pictures as they are.
        target_size: rows and columns of the pictures in a batch.
        color_mode: "rgb", "rgba" or "grayscale".
        classes: the classes' folders, in the order of their numbers; by default all, sorted.
        class_mode: what y is: "categorical" (one-hot), "binary" or "sparse" (numbers), "input" (the pictures), None.
        batch_size: how many make a batch.
        shuffle: whether each epoch has an order of its own.
        seed: of the order and the augmentation.
        data_format: "channels_last" or "channels_first"; None for Keras's global setting.
        save_to_dir: a folder to write each augmented picture to.
        save_prefix: what their names begin with.
        save_format: "png", "jpeg" and so on.
        follow_links: go into folders that are links.
        subset: "training" or "validation", where the generator has a `validation_split`.
        interpolation: how pictures are resized, "nearest" by default.
        keep_aspect_ratio: cut out the centre in the shape of `target_size` instead of squeezing.
        dtype: of the batches; None for Keras's global float.
        boxes: by file name, as in `filenames`: (m, 4 + k), x0, y0, x1, y1 in the pixels of the file as displayed, and
            further numbers that go along with the box. Files without an entry have none.
        masks: a folder of masks with the same names, or a dict of paths by file name.
        min_visible: boxes that show less than this share of their area are dropped.
        exif: turn pictures as their EXIF orientation says; always on where there are boxes.
        on_bad: "error", or "skip" to decode all files first and leave out those that cannot be, see `bad_files`.
        **kwargs: `workers`, `use_multiprocessing` and `max_queue_size`.

    Attributes:
        filenames: paths relative to `directory`.
        filepaths: the same with `directory`.
        classes: (n,) int32.
        class_indices: the number of each class.
        samples: how many there are.
        bad_files: what was left out, and why.

    Raises:
        ValueError: An unknown mode or subset.
        AugmentError: Boxes or masks that do not fit; it is a ValueError too.
    """

    allowed_class_modes = frozenset({"categorical", "binary", "sparse", "input", None})

    def __init__(
        self,
        directory: Any,
        image_data_generator: Any,
        target_size: Sequence[int] = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
        *,
        boxes: Mapping[str, Any] | None = None,
        masks: Any = None,
        min_visible: float = MIN_VISIBLE,
        exif: bool = False,
        on_bad: str = "error",
        **kwargs: Any,
    ) -> None:
        self.set_processing_attrs(
            image_data_generator,
            target_size,
            color_mode,
            check_data_format(data_format),
            save_to_dir,
            save_prefix,
            save_format,
            subset,
            interpolation,
            keep_aspect_ratio,
        )
        self._set_extras(exif=exif or boxes is not None, min_visible=min_visible, on_bad=on_bad)
        if class_mode not in self.allowed_class_modes:
            raise ValueError(f"Invalid class_mode: {class_mode}; expected one of: {set(self.allowed_class_modes)}")
        self.directory = directory
        self.class_mode = class_mode
        self.dtype = check_dtype(dtype)
        names = list(classes) if classes else _folders(directory)
        self.num_classes = len(names)
        self.class_indices = {name: i for i, name in enumerate(names)}
        self._list_files(names, follow_links=follow_links)
        say(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        self._fit_boxes(_by_name(boxes, self.filenames))
        self.masks = _find_masks(masks, self.filenames)
        super().__init__(self.samples, batch_size, shuffle, seed, **kwargs)

    @property
    def labels(self) -> np.ndarray:
        """The class of every sample, (n,) int32."""
        return self.classes

    @property
    def sample_weight(self) -> None:
        """None: a folder has no weights."""
        return

    def _list_files(self, names: Sequence[str], *, follow_links: bool) -> None:
        filenames, classes = [], []
        for name in names:
            folder = os.path.join(self.directory, name)
            found = _list_pictures(folder, self.white_list_formats, follow_links=follow_links)
            filenames += found
            classes += [self.class_indices[os.path.basename(folder)]] * len(found)
        bad = self._find_bad([os.path.join(self.directory, name) for name in filenames])
        self.bad_files = {os.path.relpath(path, self.directory): reason for path, reason in bad.items()}
        good = [i for i, name in enumerate(filenames) if os.path.join(self.directory, name) not in bad]
        kept = [good[i] for i in self._part([classes[i] for i in good])]
        self.filenames = [filenames[i] for i in kept]
        self.classes = np.array([classes[i] for i in kept], dtype="int32")
        self.samples = len(kept)
        self._filepaths = [os.path.join(self.directory, name) for name in self.filenames]

    def _part(self, classes: list[int]) -> list[int]:
        """Which of the files, given by their classes, belong to the subset."""
        if self.split is None or self.subset is None:
            return list(range(len(classes)))
        generator = self.image_data_generator
        if is_stratified(generator):
            share = generator._validation_split  # noqa: SLF001 - Keras's name for it
            return [int(i) for i in stratified_part(classes, share, self.subset, generator.split_seed)]
        kept = []
        for number in dict.fromkeys(classes):
            members = [i for i, one in enumerate(classes) if one == number]
            start, stop = (int(share * len(members)) for share in self.split)
            kept += members[start:stop]
        return kept


def _folders(directory: Any) -> list[str]:
    return [name for name in sorted(os.listdir(directory)) if os.path.isdir(os.path.join(directory, name))]


def _list_pictures(folder: str, endings: tuple[str, ...], *, follow_links: bool) -> list[str]:
    """Picture files below `folder`, each as FOLDER'S NAME/.../FILE, in Keras's order."""
    name = os.path.basename(folder)
    return [
        os.path.join(name, os.path.relpath(os.path.join(root, file), folder))
        for root, file in _walk(folder, endings, follow_links=follow_links)
    ]


def _walk(folder: str, endings: tuple[str, ...], *, follow_links: bool) -> Iterator[tuple[str, str]]:
    for root, _, files in sorted(os.walk(folder, followlinks=follow_links), key=lambda found: found[0]):
        for file in sorted(files):
            if file.lower().endswith(".tiff"):
                warnings.warn(
                    'Using ".tiff" files with multiple bands will cause distortion. Please verify your output.',
                    stacklevel=6,
                )
            if file.lower().endswith(endings):
                yield root, file


def _by_name(boxes: Mapping[str, Any] | None, filenames: list[str]) -> list[Any] | None:
    if boxes is None:
        return None
    if boxes and filenames and not any(name in boxes for name in filenames):
        raise AugmentError(
            f"boxes must be named as in `filenames`, such as {filenames[0]!r}. Received: {next(iter(boxes))!r}."
        )
    return [boxes.get(name, ()) for name in filenames]


def _find_masks(masks: Any, filenames: list[str]) -> list[Any] | None:
    if masks is None:
        return None
    if isinstance(masks, (str, os.PathLike)):
        return [mask_path(masks, name) for name in filenames]
    missing = [name for name in filenames if name not in masks]
    if missing:
        raise AugmentError(f"masks has no entry for {missing[0]!r} and {len(missing) - 1} more.")
    return [masks[name] for name in filenames]
