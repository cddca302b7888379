"""The demo's pictures: handwritten digits painted over photographs, all from data that scikit-learn brings along.

An 8x8 digit becomes a smooth brush stroke, coloured to stand out, large over a random crop of one of
scikit-learn's two sample photographs. A picture depends on (seed, index) alone, so that 300 pictures are
the first 300 of 600.
"""

from __future__ import annotations

import colorsys
import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from boda import atomic
from boda.errors import DataError
from boda.progress import track

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MARKER = ".digits.json"
PHOTOGRAPHS = ("china.jpg", "flower.jpg")
EDGE = (0.3, 0.55)  # ink at which a stroke's soft edge begins and ends
DIMMING = 0.8  # of the photographs, so that bright strokes glow
SHADOW = [int(0.4 * alpha) for alpha in range(256)]
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear RGB, ITU-R BT.709


def compose_digits(folder: Path, count: int = 600, seed: int = 0, size: int = 192) -> Path:
    """Write `count` pictures, `size` pixels square, as `folder/CLASS/digit-INDEX.jpg`, and return `folder`.

    The classes "0" to "9" take turns, and each handwritten digit is used once at most. A folder that
    already holds these very pictures is left as it is; one that is interrupted leaves nothing behind.

    Args:
        folder: where to write; it must not exist, or be empty, or come from an equal call.
        count: number of pictures, 10 to 1740.
        seed: another seed gives other digits, colours, places and crops.
        size: width and height in pixels, 32 or more.

    Raises:
        DataError: `folder` holds something else, or `count` or `size` is out of range.
    """
    folder = Path(folder)
    asked = {"count": count, "seed": seed, "size": size}
    if _holds(folder, asked):
        return folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(
            f"{folder} is there already, and is not a complete folder of {count} digits of {size} pixels "
            f"from seed {seed}. Give another folder, or remove this one."
        )
    digits = _shuffled_digits(seed)
    _check("count", count, 10, 10 * min(map(len, digits)))
    _check("size", size, 32, 4096)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
        made = Path(temporary) / "pictures"
        _write_pictures(made, digits, count, seed, size)
        atomic.write_json(made / MARKER, asked)
        _move(made, folder, asked)
    return folder


def picture_name(index: int) -> str:
    """The path of picture `index` below its folder.

    >>> picture_name(42)
    '2/digit-0042.jpg'
    """
    return f"{index % 10}/digit-{index:04d}.jpg"


def compose_digit(digit: np.ndarray, photograph: Image.Image, size: int, rng: np.random.Generator) -> Image.Image:
    """One picture: `digit`, (8, 8) of 0 to 16, painted over a random crop of `photograph`."""
    background = _random_crop(photograph, size, rng)
    stroke = _place(_brush_stroke(digit, round(size * rng.uniform(0.75, 0.92))), size, rng)
    colour = _contrasting_colour(_mean_below(background, stroke), rng)
    shadow = stroke.filter(ImageFilter.BoxBlur(size / 50)).point(SHADOW)
    background.paste((0, 0, 0), (size // 64, size // 64), shadow)
    background.paste(_gradient(colour, size), (0, 0), stroke)
    return background


def _write_pictures(folder: Path, digits: Sequence[np.ndarray], count: int, seed: int, size: int) -> None:
    photographs = _photographs()
    for name in range(10):
        (folder / str(name)).mkdir(parents=True)
    for index in track(range(count), "composing digits"):
        rng = np.random.default_rng((seed, index))
        photograph = photographs[rng.integers(len(photographs))]
        picture = compose_digit(digits[index % 10][index // 10], photograph, size, rng)
        (folder / picture_name(index)).write_bytes(_jpeg(picture))


def _move(made: Path, folder: Path, asked: Mapping[str, int]) -> None:
    """Put `made` in `folder`'s place; another process that was faster wrote the same pictures."""
    with contextlib.suppress(FileNotFoundError, OSError):
        folder.rmdir()  # Windows does not rename over an empty folder
    try:
        made.rename(folder)
    except OSError as error:
        if not _holds(folder, asked):
            raise DataError(f"{folder} cannot be made: {error.strerror}. Give another folder.") from error


def _holds(folder: Path, asked: Mapping[str, int]) -> bool:
    """Whether `folder` was completed for what is `asked`, and no picture was lost since."""
    try:
        found = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return found == asked and all((folder / picture_name(index)).is_file() for index in range(asked["count"]))


def _shuffled_digits(seed: int) -> list[np.ndarray]:
    """Per class 0 to 9 its handwritten digits, (n, 8, 8) of 0 to 16, in an order drawn from `seed`."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)
    return [np.random.default_rng((seed, 10**9 + name)).permutation(images[labels == name]) for name in range(10)]


def _photographs() -> list[Image.Image]:
    from sklearn.datasets import load_sample_image

    return [Image.fromarray(load_sample_image(name)) for name in PHOTOGRAPHS]


def _random_crop(photograph: Image.Image, size: int, rng: np.random.Generator) -> Image.Image:
    """A square of 35 to 75 % of the short side, from anywhere, mirrored half of the time."""
    side = int(min(photograph.size) * rng.uniform(0.35, 0.75))
    left, top = (int(rng.integers(0, whole - side + 1)) for whole in photograph.size)
    crop = photograph.resize((size, size), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side))
    crop = crop.point([int(DIMMING * value) for value in range(256)] * 3)
    return crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else crop


def _brush_stroke(digit: np.ndarray, side: int) -> Image.Image:
    """`digit` without its empty rim, enlarged to an alpha mask with a soft edge whose longer side is `side`."""
    inked = np.argwhere(digit >= 4)
    (top, left), (bottom, right) = inked.min(axis=0), inked.max(axis=0) + 1
    ink = np.pad(digit[top:bottom, left:right] / 16, 1).astype(np.float32)
    scale = side / (max(ink.shape) - 2)
    width, height = round(scale * ink.shape[1]), round(scale * ink.shape[0])
    smooth = np.asarray(Image.fromarray(ink).resize((width, height), Image.Resampling.BICUBIC))
    ramp = np.clip((smooth - EDGE[0]) / (EDGE[1] - EDGE[0]), 0, 1)
    return Image.fromarray((255 * ramp * ramp * (3 - 2 * ramp)).astype(np.uint8))  # smoothstep


def _place(stroke: Image.Image, size: int, rng: np.random.Generator) -> Image.Image:
    """`stroke`, turned by up to 12 degrees, in a mask `size` pixels square, at most 7 % off its middle."""
    mask = Image.new("L", (size, size))
    shift = size * rng.uniform(-0.07, 0.07, 2)
    left, top = (round((size - length) / 2 + by) for length, by in zip(stroke.size, shift, strict=True))
    mask.paste(stroke, (left, top))
    return mask.rotate(rng.uniform(-12, 12), Image.Resampling.BILINEAR)


def _mean_below(background: Image.Image, stroke: Image.Image) -> np.ndarray:
    """Mean RGB, (3,) of 0 to 255, of what `stroke` will cover."""
    colours = np.asarray(background.resize((16, 16), Image.Resampling.BOX), np.float32)
    weights = np.asarray(stroke.resize((16, 16), Image.Resampling.BOX), np.float32)
    return np.average(colours.reshape(-1, 3), axis=0, weights=weights.ravel())


def _contrasting_colour(background: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """HSV of the first of sixteen random vivid colours that stands out from the RGB `background`, or the best.

    It stands out when its contrast ratio, as WCAG 2 defines it, is 3 or more.
    """
    candidates = rng.uniform((0, 0.4, 0.5), (1, 0.95, 1), (16, 3))
    contrasts = np.array([_contrast(255 * np.array(colorsys.hsv_to_rgb(*hsv)), background) for hsv in candidates])
    best: np.ndarray = candidates[np.argmax(np.minimum(contrasts, 3))]
    return best


def _contrast(one: np.ndarray, other: np.ndarray) -> float:
    """Contrast ratio of two RGB colours of 0 to 255, 1 to 21 (WCAG 2; its gamma taken as 2.2)."""
    dark, light = sorted(float((rgb / 255) ** 2.2 @ LUMINANCE) for rgb in (one, other))
    return (light + 0.05) / (dark + 0.05)


def _gradient(hsv: np.ndarray, size: int) -> Image.Image:
    """A square that drifts from `hsv` at the top to a neighbouring hue at the bottom."""
    hue, saturation, value = hsv
    top, bottom = (np.array(colorsys.hsv_to_rgb((hue + drift) % 1, saturation, value)) for drift in (0, 0.09))
    down = np.linspace(0, 1, size)[:, None, None]
    rows = 255 * (top + down * (bottom - top))
    return Image.fromarray(np.repeat(rows, size, axis=1).astype(np.uint8))


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise DataError(f"{name} must be {low} to {high}. Received: {name}={value}")
