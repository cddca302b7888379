"""NumpyArrayIterator: arrays to batches."""
# ruff: noqa: FBT001, FBT002 - Keras's signature

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.errors import AugmentError
from boda.preprocessing.image.arguments import warn_of_channels
from boda.preprocessing.image.batch import fill_batch
from boda.preprocessing.image.io import check_data_format, check_dtype
from boda.preprocessing.image.iterators import Iterator, augments, is_stratified, save_batch
from boda.preprocessing.image.labels import MIN_VISIBLE, check_boxes, follow_boxes, follow_mask, join_targets
from boda.preprocessing.image.render import Rendering
from boda.preprocessing.image.splits import check_subset, contiguous_part, stratified_part

if TYPE_CHECKING:
    from collections.abc import Sequence


class NumpyArrayIterator(Iterator):
    """Batches from pictures in memory.

    A batch is x, (x, y) or (x, y, sample_weight), as these are given; where `x` is a pair, its x is a list. With
    `masks` alone, y is the masks; with `boxes`, y is a dict of "labels" (y, where given), "boxes" (a list of float32
    arrays, clipped) and "masks".

    Args:
        x: pictures (n, h, w, c) or (n, c, h, w); or a pair of them and an array, or a list of arrays, that go along.
        y: a label for each.
        image_data_generator: an `ImageDataGenerator`.
        batch_size: how many make a batch.
        shuffle: whether each epoch has an order of its own.
        sample_weight: a weight for each.
        seed: of the order and the augmentation.
        data_format: "channels_last" or "channels_first"; None for Keras's global setting.
        save_to_dir: a folder to write each augmented picture to.
        save_prefix: what their names begin with.
        save_format: "png", "jpeg" and so on.
        subset: "training" or "validation", where the generator has a `validation_split`.
        ignore_class_split: allow parts that do not have the same classes.
        dtype: of the batches; None for Keras's global float.
        boxes: for each picture (m, 4 + k): x0, y0, x1, y1 in pixels, and further numbers that go along with the box.
        masks: (n, h, w) or (n, h, w, k) integers.
        min_visible: boxes that show less than this share of their area are dropped.
        **kwargs: `workers`, `use_multiprocessing` and `max_queue_size`.

    Raises:
        ValueError: Arrays of several lengths or of another rank, an unknown subset, or parts with other classes.
        AugmentError: Boxes or masks that do not fit; it is a ValueError too.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: Any = None,
        *,
        boxes: Sequence[Any] | None = None,
        masks: Any = None,
        min_visible: float = MIN_VISIBLE,
        **kwargs: Any,
    ) -> None:
        self.data_format = check_data_format(data_format)
        self.dtype = check_dtype(dtype)
        x, misc = _split_misc(x)
        _check_lengths(x, y, sample_weight, misc, boxes, masks)
        kept = _part(image_data_generator, subset, x, y, ignore_class_split=ignore_class_split)
        self._x = _keep_pixels(_take(x, kept), self.dtype)
        if self._x.ndim != 4:
            raise ValueError(
                f"Input data in `NumpyArrayIterator` should have rank 4. You passed an array with shape {self._x.shape}"
            )
        warn_of_channels("NumpyArrayIterator is set to use", self._x.shape, self.data_format)
        self.x_misc = [_take(one, kept) for one in misc]
        self.y = None if y is None else _take(y, kept)
        # Keras keeps the weights of all samples, also for a subset, whose weights are then those of others
        self.sample_weight = None if sample_weight is None else _take(sample_weight, kept)
        self.boxes = None if boxes is None else [check_boxes(boxes[i], f"picture {i}") for i in _all(kept, len(boxes))]
        self.masks = None if masks is None else _check_masks(_take(masks, kept), self._spatial())
        self.min_visible = min_visible
        self.image_data_generator = image_data_generator
        self.subset = subset
        self.augment = augments(image_data_generator, subset)
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format
        super().__init__(len(self._x), batch_size, shuffle, seed, **kwargs)

    @property
    def x(self) -> np.ndarray:
        """The pictures as `dtype`; they are kept as uint8, where they came so, until somebody asks."""
        if self._x.dtype != self.dtype:
            self._x = self._x.astype(self.dtype)
        return self._x

    @x.setter
    def x(self, pictures: np.ndarray) -> None:
        self._x = pictures

    def _spatial(self) -> tuple[int, int]:
        shape = self._x.shape
        return shape[1:3] if self.data_format == "channels_last" else shape[2:4]

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        batch_x = np.empty((len(index_array), *self._x.shape[1:]), dtype=self.dtype)
        drawn = fill_batch(
            batch_x,
            lambda i: self._picture(index_array[i]),
            self.image_data_generator,
            self.data_format,
            augment=self.augment,
            threads=1 if self.workers > 1 else 2,
        )
        if self.save_to_dir:
            save_batch(self, batch_x, index_array, 10_000)
        x = [batch_x, *(one[index_array] for one in self.x_misc)] if self.x_misc else batch_x
        y = None if self.y is None else self.y[index_array]
        y = join_targets(y, self._boxes_of(index_array, drawn), self._masks_of(index_array, drawn))
        if y is None:
            return x
        return (x, y) if self.sample_weight is None else (x, y, self.sample_weight[index_array])

    def _picture(self, j: int) -> np.ndarray:
        picture = self._x[j]
        return np.moveaxis(picture, 0, 2) if self.data_format == "channels_first" else picture

    def _boxes_of(self, index_array: np.ndarray, drawn: list[dict[str, Any]]) -> list[np.ndarray] | None:
        if self.boxes is None:
            return None
        size = self._spatial()
        return [
            follow_boxes(self.boxes[j], one, *size, self.min_visible) for j, one in zip(index_array, drawn, strict=True)
        ]

    def _masks_of(self, index_array: np.ndarray, drawn: list[dict[str, Any]]) -> np.ndarray | None:
        if self.masks is None:
            return None
        how = Rendering(getattr(self.image_data_generator, "fill_mode", "nearest"))
        return np.stack([follow_mask(self.masks[j], one, how) for j, one in zip(index_array, drawn, strict=True)])


def _split_misc(x: Any) -> tuple[Any, list[np.ndarray]]:
    """`x` and what goes along with it: of a tuple or list, the first entry is the pictures, the second the rest."""
    if not isinstance(x, (tuple, list)):
        return x, []
    rest = x[1] if isinstance(x[1], list) else [x[1]]
    return x[0], [np.asarray(one) for one in rest]


def _check_lengths(x: Any, y: Any, sample_weight: Any, misc: list[np.ndarray], boxes: Any, masks: Any) -> None:
    for one in misc:
        if len(x) != len(one):
            raise ValueError(
                "All of the arrays in `x` should have the same length. "
                f"Found a pair with: len(x[0]) = {len(x)}, len(x[?]) = {len(one)}"
            )
    for name, other in (("`y` (labels)", y), ("`sample_weight`", sample_weight)):
        if other is not None and len(x) != len(other):
            short = name.split("`")[1]
            raise ValueError(
                f"`x` (images tensor) and {name} should have the same length. "
                f"Found: x.shape = {np.asarray(x).shape}, {short}.shape = {np.asarray(other).shape}"
            )
    for name, others in (("boxes", boxes), ("masks", masks)):
        if others is not None and len(x) != len(others):
            raise AugmentError(
                f"{name} must have one entry for each of the {len(x)} pictures. Received: {len(others)}."
            )


def _part(generator: Any, subset: str | None, x: Any, y: Any, *, ignore_class_split: bool) -> np.ndarray | None:
    """Indices of `subset`; None for all."""
    if subset is None:
        return None
    check_subset(subset)
    share = generator._validation_split  # noqa: SLF001 - Keras's name for it
    if is_stratified(generator):
        labels = y if y is not None else np.zeros(len(x))
        return stratified_part(labels, share, subset, generator.split_seed)
    first = int(len(x) * share)
    if y is not None and not ignore_class_split and not np.array_equal(np.unique(y[:first]), np.unique(y[first:])):
        raise ValueError(
            "Training and validation subsets have different number of classes after the split. If your numpy arrays "
            'are sorted by the label, you might want to shuffle them, or ImageDataGenerator(..., split="stratified").'
        )
    return contiguous_part(len(x), share, subset)


def _take(values: Any, kept: np.ndarray | None) -> np.ndarray:
    if kept is None:
        return np.asarray(values)
    contiguous = len(kept) == 0 or len(kept) == kept[-1] - kept[0] + 1
    return np.asarray(values)[slice(kept[0], kept[-1] + 1) if contiguous and len(kept) else kept]


def _all(kept: np.ndarray | None, n: int) -> Any:
    return range(n) if kept is None else kept


def _keep_pixels(x: np.ndarray, dtype: Any) -> np.ndarray:
    """Pictures as `dtype`, but a copy of uint8 as uint8, which has a quarter of the size."""
    return x.copy() if x.dtype == np.uint8 and np.dtype(dtype) == np.float32 else np.asarray(x, dtype=dtype)


def _check_masks(masks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if masks.ndim not in (3, 4) or masks.shape[1:3] != size:
        raise AugmentError(f"masks must be (n, {size[0]}, {size[1]}) or with one more axis. Received: {masks.shape}.")
    return masks
