"""What a person names as a recipe of augmentation to a Pipeline: a file, a step, or "default"."""

from __future__ import annotations

import difflib
import json
import tomllib
from pathlib import Path
from typing import Any

from boda.augment import AUGMENTATIONS, Augmentation, Pipeline
from boda.errors import AugmentError

EXAMPLES: dict[str, dict[str, Any]] = {  # what a step is shown with that has arguments without a default
    "CenterCrop": {"height": 160, "width": 160},
    "RandomBrightness": {"factor": 0.2},
    "RandomChannelShift": {"factor": 20.0},
    "RandomColorDegeneration": {"factor": 0.5},
    "RandomColorJitter": {
        "brightness_factor": 0.2,
        "contrast_factor": 0.2,
        "saturation_factor": (0.4, 0.6),
        "hue_factor": 0.1,
    },
    "RandomContrast": {"factor": 0.2},
    "RandomCrop": {"height": 160, "width": 160},
    "RandomHue": {"factor": 0.2},
    "RandomGain": {"factor": (0.8, 1.2)},
    "RandomPosterization": {"factor": 4},
    "RandomRotation": {"factor": 0.1},
    "RandomSaturation": {"factor": (0.4, 0.6)},
    "RandomSharpness": {"factor": 0.5},
    "RandomShear": {"x_factor": 0.2, "y_factor": 0.2},
    "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1},
    "RandomZoom": {"height_factor": 0.2},
    "Rescaling": {"scale": 1 / 255},
    "Resizing": {"height": 224, "width": 224},
}


def default_pipeline(seed: int = 0) -> Pipeline:
    """The classic recipe: flip, rotation, zoom, translation and brightness, none of them strong."""
    classic: dict[str, dict[str, Any]] = {
        "RandomFlip": {"mode": "horizontal"},
        "RandomRotation": {"factor": 0.05},
        "RandomZoom": {"height_factor": 0.1},
        "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1},
        "RandomBrightness": {"factor": 0.2},
    }
    return Pipeline([AUGMENTATIONS[name](**arguments) for name, arguments in classic.items()], seed=seed)


def pipeline_of(recipe: Pipeline | Augmentation | Path | str, seed: int = 0) -> Pipeline:
    """The pipeline that `recipe` means.

    Args:
        recipe: a Pipeline, a step, a TOML file of a pipeline or with a table [augmentation], the name of a step, or
            "default".
        seed: where the recipe itself has none.

    Raises:
        AugmentError: there is no such file or step, or the file holds no pipeline; it says what to do.
    """
    if isinstance(recipe, Pipeline):
        return recipe
    if isinstance(recipe, Augmentation):
        return Pipeline([recipe], seed=seed)
    path, name = Path(recipe), str(recipe)
    if path.is_file():
        return _read(path, seed)
    if name == "default":
        return default_pipeline(seed)
    if name in AUGMENTATIONS:
        return Pipeline([_example(name)], seed=seed)
    near = difflib.get_close_matches(name, ["default", *AUGMENTATIONS], n=1)
    raise AugmentError(
        f"{name}: there is no such file, and no such step.{f' Did you mean {near[0]}?' if near else ''} "
        "Give a TOML file of a pipeline, the name of a step such as RandomFlip, or default."
    )


def _read(path: Path, seed: int) -> Pipeline:
    try:
        return Pipeline.from_toml(_as_toml({"seed": seed, **_table(path.read_text(encoding="utf-8"))}))
    except UnicodeDecodeError as error:
        raise AugmentError(f"{path}: this is no TOML, but something else than UTF-8 text.") from error
    except (OSError, AugmentError) as error:
        said = getattr(error, "strerror", None) or str(error)
        end = "" if said.endswith(("?", ".")) else "."
        raise AugmentError(f"{path}: {said}{end}") from error


def _table(text: str) -> dict[str, Any]:
    """The pipeline's entries, from the top of the file or from its table [augmentation]."""
    try:
        whole = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AugmentError(f"This is no TOML: {error}.") from error
    found = whole.get("augmentation", whole)
    table: dict[str, Any] = found if isinstance(found, dict) else {"steps": found}
    if "steps" not in table:
        raise AugmentError(
            "No steps are in it, neither on top nor in [augmentation]. Each step is a table: [[steps]] or "
            '[[augmentation.steps]], then step = "RandomFlip" and its arguments.'
        )
    return table


def _as_toml(table: dict[str, Any]) -> str:
    """A pipeline's table as a document of its own: the values that it can hold are written in JSON as in TOML."""
    steps = table["steps"] if isinstance(table["steps"], list) else [table["steps"]]
    lines = [f"{json.dumps(key)} = {json.dumps(value)}" for key, value in table.items() if key != "steps"]
    for step in steps:
        if not isinstance(step, dict):
            raise AugmentError(f"Each step must be a table, [[steps]]. Received: {step!r}.")
        lines += ["[[steps]]", *(f"{json.dumps(key)} = {json.dumps(value)}" for key, value in step.items())]
    return "\n".join(lines)


def _example(name: str) -> Augmentation:
    try:
        return AUGMENTATIONS[name](**EXAMPLES.get(name, {}))
    except TypeError as error:
        raise AugmentError(
            f'{name} needs arguments. Write them into a file: [[steps]], step = "{name}", then a line for each.'
        ) from error
