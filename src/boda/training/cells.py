"""Cells: the answers of one rung on one fold of one repeat, a file each, and what they come to together.

A linear head answers with a whole path of penalties. Which of them counts on a fold, and by which temperature its
logits are divided, is chosen by the log loss on the other folds of the same repeat, so that no inner cross-validation
is needed: a fold's own labels never choose for it. (The heads of the other folds have seen this fold's pictures in
training; two numbers chosen that way, a penalty and a temperature, can hardly carry anything over.)
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda import atomic
from boda.metrics.calibrate import fit_temperature
from boda.metrics.classify import log_losses
from boda.training.choose import is_right, mean_log_loss, probabilities_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILE = re.compile(r"(\d+)-(\d+)\.npz")
OVERHEAD = 1.2  # of a fold over its epochs
USUAL_PLACE = 0.45  # of a path of penalties, where nothing else can choose


@dataclass(frozen=True, eq=False)
class Cell:
    """One fold of one repeat.

    Args:
        repeat: from 0.
        fold: from 0.
        unseen: (m,) int64, the training pictures that were answered.
        logits: (p, m, classes) float32: p answers, one a penalty; 1 where there is no path.
        seconds: what the fold took.
        history: a line an epoch, or a penalty.
    """

    repeat: int
    fold: int
    unseen: np.ndarray
    logits: np.ndarray
    seconds: float
    history: list[dict[str, Any]]

    def to_bytes(self) -> bytes:
        """An .npz of plain arrays; seconds and history in it as JSON."""
        about = json.dumps({"seconds": self.seconds, "history": self.history}).encode()
        buffer = io.BytesIO()
        np.savez(buffer, unseen=self.unseen, logits=self.logits, about=np.frombuffer(about, np.uint8))
        return buffer.getvalue()


def write_cell(folder: Path, cell: Cell) -> None:
    """Keep `cell` in `folder`, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(folder / f"{cell.repeat}-{cell.fold}.npz", cell.to_bytes())


def read_cells(folder: Path) -> list[Cell]:
    """The cells in `folder`, in the order of repeats and folds; a damaged one counts as missing."""
    files = sorted(folder.glob("*.npz")) if folder.is_dir() else []
    found = (_read(path) for path in files if FILE.fullmatch(path.name))
    return sorted((cell for cell in found if cell is not None), key=lambda cell: (cell.repeat, cell.fold))


def calibrated(cells: Sequence[Cell]) -> list[Cell]:
    """Those whose penalty and temperature another fold of the same repeat has chosen."""
    folds = Counter(cell.repeat for cell in cells)
    return [cell for cell in cells if folds[cell.repeat] > 1]


def seconds_a_fold(cells: Sequence[Cell]) -> float:
    """What another fold will take: as much as the quickest; of the first, only its epochs count where they are timed.

    The first fold also starts libraries and computes what all folds share. 0 where there are no cells.
    """
    first = [sum(line.get("seconds", 0.0) for line in cell.history) * OVERHEAD or cell.seconds for cell in cells[:1]]
    return min([*first, *(cell.seconds for cell in cells[1:])], default=0.0)


def answers_of(cells: Sequence[Cell], targets: np.ndarray, repeats: int, classes: int) -> np.ndarray:
    """Calibrated logits (repeats, n, classes) float32, NaN where no cell has answered.

    Args:
        cells: of one rung.
        targets: (n,) class indices, or (n, classes) of 0 and 1.
        repeats: how many there are at most.
        classes: how many there are.
    """
    logits = np.full((repeats, len(targets), classes), np.nan, np.float32)
    for cell in cells:
        others = [other for other in cells if other.repeat == cell.repeat and other.fold != cell.fold]
        place = place_on_path(others, targets, len(cell.logits))
        logits[cell.repeat, cell.unseen] = cell.logits[place] / _temperature(others, targets, place)
    return logits


def place_on_path(others: Sequence[Cell], targets: np.ndarray, places: int) -> int:
    """Which answer of a path of `places` has the least log loss on the other folds' cells; a usual one without any."""
    if not others or places == 1:
        return int(USUAL_PLACE * places)
    truth = targets[np.concatenate([other.unseen for other in others])]
    losses = [mean_log_loss(_joined(others, place), truth) for place in range(places)]
    return int(np.argmin(losses))


def scores_of(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each answer, whether it is right (1 or 0) and its log loss in nats; (repeats, n) each, NaN where none."""
    answered = np.isfinite(logits).all(axis=2)
    right, loss = (np.full(answered.shape, np.nan) for _ in range(2))
    for repeat, where in enumerate(answered):
        some, truth = logits[repeat, where], targets[where]
        right[repeat, where] = is_right(some, truth)
        loss[repeat, where] = log_losses(truth, probabilities_of(some, multilabel=targets.ndim == 2))
    return right, loss


def _read(path: Path) -> Cell | None:
    repeat, fold = map(int, FILE.fullmatch(path.name).groups())  # type: ignore[union-attr] # it did match
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            about = json.loads(file["about"].tobytes())
            return Cell(repeat, fold, file["unseen"], file["logits"], about["seconds"], about["history"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _temperature(others: Sequence[Cell], targets: np.ndarray, place: int) -> float:
    """The temperature that fits the other folds' answers; 1 where there are none."""
    if not others:
        return 1.0
    truth = targets[np.concatenate([other.unseen for other in others])]
    return fit_temperature(_joined(others, place), truth, multilabel=targets.ndim == 2)


def _joined(others: Sequence[Cell], place: int) -> np.ndarray:
    return np.concatenate([other.logits[place] for other in others])
