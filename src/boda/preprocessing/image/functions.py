"""One picture moved or recoloured, as Keras's functions of these names do it."""
# ruff: noqa: NPY002 - Keras draws from NumPy's global state, and the same seed must give the same picture

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from boda.augment.warp import FILL_MODES, warp
from boda.preprocessing.image.matrix import index_matrix, is_brittle

if TYPE_CHECKING:
    from collections.abc import Sequence


def random_rotation(
    x: np.ndarray,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Turn a picture by -`rg` to `rg` degrees; the other arguments as `apply_affine_transform`."""
    theta = np.random.uniform(-rg, rg)
    axes = (row_axis, col_axis, channel_axis)
    return _affine(x, axes, (theta, 0, 0, 0, 1, 1), fill_mode, cval, interpolation_order)


def random_shift(
    x: np.ndarray,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Shift a picture by up to the shares `hrg` of its height and `wrg` of its width."""
    tx = np.random.uniform(-hrg, hrg) * x.shape[row_axis]
    ty = np.random.uniform(-wrg, wrg) * x.shape[col_axis]
    axes = (row_axis, col_axis, channel_axis)
    return _affine(x, axes, (0, tx, ty, 0, 1, 1), fill_mode, cval, interpolation_order)


def random_shear(
    x: np.ndarray,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Slant a picture by -`intensity` to `intensity` degrees."""
    shear = np.random.uniform(-intensity, intensity)
    axes = (row_axis, col_axis, channel_axis)
    return _affine(x, axes, (0, 0, 0, shear, 1, 1), fill_mode, cval, interpolation_order)


def random_zoom(
    x: np.ndarray,
    zoom_range: Sequence[float],
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """Zoom a picture by two numbers from `zoom_range`, one an axis; above 1 the picture becomes smaller.

    Raises:
        ValueError: `zoom_range` is not two numbers.
    """
    if len(zoom_range) != 2:
        raise ValueError(f"`zoom_range` should be a tuple or list of two floats. Received: {zoom_range}")
    zx, zy = (1, 1)
    if not (zoom_range[0] == 1 and zoom_range[1] == 1):
        zx, zy = np.random.uniform(zoom_range[0], zoom_range[1], 2)
    axes = (row_axis, col_axis, channel_axis)
    return _affine(x, axes, (0, 0, 0, 0, zx, zy), fill_mode, cval, interpolation_order)


def random_channel_shift(x: np.ndarray, intensity_range: float, channel_axis: int = 0) -> np.ndarray:
    """Add a number from -`intensity_range` to `intensity_range`, as `apply_channel_shift`."""
    return apply_channel_shift(x, np.random.uniform(-intensity_range, intensity_range), channel_axis)


def random_brightness(x: np.ndarray, brightness_range: Sequence[float], scale: bool = True) -> np.ndarray:  # noqa: FBT001, FBT002 - Keras's signature
    """Multiply by a number from `brightness_range`, as `apply_brightness_shift`.

    Raises:
        ValueError: `brightness_range` is not two numbers.
    """
    if len(brightness_range) != 2:
        raise ValueError(f"`brightness_range should be tuple or list of two floats. Received: {brightness_range}")
    return apply_brightness_shift(x, np.random.uniform(brightness_range[0], brightness_range[1]), scale)


def apply_channel_shift(x: np.ndarray, intensity: float, channel_axis: int = 0) -> np.ndarray:  # noqa: ARG001 - Keras's signature; all channels are shifted alike
    """Add `intensity` to all channels of a picture, clipped to the picture's own least and greatest value."""
    return np.clip(x + intensity, np.min(x), np.max(x))


def apply_brightness_shift(x: Any, brightness: float, scale: bool = True) -> np.ndarray:  # noqa: FBT001, FBT002 - Keras's signature
    """Multiply a picture by `brightness`, in whole numbers from 0 to 255 as Pillow does; alpha stays.

    Args:
        x: (h, w, c) of 1, 3 or 4 channels (channels first where Keras's global setting says so).
        brightness: the factor; 1 changes nothing but drops fractions.
        scale: stretch the picture to 0 to 255 before. Where it is not, a picture that leaves 0 to 255 is stretched
            all the same, and brought back to its own range afterwards.

    Returns:
        float32 of the same shape.

    Raises:
        ValueError: Another number of channels.
    """
    from PIL import ImageEnhance

    from boda.preprocessing.image.io import array_to_img, img_to_array

    x_min, x_max = np.min(x), np.max(x)
    leaves = bool(x_min < 0 or x_max > 255)
    picture = array_to_img(x, scale=leaves or scale)
    bright = img_to_array(ImageEnhance.Brightness(picture).enhance(brightness))
    return bright / 255 * (x_max - x_min) + x_min if leaves and not scale else bright


def apply_affine_transform(
    x: np.ndarray,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> np.ndarray:
    """Turn, shift, slant and zoom a picture in one resampling.

    Args:
        x: a picture of three axes.
        theta: degrees.
        tx: the shift along the first axis of Keras's matrix, in pixels; see `matrix.index_matrix`.
        ty: the shift along the second, in pixels.
        shear: degrees.
        zx: zoom, 1 for none.
        zy: zoom, 1 for none.
        row_axis: which axis of `x` the rows are.
        col_axis: which axis the columns are.
        channel_axis: 0 or 2.
        fill_mode: "nearest", "constant", "reflect" or "wrap", or another mode of `scipy.ndimage`.
        cval: the constant.
        order: 0 for the nearest pixel, 1 for bilinear, up to 5 for splines.

    Returns:
        Of the shape and dtype of `x`.

    Raises:
        ValueError: Axes that are none, or a picture without three of them.
    """
    axes, parameters = (row_axis, col_axis, channel_axis), (theta, tx, ty, shear, zx, zy)
    return _affine(x, axes, parameters, fill_mode, cval, order)


def resample(image: np.ndarray, matrix: np.ndarray, fill_mode: str, cval: float, order: int) -> np.ndarray:
    """`image` (h, w, c) through an index matrix, as SciPy does it; by SciPy where boda's `warp` has no equal."""
    fast = fill_mode in FILL_MODES and order in (0, 1) and image.dtype == np.float32 and not is_brittle(matrix)
    if fast and image.size and np.isfinite(matrix).all():
        return warp(image, matrix, fill_mode=fill_mode, fill_value=cval, order=order, edge=0.0)
    return _resample_by_scipy(image, matrix, fill_mode, cval, order)


def _affine(
    x: np.ndarray,
    axes: tuple[int, int, int],
    parameters: tuple[float, float, float, float, float, float],
    fill_mode: str,
    cval: float,
    order: int,
) -> np.ndarray:
    row_axis, col_axis, channel_axis = axes
    _check_axes(x, axes)
    matrix = index_matrix(*parameters, x.shape[row_axis], x.shape[col_axis])
    if matrix is None:
        return x
    if col_axis < row_axis:
        matrix = matrix[[1, 0, 2]][:, [1, 0, 2]]
    moved = resample(np.moveaxis(x, channel_axis, 2), matrix, fill_mode, cval, order)
    return np.moveaxis(moved, 2, channel_axis)


def _check_axes(x: np.ndarray, axes: tuple[int, int, int]) -> None:
    if len(set(axes)) != 3:
        raise ValueError("'row_axis', 'col_axis', and 'channel_axis' must be distinct")
    if set(axes) != {0, 1, 2}:
        raise ValueError(f"Invalid axis' indices: {set(axes) - {0, 1, 2}}")
    if x.ndim != 3:
        raise ValueError("Input arrays must be multi-channel 2D images.")
    if axes[2] not in (0, 2):
        raise ValueError("Channels are allowed and the first and last dimensions.")


def _resample_by_scipy(image: np.ndarray, matrix: np.ndarray, fill_mode: str, cval: float, order: int) -> np.ndarray:
    from scipy.ndimage import affine_transform

    by_row = matrix[[1, 0, 2]][:, [1, 0, 2]]
    channels = [
        affine_transform(channel, by_row[:2, :2], by_row[:2, 2], order=order, mode=fill_mode, cval=cval)
        for channel in np.moveaxis(image, 2, 0)
    ]
    return np.stack(channels, axis=2)
