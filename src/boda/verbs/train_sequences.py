"""`boda train` for sequences: texts, tokens, rolls and series become a Run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from boda.errors import DataError, RunError
from boda.recipe.sequence import SequenceRecipe
from boda.run import Run
from boda.training.callbacks import check_tensorboard
from boda.verbs.clock import Clock
from boda.verbs.material import name_of, refuse_to_write_into
from boda.verbs.sequence_material import SequenceMaterial
from boda.verbs.sequence_start import checked, describe
from boda.verbs.sequence_work import SequenceWork

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.recipe import Recipe


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
    if tensorboard:
        check_tensorboard()
    (given, share), clock = checked(recipe, changes), Clock()
    with clock("read"):
        material = SequenceMaterial.read(
            data, seed, validation_split=share, on_bad=on_bad, reading=reading, split=split
        )
    chosen = (given or material.usual_recipe(changes.get("cell"))).replace(**changes)
    refuse_to_write_into(data, Path(runs) if out is None else Path(out))
    run = Run.create(None if out is None else Path(out), runs=Path(runs), task=material.dataset.task, seed=seed)
    from boda.verbs.train import told

    with told(run):
        run.update(tensorboard=tensorboard)
        describe(run, chosen, material, source=name_of(data), reading=reading or {}, on_bad=on_bad)
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
