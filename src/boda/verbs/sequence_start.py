"""How a training and a ladder of sequences start: what is asked for is checked, and what is tried is written down."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boda.errors import RecipeError
from boda.recipe.sequence import SequenceRecipe

if TYPE_CHECKING:
    from boda.recipe import Recipe
    from boda.run import Run
    from boda.verbs.sequence_material import SequenceMaterial

PACKAGES = ("boda", "keras", "numpy", "scikit-learn", "scipy")
OF_PICTURES = ("backbone", "weights", "stages")


def refuse(**asked: Any) -> None:
    """Refuse what has a meaning for pictures alone."""
    for name, value in asked.items():
        if value is not None:
            raise RecipeError(f"{name} is for pictures, and the data holds sequences. Received: {value}. Leave it out.")


def checked(
    recipe: Recipe | SequenceRecipe | Path | str | None, changes: dict[str, Any]
) -> tuple[SequenceRecipe | None, float | None]:
    """The recipe that was given, or None, and the share to hold out, both looked at before anything is read.

    Raises:
        RecipeError: the recipe is one of pictures, or no task could take the changes.
    """
    refuse(**{name: changes.get(name) for name in OF_PICTURES})
    given = _given(recipe)
    early = {name: value for name, value in changes.items() if name != "bptt_every"}  # it depends on the usual bptt
    (given or SequenceRecipe()).replace(**early)
    return given, changes.get("validation_split", None if given is None else given.validation_split)


def describe(
    run: Run,
    recipe: SequenceRecipe,
    material: SequenceMaterial,
    *,
    source: str,
    reading: dict[str, Any],
    on_bad: str,
) -> None:
    """Write down what is tried on what, before anything costly begins."""
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
        fingerprint=material.fingerprint,
        versions={name: metadata.version(name) for name in PACKAGES},
    )
    run.write_text("recipe.toml", recipe.to_toml())
    material.describe(run)


def _given(recipe: Recipe | SequenceRecipe | Path | str | None) -> SequenceRecipe | None:
    if recipe is None or isinstance(recipe, SequenceRecipe):
        return recipe
    if isinstance(recipe, (str, Path)):
        return SequenceRecipe.read(Path(recipe))
    raise RecipeError("The data holds sequences, and the recipe is one of pictures. Give a SequenceRecipe, or none.")
