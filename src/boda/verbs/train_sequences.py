"""`boda train` for sequences: texts, tokens, rolls and series become a Run."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from boda.errors import DataError, RecipeError, RunError
from boda.recipe.sequence import SequenceRecipe
from boda.run import Run
from boda.training.callbacks import check_tensorboard
from boda.verbs.clock import Clock
from boda.verbs.material import name_of, refuse_to_write_into
from boda.verbs.sequence_material import SequenceMaterial
from boda.verbs.sequence_work import SequenceWork

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.recipe import Recipe

PACKAGES = ("boda", "keras", "numpy", "scikit-learn", "scipy")
OF_PICTURES = ("backbone", "weights", "stages")


def refuse(**asked: Any) -> None:
    """Refuse what has a meaning for pictures alone."""
    for name, value in asked.items():
        if value is not None:
            raise RecipeError(f"{name} is for pictures, and the data holds sequences. Received: {value}. Leave it out.")


def train(
    data: Any,
    *,
    out: Path | str | None = None,
    runs: Path | str = "runs",
    seed: int = 0,
    recipe: Recipe | SequenceRecipe | Path | str | None = None,
    split: Run | Path | str | None = None,
    on_bad: Literal["skip", "error"] = "skip",
    reading: dict[str, Any] | None = None,
    callbacks: Sequence[Any] = (),
    tensorboard: bool = False,
    **changes: Any,
) -> Run:
    """Train on sequences, and measure it; `boda.train` has the arguments.

    Raises:
        DataError, RecipeError, RunError: each says where, what was expected, what came, what to do.
    """
    refuse(**{name: changes.get(name) for name in OF_PICTURES})
    if tensorboard:
        check_tensorboard()
    given, clock = _given(recipe), Clock()
    early = {name: value for name, value in changes.items() if name != "bptt_every"}  # it depends on the usual bptt
    (given or SequenceRecipe()).replace(**early)  # what no task could take is refused before anything is read
    with clock("read"):
        share = changes.get("validation_split", None if given is None else given.validation_split)
        material = SequenceMaterial.read(
            data, seed, validation_split=share, on_bad=on_bad, reading=reading, split=split
        )
    chosen = (given or material.usual_recipe(changes.get("cell"))).replace(**changes)
    refuse_to_write_into(data, Path(runs) if out is None else Path(out))
    run = Run.create(None if out is None else Path(out), runs=Path(runs), task=material.dataset.task, seed=seed)
    from boda.verbs.train import told

    with told(run):
        _describe(run, chosen, material, source=name_of(data), reading=reading or {}, on_bad=on_bad, board=tensorboard)
        SequenceWork(run, chosen, material, clock, callbacks).train()
    return run


def resume(run: Run, data: Any = None, *, callbacks: Sequence[Any] = ()) -> Run:
    """Go on with a training of sequences that was stopped, to the same bits.

    Raises:
        RunError: the data cannot be read again from where it was.
        DataError: the sequences are not the same any more.
    """
    about, clock = run.about, Clock()
    recipe, source = SequenceRecipe.read(run.path / "recipe.toml"), data
    if source is None:
        source = Path(about["data"])
        if not source.exists():
            raise RunError(f"{source}, on which {run.path} was trained, is not here. Give the data to `resume` again.")
    with clock("read"):
        given = {"validation_split": recipe.validation_split, "on_bad": about.get("on_bad", "skip")}
        material = SequenceMaterial.read(source, about["seed"], reading=about["reading"], split=run, **given)
    if material.fingerprint != about.get("fingerprint"):
        raise DataError(f"The sequences are not those that {run.path} began with. Train again, into another folder.")
    run.update(status="running")
    from boda.verbs.train import told

    with told(run):
        SequenceWork(run, recipe, material, clock, callbacks).train()
    return run


def _given(recipe: Recipe | SequenceRecipe | Path | str | None) -> SequenceRecipe | None:
    if recipe is None or isinstance(recipe, SequenceRecipe):
        return recipe
    if isinstance(recipe, (str, Path)):
        return SequenceRecipe.read(Path(recipe))
    raise RecipeError("The data holds sequences, and the recipe is one of pictures. Give a SequenceRecipe, or none.")


def _describe(
    run: Run,
    recipe: SequenceRecipe,
    material: SequenceMaterial,
    *,
    source: str,
    reading: dict[str, Any],
    on_bad: str,
    board: bool,
) -> None:
    """Write down what is trained on what, before anything costly begins."""
    data = material.dataset
    run.update(
        kind="sequences",
        unit=data.unit,
        classes=list(data.classes),
        channels=list(data.channels),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        data=source,
        reading=reading,
        on_bad=on_bad,
        tensorboard=board,
        fingerprint=material.fingerprint,
        versions={name: metadata.version(name) for name in PACKAGES},
    )
    run.write_text("recipe.toml", recipe.to_toml())
    material.describe(run)
