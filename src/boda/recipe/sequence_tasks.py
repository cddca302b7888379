"""Tasks of sequences: what suits each, and what it would not heed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from boda.errors import RecipeError

if TYPE_CHECKING:
    from boda.recipe.sequence import SequenceRecipe

TASKS = ("classify", "regress", "tag", "language", "music", "pairs", "forecast")
ONE_ANSWER = ("classify", "regress", "forecast")  # many to one
EACH_STEP = ("tag", "language", "music")  # many to many, aligned
NEXT_STEP = ("language", "music")  # the answer is the input's next step
UNHEEDED: dict[str, tuple[tuple[str, Any, tuple[str, ...]], ...]] = {  # field, its plain value, and the tasks
    "says what a single answer is read from": (("pooling", "last", ("tag", "language", "music", "pairs")),),
    "cuts gradients where each step has an answer": (("bptt", 0, ("classify", "regress", "pairs", "forecast")),),
    "smooths classes": (("label_smoothing", 0.0, ("regress", "music", "forecast")),),
    "is of forecasts": tuple((name, 0, TASKS[:-1]) for name in ("context", "horizon", "season")),
}
ALL = 40  # epochs of patience: the best counts, but none is left out, since the last ones, with small steps, gain most
FEW = 1000  # sequences, where their number is not known


def usual_values(task: str, n: int, longest: int, unit: str) -> dict[str, Any]:
    """The entries in which the usual recipe of `task` differs from the plain one.

    >>> usual_values("language", 1_000_000, 1_000_000, "characters")["bptt"]
    64
    """
    if task not in TASKS:
        raise RecipeError(f"task must be one of {', '.join(TASKS)}. Received: task={task!r}")
    makers = {"language": _language, "classify": _one_answer, "regress": _one_answer, "tag": _many, "pairs": _many}
    maker = makers.get(task)
    return maker(task, n or FEW, longest, unit) if maker else dict(USUAL[task])


def refuse_what_lacks(recipe: SequenceRecipe, task: str) -> None:
    """Refuse what `task` would not heed, or must not have."""
    if task not in TASKS:
        raise RecipeError(f"task must be one of {', '.join(TASKS)}. Received: task={task!r}")
    if task in NEXT_STEP and recipe.bidirectional:
        raise RecipeError(
            f"bidirectional would read the very step that {task} is to tell. "
            "Received: bidirectional=True. Take bidirectional=False."
        )
    for meaning, rows in UNHEEDED.items():
        for name, plain, tasks in rows:
            if task in tasks and getattr(recipe, name) != plain:
                raise RecipeError(
                    f"{name} {meaning}, which {task} has not. Received: {name}={getattr(recipe, name)!r}. "
                    f"Leave it out, or take {name}={plain!r}."
                )


def _many(task: str, n: int, longest: int, unit: str) -> dict[str, Any]:  # noqa: ARG001 - as its siblings
    """Few epochs where there is much to learn from."""
    return {**USUAL[task], "epochs": max(8, min(40, 200_000 // n))}


def _one_answer(task: str, n: int, longest: int, unit: str) -> dict[str, Any]:
    """Few epochs where there is much to learn from; long texts are cut."""
    epochs = max(6, min(40, 400_000 // n))
    words = {"length": 200} if unit == "words" else {}
    cut = {"length": 400} if longest > 400 else {}
    return {**USUAL[task], "epochs": epochs, **cut, **words}


def _language(task: str, n: int, longest: int, unit: str) -> dict[str, Any]:
    """One long text in streams, with the state carried over; lines as they are."""
    if longest and longest <= 1000:
        return {**USUAL[task], "epochs": max(6, min(30, 200_000 // n)), "dropout": 0.2}
    return {**USUAL[task], "epochs": max(6, min(40, 8_000_000 // n)), "bptt": 32 if unit == "words" else 64}


USUAL: dict[str, dict[str, Any]] = {  # chosen on inner parts
    "classify": {
        "cell": "gru",
        "bidirectional": True,
        "pooling": "max",
        "dropout": 0.5,
        "learning_rate": 0.003,
        "patience": ALL,
    },
    "regress": {"cell": "gru", "bidirectional": True, "pooling": "max", "dropout": 0.3, "patience": ALL},
    "tag": {"bidirectional": True, "dropout": 0.5, "patience": 5},
    "language": {"cell": "gru", "units": 256, "embedding": 64, "dropout": 0.1, "batch_size": 32, "patience": 3},
    "music": {
        "units": 300,
        "dropout": 0.1,
        "recurrent_dropout": 0.5,
        "epochs": 150,
        "batch_size": 8,
        "learning_rate": 0.01,
        "patience": 10,
    },
    "pairs": {
        "cell": "gru",
        "embedding": 32,
        "bidirectional": True,
        "batch_size": 32,
        "learning_rate": 0.006,
        "patience": 10,
    },
    "forecast": {"cell": "gru", "units": 64, "epochs": 40, "patience": 8},
}
