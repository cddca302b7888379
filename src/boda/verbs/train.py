"""`boda train`: a folder, table or arrays of labelled pictures become a Run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from boda.data import read
from boda.data.audit import scan
from boda.data.split import Split, make_split
from boda.data.view import View
from boda.errors import DataError, Interrupted, RecipeError, RunError
from boda.models import backbones
from boda.recipe import Recipe
from boda.run import Run
from boda.training.features import Extractor
from boda.verbs.work import Clock, Work

if TYPE_CHECKING:
    from boda.sample import Dataset


def train(
    data: Any,
    *,
    out: Path | str | None = None,
    runs: Path | str = "runs",
    seed: int = 0,
    recipe: Recipe | Path | str | None = None,
    split: Run | Path | str | None = None,
    on_bad: Literal["skip", "error"] = "skip",
    reading: dict[str, Any] | None = None,
    **changes: Any,
) -> Run:
    """Train a classifier on labelled pictures and measure it.

    Args:
        data: a folder (`CLASS/picture`, or `train/`, `val/`, `test/` above), a CSV file, a DataFrame,
            (images, labels), a `tf.data.Dataset` or a `Dataset`.
        out: the Run's folder, which must not hold anything yet; by default the next number below `runs`.
        runs: where numbered Runs go.
        seed: of the split, the folds and the bootstrap.
        recipe: a Recipe or a TOML file.
        split: a Run whose split is used again.
        on_bad: "skip" leaves damaged pictures out and lists them in `bad_files.csv`; "error" stops at the first.
        reading: options of the reader, such as `group_pattern` or `label_column`.
        **changes: entries of the recipe, such as `backbone="mobilenet_v2"` or `head_hidden=(256,)`.

    Returns:
        The Run; `run.metrics["val"]["accuracy"]` is its accuracy on pictures that no choice has seen.

    Raises:
        DataError, RecipeError, WeightsError, RunError: each says where, what was expected, what came, what to do.
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.read(Path(recipe)) if recipe else Recipe()
    recipe = recipe.replace(**changes)
    if seed < 0:
        raise RecipeError(f"seed must be 0 or more. Received: seed={seed}")
    backbone = backbones.get(recipe.backbone)
    clock = Clock()
    with clock("read"):
        dataset, scanned = scan(read(data, **(reading or {})), on_bad=on_bad)
        _check_learnable(dataset)
        parts = make_split(
            dataset,
            group_ids=scanned.group_ids,
            seed=seed,
            validation_split=recipe.validation_split,
            reuse=_split_of(split),
        )
    _refuse_to_write_into(data, Path(runs) if out is None else Path(out))
    with clock("features"):
        extractor = Extractor.of(recipe)
    run = Run.create(None if out is None else Path(out), runs=Path(runs), task=dataset.task, seed=seed)
    work = Work(run, recipe, dataset, scanned, parts, extractor, View(backbone.size, recipe.resize), seed, clock)
    try:
        work.describe(str(data) if isinstance(data, (str, Path)) else type(data).__name__, reading or {})
        work.train()
    except BaseException as error:
        stopped = isinstance(error, (KeyboardInterrupt, Interrupted))
        if run.about["status"] != "complete":  # else the model is whole, and only the report is missing
            run.update(status="interrupted" if stopped else "failed", error=str(error) or type(error).__name__)
        raise
    return run


def _refuse_to_write_into(data: Any, place: Path) -> None:
    """The pictures' folder is read-only to boda; a Run in it would be taken for a class by the next training."""
    if isinstance(data, (str, Path)) and Path(data).is_dir() and place.resolve().is_relative_to(Path(data).resolve()):
        raise RunError(
            f"{place} lies within the pictures' folder, which boda never writes to. "
            "Give another --out, or call boda from outside of it."
        )


def _check_learnable(dataset: Dataset) -> None:
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


def _split_of(source: Run | Path | str | None) -> Split | None:
    if source is None:
        return None
    run = source if isinstance(source, Run) else Run.open(source)
    return Split.from_json(run.read_json("split.json"))
