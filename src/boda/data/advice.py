"""An Audit to advice: what to mend before training, in words for someone who trains a first model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boda.data.findings import Audit

FEW = 10  # pictures in a class
TINY = 64  # pixels on the shorter side
UNEVEN = 5.0  # times the smallest class
MIXED = 4.0  # times the smallest picture, in pixels on the longer side


def advice(audit: Audit, *, classes: bool = True) -> list[str]:
    """One sentence or two for each thing to mend, the gravest first; nothing where all is well.

    `classes` is False where pictures are not what is told apart: `boda.data.box_advice` then speaks of classes.
    """
    about_classes = _about_classes(audit) if classes else ()
    return [*_about_files(audit), *_about_copies(audit), *about_classes, *_about_sizes(audit)]


def _about_files(audit: Audit) -> Iterator[str]:
    if audit.bad_count:
        first = next(audit.bad())
        yield (
            f"{_files(audit.bad_count)} cannot be read and will be left out, such as {first.name} ({first.reason}). "
            "Copy them again from where they came from, or delete them."
        )
    if audit.flat_count:
        yield (
            f"{_pictures(audit.flat_count)} show next to nothing (one colour). "
            "Look at them: was the lens covered, or the file exported empty?"
        )


def _about_copies(audit: Audit) -> Iterator[str]:
    first = next(audit.leaks(), None)
    if first is not None:
        pair = next((a, b) for a in first for b in first if a.part != b.part)
        yield (
            f"{_repeated(audit.leaks_count)} in more than one part, such as {pair[0].name} ({pair[0].part}) and "
            f"{pair[1].name} ({pair[1].part}). The score on them will be too good. "
            "Keep each picture in one part only, or give one folder and let boda split it."
        )
    first = next(audit.conflicts(), None)
    if first is not None:
        pair = next((a, b) for a in first for b in first if a.label != b.label)
        yield (
            f"{_repeated(audit.conflicts_count)} with different labels, such as {pair[0].name} and {pair[1].name}. "
            "Look at them: is one of the labels wrong?"
        )
    if audit.groups.alike:
        yield (
            f"{_pictures(audit.groups.alike)} look nearly alike, as from a camera that never moves, "
            "so they are not treated as copies. "
            "Split them by day, by part or by machine; pictures taken at one time belong in one part."
        )


def _about_classes(audit: Audit) -> Iterator[str]:
    counts = audit.class_counts
    few = sorted((number, name) for name, number in counts.items() if number < FEW)
    if few:
        listed = ", ".join(f"{name} ({number})" for number, name in few[:3]) + (" and more" if len(few) > 3 else "")
        yield f"Few pictures in {listed}. Add some: {FEW} a class are little, 50 are a good beginning."
    several = any(isinstance(label, tuple) for label in audit.records.labels)  # classes a picture
    if audit.imbalance >= UNEVEN:
        most, least = max(counts, key=lambda name: counts[name]), min(counts, key=lambda name: counts[name])
        yield (
            f"{most} is in {audit.imbalance:.0f} times as many pictures as {least}, of which a model learns least. "
            f"Add pictures of {least}."
            if several
            else f"{most} has {audit.imbalance:.0f} times as many pictures as {least}, so a model does well by "
            f'guessing {most}. Add pictures of {least}, or train with class_weight="balanced".'
        )
    if len(counts) == 1 and not several:
        only = next(iter(counts))
        yield f"There is only one class, {only}. Add a second folder with what is not {only}."


def _about_sizes(audit: Audit) -> Iterator[str]:
    rows = audit.rows
    tiny = int((np.minimum(rows["width"], rows["height"]) < TINY).sum())
    if tiny:
        yield f"{_pictures(tiny)} are below {TINY} pixels on a side. Use larger originals if there are any."
    longer = np.maximum(rows["width"], rows["height"])
    if len(rows) and longer.max() >= MIXED * longer.min():
        yield (
            f"Sizes are mixed: {longer.min()} to {longer.max()} pixels on the longer side. All are brought to one "
            "size; make sure that classes do not differ by size, or the model may learn the size."
        )


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def _pictures(number: int) -> str:
    return "1 picture" if number == 1 else f"{number} pictures"


def _repeated(number: int) -> str:
    return "1 picture is there again" if number == 1 else f"{number} pictures are there again"
