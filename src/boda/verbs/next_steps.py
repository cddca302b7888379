"""What to do after a training: suggestions that follow from its own figures, with the command for each."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from boda.data.split import GIVEN
from boda.recipe import Recipe
from boda.run import SCORES
from boda.sample import BOX_TASKS

if TYPE_CHECKING:
    from collections.abc import Container

    from boda.run import Run

LOOKED_WITH = ("format", "path_column", "label_column")  # the reader's options that `boda look` takes
NOT_CLIMBED_WITH = ("format", "task")  # and those that `boda ladder` does not
FEW = 30
FEW_IN_ALL = 500
LOOSE = 0.6  # the share of boxes that fit well, below which more pictures like the worst are asked for
POORLY_CALIBRATED = 0.08
BOX_ADVICE = {
    "missed": ("Add pictures of what was missed", "objects that no box covers; the worst pictures show which."),
    "loose": ("Look whether the boxes are drawn alike", "found, but the box fits badly. Mixed habits teach no edge."),
    "doubled": ("Look for objects that are labelled as one", "two boxes on one object, or a part and the whole."),
    "wrong_class": ("Add pictures of the classes that are mixed up", "found, but under another name."),
    "background": (
        "Look for objects without a box, and add pictures without any",
        "boxes where nothing is labelled.",
    ),
}


def next_steps(run: Run) -> list[dict[str, str]]:
    """Up to five steps, the most useful first, as {"title", "why", "command"}."""
    if run.metrics["task"] in BOX_TASKS:
        steps = [*_about_boxes(run), *_about_more(run), _draw(run), _look(run)]
    else:
        steps = [*_about_data(run), *_about_model(run), _predict(run), _look(run)]
    return steps[:5]


def _step(title: str, why: str, command: str) -> dict[str, str]:
    return {"title": title, "why": why, "command": command}


def _about_boxes(run: Run) -> list[dict[str, str]]:
    """What the figures of a Run of boxes suggest."""
    leaks = _about_leaks(run, "figures are too good")
    return [*leaks, *_about_mistakes(run), *_about_certainty(run), *_about_number(run)]


def _about_mistakes(run: Run) -> list[dict[str, str]]:
    """The commonest kind of mistake; for one box a picture, boxes that fit badly."""
    val = run.metrics["val"]
    errors = val.get("errors") or {}
    kind = max(BOX_ADVICE, key=lambda kind: errors.get(kind) or 0)
    if errors.get(kind):
        title, why = BOX_ADVICE[kind]
        return [_step(title, f"{errors[kind]} of {sum(errors.values())} mistakes are {why}", _look_again(run))]
    if val.get("iou_75", 1.0) < LOOSE:
        why = f"Only {100 * val['iou_75']:.0f} % of the boxes fit well; new pictures help most where they do not."
        return [_step("Add pictures like the worst ones in the report", why, _look_again(run))]
    return []


def _about_certainty(run: Run) -> list[dict[str, str]]:
    metrics = run.metrics
    val, (key, words) = metrics["val"], SCORES[metrics["task"]]
    ends = val.get(f"{key}_interval")
    if not ends or val["n"] >= 10 * FEW or run.read_json("split.json")["method"] == GIVEN:
        return []
    why = f"With {val['n']} pictures the {words} is only known to lie between {ends[0]:.2f} and {ends[1]:.2f}."
    return [_step("Hold out more pictures", why, _again(run, "validation_split=0.3"))]


def _about_number(run: Run) -> list[dict[str, str]]:
    n = run.read_json("data.json").get("n") or FEW_IN_ALL
    if n >= FEW_IN_ALL:
        return []
    why = f"{n} pictures are few for boxes; more of them often help more than any setting."
    return [_step("Label more pictures", why, "")]


def _about_more(run: Run) -> list[dict[str, str]]:
    """Train more of the network, where it stayed as it was."""
    recipe = Recipe.from_toml((run.path / "recipe.toml").read_text(encoding="utf-8"))
    if any(stage.trains_backbone for stage in recipe.stages):
        return []
    why = "The last five blocks of the network learn too, which nearly always makes boxes fit better."
    return [_step("Thaw the last blocks", why, f"{_again(run)} --stages head,last-5")]


def _about_leaks(run: Run, then: str) -> list[dict[str, str]]:
    data = run.read_json("data.json")
    if not data.get("leaks"):
        return []
    why = f"{data['leaks_count']} pictures stand in more than one part, so the {then}."
    return [_step("Remove the leaking pictures", why, _look_again(run))]


def _about_data(run: Run) -> list[dict[str, str]]:
    steps = _about_leaks(run, "accuracy is too good")
    val = run.metrics["val"]
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
    if not any(name in NOT_CLIMBED_WITH for name in run.about.get("reading", {})):
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
    return " ".join(["boda look", shlex.quote(run.about["data"]), *_reading(run, LOOKED_WITH)])


def _reading(run: Run, known: Container[str] | None = None) -> list[str]:
    """The reader's options as the command takes them; those of `known` alone where it is given."""
    options = {name: value for name, value in run.about.get("reading", {}).items() if known is None or name in known}
    return [f"--{name.replace('_', '-')} {shlex.quote(str(value))}" for name, value in options.items()]


def _predict(run: Run) -> dict[str, str]:
    return _step(
        "Answer on new pictures",
        "Each answer comes with a calibrated confidence.",
        f"boda predict {shlex.quote(str(run.path))} NEW_PICTURES",
    )


def _draw(run: Run) -> dict[str, str]:
    return _step(
        "Find them in new pictures",
        "Each box comes with a calibrated confidence; --draw leaves copies with the boxes on them.",
        f"boda predict {shlex.quote(str(run.path))} NEW_PICTURES --draw drawn",
    )


def _look(run: Run) -> dict[str, str]:
    why = "Counts, sizes, samples, damaged, duplicate and leaking files on one page."
    return _step("Look at the data", why, _look_again(run))
