"""Whatever sequences a person has, texts, tags, music or series, to a SequenceDataset: a reader a file, chosen here."""

from __future__ import annotations

import difflib
import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boda.data.sequences.dataset import TASKS, SequenceDataset
from boda.data.sequences.objects import read_arrays, read_texts
from boda.data.sequences.plain_text import read_plain_text
from boda.data.sequences.recognise import reader_of
from boda.data.sequences.rolls import read_rolls
from boda.data.sequences.series import read_series
from boda.data.sequences.tags import read_tags
from boda.data.sequences.text_folder import read_text_folder
from boda.data.sequences.text_table import read_text_table
from boda.errors import DataError, RecipeError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["READERS", "SequenceDataset", "is_sequences", "read_sequences"]

READERS: dict[str, Callable[..., SequenceDataset]] = {
    "arrays": read_arrays,
    "conll": read_tags,
    "folder": read_text_folder,
    "rolls": read_rolls,
    "series": read_series,
    "table": read_text_table,
    "text": read_plain_text,
    "texts": read_texts,
}
PATHS = ("conll", "folder", "rolls", "series", "table", "text")  # the readers of files and folders
TASKS_OF = {
    "arrays": ("music", "forecast"),
    "conll": ("tag",),
    "folder": ("classify", "language"),
    "rolls": ("music", "forecast", "language"),
    "series": ("forecast",),
    "table": ("classify", "regress", "pairs", "language"),
    "text": ("language", "classify"),
    "texts": ("classify", "regress", "pairs", "language"),
}


def read_sequences(
    source: Any,
    *,
    task: str | None = None,
    format: str | None = None,  # noqa: A002 - the user's word
    **options: Any,
) -> SequenceDataset:
    """Read `source` by the reader that fits it; a SequenceDataset is returned as it is.

    Args:
        source: A file, a folder, a DataFrame, a pair (texts, labels), or a list of texts or arrays.
        task: "classify", "regress", "tag", "language", "music", "pairs" or "forecast"; the reader's usual unless given.
        format: The reader of a file or folder, where several fit: "conll", "folder", "rolls", "series", "table" or
            "text".
        options: Keyword arguments of that reader.

    Raises:
        DataError: No reader fits, or the data cannot serve.
        RecipeError: The reader has no such option or task.

    Example:
        read_sequences("names", task="language")
    """
    if isinstance(source, SequenceDataset):
        _refuse_options("a SequenceDataset, which is read already,", options, [])
        return source
    _refuse_unknown("task", task, TASKS)
    is_path = isinstance(source, str | os.PathLike)
    _refuse_unknown("format", format, PATHS)
    if is_path:
        _refuse_missing(Path(source))
    name = format or _by_options(reader_of(source, task), task, options)
    if name is None or (format and not is_path and not hasattr(source, "columns")):
        raise DataError(_unreadable(source))
    return _read(Path(source) if is_path else source, name, task, options)


def is_sequences(source: Any, task: str | None = None, format: str | None = None) -> bool:  # noqa: A002 - as above
    """Whether `source` is for `read_sequences`, and not for `boda.data.read`, which reads pictures.

    Looks at names and first lines alone. A task or a format that only one of the two has decides.
    """
    if isinstance(source, SequenceDataset):
        return True
    if task is not None and task != "classify":
        return task in TASKS
    if format is not None and format != "table":
        return format in PATHS
    return reader_of(source, task) is not None


def _by_options(name: str | None, task: str | None, options: dict[str, Any]) -> str | None:
    """The reader of texts where their columns are named, though another column holds times."""
    named = options.keys() & {"text_column", "label_column", "source_column", "target_column"}
    return "table" if name == "series" and task is None and named else name


def _read(source: Any, name: str, task: str | None, options: dict[str, Any]) -> SequenceDataset:
    if task is not None and task not in TASKS_OF[name]:
        raise RecipeError(
            f"The reader {name!r} reads for the tasks {', '.join(TASKS_OF[name])}. Received: task={task!r}. "
            "Another reader is chosen by format."
        )
    reader = READERS[name]
    known = [p.name for p in inspect.signature(reader).parameters.values() if p.kind is p.KEYWORD_ONLY]
    _refuse_options(f"the reader {name!r}", options, [option for option in known if option != "task"])
    return reader(source, **options, **({"task": task} if task is not None and "task" in known else {}))


def _unreadable(source: Any) -> str:
    if isinstance(source, str | os.PathLike):
        return (
            f"{source}: expected texts, a table of texts or times, or arrays (.txt, .csv, .tsv, .parquet, .conll, "
            f".mat, .npz, .npy), or a folder of texts. Say which it is by format: {', '.join(PATHS)}."
        )
    return (
        "Expected a file, a folder, a DataFrame, a pair (texts, labels), or a list of texts or arrays (steps, "
        f"channels), came {type(source).__name__}."
    )


def _refuse_unknown(what: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        near = difflib.get_close_matches(str(value), known, n=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise RecipeError(f"{what} must be one of {', '.join(known)}.{meant} Received: {what}={value!r}")


def _refuse_missing(path: Path) -> None:
    if path.exists() or path.is_symlink():
        return
    try:
        beside = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        beside = []
    near = difflib.get_close_matches(path.name, beside, n=1)
    meant = f" Did you mean {path.with_name(near[0])}?" if near else " Is the path right?"
    raise DataError(f"{path}: there is no such folder or file.{meant}")


def _refuse_options(who: str, options: dict[str, Any], known: list[str]) -> None:
    for name in options:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise RecipeError(f"{who} has no option {name!r}.{meant} It has: {', '.join(known) or 'none'}.")
