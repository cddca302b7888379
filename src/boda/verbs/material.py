"""What a training learns from: data that was read, looked through and split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from boda.data import read
from boda.data.audit import scan
from boda.data.split import Split, make_split
from boda.errors import DataError, RunError
from boda.run import Run
from boda.sample import fingerprint

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
    ) -> Material:
        """Read `data`, look through every picture, and split it, or take the split of another Run.

        Raises:
            DataError: there is nothing to learn to tell apart, or no picture of a class can be read.
        """
        dataset, scanned = scan(read(data, **(reading or {})), on_bad=on_bad)
        check_learnable(dataset)
        parts = make_split(
            dataset,
            group_ids=scanned.group_ids,
            seed=seed,
            validation_split=recipe.validation_split,
            reuse=split_of(split),
        )
        return cls(dataset, scanned, parts, seed)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over names and contents."""
        return fingerprint(zip((sample.name for sample in self.dataset), self.scanned.digests, strict=True))


def refuse_to_write_into(data: Any, place: Path) -> None:
    """The pictures' folder is read-only to boda; a Run in it would be taken for a class by the next training."""
    if isinstance(data, (str, Path)) and Path(data).is_dir() and place.resolve().is_relative_to(Path(data).resolve()):
        raise RunError(
            f"{place} lies within the pictures' folder, which boda never writes to. "
            "Give another --out, or call boda from outside of it."
        )


def name_of(data: Any) -> str:
    """What a Run says of where its pictures came from: a path, or the kind of object."""
    return str(data) if isinstance(data, (str, Path)) else type(data).__name__


def check_learnable(dataset: Dataset) -> None:
    """Refuse data with nothing to tell apart, or with a class of which no picture can be read."""
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


def split_of(source: Run | Path | str | None) -> Split | None:
    """The split that a Run has saved."""
    if source is None:
        return None
    run = source if isinstance(source, Run) else Run.open(source)
    return Split.from_json(run.read_json("split.json"))
