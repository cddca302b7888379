"""Boxes over their picture: outlines in the colour of their class, with names and scores, readable at any size."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.reports.lettering import fit, font_for
from boda.reports.overlay import COLOURS, RIM
from boda.reports.words import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PIL.ImageDraw import ImageDraw

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]
TRUTH = (245, 247, 250)  # for boxes that are known, beside those that were found
GOLDEN = 0.618034  # a turn of the colour wheel by this part never comes back to the same place


def draw_boxes(
    pixels: np.ndarray,
    boxes: Any,
    labels: Sequence[str | int] | np.ndarray | None = None,
    scores: Sequence[float] | np.ndarray | None = None,
    colours: Mapping[str, Colour] | Colour | None = None,
    *,
    names: Sequence[str] | None = None,
    scale: float | tuple[float, float] = 1.0,
    dashed: bool = False,
) -> np.ndarray:
    """A copy of `pixels` with `boxes` drawn over it, uint8 (h, w, 3); lines and letters grow with the picture.

    Call it twice for truth and answers: first the true boxes, `dashed` and in `TRUTH`, then those that were found.

    Args:
        pixels: uint8 (h, w, c), grey, RGB or RGBA.
        boxes: (n, 4) xyxy pixels, or a `Detections`, whose labels and scores are then drawn.
            What lies outside the picture is cut off; a box without finite numbers is passed over.
        labels: one a box, a name or a class's index in `names`; None draws outlines only.
        scores: one a box, 0 to 1, written behind the name as percent.
        colours: by name, as `class_colours` gives them, or one for all; by default each class's own.
        names: class names in their order; they turn indices into names, and hold each class to one colour.
        scale: by what `boxes` are multiplied, (x, y) or one for both: 0.25 on a thumbnail of a quarter of the size.
        dashed: draw dashes, for what is known rather than found.

    Raises:
        ValueError: there are not as many labels or scores as boxes.

    Example:
        >>> drawn = draw_boxes(np.zeros((40, 60, 3), np.uint8), [[10, 10, 30, 30]], ["cat"], [0.93])
        >>> drawn.shape, bool(drawn.any())
        ((40, 60, 3), True)
    """
    from PIL import Image, ImageDraw

    picture = Image.fromarray(_rgb(pixels))
    marks = _marks(boxes, labels, scores, names, scale, picture.size)
    palette = _palette(colours, names, marks)
    draw, pen = ImageDraw.Draw(picture), Pen.for_picture(picture.size)
    for mark in sorted(marks, key=lambda mark: -_area(mark.box)):  # small ones over large ones
        _draw_outline(draw, mark.box, palette[mark.name], pen, dashed=dashed)
    _draw_tags(draw, marks, palette, pen, picture.size)
    return np.asarray(picture)


def class_colours(names: Sequence[str]) -> dict[str, Colour]:
    """A colour for each class, the same one in every picture; far apart from each other for the first eight.

    Example:
        >>> class_colours(["cat", "dog"])["dog"]
        (0, 190, 255)
    """
    return {name: COLOURS[i] if i < len(COLOURS) else _hue(i) for i, name in enumerate(names)}


@dataclass(frozen=True)
class Pen:
    """How thick lines and how large letters are, in pixels."""

    line: int
    letters: int

    @classmethod
    def for_picture(cls, size: tuple[int, int]) -> Pen:
        """What can be read when the whole picture is seen: lines of 1/250 and letters of 1/38 of its longer side."""
        longer = max(size)
        return cls(line=max(2 if longer >= 200 else 1, round(longer / 250)), letters=max(10, round(longer / 38)))


@dataclass(frozen=True)
class Mark:
    """A box in whole pixels of the picture, what it is called, and its score in words."""

    box: Box
    name: str
    score: str


def _marks(boxes: Any, labels: Any, scores: Any, names: Any, scale: Any, size: tuple[int, int]) -> list[Mark]:
    if hasattr(boxes, "boxes"):
        boxes, labels, scores = boxes.boxes, boxes.labels if labels is None else labels, boxes.scores
    corners = np.asarray(boxes, float).reshape(-1, 4) * np.tile(np.broadcast_to(scale, 2), 2)
    for what, values in (("labels", labels), ("scores", scores)):
        if values is not None and len(values) != len(corners):
            raise ValueError(f"{len(corners)} boxes, but {len(values)} {what}. Give one a box, or none.")
    marks = []
    for i, box in enumerate(corners):
        if (seen := _on_picture(box, size)) is not None:
            score = "" if scores is None else f"{100 * float(scores[i]):.0f}\u202f%"
            marks.append(Mark(seen, "" if labels is None else _name(labels[i], names), score))
    return marks


def _on_picture(box: np.ndarray, size: tuple[int, int]) -> Box | None:
    """The part of `box` that lies on a picture of `size`, at least a pixel on a side; None where there is none."""
    width, height = size
    if not np.isfinite(box).all():
        return None
    (x0, x1), (y0, y1) = sorted(box[[0, 2]]), sorted(box[[1, 3]])
    if x0 >= width or y0 >= height or x1 < 0 or y1 < 0:
        return None
    left, top = round(max(x0, 0)), round(max(y0, 0))
    left, top = min(left, width - 1), min(top, height - 1)
    right, bottom = round(min(x1, width)) - 1, round(min(y1, height)) - 1
    return left, top, max(right, left), max(bottom, top)


def _name(label: Any, names: Sequence[str] | None) -> str:
    if names is not None and isinstance(label, (int, np.integer)):
        return names[int(label)] if 0 <= label < len(names) else f"class {label}"
    return str(label)


def _palette(colours: Any, names: Sequence[str] | None, marks: Sequence[Mark]) -> dict[str, Colour]:
    """A colour for each name among the marks."""
    seen = sorted({mark.name for mark in marks})
    if isinstance(colours, tuple):
        return dict.fromkeys(seen, colours)
    known = class_colours(seen if names is None else names) | dict(colours or {})
    return {name: known.get(name, TRUTH) for name in seen}


def _hue(number: int) -> Colour:
    """A bright colour whose hue is far from those of the numbers nearby."""
    red, green, blue = colorsys.hsv_to_rgb(number * GOLDEN % 1, 0.55 + 0.3 * (number % 2), 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def _draw_outline(draw: ImageDraw, box: Box, colour: Colour, pen: Pen, *, dashed: bool) -> None:
    """The box's edge within the box, on a dark rim that shows it on any ground."""
    x0, y0, x1, y1 = box
    rim = max(1, pen.line // 2)
    thin = min(pen.line, max(1, min(x1 - x0, y1 - y0) // 6))  # a small box keeps its inside
    draw.rectangle((x0 - rim, y0 - rim, x1 + rim, y1 + rim), outline=RIM, width=rim + thin + (rim if thin > 1 else 0))
    if not dashed:
        draw.rectangle(box, outline=colour, width=thin)
        return
    for side in _dashes(box, 4 * pen.line, thin):
        draw.rectangle(side, fill=colour)


def _dashes(box: Box, length: int, thick: int) -> list[Box]:
    """Rectangles of `length` along the four sides, with gaps of the same length."""
    x0, y0, x1, y1 = box
    across = [(x, min(x + length, x1)) for x in range(x0, x1 + 1, 2 * length)]
    down = [(y, min(y + length, y1)) for y in range(y0, y1 + 1, 2 * length)]
    flat = [(a, y, b, y + thick - 1) for a, b in across for y in (y0, max(y1 - thick + 1, y0))]
    upright = [(x, a, x + thick - 1, b) for a, b in down for x in (x0, max(x1 - thick + 1, x0))]
    return flat + upright


def _draw_tags(
    draw: ImageDraw, marks: Sequence[Mark], palette: Mapping[str, Colour], pen: Pen, size: tuple[int, int]
) -> None:
    """The names on their colours, in the order of the boxes; a name that finds no free place is left out."""
    taken: list[Box] = []
    for mark in marks:
        text = _tag(mark, pen, size[0])
        if not text:
            continue
        font, pad = font_for(text, pen.letters), max(2, pen.letters // 5)
        left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
        width, height = int(right - left) + 2 * pad, int(bottom - top) + 2 * pad
        place = _free_place(mark.box, width, height, taken, size)
        if place is None:
            continue
        taken.append(place)
        colour = palette[mark.name]
        draw.rectangle(place, fill=colour)
        draw.text((place[0] + pad - left, place[1] + pad - top), text, fill=_ink_on(colour), font=font)


def _tag(mark: Mark, pen: Pen, width: int) -> str:
    """Name and score, the name shortened to what its box, or a third of the picture, has room for."""
    room = max(mark.box[2] - mark.box[0], width // 3) - pen.letters // 2
    name = fit(mark.name, pen.letters, max(room - len(mark.score) * pen.letters // 2, 3 * pen.letters))
    return clean(f"{name} {mark.score}".strip(), 200) if mark.name or mark.score else ""


def _free_place(box: Box, width: int, height: int, taken: Sequence[Box], size: tuple[int, int]) -> Box | None:
    """Above the box, below it, or within it: the first place on the picture that covers no other name."""
    x0, y0, x1, y1 = box
    corners = [(x0, y0 - height), (x1 - width + 1, y0 - height), (x0, y1 + 1), (x0, y0), (x1 - width + 1, y1 - height)]
    for x, y in corners:
        left = max(0, min(x, size[0] - width))
        place = (left, y, left + width - 1, y + height - 1)
        if 0 <= y <= max(size[1] - height, 0) and not any(_touch(place, other) for other in taken):
            return place
    return None


def _touch(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _ink_on(colour: Colour) -> Colour:
    """Dark letters on a bright colour, white ones on a dark colour."""
    red, green, blue = colour
    return RIM if 0.3 * red + 0.59 * green + 0.11 * blue > 110 else (255, 255, 255)


def _rgb(pixels: np.ndarray) -> np.ndarray:
    """(h, w, 3) of grey, RGB or RGBA."""
    some = pixels[..., None] if pixels.ndim == 2 else pixels
    return np.ascontiguousarray(np.repeat(some[..., :1], 3, axis=2) if some.shape[2] < 3 else some[..., :3])
