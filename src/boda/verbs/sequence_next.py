"""What to do after a training of sequences: suggestions that follow from its own figures, with the command for each."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from boda.recipe.sequence import SequenceRecipe

if TYPE_CHECKING:
    from boda.run import Run

MOST = 5
ASK = {
    "classify": "--text 'your text'",
    "regress": "--text 'your text'",
    "tag": "--text 'your sentence'",
    "pairs": "--text 'your source'",
    "language": "--generate 300",
    "music": "--generate 100 --roll new.npz",
    "forecast": "",
}


def next_sequence_steps(run: Run) -> list[dict[str, str]]:
    """Up to five steps, the most useful first, as {"title", "why", "command"}."""
    recipe, lines = SequenceRecipe.read(run.path / "recipe.toml"), _history(run)
    steps = [*_leaks(run), *_course(run, recipe, lines), *_rivalled(run, recipe), _ask(run), _look(run)]
    return steps[:MOST]


def _step(title: str, why: str, command: str) -> dict[str, str]:
    return {"title": title, "why": why, "command": command}


def _leaks(run: Run) -> list[dict[str, str]]:
    count = run.read_json("data.json").get("leaks_count") or 0
    why = f"{count} sequences are in more than one part of the data, so that the figures are too good."
    return [_step("Remove copies from the parts", why, _data("look", run))] if count else []


def _rivalled(run: Run, recipe: SequenceRecipe) -> list[dict[str, str]]:
    """Where it is not shown to beat a baseline, the network is not worth its price yet."""
    against = run.metrics["against_baseline"]
    if against["verdict"] == "better":
        return []
    change = "--set dropout=0.5" if recipe.dropout < 0.5 else f"--set units={2 * recipe.units}"
    name, worse = against["baseline"], against["verdict"] == "worse"
    why = f"The baseline {name} does better." if worse else f"No difference from the baseline {name} is shown."
    return [_step("Give the network another chance, or take the baseline", why, _train(run, change))]


def _course(run: Run, recipe: SequenceRecipe, lines: list[dict[str, Any]]) -> list[dict[str, str]]:
    """More epochs where the loss still fell, more dropout where it rose again."""
    best, losses = run.about.get("best_epoch"), [line.get("val_loss") for line in lines]
    if best == recipe.epochs and len(lines) == recipe.epochs and recipe.epochs > 1:
        why = f"The last of {recipe.epochs} epochs was the best; the loss may fall further."
        return [_step("Train longer", why, _train(run, f"--set epochs={2 * recipe.epochs}"))]
    if best and best < len(lines) and None not in losses and losses[-1] > losses[best - 1] and recipe.dropout < 0.5:
        why = f"After epoch {best} the loss rose again on what was not learned from: the network learns by heart."
        more = round(min(0.6, recipe.dropout + 0.2), 2)
        return [_step("Drop more out", why, _train(run, f"--set dropout={more}"))]
    return []


def _ask(run: Run) -> dict[str, str]:
    command = f"boda predict {shlex.quote(str(run.path))} {ASK[run.about['task']]}".strip()
    return _step("Use it", "The network answers without Keras, by NumPy alone.", command)


def _look(run: Run) -> dict[str, str]:
    return _step("Look at the data", "Lengths, classes, copies, and what was left out.", _data("look", run))


def _train(run: Run, change: str) -> str:
    """The command for a training by the same recipe, from the same seed, but for `change`."""
    seed = f"--seed {run.about['seed']} " if run.about.get("seed") else ""
    return _data("train", run, f"--recipe {shlex.quote(str(run.path / 'recipe.toml'))} {seed}{change}")


def _data(verb: str, run: Run, more: str = "") -> str:
    """The command for the same data, read in the same way."""
    reading = dict(run.about.get("reading") or {})
    told = [f"--{name} {shlex.quote(str(reading.pop(name)))}" for name in ("task", "format") if name in reading]
    told += [f"--read {shlex.quote(f'{name}={value}')}" for name, value in reading.items()]
    return " ".join(filter(None, ["boda", verb, shlex.quote(str(run.about["data"])), *told, more]))


def _history(run: Run) -> list[dict[str, Any]]:
    if not run.has("history.jsonl"):
        return []
    text = (run.path / "history.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]
