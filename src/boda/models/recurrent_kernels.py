"""The loops over time inside recurrent layers, forwards and back, compiled by Numba when they are first used.

Everything that needs no loop is done outside, as large products of matrices (`scan.py`); what is left for a step is
the product of the state and the recurrent kernel, and the gates. Arrays are batch first, float32 and contiguous:

    x        (b, t, g u)  the inputs' share in each gate, biases added
    kernel   (u, g u)     the recurrent kernel, and `turned` (g u, u) its transpose
    drop     (b, g, u)    what the state is multiplied with before its product, a mask a gate; (b, 0, u) without
    mask     (b, t)       whether a step counts; the state is held where it does not; (b, 0) without
    hs, cs   (b, t, u)    the states after each step

The backward kernels get the loss's gradient by each `hs` and give it by `x` and by the initial states
(back-propagation through time). Gates are in Keras's order.
Numba's cache knows this file's date only, so nothing here may depend on another file of ours. Loops are over whole
rows without branches, which is what lets the compiler use the processor's vectors.
"""

# mypy: disallow-untyped-decorators=False
from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

# Neither "nnan" nor "ninf": a diverged training must show its NaN.
_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "cache": True,
    "error_model": "numpy",
    "fastmath": {"nsz", "arcp", "contract"},
}
F = np.float32
FLAT = F(7.90531110763549805)  # from here on tanh is 1 in float32


@njit(**_OPTIONS)
def _tanh(x: Any) -> Any:
    """Eigen's rational approximation, within 3e-7, which unlike the C library's function vectorises."""
    x = FLAT if x > FLAT else x  # noqa: FURB136 - min() asks about NaN first, and would hide it
    x = -FLAT if x < -FLAT else x  # noqa: FURB136
    s = x * x
    p = s * F(-2.76076847742355e-16) + F(2.00018790482477e-13)
    p = s * p + F(-8.60467152213735e-11)
    p = s * p + F(5.12229709037114e-08)
    p = s * p + F(1.48572235717979e-05)
    p = s * p + F(6.37261928875436e-04)
    p = s * p + F(4.89352455891786e-03)
    q = s * F(1.19825839466702e-06) + F(1.18534705686654e-04)
    q = s * q + F(2.26843463243900e-03)
    q = s * q + F(4.89352518554385e-03)
    return x * p / q


@njit(**_OPTIONS)
def _sigmoid(x: Any) -> Any:
    return F(0.5) * _tanh(F(0.5) * x) + F(0.5)


@njit(**_OPTIONS)
def _sigmoids(x: Any, s: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] = _sigmoid(x[j] + s[j])


@njit(**_OPTIONS)
def _tanhs(x: Any, s: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] = _tanh(x[j] + s[j])


@njit(**_OPTIONS)
def _copy(source: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] = source[j]


@njit(**_OPTIONS)
def _plus(more: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] += more[j]


@njit(**_OPTIONS)
def _times(factor: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] *= factor[j]


@njit(**_OPTIONS)
def _clear(out: Any) -> None:
    for j in range(out.size):
        out[j] = F(0)


@njit(**_OPTIONS)
def _parts(kernel: Any, drop: Any) -> Any:
    """The recurrent kernel gate by gate (g, u, u), for gates that each drop of the state what they like."""
    gates, u = drop.shape[1], kernel.shape[0]
    parts = np.empty((gates, u, u), F)
    for k in range(gates):
        for i in range(u):
            _copy(kernel[i, k * u : (k + 1) * u], parts[k, i])
    return parts


@njit(**_OPTIONS)
def _project(h: Any, kernel: Any, parts: Any, drop: Any, kept: Any, part: Any, out: Any) -> None:
    """Into `out` (b, g u): h (b, u) times the kernel (u, g u); `kept` and `part` (b, u) are room to work in."""
    n, u = h.shape
    if drop.shape[1] == 0:
        np.dot(h, kernel, out)
    for k in range(drop.shape[1]):
        for b in range(n):
            _copy(h[b], kept[b])
            _times(drop[b, k], kept[b])
        np.dot(kept, parts[k], part)
        for b in range(n):
            _copy(part[b], out[b, k * u : (k + 1) * u])


@njit(**_OPTIONS)
def _project_back(d: Any, turned: Any, drop: Any, rest: Any, kept: Any, part: Any, out: Any) -> None:
    """Into `out` (b, u): rest + d (b, g u) times the kernel's transpose."""
    n, u = out.shape
    if drop.shape[1] == 0:
        np.dot(d, turned, out)
        for b in range(n):
            _plus(rest[b], out[b])
        return
    for b in range(n):
        _copy(rest[b], out[b])
    for k in range(drop.shape[1]):
        for b in range(n):
            _copy(d[b, k * u : (k + 1) * u], kept[b])
        np.dot(kept, turned[k * u : (k + 1) * u], part)
        for b in range(n):
            _times(drop[b, k], part[b])
            _plus(part[b], out[b])


@njit(**_OPTIONS)
def _lstm_state(i: Any, f: Any, a: Any, c: Any) -> None:
    for j in range(c.size):
        c[j] = f[j] * c[j] + i[j] * a[j]


@njit(**_OPTIONS)
def _lstm_output(o: Any, c: Any, h: Any) -> None:
    for j in range(h.size):
        h[j] = o[j] * _tanh(c[j])


@njit(**_OPTIONS)
def lstm_forward(x: Any, kernel: Any, h0: Any, c0: Any, drop: Any, mask: Any, gates: Any, hs: Any, cs: Any) -> None:
    """Fill `gates` (b, t, 4 u), order i f c o, `hs` and `cs`."""
    n, steps, u = hs.shape
    h, c, s, parts = h0.copy(), c0.copy(), np.empty((n, 4 * u), F), _parts(kernel, drop)
    kept, part = np.empty((n, u), F), np.empty((n, u), F)
    for t in range(steps):
        _project(h, kernel, parts, drop, kept, part, s)
        for b in range(n):
            if mask.shape[1] == 0 or mask[b, t]:
                xb, sb, y = x[b, t], s[b], gates[b, t]
                _sigmoids(xb[: 2 * u], sb[: 2 * u], y[: 2 * u])
                _tanhs(xb[2 * u : 3 * u], sb[2 * u : 3 * u], y[2 * u : 3 * u])
                _sigmoids(xb[3 * u :], sb[3 * u :], y[3 * u :])
                _lstm_state(y[:u], y[u : 2 * u], y[2 * u : 3 * u], c[b])
                _lstm_output(y[3 * u :], c[b], h[b])
            _copy(h[b], hs[b, t])
            _copy(c[b], cs[b, t])


@njit(**_OPTIONS)
def _lstm_dc(dh: Any, o: Any, c: Any, dc: Any) -> None:
    for j in range(dc.size):
        a = _tanh(c[j])
        dc[j] += dh[j] * o[j] * (F(1) - a * a)


@njit(**_OPTIONS)
def _lstm_do(dh: Any, o: Any, c: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] = dh[j] * _tanh(c[j]) * o[j] * (F(1) - o[j])


@njit(**_OPTIONS)
def _through_sigmoid(d: Any, factor: Any, y: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] = d[j] * factor[j] * y[j] * (F(1) - y[j])


@njit(**_OPTIONS)
def _through_tanh(d: Any, factor: Any, y: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] = d[j] * factor[j] * (F(1) - y[j] * y[j])


@njit(**_OPTIONS)
def lstm_backward(
    gates: Any, cs: Any, c0: Any, turned: Any, drop: Any, mask: Any, dhs: Any, dx: Any, dh: Any, dc: Any
) -> None:
    """Fill `dx` (b, t, 4 u).

    `dh` and `dc` (b, u) come as the gradients after the last step, and go as those before the first.
    """
    n, steps, u = cs.shape
    d, rest, kept, part = np.empty((n, 4 * u), F), np.empty((n, u), F), np.empty((n, u), F), np.empty((n, u), F)
    for t in range(steps - 1, -1, -1):
        for b in range(n):
            _plus(dhs[b, t], dh[b])
            db, dcb = d[b], dc[b]
            if mask.shape[1] == 0 or mask[b, t]:
                y, before = gates[b, t], c0[b] if t == 0 else cs[b, t - 1]
                i, f, a, o = y[:u], y[u : 2 * u], y[2 * u : 3 * u], y[3 * u :]
                _lstm_dc(dh[b], o, cs[b, t], dcb)
                _lstm_do(dh[b], o, cs[b, t], db[3 * u :])
                _through_sigmoid(dcb, a, i, db[:u])
                _through_sigmoid(dcb, before, f, db[u : 2 * u])
                _through_tanh(dcb, i, a, db[2 * u : 3 * u])
                _times(f, dcb)
                _clear(rest[b])
            else:
                _clear(db)
                _copy(dh[b], rest[b])
            _copy(db, dx[b, t])
        _project_back(d, turned, drop, rest, kept, part, dh)


@njit(**_OPTIONS)
def _gru_candidate(x: Any, r: Any, s: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] = _tanh(x[j] + r[j] * s[j])


@njit(**_OPTIONS)
def _gru_state(z: Any, a: Any, h: Any) -> None:
    for j in range(h.size):
        h[j] = a[j] + z[j] * (h[j] - a[j])


@njit(**_OPTIONS)
def gru_forward(x: Any, kernel: Any, bias: Any, h0: Any, drop: Any, mask: Any, gates: Any, hs: Any) -> None:
    """Fill `gates` (b, t, 4 u), order z r h and the product behind r, and `hs`; `bias` (u,) is that product's."""
    n, steps, u = hs.shape
    h, s, parts = h0.copy(), np.empty((n, 3 * u), F), _parts(kernel, drop)
    kept, part = np.empty((n, u), F), np.empty((n, u), F)
    for t in range(steps):
        _project(h, kernel, parts, drop, kept, part, s)
        for b in range(n):
            if mask.shape[1] == 0 or mask[b, t]:
                xb, sb, y = x[b, t], s[b], gates[b, t]
                _plus(bias, sb[2 * u :])
                _sigmoids(xb[: 2 * u], sb[: 2 * u], y[: 2 * u])
                _gru_candidate(xb[2 * u :], y[u : 2 * u], sb[2 * u :], y[2 * u : 3 * u])
                _copy(sb[2 * u :], y[3 * u :])
                _gru_state(y[:u], y[2 * u : 3 * u], h[b])
            _copy(h[b], hs[b, t])


@njit(**_OPTIONS)
def _gru_dz(dh: Any, before: Any, a: Any, z: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] = dh[j] * (before[j] - a[j]) * z[j] * (F(1) - z[j])


@njit(**_OPTIONS)
def _gru_da(dh: Any, z: Any, a: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] = dh[j] * (F(1) - z[j]) * (F(1) - a[j] * a[j])


@njit(**_OPTIONS)
def gru_backward(
    gates: Any, hs: Any, h0: Any, turned: Any, drop: Any, mask: Any, dhs: Any, dx: Any, ds: Any, dh: Any
) -> None:
    """Fill `dx` and `ds` (b, t, 3 u), by the inputs' share and by the state's; `dh` as in `lstm_backward`."""
    n, steps, u = hs.shape
    d, rest, kept, part = np.empty((n, 3 * u), F), np.empty((n, u), F), np.empty((n, u), F), np.empty((n, u), F)
    for t in range(steps - 1, -1, -1):
        for b in range(n):
            _plus(dhs[b, t], dh[b])
            _copy(dh[b], rest[b])
            db, dxb = d[b], dx[b, t]
            if mask.shape[1] == 0 or mask[b, t]:
                y, before = gates[b, t], h0[b] if t == 0 else hs[b, t - 1]
                z, r, a, s = y[:u], y[u : 2 * u], y[2 * u : 3 * u], y[3 * u :]
                _gru_da(dh[b], z, a, db[2 * u :])
                _gru_dz(dh[b], before, a, z, db[:u])
                _through_sigmoid(db[2 * u :], s, r, db[u : 2 * u])
                _copy(db, dxb)
                _times(r, db[2 * u :])
                _times(z, rest[b])
            else:
                _clear(db)
                _clear(dxb)
            _copy(db, ds[b, t])
        _project_back(d, turned, drop, rest, kept, part, dh)


@njit(**_OPTIONS)
def rnn_forward(x: Any, kernel: Any, h0: Any, drop: Any, mask: Any, hs: Any) -> None:
    """Fill `hs`, tanh of the inputs' share plus the state's."""
    n, steps, u = hs.shape
    h, s, parts = h0.copy(), np.empty((n, u), F), _parts(kernel, drop)
    kept, part = np.empty((n, u), F), np.empty((n, u), F)
    for t in range(steps):
        _project(h, kernel, parts, drop, kept, part, s)
        for b in range(n):
            if mask.shape[1] == 0 or mask[b, t]:
                _tanhs(x[b, t], s[b], h[b])
            _copy(h[b], hs[b, t])


@njit(**_OPTIONS)
def _rnn_d(dh: Any, h: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] = dh[j] * (F(1) - h[j] * h[j])


@njit(**_OPTIONS)
def rnn_backward(hs: Any, turned: Any, drop: Any, mask: Any, dhs: Any, dx: Any, dh: Any) -> None:
    """Fill `dx` (b, t, u); `dh` as in `lstm_backward`."""
    n, steps, u = hs.shape
    d, rest, kept, part = np.empty((n, u), F), np.empty((n, u), F), np.empty((n, u), F), np.empty((n, u), F)
    for t in range(steps - 1, -1, -1):
        for b in range(n):
            _plus(dhs[b, t], dh[b])
            _clear(d[b])
            _copy(dh[b], rest[b])
            if mask.shape[1] == 0 or mask[b, t]:
                _rnn_d(dh[b], hs[b, t], d[b])
                _clear(rest[b])
            _copy(d[b], dx[b, t])
        _project_back(d, turned, drop, rest, kept, part, dh)


@njit(**_OPTIONS)
def _mingru_state(z: Any, a: Any, h: Any) -> None:
    for j in range(h.size):
        h[j] += _sigmoid(z[j]) * (a[j] - h[j])


@njit(**_OPTIONS)
def mingru_forward(x: Any, h0: Any, mask: Any, hs: Any) -> None:
    """Fill `hs` from x (b, t, 2 u), order z h: h = h + sigmoid(z) (h~ - h)."""
    n, steps, u = hs.shape
    for b in range(n):
        h = h0[b].copy()
        for t in range(steps):
            if mask.shape[1] == 0 or mask[b, t]:
                _mingru_state(x[b, t, :u], x[b, t, u:], h)
            _copy(h, hs[b, t])


@njit(**_OPTIONS)
def _mingru_dz(dh: Any, before: Any, x: Any, out: Any) -> None:
    u = dh.size
    for j in range(u):
        z = _sigmoid(x[j])
        out[j] = dh[j] * (x[u + j] - before[j]) * z * (F(1) - z)


@njit(**_OPTIONS)
def _mingru_da(z: Any, dh: Any, out: Any) -> None:
    for j in range(dh.size):
        out[j] = dh[j] * _sigmoid(z[j])
        dh[j] -= out[j]


@njit(**_OPTIONS)
def mingru_backward(x: Any, hs: Any, h0: Any, mask: Any, dhs: Any, dx: Any, dh: Any) -> None:
    """Fill `dx` (b, t, 2 u); `dh` as in `lstm_backward`."""
    n, steps, u = hs.shape
    for b in range(n):
        for t in range(steps - 1, -1, -1):
            _plus(dhs[b, t], dh[b])
            if mask.shape[1] == 0 or mask[b, t]:
                before = h0[b] if t == 0 else hs[b, t - 1]
                _mingru_dz(dh[b], before, x[b, t], dx[b, t, :u])
                _mingru_da(x[b, t, :u], dh[b], dx[b, t, u:])
            else:
                _clear(dx[b, t])
