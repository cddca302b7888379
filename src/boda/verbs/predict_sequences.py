"""What a Run of sequences is asked about: lines of files and of standard input, tables, rolls, series, as answers."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.data.sequences import read_sequences, tags
from boda.data.sequences.columns import TEXT_NAMES, choose_column, find_pair
from boda.data.sequences.steps import times_ahead
from boda.data.sequences.table_file import SUFFIXES, read_table_file
from boda.data.sequences.text_file import BOMS, check_encoding
from boda.errors import DataError, RunError
from boda.progress import say
from boda.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from boda.sequence_answers import Forecast, SequenceAnswer, SequenceModel

HEAD = 2**16  # bytes of a file by which its encoding is told
LINES = 40
OF_SERIES = ("time_column", "series_column", "channels", "encoding")  # options of the readers that serve again
OF_TAGS = ("token_column", "tag_column", "encoding")
READING = {  # what can be told of files to answer on, by task
    **dict.fromkeys(("classify", "regress", "language"), ("text_column", "encoding")),
    "pairs": ("source_column", "encoding"),
    "tag": OF_TAGS,
    "forecast": OF_SERIES,
    "music": (),
}


def answers(
    model: SequenceModel,
    texts: Iterable[Any],
    files: Iterable[str] = (),
    *,
    min_confidence: float | str | None = None,
    beam: int | None = None,
    reading: Mapping[str, Any] | None = None,
    encoding: str | None = None,
) -> Iterator[SequenceAnswer]:
    """Answer on `texts`, then on each line of `files`; - is standard input.

    Args:
        model: of any task but forecast.
        texts: texts, tuples of tokens, or rolls, as the task wants them.
        files: text files with a sample a line, tables with a column of texts, or CoNLL for tags; for music rolls.
        min_confidence: labels below it are marked as abstained; "auto" takes the threshold that the training found.
        beam: beginnings that are followed at once (pairs); by default 1, which is what the Run's figure was measured
            with.
        reading: how the Run's data was read, for files that are written alike.
        encoding: of the files and of standard input; None tells it from each, or takes that of the Run's data.

    Raises:
        DataError: a file cannot be read.
        RecipeError: there is no such encoding.
        RunError: "auto" was asked for and no threshold was found, or the model is of forecasts.
    """
    if model.task == "forecast":
        raise RunError("A Run of series answers with forecasts: `model.forecast(series)`, or boda predict RUN FILE.")
    if encoding is not None:
        check_encoding(encoding)
    least = model.abstain_below() if min_confidence == "auto" else float(min_confidence or 0.0)
    samples = _samples(model, texts, files, reading or {}, encoding)
    return model.predict(samples, min_confidence=least, beam=beam or 1)


def reading_of(source: str) -> dict[str, Any]:
    """How the data of the Run in the folder `source` was read, such as {"text_column": "review"}."""
    return dict(Run.open(source).about.get("reading") or {})


def _samples(
    model: SequenceModel, texts: Iterable[Any], files: Iterable[str], reading: Mapping[str, Any], encoding: str | None
) -> Iterator[Any]:
    yield from texts
    for file in files:
        if model.task == "music":
            yield from read_sequences(file, task="music").inputs
        elif model.task == "tag" and _is_tagged(file):
            told = {} if encoding is None else {"encoding": encoding}
            yield from read_sequences(file, task="tag", **{**_some(reading, OF_TAGS), **told}).inputs
        elif Path(file).suffix.lower() in SUFFIXES:
            yield from cells_of(file, model.task, reading, encoding)
        else:
            yield from lines_of(file, reading.get("encoding"), encoding)


def _some(reading: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: reading[name] for name in names if name in reading}


def _is_tagged(file: str) -> bool:
    """Whether a file has a token and its tag a line, by its name or its first lines."""
    if file == "-":
        return False
    lines = _head(file).decode(_encoding(_head(file)) or "utf-8", "replace").splitlines()
    return Path(file).suffix.lower() in tags.SUFFIXES or tags.looks_tagged(lines[:LINES])


def cells_of(file: str, task: str, reading: Mapping[str, Any] | None = None, encoding: str | None = None) -> list[str]:
    """The texts of a table, one a row: of the column that the Run's data had, or of one that is called like it.

    A table of one column needs no such name. `encoding` is as in `answers`.
    """
    told, reading = _encoding(_head(file)), reading or {}
    table = read_table_file(Path(file), encoding=encoding or (None if told else reading.get("encoding")))
    pair, role = find_pair(table.header), "source" if task == "pairs" else "text"
    wanted = reading.get(f"{role}_column") or (pair[0] if pair and role == "source" else None)
    if len(table.header) == 1:
        wanted = table.header[0]
    column = choose_column(table.where, table.header, role, wanted, TEXT_NAMES)
    if table.bad:
        say(f"{len(table.bad)} rows are not answered; the first is {table.bad[0].name}: {table.bad[0].reason}.")
    return [cell.strip() for cell in table.column(column)]


def lines_of(file: str, usual: str | None = None, encoding: str | None = None) -> Iterator[str]:
    """The lines of a text file or of standard input, without empty ones, which are counted.

    Args:
        file: its name; - is standard input.
        usual: what the file is in where it has no byte order mark and does not begin as UTF-8.
        encoding: what it is in without a doubt; None tells it from the file, and standard input is UTF-8.
    """
    place, empty = "standard input" if file == "-" else file, 0
    try:
        for text in _every_line(file, usual, encoding):
            if text:
                yield text
            empty += not text
        if empty:
            say(f"{place}: {empty} empty line{'s' if empty > 1 else ''} left out.")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{place}: expected {encoding or 'UTF-8'}, came the byte {error.object[error.start]:#04x}. "
            "Convert it, or name its encoding, as in --read encoding=cp949."
        ) from error
    except UnicodeError as error:
        raise DataError(f"{place}: expected text, but: {error}. Convert it to UTF-8.") from error
    except OSError as error:
        raise _unreadable(file, error) from error


def _every_line(file: str, usual: str | None, encoding: str | None) -> Iterator[str]:
    if file == "-" and encoding is None:
        yield from map(_checked, sys.stdin)
        return
    known = encoding or _encoding(_head(file)) or usual or "utf-8"
    with open(sys.stdin.fileno() if file == "-" else file, encoding=known, closefd=file != "-") as lines:
        yield from (line.removeprefix("\ufeff").strip() for line in lines)


def _checked(line: str) -> str:
    """A line of standard input, whose undecodable bytes may have come through as half characters."""
    return line.encode("utf-8", "surrogateescape").decode("utf-8").removeprefix("\ufeff").strip()


def _head(file: str) -> bytes:
    try:
        with open(file, "rb") as data:  # noqa: PTH123 - a name as the user gave it
            return data.read(HEAD)
    except OSError as error:
        raise _unreadable(file, error) from error


def _encoding(head: bytes) -> str | None:
    """What the first bytes of a file tell: the encoding of a byte order mark, UTF-8, or nothing."""
    for mark, name in BOMS:
        if head.startswith(mark):
            return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return None
    return "utf-8"


def _unreadable(file: str, error: OSError) -> DataError:
    return DataError(f"{file}: {(error.strerror or str(error)).lower()}. A text itself goes to --text.")


def forecasts(
    model: SequenceModel, files: Iterable[str] = (), reading: Mapping[str, Any] | None = None
) -> list[Forecast]:
    """The steps ahead of each series in `files`, or, where there are none, of those that the Run was trained on.

    The files are read as the Run's data was, by `reading`.
    """
    found: list[Forecast] = []
    for file in files:
        data = read_sequences(file, task="forecast", **_some(reading or {}, OF_SERIES))
        missing = [name for name in model.encoder.channels if name not in data.channels]
        if missing:
            raise DataError(
                f"{file}: expected the columns {', '.join(model.encoder.channels)}, which the network was trained on; "
                f"{missing[0]} is missing."
            )
        columns = [data.channels.index(name) for name in model.encoder.channels]
        pairs = zip(data.names, data.inputs, strict=True)
        series = {name: np.asarray(values)[:, columns] for name, values in pairs}
        found += model.forecast(series, times_ahead(data, model.encoder.horizon))
    return found or model.forecast()
