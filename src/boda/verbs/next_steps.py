"""What to do after a training: suggestions that follow from its own figures, with the command for each."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from boda.data.split import GIVEN
from boda.recipe import Recipe

if TYPE_CHECKING:
    from boda.run import Run

FEW = 30
POORLY_CALIBRATED = 0.08


def next_steps(run: Run) -> list[dict[str, str]]:
    """Up to five steps, the most useful first, as {"title", "why", "command"}."""
    steps = [*_about_data(run), *_about_model(run), _predict(run), _look(run)]
    return steps[:5]


def _step(title: str, why: str, command: str) -> dict[str, str]:
    return {"title": title, "why": why, "command": command}


def _about_data(run: Run) -> list[dict[str, str]]:
    steps = []
    data, val = run.read_json("data.json"), run.metrics["val"]
    if data.get("leaks"):
        why = f"{data['leaks_count']} pictures stand in more than one part, so the accuracy is too good."
        steps.append(_step("Remove the leaking pictures", why, _look_again(run)))
    weakest = min(val["per_class"], key=lambda c: c["f1"])
    if run.metrics["task"] == "classify" and weakest["f1"] < val["accuracy"] - 0.05:
        why = f"It is the weakest class (F1 {weakest['f1']:.2f}); new pictures help most where the model is wrong."
        steps.append(_step(f"Add pictures of “{weakest['name']}”", why, _look_again(run)))
    if val["n"] < 10 * FEW and run.read_json("split.json")["method"] != GIVEN:
        lo, hi = val["accuracy_interval"]
        why = f"With {val['n']} pictures the accuracy is only known to lie between {100 * lo:.0f} and {100 * hi:.0f} %."
        steps.append(_step("Hold out more pictures", why, _again(run, "validation_split=0.3")))
    return steps


def _about_model(run: Run) -> list[dict[str, str]]:
    recipe = Recipe.from_toml((run.path / "recipe.toml").read_text(encoding="utf-8"))
    steps = []
    data = " ".join([shlex.quote(run.about["data"]), *_reading(run)])
    if not any(stage.trains_backbone for stage in recipe.stages):
        why = "The last five blocks of the network learn too, which often helps; where it does not, it is rolled back."
        steps.append(_step("Thaw the last blocks", why, f"{_again(run)} --stages head,last-5"))
    why = "Every lever on the same folds: which helps on these pictures, and by how much."
    steps.append(_step("Climb the ladder", why, f"boda ladder {data} --minutes 10"))
    return steps


def _again(run: Run, *settings: str) -> str:
    """The command that trains once more as this Run was trained, but for `settings`."""
    about = run.about
    words = ["boda train", shlex.quote(about["data"]), *_reading(run)]
    if Recipe.from_toml((run.path / "recipe.toml").read_text(encoding="utf-8")) != Recipe():
        words.append(f"--recipe {shlex.quote(str(run.path / 'recipe.toml'))}")
    if about["seed"]:
        words.append(f"--seed {about['seed']}")
    return " ".join([*words, *(f"--set {setting}" for setting in settings)])


def _look_again(run: Run) -> str:
    columns = [word for word in _reading(run) if "column" in word]
    return " ".join(["boda look", shlex.quote(run.about["data"]), *columns])


def _reading(run: Run) -> list[str]:
    """The reader's options as the command takes them."""
    options = run.about.get("reading", {})
    return [f"--{name.replace('_', '-')} {shlex.quote(str(value))}" for name, value in options.items()]


def _predict(run: Run) -> dict[str, str]:
    return _step(
        "Answer on new pictures",
        "Each answer comes with a calibrated confidence.",
        f"boda predict {shlex.quote(str(run.path))} NEW_PICTURES",
    )


def _look(run: Run) -> dict[str, str]:
    why = "Counts, sizes, samples, damaged, duplicate and leaking files on one page."
    return _step("Look at the data", why, _look_again(run))
