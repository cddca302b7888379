"""The ladder under way: which rung runs when, what is left out for want of time, and what became of each.

The base comes first, alone, on all cores; it also computes the features that most rungs share.
Then come the rungs that train no layer of the backbone, then those that do, each kind by expected gain a second.
Costs are guessed at first, then measured: what a rung took beside its guess corrects the guesses of its kind.
All but the base go fold by fold, and begin none that would end too late.
A costly rung also gives up where no gain is in sight; the time is then another one's.
"""

from __future__ import annotations

import os
import time
from contextlib import closing
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, ClassVar

from boda.models import backbones
from boda.progress import say, track
from boda.training.cells import read_cells, seconds_a_fold
from boda.training.executor import Processes, Work
from boda.training.rung import Job, read_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from boda.recipe import Recipe
    from boda.training.executor import Ended, Executor
    from boda.training.rungs import Rung

ENDED = ("done", "stopped early")
SECONDS_PER_PICTURE = {  # to train on one picture for the usual epochs, on one core, a network of 4.7 million weights
    "last-1": 0.03,
    "last-3": 0.08,
    "last-5": 0.15,
    "last-8": 0.3,
    "all": 0.5,
    "scratch": 3.0,
}
USUAL_PARAMS, USUAL_SIDE = 4.7, 224


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the ladder is climbed.

    Args:
        repeats: how often the folds are dealt anew for rungs that train no layer of the backbone.
        costly_repeats: the same for those that do.
        seed: of all chance.
        deadline: seconds since 1970 at which no more is begun; None for none.
    """

    repeats: int = 2
    costly_repeats: int = 1
    seed: int = 0
    deadline: float | None = None


@dataclass(eq=False)
class Ladder:
    """A ladder under way.

    Args:
        folder: where its files are.
        base: the recipe that the rungs change, a Recipe.
        rungs: the base first.
        pictures: what all rungs learn from, LadderPictures.
        settings: how it is climbed.

    Attributes:
        left_out: for rungs that were not begun, the reason and the estimated seconds.
        failures: for rungs whose process died, the reason.
        tried: the rungs that were begun or left out in this call.
    """

    module: ClassVar[str] = "boda.training.rung"  # what a rung's process runs
    folder: Path
    base: Any
    rungs: Sequence[Rung]
    pictures: Any
    settings: Settings
    left_out: dict[str, tuple[str, float]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)

    def climb(self, executor: Executor | None = None) -> Iterator[Ended]:
        """Run what has not ended yet; yields whenever a rung ends, with its results on disk."""
        executor = executor or Processes()
        waiting = [rung for rung in self.rungs if rung.name not in self.tried and self._goes_on(rung)]
        with closing(executor.map(self._works(waiting))) as ended:  # type: ignore[type-var] # executors are generators
            for one in track(ended, "rungs", total=len(waiting)):
                self._note(one)
                yield one

    def state(self, rung: Rung) -> dict[str, Any]:
        """What is known of a rung: rung.json, or why there is none."""
        if rung.name in self.failures:
            found = read_state(self._folder(rung))
            return {**found, "name": rung.name, "status": "failed", "reason": self.failures[rung.name]}
        if rung.name in self.left_out:
            reason, seconds = self.left_out[rung.name]
            found = read_state(self._folder(rung))
            return {**found, "name": rung.name, "status": "left out", "reason": reason, "estimate_seconds": seconds}
        return read_state(self._folder(rung)) or {"name": rung.name, "status": "waiting", "reason": None}

    def add(self, rung: Rung) -> None:
        """One more rung, to be climbed next."""
        self.rungs = (*self.rungs, rung)

    def estimate(self, rung: Rung) -> float:
        """Seconds that a rung will take: the guess, corrected by what its kind, or any, has taken so far."""
        if cells := read_cells(self._folder(rung) / "cells"):
            return seconds_a_fold(cells) * (len(self._cells(rung)) - len(cells))
        return self._guess(rung) * self._correction(rung)

    def _works(self, waiting: Sequence[Rung]) -> Iterator[Work | None]:
        """The base, and when it has ended the others in the order of `_next`."""
        rest = list(waiting)
        if rest and self._is_base(rest[0]):
            self.tried.add(rest[0].name)
            yield self._work(rest.pop(0))
            while self.state(self.rungs[0]).get("status") not in (*ENDED, "failed"):
                yield None
        if self.state(self.rungs[0]).get("status") not in ENDED:
            return
        while rest:
            rung = self._next(rest)
            rest.remove(rung)
            self.tried.add(rung.name)
            if self._fits(rung):
                yield self._work(rung)

    def _goes_on(self, rung: Rung) -> bool:
        """Whether there is anything left to do: the rung has not ended, or ended only for want of time."""
        state = self.state(rung)
        return state.get("status") not in ENDED or bool(state.get("goes_on"))

    def _next(self, rest: Sequence[Rung]) -> Rung:
        """The cheap before the costly, each by expected gain a second; what costs much and promises nothing is last."""
        return min(rest, key=lambda rung: (rung.is_costly, -(rung.gain + 0.05) / max(self.estimate(rung), 1.0)))

    def _fits(self, rung: Rung) -> bool:
        """Whether the rung's time is there; where it is not, the rung is noted as left out."""
        if self.settings.deadline is None:
            return True
        seconds, left = self.estimate(rung), self.settings.deadline - time.time()
        if seconds <= left:
            return True
        reason = f"{max(left, 0):.0f} s were left"
        self.left_out[rung.name] = (reason, round(seconds, 1))
        return False

    def _work(self, rung: Rung) -> Work:
        """The rung as a job for the executor."""
        job = Job(
            ladder=self.folder,
            name=rung.name,
            recipe=rung.recipe(self.base).to_toml(),
            cells=tuple(self._cells(rung)),
            seed=self.settings.seed,
            base=self.rungs[0].name if rung.is_costly else None,
            deadline=None if self._is_base(rung) else self.settings.deadline,
        )
        arguments = ("-m", self.module, str(job.write()), "--with-parent")
        log = self._folder(rung) / "log.txt"
        return Work(name=rung.name, arguments=arguments, log=log, threads=self._threads(rung))

    def _threads(self, rung: Rung) -> int:
        return (os.cpu_count() or 1) if self._is_base(rung) else 1

    def _cells(self, rung: Rung) -> list[tuple[int, int]]:
        repeats = self.settings.costly_repeats if rung.is_costly else self.settings.repeats
        repeats = min(repeats, len(self.pictures.fits))
        return [(repeat, fold) for repeat in range(repeats) for fold in range(self.pictures.folds)]

    def _note(self, ended: Ended) -> None:
        """Remember why a process died; rung.json knows what it itself found wrong."""
        found = read_state(self.folder / "rungs" / ended.work.name)
        if ended.failure and found.get("status") not in ENDED:
            reason = found.get("reason") if found.get("status") == "failed" else None
            self.failures[ended.work.name] = reason or ended.failure
            say(f"The rung {ended.work.name} failed: {reason or ended.failure}")

    def _correction(self, rung: Rung) -> float:
        """Measured over guessed seconds, the median of the rungs that are as costly, or of all."""
        alike: list[float] = []
        others: list[float] = []
        for other in self.rungs:
            found = read_state(self._folder(other))
            if found.get("cells") and not self._is_base(other):
                share = found["cells"] / len(self._cells(other))
                ratio = found["seconds"] / max(self._guess(other) * share, 1e-3)
                (alike if self._pace(other) == self._pace(rung) else others).append(ratio)
        return median(alike) if alike else min(max(median(others), 0.5), 3.0) if others else 1.0

    def _guess(self, rung: Rung) -> float:
        """Seconds on one core by experience, before anything is measured."""
        recipe, n, cells = rung.recipe(self.base), len(self.pictures.samples), len(self._cells(rung))
        size = backbones.side(recipe.backbone, recipe.size) / USUAL_SIDE
        scale = size**2 * backbones.get(recipe.backbone).params / USUAL_PARAMS
        views = (
            recipe.head.views if recipe.head.augment not in {"none", "flip"} else 1 + (recipe.head.augment == "flip")
        )
        fresh = (views - 1 + (rung.kind == "view")) * n * 0.02 * scale
        if rung.is_costly:
            return 10 + fresh + cells * n * _seconds_per_picture(recipe) * scale
        if _is_exact(rung, recipe):
            return 2 + fresh + cells * n * views * 0.001
        return 6 + fresh + cells * (0.5 + n * views * recipe.head.epochs / 40_000)

    def _pace(self, rung: Rung) -> str:
        """What kind of work a rung is, of which one measures another; "fresh" where features are most of it."""
        if rung.is_costly:
            return rung.kind
        if rung.kind in {"view", "augment"}:
            return "fresh"
        return "exact" if _is_exact(rung, rung.recipe(self.base)) else "keras"

    def _is_base(self, rung: Rung) -> bool:
        return rung.name == self.rungs[0].name

    def _folder(self, rung: Rung) -> Path:
        return self.folder / "rungs" / rung.name


def _is_exact(rung: Rung, recipe: Recipe) -> bool:
    """Whether nothing is trained in epochs."""
    return recipe.head.is_linear or rung.kind == "as-is"


def _seconds_per_picture(recipe: Recipe) -> float:
    """Of all stages, each for its epochs (in relation to the usual ones)."""
    total = 0.0
    for stage in recipe.stages:
        if stage.trains_backbone:
            usual = 60 if stage.thaw == "scratch" else 8
            deepest = next((key for key in SECONDS_PER_PICTURE if _depth(stage.thaw) <= _depth(key)), "all")
            total += SECONDS_PER_PICTURE[deepest] * stage.epochs / usual
    return total


def _depth(thaw: str) -> int:
    """How many blocks thaw, more or less."""
    return {"all": 100, "scratch": 101}.get(thaw) or int(thaw.removeprefix("last-"))
