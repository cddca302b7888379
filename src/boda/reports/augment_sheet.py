"""Turns originals and their augmented draws into a sheet: a picture of pictures, or one HTML page."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports.augment_words import share_words, verdict_words
from boda.reports.lettering import fit, font_for
from boda.reports.overlay import COLOURS, Shown, draw_over, tag_words
from boda.reports.page import Html, Section, document, element, join, listing, name, note, photo, table
from boda.reports.words import clean, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PIL.ImageDraw import ImageDraw

CELL, GAP, ASIDE, MARGIN = 176, 10, 18, 24
TITLE, LINE, LINES = 30, 16, 3
INK, MUTED, GROUND, RULE = (31, 41, 51), (91, 103, 115), (255, 255, 255), (223, 227, 232)
FIRST_WIDE = 0x2E80  # the first letter of the East Asian scripts
BLUE, RED = (33, 102, 172), (179, 38, 30)
MOST = 100  # boxes in the table
DETAIL = 2  # the page's pictures have so many pixels for one of CELL
STYLE = """
#draws { position: relative; left: 50%; width: min(1480px, calc(100vw - 56px)); transform: translateX(-50%); }
.draws { display: grid; gap: 8px; margin: 6px 0 20px; }
.draws figure { margin: 0; min-width: 0; }
.draws figure:first-child { padding-right: 10px; border-right: 2px solid var(--line); }
.draws img { width: 100%; height: auto; max-height: 320px; object-fit: contain; }
.draws figcaption { font-size: 12px; line-height: 1.35; margin-top: 4px; overflow-wrap: anywhere; }
.draws figcaption span { white-space: nowrap; }
.steps code { display: inline-block; margin: 0 6px 6px 0; padding: 1px 8px; border-radius: 6px;
  background: var(--ground); }
.dot { display: inline-block; width: 10px; height: 10px; margin-right: 7px; border-radius: 3px; }
@media (max-width: 1040px), print { #draws { left: 0; width: auto; transform: none; } }
@media (max-width: 720px) { .draws { grid-template-columns: repeat(3, 1fr) !important; } }
"""


@dataclass(frozen=True, eq=False)
class Row:
    """One sample: its name, its label, the original and what was drawn from it."""

    name: str
    label: str
    original: Shown
    draws: Sequence[Shown]


def augment_png(summary: Mapping[str, Any], rows: Sequence[Row]) -> bytes:
    """`augment_picture` as PNG bytes."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(augment_picture(summary, rows)).save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()


def augment_picture(summary: Mapping[str, Any], rows: Sequence[Row]) -> np.ndarray:
    """The sheet, (height, width, 3) uint8: a row a sample, the original at the left, its draws at the right.

    Args:
        summary: `data` and `recipe`, names; `steps`, in words; `warnings`, sentences.
        rows: the samples, in order.
    """
    from PIL import Image, ImageDraw

    columns = max((len(row.draws) for row in rows), default=0)
    width = 2 * MARGIN + CELL + (ASIDE + columns * (CELL + GAP) if columns else 0)
    width = max(width, 2 * MARGIN + 3 * (CELL + GAP))
    head = _head(summary, width - 2 * MARGIN)
    cells = [[_cell(shown) for shown in (row.original, *row.draws)] for row in rows]
    heights = [TITLE + max(cell.height for cell in some) + GAP for some in cells]
    top = MARGIN + sum(size + 8 for _, size, _ in head) + 8
    sheet = Image.new("RGB", (width, top + sum(heights) + MARGIN), GROUND)
    draw = ImageDraw.Draw(sheet)
    _write_head(draw, head, width)
    for row, some, height in zip(rows, cells, heights, strict=True):
        draw.line((MARGIN, top, width - MARGIN, top), fill=RULE)
        _write_title(draw, (MARGIN, top + 7), row, width - 2 * MARGIN)
        for nth, cell in enumerate(some):
            left = MARGIN + (CELL + ASIDE + (nth - 1) * (CELL + GAP) if nth else 0)
            sheet.paste(cell, (left, top + TITLE))
        middle = MARGIN + CELL + ASIDE // 2
        draw.line((middle, top + TITLE, middle, top + height - GAP), fill=RULE, width=2)
        top += height
    return np.asarray(sheet)


def augment_html(summary: Mapping[str, Any], rows: Sequence[Row]) -> str:
    """One HTML page: what may destroy labels, the draws, what became of the boxes, the recipe.

    Args:
        summary: as for `augment_picture`, and `risk`, a `LabelRisk` as JSON; `boxes`, of those shown; `notes`,
            sentences; `toml`, the pipeline.
        rows: the samples, in order.
    """
    draws, risk = _draws_section(summary, rows), _risk_section(summary)
    first = [risk, draws] if summary.get("warnings") else [draws, risk]
    sections = [*first, _boxes_section(summary), _recipe_section(summary)]
    title = f"{clean(summary.get('data', 'pictures'))}, augmented"
    heading = join(
        element("style", Html(STYLE)),
        element("div", "boda · look --augment", class_="mark"),
        element("h1", title),
        element("p", f"recipe: {clean(summary.get('recipe', 'a pipeline'), 120)}"),
    )
    foot = f"Made by boda look, seed {clean(summary.get('seed', 0))}. This file needs no network."
    return document(f"{title}: boda look", heading, [s for s in sections if s is not None], foot)


def _draws_section(summary: Mapping[str, Any], rows: Sequence[Row]) -> Section:
    notes = [clean(text, 300) for text in summary.get("notes") or []]
    body = join(
        note("Originals at the left, draws at the right. Does each draw still show what its label says?"),
        element("div", *(element("code", clean(step, 120)) for step in summary.get("steps") or []), class_="steps"),
        listing(notes) if notes else None,
        *(_strip(row) for row in rows),
    )
    return Section("draws", "What was drawn", body)


def _strip(row: Row) -> Html:
    columns = f"grid-template-columns: minmax(0, 1fr) repeat({max(len(row.draws), 6)}, minmax(0, 1fr))"
    figures = (_figure(shown, f"{what} of {clean(row.name)}") for shown, what in _named(row))
    title = element("h3", clean(row.label), " ", element("span", name(row.name), class_="muted"))
    return join(title, element("div", *figures, class_="draws", style=columns))


def _named(row: Row) -> list[tuple[Shown, str]]:
    return [(row.original, "Original"), *((shown, f"Draw {i}") for i, shown in enumerate(row.draws, start=1))]


def _figure(shown: Shown, alt: str) -> Html:
    pieces = [part for piece in shown.caption for part in (element("span", clean(piece)), " · ")][:-1]
    caption = element("figcaption", *pieces)
    return element("figure", photo(_jpeg(draw_over(shown, DETAIL * CELL, DETAIL)), alt), caption)


def _risk_section(summary: Mapping[str, Any]) -> Section | None:
    risk, warnings = summary.get("risk") or {}, summary.get("warnings") or []
    if not risk:
        return None
    if risk.get("skipped"):
        return Section(
            "labels", "Can a step destroy a label?", element("p", f"Not measured: {clean(risk['skipped'], 300)}.")
        )
    rows = [
        (
            element("code", clean(step["step"], 120)),
            element("span", verdict_words(step), class_=_mood(step)),
            *share_words(step),
        )
        for step in risk["steps"]
    ]
    head = ("step", "verdict", "own class before", "after", "change in points (95\u202f%)")
    untried = [f"{clean(step, 120)} was not tried: it {why}." for step, why in (risk.get("untried") or {}).items()]
    body = join(
        note(
            f"The same {risk['n']:,} pictures before and after each step, as a frozen network sees them: how many lie "
            "nearest to the mean of their own class? A fall says that a step takes away what tells the classes "
            "apart, or shows it as the network has never seen it; the draws tell which."
        ),
        listing([_warning(text) for text in warnings])
        if warnings
        else element("p", "No step was shown to destroy labels.", class_="fine"),
        table(head, rows, words=2),
        listing(untried) if untried else None,
    )
    return Section("labels", "Can a step destroy a label?", body)


def _warning(text: str) -> Html:
    step, colon, rest = clean(text, 600).partition(": ")
    return join(element("span", step, colon, class_="warn"), rest)


def _mood(step: Mapping[str, Any]) -> str:
    return "muted" if step["verdict"] == "no difference shown" else "warn"


def _boxes_section(summary: Mapping[str, Any]) -> Section | None:
    found = summary.get("boxes") or []
    if not found:
        return None
    rows = [
        (
            name(box["picture"]),
            join(_dot(box["object"]), clean(box["label"])),
            f"{box['width']:.0f} by {box['height']:.0f}",
            f"{box['kept']} of {box['draws']}",
            ", ".join(map(str, box["dropped"])) or "none",
        )
        for box in found[:MOST]
    ]
    more = f" Here are the first {MOST}." if len(found) > MOST else ""
    dropped, drawn = sum(len(box["dropped"]) for box in found), sum(box["draws"] for box in found)
    body = join(
        note("A box is dropped where less of it stays in the picture than the recipe's min_visible."),
        element(
            "p",
            f"{plural(len(found), 'box', 'boxes')} on this sheet; {dropped} of {drawn} drawn boxes dropped.{more}",
        ),
        table(("picture", "object", "pixels", "kept", "dropped in draw"), rows, words=2),
    )
    return Section("boxes", "What became of the boxes", body)


def _dot(number: int) -> Html:
    red, green, blue = COLOURS[number % len(COLOURS)]
    return element("span", class_="dot", style=f"background: rgb({red}, {green}, {blue})")


def _recipe_section(summary: Mapping[str, Any]) -> Section | None:
    text = summary.get("toml")
    return None if not text else Section("recipe", "The recipe", element("pre", str(text)))


def boxes_of(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What became of each box on the sheet: in how many draws it is kept, and in which (from 1) it was dropped."""
    found = []
    for row in rows:
        for i, box in enumerate(row.original.boxes if row.original.boxes is not None else ()):
            kept = [draw.objects is not None and i in draw.objects for draw in row.draws]
            found.append(
                {
                    "picture": row.name, "object": i, "label": tag_words(row.original, i),
                    "width": float(box[2] - box[0]), "height": float(box[3] - box[1]), "draws": len(kept),
                    "kept": sum(kept), "dropped": [nth for nth, stays in enumerate(kept, start=1) if not stays],
                }
            )  # fmt: skip
    return found


def _head(summary: Mapping[str, Any], width: int) -> list[tuple[str, int, tuple[int, int, int]]]:
    """The lines on top: text, size of the letters, colour."""
    lines = [
        (f"{clean(summary.get('data', 'pictures'))}, augmented", 24, INK),
        ("originals at the left, draws at the right", 13, MUTED),
        *((line, 13, BLUE) for line in _wrap(list(summary.get("steps") or []), 13, width, 4)),
    ]
    for text in list(summary.get("warnings") or [])[:3]:
        lines += [(line, 13, RED) for line in _wrap(str(text).split(" "), 13, width, 3, " ")]
    return lines


def _write_head(draw: ImageDraw, head: Sequence[tuple[str, int, tuple[int, int, int]]], width: int) -> None:
    y = MARGIN - 4
    for text, size, colour in head:
        _write(draw, (MARGIN, y), text, size, width - 2 * MARGIN, colour)
        y += size + 8


def _write_title(draw: ImageDraw, place: tuple[int, int], row: Row, width: int) -> None:
    """The label, and in a paler ink the name behind it."""
    label = _fit(row.label, 13, width // 2)
    _write(draw, place, label, 13, width, INK)
    taken = int(draw.textlength(label, font_for("" if _is_plain(label) else label, 13))) + 14
    _write(draw, (place[0] + taken, place[1]), row.name, 13, width - taken, MUTED)


def _cell(shown: Shown) -> Any:
    """A picture in the middle of its place, its caption below in a few lines."""
    from PIL import Image, ImageDraw

    lines = _wrap(list(shown.caption), 12, CELL, LINES)
    picture = Image.fromarray(draw_over(shown, CELL))
    cell = Image.new("RGB", (CELL, picture.height + 5 + LINE * len(lines)), GROUND)
    cell.paste(picture, ((CELL - picture.width) // 2, 0))
    draw = ImageDraw.Draw(cell)
    for nth, line in enumerate(lines):
        _write(draw, (0, picture.height + 4 + LINE * nth), line, 12, CELL, MUTED)
    return cell


def _wrap(pieces: Sequence[str], size: int, width: int, most: int, between: str = " · ") -> list[str]:
    """`pieces` on at most `most` lines, none of them broken; the last line ends in a sign where some are left out."""
    lines: list[str] = []
    for piece in map(str, pieces):
        joined = f"{lines[-1]}{between}{piece}" if lines else piece
        if lines and _fit(joined, size, width) == joined:
            lines[-1] = joined
        else:
            lines.append(piece)
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1]} …"]


def _write(
    draw: ImageDraw, place: tuple[int, int], text: str, size: int, width: int, colour: tuple[int, int, int]
) -> None:
    shown = _fit(text, size, width)
    font = font_for("" if _is_plain(shown) else shown, size)
    try:
        draw.text(place, shown, fill=colour, font=font)
    except UnicodeEncodeError:  # a Pillow without FreeType knows Latin-1 only
        draw.text(place, shown.encode("ascii", "replace").decode(), fill=colour, font=font)


def _fit(text: str, size: int, width: int) -> str:
    """`text` shortened to `width` pixels; signs such as a minus or an arrow are taken to be as wide as a letter."""
    if not _is_plain(text):
        return fit(text, size, width)
    whole = clean(text, 200)
    short = fit("".join(c if c.isascii() else "n" for c in whole), size, width)
    return whole if len(short) == len(whole) else f"{whole[: len(short) - 1]}…"


def _is_plain(text: str) -> bool:
    """Whether a plain font has all signs of `text`; one for Hangul lacks the minus and the arrows."""
    return all(ord(character) < FIRST_WIDE for character in text)


def _jpeg(pixels: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
