"""Overlay: a heat map laid over its picture, in colours, and the thumbnails that it is laid on."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from boda.data import decode

if TYPE_CHECKING:
    from boda.data.view import View
    from boda.sample import Sample

THUMBNAIL_SIDE = 240


def overlay(picture: np.ndarray, heat: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """`picture` (h, w, 3) uint8 with `heat` (any size, 0 to 1) laid over its region `box` (xyxy pixels)."""
    x0, y0, x1, y1 = box
    small = Image.fromarray((heat * 255).astype(np.uint8))
    laid = np.zeros(picture.shape[:2], np.float32)
    laid[y0:y1, x0:x1] = np.asarray(small.resize((x1 - x0, y1 - y0), Image.Resampling.BICUBIC), np.float32) / 255
    grey = picture.mean(axis=2, keepdims=True) * 0.75
    strength = laid[..., None] * 0.65
    return (grey * (1 - strength) + _heat_colours(laid) * strength).clip(0, 255).astype(np.uint8)


def seen_box(picture: np.ndarray, view: View) -> tuple[int, int, int, int]:
    """The region (xyxy pixels) of `picture` that the network sees in `view`."""
    h, w = picture.shape[:2]
    if view.resize == "squash":
        return 0, 0, w, h
    side = max(1, round(min(h, w) * view.crop_share))
    x, y = (w - side) // 2, (h - side) // 2
    return x, y, x + side, y + side


def thumbnail(sample: Sample, side: int = THUMBNAIL_SIDE) -> np.ndarray:
    """The sample within `side` x `side`, its aspect kept, uint8 RGB."""
    pixels = sample.image if isinstance(sample.image, np.ndarray) else decode.decode(sample.read_bytes())
    picture = Image.fromarray(pixels)
    scale = side / max(picture.size)
    if scale < 1 or max(picture.size) < side // 2:
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture = picture.resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST)
    return np.asarray(picture)


def to_jpeg(pixels: np.ndarray) -> bytes:
    """JPEG of quality 85."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _heat_colours(heat: np.ndarray) -> np.ndarray:
    """Dark violet over red to yellow, (h, w, 3) float in 0 to 255, for heat in 0 to 1."""
    stops = np.array([[40, 0, 70], [200, 30, 80], [250, 130, 30], [255, 235, 90]], np.float32)
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(heat, at, stops[:, channel]) for channel in range(3)], axis=-1)
