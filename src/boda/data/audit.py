"""Samples to an Audit, for `boda look`, or to a Scan, for training: every picture read once.

Records of an audit lie on disk while it runs, so that memory hardly grows with the number of pictures.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import numpy as np

from boda.data.findings import Audit, write_bad
from boda.data.groups import Groups, group
from boda.data.looks import Look, look_through
from boda.data.records import FLAT_SKETCH, Records
from boda.errors import ImageError
from boda.progress import track
from boda.sample import BadFile, Dataset, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable

    from boda.data.split import Split
    from boda.sample import Part

__all__ = ["Audit", "Scan", "audit", "scan"]

OnBad = Literal["skip", "error"]


class Progress(Protocol):
    """What `boda.progress.track` is."""

    def __call__(self, items: Iterable[Any], what: str, total: int | None = None) -> Iterable[Any]: ...


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found in each sample, in the order of the samples; thumbnails are dropped."""

    looks: tuple[Look, ...]
    groups: Groups

    @property
    def digests(self) -> tuple[str, ...]:
        """SHA-256 of each one's bytes, in hex."""
        return tuple(look.digest for look in self.looks)

    @property
    def group_ids(self) -> np.ndarray:
        """(n,) int32: the same number for copies, exact or near."""
        return self.groups.all

    @property
    def sizes(self) -> np.ndarray:
        """(n, 2) int64: width and height."""
        return np.array([(look.width, look.height) for look in self.looks], dtype=np.int64).reshape(-1, 2)

    def to_json(self, dataset: Dataset, split: Split | None = None) -> dict[str, Any]:
        """The summary that `Audit.to_json` gives, of the parts of `split` where there is one."""
        parts = cast("dict[Part, tuple[str, ...]]", split.parts if split else {})
        part_of = {name: part for part, names in parts.items() for name in names}
        records = Records()
        try:
            for sample, look in zip(dataset.samples, self.looks, strict=True):
                records.add(replace(sample, part=part_of.get(sample.name, sample.part)), look)
            for bad in dataset.bad:
                records.add_bad(bad)
            return Audit(records, deep=True, groups=self.groups).to_json()
        finally:
            records.remove()

    def bad_csv(self, dataset: Dataset) -> str:
        """The bad files of `dataset` as CSV with the columns file and reason."""
        text = io.StringIO()
        write_bad(dataset.bad, text)
        return text.getvalue()


def audit(
    samples: Iterable[Sample | BadFile],
    *,
    total: int | None = None,
    deep: bool = True,
    threads: int | None = None,
    progress: Progress = track,
) -> Audit:
    """Look through `samples` as they come, and say what is there.

    Args:
        samples: Pictures, and files already known to be bad; any iterable, read once.
        total: How many there are, for the time to go.
        deep: Decode every picture: finds damage and near copies. Without, headers and digests only.
        threads: One a core unless given.
        progress: Shows how far it is; `boda.progress.track` unless given.
    """
    records = Records()
    try:
        for sample, found in progress(look_through(samples, deep=deep, threads=threads), "looking", total):
            if isinstance(found, BadFile):
                records.add_bad(found)
            else:
                records.add(sample, found)
        return Audit(records, deep=deep)
    except BaseException:
        records.remove()
        raise


def scan(
    dataset: Dataset, *, on_bad: OnBad = "skip", threads: int | None = None, progress: Progress = track
) -> tuple[Dataset, Scan]:
    """Look through a dataset before training: the dataset without what is damaged, and its groups of copies.

    Raises:
        ImageError: `on_bad` is "error" and a file is bad; the message names the first.
    """
    records, samples, looks, bad = Records(), [], [], list(dataset.bad)
    try:
        if bad and on_bad == "error":
            raise _refusal(bad[0])
        for sample, found in progress(look_through(dataset.samples, threads=threads), "looking", len(dataset)):
            if isinstance(found, Look):
                records.add(sample, found)
                samples.append(sample)
                looks.append(_without_thumbnail(found))
            elif on_bad == "error":
                raise _refusal(found)
            else:
                bad.append(found)
        groups = group(records)
    finally:
        records.remove()
    return replace(dataset, samples=tuple(samples), bad=tuple(bad)), Scan(tuple(looks), groups)


def _without_thumbnail(look: Look) -> Look:
    return replace(look, sketch=FLAT_SKETCH if look.sketch is not None and look.sketch.is_flat else None)


def _refusal(bad: BadFile) -> ImageError:
    return ImageError(
        f'{bad.name}: {bad.reason}. Mend or remove it, or go on without it: on_bad="skip", or --on-bad skip.'
    )
