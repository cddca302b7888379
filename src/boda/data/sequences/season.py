"""A series to the period at which it repeats, by its autocorrelation."""

from __future__ import annotations

import re

import numpy as np

_DAY = 86400
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": _DAY, "week": 7 * _DAY}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_CYCLES = (("hour", 3600), ("day", _DAY), ("week", 7 * _DAY), ("year", 365.25 * _DAY))
_LEAST_CANDIDATE, _LEAST_ANY = 0.2, 0.4  # of an autocorrelation
_DIP = 0.1  # how far it falls below the peak on the way there
_MOST = 20_000  # values that are looked at


def guess_season(values: np.ndarray, step: str = "") -> int:
    """The period of a series in steps; 1 where it has none.

    Periods that suit the step are tried first: 12 for months, 7 for days, 24 for hours. Where none shows, any period
    up to half of the series may be found, which must show more clearly. A period shows as a peak in the
    autocorrelation of the series without its linear trend, with a dip before it, which a random walk lacks.

    Args:
        values: (t,) numbers without gaps; of more than 20,000 the last ones are looked at.
        step: As `SequenceDataset.step` has it, such as "1 month".

    Example:
        >>> guess_season(np.sin(np.arange(120) * 2 * np.pi / 12), "1 month")
        12
    """
    values = np.asarray(values, dtype=np.float64)[-_MOST:]
    if len(values) < 6:
        return 1
    around = _without_trend(values)
    if np.ptp(around) <= 1e-9 * np.abs(values).max():
        return 1
    r = _autocorrelation(around)
    lags = range(2, len(values) // 2 + 1)
    peaks = [lag for lag in lags if _is_peak(r, lag)]
    known = [lag for lag in candidates(step) if lag in peaks and r[lag] > _LEAST_CANDIDATE]
    if known:
        return max(known, key=lambda lag: r[lag])
    return max((lag for lag in peaks if r[lag] > _LEAST_ANY), key=lambda lag: r[lag], default=1)


def candidates(step: str) -> tuple[int, ...]:
    """The periods, in steps, of hours, days, weeks and years that a step gives.

    >>> candidates("1 month"), candidates("1 day"), candidates("30 minutes"), candidates("1 workday")
    ((12,), (7, 365), (2, 48, 336, 17532), (5, 261))
    """
    found = re.fullmatch(r"(\d+) ([a-z]+?)s?", step)
    if found is None:
        return ()
    number, name = int(found[1]), found[2]
    if name == "workday":
        return 5, 261
    if name in _MONTHS:
        months = number * _MONTHS[name]
        return (12 // months,) if months < 12 and 12 % months == 0 else ()
    length = number * _SECONDS.get(name, 0)
    return tuple(round(cycle / length) for _, cycle in _CYCLES if length and cycle >= 2 * length)


def _without_trend(values: np.ndarray) -> np.ndarray:
    place = np.linspace(-1, 1, len(values))
    centered = values - values.mean()
    return np.asarray(centered - place * (place @ centered) / (place @ place))


def _autocorrelation(values: np.ndarray) -> np.ndarray:
    """r_k = sum_t x_t x_(t+k) / sum_t x_t^2, by the Fourier transform."""
    n = len(values)
    spectrum = np.fft.rfft(values, 2 * n)
    r = np.fft.irfft(spectrum * np.conj(spectrum), 2 * n)[:n]
    return np.asarray(r / max(r[0], 1e-300))


def _is_peak(r: np.ndarray, lag: int) -> bool:
    beside = r[max(1, lag - max(1, lag // 12)) : lag + max(1, lag // 12) + 1]
    return bool(r[lag] >= beside.max() - 1e-12 and r[lag] - r[1:lag].min() > _DIP)
