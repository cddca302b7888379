"""One resampling of one picture by one matrix: the only place where pixels move."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Literal

import numpy as np

from boda.errors import AugmentError

if TYPE_CHECKING:
    from collections.abc import Callable

FillMode = Literal["constant", "nearest", "reflect", "wrap", "grid-wrap"]
FILL_MODES: dict[str, int] = {"constant": 0, "nearest": 1, "reflect": 2, "wrap": 3, "grid-wrap": 4}
HALF_PIXEL = 0.5 + 1e-6  # the outer half of a border pixel belongs to the picture, whatever the last digit of its place
KEYS_CUBIC = -0.5

_room = threading.local()


def warp(
    image: np.ndarray,
    matrix: np.ndarray,
    size: tuple[int, int] | None = None,
    *,
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    order: int = 1,
    edge: float = HALF_PIXEL,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Resample `image` (h, w, c) through `matrix` to `size` (h, w), its own by default.

    Args:
        image: uint8, float32 or another real dtype, any strides, one channel or more.
        matrix: (3, 3), takes an output pixel's index (column x, row y, 1) to a source index (x, y, 1).
        size: rows and columns of the result.
        fill_mode: what lies beyond the picture, with SciPy's meaning of "constant", "nearest", "reflect", "wrap" and
            "grid-wrap" (which Keras's layers call "wrap").
        fill_value: the constant, on the scale of the values.
        order: 0 takes the nearest pixel, 1 interpolates between four, 3 convolves 4 x 4 (Keys's bicubic).
        edge: how far beyond the centres of the outer pixels "constant" still counts as inside, in pixels: half a
            pixel, or 0 as in SciPy. What lies between the centre and the edge takes the border's value.
        out: float32 (of the image's dtype in order 0), contiguous, of the result's shape; the result goes there.

    Returns:
        float32 (h, w, c); of the image's own dtype in order 0.

    Raises:
        AugmentError: A shape, mode or order that is none, or a matrix with NaN or infinity.

    Example:
        >>> shift_right = np.array([[1, 0, -1], [0, 1, 0], [0, 0, 1]])
        >>> warp(np.array([[[1], [2], [3]]]), shift_right, fill_mode="constant")[..., 0].tolist()
        [[0.0, 1.0, 2.0]]
    """
    matrix, mode = np.ascontiguousarray(matrix, np.float64), _mode(fill_mode)
    _check(image, matrix, order)
    height, width = size or image.shape[:2]
    dtype = image.dtype if order == 0 else np.dtype(np.float32)
    if out is None:
        out = np.empty((height, width, image.shape[2]), dtype)
    elif out.shape != (height, width, image.shape[2]) or out.dtype != dtype or not out.flags.c_contiguous:
        raise AugmentError(
            f"out must be contiguous {dtype} of shape {(height, width, image.shape[2])}, "
            f"not {out.dtype} of shape {out.shape}."
        )
    if out.size:
        _METHODS[order](image, matrix, out, mode, fill_value, edge)
    return out


def warp_into(
    image: np.ndarray, matrix: np.ndarray, out: np.ndarray, fill_mode: str, fill_value: float, edge: float
) -> tuple[float, float]:
    """As `warp` in order 1, without its checks; the least and the greatest value of the result come for free."""
    extremes = _linear(image, matrix, out, FILL_MODES[fill_mode], fill_value, edge)
    lanes = min(image.shape[2], extremes.shape[1])
    return float(extremes[0, :lanes].min()), float(extremes[1, :lanes].max())


def _linear(
    image: np.ndarray, matrix: np.ndarray, out: np.ndarray, mode: int, fill_value: float, edge: float
) -> np.ndarray:
    from boda.augment import warp_kernels

    height, width, channels = image.shape
    room, offset, flat, extremes = _borrow(
        out.shape[1] * channels, (height + 1) * width * channels + warp_kernels.LANES
    )
    if image.flags.c_contiguous:
        warp_kernels.copy_contiguous(image.reshape(-1), flat)
    else:
        warp_kernels.copy_flat(image, flat)
    fill = np.float32(fill_value)
    warp_kernels.warp_linear(flat, height, width, channels, matrix, out, mode, fill, edge, room, offset, extremes)
    return extremes


def _nearest(image: np.ndarray, matrix: np.ndarray, out: np.ndarray, mode: int, fill_value: float, edge: float) -> None:
    from boda.augment import warp_kernels

    height, width, channels = image.shape
    room, offset, _, _ = _borrow(out.shape[1], 0)
    flat, fill = np.ascontiguousarray(image).reshape(-1), image.dtype.type(fill_value)
    warp_kernels.warp_nearest(flat, height, width, channels, matrix, out, mode, fill, edge, room, offset)


def _bicubic(image: np.ndarray, matrix: np.ndarray, out: np.ndarray, mode: int, fill_value: float, edge: float) -> None:
    from boda.augment import warp_kernels

    room = _borrow(out.shape[1], 0)[0]
    warp_kernels.warp_cubic(image, matrix, out, mode, np.float32(fill_value), edge, KEYS_CUBIC, room)


_METHODS: dict[int, Callable[[np.ndarray, np.ndarray, np.ndarray, int, float, float], object]] = {
    0: _nearest,
    1: _linear,
    3: _bicubic,
}


def _borrow(columns: int, values: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """This thread's scratch, grown where needed: rows of coordinates, offsets, a flat picture, extremes."""
    if getattr(_room, "columns", -1) < columns:
        _room.columns = columns
        _room.rows = np.zeros((6, columns + 4))
        _room.offset = np.zeros(columns + 4, np.int32)
        _room.extremes = np.zeros((2, 4), np.float32)
        _room.flat = getattr(_room, "flat", np.zeros(0, np.float32))
    if _room.flat.size < values:
        _room.flat = np.zeros(values, np.float32)
    return _room.rows, _room.offset, _room.flat, _room.extremes


def _mode(fill_mode: str) -> int:
    if fill_mode not in FILL_MODES:
        raise AugmentError(f"fill_mode must be one of {', '.join(FILL_MODES)}. Received: {fill_mode!r}.")
    return FILL_MODES[fill_mode]


def _check(image: np.ndarray, matrix: np.ndarray, order: int) -> None:
    if image.ndim != 3 or 0 in image.shape:
        raise AugmentError(f"A picture must have the shape (h, w, c) with no empty side. Received: {image.shape}.")
    if order not in _METHODS:
        raise AugmentError(f"order must be 0, 1 or 3 (nearest, bilinear, bicubic). Received: {order!r}.")
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
        raise AugmentError(f"matrix must be (3, 3) of finite numbers. Received: {matrix.tolist()}.")
