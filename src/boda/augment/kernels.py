"""The loops over pixels, compiled by Numba when they are first used and kept in its cache between processes.

A resampling goes row by row of the output: the source coordinates of a row are computed and folded back into the
picture as the fill mode says (this vectorises), then each pixel is interpolated from its four neighbours. A pixel's
channels are one vector of the processor: `_lerp_row` writes that loop in LLVM's own terms, since no compiler finds it
by itself (three channels are read and written as four lanes, of which the last is overwritten by the next pixel).

Everything here trusts its caller: sizes, modes and room are checked in `warp.py` and `tone.py`.
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


@njit(fastmath={"contract"}, **_OPTIONS)
def classic_colour(
    image: Any,
    lo: float,
    hi: float,
    shift: float,
    has_shift: bool,
    brightness: float,
    has_brightness: bool,
    scale: float,
) -> None:
    """Keras's channel shift, brightness and rescaling of flat float32 pixels, in place.

    shifted = clip(x + shift, lo, hi); brightened = trunc(min(brightness * trunc(shifted), 255)), as Pillow blends
    with black after the cast to uint8; out = scale * brightened. Brightness wants values within 0 to 255.
    """
    full, one = np.float32(255.0), np.float32(1.0)
    low, high, added = np.float32(lo), np.float32(hi), np.float32(shift)
    factor, gain = np.float32(brightness), np.float32(scale)
    if has_shift and has_brightness:
        for k in range(image.size):
            x = image[k] + added
            x = x if x > low else low
            x = x if x < high else high
            x = np.float32(np.int32(x)) * factor
            x = x if x < full else full
            image[k] = np.float32(np.int32(x)) * gain
    elif has_brightness:
        for k in range(image.size):
            x = np.float32(np.int32(image[k])) * factor
            x = x if x < full else full
            image[k] = np.float32(np.int32(x)) * gain
    elif has_shift:
        for k in range(image.size):
            x = image[k] + added
            x = x if x > low else low
            image[k] = (x if x < high else high) * gain
    elif gain != one:
        for k in range(image.size):
            image[k] *= gain


ELLIPSE_VERTICES = 128


@njit(**_OPTIONS)
def _outline(box: Any, ellipse: bool, points: Any) -> int:
    """Write a box's corners, or its inscribed ellipse as a polygon, into `points` (m, 2); how many were written."""
    x0, y0, x1, y1 = box[0], box[1], box[2], box[3]
    if not ellipse:
        points[0, 0], points[0, 1] = x0, y0
        points[1, 0], points[1, 1] = x1, y0
        points[2, 0], points[2, 1] = x1, y1
        points[3, 0], points[3, 1] = x0, y1
        return 4
    for k in range(ELLIPSE_VERTICES):
        angle = 2.0 * np.pi * k / ELLIPSE_VERTICES
        points[k, 0] = 0.5 * (x0 + x1) + 0.5 * (x1 - x0) * np.cos(angle)
        points[k, 1] = 0.5 * (y0 + y1) + 0.5 * (y1 - y0) * np.sin(angle)
    return ELLIPSE_VERTICES


HORIZON = 1e-6  # the least w = g x + h y + i of a point before a perspective's horizon


@njit(**_OPTIONS)
def _cut_at_horizon(points: Any, n: int, matrix: Any, cut: Any) -> int:
    """Keep the part that a perspective can show, in place by way of `cut`; how many points."""
    m = 0
    for k in range(n):
        p, q = points[k], points[(k + 1) % n]
        before_p = matrix[2, 0] * p[0] + matrix[2, 1] * p[1] + matrix[2, 2] - HORIZON
        before_q = matrix[2, 0] * q[0] + matrix[2, 1] * q[1] + matrix[2, 2] - HORIZON
        if before_p >= 0.0:
            cut[m, 0], cut[m, 1] = p[0], p[1]
            m += 1
        if before_p * before_q < 0.0:
            t = before_p / (before_p - before_q)
            cut[m, 0] = p[0] + t * (q[0] - p[0])
            cut[m, 1] = p[1] + t * (q[1] - p[1])
            m += 1
    points[:m] = cut[:m]
    return m


@njit(**_OPTIONS)
def _move_polygon(points: Any, n: int, matrix: Any, other: Any) -> int:
    """Move `n` points in place; how many there are, what lies behind a perspective's horizon being cut off."""
    if matrix[2, 0] != 0.0 or matrix[2, 1] != 0.0:
        n = _cut_at_horizon(points, n, matrix, other)
    for k in range(n):
        x, y = points[k, 0], points[k, 1]
        w = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
        points[k, 0] = (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / w
        points[k, 1] = (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / w
    return n


@njit(**_OPTIONS)
def _cut_polygon(points: Any, n: int, axis: int, limit: float, sign: float, cut: Any) -> int:
    """Keep the part where sign * (limit - p[axis]) >= 0 (Sutherland and Hodgman 1974); into `cut`, how many points."""
    m = 0
    for k in range(n):
        p, q = points[k], points[(k + 1) % n]
        inside_p = sign * (limit - p[axis])
        inside_q = sign * (limit - q[axis])
        if inside_p >= 0.0:
            cut[m, 0], cut[m, 1] = p[0], p[1]
            m += 1
        if inside_p * inside_q < 0.0:
            t = inside_p / (inside_p - inside_q)
            cut[m, 0] = p[0] + t * (q[0] - p[0])
            cut[m, 1] = p[1] + t * (q[1] - p[1])
            m += 1
    return m


@njit(**_OPTIONS)
def _clip_polygon(points: Any, n: int, width: float, height: float, other: Any) -> int:
    n = _cut_polygon(points, n, 0, 0.0, -1.0, other)
    n = _cut_polygon(other, n, 0, width, 1.0, points)
    n = _cut_polygon(points, n, 1, 0.0, -1.0, other)
    return _cut_polygon(other, n, 1, height, 1.0, points)


@njit(**_OPTIONS)
def _area(points: Any, n: int) -> float:
    """The shoelace formula."""
    twice = 0.0
    for k in range(n):
        m = (k + 1) % n
        twice += points[k, 0] * points[m, 1] - points[m, 0] * points[k, 1]
    return abs(twice) / 2.0


@njit(**_OPTIONS)
def follow_boxes(boxes: Any, matrices: Any, sizes: Any, ellipse: bool, out: Any, visible: Any) -> None:
    """Boxes (n, 4) through `matrices` (g, 3, 3), clipped to `sizes` (g, 2) of (h, w) in turn.

    `out` (n, 4) becomes the boxes of what is left, `visible` (n,) its share of the whole moved area; where nothing is
    left, both are 0. A box without area counts as visible wholly or not at all.
    """
    room = ELLIPSE_VERTICES + 5 * len(matrices) + 5
    clipped, whole, other = np.empty((room, 2)), np.empty((room, 2)), np.empty((room, 2))
    for i in range(len(boxes)):
        n = _outline(boxes[i], ellipse, clipped)
        m = _outline(boxes[i], ellipse, whole)
        out[i] = 0.0
        visible[i] = 0.0
        for g in range(len(matrices)):
            n = _move_polygon(clipped, n, matrices[g], other)
            m = _move_polygon(whole, m, matrices[g], other)
            n = _clip_polygon(clipped, n, sizes[g, 1], sizes[g, 0], other)
            if n == 0:
                break
        if n == 0:
            continue
        out[i, 0], out[i, 1] = clipped[0, 0], clipped[0, 1]
        out[i, 2], out[i, 3] = clipped[0, 0], clipped[0, 1]
        for k in range(1, n):
            out[i, 0], out[i, 1] = min(out[i, 0], clipped[k, 0]), min(out[i, 1], clipped[k, 1])
            out[i, 2], out[i, 3] = max(out[i, 2], clipped[k, 0]), max(out[i, 3], clipped[k, 1])
        area = _area(whole, m)
        visible[i] = _area(clipped, n) / area if area > 1e-9 else 1.0


LINEAR, GREY, HUE, SATURATION, POSTERIZE, SOLARIZE, CHANNELS, CONTRAST, STRETCH, SHIFT, SAMPLEWISE = range(11)
BLOCK = 4096  # pixels that stay in the processor's cache while all operations are applied to them
STRIP = 512  # pixels whose three colours are laid apart, since a loop over every third value does not vectorise
PERIOD = 128  # pixels for which a number for each channel is repeated, for the same reason


@njit(fastmath=_FAST, inline="always", **_OPTIONS)
def _within(x: float, low: float, high: float) -> float:
    x = x if x > low else low
    return x if x < high else high


@njit(fastmath=_FAST, **_OPTIONS)
def _linear(values: Any, gain: float, offset: float, low: float, high: float) -> None:
    for k in range(values.size):
        values[k] = _within(values[k] * gain + offset, low, high)


@njit(fastmath=_FAST, inline="always", **_OPTIONS)
def _most(a: float, b: float, c: float) -> float:
    a = a if a > b else b
    return a if a > c else c


@njit(fastmath=_FAST, inline="always", **_OPTIONS)
def _lay_each(values: Any, channels: Any, red: Any, green: Any, blue: Any) -> None:
    for p in range(red.size):
        k = channels * np.uint64(p)
        red[p], green[p], blue[p] = values[k], values[k + np.uint64(1)], values[k + np.uint64(2)]


@njit(fastmath=_FAST, **_OPTIONS)
def _lay_apart(values: Any, channels: int, red: Any, green: Any, blue: Any) -> None:
    """The first three channels; indices are unsigned, so that nothing asks whether they are below 0."""
    if channels == 3:
        _lay_each(values, np.uint64(3), red, green, blue)
    else:
        _lay_each(values, np.uint64(channels), red, green, blue)


@njit(fastmath=_FAST, inline="always", **_OPTIONS)
def _put_each(values: Any, channels: Any, red: Any, green: Any, blue: Any) -> None:
    for p in range(red.size):
        k = channels * np.uint64(p)
        values[k], values[k + np.uint64(1)], values[k + np.uint64(2)] = red[p], green[p], blue[p]


@njit(fastmath=_FAST, **_OPTIONS)
def _put_back(values: Any, channels: int, red: Any, green: Any, blue: Any) -> None:
    if channels == 3:
        _put_each(values, np.uint64(3), red, green, blue)
    else:
        _put_each(values, np.uint64(channels), red, green, blue)


@njit(fastmath=_FAST, **_OPTIONS)
def _grey(red: Any, green: Any, blue: Any, share: float, low: float, high: float) -> None:
    """Go the way to grey, ITU-R BT.601's luma, by `share`."""
    for p in range(red.size):
        r, g, b = red[p], green[p], blue[p]
        luma = np.float32(0.2989) * r + np.float32(0.587) * g + np.float32(0.114) * b
        red[p] = _within(r + share * (luma - r), low, high)
        green[p] = _within(g + share * (luma - g), low, high)
        blue[p] = _within(b + share * (luma - b), low, high)


@njit(fastmath=_FAST, inline="always", **_OPTIONS)
def _from_hue(n: float, h: float, v: float, delta: float) -> float:
    """One channel of HSV to RGB: v - delta max(0, min(k, 4 - k, 1)), k = (n + h) mod 6, of n + h from -6 to 18."""
    six = np.float32(6.0)
    k: Any = n + h
    k = k - six if k >= six else k
    k = k - six if k >= six else k
    k = k + six if k < np.float32(0.0) else k
    m = k if k < np.float32(4.0) - k else np.float32(4.0) - k
    return v - delta * _within(m, np.float32(0.0), np.float32(1.0))


@njit(fastmath=_FAST, **_OPTIONS)
def _hue(red: Any, green: Any, blue: Any, turn: float, low: float) -> None:
    """Turn the hue by `turn` sixths of a circle; saturation and value stay. `low` is the value of black."""
    for p in range(red.size):
        r, g, b = red[p] - low, green[p] - low, blue[p] - low
        v = _most(r, g, b)
        delta = v + _most(-r, -g, -b)
        inverse = np.float32(1.0) / (delta if delta > np.float32(0.0) else np.float32(1.0))
        h = (r - g) * inverse + np.float32(4.0)
        h = (b - r) * inverse + np.float32(2.0) if v == g else h
        h = (g - b) * inverse if v == r else h
        h += turn
        red[p] = low + _from_hue(np.float32(5.0), h, v, delta)
        green[p] = low + _from_hue(np.float32(3.0), h, v, delta)
        blue[p] = low + _from_hue(np.float32(1.0), h, v, delta)


@njit(fastmath=_FAST, **_OPTIONS)
def _saturation(red: Any, green: Any, blue: Any, gain: float, low: float) -> None:
    """Multiply the saturation s by `gain`, to at most 1: x -> v - (v - x) s' / s."""
    for p in range(red.size):
        r, g, b = red[p] - low, green[p] - low, blue[p] - low
        v = _most(r, g, b)
        delta = v + _most(-r, -g, -b)
        most = v / (delta if delta > np.float32(0.0) else np.float32(1.0))
        ratio = gain if gain < most else most
        red[p] = low + v - (v - r) * ratio
        green[p] = low + v - (v - g) * ratio
        blue[p] = low + v - (v - b) * ratio


@njit(**_OPTIONS)
def _by_colours(values: Any, channels: int, row: Any) -> None:
    """Operations on the first three channels together; a fourth, alpha, stays."""
    code, n, planes = int(row[0]), values.size // channels, np.empty((3, STRIP), np.float32)
    for start in range(0, n, STRIP):
        end = min(start + STRIP, n)
        part = values[start * channels : end * channels]
        red, green, blue = planes[0, : end - start], planes[1, : end - start], planes[2, : end - start]
        _lay_apart(part, channels, red, green, blue)
        if code == GREY:
            _grey(red, green, blue, row[1], row[2], row[3])
        elif code == HUE:
            _hue(red, green, blue, row[1], row[2])
        else:
            _saturation(red, green, blue, row[1], row[2])
        _put_back(part, channels, red, green, blue)


@njit(fastmath=_FAST, **_OPTIONS)
def _posterize(values: Any, step: float, low: float, high: float) -> None:
    """Whole levels of 255 rounded down to multiples of `step`."""
    up, down = np.float32(255.0) / (high - low), (high - low) / np.float32(255.0)
    for k in range(values.size):
        level = np.floor(_within((values[k] - low) * up, np.float32(0.0), np.float32(255.0)))
        values[k] = low + down * (step * np.floor(level / step))


@njit(fastmath=_FAST, **_OPTIONS)
def _solarize(values: Any, added: float, threshold: float, low: float, high: float) -> None:
    """Levels of 255: x + `added`, and inverted from `threshold` on."""
    full = np.float32(255.0)
    up, down = full / (high - low), (high - low) / full
    for k in range(values.size):
        level = _within((values[k] - low) * up + added, np.float32(0.0), full)
        values[k] = low + down * (level if level < threshold else full - level)


@njit(fastmath=_FAST, **_OPTIONS)
def _scale_each(values: Any, gains: Any, offsets: Any, low: float, high: float) -> None:
    for k in range(values.size):
        values[k] = _within(values[k] * gains[k] + offsets[k], low, high)


@njit(**_OPTIONS)
def _each_channel(values: Any, channels: int, gains: Any, offsets: Any, low: float, high: float) -> None:
    wide = np.empty((2, PERIOD * channels), np.float32)
    for p in range(PERIOD):
        for c in range(channels):
            wide[0, p * channels + c], wide[1, p * channels + c] = gains[c], offsets[c]
    for start in range(0, values.size, PERIOD * channels):
        part = values[start : min(start + PERIOD * channels, values.size)]
        _scale_each(part, wide[0], wide[1], low, high)


@njit(fastmath=_FAST, **_OPTIONS)
def _add_to(values: Any, sums: Any) -> None:
    for k in range(values.size):
        sums[k] += values[k]


@njit(**_OPTIONS)
def _sums(values: Any, channels: int, sums: Any) -> None:
    """The sum of each channel; float32 over 64 pixels at a time, float64 over the rest."""
    width = PERIOD * channels
    wide = np.empty(width, np.float32)
    for first in range(0, values.size, 64 * width):
        wide[:] = np.float32(0.0)
        for start in range(first, min(first + 64 * width, values.size), width):
            _add_to(values[start : min(start + width, values.size)], wide)
        for p in range(PERIOD):
            for c in range(channels):
                sums[c] += wide[p * channels + c]


@njit(fastmath=True, **_OPTIONS)
def _squares(values: Any, mean: float) -> float:
    """The sum of (x - mean)^2; float32 within a block, float64 over the blocks."""
    total = 0.0
    for start in range(0, values.size, 1024):
        one: Any = np.float32(0.0)
        part = values[start : min(start + 1024, values.size)]
        for k in range(part.size):
            one += (part[k] - mean) * (part[k] - mean)
        total += one
    return total


@njit(fastmath=True, **_OPTIONS)
def _range(values: Any) -> tuple[float, float]:
    low, high = values[0], values[0]
    for x in values:
        low = x if x < low else low
        high = x if x > high else high
    return low, high


@njit(**_OPTIONS)
def _channel_ranges(values: Any, channels: int, least: Any, most: Any) -> None:
    """The least and the greatest value of each channel."""
    n, strip = values.size // channels, np.empty(STRIP, np.float32)
    least[:], most[:] = values[:channels], values[:channels]
    for start in range(0, n, STRIP):
        end = min(start + STRIP, n)
        for c in range(channels):
            strip[: end - start] = values[start * channels : end * channels].reshape(end - start, channels)[:, c]
            low, high = _range(strip[: end - start])
            least[c], most[c] = min(least[c], low), max(most[c], high)


@njit(**_OPTIONS)
def _by_statistics(values: Any, channels: int, row: Any) -> None:
    """Operations that ask about the whole picture first."""
    code, n = int(row[0]), values.size // channels
    gains, offsets = np.ones(channels, np.float32), np.zeros(channels, np.float32)
    low, high = row[2], row[3]
    if code == CONTRAST:
        sums = np.zeros(channels)
        _sums(values, channels, sums)
        for c in range(channels):
            gains[c] = row[1]
            offsets[c] = (1.0 - row[1]) * sums[c] / n
    elif code == STRETCH:
        least, most = np.empty(channels, np.float32), np.empty(channels, np.float32)
        _channel_ranges(values, channels, least, most)
        for c in range(channels):
            if most[c] > least[c]:
                gains[c] = (high - low) / (most[c] - least[c])
                offsets[c] = low - least[c] * gains[c]
    elif code == SHIFT:
        low, high = _range(values)
        _linear(values, np.float32(1.0), row[1], low, high)
        return
    else:
        sums = np.zeros(1)
        _sums(values, 1, sums)
        mean = sums[0] / values.size
        if row[1] > 0:
            gains[:] = 1.0 / (np.sqrt(_squares(values, np.float32(mean)) / values.size) + 1e-6)
        offsets[:] = -mean * gains[0]
    _each_channel(values, channels, gains, offsets, low, high)


@njit(**_OPTIONS)
def _by_pixel(values: Any, channels: int, row: Any) -> None:
    code = int(row[0])
    if code == LINEAR:
        _linear(values, row[1], row[2], row[3], row[4])
    elif code in (GREY, HUE, SATURATION) and channels >= 3:
        _by_colours(values, channels, row)
    elif code == POSTERIZE:
        _posterize(values, row[1], row[2], row[3])
    elif code == SOLARIZE:
        _solarize(values, row[1], row[2], row[3], row[4])
    elif code == CHANNELS:
        _each_channel(values, channels, row[1:5], row[5:9], row[9], row[10])


@njit(**_OPTIONS)
def tone(values: Any, channels: int, operations: Any) -> None:
    """Apply `operations` (k, 16), of the kinds of `tone.py`, to flat float32 pixels in place.

    Operations on pixels run block by block; one that asks about the whole picture waits until those before it are
    done everywhere.
    """
    block, first = BLOCK * channels, 0
    while first < len(operations):
        end = first
        while end < len(operations) and operations[end, 0] < CONTRAST:
            end += 1
        for start in range(0, values.size, block):
            for k in range(first, end):
                _by_pixel(values[start : min(start + block, values.size)], channels, operations[k])
        if end < len(operations):
            _by_statistics(values, channels, operations[end])
        first = end + 1


@njit(fastmath=_FAST, **_OPTIONS)
def _scale(row: Any, weight: float, out: Any) -> None:
    for k in range(out.size):
        out[k] = weight * row[k]


@njit(fastmath=_FAST, **_OPTIONS)
def _add_pair(first: Any, second: Any, weight: float, out: Any) -> None:
    for k in range(out.size):
        out[k] += weight * (first[k] + second[k])


@njit(fastmath=_FAST, **_OPTIONS)
def _add_three(first: Any, second: Any, third: Any, out: Any) -> None:
    for k in range(out.size):
        out[k] = first[k] + second[k] + third[k]


@njit(fastmath=_FAST, **_OPTIONS)
def _repeat_ends(padded: Any, channels: int, side: int) -> None:
    """Repeat the first and the last pixel of a row that has room for `side` pixels before and behind it."""
    first, end = side * channels, padded.size - side * channels
    for k in range(first):
        padded[k] = padded[first + k % channels]
        padded[end + k] = padded[end - channels + k % channels]


@njit(fastmath=_FAST, **_OPTIONS)
def blur(pixels: Any, channels: int, across: Any, along: Any) -> None:
    """Weigh the neighbours of each pixel by `across` x `along`, symmetric and of odd length, in `pixels` (h, w c).

    Rows are handed to their loops as arrays: a sum of indices would be asked each time whether it is below 0.
    """
    height, width = pixels.shape
    half_x, half_y = across.size // 2, along.size // 2
    padded = np.empty(width + 2 * half_x * channels, np.float32)
    inner = padded[half_x * channels : half_x * channels + width]
    rows = np.empty((height, width), np.float32)
    for i in range(height):
        _scale(pixels[i], np.float32(1.0), inner)
        _repeat_ends(padded, channels, half_x)
        _scale(inner, across[half_x], rows[i])
        for t in range(half_x):
            left, right = t * channels, (across.size - 1 - t) * channels
            _add_pair(padded[left : left + width], padded[right : right + width], across[t], rows[i])
    for i in range(height):
        _scale(rows[i], along[half_y], pixels[i])
        for t in range(half_y):
            above, below = max(i + t - half_y, 0), min(i - t + half_y, height - 1)
            _add_pair(rows[above], rows[below], along[t], pixels[i])


@njit(fastmath=_FAST, **_OPTIONS)
def _sharpen_row(row: Any, before: Any, here: Any, behind: Any, around: float, low: float, high: float) -> None:
    own = np.float32(1.0) - np.float32(9.0) * around
    for k in range(row.size):
        row[k] = _within(own * row[k] + around * (before[k] + here[k] + behind[k]), low, high)


@njit(fastmath=_FAST, **_OPTIONS)
def sharpen(pixels: Any, channels: int, share: float, low: float, high: float) -> None:
    """Go from each pixel x by `share` to s = (4 x + the sum of the 3 x 3 around it) / 13, in `pixels` (h, w c)."""
    height, width = pixels.shape
    original = np.empty((2, width), np.float32)  # of the row above and of this one, in turn
    padded = np.empty(width + 2 * channels, np.float32)
    sums = padded[channels : channels + width]
    original[0] = pixels[0]
    for i in range(height):
        row = pixels[i]
        _add_three(original[i % 2], row, pixels[min(i + 1, height - 1)], sums)
        _repeat_ends(padded, channels, 1)
        _scale(row, np.float32(1.0), original[(i + 1) % 2])
        _sharpen_row(row, padded[:width], sums, padded[2 * channels :], share / np.float32(13.0), low, high)


@njit(fastmath=_FAST, **_OPTIONS)
def equalize(values: Any, channels: int, bins: int, low: float, high: float) -> None:
    """Each channel's level becomes round(255 (cdf - least) / (n - least)), in place; one of a single level stays."""
    up, down = (bins - 1) / (high - low), (high - low) / np.float32(255.0)
    last, n = np.float32(bins - 1), values.size // channels
    counts = np.zeros((channels, bins), np.int64)
    table = np.empty((channels, bins), np.float32)
    several = np.zeros(channels, np.bool_)
    for k in range(0, values.size, channels):
        for c in range(channels):
            counts[c, np.int32(_within((values[k + c] - low) * up, np.float32(0.0), last))] += 1
    for c in range(channels):
        total, least = 0, 0
        for b in range(bins):
            total += counts[c, b]
            least = total if least == 0 else least
            several[c] = n > least
            table[c, b] = low + down * np.round((total - least) * 255.0 / max(n - least, 1))
    for k in range(0, values.size, channels):
        for c in range(channels):
            if several[c]:
                level = np.int32(_within((values[k + c] - low) * up, np.float32(0.0), last))
                values[k + c] = table[c, level]
