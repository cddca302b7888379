"""`boda ladder`: which lever helps on these pictures or sequences, and by how much."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from boda.data import read
from boda.data.sequences import is_sequences
from boda.data.split import units_of
from boda.errors import DataError, Interrupted, RecipeError, RunError
from boda.models import backbones
from boda.progress import say
from boda.recipe import Recipe
from boda.recipe.sequence import SequenceRecipe
from boda.recipe.stage import PATTERN
from boda.run import Run
from boda.training.ladder_pictures import LadderPictures
from boda.training.pictures import view_of
from boda.training.rung_table import standard
from boda.training.rungs import chosen, own_rung, with_stage_settings
from boda.verbs.climb import PLAN, Climb
from boda.verbs.described import describe
from boda.verbs.material import Material, name_of, refuse_boxes, refuse_to_write_into
from boda.verbs.sequence_ladder import SequenceClimb, begin_sequences, is_of_sequences, refuse_other_sequences
from boda.verbs.train import check_stages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.training.executor import Executor


def ladder(
    data: Any = None,
    *,
    out: Path | str | None = None,
    runs: Path | str = "runs",
    minutes: float | None = None,
    rungs: str | Sequence[str] | None = None,
    own: Sequence[str] = (),
    folds: int = 5,
    repeats: int = 2,
    costly_repeats: int = 1,
    seed: int = 0,
    recipe: Recipe | SequenceRecipe | Path | str | None = None,
    split: Run | Path | str | None = None,
    resume: Run | Path | str | None = None,
    on_bad: Literal["skip", "error"] = "skip",
    reading: dict[str, Any] | None = None,
    executor: Executor | None = None,
    **changes: Any,
) -> Run:
    """Try each lever on the same folds of the training part, and say which of them helps.

    The base is the recipe, of pictures with a head on frozen weights; each rung changes one thing. Of long texts and of
    series the folds are consecutive blocks at their end, each learned from all that comes before it.
    The held-out part is touched once, when the winner is trained in LADDER/winner.

    Args:
        data: what `train` takes.
        out: the ladder's folder, which must not hold anything yet; by default the next number below `runs`.
        runs: where numbered Runs go.
        minutes: how long rungs may take, from the call on; the winner's own training comes on top. What does not fit
            is listed as left out. None takes the time that it takes, and with `resume` what was left.
        rungs: names of the rungs, or "dropout,last-5"; by default all that make sense.
        own: rungs of your own, such as "wide=head.hidden=1024", of sequences "wide=units=512".
        folds: into how many parts the training part is dealt.
        repeats: how often it is dealt anew.
        costly_repeats: the same for rungs that train layers of the backbone, and for all rungs of sequences.
        seed: of the split, the folds and every fit.
        recipe: the base, a Recipe or a TOML file; of its stages only the head counts. Of sequences a SequenceRecipe.
        split: a Run whose split is used again.
        resume: a ladder that was stopped; it goes on as it was begun, and `data` is needed only where it was no path.
        on_bad: "skip" leaves damaged pictures out; "error" stops at the first.
        reading: options of the reader, such as `group_pattern` or `label_column`.
        executor: what runs the rungs; by default processes of this machine, one a core.
        **changes: entries of the base recipe, such as `backbone="mobilenet_v2"`; those of stages, such as
            `stage_epochs=4`, count in every rung that trains such a stage. Of sequences such as `epochs=5`.

    Returns:
        The Run; `run.read_json("ladder.json")` holds every rung, the verdicts and the winner.

    Raises:
        DataError, RecipeError, WeightsError, RunError: each says where, what was expected, what came, what to do.
        Interrupted, KeyboardInterrupt: the folds that were done are kept; `resume` goes on.
    """
    began = time.perf_counter()
    _check(minutes=minutes, seed=seed, repeats=repeats, costly_repeats=costly_repeats, folds=folds)
    if resume is None and is_sequences(data, **{name: (reading or {}).get(name) for name in ("task", "format")}):
        names = [name.strip() for name in rungs.split(",")] if isinstance(rungs, str) else rungs
        place = (None if out is None else Path(out), Path(runs))
        run = begin_sequences(
            data, (recipe, changes), (names, own), (folds, costly_repeats, seed), place, split, on_bad, reading or {}
        )
        left = None if minutes is None else 60 * minutes - (time.perf_counter() - began)
    elif resume is None:
        stage_settings = {name: value for name, value in changes.items() if _is_of_a_stage(name)}
        base = _recipe(recipe, {name: value for name, value in changes.items() if name not in stage_settings})
        names = [name.strip() for name in rungs.split(",")] if isinstance(rungs, str) else rungs
        settings = {"repeats": repeats, "costly_repeats": costly_repeats, "seed": seed}
        place = (None if out is None else Path(out), Path(runs))
        run = _begin(data, base, names, own, stage_settings, settings, folds, place, split, on_bad, reading or {})
        left = None if minutes is None else 60 * minutes - (time.perf_counter() - began)
    else:
        run = resume if isinstance(resume, Run) else Run.open(resume)
        data = _data_of(run, data)
        minutes, left = _time_left(run, minutes)
    deadline = None if left is None else time.time() + left
    run.update(status="running", error=None, minutes=minutes)
    try:
        climb = SequenceClimb if is_of_sequences(run) else Climb
        climb.of(run, data, deadline, began).climb(executor)
    except BaseException as error:
        stopped = isinstance(error, (KeyboardInterrupt, Interrupted))
        if run.about["status"] != "complete":
            run.update(status="interrupted" if stopped else "failed", error=str(error) or type(error).__name__)
        say(f"What was done is kept; boda ladder --resume {run.path} goes on.")
        raise
    return run


def _begin(
    data: Any,
    base: Recipe,
    names: Sequence[str] | None,
    own: Sequence[str],
    stage_settings: dict[str, Any],
    settings: dict[str, int],
    folds: int,
    place: tuple[Path | None, Path],
    split: Run | Path | str | None,
    on_bad: Literal["skip", "error"],
    reading: dict[str, Any],
) -> Run:
    """A new ladder's folder, with all in it that its rungs and a later resume need."""
    own_rungs, seed = [own_rung(text) for text in own], settings["seed"]
    dataset = read(data, **reading)
    refuse_boxes(dataset.task, "boda ladder")
    material = Material.read(dataset, base, seed, on_bad=on_bad, split=split)
    pictures = _pictures(material, folds, max(settings["repeats"], settings["costly_repeats"]))
    some = chosen(standard(base, pictures.targets, pictures.classes), names, own_rungs)
    rungs = with_stage_settings(some, {name.replace("_", ".", 1): value for name, value in stage_settings.items()})
    for rung in rungs:
        check_stages(rung.recipe(base))  # refused before anything costly begins
    refuse_to_write_into(data, place[0] or place[1])
    run = Run.create(place[0], runs=place[1], task="ladder", seed=seed)
    describe(run, base, material, view_of(base), source=name_of(data), reading=reading or {}, on_bad=on_bad)
    pictures.write(run.path)
    plan = {"task": material.dataset.task, "on_bad": on_bad, "is_path": isinstance(data, (str, Path))}
    run.write_json(PLAN, {**plan, "settings": settings, "rungs": [rung.to_json() for rung in rungs]})
    return run


def _pictures(material: Material, folds: int, repeats: int) -> LadderPictures:
    """The training part, dealt into folds."""
    dataset, scanned = material.dataset, material.scanned
    where = material.split.indices(dataset, "train")
    return LadderPictures.dealt(
        [dataset.samples[i] for i in where],
        [scanned.digests[i] for i in where],
        dataset.targets()[where],
        units_of(dataset, scanned.group_ids)[where],
        classes=len(dataset.classes),
        count=folds,
        repeats=repeats,
        seed=material.seed,
    )


def _recipe(given: Recipe | SequenceRecipe | Path | str | None, changes: dict[str, Any]) -> Recipe:
    """The base: the recipe with a head on frozen weights."""
    if isinstance(given, SequenceRecipe):
        raise RecipeError("The data holds pictures, and the recipe is one of sequences. Give a Recipe, or none.")
    recipe = given if isinstance(given, Recipe) else Recipe.read(Path(given)) if given else Recipe()
    backbones.get(recipe.backbone)
    recipe = recipe.replace(**changes)
    if any(stage.trains_backbone for stage in recipe.stages):
        say(f"A ladder's base is its head alone: of stages={','.join(recipe.stage_names)} rungs try what thaws.")
    return recipe.replace(stages="head")


def _is_of_a_stage(name: str) -> bool:
    """Whether a change such as `stage_epochs` or `last-5_epochs` is of a stage, and not of the head."""
    table, _, entry = name.partition("_")
    return entry != "" and table != "head" and (table == "stage" or PATTERN.fullmatch(table) is not None)


def _data_of(run: Run, data: Any) -> Any:
    """The data of a ladder that goes on."""
    if run.about.get("task") != "ladder":
        raise RunError(f"{run.path} is no ladder, so there is nothing to resume. Give a folder that boda ladder made.")
    if run.about.get("status") == "complete":
        raise RunError(f"{run.path} was finished; there is nothing to resume. `boda report {run.path}` draws its page.")
    plan = run.read_json(PLAN)
    if data is None and not plan["is_path"]:
        raise RunError(f"{run.path} was begun with data in memory ({run.about.get('data')}). Give the same data again.")
    data = run.about["data"] if data is None else data
    if isinstance(data, (str, Path)) and not Path(data).exists():
        raise RunError(
            f"{data}, on which {run.path} was begun, is not here ({Path.cwd()}). Go on from the folder where it was "
            f"begun, or in Python with boda.ladder(DATA, resume={str(run.path)!r})."
        )
    (refuse_other_sequences if is_of_sequences(run) else _refuse_other_pictures)(run, data, plan["on_bad"])
    return data


def _refuse_other_pictures(run: Run, data: Any, on_bad: Literal["skip", "error"]) -> None:
    """Look through the pictures now: the winner would, hours later."""
    about, base = run.about, Recipe.read(run.path / "recipe.toml")
    material = Material.read(data, base, about["seed"], on_bad=on_bad, reading=about.get("reading"), split=run)
    if material.fingerprint != about.get("fingerprint"):
        raise DataError(f"The pictures are not those that {run.path} began with. Begin a ladder in another folder.")


def _time_left(run: Run, minutes: float | None) -> tuple[float | None, float | None]:
    """The minutes of a ladder that goes on, and the seconds that are left of them; new minutes count from now on."""
    if minutes is not None:
        return minutes, 60 * minutes
    given = run.about.get("minutes")
    spent = run.read_json("ladder.json")["seconds"] if run.has("ladder.json") else 0.0
    return given, None if given is None else max(0.0, 60 * given - spent)


def _check(*, minutes: float | None, **numbers: int) -> None:
    if minutes is not None and not minutes > 0:
        raise RecipeError(f"minutes must be above 0, or None. Received: minutes={minutes}")
    least = {"seed": 0, "folds": 2}
    for name, value in numbers.items():
        if value < least.get(name, 1):
            raise RecipeError(f"{name} must be {least.get(name, 1)} or more. Received: {name}={value}")
