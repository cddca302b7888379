"""How forecasts are measured: from many origins within the held-out end of each series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.errors import DataError
from boda.metrics import forecast, sequence
from boda.training.sequences.baselines import rivals

if TYPE_CHECKING:
    from boda.data.sequences.windows import Windows
    from boda.sequence_answers import SequenceModel
    from boda.verbs.measures.part import Part

LEVEL = 0.9
MOST = 2000  # origins that are measured; more tell nothing new, since they overlap
MOST_LEARNED = 5000  # windows from which a baseline learns
DRAWN = 12  # series and channels whose forecasts predictions.json keeps
KEPT = 12  # forecasts of each


@dataclass(frozen=True, eq=False)
class Origins:
    """The windows of several series, one after the other."""

    windows: tuple[Windows, ...]
    series: tuple[int, ...]
    stride: int

    def each(self, name: str) -> np.ndarray:
        """What the windows have by that name, of all series."""
        return np.concatenate([np.asarray(getattr(some, name)) for some in self.windows])

    @property
    def counts(self) -> list[int]:
        """Windows of each series."""
        return [len(some.origins) for some in self.windows]


def origins(model: SequenceModel, part: Part, most: int = MOST) -> Origins:
    """The windows of a part, every so manieth origin where there are too many; of val and test those held out."""
    which = "val" if part.which == "test" else part.which
    spans = [model.encoder.bounds(len(series), which) for series in part.inputs]
    stride = max(1, -(-sum(last - first for first, last in spans) // most))
    found = [model.encoder.windows(series, which, stride) for series in part.inputs]
    some = [(i, windows) for i, windows in enumerate(found) if len(windows.origins)]
    if not some:
        raise DataError(
            f"No series is long enough to forecast {model.encoder.horizon} steps from {model.encoder.context}. "
            "Give longer ones, or smaller context and horizon."
        )
    places, windows = zip(*some, strict=True)
    return Origins(windows, places, stride)


class Ahead:
    """Answers are forecasts (n, horizon, channels) in the series' own units, of the origins of a part."""

    def calibrate(self, model: SequenceModel, inner: Part | None) -> dict[str, Any]:
        """How far the truth lies from the forecast, on the scale of the history, for each step and channel."""
        assert inner is not None  # noqa: S101 - every series keeps its end back
        some = origins(model, inner)
        scale = some.each("scale")
        wide = forecast.conformal_quantiles(some.each("targets") / scale, self._of(model, some) / scale, LEVEL)
        return {"level": LEVEL, "quantiles": _plain(wide), "n": len(scale)}

    def answers(self, model: SequenceModel, part: Part) -> np.ndarray:
        """Forecasts from every origin."""
        return self._of(model, origins(model, part))

    def rivals(self, model: SequenceModel, train: Part, held: Part, seed: int) -> dict[str, Any]:
        """The last season again, and a ridge on the history."""
        learned, asked = origins(model, train, MOST_LEARNED), origins(model, held)
        pair = learned.each("contexts"), learned.each("targets")
        return rivals("forecast", pair, asked.each("contexts"), seed, season=model.encoder.season)

    def figures(self, model: SequenceModel, part: Part, answers: np.ndarray, seed: int) -> dict[str, Any]:
        """Errors, skill and, of a calibrated model, coverage."""
        some = origins(model, part)
        margin = self._margin(model, some) if "quantiles" in model.calibration else np.array(np.nan)
        known = {"low": answers - margin, "high": answers + margin} if np.isfinite(margin).all() else {}
        overlap = -(-model.encoder.horizon // some.stride)
        scale = _mase_scale(model, part, some)
        return forecast.forecast_figures(some.each("targets"), answers, scale, seed, overlap=overlap, **known)

    def difference(self, model: SequenceModel, part: Part, ours: Any, theirs: Any, seed: int) -> dict[str, Any]:
        """In the mean absolute error."""
        some = origins(model, part)
        overlap = -(-model.encoder.horizon // some.stride)
        return forecast.forecast_difference(some.each("targets"), ours, theirs, seed, overlap=overlap)

    def predictions(self, model: SequenceModel, part: Part, answers: np.ndarray) -> dict[str, Any]:
        """Some series with the forecasts from origins that lie apart."""
        some, row = origins(model, part), 0
        told: list[dict[str, Any]] = []
        margin = self._margin(model, some)
        for place, windows in zip(some.series, some.windows, strict=True):
            rows = slice(row, row + len(windows.origins))
            row = rows.stop
            for channel, name in enumerate(model.encoder.channels or ("value",)):
                if len(told) < DRAWN:
                    told.append(_drawn(part, place, channel, name, windows, answers[rows], margin[rows]))
        return {"series": told}

    def _of(self, model: SequenceModel, some: Origins) -> np.ndarray:
        found = [windows.undo(np.stack(model.network.answers(list(windows.x)))) for windows in some.windows]
        return np.concatenate(found)

    def _margin(self, model: SequenceModel, some: Origins) -> np.ndarray:
        return np.asarray(model.calibration["quantiles"], np.float64) * some.each("scale")


def _mase_scale(model: SequenceModel, part: Part, some: Origins) -> np.ndarray:
    """(n, channels): the seasonal naive error within the training part of each origin's own series."""
    rows = []
    for place, count in zip(some.series, some.counts, strict=True):
        series = part.inputs[place]
        learned = series[: model.encoder.bounds(len(series), "val")[0]]
        rows.append(np.tile(forecast.naive_scale([learned], min(model.encoder.season, len(learned) - 1)), (count, 1)))
    return np.concatenate(rows)


def _drawn(
    part: Part, place: int, channel: int, name: str, windows: Windows, answers: np.ndarray, margin: np.ndarray
) -> dict[str, Any]:
    """The held-out end of a channel of a series with its history, and forecasts whose origins lie a horizon apart."""
    values = np.asarray(part.inputs[place])[:, channel]
    horizon = windows.targets.shape[1]
    begin = max(0, int(windows.origins[0]) - 2 * max(windows.contexts.shape[1], horizon))
    apart = np.flatnonzero((windows.origins - windows.origins[0]) % horizon == 0)
    apart = apart[np.linspace(0, len(apart) - 1, min(KEPT, len(apart))).round().astype(int)]
    bounds = {"values": answers, "low": answers - margin, "high": answers + margin, "naive": windows.naive}
    forecasts = [
        {"origin": int(windows.origins[i]) - begin, **{k: _plain(rows[i, :, channel]) for k, rows in bounds.items()}}
        for i in apart
    ]
    times = part.times[place][begin:] if part.times else np.arange(begin, len(values))
    told = [str(time) for time in times] if np.asarray(times).dtype.kind == "M" else np.asarray(times).tolist()
    known = {"name": part.names[place], "channel": name, "times": told}
    return {**known, "truth": _plain(values[begin:]), "forecasts": forecasts}


def _plain(values: np.ndarray) -> Any:
    """Nested lists, with None for what is not finite."""
    return sequence.rounded(np.asarray(values, np.float64).tolist())
