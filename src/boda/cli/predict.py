"""`boda predict`."""

from __future__ import annotations

import csv
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from boda.cli.cells import as_text
from boda.cli.predict_sequences import print_answers, refuse_for_pictures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from boda.answers import Answer, Model
    from boda.box_answers import BoxModel

PLACES = ("coco", "yolo", "draw")
EPILOG = """\b
Examples:
  boda predict runs/001 rose.jpg
  boda predict runs/001 new/ --csv > answers.csv
  boda predict runs/001 'new/**/*.png' --json
  find new -name '*.jpg' | boda predict runs/001 -
  boda predict runs/001 new/ --min-confidence auto    abstain where it is not sure
  boda predict efficientnet_lite0 cat.jpg             1000 ImageNet classes, as it is
  boda predict runs/002 yard/ --draw drawn            boxes: copies with the boxes drawn over
  boda predict runs/002 yard/ --coco results.json --yolo labels
  boda predict runs/002 yard/ --grow 0.9              one box: so large that it holds the object in 90 %
  boda predict runs/003 --text Schneider --text Kim   sequences: texts, or files with one a line
  boda predict runs/004 --generate 500 --from 'ROMEO:'  writes as it goes
  boda predict runs/005                               a forecast from where the series ended
"""


def confidence(_: click.Context, __: click.Parameter, value: str | None) -> float | str | None:
    """A number from 0 to 1, or "auto"; None where it was not asked for."""
    if value is None or value == "auto":
        return value
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise click.BadParameter(f"expected a number from 0 to 1, or auto. Received: {value}")
    return number


@click.command(epilog=EPILOG)
@click.argument("run")
@click.argument("files", nargs=-1)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    help="How many classes, or boxes a picture, the table shows.  [default: 3 classes, all boxes]",
)
@click.option(
    "--min-confidence",
    callback=confidence,
    help="Abstain below it, or leave out boxes below it; 'auto' takes the Run's threshold.  "
    "[default: 0, and of many boxes a picture auto]",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array, an object a file.")
@click.option(
    "--csv",
    "as_csv",
    is_flag=True,
    help="Print CSV: path, label, confidence, abstained, error, a column a class; of boxes a line a box.",
)
@click.option("--grow", type=click.FloatRange(0, 1), help="Boxes, one a picture: so large that this share is whole.")
@click.option("--coco", type=click.Path(), metavar="FILE", help="Boxes: write COCO results to a new file.")
@click.option("--yolo", type=click.Path(), metavar="FOLDER", help="Boxes: write YOLO text into a new folder.")
@click.option("--draw", type=click.Path(), metavar="FOLDER", help="Boxes: draw them on copies, in a new folder.")
@click.option("--text", "texts", multiple=True, help="Sequences: a text to answer on; may be repeated.")
@click.option(
    "--read",
    "reads",
    multiple=True,
    metavar="NAME=VALUE",
    help="Sequences: how the files are read where it is otherwise than the Run's data was, such as encoding=cp949.",
)
@click.option("--beam", type=click.IntRange(min=1), help="Pairs: beginnings that are followed at once.  [default: 1]")
@click.option("--generate", type=click.IntRange(min=1), metavar="N", help="Language, music: write on, N steps at most.")
@click.option("--from", "start", help="With --generate: what is written already.")
@click.option("--label", help="With --generate: the label whose texts are written, such as Korean.")
@click.option("--temperature", type=click.FloatRange(0), help="With --generate: above 1 bolder, 0 the likeliest.")
@click.option("--top-k", type=click.IntRange(0), help="With --generate: only from the K likeliest.")
@click.option("--top-p", type=click.FloatRange(0, 1, min_open=True), help="With --generate: nucleus sampling.")
@click.option("--seed", type=click.IntRange(0), help="With --generate: the same gives the same.")
@click.option("--roll", type=click.Path(), metavar="FILE", help="With --generate: write music to a new .npz file.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    run: str,
    files: tuple[str, ...],
    top: int | None,
    min_confidence: Any,
    *,
    as_json: bool,
    as_csv: bool,
    grow: float | None,
    **more: Any,
) -> None:
    """Answer with calibrated confidence: labels, or boxes, or whatever the Run's sequences become.

    RUN is a Run's folder, or a network of `boda backbones` for its 1000 ImageNet classes.
    FILES are pictures, folders, globs, or - for names on standard input, one a line. For a Run of sequences they are
    text files with a sample a line, tables with a column of texts, or of series, or rolls, and - is standard input
    itself.
    """
    from boda.answers import Model
    from boda.verbs.predict import is_of_sequences, load

    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other.")
    model, form = load(run), "json" if as_json else "csv" if as_csv else "table"
    places = {name: more.pop(name) for name in PLACES}
    if is_of_sequences(model):
        refuse_for_sequences(run, {"grow": grow, **places})
        ctx.exit(print_answers(model, run, files, form, top or 3, min_confidence, more))
    refuse_for_pictures(run, more)
    if not files:
        raise click.UsageError("Give pictures, folders or globs to answer on, or - for names on standard input.")
    if not isinstance(model, Model):
        answers = print_boxes(model, files, form, top, places, min_confidence=min_confidence, grow=grow)
    elif wrong := [name for name, value in {"grow": grow, **places}.items() if value is not None]:
        raise click.UsageError(f"--{wrong[0]} is for boxes, and {run} answers with labels.")
    else:
        answers = print_labels(model, files, form, top or 3, min_confidence=min_confidence)
    if answers.count and answers.failed == answers.count:
        ctx.exit(1)


def refuse_for_sequences(run: str, asked: dict[str, Any]) -> None:
    """What only boxes know has no meaning for a Run of sequences."""
    if wrong := [name for name, value in asked.items() if value is not None]:
        raise click.UsageError(f"--{wrong[0]} is for boxes, and {run} answers on sequences.")


def print_labels(model: Model, files: tuple[str, ...], form: str, top: int, *, min_confidence: Any) -> list_of:
    """Answer with labels, as a table, JSON or CSV."""
    from boda.progress import say
    from boda.verbs.predict import predict

    if min_confidence == "auto" and model.abstain_below is not None:
        say(f"Answers below a confidence of {model.abstain_below:.2f} are marked as not sure.")
    answers = list_of(predict(model, names(files), min_confidence=min_confidence))
    write = {"json": print_json, "csv": print_csv, "table": print_table}[form]
    write(answers, model.classes, top)
    if answers.unsure or answers.failed:
        sure = answers.count - answers.unsure - answers.failed
        say(f"{answers.count} pictures: {sure} answered, {answers.unsure} not sure, {answers.failed} not read")
    return answers


def print_boxes(
    model: BoxModel, files: tuple[str, ...], form: str, top: int | None, places: Any, **asked: Any
) -> list_of:
    """Answer with boxes, as a table, JSON or CSV, and write them to `places`."""
    from boda.cli import predict_boxes
    from boda.progress import say
    from boda.verbs.box_outputs import keep
    from boda.verbs.predict import predict

    found = predict(model, names(files), **asked)
    answers = list_of(keep(found, model.classes, **places, pictures=files))  # type: ignore[arg-type]
    shown = model.trust.threshold if asked["min_confidence"] in (None, "auto") and model.task == "detect" else None
    if shown:
        say(f"Boxes of a confidence of {shown:.2f} or more are shown; --min-confidence 0 shows all.")
    write = {"json": predict_boxes.print_json, "csv": predict_boxes.print_csv, "table": predict_boxes.print_table}
    write[form](answers, top)
    if answers.failed:
        say(f"{answers.count} pictures, {answers.failed} not read")
    return answers


class list_of:  # noqa: N801 - reads as a function
    """Answers as they come, counted."""

    def __init__(self, answers: Iterable[Any]) -> None:
        self.answers, self.count, self.failed, self.unsure = answers, 0, 0, 0

    def __iter__(self) -> Iterator[Any]:
        for answer in self.answers:
            self.count += 1
            self.failed += answer.error is not None
            self.unsure += getattr(answer, "abstained", False)
            yield answer


def names(files: Iterable[str]) -> Iterator[str]:
    """The names that were given, with - replaced by those on standard input."""
    for name in files:
        if name == "-":
            yield from (os.fsdecode(line.rstrip(b"\r\n")) for line in sys.stdin.buffer if line.strip())
        else:
            yield name


def print_json(answers: Iterable[Answer], _: tuple[str, ...], __: int) -> None:
    """A JSON array, written as the answers come."""
    first = True
    for answer in answers:
        click.echo(("[\n" if first else ",\n") + json.dumps(answer.to_json()), nl=False)
        first = False
    click.echo("[]" if first else "\n]")


def print_csv(answers: Iterable[Answer], classes: tuple[str, ...], _: int) -> None:
    """CSV; cells that a table program would run as a formula are quoted."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["path", "label", "confidence", "abstained", "error", *map(as_text, classes)])
    for answer in answers:
        label = "|".join(answer.label) if isinstance(answer.label, tuple) else answer.label or ""
        scores = [answer.scores[name] for name in classes] if answer.scores else [""] * len(classes)
        known = [as_text(answer.path), as_text(label), "" if answer.confidence is None else answer.confidence]
        out.writerow([*known, int(answer.abstained), as_text(answer.error or ""), *scores])


def print_table(answers: Iterable[Answer], classes: tuple[str, ...], top: int) -> None:
    """A table: the file, the answer, how sure, and the next classes."""
    from rich.table import Table
    from rich.text import Text

    from boda.cli.show import show, visible

    table = Table(box=None, pad_edge=False)
    for title, justify in (("picture", "left"), ("answer", "left"), ("confidence", "right"), ("then", "left")):
        table.add_column(title, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for answer in answers:
        table.add_row(
            Text(visible(answer.path)), *(Text(visible(cell)) for cell in _cells(answer, min(top, len(classes))))
        )
    show(table)


def _cells(answer: Answer, top: int) -> tuple[str, str, str]:
    if answer.scores is None or answer.confidence is None:
        return f"not read: {answer.error}", "", ""
    label = ", ".join(answer.label) or "(none)" if isinstance(answer.label, tuple) else str(answer.label)
    rest = [f"{name} {score:.2f}" for name, score in list(answer.scores.items())[:top] if name != answer.label]
    return (f"not sure ({label})" if answer.abstained else label), f"{answer.confidence:.2f}", ", ".join(rest)
