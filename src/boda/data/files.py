"""A list of files with their labels, as scikit-learn's users hold them, to samples."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from boda.errors import DataError, LabelError
from boda.sample import Dataset, Sample

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_files(paths: Sequence[str | Path], labels: Sequence[object]) -> Dataset:
    """Samples of `paths` (n,) with `labels` (n,): class names, or numbers that become names.

    Each is called by its path below the folder that holds them all, so that the split, which goes by names, is the
    same wherever that folder lies.

    Raises:
        DataError: the lengths differ, or a file is listed twice.
        LabelError: a label is empty.
    """
    if len(paths) != len(labels):
        raise DataError(f"Expected a label for each file. Received: {len(paths)} files, {len(labels)} labels.")
    names, root = _names(paths)
    samples, seen = [], set()
    for path, name, label in zip(paths, names, labels, strict=True):
        if name in seen:
            raise DataError(f"{path} is listed twice. Each file is one sample; remove one of them.")
        if not str(label).strip():
            raise LabelError(f"{path}: its label is empty.")
        seen.add(name)
        samples.append(Sample(name, Path(path), str(label)))
    return Dataset(tuple(samples), tuple(sorted({str(s.label) for s in samples})), root=root)


def _names(paths: Sequence[str | Path]) -> tuple[list[str], Path | None]:
    """Each path below the folder that holds them all, and that folder; of several drives whole, and None."""
    whole = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - which takes .. out, and leaves links alone
    try:
        root = os.path.commonpath([os.path.dirname(path) for path in whole])  # noqa: PTH120 - the same
    except ValueError:  # no files, or several drives
        return [Path(path).as_posix() for path in whole], None
    return [Path(os.path.relpath(path, root)).as_posix() for path in whole], Path(root)


def are_paths(values: object) -> bool:
    """Whether `values` is a list or an array of file names."""
    if isinstance(values, np.ndarray):
        return values.dtype.kind in "UO" and values.ndim == 1 and all(isinstance(v, (str, Path)) for v in values)
    return isinstance(values, (list, tuple)) and len(values) > 0 and all(isinstance(v, (str, Path)) for v in values)
