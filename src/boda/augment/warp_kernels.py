"""The loops over pixels that move, compiled by Numba when they are first used and kept in its cache between processes.

A resampling goes row by row of the output: the source coordinates of a row are computed and folded back into the
picture as the fill mode says (this vectorises), then each pixel is interpolated from its four neighbours. A pixel's
channels are one vector of the processor: `_lerp_row` writes that loop in LLVM's own terms, since no compiler finds it
by itself (three channels are read and written as four lanes, of which the last is overwritten by the next pixel).

Everything here trusts its caller: sizes, modes and room are checked in `warp.py` and `shrink.py`.
Numba's cache knows this file's date only, so nothing here may depend on another file of ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

CONSTANT, NEAREST, REFLECT, WRAP, GRID_WRAP = 0, 1, 2, 3, 4
LANES = 4  # floats that must be readable behind a source, and are written behind a row

_FAST = {"nnan", "nsz", "contract", "arcp"}
_OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"}


@intrinsic
def _pointer(typing_context: Any, array: Any) -> Any:
    """The address of an array's first value."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), code


def _write_lerp_row(lanes: int, channels: int) -> Any:
    """An intrinsic that interpolates the pixels `first` to `end` of a row, `lanes` channels at once.

    For each pixel j, with a, b, c, d its neighbours and u, v its place between them:

        top = a + u (b - a),    bottom = c + u (d - c),    out = top + v (bottom - top)

    The least and greatest values of each lane are kept in `least` and `greatest`.
    """

    @intrinsic
    def lerp_row(
        typing_context: Any,
        source: Any,
        out: Any,
        offset: Any,
        right: Any,
        down: Any,
        first: Any,
        end: Any,
        row: Any,
        least: Any,
        greatest: Any,
    ) -> Any:
        signature = types.void(source, out, offset, right, down, types.int64, types.int64, types.int64, least, greatest)

        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            source, out, offset, right, down, first, end, row, least, greatest = arguments
            vector = ir.VectorType(ir.FloatType(), lanes)
            index, undefined = ir.IntType(64), ir.Constant(vector, ir.Undefined)

            def at(pointer: Any, place: Any) -> Any:
                return builder.bitcast(builder.gep(pointer, [place]), vector.as_pointer())

            def spread(value: Any) -> Any:
                zero = ir.Constant(ir.IntType(32), 0)
                one = builder.insert_element(undefined, value, zero)
                mask = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
                return builder.shuffle_vector(one, undefined, mask)

            def function(name: str, count: int) -> Any:
                kind = ir.FunctionType(vector, [vector] * count)
                return cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{lanes}f32")

            def lerp(a: Any, b: Any, u: Any) -> Any:
                return builder.call(function("fma", 3), [builder.fsub(b, a), u, a])

            def fold(name: str, value: Any, place: Any) -> None:
                kept = builder.call(function(name, 2), [value, builder.load(place)], fastmath=("nnan", "nsz"))
                builder.store(kept, place)

            step, start = ir.Constant(index, channels), ir.Constant(index, 0)
            low, high = cgutils.alloca_once(builder, vector), cgutils.alloca_once(builder, vector)
            builder.store(builder.load(at(least, start), align=4), low)
            builder.store(builder.load(at(greatest, start), align=4), high)
            with cgutils.for_range_slice(builder, first, end, ir.Constant(index, 1), index) as (j, _):
                here = builder.sext(builder.load(builder.gep(offset, [j])), index)
                below = builder.add(here, row)
                u = spread(builder.load(builder.gep(right, [j])))
                v = spread(builder.load(builder.gep(down, [j])))
                a, b, c, d = (
                    builder.load(at(source, place), align=4)
                    for place in (here, builder.add(here, step), below, builder.add(below, step))
                )
                pixel = lerp(lerp(a, b, u), lerp(c, d, u), v)
                builder.store(pixel, at(out, builder.mul(j, step)), align=4)
                fold("minnum", pixel, low)
                fold("maxnum", pixel, high)
            builder.store(builder.load(low), at(least, start), align=4)
            builder.store(builder.load(high), at(greatest, start), align=4)
            return context.get_dummy_value()

        return signature, code

    return lerp_row


_lerp_row_1 = _write_lerp_row(1, 1)
_lerp_row_2 = _write_lerp_row(2, 2)
_lerp_row_3 = _write_lerp_row(4, 3)
_lerp_row_4 = _write_lerp_row(4, 4)


@njit(fastmath=_FAST, inline="always", **_OPTIONS)
def _clamp(x: float, last: float) -> float:
    x = x if x > 0.0 else 0.0
    return x if x < last else last


@njit(fastmath={"contract"}, **_OPTIONS)
def _locate(matrix: Any, i: int, columns: Any, xs: Any, ys: Any) -> None:
    """Source coordinates of row `i`; behind a perspective's horizon they lie far outside."""
    n = xs.size
    a, b = matrix[0, 0], matrix[0, 1] * i + matrix[0, 2]
    d, e = matrix[1, 0], matrix[1, 1] * i + matrix[1, 2]
    g, h = matrix[2, 0], matrix[2, 1] * i + matrix[2, 2]
    if g == 0.0 and h == 1.0:
        for j in range(n):
            xs[j] = a * columns[j] + b
            ys[j] = d * columns[j] + e
        return
    for j in range(n):
        w = g * columns[j] + h
        if w > 1e-9:
            xs[j] = (a * columns[j] + b) / w
            ys[j] = (d * columns[j] + e) / w
        else:
            xs[j] = -1e6
            ys[j] = -1e6


@njit(fastmath={"contract"}, **_OPTIONS)
def _find_inside(xs: Any, ys: Any, last_x: float, last_y: float, edge: float) -> tuple[int, int]:
    """The interval of a row that lies inside the source; a line meets a picture in one interval."""
    first, end = 0, xs.size
    while first < end:
        x, y = xs[first], ys[first]
        if -edge <= x <= last_x + edge and -edge <= y <= last_y + edge:
            break
        first += 1
    while end > first:
        x, y = xs[end - 1], ys[end - 1]
        if -edge <= x <= last_x + edge and -edge <= y <= last_y + edge:
            break
        end -= 1
    return first, end


@njit(fastmath=_FAST, **_OPTIONS)
def _reflect(xs: Any, last: float) -> None:
    """(d c b a | a b c d | d c b a): a triangle wave of period 2 (last + 1)."""
    period = 2.0 * (last + 1.0)
    inverse = 1.0 / period
    for j in range(xs.size):
        x = xs[j] + 0.5
        x -= period * np.floor(x * inverse)
        xs[j] = (x if x < period - x else period - x) - 0.5


@njit(fastmath=_FAST, **_OPTIONS)
def _wrap(xs: Any, last: float) -> None:
    """SciPy's wrap: of period `last`, so that the first and the last pixel fall together."""
    inverse = 1.0 / last if last > 0.0 else 0.0
    for j in range(xs.size):
        x = xs[j]
        xs[j] = x if (0.0 <= x <= last) else x - last * np.floor(x * inverse)


@njit(fastmath=_FAST, **_OPTIONS)
def _grid_wrap(xs: Any, last: float) -> None:
    """SciPy's grid-wrap, (a b c d | a b c d | a b c d): of period last + 1; the seam is not interpolated across."""
    period = last + 1.0
    inverse = 1.0 / period
    for j in range(xs.size):
        xs[j] -= period * np.floor((xs[j] + 0.5) * inverse)


@njit(fastmath=_FAST, **_OPTIONS)
def _place(
    xs: Any, ys: Any, last_x: float, last_y: float, row: float, channels: float, offset: Any, right: Any, down: Any
) -> None:
    """Split clamped coordinates into the upper left neighbour's offset and the place between the neighbours."""
    most_x = last_x - 1.0 if last_x > 1.0 else 0.0
    most_y = last_y - 1.0 if last_y > 1.0 else 0.0
    for j in range(xs.size):
        x = _clamp(xs[j], last_x)
        y = _clamp(ys[j], last_y)
        ix = np.floor(x if x < most_x else most_x)
        iy = np.floor(y if y < most_y else most_y)
        offset[j] = np.int32(iy * row + ix * channels)
        right[j] = np.float32(x - ix)
        down[j] = np.float32(y - iy)


@njit(**_OPTIONS)
def _fold_row(xs: Any, ys: Any, last_x: float, last_y: float, mode: int) -> None:
    if mode == REFLECT:
        _reflect(xs, last_x)
        _reflect(ys, last_y)
    elif mode == WRAP:
        _wrap(xs, last_x)
        _wrap(ys, last_y)
    elif mode == GRID_WRAP:
        _grid_wrap(xs, last_x)
        _grid_wrap(ys, last_y)


@njit(fastmath={"contract"}, **_OPTIONS)
def _lerp_any(
    source: Any, out: Any, offset: Any, right: Any, down: Any, first: int, end: int, row: int, channels: int
) -> None:
    """As `_lerp_row`, for any number of channels, one by one."""
    for j in range(first, end):
        here, u, v = np.int64(offset[j]), right[j], down[j]
        for k in range(channels):
            a, b = source[here + k], source[here + channels + k]
            c, d = source[here + row + k], source[here + row + channels + k]
            top, bottom = a + u * (b - a), c + u * (d - c)
            out[j * channels + k] = top + v * (bottom - top)


@njit(**_OPTIONS)
def _extremes_any(values: Any, least: Any, greatest: Any) -> None:
    for value in values:
        least[0] = min(least[0], value)
        greatest[0] = max(greatest[0], value)


@njit(**_OPTIONS)
def warp_linear(
    source: Any,
    height: int,
    width: int,
    channels: int,
    matrix: Any,
    out: Any,
    mode: int,
    fill: float,
    edge: float,
    room: Any,
    offset: Any,
    extremes: Any,
) -> None:
    """Resample by the four neighbours.

    `source`, flat float32, (height + 1) * width * channels + LANES long, holds the picture first.
    `out` (h, w, c) float32, contiguous. `matrix` (3, 3) takes an output index (x, y, 1) to a source index.
    `room` (6, w * c + LANES) float64 and `offset` (w,) int32 are scratch.
    `extremes` (2, LANES) float32 becomes the least and greatest values, lane by lane.
    """
    rows, columns = out.shape[0], out.shape[1]
    row = width * channels
    last_x, last_y = float(width - 1), float(height - 1)
    indices, xs, ys = room[0, :columns], room[1, :columns], room[2, :columns]
    right, down = room[3].view(np.float32)[:columns], room[4].view(np.float32)[:columns]
    line = room[5].view(np.float32)
    flat = out.reshape(out.size)
    least, greatest = extremes[0], extremes[1]
    least[:] = np.float32(np.inf)
    greatest[:] = np.float32(-np.inf)
    for j in range(columns):
        indices[j] = float(j)
    below = row if height > 1 else 0
    for i in range(rows):
        _locate(matrix, i, indices, xs, ys)
        first, end = 0, columns
        if mode == CONSTANT:
            first, end = _find_inside(xs, ys, last_x, last_y, edge)
        else:
            _fold_row(xs, ys, last_x, last_y, mode)
        _place(xs, ys, last_x, last_y, float(row), float(channels), offset, right, down)
        start = i * columns * channels
        # the last row is written apart, since its last pixel would reach behind the picture
        target = line if i == rows - 1 else flat[start:]
        s, o, p, u, v = _pointer(source), _pointer(target), _pointer(offset), _pointer(right), _pointer(down)
        lo, hi = _pointer(least), _pointer(greatest)
        if channels == 3:
            _lerp_row_3(s, o, p, u, v, first, end, below, lo, hi)
        elif channels == 1:
            _lerp_row_1(s, o, p, u, v, first, end, below, lo, hi)
        elif channels == 4:
            _lerp_row_4(s, o, p, u, v, first, end, below, lo, hi)
        elif channels == 2:
            _lerp_row_2(s, o, p, u, v, first, end, below, lo, hi)
        else:
            _lerp_any(source, target, offset, right, down, first, end, below, channels)
            _extremes_any(target[first * channels : end * channels], least, greatest)
        if i == rows - 1:
            flat[start + first * channels :] = line[first * channels : columns * channels]
        if end - first < columns:
            flat[start : start + first * channels] = fill
            flat[start + end * channels : start + columns * channels] = fill
            for k in range(LANES):
                least[k] = min(least[k], fill)
                greatest[k] = max(greatest[k], fill)


@njit(fastmath=_FAST, **_OPTIONS)
def _place_nearest(xs: Any, ys: Any, last_x: float, last_y: float, row: float, channels: float, offset: Any) -> None:
    """The offset of the pixel that each coordinate is nearest to; of two equally near ones the later."""
    for j in range(xs.size):
        x = np.floor(_clamp(xs[j] + 0.5, last_x + 0.5))
        y = np.floor(_clamp(ys[j] + 0.5, last_y + 0.5))
        x = x if x < last_x else last_x
        y = y if y < last_y else last_y
        offset[j] = np.int32(y * row + x * channels)


@njit(**_OPTIONS)
def warp_nearest(
    source: Any,
    height: int,
    width: int,
    channels: int,
    matrix: Any,
    out: Any,
    mode: int,
    fill: Any,
    edge: float,
    room: Any,
    offset: Any,
) -> None:
    """Take the nearest pixel: `source` flat, of the dtype of `out` (h, w, c); the rest as `warp_linear`."""
    rows, columns = out.shape[0], out.shape[1]
    last_x, last_y = float(width - 1), float(height - 1)
    indices, xs, ys = room[0, :columns], room[1, :columns], room[2, :columns]
    flat = out.reshape(out.size)
    for j in range(columns):
        indices[j] = float(j)
    for i in range(rows):
        _locate(matrix, i, indices, xs, ys)
        first, end = 0, columns
        if mode == CONSTANT:
            first, end = _find_inside(xs, ys, last_x, last_y, edge)
        else:
            _fold_row(xs, ys, last_x, last_y, mode)
        _place_nearest(xs, ys, last_x, last_y, float(width * channels), float(channels), offset)
        line = flat[i * columns * channels : (i + 1) * columns * channels]
        line[: first * channels] = fill
        line[end * channels :] = fill
        if channels == 1:
            for j in range(first, end):
                line[j] = source[offset[j]]
        elif channels == 3:
            for j in range(first, end):
                here = offset[j]
                line[3 * j], line[3 * j + 1], line[3 * j + 2] = source[here], source[here + 1], source[here + 2]
        else:
            for j in range(first, end):
                for k in range(channels):
                    line[j * channels + k] = source[offset[j] + k]


@njit(fastmath=_FAST, inline="always", **_OPTIONS)
def _cubic(t: float, a: float) -> float:
    t = abs(t)
    if t <= 1.0:
        return ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0
    if t < 2.0:
        return a * (((t - 5.0) * t + 8.0) * t - 4.0)
    return 0.0


@njit(**_OPTIONS)
def _fold_index(i: int, last: int, mode: int) -> int:
    """A neighbour's index, folded back into the picture; -1 where a constant is meant."""
    if 0 <= i <= last:
        return i
    if mode == REFLECT:
        period = 2 * (last + 1)
        i %= period
        return min(i, period - 1 - i)
    if mode == WRAP and last > 0:
        return i % last
    if mode == GRID_WRAP:
        return i % (last + 1)
    return min(max(i, 0), last)


@njit(**_OPTIONS)
def warp_cubic(source: Any, matrix: Any, out: Any, mode: int, fill: float, edge: float, a: float, room: Any) -> None:
    """Bicubic convolution of parameter `a` (Keys 1981) over 4 x 4 neighbours; arguments as `warp_nearest`."""
    height, width, channels = source.shape
    rows, columns = out.shape[0], out.shape[1]
    last_x, last_y = float(width - 1), float(height - 1)
    indices, xs, ys = room[0, :columns], room[1, :columns], room[2, :columns]
    across, place = np.empty(4), np.empty(4, np.int64)
    for j in range(columns):
        indices[j] = float(j)
    for i in range(rows):
        _locate(matrix, i, indices, xs, ys)
        first, end = 0, columns
        if mode == CONSTANT:
            first, end = _find_inside(xs, ys, last_x, last_y, edge)
        else:
            _fold_row(xs, ys, last_x, last_y, mode)
        for j in range(columns):
            for k in range(channels):
                out[i, j, k] = fill if (j < first or j >= end) else np.float32(0)
            if j < first or j >= end:
                continue
            ix, iy = int(np.floor(xs[j])), int(np.floor(ys[j]))
            for n in range(4):
                across[n] = _cubic(xs[j] - (ix + n - 1), a)
                place[n] = _fold_index(ix + n - 1, width - 1, mode)
            for m in range(4):
                y, along = _fold_index(iy + m - 1, height - 1, mode), _cubic(ys[j] - (iy + m - 1), a)
                for n in range(4):
                    weight = np.float32(along * across[n])
                    for k in range(channels):
                        out[i, j, k] += weight * np.float32(source[y, place[n], k])


@njit(fastmath={"contract"}, **_OPTIONS)
def shrink(source: Any, rows: Any, along: Any, columns: Any, across: Any, fill: float, out: Any) -> None:
    """Weighted means of `source` (h, w, c), first down the columns, then along the rows, into `out` float32.

    Output row i takes source rows from `rows[i]` on with the weights `along[i]`, and so for columns; -1 means `fill`.
    """
    height, width, channels = source.shape
    flat, line = source.reshape(height, width * channels), np.empty(width * channels, np.float32)
    for i in range(len(rows)):
        if rows[i] < 0:
            out[i] = fill
            continue
        line[:] = np.float32(0)
        for m in range(min(along.shape[1], height - rows[i])):
            weight, row = along[i, m], flat[rows[i] + m]
            for k in range(line.size):
                line[k] += weight * np.float32(row[k])
        for j in range(len(columns)):
            first = columns[j]
            for k in range(channels):
                total = np.float32(0)
                for n in range(min(across.shape[1], width - first) if first >= 0 else 0):
                    total += across[j, n] * line[(first + n) * channels + k]
                out[i, j, k] = total if first >= 0 else fill


@njit(**_OPTIONS)
def copy_flat(source: Any, flat: Any) -> None:
    """Copy (h, w, c) of any dtype and strides to the front of a flat float32 array."""
    height, width, channels = source.shape
    row = width * channels
    for i in range(height):
        line = flat[i * row : (i + 1) * row].reshape(width, channels)
        for j in range(width):
            for k in range(channels):
                line[j, k] = np.float32(source[i, j, k])


@njit(**_OPTIONS)
def copy_contiguous(source: Any, flat: Any) -> None:
    """Copy a flat array of any dtype to the front of a flat float32 array."""
    for k in range(source.size):
        flat[k] = np.float32(source[k])
