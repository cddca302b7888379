"""Answers on sequences in the terminal: a table, JSON or CSV; a text that is written on as it goes; forecasts."""

from __future__ import annotations

import csv
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boda.cli.cells import as_text
from boda.cli.options import parse_read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from boda.sequence_answers import Forecast, SequenceAnswer, SequenceModel

ASKED = ("texts", "reads", "generate", "start", "label", "temperature", "top_k", "top_p", "seed", "beam", "roll")
TASKS_OF = {  # options that only these tasks heed
    "beam": ("pairs",),
    "roll": ("music",),
    "generate": ("language", "music"),
    **dict.fromkeys(("start", "label", "top_k", "top_p"), ("language",)),
    "texts": ("classify", "regress", "tag", "pairs", "language"),
}
GENERATING = ("start", "label", "temperature", "top_k", "top_p", "seed", "roll")
OPTIONS = {"start": "from", "texts": "text", "reads": "read", "top_k": "top-k", "top_p": "top-p"}


def refuse_for_pictures(run: str, asked: dict[str, Any]) -> None:
    """What only sequences know has no meaning for a Run of pictures."""
    if wrong := [name for name in ASKED if asked.get(name) not in {None, ()}]:
        raise click.UsageError(f"--{OPTIONS.get(wrong[0], wrong[0])} is for sequences, and {run} answers on pictures.")


def print_answers(
    model: SequenceModel, run: str, files: tuple[str, ...], form: str, top: int, least: Any, asked: dict[str, Any]
) -> int:
    """Answer as the task asks for; gives the exit code."""
    for name, tasks in TASKS_OF.items():
        if asked[name] not in {None, ()} and model.task not in tasks:
            raise click.UsageError(
                f"--{OPTIONS.get(name, name)} is for {' and '.join(tasks)}, and the task of this Run is {model.task}."
            )
    if least is not None and model.task != "classify":
        raise click.UsageError(f"--min-confidence is for classify, and the task of this Run is {model.task}.")
    if asked["generate"] is not None:
        if form != "table":
            raise click.UsageError(f"--{form} is for answers; --generate writes as it goes. Leave it out.")
        if files or asked["texts"] or asked["reads"]:
            raise click.UsageError(
                "--generate writes on by itself; leave out files, --read and --text. --from begins a text."
            )
        return _generate(model, asked)
    if wrong := [name for name in GENERATING if asked[name] is not None]:
        raise click.UsageError(f"--{OPTIONS.get(wrong[0], wrong[0])} belongs to --generate.")
    told = _told(model.task, files, asked["reads"])
    if model.task == "forecast":
        return _forecast(model, run, files, told, form)
    return _answer(model, run, files, told, form, top, least, asked)


def _told(task: str, files: tuple[str, ...], reads: tuple[str, ...]) -> dict[str, Any]:
    """What --read says of the files, such as {"encoding": "cp949"}."""
    from boda.verbs.predict_sequences import READING

    if reads and not files:
        raise click.UsageError("--read says how files are read, and there is none. Leave it out.")
    told, known = dict(map(parse_read, reads)), READING[task]
    if wrong := [name for name in told if name not in known]:
        some = f"expected one of {', '.join(known)}" if known else f"{task} has none"
        raise click.BadParameter(f"{some}. Received: {wrong[0]}", param_hint="--read")
    return {name: value if name == "channels" else str(value) for name, value in told.items()}


def _generate(model: SequenceModel, asked: dict[str, Any]) -> int:
    """Write on, a token at a time, or play on."""
    if model.task == "music":
        return _play(model, asked)
    names = ("start", "label", "temperature", "top_k", "top_p", "seed")
    given = {name: value for name in names if (value := asked[name]) is not None}
    sys.stdout.write(given.get("start", ""))
    for piece in model.generate(asked["generate"], **given):
        sys.stdout.write(piece)
        sys.stdout.flush()
    sys.stdout.write("\n")
    return 0


def _play(model: SequenceModel, asked: dict[str, Any]) -> int:
    """Print a line of keys a step, or write the roll."""
    import numpy as np

    given = {name: value for name in ("temperature", "seed") if (value := asked[name]) is not None}
    roll = model.play(asked["generate"], **given)
    if asked["roll"] is None:
        for frame in roll:
            click.echo(" ".join(map(str, np.flatnonzero(frame))))
        return 0
    place = Path(asked["roll"])
    if place.exists():
        raise click.UsageError(f"{place} is there already and would be overwritten. Give another --roll.")
    with place.open("wb") as file:
        np.savez_compressed(file, train_0=roll.astype(np.uint8))
    click.echo(place)
    return 0


def _forecast(model: SequenceModel, run: str, files: tuple[str, ...], told: dict[str, Any], form: str) -> int:
    from boda.verbs.predict_sequences import forecasts, reading_of

    found = forecasts(model, files, {**reading_of(run), **told})
    if form == "json":
        click.echo(json.dumps([one.to_json() for one in found], indent=2))
    elif form == "csv":
        _forecast_csv(found)
    else:
        _forecast_table(found)
    return 0


def _rows(found: Iterable[Forecast]) -> Iterator[list[Any]]:
    for one in found:
        for step in range(len(one.values)):
            time = one.times[step] if one.times else f"+{step + 1}"
            for channel, name in enumerate(one.channels):
                figures = [f"{bound[step, channel]:.6g}" for bound in (one.values, one.low, one.high)]
                yield [one.name, time, name, *figures]


def _forecast_csv(found: list[Forecast]) -> None:
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["series", "time", "channel", "forecast", "low", "high"])
    out.writerows([*map(as_text, row[:3]), *row[3:]] for row in _rows(found))


def _forecast_table(found: list[Forecast]) -> None:
    from rich.table import Table
    from rich.text import Text

    from boda.cli.show import show, visible

    table = Table(box=None, pad_edge=False)
    level = f"{100 * found[0].level:.0f} %" if found else ""
    for title in ("series", "time", "channel", "forecast", f"{level} from", "to"):
        table.add_column(title, justify="left" if title in {"series", "time", "channel"} else "right", overflow="fold")
    for row in _rows(found):
        table.add_row(*(Text(visible(str(cell))) for cell in row))
    show(table)


def _answer(
    model: SequenceModel,
    run: str,
    files: tuple[str, ...],
    told: dict[str, Any],
    form: str,
    top: int,
    least: Any,
    asked: dict[str, Any],
) -> int:
    from boda.progress import say
    from boda.verbs.predict_sequences import answers, reading_of

    if not files and not asked["texts"]:
        more = "files of rolls" if model.task == "music" else "--text, files with a sample a line, or -"
        raise click.UsageError(f"Give {more} to answer on.")
    encoding, reading = told.pop("encoding", None), reading_of(run)
    options = {"min_confidence": least, "beam": asked["beam"], "reading": {**reading, **told}, "encoding": encoding}
    given = Counted(answers(model, [*asked["texts"]], files, **options))
    {"json": _json, "csv": _csv, "table": _table}[form](model, given, top)
    if not given.count:
        say("There was no text to answer on.")
    return 1 if given.count and given.failed == given.count else 0


class Counted:
    """Answers as they come, counted."""

    def __init__(self, answers: Iterable[SequenceAnswer]) -> None:
        self.answers, self.count, self.failed = answers, 0, 0

    def __iter__(self) -> Iterator[SequenceAnswer]:
        for answer in self.answers:
            self.count += 1
            self.failed += answer.error is not None
            yield answer


def _json(_: SequenceModel, answers: Iterable[SequenceAnswer], top: int) -> None:
    """A JSON array, written as the answers come."""
    first = True
    for answer in answers:
        click.echo(("[\n" if first else ",\n") + json.dumps(answer.to_json(top), ensure_ascii=False), nl=False)
        first = False
    click.echo("[]" if first else "\n]")


def _csv(model: SequenceModel, answers: Iterable[SequenceAnswer], _: int) -> None:
    """CSV; cells that a table program would run are quoted, and numbers stand alone."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    classes = model.classes if model.task == "classify" else ()
    ends = ("low", "high") if model.task == "regress" else ()
    out.writerow(["text", "answer", "confidence", "abstained", "error", *ends, *map(as_text, classes)])
    for answer in answers:
        numbers = [_blank(answer.confidence), int(answer.abstained)]
        bounds = [_blank(getattr(answer, name)) for name in ends]
        scores = [answer.scores[name] for name in classes] if answer.scores else [""] * len(classes)
        out.writerow([as_text(answer.text), _plain(answer), *numbers, as_text(answer.error or ""), *bounds, *scores])


def _blank(number: float | None) -> float | str:
    return "" if number is None else number


def _plain(answer: SequenceAnswer) -> float | str:
    """The answer as a cell that a program reads: no words around it."""
    if answer.error is not None:
        return ""
    number = answer.value if answer.value is not None else answer.nll
    return as_text(answer.label or told(answer)) if number is None else number


def _table(model: SequenceModel, answers: Iterable[SequenceAnswer], top: int) -> None:
    """A table: the text, the answer, how sure, and the next classes."""
    from rich.table import Table
    from rich.text import Text

    from boda.cli.show import show, visible

    table = Table(box=None, pad_edge=False)
    titles = ("text", "answer", "confidence", "then") if model.task == "classify" else ("text", "answer")
    for title in titles:
        table.add_column(title, justify="right" if title == "confidence" else "left", overflow="fold")
    for answer in answers:
        cells = [answer.text[:200], told(answer), *_sure(answer, min(top, len(model.classes)))]
        table.add_row(*(Text(visible(cell)) for cell in cells[: len(titles)]))
    show(table)


def told(answer: SequenceAnswer) -> str:
    """The answer in a cell."""
    if answer.error is not None:
        return f"not answered: {answer.error}"
    if answer.label is not None:
        return f"not sure ({answer.label})" if answer.abstained else answer.label
    if answer.tags is not None and answer.tokens is not None:
        return " ".join(f"{token}/{tag}" for token, tag in zip(answer.tokens, answer.tags, strict=True))
    if answer.value is not None:
        around = "" if answer.low is None else f" ({answer.low:.6g} to {answer.high:.6g})"
        return f"{answer.value:.6g}{around}"
    if answer.nll is not None:
        return f"{answer.nll:.3f} nats a step ({answer.nll / math.log(2):.3f} bits)"
    return answer.output or ""


def _sure(answer: SequenceAnswer, top: int) -> tuple[str, str]:
    if answer.scores is None or answer.confidence is None:
        return "", ""
    rest = [f"{name} {score:.2f}" for name, score in list(answer.scores.items())[:top] if name != answer.label]
    return f"{answer.confidence:.2f}", ", ".join(rest)
