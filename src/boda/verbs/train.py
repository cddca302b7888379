"""`boda train`: a folder, table or arrays of labelled pictures, or of pictures with boxes, become a Run."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from boda.data import read
from boda.data.sequences import is_sequences
from boda.errors import DataError, Interrupted, RecipeError, RunError
from boda.models.cut import thawed_blocks
from boda.progress import say
from boda.recipe import Recipe
from boda.recipe.boxes import refuse_mix_of_one
from boda.recipe.sequence import SequenceRecipe
from boda.run import Run
from boda.sample import BOX_TASKS
from boda.training.callbacks import check_tensorboard
from boda.training.features import Extractor
from boda.verbs.clock import Clock
from boda.verbs.described import describe
from boda.verbs.material import Material, name_of, refuse_to_write_into
from boda.verbs.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from boda.sample import Dataset
    from boda.verbs.box_work import BoxWork


def train(
    data: Any,
    *,
    out: Path | str | None = None,
    runs: Path | str = "runs",
    seed: int = 0,
    recipe: Recipe | SequenceRecipe | Path | str | None = None,
    split: Run | Path | str | None = None,
    fold: int | None = None,
    on_bad: Literal["skip", "error"] = "skip",
    reading: dict[str, Any] | None = None,
    callbacks: Sequence[Any] = (),
    tensorboard: bool = False,
    augment: str | None = None,
    **changes: Any,
) -> Run:
    """Train on labelled pictures, on pictures with boxes, or on sequences, and measure it.

    Args:
        data: a folder (`CLASS/picture`, or `train/`, `val/`, `test/` above), a CSV file, a DataFrame,
            (images, labels), a `tf.data.Dataset` or a `Dataset`; for boxes a Pascal VOC, COCO or YOLO folder, or a CSV
            file with a row a box; for sequences a folder of texts, a text, a table of texts or of series, tagged
            tokens, piano rolls, or (texts, labels).
        out: the Run's folder, which must not hold anything yet; by default the next number below `runs`.
        runs: where numbered Runs go.
        seed: of the split, the folds and the bootstrap.
        recipe: a Recipe or a TOML file.
        split: a Run whose split is used again; or "every-5th", which holds out every fifth of the sorted names.
        fold: 0 to 4, from which index on "every-5th" counts; 4 unless given.
        on_bad: "skip" leaves damaged pictures out and lists them in `bad_files.csv`; "error" stops at the first.
        reading: options of the reader, such as `group_pattern`, `label_column`, `text_column`, or `task` ("locate"
            or "detect" for boxes; "classify", "regress", "tag", "language", "music", "pairs" or "forecast" for
            sequences).
        callbacks: Keras callbacks, for the stages that train the backbone.
        tensorboard: write TensorBoard's files of these stages into the Run.
        augment: how strongly pictures are varied for the head and for every stage, such as "default".
        **changes: entries of the recipe, such as `backbone="mobilenet_v2"`, `head_hidden=(256,)`,
            `stages="head,last-5"`, or `stage_epochs=4` for each stage that trains the backbone; of sequences such as
            `cell="gru"`, `units=200`, `bptt=64`.

    Returns:
        The Run; `run.metrics["val"]["accuracy"]` is its accuracy on pictures that no choice has seen; of boxes
        there are `["mean_iou"]` or `["ap"]` instead, of sequences what suits their task, such as `["nll"]`.

    Raises:
        DataError, RecipeError, WeightsError, RunError: each says where, what was expected, what came, what to do.
    """
    if seed < 0:
        raise RecipeError(f"seed must be 0 or more. Received: seed={seed}")
    if tensorboard:
        check_tensorboard()
    if is_sequences(data, **{name: (reading or {}).get(name) for name in ("task", "format")}):
        from boda.verbs import sequence_start, train_sequences

        sequence_start.refuse(fold=fold, augment=augment)
        return train_sequences.train(
            data,
            out=out,
            runs=runs,
            seed=seed,
            recipe=recipe,
            split=split,
            on_bad=on_bad,
            reading=reading,
            callbacks=callbacks,
            tensorboard=tensorboard,
            **changes,
        )
    if isinstance(recipe, SequenceRecipe):
        raise RecipeError(f"{name_of(data)} holds pictures, and the recipe is one of sequences.")
    given, clock = Recipe.read(Path(recipe)) if isinstance(recipe, (str, Path)) else recipe, Clock()
    _refuse_early(given, changes, augment)
    with clock("read"):
        dataset = read(data, **(reading or {}))
        chosen = _recipe(given, dataset, changes, augment)
        material = Material.read(dataset, chosen, seed, on_bad=on_bad, split=split, fold=fold)
    refuse_to_write_into(data, Path(runs) if out is None else Path(out))
    work_of = _work_of(chosen, material, clock, callbacks)
    run = Run.create(None if out is None else Path(out), runs=Path(runs), task=material.dataset.task, seed=seed)
    with told(run):
        run.update(tensorboard=tensorboard)
        work = work_of(run)
        describe(run, chosen, material, work.view, source=name_of(data), reading=reading or {}, on_bad=on_bad)
        work.train()
    return run


def resume(run: Run | Path | str, data: Any = None, *, callbacks: Sequence[Any] = ()) -> Run:
    """Go on with a training that was stopped or killed, from its newest checkpoint, to the same bits.

    Args:
        run: its Run.
        data: the same pictures; needed where they did not come from a folder or file.
        callbacks: the same Keras callbacks.

    Raises:
        RunError: the Run is complete already, or its data cannot be read again from where it was.
        DataError: the pictures are not the same any more.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    about = run.about
    if about.get("status") == "complete":
        raise RunError(f"{run.path} is complete; there is nothing to go on with. `boda train` makes a new Run.")
    if not run.has("split.json"):
        raise RunError(f"{run.path} was stopped before its data was read. Train again, into another folder.")
    if about.get("kind") == "sequences":
        from boda.verbs import train_sequences

        return train_sequences.resume(run, data, callbacks=callbacks)
    recipe, clock, source = Recipe.read(run.path / "recipe.toml"), Clock(), data
    if source is None:
        source = Path(about["data"])
        if not source.exists():
            raise RunError(f"{source}, on which {run.path} was trained, is not here. Give the data to `resume` again.")
    with clock("read"):
        options = {"on_bad": about.get("on_bad", "skip"), "reading": about["reading"]}
        material = Material.read(source, recipe, about["seed"], **options, split=run)
    if material.fingerprint != about.get("fingerprint"):
        raise DataError(f"The pictures are not those that {run.path} began with. Train again, into another folder.")
    work_of = _work_of(recipe, material, clock, callbacks)
    run.update(status="running")
    with told(run):
        work_of(run).train()
    return run


def _refuse_early(given: Recipe | None, changes: dict[str, Any], augment: str | None) -> None:
    """Refuse before anything is read what no task could take."""
    try:
        _changed(given or Recipe(), changes, augment)
    except RecipeError as error:
        if given is not None:
            raise
        try:
            _changed(Recipe.usual("detect"), changes, augment)
        except RecipeError:
            raise error from None


def _recipe(given: Recipe | None, dataset: Dataset, changes: dict[str, Any], augment: str | None) -> Recipe:
    """The recipe that was given, or the usual one for such data, with the changes."""
    task = dataset.task
    recipe = given or Recipe.usual(task, sum(sample.part in {None, "train"} for sample in dataset))
    if (recipe.boxes is not None) != (task in BOX_TASKS):
        raise RecipeError(
            f"The recipe {'has' if recipe.boxes else 'lacks'} a table [boxes], but the data's task is {task}. "
            "Give a recipe of another Run of this kind of data, or none."
        )
    recipe = _changed(recipe, changes, augment)
    refuse_mix_of_one(task, [recipe.head if stage.thaw == "head" else stage for stage in recipe.stages])
    return recipe


def _changed(recipe: Recipe, changes: dict[str, Any], augment: str | None) -> Recipe:
    """The recipe with the changes, where its stages can be trained."""
    recipe = recipe.replace(**changes)
    recipe = recipe if augment is None else recipe.with_augment(augment)
    check_stages(recipe)
    return recipe


def _work_of(
    recipe: Recipe, material: Material, clock: Clock, callbacks: Sequence[Any]
) -> Callable[[Run], Work | BoxWork]:
    """What trains `material` into a Run; what it needs from outside is fetched at once."""
    if material.dataset.task in BOX_TASKS:
        from boda.verbs.box_work import BoxWork, check_boxes

        check_boxes(material)
        return lambda run: BoxWork.of(run, recipe, material, clock, callbacks)
    with clock("features"):
        extractor = _extractor(recipe)
    return lambda run: Work.of(run, recipe, material, extractor, clock, callbacks)


def check_stages(recipe: Recipe) -> None:
    """Refuse stages that the backbone has not or Keras cannot train here, before anything is read."""
    for stage in recipe.stages:
        thawed_blocks(recipe.backbone, stage.thaw)
        if stage.trains_backbone and (backend := os.environ.get("KERAS_BACKEND", "tensorflow")) != "tensorflow":
            raise RecipeError(
                f"Stages are trained on Keras's TensorFlow backend. Received: KERAS_BACKEND={backend}. "
                "Unset it, or set it to tensorflow."
            )


def _extractor(recipe: Recipe) -> Extractor:
    """What computes the features; from scratch none are needed, and so no pretrained weights either."""
    return Extractor(Path(), "") if recipe.stages[0].thaw == "scratch" else Extractor.of(recipe)


@contextmanager
def told(run: Run) -> Iterator[None]:
    """Write into the Run how the block ended, where it did not end well."""
    try:
        yield
    except BaseException as error:
        stopped = isinstance(error, (KeyboardInterrupt, Interrupted))
        if run.about["status"] != "complete":  # else the model is whole, and only the report is missing
            run.update(status="interrupted" if stopped else "failed", error=str(error) or type(error).__name__)
        if stopped and run.has("split.json"):
            say(f"Go on with: boda train --resume {run.path}")
        raise
