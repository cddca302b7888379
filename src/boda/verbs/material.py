"""What a training learns from: data that was read, looked through and split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from boda.data import read
from boda.data.audit import scan
from boda.data.coco import root_of
from boda.data.sequences import is_sequences
from boda.data.split import EVERY_5TH, GIVEN, Split, every_5th, make_split
from boda.data.yolo_data import YAML_SUFFIXES
from boda.errors import DataError, LabelError, RecipeError, RunError
from boda.progress import say
from boda.run import Run
from boda.sample import BOX_TASKS, fingerprint, with_marks

if TYPE_CHECKING:
    from boda.data.audit import Scan
    from boda.recipe import Recipe
    from boda.sample import Dataset


@dataclass(frozen=True, eq=False)
class Material:
    """A dataset that was looked through, and its parts.

    Args:
        dataset: without what is damaged.
        scanned: what was found in each picture.
        split: which picture is in which part.
        seed: of the split, and of all that follows.
    """

    dataset: Dataset
    scanned: Scan
    split: Split
    seed: int

    @classmethod
    def read(
        cls,
        data: Any,
        recipe: Recipe,
        seed: int,
        *,
        on_bad: Literal["skip", "error"] = "skip",
        reading: dict[str, Any] | None = None,
        split: Run | Path | str | None = None,
        fold: int | None = None,
    ) -> Material:
        """Read `data`, look through every picture, and split it, or take the split of another Run, or "every-5th".

        Raises:
            DataError: there is nothing to learn to tell apart, or no picture of a class can be read.
            RecipeError: `fold` is given without "every-5th".
        """
        fifths = str(split) == EVERY_5TH
        if fold is not None and not fifths:
            raise RecipeError(
                f'fold={fold} belongs to split="{EVERY_5TH}" (--split {EVERY_5TH}). Received: split={split}'
            )
        reuse = None if fifths else split_of(split)
        dataset, scanned = scan(read(data, **(reading or {})), on_bad=on_bad)
        check_learnable(dataset)
        if dataset.task in BOX_TASKS and split is None:
            _check_any_to_train(dataset)
        for note in dataset.notes:
            say(note)
        if fifths:
            parts = every_5th(dataset, fold=4 if fold is None else fold, seed=seed, group_ids=scanned.group_ids)
        else:
            parts = make_split(
                dataset,
                group_ids=scanned.group_ids,
                seed=seed,
                validation_split=recipe.validation_split,
                reuse=reuse,
            )
        if dataset.task in BOX_TASKS:
            _check_boxes(dataset, parts)
        return cls(dataset, scanned, parts, seed)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over names, contents and boxes."""
        pairs = zip(self.dataset, self.scanned.digests, strict=True)
        return fingerprint((sample.name, with_marks(sample, digest)) for sample, digest in pairs)


def refuse_to_write_into(data: Any, place: Path) -> None:
    """The pictures' folder is read-only to boda; a Run in it would be taken for a class by the next training."""
    folder = folder_of(data)
    if folder is not None and place.resolve().is_relative_to(folder.resolve()):
        raise RunError(
            f"{place} lies within the pictures' folder, which boda never writes to. "
            "Give another --out, or call boda from outside of it."
        )


def folder_of(data: Any) -> Path | None:
    """The folder in which pictures are looked for: `data`, or that of a YOLO or COCO file; a table names its own."""
    if not isinstance(data, (str, Path)):
        return None
    path = Path(data)
    if path.is_dir():
        return path
    suffix = path.suffix.lower()
    return root_of(path) if suffix == ".json" else path.parent if suffix in YAML_SUFFIXES else None


def refuse_boxes(task: str, what: str) -> None:
    """Say that `what`, which knows labels alone, cannot work with boxes; DataError where it would have to."""
    if task in BOX_TASKS:
        raise DataError(
            f"{what} works with labels, not with boxes. Received: data whose task is {task}. "
            "boda train, report and predict take boxes."
        )


def refuse_sequences(data: Any, what: str, reading: dict[str, Any] | None = None) -> None:
    """Say that `what`, which knows pictures alone, cannot work with sequences; DataError where it would have to."""
    if is_sequences(data, **{name: (reading or {}).get(name) for name in ("task", "format")}):
        raise DataError(
            f"{what} works with pictures, and {name_of(data)} holds sequences. "
            "boda look, train, report and predict take sequences."
        )


def name_of(data: Any) -> str:
    """What a Run says of where its pictures came from: a path, or the kind of object."""
    return str(data) if isinstance(data, (str, Path)) else type(data).__name__


def check_learnable(dataset: Dataset) -> None:
    """Refuse data with nothing to tell apart, or with a class of which no picture can be read."""
    if dataset.task in BOX_TASKS:
        if not any(sample.label for sample in dataset):
            raise _no_boxes(dataset)
        return
    if dataset.task == "classify" and len(dataset.classes) < 2:
        raise DataError(
            f"Expected two classes or more. Received: {', '.join(dataset.classes) or 'pictures without labels'}."
        )
    labels = [s.label for s in dataset if s.part in {None, "train"}]
    readable = {name for label in labels for name in ((label,) if isinstance(label, str) else label or ())}
    if dataset.bad and (lacking := [name for name in dataset.classes if name not in readable]):
        first = dataset.bad[0]
        which = "" if len(lacking) == len(dataset.classes) else f" of class {', '.join(lacking)}"
        raise DataError(
            f"No picture{which} to train on can be read. "
            f"Of {len(dataset.bad)} bad files the first is {first.name}: {first.reason}."
        )


def _check_any_to_train(dataset: Dataset) -> None:
    """Refuse boxes of which the data itself puts every picture into another part than train."""
    parts = sorted({sample.part or "train" for sample in dataset})
    if "train" not in parts:
        raise DataError(
            f"{'' if dataset.root is None else f'{dataset.root}: '}all {len(dataset)} pictures are of part "
            f"{' or '.join(parts)}, so that there are none to train on. Give the data with its part train, "
            f'or make a split of what is not test: split="{EVERY_5TH}" (--split {EVERY_5TH}).'
        )


def _check_boxes(dataset: Dataset, split: Split) -> None:
    """Refuse boxes of which none is in a picture to train on; so a class of which none is, where the data says so."""
    part_of = {name: part for part, names in split.parts.items() for name in names}
    parts: dict[str, set[str]] = {}
    for sample in dataset:
        for name in sample.label or ():
            parts.setdefault(name, set()).add(part_of[sample.name])
    lacking = sorted(name for name, found in parts.items() if "train" not in found)
    if len(lacking) == len(parts):
        raise _no_boxes(dataset)
    if lacking:
        fault = f"Class {lacking[0]!r} has boxes in {' and '.join(sorted(parts[lacking[0]]))}, but none in train"
        if split.method == GIVEN:
            raise LabelError(f"{fault}. Add pictures of it to train, or remove it.")
        say(f"{fault}: it cannot be learned from this split.")  # chance has put it there


def _no_boxes(dataset: Dataset) -> DataError:
    found = [f" Of {len(dataset.bad)} bad files the first is {bad.name}: {bad.reason}." for bad in dataset.bad[:1]]
    return DataError(f"No picture to train on has a box that can be used.{''.join(found)}")


def split_of(source: Run | Path | str | None) -> Split | None:
    """The split that a Run has saved."""
    if source is None:
        return None
    run = source if isinstance(source, Run) else Run.open(source)
    return Split.from_json(run.read_json("split.json"))
