"""Samples that pass by, to a few of each class, drawn at random: what a sheet shows of a folder of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from boda.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from boda.sample import BadFile

A_CLASS = 8
CLASSES = 60  # that are shown; counts show all


class Drawn:
    """A few samples of each class, drawn while all of them pass by (Vitter 1985, algorithm R)."""

    def __init__(self, seed: int, most: int = A_CLASS) -> None:
        self.most = most
        self.rng = np.random.default_rng(seed)
        self.kept: dict[str, list[Sample]] = {}
        self.seen: dict[str, int] = {}

    def watch(self, samples: Iterable[Sample | BadFile]) -> Iterator[Sample | BadFile]:
        """Yield `samples` as they are."""
        for sample in samples:
            if isinstance(sample, Sample):
                self._consider(sample)
            yield sample

    def _consider(self, sample: Sample) -> None:
        for label in labels_of(sample):
            self._consider_for(label, sample)

    def _consider_for(self, label: str, sample: Sample) -> None:
        if label not in self.kept and len(self.kept) == CLASSES:
            return
        kept = self.kept.setdefault(label, [])
        self.seen[label] = self.seen.get(label, 0) + 1
        if len(kept) < self.most:
            kept.append(sample)
        elif (place := int(self.rng.integers(self.seen[label]))) < self.most:
            kept[place] = sample

    def samples(self) -> list[Sample]:
        """All that are kept, each once."""
        return [*{sample.name: sample for kept in self.kept.values() for sample in kept}.values()]

    def drop(self, names: Iterable[str]) -> None:
        """Forget the samples of these names."""
        bad = set(names)
        self.kept = {label: [s for s in kept if s.name not in bad] for label, kept in self.kept.items()}


def labels_of(sample: Sample) -> tuple[str, ...]:
    """Under which labels a sample is shown: with boxes each class that occurs in it, else its own, whole."""
    if sample.boxes is not None:
        return tuple(sample.label or ("no box",))
    return (sample.label if isinstance(sample.label, str) else ", ".join(sample.label or ("no label",)),)
