"""The Runs that docs/sequences.md measures: small data made or cut once, `boda train` on each, seconds and memory kept.

Everything goes into one folder, and what is there already is not made again:

    names/ tinyshakespeare.txt JSB_Chorales.mat     of BODA_DATA or ../shared/data, copied
    shakespeare.txt spaces.conll                    cut from the text
    addition.tsv kiosk.csv                          made
    runs/NAME, runs/NAME.json                       a Run, and what its process took
"""
# ruff: noqa: INP001 - a script's other half

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from boda.data.sequences.made import make_addition, write_pairs

ROOT = Path(__file__).resolve().parent.parent
GIVEN = ("names", "tinyshakespeare.txt", "JSB_Chorales.mat")
LETTERS = 250_000  # of tiny Shakespeare that are learned from and measured on
LINES = (400_000, 2500)  # where lines without spaces begin, and how many
SUMS = 12_000
DAYS = 1200
CELLS = ("rnn", "gru", "lstm", "mingru")
SMALL = (
    "units=128",
    "batch_size=16",
    "epochs=6",
    "learning_rate=0.01",
    "patience=0",
)  # of the networks that write Shakespeare
TRAININGS: dict[str, tuple[str, ...]] = {  # what stands behind `boda train`, and the settings
    "names": ("names",),
    "spaces": ("spaces.conll", "epochs=15"),
    "writer": ("names --task language", "units=128", "epochs=6"),
    **{cell: ("shakespeare.txt", f"cell={cell}", *SMALL, "bptt=64") for cell in CELLS},
    "bptt-16": ("shakespeare.txt", "cell=lstm", *SMALL, "bptt=16"),
    "bptt-512": ("shakespeare.txt", "cell=lstm", *SMALL, "bptt=512"),
    "bptt-overlapping": ("shakespeare.txt", "cell=lstm", *SMALL, "bptt=64", "bptt_every=32"),
    "chorales": ("JSB_Chorales.mat", "epochs=40"),
    "addition": ("addition.tsv", "epochs=25"),
    "kiosk": ("kiosk.csv", "epochs=20"),
}


def command(name: str) -> list[str]:
    """The words of the training `name`, behind `boda`, run within the folder."""
    data, *settings = TRAININGS[name]
    return ["train", *data.split(), "--out", f"runs/{name}", *(word for s in settings for word in ("--set", s))]


def make_all(folder: Path) -> None:
    """Everything that is not there yet."""
    make_data(folder)
    for name in TRAININGS:
        if not (folder / "runs" / f"{name}.json").is_file():
            train(folder, name)


def train(folder: Path, name: str) -> None:
    """One training as a process of its own, whose seconds and peak memory are kept beside the Run."""
    shutil.rmtree(folder / "runs" / name, ignore_errors=True)  # what an earlier call was stopped in
    began = time.perf_counter()
    words = [str(Path(sys.executable).with_name("boda")), *command(name)]
    child = subprocess.Popen(words, cwd=folder)  # noqa: S603 - our own words
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"boda {' '.join(command(name))} ended with {child.returncode}")
    peak = usage.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)
    took = {"seconds": round(time.perf_counter() - began, 1), "megabytes": round(peak)}
    (folder / "runs" / f"{name}.json").write_text(json.dumps(took) + "\n", encoding="utf-8")


def make_data(folder: Path) -> None:
    """The data of all trainings."""
    folder.mkdir(parents=True, exist_ok=True)
    real = Path(os.environ.get("BODA_DATA") or ROOT.parent / "shared" / "data") / "sequences"
    for name in GIVEN:
        if not (real / name).exists():
            raise SystemExit(f"{real / name} is missing. Set BODA_DATA to the folder that holds sequences/.")
        if not (folder / name).exists():
            (shutil.copytree if (real / name).is_dir() else shutil.copyfile)(real / name, folder / name)
    text = (folder / "tinyshakespeare.txt").read_text(encoding="utf-8")
    (folder / "shakespeare.txt").write_text(text[:LETTERS], encoding="utf-8")
    (folder / "spaces.conll").write_text(without_spaces(text), encoding="utf-8")
    write_pairs(folder / "addition.tsv", *make_addition(SUMS))
    with (folder / "kiosk.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("day", "ice"), *kiosk()])


def without_spaces(text: str) -> str:
    """Lines of `text` as CoNLL: a letter a line with B where it begins a word, else I; an empty line ends a line."""
    start, most = LINES
    lines = [line.lower() for line in text[start:].splitlines()[1:] if len(line.split()) > 3][:most]
    words = [[word for part in line.split() if (word := "".join(filter(str.isalpha, part)))] for line in lines]
    sentences = [[f"{c} {'I' if i else 'B'}" for word in line for i, c in enumerate(word)] for line in words]
    return "".join("\n".join(sentence) + "\n\n" for sentence in sentences)


def kiosk() -> list[tuple[str, float]]:
    """A day and the ice that a made kiosk sold: (slow level x weekday + weather that lasts some days) + noise."""
    rng = np.random.default_rng(0)
    weekday = np.array([0.8, 0.75, 0.8, 0.9, 1.1, 1.45, 1.2])
    level, weather, rows = 100.0, 0.0, []
    for i in range(DAYS):
        day = date(2021, 1, 1) + timedelta(days=i)
        level += rng.normal(0, 0.5) + 0.01 * (100 - level)
        weather = 0.7 * weather + rng.normal(0, 5)
        sold = level * weekday[day.weekday()] + weather + rng.normal(0, 3)
        rows.append((day.isoformat(), round(float(sold), 1)))
    return rows


def took(folder: Path, name: str) -> dict[str, Any]:
    """Seconds and peak memory of a training."""
    return dict(json.loads((folder / "runs" / f"{name}.json").read_text(encoding="utf-8")))
