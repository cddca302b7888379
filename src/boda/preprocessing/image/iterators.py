"""Iterator: indices to batches, in Keras's order and by Keras's draws."""
# ruff: noqa: FBT001, NPY002 - Keras's signature, and NumPy's global state as Keras uses it

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from keras.utils import PyDataset

from boda.preprocessing.image.advice import AUGMENTED, CONTIGUOUS, advise
from boda.preprocessing.image.io import array_to_img
from boda.preprocessing.image.transform import is_random

if TYPE_CHECKING:
    from collections.abc import Generator


class Iterator(PyDataset):  # type: ignore[misc]  # Keras ships no types
    """Endless batches; also indexed, and of a length, as `keras.utils.PyDataset` and Keras's `Sequence` are.

    A subclass defines `_get_batches_of_transformed_samples`.

    Args:
        n: how many samples there are.
        batch_size: how many make a batch.
        shuffle: whether each epoch has an order of its own.
        seed: of the order and the augmentation; None takes NumPy's global state as it is.
        **kwargs: `workers`, `use_multiprocessing` and `max_queue_size`, for `model.fit`.
    """

    white_list_formats = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = n
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.batch_index = 0
        self.total_batches_seen = 0
        self.lock = threading.Lock()
        self.index_array: np.ndarray | None = None
        self.index_generator = self._flow_index()

    def __getitem__(self, idx: int) -> Any:
        if idx >= len(self):
            raise ValueError(f"Asked to retrieve element {idx}, but the Sequence has length {len(self)}")
        self._seed()
        self.total_batches_seen += 1
        if self.index_array is None:
            self._set_index_array()
        return self._get_batches_of_transformed_samples(
            self.index_array[self.batch_size * idx : self.batch_size * (idx + 1)]  # type: ignore[index]  # it is set
        )

    def __len__(self) -> int:
        return (self.n + self.batch_size - 1) // self.batch_size

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        return self.next()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in {"lock", "index_generator"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.lock = threading.Lock()
        self.index_generator = self._flow_index(self.batch_index)

    def next(self) -> Any:
        """The next batch; after the last one, the next epoch's first."""
        with self.lock:
            index_array = next(self.index_generator)
        return self._get_batches_of_transformed_samples(index_array)

    def on_epoch_end(self) -> None:
        """Choose the next epoch's order."""
        self._set_index_array()

    def reset(self) -> None:
        """Begin with the first batch."""
        self.batch_index = 0

    def _seed(self) -> None:
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)

    def _set_index_array(self) -> None:
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def _flow_index(self, batch_index: int = 0) -> Generator[np.ndarray, None, None]:
        self.batch_index = batch_index
        while True:
            self._seed()
            if self.batch_index == 0 or self.index_array is None:
                self._set_index_array()
            here = (self.batch_index * self.batch_size) % self.n if self.n else 0
            self.batch_index = self.batch_index + 1 if self.n > here + self.batch_size else 0
            self.total_batches_seen += 1
            yield self.index_array[here : here + self.batch_size]  # type: ignore[index]  # it is set

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        """The batch of the samples `index_array`."""
        raise NotImplementedError


def augments(generator: Any, subset: str | None) -> bool:
    """Whether an iterator of `subset` draws anything, with a word where that spoils validation."""
    if subset != "validation":
        return True
    wanted = bool(getattr(generator, "augment_validation", True))
    if wanted and hasattr(generator, "augment_validation") and is_random(generator):
        advise(AUGMENTED)
    return wanted


def is_stratified(generator: Any) -> bool:
    """Whether a subset is drawn by chance, with a word where it is not."""
    if getattr(generator, "split", "contiguous") == "stratified":
        return True
    advise(CONTIGUOUS)
    return False


def save_batch(iterator: Any, batch: np.ndarray, index_array: np.ndarray, below: int) -> None:
    """Write each picture of a batch to the iterator's `save_to_dir`, with a number by chance in its name."""
    for picture, index in zip(batch, index_array, strict=True):
        number = np.random.randint(below)
        name = f"{iterator.save_prefix}_{index}_{number}.{iterator.save_format}"
        array_to_img(picture, iterator.data_format, scale=True).save(os.path.join(iterator.save_to_dir, name))  # noqa: PTH118 - a path of any kind
