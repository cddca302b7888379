"""Finds a font for lettering pictures: one with Hangul where the text needs it and the machine has one."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from boda.reports.words import clean

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

# Linux, macOS, Windows: first those that know Hangul and its neighbours, then plain ones.
_WIDE = (
    "/usr/share/fonts/truetype/nanum/NanumGothic.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
    "/System/Library/Fonts/AppleSDGothicNeo.ttc",
    "C:/Windows/Fonts/malgun.ttf",
)
_PLAIN = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
    "/System/Library/Fonts/Helvetica.ttc",
    "C:/Windows/Fonts/segoeui.ttf",
)


def font_for(text: str, size: int) -> FreeTypeFont | ImageFont:
    """A font of `size` pixels for `text`; Pillow's own where the machine has none."""
    return _load(_PLAIN + _WIDE if text.replace("…", "").isascii() else _WIDE + _PLAIN, size)


def fit(text: object, size: int, width: int) -> str:
    """`text` cleaned, and shortened until it is at most `width` pixels wide."""
    shown = clean(text, 200)
    font = font_for(shown, size)
    if _length(font, shown) <= width:
        return shown
    fits, over = 0, len(shown)
    while over - fits > 1:
        middle = (fits + over) // 2
        fits, over = (middle, over) if _length(font, shown[:middle] + "…") <= width else (fits, middle)
    return shown[:fits] + "…"


def _length(font: FreeTypeFont | ImageFont, text: str) -> float:
    try:
        return font.getlength(text)
    except UnicodeEncodeError:  # a Pillow without FreeType knows Latin-1 only
        return font.getlength(text.encode("latin-1", "replace"))


@functools.cache
def _load(paths: tuple[str, ...], size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    for path in paths:
        if Path(path).is_file():
            try:
                return ImageFont.truetype(path, size)
            except OSError:
                continue
    return ImageFont.load_default(size)
