"""A dataset of sequences to an audit: counts, lengths, alphabet, copies, series, samples and advice, ready for JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.data.sequences.advice import advice
from boda.data.sequences.census import about_lengths, about_tokens, count, spread
from boda.data.sequences.copies import about_copies
from boda.data.sequences.season import guess_season
from boda.data.sequences.times import time_text

if TYPE_CHECKING:
    from boda.data.sequences.dataset import SequenceDataset
    from boda.data.split import Split

__all__ = ["audit_sequences", "guess_season"]

SHOWN = 20  # bad files that are named
SAMPLES = 24
CLIP = 200  # characters of a sample
POINTS = 400  # of a series
SERIES = 100  # that are described


def audit_sequences(dataset: SequenceDataset, split: Split | None = None) -> dict[str, Any]:
    """Say what a dataset holds.

    Keys: "n", "task", "unit", "steps" (in all), "bad_count", "bad", "notes", "parts", "classes", "lengths",
    "alphabet", "samples", "duplicates_count", "leaks_count", "leaks", "conflicts_count", "conflicts", "series" and
    "warnings"; those without a meaning for the task are left out. The parts are those of `split` where one is given;
    what is in none is counted as "all".
    """
    part_of = _parts(dataset, split)
    lengths, tokens = count(dataset)
    audit: dict[str, Any] = {
        "n": len(dataset),
        "task": dataset.task,
        "unit": dataset.unit,
        "steps": int(lengths.sum()),
        "bad_count": len(dataset.bad),
        "bad": [{"name": bad.name, "reason": bad.reason} for bad in dataset.bad[:SHOWN]],
        "notes": list(dataset.notes),
        "parts": _counts(dataset, split),
        "lengths": about_lengths(lengths),
    }
    if dataset.classes:
        audit["classes"] = _classes(dataset)
    if tokens:
        audit["alphabet"] = about_tokens(tokens)
    if dataset.task == "forecast":
        audit["series"] = _series(dataset)
    else:
        audit |= {"samples": _samples(dataset), **about_copies(dataset, part_of)}
    return audit | {"warnings": advice(audit)}


def _parts(dataset: SequenceDataset, split: Split | None) -> dict[str, str]:
    """The part of each name that is in one."""
    if split is not None:
        return {name: part for part, names in split.parts.items() for name in names}
    return {name: part for name, part in zip(dataset.names, dataset.parts, strict=True) if part}


def _counts(dataset: SequenceDataset, split: Split | None) -> dict[str, int]:
    if split is not None:
        return {part: len(names) for part, names in split.parts.items()}
    counts = Counter(part or "all" for part in dataset.parts)
    return {part: counts[part] for part in ("all", "train", "val", "test") if counts[part]}


def _classes(dataset: SequenceDataset) -> dict[str, int]:
    """Sequences a class; of tags, tokens a tag."""
    if dataset.task == "tag":
        counts = Counter(tag for tags in dataset.targets for tag in tags)
    else:
        counts = Counter(target for target in dataset.targets if target is not None)
    return {name: counts[name] for name in dataset.classes}


def _samples(dataset: SequenceDataset) -> list[dict[str, Any]]:
    """Some sequences, of each class alike."""
    if not dataset.classes or dataset.task == "tag":
        return [_sample(dataset, i) for i in spread(range(len(dataset)), SAMPLES)]
    rows: dict[Any, list[int]] = {}
    for i, target in enumerate(dataset.targets):
        rows.setdefault(target, []).append(i)
    each = max(1, SAMPLES // len(rows))
    return [_sample(dataset, i) for name in _spread_classes(dataset) for i in spread(rows.get(name, []), each)]


def _spread_classes(dataset: SequenceDataset) -> list[str]:
    """Up to so many classes as samples are shown, evenly spread."""
    return [dataset.classes[i] for i in spread(range(len(dataset.classes)), SAMPLES)]


def _sample(dataset: SequenceDataset, i: int) -> dict[str, Any]:
    values, target = dataset.inputs[i], dataset.targets[i]
    if dataset.task == "tag":
        return {"name": dataset.names[i], "tokens": list(values[:CLIP]), "label": list(target[:CLIP])}
    if isinstance(values, str):
        label = _clip(target) if isinstance(target, str) else target
        return {"name": dataset.names[i], "text": _clip(values), "label": label}
    if dataset.task == "music":
        return {
            "name": dataset.names[i],
            "frames": len(values),
            "sounding": round(float(np.mean(values) * values.shape[1]), 3),
        }
    return {"name": dataset.names[i], "events": np.asarray(values[:40]).tolist(), "label": target}


def _clip(text: str) -> str:
    return text if len(text) <= CLIP else f"{text[:CLIP]}…"


def _series(dataset: SequenceDataset) -> list[dict[str, Any]]:
    """What is known of the columns of up to 100 series, evenly spread."""
    rows = spread(range(len(dataset)), SERIES)
    return [_channel(dataset, i, channel) for i in rows for channel in range(len(dataset.channels))]


def _channel(dataset: SequenceDataset, i: int, channel: int) -> dict[str, Any]:
    """What is known of one column of one series."""
    values, times = np.asarray(dataset.inputs[i][:, channel], np.float64), dataset.times[i]
    season = guess_season(values, dataset.step)
    return {
        "name": dataset.names[i],
        "channel": dataset.channels[channel],
        "n": len(values),
        "first": time_text(times[0]),
        "last": time_text(times[-1]),
        "step": dataset.step,
        "missing": int(dataset.missing[i][channel]) if dataset.missing else 0,
        "least": _short(values.min()),
        "mean": _short(values.mean()),
        "most": _short(values.max()),
        "values": [_short(values[at]) for at in spread(range(len(values)), POINTS)],
        "season": season if season > 1 else 0,
    }


def _short(value: float) -> float:
    """Seven digits, which is what float32 holds."""
    return float(f"{value:.7g}")
