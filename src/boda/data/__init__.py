"""Whatever a person has, to a Dataset: a reader a file, chosen here by what it is given."""

from __future__ import annotations

import difflib
import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boda.data.arrays import read_arrays, read_tf_data
from boda.data.box_table import read_box_table
from boda.data.coco import read_coco
from boda.data.folders import read_folders
from boda.data.recognise import reader_of_path
from boda.data.table import read_frame, read_table
from boda.data.voc import read_voc
from boda.data.yolo import read_yolo
from boda.errors import DataError, RecipeError
from boda.sample import Dataset

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["READERS", "read"]

READERS: dict[str, Callable[..., Dataset]] = {
    "arrays": read_arrays,
    "box_table": read_box_table,
    "coco": read_coco,
    "folders": read_folders,
    "frame": read_frame,
    "table": read_table,
    "tf_data": read_tf_data,
    "voc": read_voc,
    "yolo": read_yolo,
}
PATHS = ("box_table", "coco", "folders", "table", "voc", "yolo")  # the readers of files and folders


def read(source: Any, *, format: str | None = None, **options: Any) -> Dataset:  # noqa: A002 - the user's word
    """Read `source` by the reader that fits it.

    A folder is read by "voc", "coco" or "yolo" where it holds boxes in that format, else by "folders"; a CSV or TSV
    file by "box_table" where it has columns of boxes, else by "table"; a JSON file by "coco"; a pair (images, labels)
    of arrays by "arrays", a DataFrame by "frame" and a tf.data.Dataset by "tf_data"; a Dataset is returned as it is.

    Args:
        source: What to read.
        format: The reader of a file or folder, where several fit.
        options: Keyword arguments of that reader.

    Raises:
        DataError: No reader fits, or the data cannot serve.
        RecipeError: The reader has no such option, or a task of boxes is asked for where there are none.

    Example:
        read("photos", group_pattern="patient[0-9]+")
    """
    if isinstance(source, Dataset):
        _refuse_options("a Dataset, which is read already,", options, [])
        return source
    name = _reader_of(source) if format is None else _wanted(source, format)
    reader = READERS[name]
    if options.get("task") == "classify" and "task" not in _options_of(reader):
        del options["task"]  # it is what readers of labels read for
    _refuse_task(source, name, options, _options_of(reader))
    _refuse_options(f"the reader {name!r}", options, _options_of(reader))
    if name == "arrays":
        return reader(*source, **options)
    if name in PATHS:
        _refuse_missing(Path(source))
    return reader(Path(source) if name in PATHS else source, **options)


def _wanted(source: Any, name: str) -> str:
    """The reader `name`, which must be one for files and folders, as `source` must be."""
    if name in PATHS and isinstance(source, str | os.PathLike):
        return name
    raise RecipeError(
        f"format={name!r}: expected {', '.join(PATHS)}, and a file or a folder to read. "
        f"Received: {type(source).__name__}."
    )


def _reader_of(source: Any) -> str:
    if isinstance(source, str | os.PathLike):
        return reader_of_path(Path(source))
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


def _refuse_task(source: Any, name: str, options: dict[str, Any], known: list[str]) -> None:
    if "task" in options and "task" not in known:
        where = source if isinstance(source, str | os.PathLike) else type(source).__name__
        raise RecipeError(
            f"{where}: task={options['task']!r} needs boxes, in Pascal VOC, COCO, YOLO or a table with columns such as "
            f"xmin, but none were found, so that it is read by {name!r}, as pictures with labels. Leave the task out, "
            'or say which format the boxes have: format="yolo" among the reading options, --format yolo in the command.'
        )


def _refuse_options(who: str, options: dict[str, Any], known: list[str]) -> None:
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise RecipeError(f"{who} has no option {name!r}.{meant} It has: {', '.join(known) or 'none'}.")
