"""What a Run of sequences is asked about: lines of files and of standard input, rolls, and series, as answers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.data.sequences import read_sequences
from boda.data.sequences.steps import times_ahead
from boda.errors import DataError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from boda.sequence_answers import Forecast, SequenceAnswer, SequenceModel


def answers(
    model: SequenceModel,
    texts: Iterable[Any],
    files: Iterable[str] = (),
    *,
    min_confidence: float | str | None = None,
    beam: int | None = None,
) -> Iterator[SequenceAnswer]:
    """Answer on `texts`, then on each line of `files`; - is standard input.

    Args:
        model: of any task but forecast.
        texts: texts, tuples of tokens, or rolls, as the task wants them.
        files: text files with a sample a line; for music files of rolls.
        min_confidence: labels below it are marked as abstained; "auto" takes the threshold that the training found.
        beam: beginnings that are followed at once (pairs).

    Raises:
        DataError: a file cannot be read.
        RunError: "auto" was asked for and no threshold was found, or the model is of forecasts.
    """
    if model.task == "forecast":
        raise RunError("A Run of series answers with forecasts: `model.forecast(series)`, or boda predict RUN FILE.")
    least = model.abstain_below() if min_confidence == "auto" else float(min_confidence or 0.0)
    return model.predict(_samples(model, texts, files), min_confidence=least, beam=beam or 4)


def _samples(model: SequenceModel, texts: Iterable[Any], files: Iterable[str]) -> Iterator[Any]:
    yield from texts
    for file in files:
        if model.task == "music":
            yield from read_sequences(file, task="music").inputs
        else:
            yield from lines_of(file)


def lines_of(file: str) -> Iterator[str]:
    """The lines of a text file or of standard input, without empty ones."""
    if file == "-":
        yield from (text for line in sys.stdin if (text := line.strip()))
        return
    try:
        with open(file, encoding="utf-8-sig") as lines:  # noqa: PTH123 - a name as the user gave it
            yield from (text for line in lines if (text := line.strip()))
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file}: expected UTF-8, came the byte {error.object[error.start]:#04x}. Convert it."
        ) from error
    except OSError as error:
        raise DataError(f"{file}: {(error.strerror or str(error)).lower()}. A text itself goes to --text.") from error


def forecasts(model: SequenceModel, files: Iterable[str] = ()) -> list[Forecast]:
    """The steps ahead of each series in `files`, or, where there are none, of those that the Run was trained on."""
    found: list[Forecast] = []
    for file in files:
        data = read_sequences(file, task="forecast")
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
