"""Turns what `boda look` found into a contact sheet: a picture of pictures, or one HTML page that opens offline."""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports.about_data import data_sentence, formats_table, path_line, problems_section, strip
from boda.reports.about_making import bars
from boda.reports.lettering import fit, font_for
from boda.reports.page import Html, Section, document, element, join, name, note, photo, table
from boda.reports.words import base_name, clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PIL.ImageDraw import ImageDraw

Row = tuple[str, "Sequence[tuple[np.ndarray, str]]"]  # a title, and thumbnails (h, w, 3) uint8 with captions
CELL, GAP, TITLE, CAPTION = 128, 12, 34, 18
INK, MUTED, GROUND, PLACE = (31, 41, 51), (91, 103, 115), (255, 255, 255), (236, 239, 242)


def contact_sheet(rows: Sequence[Row], columns: int = 8, cell: int = CELL) -> np.ndarray:
    """All thumbnails on one picture, (height, width, 3) uint8, each row of pictures below its title.

    Args:
        rows: a title, and the thumbnails with their captions; more than `columns` of them take further lines.
        columns: how many thumbnails stand beside each other.
        cell: the longest side of a thumbnail, pixels.
    """
    from PIL import Image, ImageDraw

    lines = [max(-(-len(cells) // columns), 1) for _, cells in rows]
    height = GAP + sum(TITLE + count * (cell + CAPTION + GAP) for count in lines)
    sheet = Image.new("RGB", (GAP + columns * (cell + GAP), max(height, 2 * GAP)), GROUND)
    draw, y = ImageDraw.Draw(sheet), GAP
    for (title, cells), count in zip(rows, lines, strict=True):
        _write(draw, (GAP, y + 4), title, size=17, width=sheet.width - 2 * GAP, colour=INK)
        for nth, (thumbnail, caption) in enumerate(cells):
            x, top = GAP + nth % columns * (cell + GAP), y + TITLE + nth // columns * (cell + CAPTION + GAP)
            draw.rectangle((x, top, x + cell - 1, top + cell - 1), fill=PLACE)
            picture = _shrink(thumbnail, cell)
            sheet.paste(picture, (x + (cell - picture.width) // 2, top + (cell - picture.height) // 2))
            _write(draw, (x, top + cell + 3), caption, size=12, width=cell, colour=MUTED)
        y += TITLE + count * (cell + CAPTION + GAP)
    return np.asarray(sheet)


def sheet_png(rows: Sequence[Row], columns: int = 8, cell: int = CELL) -> bytes:
    """`contact_sheet` as PNG bytes."""
    return encoded(contact_sheet(rows, columns, cell), "PNG")


def look_html(
    summary: Mapping[str, Any],
    rows: Sequence[Row],
    warnings: Sequence[str] = (),
    thumbnails: Mapping[str, np.ndarray] | None = None,
) -> str:
    """One HTML page of what is in a folder: counts, sizes, problems with their pictures, samples.

    Args:
        summary: what data.json holds; any key may be missing.
        rows: as for `contact_sheet`.
        warnings: sentences that stand first among the problems.
        thumbnails: by sample name, to show duplicates, leaks and conflicts side by side.
    """
    counts = summary.get("counts") or {}
    classes = list(dict.fromkeys(label for part in counts.values() for label in part))
    told = {**summary, "warnings": list(dict.fromkeys([*warnings, *(summary.get("warnings") or [])]))}
    sections = [
        _counts_section(summary, counts, classes),
        problems_section(told, lambda group: pictures_beside(group, thumbnails or {})),
        _samples_section(rows),
    ]
    data = summary.get("data") or "A look at the data"
    title = base_name(data)
    heading = join(element("div", "boda · look", class_="mark"), element("h1", title), path_line(data))
    foot = "Made by boda look. This file needs no network."
    return document(f"{title}: boda look", heading, [s for s in sections if s is not None], foot)


def _counts_section(
    summary: Mapping[str, Any], counts: Mapping[str, Mapping[str, int]], classes: Sequence[str]
) -> Section:
    rows = [(name(label), *_with_sum([part.get(label, 0) for part in counts.values()])) for label in classes]
    if len(classes) > 1:
        rows.append((element("b", "together"), *_with_sum([sum(part.values()) for part in counts.values()])))
    columns = [clean(part) for part in counts] if list(counts) != ["all"] else ["pictures"]
    head = ("class", *columns, "together") if len(columns) > 1 else ("class", *columns)
    body = join(
        note("How many pictures each class has, and how large they are. Look for classes with few pictures."),
        element("p", data_sentence(summary, classes)),
        table(head, rows) if rows else None,
        formats_table(summary),
        element("div", *_histograms(summary.get("sizes") or {}), class_="two"),
    )
    return Section("data", "The data", body)


def _with_sum(numbers: Sequence[int]) -> list[str]:
    """The numbers of the parts and their sum, which is left out for a single part."""
    shown = numbers if len(numbers) == 1 else [*numbers, sum(numbers)]
    return [f"{n:,}" for n in shown]


def _histograms(sizes: Mapping[str, Any]) -> list[Html]:
    """Bars of how many pictures are how wide and how high, where `sizes` has `histogram: {edges, counts}`."""
    shown = []
    for side in ("width", "height"):
        histogram = (sizes.get(side) or {}).get("histogram") or {}
        edges, counts = histogram.get("edges") or [], histogram.get("counts") or []
        ranges = [f"{lo:.0f} to {hi:.0f}" for lo, hi in itertools.pairwise(edges)]
        if ranges:
            rows = [(text, n, f"{n:,}") for text, n in zip(ranges, counts, strict=False)]
            shown.append(element("div", element("h3", f"{side.capitalize()} in pixels"), bars(rows)))
    return shown


def _samples_section(rows: Sequence[Row]) -> Section | None:
    shown = [
        join(element("h3", clean(title)), strip([(encoded(picture, "JPEG"), text) for picture, text in cells]))
        for title, cells in rows
        if len(cells)
    ]
    if not shown:
        return None
    return Section(
        "samples", "Samples", join(note("A few pictures of each class, drawn at random: are the labels right?"), *shown)
    )


def pictures_beside(group: Sequence[str], thumbnails: Mapping[str, np.ndarray]) -> Html | None:
    """The pictures of a group side by side, at most four; None where fewer than two are known."""
    known = [file for file in group if file in thumbnails][:4]
    if len(known) < 2:
        return None
    figures = (
        element(
            "figure",
            photo(encoded(thumbnails[file], "JPEG"), f"Picture: {clean(file)}"),
            element("figcaption", name(file)),
        )
        for file in known
    )
    more = element("span", f"and {len(group) - len(known):,} more", class_="muted") if len(group) > len(known) else None
    return element("div", *figures, more)


def _shrink(thumbnail: np.ndarray, cell: int) -> Any:
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(thumbnail, dtype=np.uint8)).convert("RGB")
    picture.thumbnail((cell, cell))
    return picture


def encoded(picture: np.ndarray, kind: str) -> bytes:
    """`picture`, uint8 (h, w, 3), as the bytes of a JPEG or PNG file."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture, dtype=np.uint8)).convert("RGB").save(buffer, kind, quality=80)
    return buffer.getvalue()


def _write(
    draw: ImageDraw, place: tuple[int, int], text: str, *, size: int, width: int, colour: tuple[int, int, int]
) -> None:
    shown = fit(text, size, width)
    font = font_for(shown, size)
    try:
        draw.text(place, shown, fill=colour, font=font)
    except UnicodeEncodeError:  # a Pillow without FreeType knows Latin-1 only
        draw.text(place, shown.encode("ascii", "replace").decode(), fill=colour, font=font)
