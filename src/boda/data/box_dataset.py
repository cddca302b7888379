"""What label files say of pictures, to a Dataset: the task is told from the data, and classes are put in order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from boda.data.box_rows import to_sample
from boda.data.folders import PARTS, group_by
from boda.errors import DataError, RecipeError
from boda.progress import track
from boda.sample import BOX_TASKS, BadFile, Dataset, Part, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from boda.data.box_rows import Marked

BoxTask = Literal["locate", "detect"]
SOME = 3


def build_dataset(
    root: Path,
    marked: Sequence[Marked],
    *,
    classes: Sequence[str] | None = None,
    task: BoxTask | None = None,
    group_pattern: str | None = None,
    bad: Iterable[BadFile] = (),
    notes: Iterable[str] = (),
) -> Dataset:
    """Read the header of every picture that is `marked`, and look at its boxes.

    Args:
        root: Where the data lies; for messages, and the Dataset's own `root`.
        marked: Pictures with their rows.
        classes: In the order of the data; sorted by name where it gives none.
        task: "locate" or "detect"; told from the data unless given: "locate" where each picture that has boxes has one.
            To locate among several boxes, the largest is kept.
        group_pattern: A regular expression on names; what it captures is a sample's group.
        bad: What the reader has found already.
        notes: What the reader has decided already.

    Raises:
        DataError: No picture has a box.
        RecipeError: `task` is neither word.
    """
    if task is not None and task not in BOX_TASKS:
        raise RecipeError(f'{root}: expected task="locate" or task="detect". Received: task={task!r}')
    found, told = _samples(marked)
    told = [*bad, *told]
    if not any(len(_boxes(sample)) for sample in found):
        first = f" Of {len(told)} that are bad, the first is {told[0].name}: {told[0].reason}." if told else ""
        raise DataError(f"{root}: expected pictures with boxes, found none with one that can be used.{first}")
    found, notes = group_by(root, found, group_pattern), [*notes]
    several = [sample for sample in found if len(_boxes(sample)) > 1]
    if task == "locate" and several:
        rest = sum(len(_boxes(sample)) - 1 for sample in several)
        names = some([sample.name for sample in several])
        notes.append(f"To locate, the largest box of each picture was kept; left out: {rest}, in pictures: {names}.")
        found = [_largest(sample) for sample in found]
    task = task or ("detect" if several else "locate")
    given = sorted({name for sample in found for name in sample.label or ()}) if classes is None else classes
    return Dataset(tuple(found), tuple(given), task, root=root, bad=tuple(told), notes=tuple(notes))


def part_of(name: str) -> Part | None:
    """The part that a folder in `name`, a path with `/`, is called after; None where there is none."""
    return next((PARTS[folder.lower()] for folder in name.split("/")[:-1] if folder.lower() in PARTS), None)


def some(names: Sequence[str]) -> str:
    """How many there are, with a few of them, for a sentence.

    Example:
        >>> some(["a.jpg", "b.jpg", "c.jpg", "d.jpg"])
        '4 (a.jpg, b.jpg, c.jpg and 1 more)'
    """
    more = f" and {len(names) - SOME} more" if len(names) > SOME else ""
    return f"{len(names)} ({', '.join(names[:SOME])}{more})"


def _samples(marked: Sequence[Marked]) -> tuple[list[Sample], list[BadFile]]:
    """Samples in the order of their names, each picture once."""
    twice = Counter(entry.name for entry in marked)
    samples: dict[str, Sample] = {}
    bad: list[BadFile] = []
    for entry in track(sorted(marked, key=lambda entry: (entry.name, entry.source)), "reading boxes"):
        if twice[entry.name] > 1 and entry.name in samples:
            bad.append(BadFile(entry.source, f"describes {entry.name} a second time; left out"))
            continue
        sample, faults = to_sample(entry)
        bad += faults
        if sample is not None:
            samples[entry.name] = sample
    return [*samples.values()], bad


def _largest(sample: Sample) -> Sample:
    boxes = _boxes(sample)
    if len(boxes) < 2 or sample.box_labels is None:
        return sample
    best = int(np.argmax((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])))
    label = str(sample.box_labels[best])
    return replace(sample, boxes=boxes[best : best + 1], box_labels=(label,), label=(label,))


def _boxes(sample: Sample) -> np.ndarray:
    return np.zeros((0, 4)) if sample.boxes is None else sample.boxes
