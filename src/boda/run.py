"""A Run: the folder that a training leaves, numbered, never overwritten, complete or said to be not.

    RUN/
      run.json          what this is: format, status, task, classes, seed, versions, SHA-256 of every other file
      recipe.toml       what was asked for
      split.json        which sample is in which part, with a hash
      data.json         what the scan of the data found
      bad_files.csv     the files that were left out, with reasons
      history.jsonl     a JSON object a line: candidates of the head, or epochs
      metrics.json      the figures on the validation part, the baselines beside them, seconds a step
      predictions.json  the answer on every validation picture; for boxes the true ones and those that were found
      calibration.json  temperature, reliability before and after, the abstain threshold; for boxes slope and offset
      curves.json       for many boxes a picture: precision at 101 recalls, a class and over all
      model/            network.xml and network.bin (OpenVINO); head.npz for labels alone; backbone.weights.h5 where
                        stages trained it
      neighbours.npz    what the training pictures look like to the network
      checkpoints/      while stages are trained: where `--resume` goes on
      pictures/         thumbnails, and for labels class activation maps, listed in pictures.json
      figures/          the report's figures as PNG
      report.html       one file that opens offline

`run.json` is written first with the status "running" and last with "complete".
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boda import atomic
from boda.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT = 1
SCORES = {  # what leads; accuracy for all others
    "locate": ("mean_iou", "mean IoU"),
    "detect": ("ap", "AP"),
    "regress": ("mae", "mean absolute error"),
    "language": ("nll", "nats a step"),
    "music": ("nll", "nats a step"),
    "pairs": ("exact_match", "wholly right answers"),
    "forecast": ("mae", "mean absolute error"),
}
MODEL_FILES = ("calibration.json", "model/head.npz", "model/network.bin", "model/network.xml")


@dataclass(frozen=True)
class Run:
    """A Run's folder. `Run.create` makes one, `Run.open` checks one that is there."""

    path: Path

    @classmethod
    def create(cls, out: Path | None = None, *, runs: Path = Path("runs"), task: str, seed: int) -> Run:
        """Make the folder `out`, or the next number below `runs`, and mark it as running.

        Raises RunError when `out` exists and is not empty: a Run is never overwritten.
        """
        path = _make_numbered(runs) if out is None else _make_empty(Path(out))
        run = cls(path)
        run.write_json("run.json", {"format": FORMAT, "status": "running", "task": task, "seed": seed})
        return run

    @classmethod
    def open(cls, path: Path | str, *, complete: bool = False) -> Run:
        """The Run at `path`; with `complete`, one that was finished and can predict."""
        run = cls(Path(path))
        if not (run.path / "run.json").is_file():
            raise RunError(f"{path} is no Run: it holds no run.json. `boda runs` lists those below ./runs.")
        about = run.about
        if about.get("format") != FORMAT:
            raise RunError(
                f"{path} is a Run of format {about.get('format')}, this boda reads {FORMAT}. Train it again."
            )
        if complete and about.get("status") != "complete":
            again = f"Go on with boda train --resume {path}" if run.has("split.json") else "Train again"
            status = about.get("status")
            raise RunError(f"{path} was not finished (status: {status}). {again}; what was computed is kept.")
        return run

    @property
    def about(self) -> dict[str, Any]:
        """What run.json says."""
        about = self.read_json("run.json")
        if not isinstance(about, dict):
            raise RunError(f"{self.path / 'run.json'} cannot be read: expected an object, came {type(about).__name__}.")
        return about

    @property
    def metrics(self) -> dict[str, Any]:
        """What metrics.json says."""
        return self.read_json("metrics.json")

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the outputs."""
        return tuple(self.about["classes"])

    def has(self, name: str) -> bool:
        """Whether the file `name` is there."""
        return (self.path / name).is_file()

    def read_json(self, name: str) -> Any:
        """The JSON file `name`; RunError says which file is missing or damaged."""
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise RunError(f"{self.path} has no {name}; the training that made it did not get so far.") from error
        except (OSError, ValueError) as error:
            raise RunError(f"{self.path / name} cannot be read: {error}.") from error

    def write_json(self, name: str, value: Any) -> None:
        """Write the JSON file `name`, whole or not at all."""
        atomic.write_json(self._place(name), value)

    def write_text(self, name: str, text: str) -> None:
        """Write the text file `name`, whole or not at all."""
        atomic.write_text(self._place(name), text)

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write the file `name`, whole or not at all."""
        atomic.write_bytes(self._place(name), data)

    def update(self, **changes: Any) -> None:
        """Change entries of run.json."""
        self.write_json("run.json", {**self.about, **changes})

    def finish(self, **changes: Any) -> None:
        """Mark the Run as complete, with the SHA-256 of every file; nothing is written after it but reports."""
        self.update(status="complete", files=self._digests(), **changes)

    def check_model(self, names: Iterable[str] = MODEL_FILES) -> None:
        """Compare what an answer depends on with the SHA-256 in run.json; RunError names the file that differs."""
        digests = self.about.get("files")
        for name in names:
            if not isinstance(digests, dict) or _digest(self.path / name) != digests.get(name):
                raise RunError(f"{self.path / name} is not what the training wrote (its SHA-256 differs). Train again.")

    def _place(self, name: str) -> Path:
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def _digests(self) -> dict[str, str]:
        files = sorted(p for p in self.path.rglob("*") if p.is_file() and p.name != "run.json")
        return {p.relative_to(self.path).as_posix(): _digest(p) for p in files}

    def _repr_html_(self) -> str:
        """What a notebook shows: the report's summary, or the status."""
        about = self.about
        if not self.has("metrics.json"):
            return f"<b>boda Run</b> {html.escape(str(self.path))}: {html.escape(str(about.get('status')))}"
        val = self.metrics["val"]
        key, words = SCORES.get(about["task"], ("accuracy", "accuracy"))
        ends = val.get(f"{key}_interval")
        around = "" if ends is None else f" ({ends[0]:.3f} to {ends[1]:.3f})"
        figure = "none" if val.get(key) is None else f"{val[key]:.3f}"
        count = len(about["classes"])
        classes = f"{'1 class' if count == 1 else f'{count} classes'}, " if count else ""
        what = "sequences" if about.get("kind") == "sequences" else "pictures"
        return (
            f"<div><b>boda Run</b> {html.escape(str(self.path))}<br>{html.escape(about['task'])}, "
            f"{classes}{words} <b>{figure}</b>{around} on {val['n']:,} validation {what}<br>"
            f"report: {html.escape(str(self.path / 'report.html'))}</div>"
        )


def list_runs(runs: Path = Path("runs")) -> list[Run]:
    """The Runs below `runs`, the oldest first."""
    if not runs.is_dir():
        return []
    found = [Run(p) for p in runs.iterdir() if (p / "run.json").is_file()]
    return sorted(found, key=lambda run: (_number(run.path.name), run.path.name))


def _make_numbered(runs: Path) -> Path:
    """Claim the next number; `mkdir` fails where another process was faster, and we go on to the next."""
    runs.mkdir(parents=True, exist_ok=True)
    number = max((_number(p.name) for p in runs.iterdir()), default=0)
    while True:
        number += 1
        path = runs / f"{number:03d}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path


def _make_empty(path: Path) -> Path:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunError(f"{path} is there already and not empty; a Run is never overwritten. Give another --out.")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{path} cannot be made: {error.strerror}. Give another --out.") from error
    return path


def _number(name: str) -> int:
    return int(name) if re.fullmatch(r"\d{1,9}", name) else 0


def _digest(path: Path) -> str:
    try:
        return atomic.file_digest(path)
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}.") from error
