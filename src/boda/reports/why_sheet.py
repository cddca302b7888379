"""An Explanation to one picture: the photo, both maps over it, what they say, and the nearest training pictures."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.explain.overlay import overlay
from boda.reports.lettering import fit, font_for
from boda.reports.why_words import (
    agreement_sentence,
    answer_sentence,
    covering_sentence,
    label_text,
    neighbours_sentence,
)
from boda.reports.words import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL.ImageDraw import ImageDraw

    from boda.explain.explanation import Explanation

PANEL, SMALL, GAP, COLUMNS = 320, 160, 16, 6
INK, MUTED, GROUND, PLACE = (31, 41, 51), (91, 103, 115), (255, 255, 255), (236, 239, 242)
PANELS = ("the picture", "Grad-CAM: speaks for it", "occlusion: missed where covered")


def why_sheet(one: Explanation, thumbnails: Mapping[str, np.ndarray]) -> np.ndarray:
    """The sheet of an Explanation that holds maps, (height, 1024, 3) uint8.

    Args:
        one: its maps are drawn in the size of its picture.
        thumbnails: (h, w, 3) uint8 of training pictures by name; a missing one is a grey place.
    """
    from PIL import Image, ImageDraw

    panels = panels_of(one)
    tall = max(panel.shape[0] for panel in panels)
    below = 3 * GAP + 84 + tall + 22
    lines = -(-len(one.neighbours) // COLUMNS)
    sheet = Image.new("RGB", (3 * PANEL + 4 * GAP, below + 76 + lines * (SMALL + 44)), GROUND)
    draw = ImageDraw.Draw(sheet)
    _write(draw, (GAP, GAP), answer_sentence(one), size=24, width=sheet.width - 2 * GAP, colour=INK)
    _write(draw, (GAP, GAP + 36), one.path, size=14, width=sheet.width - 2 * GAP, colour=MUTED)
    for nth, (panel, caption) in enumerate(zip(panels, PANELS, strict=True)):
        x = GAP + nth * (PANEL + GAP)
        sheet.paste(Image.fromarray(panel), (x, GAP + 68))
        _write(draw, (x, GAP + 74 + tall), caption, size=14, width=PANEL, colour=MUTED)
    for nth, sentence in enumerate((agreement_sentence(one), covering_sentence(one), neighbours_sentence(one))):
        place = (GAP, below - 2 * GAP + 24 * nth + 8)
        _write(draw, place, sentence, size=16, width=sheet.width - 2 * GAP, colour=INK)
    for nth, neighbour in enumerate(one.neighbours):
        x, y = GAP + nth % COLUMNS * (SMALL + 6), below + 56 + nth // COLUMNS * (SMALL + 44)
        _paste(sheet, draw, thumbnails.get(neighbour.name), (x, y))
        _write(draw, (x, y + SMALL + 4), label_text(neighbour), size=14, width=SMALL, colour=INK)
        alike = f"{number(neighbour.similarity, 2)} alike"
        _write(draw, (x, y + SMALL + 22), alike, size=12, width=SMALL, colour=MUTED)
    return np.asarray(sheet)


def why_png(one: Explanation, thumbnails: Mapping[str, np.ndarray]) -> bytes:
    """`why_sheet` as PNG bytes."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(why_sheet(one, thumbnails)).save(buffer, "PNG")
    return buffer.getvalue()


def panels_of(one: Explanation) -> list[np.ndarray]:
    """The picture, Grad-CAM over it and occlusion over it, uint8 of one size, its longer side 320."""
    from PIL import Image

    if one.picture is None or one.heat is None:
        raise ValueError(f"Expected an Explanation with maps. Received: one of a bad file, {one.error}")
    photo = Image.fromarray(one.picture)
    scale = PANEL / max(photo.size)
    size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    large = np.asarray(
        photo.resize(size, Image.Resampling.BICUBIC if photo.width > SMALL else Image.Resampling.NEAREST)
    )
    x0, y0, x1, y1 = (round(end * scale) for end in one.box)
    box = (min(x0, size[0] - 1), min(y0, size[1] - 1), max(x1, x0 + 1), max(y1, y0 + 1))
    return [large, overlay(large, one.heat, box), overlay(large, one.covered, box)]


def _paste(sheet: Any, draw: ImageDraw, thumbnail: np.ndarray | None, place: tuple[int, int]) -> None:
    from PIL import Image

    x, y = place
    draw.rectangle((x, y, x + SMALL - 1, y + SMALL - 1), fill=PLACE)
    if thumbnail is not None:
        small = Image.fromarray(thumbnail)
        small.thumbnail((SMALL, SMALL))
        sheet.paste(small, (x + (SMALL - small.width) // 2, y + (SMALL - small.height) // 2))


def _write(
    draw: ImageDraw, place: tuple[int, int], text: str, *, size: int, width: int, colour: tuple[int, int, int]
) -> None:
    shown = fit(text.replace("\u202f", " "), size, width)
    font = font_for(shown, size)
    try:
        draw.text(place, shown, fill=colour, font=font)
    except UnicodeEncodeError:  # a Pillow without FreeType knows Latin-1 only
        draw.text(place, shown.encode("ascii", "replace").decode(), fill=colour, font=font)
