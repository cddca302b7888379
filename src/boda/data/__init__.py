"""Whatever a person has, to a Dataset: a reader a file, chosen here by what it is given."""

from __future__ import annotations

import difflib
import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boda.data.arrays import read_arrays, read_tf_data
from boda.data.folders import read_folders
from boda.data.table import read_frame, read_table
from boda.errors import DataError, RecipeError
from boda.sample import Dataset

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["READERS", "read"]

READERS: dict[str, Callable[..., Dataset]] = {
    "arrays": read_arrays,
    "folders": read_folders,
    "frame": read_frame,
    "table": read_table,
    "tf_data": read_tf_data,
}
TABLE_SUFFIXES = (".csv", ".tsv")


def read(source: Any, **options: Any) -> Dataset:
    """Read `source` by the reader that fits it.

    A folder is read by "folders", a CSV or TSV file by "table", a pair (images, labels) of arrays by "arrays", a
    DataFrame by "frame" and a tf.data.Dataset by "tf_data"; a Dataset is returned as it is.

    Args:
        source: What to read.
        options: Keyword arguments of that reader.

    Raises:
        DataError: No reader fits, or the data cannot serve.
        RecipeError: The reader has no such option.

    Example:
        read("photos", group_pattern="patient[0-9]+")
    """
    if isinstance(source, Dataset):
        _refuse_options("a Dataset, which is read already,", options, [])
        return source
    name = _reader_of(source)
    reader = READERS[name]
    _refuse_options(f"the reader {name!r}", options, _options_of(reader))
    if name == "arrays":
        return reader(*source, **options)
    if name in {"folders", "table"}:
        _refuse_missing(Path(source))
    return reader(Path(source) if name in {"folders", "table"} else source, **options)


def _reader_of(source: Any) -> str:
    if isinstance(source, str | os.PathLike):
        return _reader_of_path(Path(source))
    if isinstance(source, tuple) and len(source) == 2:
        return "arrays"
    if hasattr(source, "columns") and hasattr(source, "to_dict"):
        return "frame"
    if hasattr(source, "element_spec") and hasattr(source, "__iter__"):
        return "tf_data"
    raise DataError(
        "Expected a folder, a CSV or TSV file, a pair (images, labels) of arrays, a DataFrame, a tf.data.Dataset or a "
        f"boda Dataset, came {type(source).__name__}."
    )


def _reader_of_path(path: Path) -> str:
    if path.suffix.lower() in TABLE_SUFFIXES and not path.is_dir():
        return "table"
    if path.is_file():
        raise DataError(
            f"{path}: expected a folder of pictures, or a table that ends in {' or '.join(TABLE_SUFFIXES)}, "
            f"came a file that ends in {path.suffix!r}."
        )
    return "folders"  # which says so, where there is nothing


def _refuse_missing(path: Path) -> None:
    if not path.exists() and not path.is_symlink():
        near = difflib.get_close_matches(path.name, _names_beside(path), n=1)
        meant = f" Did you mean {path.with_name(near[0])}?" if near else " Is the path right?"
        raise DataError(f"{path}: there is no such folder or file.{meant}")


def _names_beside(path: Path) -> list[str]:
    try:
        return [beside.name for beside in path.parent.iterdir()]
    except OSError:
        return []


def _options_of(reader: Callable[..., Dataset]) -> list[str]:
    parameters = inspect.signature(reader).parameters.values()
    return [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]


def _refuse_options(who: str, options: dict[str, Any], known: list[str]) -> None:
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise RecipeError(f"{who} has no option {name!r}.{meant} It has: {', '.join(known) or 'none'}.")
