"""Recurrences over time as operations of TensorFlow: the compiled loops with their gradients, on all processors.

A batch's sequences know nothing of each other, so each thread takes some of them through all steps. While a loop
runs, BLAS keeps to one thread, since its own would be asked to share each of many small products.
One computer with one number of threads gives the same bits each time.
"""

from __future__ import annotations

import functools
import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.models import recurrent_kernels as kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ALIGNMENT = 64  # bytes
LEAST_ROWS = 32  # of a batch at once, where BLAS packs the kernel for each product
SMALL_PRODUCT = 10**6  # m n k up to which OpenBLAS multiplies without packing, and best in eights of rows,
SMALL_KERNELS = ("SkylakeX", "Cooperlake", "SapphireRapids")  # on these processors, by its names
LIMITS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
_ONE_AT_A_TIME = threading.Lock()  # what BLAS is limited to is the process's


def lstm_scan(x: Any, kernel: Any, h0: Any, c0: Any, drop: Any, mask: Any) -> tuple[Any, Any]:
    """The outputs (b, t, u) of an LSTM and its carry after the last step (b, u).

    Args:
        x: (b, t, 4 u), the inputs' products with their kernel, biases added, in the order i f c o.
        kernel: (u, 4 u), the recurrent one.
        h0: (b, u), the state before the first step.
        c0: (b, u), the carry before it.
        drop: (b, 4, u), what each gate multiplies the state with; (b, 0, u) for nothing.
        mask: (b, t) bool, False where the state is held; (b, 0) for nowhere.
    """
    import tensorflow as tf

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def scan(x: Any, kernel: Any, h0: Any, c0: Any) -> Any:
        hs, cs, gates = _call(_lstm_forward, [x, kernel, h0, c0, drop, mask], _like(x, h0, [1, 1, 4]))

        def gradient(dhs: Any, dc: Any) -> Any:
            seen = [gates, cs, c0, tf.transpose(kernel), drop, mask, dhs, dc]
            dx, dh, dc = _call(_lstm_backward, seen, [x.shape, h0.shape, c0.shape])
            return dx, _kernel_gradient(h0, hs, dx, drop), dh, dc

        return (hs, cs[:, -1]), gradient

    outputs, carry = scan(x, kernel, h0, c0)
    return outputs, carry


def gru_scan(x: Any, kernel: Any, bias: Any, h0: Any, drop: Any, mask: Any) -> Any:
    """The outputs (b, t, u) of a GRU that resets after the product.

    Args:
        x: (b, t, 3 u), in the order z r h, with all biases but one.
        kernel: (u, 3 u), the recurrent one.
        bias: (u,), that of the state's product in the candidate, which the reset gate multiplies as well.
        h0: (b, u).
        drop: (b, 3, u) or (b, 0, u), as in `lstm_scan`.
        mask: as in `lstm_scan`.
    """
    import tensorflow as tf

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def scan(x: Any, kernel: Any, bias: Any, h0: Any) -> Any:
        hs, gates = _call(_gru_forward, [x, kernel, bias, h0, drop, mask], _like(x, h0, [1, 4]))

        def gradient(dhs: Any) -> Any:
            seen = [gates, hs, h0, tf.transpose(kernel), drop, mask, dhs]
            dx, ds, dh = _call(_gru_backward, seen, [x.shape, x.shape, h0.shape])
            each = tf.raw_ops.BiasAddGrad(out_backprop=ds)  # much faster than `reduce_sum`
            return dx, _kernel_gradient(h0, hs, ds, drop), each[2 * kernel.shape[0] :], dh

        return hs, gradient

    return scan(x, kernel, bias, h0)


def rnn_scan(x: Any, kernel: Any, h0: Any, drop: Any, mask: Any) -> Any:
    """The outputs (b, t, u) of a plain recurrent layer, tanh(x + h kernel); shapes as in `lstm_scan`, with one gate."""
    import tensorflow as tf

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def scan(x: Any, kernel: Any, h0: Any) -> Any:
        (hs,) = _call(_rnn_forward, [x, kernel, h0, drop, mask], _like(x, h0, [1]))

        def gradient(dhs: Any) -> Any:
            dx, dh = _call(_rnn_backward, [hs, tf.transpose(kernel), drop, mask, dhs], [x.shape, h0.shape])
            return dx, _kernel_gradient(h0, hs, dx, drop), dh

        return hs, gradient

    return scan(x, kernel, h0)


def mingru_scan(x: Any, h0: Any, mask: Any) -> Any:
    """The outputs (b, t, u) of a minGRU (arXiv 2410.01201) from x (b, t, 2 u), in the order z h, and h0 (b, u)."""
    import tensorflow as tf

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def scan(x: Any, h0: Any) -> Any:
        (hs,) = _call(_mingru_forward, [x, h0, mask], _like(x, h0, [1]))
        return hs, lambda dhs: _call(_mingru_backward, [x, hs, h0, mask, dhs], [x.shape, h0.shape])

    return scan(x, h0)


def _call(function: Callable[..., Any], inputs: list[Any], shapes: list[Any]) -> list[Any]:
    """Arrays of these shapes from a function of NumPy's."""
    import tensorflow as tf

    # "Stateful" it would be kept where nothing needs it, such as in inference.
    outputs = tf.numpy_function(function, inputs, [tf.float32] * len(shapes), stateful=False)
    outputs = outputs if isinstance(outputs, list) else [outputs]  # as it comes outside of a graph
    return [tf.ensure_shape(output, shape) for output, shape in zip(outputs, shapes, strict=True)]


def _like(x: Any, h0: Any, gates: list[int]) -> list[Any]:
    return [(*x.shape[:2], many * h0.shape[1]) for many in gates]


def _kernel_gradient(h0: Any, hs: Any, d: Any, drop: Any) -> Any:
    """The gradient by the recurrent kernel: over all steps, the state before one times the gradient by its gates."""
    import tensorflow as tf

    units, gates = hs.shape[2], drop.shape[1]
    before = tf.concat([h0[:, None], hs[:, :-1]], 1)
    if not gates:
        return _over_steps(before, d)
    parts = tf.split(d, gates, axis=2)
    seen = [before * mask for mask in tf.split(tf.reshape(drop, (-1, 1, gates * units)), gates, axis=2)]
    return tf.concat([_over_steps(*pair) for pair in zip(seen, parts, strict=True)], 1)


def _over_steps(a: Any, b: Any) -> Any:
    """The sum over batch and steps of the outer products of a (b, t, m) and b (b, t, n)."""
    import tensorflow as tf

    return tf.matmul(tf.reshape(a, (-1, a.shape[2])), tf.reshape(b, (-1, b.shape[2])), transpose_a=True)


def _lstm_forward(
    x: np.ndarray, kernel: np.ndarray, h0: np.ndarray, c0: np.ndarray, drop: np.ndarray, mask: np.ndarray
) -> list[np.ndarray]:
    hs, cs, gates = _room(x, h0, (1, 1, 4))

    def work(r: slice) -> None:
        kernels.lstm_forward(x[r], kernel, h0[r], c0[r], drop[r], mask[r], gates[r], hs[r], cs[r])

    _share(work, len(x), kernel.size)
    return [hs, cs, gates]


def _lstm_backward(
    gates: np.ndarray,
    cs: np.ndarray,
    c0: np.ndarray,
    turned: np.ndarray,
    drop: np.ndarray,
    mask: np.ndarray,
    dhs: np.ndarray,
    last: np.ndarray,
) -> list[np.ndarray]:
    (dx,), dh, dc = _room(gates, c0, (4,)), np.zeros_like(c0), last.copy()

    def work(r: slice) -> None:
        kernels.lstm_backward(gates[r], cs[r], c0[r], turned, drop[r], mask[r], dhs[r], dx[r], dh[r], dc[r])

    _share(work, len(dx), turned.size)
    return [dx, dh, dc]


def _gru_forward(
    x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, h0: np.ndarray, drop: np.ndarray, mask: np.ndarray
) -> list[np.ndarray]:
    hs, gates = _room(x, h0, (1, 4))

    def work(r: slice) -> None:
        kernels.gru_forward(x[r], kernel, bias, h0[r], drop[r], mask[r], gates[r], hs[r])

    _share(work, len(x), kernel.size)
    return [hs, gates]


def _gru_backward(
    gates: np.ndarray,
    hs: np.ndarray,
    h0: np.ndarray,
    turned: np.ndarray,
    drop: np.ndarray,
    mask: np.ndarray,
    dhs: np.ndarray,
) -> list[np.ndarray]:
    (dx, ds), dh = _room(hs, h0, (3, 3)), np.zeros_like(h0)

    def work(r: slice) -> None:
        kernels.gru_backward(gates[r], hs[r], h0[r], turned, drop[r], mask[r], dhs[r], dx[r], ds[r], dh[r])

    _share(work, len(dx), turned.size)
    return [dx, ds, dh]


def _rnn_forward(
    x: np.ndarray, kernel: np.ndarray, h0: np.ndarray, drop: np.ndarray, mask: np.ndarray
) -> list[np.ndarray]:
    (hs,) = _room(x, h0, (1,))
    _share(lambda r: kernels.rnn_forward(x[r], kernel, h0[r], drop[r], mask[r], hs[r]), len(x), kernel.size)
    return [hs]


def _rnn_backward(
    hs: np.ndarray, turned: np.ndarray, drop: np.ndarray, mask: np.ndarray, dhs: np.ndarray
) -> list[np.ndarray]:
    dx, dh = _aligned(hs.shape), np.zeros((len(hs), hs.shape[2]), np.float32)
    _share(lambda r: kernels.rnn_backward(hs[r], turned, drop[r], mask[r], dhs[r], dx[r], dh[r]), len(hs), turned.size)
    return [dx, dh]


def _mingru_forward(x: np.ndarray, h0: np.ndarray, mask: np.ndarray) -> list[np.ndarray]:
    (hs,) = _room(x, h0, (1,))
    _share(lambda r: kernels.mingru_forward(x[r], h0[r], mask[r], hs[r]), len(x))
    return [hs]


def _mingru_backward(
    x: np.ndarray, hs: np.ndarray, h0: np.ndarray, mask: np.ndarray, dhs: np.ndarray
) -> list[np.ndarray]:
    (dx,), dh = _room(x, h0, (2,)), np.zeros_like(h0)
    _share(lambda r: kernels.mingru_backward(x[r], hs[r], h0[r], mask[r], dhs[r], dx[r], dh[r]), len(x))
    return [dx, dh]


def _room(x: np.ndarray, h0: np.ndarray, gates: Sequence[int]) -> list[np.ndarray]:
    """Arrays for results, as many states wide as `gates` says."""
    return [_aligned((*x.shape[:2], many * h0.shape[1])) for many in gates]


def _aligned(shape: tuple[int, ...]) -> np.ndarray:
    """An array that begins where TensorFlow takes it over without a copy."""
    size = math.prod(shape)
    room = np.empty(size + ALIGNMENT // 4, np.float32)
    first = -room.ctypes.data % ALIGNMENT // 4
    return room[first : first + size].reshape(shape)


def _share(work: Callable[[slice], None], rows: int, product: int = 0) -> None:
    """Do `work` on all rows of a batch, some at a time; `product` is how many numbers the recurrent kernel has."""
    with _ONE_AT_A_TIME, _blas().limit(limits=1):
        each = _rows_at_once(rows, product)
        parts = [slice(first, first + each) for first in range(0, rows, each)]
        if threads() > 1 and len(parts) > 1:
            list(_pool(threads()).map(work, parts))
        else:
            for part in parts:
                work(part)


def _rows_at_once(rows: int, product: int) -> int:
    """How many rows BLAS multiplies best: few without packing where it can, else as many as the threads leave."""
    few = SMALL_PRODUCT // product // 8 * 8 if product else 0
    if few and any(library.get("architecture") in SMALL_KERNELS for library in _blas().info()):
        return few
    return max(LEAST_ROWS, -(-rows // threads()))


@functools.cache
def threads() -> int:
    """How many threads a loop may use: what the environment or TensorFlow was told, or as many as there are cores."""
    import tensorflow as tf

    told = [int(value) for name in LIMITS if (value := os.environ.get(name, "")).isdigit()]
    told.append(tf.config.threading.get_intra_op_parallelism_threads())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([cores, *(number for number in told if number > 0)])


@functools.cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="boda-scan")


@functools.cache
def _blas() -> Any:
    """What sets the threads of the BLAS that Numba calls, which is SciPy's."""
    import scipy.linalg  # noqa: F401 - it must be loaded to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")
