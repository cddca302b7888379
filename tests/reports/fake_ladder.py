"""Composes a ladder as `boda ladder` leaves it: random but plausible, with hostile and Korean names."""

import numpy as np

from boda.run import Run

HOSTILE = "<script>alert(1)</script>"
CLASSES = ["daisy", "튤립", HOSTILE, "sun\nflower \u202e", "roses"]
N, FOLDS, REPEATS = 500, 5, 2

BOTH = {"stages": "head,last-5", "head.augment": "flip"}

# name, title, kind, change, stages, gain in points, seconds a cell, status
RUNGS = (
    ("head", "A head on frozen weights", "base", {}, "head", 0.0, 0.9, "done"),
    ("as-is", "As it is: nearest class mean", "as-is", {}, "as-is", -4.2, 0.1, "done"),
    ("dropout", "Dropout in the head", "head", {"head.dropout": 0.3}, "head", 0.2, 2.6, "done"),
    ("hidden", "A hidden layer", "head", {"head.hidden": [256], "head.dropout": 0.3}, "head", 0.5, 3.1, "done"),
    ("batch-norm", "BatchNormalization in the head", "head", {"head.batch_norm": True}, "head", -2.6, 2.8, "done"),
    ("smoothing", "Label smoothing", "head", {"head.label_smoothing": 0.1}, "head", 0.1, 0.9, "done"),
    ("focal", "Focal loss", "head", {"head.loss": "focal"}, "head", -0.3, 2.7, "done"),
    ("mixup", "MixUp", "head", {"head.mix": "mixup", "head.mix_alpha": 0.2}, "head", 0.6, 3.0, "done"),
    ("ema", "A moving average of the weights", "head", {"head.ema": 0.99}, "head", 0.0, 2.9, "done"),
    ("flip", "Mirrored pictures too", "augment", {"head.augment": "flip"}, "head", 1.3, 1.6, "done"),
    ("strong", "Strong augmentation", "augment", {"head.augment": "strong"}, "head", 0.9, 3.4, "stopped early"),
    ("size-320", "Larger pictures", "view", {"size": 320}, "head", 0.0, None, "failed"),
    (HOSTILE, f"{HOSTILE} & 해바라기 $x^{{", "head", {"head.hidden": [1024, 64]}, "head", -0.4, 4.4, "done"),
    ("last-5", "The last five blocks thawed", "thaw", {"stages": "head,last-5"}, "head,last-5", 3.4, 24.0, "done"),
    ("all", "Every layer thawed", "thaw", {"stages": "head,all"}, "head,all", 0.0, None, "left out"),
    ("scratch", "The architecture alone", "scratch", {"stages": "scratch"}, "scratch", 0.0, None, "left out"),
    ("together", "What helps, together", "together", BOTH, "head,last-5", 3.9, 25.0, "done"),
)  # fmt: skip
REASONS = {
    "size-320": "its process was killed (SIGKILL); the machine may have run out of memory",
    "all": "the time budget of 10 min",
    "scratch": "the time budget of 10 min",
}
COMPARED = (
    "difference",
    "interval",
    "p",
    "p_adjusted",
    "verdict",
    "log_loss_difference",
    "log_loss_difference_interval",
)
CURVE = {
    "sizes": [12, 25, 50, 100, 200, 400],
    "error": [0.522, 0.353, 0.246, 0.183, 0.131, 0.1095],
    "spread": [[0.469, 0.574], [0.307, 0.401], [0.207, 0.288], [0.15, 0.22], [0.103, 0.165], [0.085, 0.141]],
    "fit": {"a": 2.21, "b": 0.625, "c": 0.055},
    "forecast": [
        {"n": 500, "error": 0.1006, "interval": [0.0736, 0.1275]},
        {"n": 1000, "error": 0.0846, "interval": [0.0538, 0.1161]},
        {"n": 2000, "error": 0.0743, "interval": [0.0393, 0.1104]},
    ],
    "check": {"n": 400, "error": 0.1003, "interval": [0.0723, 0.138], "measured": 0.1095},
    "sentence": "Accuracy that a linear head may reach (95 % interval): with 1,000 about 91.5 % (88.4 to 94.6).",
    "warning": "A weak forecast. It assumes that the curve goes on as a law of power.",
    "seconds": 7.1,
}
FLAT = {
    **CURVE,
    "fit": None,
    "forecast": [],
    "check": None,
    "warning": "",
    "sentence": "No fall of the error is shown.",
}


def make_ladder(path, *, helps=True, done=99, only=None, seed=0, **changes):
    """A ladder at `path`.

    With `helps` false no gain is beyond chance; after `done` rungs it is under way; `only` keeps the rungs of these
    names; `changes` are entries of ladder.json.
    """
    rng = np.random.default_rng(seed)
    run = Run.create(path, task="ladder", seed=seed)
    whole = done >= len(RUNGS)
    base = rng.normal(0.885, 0.022, (REPEATS, FOLDS))
    rungs = [_rung(rng, row, base, helps=helps) if i < done else _later(row, i == done) for i, row in enumerate(RUNGS)]
    if not whole:  # nothing is compared before all are done
        rungs = [{key: value for key, value in rung.items() if key not in COMPARED} for rung in rungs]
    if only is not None:
        rungs = [rung for rung in rungs if rung["name"] in only]
    ladder = {
        "format": 1,
        "data": "flowers",
        "task": "classify",
        "classes": CLASSES,
        "n": N,
        "folds": FOLDS,
        "repeats": REPEATS,
        "seed": seed,
        "minutes": 10.0,
        "base": "head",
        "rungs": rungs,
        "winner": _winner("together" if helps else "head") if whole else None,
        "learning_curve": (CURVE if helps else FLAT) if whole else None,
        "seconds": 412.5,
        "versions": {"boda": "0.1.0", "python": "3.11.7", "numpy": "2.4.6"},
    }
    run.write_json("ladder.json", {**ladder, **changes})
    if whole:
        run.finish(classes=CLASSES, data="flowers", created="2026-11-24T05:00:00+00:00", versions=ladder["versions"])
    return run


def _rung(rng, row, base, *, helps):
    name, title, kind, change, stages, gain, each, status = row
    about = {
        "name": name,
        "title": title,
        "kind": kind,
        "does": f"What {title.lower()} does, in a sentence.",
        "when": "When it helps, in another sentence.",
        "change": change,
        "stages": stages,
        "status": status,
        "reason": REASONS.get(name),
    }
    if status == "left out":
        return {**about, "estimate_seconds": 410.0 if name == "all" else 1900.0}
    if status == "failed":
        return about
    gain = gain / 100 if helps else min(gain, 0.6) / 100
    repeats = 1 if each > 10 else REPEATS
    cells = repeats * FOLDS
    own = np.clip(base[:repeats] + gain + rng.normal(0, 0.006, (repeats, FOLDS)), 0, 1) if kind != "base" else base
    accuracy, half = 0.885 + gain, 0.011 + 0.2 * abs(gain)
    loss = 0.33 - 2 * gain - (0.03 if name == "smoothing" else 0)
    done = {
        "accuracy": accuracy,
        "accuracy_interval": [accuracy - 0.028, min(accuracy + 0.024, 1)],
        "log_loss": loss,
        "log_loss_interval": [loss - 0.05, loss + 0.06],
        "seconds": each * cells,
        "cpu_seconds": 1.6 * each * cells,
        "peak_mb": 480.0 if each < 2 else 1450.0,
        "cells": cells,
        "folds": [_cell(rng, r, f, float(own[r, f]), each, kind) for r in range(repeats) for f in range(FOLDS)],
    }
    if kind == "base":
        return {**about, **done}
    verdict = "helps" if gain > 0.012 else "hurts" if gain < -0.02 else "no difference shown"
    p = 0.0004 if gain > 0.03 or gain < -0.03 else 0.006 if verdict != "no difference shown" else 0.4
    compared = {
        "difference": gain,
        "interval": [gain - half, gain + half],
        "p": p,
        "p_adjusted": min(1.0, 5 * p),
        "verdict": verdict,
        "log_loss_difference": loss - 0.33,
        "log_loss_difference_interval": [loss - 0.33 - 0.015, loss - 0.33 + 0.015],
    }
    return {**about, **done, **compared}


def _cell(rng, repeat, fold, accuracy, each, kind):
    history = []
    if each > 2:
        stage = "last-5" if kind in {"thaw", "together"} else "head"
        for epoch in range(1, 9):
            loss = 0.3 + 1.1 * np.exp(-epoch / 2) + rng.normal(0, 0.02)
            history.append({"epoch": epoch, "stage": stage, "loss": float(loss), "accuracy": float(1 - loss / 3)})
    return {
        "repeat": repeat,
        "fold": fold,
        "n": N // FOLDS,
        "accuracy": accuracy,
        "log_loss": 0.33,
        "seconds": each,
        "history": history,
    }


def _later(row, now):
    name, title, kind, change, stages, *_ = row
    status = "running" if now else "waiting"
    return {"name": name, "title": title, "kind": kind, "change": change, "stages": stages, "status": status}


def _winner(name):
    held_out = {
        "n": 200,
        "accuracy": 0.92,
        "accuracy_interval": [0.874, 0.95],
        "log_loss": 0.25,
        "log_loss_interval": [0.18, 0.34],
        "ece": 0.023,
    }
    why = "It has the best accuracy of the levers that help." if name != "head" else "No lever is shown to help."
    return {"name": name, "why": why, "recipe": "best.toml", "run": "winner", "held_out": held_out}
