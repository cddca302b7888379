"""A list of files with their labels, as scikit-learn's users hold them, to samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from boda.errors import DataError, LabelError
from boda.sample import Dataset, Sample

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_files(paths: Sequence[str | Path], labels: Sequence[object]) -> Dataset:
    """Samples of `paths` (n,) with `labels` (n,): class names, or numbers that become names.

    Raises:
        DataError: the lengths differ, or a file is listed twice.
        LabelError: a label is empty.
    """
    if len(paths) != len(labels):
        raise DataError(f"Expected a label for each file. Received: {len(paths)} files, {len(labels)} labels.")
    samples, seen = [], set()
    for path, label in zip(paths, labels, strict=True):
        name = Path(path).as_posix()
        if name in seen:
            raise DataError(f"{path} is listed twice. Each file is one sample; remove one of them.")
        if not str(label).strip():
            raise LabelError(f"{path}: its label is empty.")
        seen.add(name)
        samples.append(Sample(name, Path(path), str(label)))
    return Dataset(tuple(samples), tuple(sorted({str(s.label) for s in samples})))


def are_paths(values: object) -> bool:
    """Whether `values` is a list or an array of file names."""
    if isinstance(values, np.ndarray):
        return values.dtype.kind in "UO" and values.ndim == 1 and all(isinstance(v, (str, Path)) for v in values)
    return isinstance(values, (list, tuple)) and len(values) > 0 and all(isinstance(v, (str, Path)) for v in values)
