"""`boda look`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from boda.cli.options import TASK_WORDS, TASKS, format_option, reading_of

if TYPE_CHECKING:
    from boda.verbs.look import Overview

EPILOG = """\b
Examples:
  boda look photos/                 photos/CLASS/picture.jpg
  boda look photos/ --fast          headers only: no damage, no near copies
  boda look list.csv --json
  boda look boxes/                  Pascal VOC, COCO or YOLO: boxes drawn, and what is odd about them
  boda look photos/ --augment RandomFlip    draws beside originals; does a step harm labels?
  boda look names/                  texts: lengths, classes, alphabet, copies; series are drawn
"""
LISTED = 8


@click.command(epilog=EPILOG)
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="Where the page and the sheet go; by default boda-look/NAME."
)
@click.option(
    "--fast", is_flag=True, help="Read headers only: no damage behind them, no near copies, no trying of steps."
)
@click.option(
    "--augment",
    metavar="RECIPE",
    help="Show augmented pictures, and try what each step does to labels: a TOML file, a step's name, or default.",
)
@format_option
@click.option(
    "--task", type=click.Choice(TASKS), help=f"What will be asked, where the data does not tell. {TASK_WORDS}"
)
@click.option("--path-column", help="For tables.")
@click.option("--label-column", help="For tables.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def command(
    data: Path,
    out: Path | None,
    fast: bool,  # noqa: FBT001 - click's interface
    augment: str | None,
    as_json: bool,  # noqa: FBT001 - click's interface
    **options: Any,
) -> None:
    """What is in this folder? Counts, samples, damaged, duplicate and leaking files.

    DATA is a folder with a subfolder a class (train/, val/ and test/ may stand above them), a CSV file, or boxes:
    Pascal VOC, COCO, YOLO, or a CSV file of them; or texts, tagged tokens, rolls and series.
    """
    from boda.verbs.look import look

    overview = look(data, out=out, deep=not fast, augment=augment, reading=reading_of(options, "format", "task"))
    if as_json:
        click.echo(json.dumps(overview.summary, indent=2))
    elif overview.summary.get("kind") == "sequences":
        print_sequences(overview)
    else:
        print_overview(overview)


def print_sequences(overview: Overview) -> None:
    """How many and how long, what is wrong, and where the page is."""
    from rich.text import Text

    from boda.cli.show import show, visible
    from boda.reports.sequences.look_text import look_lines

    show(Text("\n".join(visible(line) for line in look_lines(overview.summary))))
    click.echo(f"\npage   {overview.page}")


def print_overview(overview: Overview) -> None:
    """Counts, sizes, what is wrong, and where the page is."""
    from rich.text import Text

    from boda.cli.show import show

    found = overview.summary
    show(boxes_table(found) if "boxes" in found else counts_table(found["counts"]))
    width, height = found["sizes"]["width"], found["sizes"]["height"]
    formats = ", ".join(f"{n:,} {name}" for name, n in found["formats"].items())
    lines = [
        f"{found['n']:,} pictures: {formats}",
        f"width {_range(width)}, height {_range(height)}",
        *(_box_lines(found["boxes"]) if "boxes" in found else []),
        (
            f"{'files left out' if 'boxes' in found else 'damaged files'} {found['bad_count']:,}; "
            f"groups of copies: {found['exact_duplicates_count']} exact, "
            f"{found['near_duplicates_count']} near; {found['leaks_count']} of them across parts, "
            f"{found['conflicts_count']} with different labels"
        ),
    ]
    show(Text("\n".join(["", *lines])))
    if found["bad"]:
        show(
            Text(
                "\n".join(
                    [
                        "",
                        f"{'Left' if 'boxes' in found else 'Damaged, and left'} out by a training:",
                        *_listed_bad(found),
                    ]
                )
            )
        )
    if found["warnings"]:
        show(Text("\n".join(["", "Worth your attention:", *(f"  - {text}" for text in found["warnings"])])))
    click.echo(f"\npage   {overview.page}\nsheet  {overview.sheet}")
    if overview.augment_page is not None:
        print_augmented(overview)


def _listed_bad(found: dict[str, Any]) -> list[str]:
    """The first bad files with their reasons, and where the others are."""
    from boda.cli.show import visible

    listed = [f"  {visible(bad['name'])}: {bad['reason']}" for bad in found["bad"][:LISTED]]
    more = found["bad_count"] - len(listed)
    return [*listed, *([f"  and {more} more in bad_files.csv"] if more > 0 else [])]


def _box_lines(found: dict[str, Any]) -> list[str]:
    """How many boxes, how large, what is odd, and the bar to beat."""
    from boda.reports.box_sheet import objects_sentence
    from boda.reports.box_words import share

    lines = [*found["notes"], objects_sentence(found).removesuffix(".")]
    if found["area_share"]:
        least, median, most = (share(found["area_share"][name]) for name in ("min", "50 %", "max"))
        lines.append(f"a box covers {least} to {most} of its picture (median {median})")
    odd = ", ".join(f"{told['count']:,} {kind}" for kind, told in found["odd"].items() if told["count"])
    lines.append(f"odd boxes: {odd or 'none'}")
    if constant := found["constant"]:
        lines.append(
            f"the bar to beat: the mean box, given for every picture, has a mean IoU of {constant['mean_iou']:.3f}"
        )
    return lines


def print_augmented(overview: Overview) -> None:
    """What each step does to labels, and where its draws are."""
    from rich.text import Text

    from boda.cli.show import show

    found = overview.summary["augment"]
    risk = found["risk"]
    if risk["skipped"]:
        told = [f"What the steps do to labels was not measured: {risk['skipped']}."]
    elif found["warnings"]:
        told = ["Steps that can destroy a label:", *(f"  - {text}" for text in found["warnings"])]
    else:
        told = [f"Labels: no difference shown for any step, on {risk['n']} pictures."]
    show(Text("\n".join(["", *told])))
    click.echo(f"\naugmented   {overview.augment_page}\n            {overview.augment_sheet}")


def _range(spread: dict[str, float]) -> str:
    return f"{spread['min']} to {spread['max']} (median {spread['median']:g})"


def boxes_table(found: dict[str, Any]) -> Any:
    """A row a class, the boxes of each part, and the pictures that have some."""
    from rich.table import Table
    from rich.text import Text

    boxes, pictures = found["boxes"]["counts"], found["counts"]
    table = Table(box=None, pad_edge=False)
    table.add_column("class")
    for part in boxes:
        for what in ("boxes", "pictures"):
            table.add_column(what if part == "all" else f"{what}, {part}", justify="right")
    for name in dict.fromkeys(name for of_part in boxes.values() for name in of_part):
        cells = (f"{of.get(part, {}).get(name, 0):,}" for part in boxes for of in (boxes, pictures))
        table.add_row(Text(name), *cells)
    return table


def counts_table(counts: dict[str, dict[str, int]]) -> Any:
    """A row a class, a column a part."""
    from rich.table import Table
    from rich.text import Text

    parts = [part for part in ("train", "val", "test", "all") if part in counts]
    table = Table(box=None, pad_edge=False)
    table.add_column("class")
    for part in parts:
        table.add_column("pictures" if part == "all" else part, justify="right")
    for name in sorted({name for part in counts.values() for name in part}):
        table.add_row(Text(name), *(f"{counts[part].get(name, 0):,}" for part in parts))
    table.add_row("together", *(f"{sum(counts[part].values()):,}" for part in parts), style="bold")
    return table
