"""One rung of a ladder, in a process of its own: `python -m boda.training.rung JOB.json`.

    LADDER/rungs/NAME/job.json       what to do
    LADDER/rungs/NAME/cells/R-F.npz  the answers on fold F of repeat R, written when that fold is done
    LADDER/rungs/NAME/rung.json      status, reason, seconds, cpu_seconds, peak_mb, and how many cells there are
    LADDER/rungs/NAME/answers.npz    calibrated logits (repeats, n, classes), NaN where not answered

Every file is written whole or not at all, so that a kill loses one fold at most; a cell that is there is kept.
"""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import time
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from boda import atomic
from boda.errors import BodaError, Interrupted, RunError
from boda.recipe import Recipe
from boda.training.cells import Cell, answers_of, read_cells, scores_of, seconds_a_fold, write_cell
from boda.training.ladder_pictures import LadderPictures
from boda.training.rung_answers import answerer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from boda.training.rung_answers import Answered

LEAST_FOLDS = 2  # before a rung may be given up
TIME = "time"
SLACK = 0.9  # share of the last fold's time that must be left for another one to begin


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a rung's process is to do.

    Args:
        ladder: the ladder's folder.
        name: the rung's.
        recipe: as TOML.
        cells: (repeat, fold) pairs, in order.
        seed: of all chance.
        base: the base rung's name, where the rung may be given up when it cannot come to show a gain over it.
        deadline: seconds since 1970 after which no fold begins that would end later; None for none.
    """

    ladder: Path
    name: str
    recipe: str
    cells: tuple[tuple[int, int], ...]
    seed: int = 0
    base: str | None = None
    deadline: float | None = None

    @property
    def folder(self) -> Path:
        """Where the rung's files go."""
        return self.ladder / "rungs" / self.name

    def write(self) -> Path:
        """Leave the job as job.json in the rung's folder; the path."""
        self.folder.mkdir(parents=True, exist_ok=True)
        atomic.write_json(self.folder / "job.json", {**asdict(self), "ladder": str(self.ladder.absolute())})
        return self.folder / "job.json"

    @classmethod
    def read(cls, path: Path) -> Job:
        """Read what `write` wrote."""
        about = json.loads(path.read_text("utf-8"))
        cells = tuple((repeat, fold) for repeat, fold in about["cells"])
        return cls(**{**about, "ladder": Path(about["ladder"]), "cells": cells})


def run_rung(job: Job) -> dict[str, Any]:
    """Do what is missing of the job's cells, and give what rung.json says in the end."""
    log = Log.of(job)
    try:
        pictures = LadderPictures.read(job.ladder)
        reason = answer_cells(job, pictures, log, lambda: _answerer(job, pictures), lambda: _differences(job, pictures))
    except BodaError as error:
        if isinstance(error, Interrupted):
            raise
        return log.write("failed", reason=str(error))
    cells = read_cells(job.folder / "cells")
    logits = answers_of(cells, pictures.targets, len(pictures.fits), pictures.classes)
    _write_answers(job.folder, logits)
    return log.end(reason)


def read_state(folder: Path) -> dict[str, Any]:
    """What rung.json in `folder` says; nothing where it is missing or damaged."""
    try:
        state = json.loads((folder / "rung.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def read_answers(folder: Path) -> np.ndarray:
    """Calibrated logits (repeats, n, classes) float32 of a rung that has ended.

    Raises:
        RunError: answers.npz is missing or damaged.
    """
    try:
        with np.load(io.BytesIO((folder / "answers.npz").read_bytes()), allow_pickle=False) as file:
            return np.asarray(file["logits"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise RunError(f"{folder / 'answers.npz'} cannot be read ({error!r}). Resume the ladder.") from error


def is_hopeless(difference: np.ndarray, done: int, planned: int) -> bool:
    """Whether a rung can hardly come to show a gain any more: reason to give up, never to call a winner.

    The rest is imagined to go as well as the upper end of the 95 % interval so far; if even then the mean difference
    stays below two standard errors, there is no use in going on:

        (done m + rest (m + 2 s)) / planned < 2 s sqrt(done / planned)

    for the mean m and standard error s so far, and rest = planned - done (conditional power under an optimistic drift;
    Lachin 2005, A review of methods for futility stopping based on conditional power).
    Stopping for futility alone cannot raise the share of false "helps".

    Args:
        difference: (n,) differences of the score on the pictures that were answered by both, a number a picture.
        done: folds so far.
        planned: folds in all.

    >>> is_hopeless(np.array([0.0, -1.0, 0.0, 0.0] * 25), done=3, planned=5)
    True
    """
    if done < LEAST_FOLDS or done >= planned or len(difference) < 2:
        return False
    mean, error = float(difference.mean()), float(difference.std(ddof=1)) / len(difference) ** 0.5
    if error == 0:
        return mean <= 0
    hoped = mean + 2 * error * (planned - done) / planned
    return hoped < 2 * error * (done / planned) ** 0.5


@dataclass(frozen=True, eq=False)
class Log:
    """Writes rung.json; what earlier processes of the same rung took is added."""

    folder: Path
    began: float
    before: dict[str, Any]

    @classmethod
    def of(cls, job: Job) -> Log:
        """The log of a rung that begins now, or goes on."""
        job.folder.mkdir(parents=True, exist_ok=True)
        log = cls(job.folder, time.perf_counter(), read_state(job.folder))
        log.write("running")
        return log

    def end(self, reason: str | None) -> dict[str, Any]:
        """Note that it is done, or for which `reason` it was stopped early; for want of time it can go on."""
        goes_on = reason is not None and reason.startswith(TIME)
        return self.write(
            "stopped early" if reason else "done", reason=reason, **({"goes_on": True} if goes_on else {})
        )

    def write(self, status: str, **more: Any) -> dict[str, Any]:
        """Note the status; what rung.json says then."""
        cells = read_cells(self.folder / "cells")
        state = {
            "name": self.folder.name,
            "status": status,
            "reason": None,
            "seconds": round(self.before.get("seconds", 0.0) + time.perf_counter() - self.began, 3),
            "cpu_seconds": round(self.before.get("cpu_seconds", 0.0) + time.process_time(), 3),
            "peak_mb": max(self.before.get("peak_mb", 0), _peak_mb()),
            "cells": len(cells),
            **more,
        }
        atomic.write_json(self.folder / "rung.json", state)
        return state


class Dealt(Protocol):
    """What is dealt into folds."""

    def cell(self, repeat: int, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """What is learned from, and what is answered, int64 each."""
        ...


def answer_cells(
    job: Job,
    dealt: Dealt,
    log: Log,
    answerer_of: Callable[[], Callable[[int, int], Answered]],
    gains: Callable[[], Sequence[np.ndarray]],
) -> str | None:
    """Do the missing cells; the reason why it ended before all of them, if it did.

    Args:
        job: what is to be done.
        dealt: what is answered on.
        log: is told of each fold.
        answerer_of: makes the function from (repeat, fold) to answers and history lines; only where a cell is missing.
        gains: by how much the rung is better than its base so far, in each score.
    """
    have = {(cell.repeat, cell.fold) for cell in read_cells(job.folder / "cells")}
    missing = [cell for cell in job.cells if cell not in have]
    if not missing:
        return None
    answer = answerer_of()
    for place, (repeat, fold) in enumerate(missing):
        began = time.perf_counter()
        logits, history = answer(repeat, fold)
        _, unseen = dealt.cell(repeat, fold)
        seconds = round(time.perf_counter() - began, 3)
        write_cell(job.folder / "cells", Cell(repeat, fold, unseen, logits.astype(np.float32), seconds, history))
        log.write("running")
        if place + 1 < len(missing) and (reason := _reason_to_stop(job, gains)):
            return reason
    return None


def _answerer(job: Job, pictures: LadderPictures) -> Callable[[int, int], Answered]:
    base = read_cells(job.ladder / "rungs" / job.base / "cells") if job.base else []
    return answerer(Recipe.from_toml(job.recipe), pictures, job.seed, base)


def _reason_to_stop(job: Job, gains: Callable[[], Sequence[np.ndarray]]) -> str | None:
    """Why no further fold is begun, in words; None where one is."""
    cells = read_cells(job.folder / "cells")
    done, planned = len(cells), len(job.cells)
    seconds = seconds_a_fold(cells)
    if job.deadline is not None and time.time() + SLACK * seconds > job.deadline:
        rest = seconds * (planned - done)
        return f"{TIME}: {done} of {planned} folds were done; the others would take about {rest:.0f} s"
    if job.base and all(is_hopeless(one, done, planned) for one in gains()):
        return f"no gain in sight after {done} of {planned} folds"
    return None


def _differences(job: Job, pictures: LadderPictures) -> tuple[np.ndarray, np.ndarray]:
    """By how much the rung is better than the base, a number a picture that both have answered.

    The first is how much more often it is right, the second how much lower its log loss is: a verdict counts both.
    """
    scores = []
    for name in (job.name, str(job.base)):
        cells = read_cells(job.ladder / "rungs" / name / "cells")
        logits = answers_of(cells, pictures.targets, len(pictures.fits), pictures.classes)
        scores.append(scores_of(logits, pictures.targets))
    (right, loss), (right_of_base, loss_of_base) = scores
    return _mean_of_each(right - right_of_base), _mean_of_each(loss_of_base - loss)


def _mean_of_each(differences: np.ndarray) -> np.ndarray:
    """(m,) means over the repeats of (repeats, n), of those that have any."""
    known = np.isfinite(differences).any(axis=0)
    return np.asarray(np.nanmean(differences[:, known], axis=0)) if known.any() else np.zeros(0)


def _write_answers(folder: Path, logits: np.ndarray) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, logits=logits)
    atomic.write_bytes(folder / "answers.npz", buffer.getvalue())


def _peak_mb() -> int:
    """The most memory that this process has held, in 2^20 bytes."""
    try:
        status = Path("/proc/self/status").read_text("ascii")
        return int(status.split("VmHWM:")[1].split()[0]) // 1024
    except (OSError, IndexError, ValueError):
        return _peak_by_rusage()


def _peak_by_rusage() -> int:
    """The same where there is no /proc; 0 where nobody knows (Windows)."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (2**20 if sys.platform == "darwin" else 2**10)


def _end_with_parent() -> None:
    """Leave when the process that started this one is gone: its end of our standard input closes then."""

    def wait() -> None:
        os.read(0, 1)  # not sys.stdin, whose lock would be held at exit
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main(arguments: Sequence[str], run: Callable[[Job], dict[str, Any]] = run_rung) -> int:
    """`JOB.json`, and `--with-parent` where the process is to end when its parent does."""
    if "--with-parent" in arguments:
        _end_with_parent()
    try:
        state = run(Job.read(Path(arguments[0])))
    except Interrupted as stop:
        return stop.exit_code
    return 1 if state["status"] == "failed" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
