"""Labels over their picture: boxes, masks and points drawn in clear colours, the same object in the same one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.reports.lettering import fit, font_for
from boda.reports.words import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.ImageDraw import ImageDraw

# Bright, apart from each other for most eyes, each with a dark rim on any ground.
COLOURS = (
    (255, 196, 0),
    (0, 190, 255),
    (255, 82, 120),
    (120, 230, 80),
    (200, 130, 255),
    (255, 140, 40),
    (60, 235, 200),
    (240, 240, 240),
)
RIM = (20, 24, 28)
VEIL = 0.45  # how much of a mask's colour covers the picture


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture (h, w, 3) uint8 with what lies on it, as `Sample` says, and a caption in short pieces.

    `objects` are the numbers of the boxes among those of the original, which choose their colours.
    """

    pixels: np.ndarray
    caption: tuple[str, ...] = ()
    boxes: np.ndarray | None = None
    box_labels: Sequence[str] | None = None
    masks: np.ndarray | None = None
    points: np.ndarray | None = None
    objects: np.ndarray | None = None


def draw_over(shown: Shown, side: int, detail: int = 1) -> np.ndarray:
    """The picture within `side` x `side` pixels with its labels drawn over it, uint8 (h, w, 3).

    `detail` makes lines and letters as many times larger, for a picture that is then shown as many times smaller.
    """
    from PIL import Image, ImageDraw

    height, width = shown.pixels.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    smooth = (
        Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST if scale > 4 else Image.Resampling.BICUBIC
    )
    picture = Image.fromarray(_rgb(shown.pixels)).resize(size, smooth)
    if shown.masks is not None:
        picture = Image.fromarray(_veiled(np.asarray(picture), shown))
    draw = ImageDraw.Draw(picture)
    stretch = np.array([size[0] / width, size[1] / height])
    _draw_boxes(draw, shown, stretch, size, detail)
    _draw_points(draw, shown, stretch, detail)
    return np.asarray(picture)


def colour_of(shown: Shown, i: int) -> tuple[int, int, int]:
    """The colour of the picture's object `i`: that of its number among the original's."""
    number = int(shown.objects[i]) if shown.objects is not None and i < len(shown.objects) else i
    return COLOURS[number % len(COLOURS)]


def _veiled(picture: np.ndarray, shown: Shown) -> np.ndarray:
    """`picture` with the masks laid over it, their outlines in full colour."""
    from PIL import Image

    masks = np.asarray(shown.masks)
    layers = [masks == k for k in np.unique(masks) if k] if masks.ndim == 2 else [mask > 0 for mask in masks]
    colours = [COLOURS[i % len(COLOURS)] for i in range(len(layers))]
    if masks.ndim == 2:
        colours = [COLOURS[(int(k) - 1) % len(COLOURS)] for k in np.unique(masks) if k]
    elif shown.objects is not None and len(shown.objects) == len(masks):
        colours = [colour_of(shown, i) for i in range(len(layers))]
    veiled = picture.astype(np.float32)
    for layer, colour in zip(layers, colours, strict=True):
        inside = np.asarray(Image.fromarray(layer).resize(picture.shape[1::-1], Image.Resampling.NEAREST))
        veiled[inside] = (1 - VEIL) * veiled[inside] + VEIL * np.array(colour, np.float32)
        veiled[_outline(inside)] = colour
    return np.rint(veiled).astype(np.uint8)


def _outline(inside: np.ndarray) -> np.ndarray:
    """The pixels of (h, w) `inside` that touch what is not."""
    around = np.pad(inside, 1, mode="edge")
    return np.asarray(inside & ~(around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]))


def _draw_boxes(draw: ImageDraw, shown: Shown, stretch: np.ndarray, size: tuple[int, int], detail: int) -> None:
    for i, box in enumerate(np.zeros((0, 4)) if shown.boxes is None else shown.boxes):
        x0, y0, x1, y1 = np.rint(box * np.tile(stretch, 2)).astype(int)
        x1, y1 = max(min(x1, size[0]) - 1, x0), max(min(y1, size[1]) - 1, y0)
        draw.rectangle((x0, y0, x1, y1), outline=RIM, width=3 * detail)
        draw.rectangle((x0, y0, x1, y1), outline=colour_of(shown, i), width=2 * detail)
        if shown.box_labels is not None and i < len(shown.box_labels):
            text = fit(shown.box_labels[i], 10 * detail, max(int(x1 - x0) - 4 * detail, 18 * detail))
            _draw_tag(draw, (int(x0), int(y0)), text, colour_of(shown, i), size, detail)


def _draw_tag(
    draw: ImageDraw,
    corner: tuple[int, int],
    text: str,
    colour: tuple[int, int, int],
    size: tuple[int, int],
    detail: int,
) -> None:
    """The label on its colour, above the box where there is room, and within the picture."""
    font = font_for(text, 10 * detail)
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    width, height = int(right - left) + 4 * detail, int(bottom - top) + 4 * detail
    x = max(0, min(corner[0], size[0] - width))
    y = corner[1] - height if corner[1] >= height else corner[1]
    draw.rectangle((x, y, x + width - 1, y + height - 1), fill=colour)
    draw.text((x + 2 * detail - left, y + 2 * detail - top), text, fill=RIM, font=font)


def _draw_points(draw: ImageDraw, shown: Shown, stretch: np.ndarray, detail: int) -> None:
    points = np.zeros((0, 0, 2)) if shown.points is None else np.asarray(shown.points, float)
    for i, some in enumerate(points if points.ndim == 3 else points[None]):
        for number, point in enumerate(some):
            if np.isfinite(point).all():
                x, y = point * stretch
                colour = colour_of(shown, i) if points.ndim == 3 and len(points) > 1 else COLOURS[number % len(COLOURS)]
                for reach, ink in ((4 * detail, RIM), (3 * detail, colour)):
                    draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=ink)


def _rgb(pixels: np.ndarray) -> np.ndarray:
    """(h, w, 3) of grey, RGB or RGBA."""
    return np.ascontiguousarray(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels[..., :3])


def tag_words(shown: Shown, i: int) -> str:
    """What the picture's box `i` is called."""
    return clean(shown.box_labels[i]) if shown.box_labels is not None and i < len(shown.box_labels) else f"box {i + 1}"
