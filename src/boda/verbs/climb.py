"""A ladder's way from its plan to its page: the rungs, what helps together, the verdicts, and the winner's training."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from boda.errors import DataError
from boda.recipe import Recipe
from boda.reports.ladder_page import write_page
from boda.run import Run
from boda.training.executor import Processes
from boda.training.features import Extractor
from boda.training.ladder import ENDED, Ladder, Settings
from boda.training.ladder_pictures import LadderPictures
from boda.training.learning_curve import learning_curve
from boda.training.pictures import view_of
from boda.training.rungs import Rung, together
from boda.training.standings import HELPS, standings, winner_of
from boda.verbs.train import train

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from boda.recipe.sequence import SequenceRecipe
    from boda.training.executor import Executor
    from boda.training.standings import Standing

FORMAT = 1
PLAN = "plan.json"
HELD_OUT = ("n", "accuracy", "accuracy_interval", "log_loss", "log_loss_interval", "ece")


@dataclass(frozen=True, eq=False)
class Climb:
    """One ladder under way.

    Args:
        run: the ladder's Run, which holds its plan.
        plan: what the plan says: the rungs, the settings, and how the data is read.
        ladder: the rungs and their pictures.
        data: what `train` takes, for the winner.
        began: `time.perf_counter()` at the beginning, less what earlier calls took.
        kept: the standings of the rungs that have ended, by name.
    """

    run: Run
    plan: dict[str, Any]
    ladder: Ladder
    data: Any
    began: float
    kept: dict[str, Standing] = field(default_factory=dict)

    @classmethod
    def of(cls, run: Run, data: Any, deadline: float | None, began: float) -> Climb:
        """What is planned in `run`; no rung begins after `deadline` (seconds since 1970)."""
        plan, base = run.read_json(PLAN), Recipe.read(run.path / "recipe.toml")
        rungs = tuple(Rung(**about) for about in plan["rungs"])
        settings = Settings(**plan["settings"], deadline=deadline)
        ladder = Ladder(run.path, base, rungs, LadderPictures.read(run.path), settings)
        earlier = run.read_json("ladder.json")["seconds"] if run.has("ladder.json") else 0.0
        return cls(run, plan, ladder, data, began - earlier)

    def climb(self, executor: Executor | None = None) -> None:
        """All of it; everything is on disk in the end."""
        executor = executor or Processes()
        self._run_rungs(executor)
        found = self._standings(final=True)
        if (extra := self._together(found)) is not None:
            self.ladder.add(extra)
            self.run.write_json(PLAN, {**self.plan, "rungs": [rung.to_json() for rung in self.ladder.rungs]})
            self._run_rungs(executor)
            found = self._standings(final=True)
        self._write(found)
        self._finish(found)

    def _run_rungs(self, executor: Executor) -> None:
        """Run what is missing, with ladder.json written anew whenever a rung has ended."""
        self._write(self._standings(final=False))
        for _ in self.ladder.climb(executor):
            self._write(self._standings(final=False))
        base = self.ladder.state(self.ladder.rungs[0])
        if base["status"] not in ENDED:
            raise DataError(f"The base failed, so nothing can be compared: {base['reason']}")

    def _standings(self, *, final: bool) -> list[dict[str, Any]]:
        return standings(self.ladder, final=final, kept=self.kept)

    def _together(self, found: Sequence[dict[str, Any]]) -> Rung | None:
        """The levers that help in one rung; None where they are fewer than two, or it is there already."""
        rungs = self.ladder.rungs
        if any(rung.kind == "together" for rung in rungs):
            return None
        gains = {
            one["name"]: one["difference"] for one in found if one.get("verdict") == HELPS and one["difference"] >= 0
        }
        return self._combined([(rung, gains[rung.name]) for rung in rungs if rung.name in gains])

    def _combined(self, helpful: Sequence[tuple[Rung, float]]) -> Rung | None:
        return together(helpful)

    def _finish(self, found: list[dict[str, Any]]) -> None:
        """Train the winner, which alone sees the held-out part, and draw the page."""
        best = winner_of(found)
        rung = next(rung for rung in self.ladder.rungs if rung.name == best["name"])
        recipe = rung.recipe(self.ladder.base)
        self.run.write_text("best.toml", recipe.to_toml())
        curve = self._curve()
        metrics = self._winner(recipe).metrics
        winner = {
            "name": rung.name,
            "why": self._why(best, found),
            "recipe": "best.toml",
            "run": "winner",
            "stages": metrics.get("stages", []),
            "held_out": self._held_out(metrics),
        }
        self._write(found, winner=winner, learning_curve=curve)
        self.run.finish()
        write_page(self.run)
        self.run.finish()

    def _why(self, best: dict[str, Any], found: Sequence[dict[str, Any]]) -> str:
        return _why(best, found)

    def _held_out(self, metrics: dict[str, Any]) -> dict[str, Any]:
        return {name: metrics["val"].get(name) for name in HELD_OUT}

    def _winner(self, recipe: Recipe | SequenceRecipe) -> Run:
        """The Run LADDER/winner: trained now, or whole already from an earlier call."""
        place = self.run.path / "winner"
        if (place / "run.json").is_file():
            if Run(place).about.get("status") == "complete":
                return Run(place)
            place.rename(_free(place))
        reading, seed = self.run.about.get("reading") or {}, self.plan["settings"]["seed"]
        return train(
            self.data,
            out=place,
            seed=seed,
            recipe=recipe,
            split=self.run,
            on_bad=self.plan["on_bad"],
            reading=reading,
        )

    def _curve(self) -> dict[str, Any] | None:
        """How accuracy grows with the number of pictures, from kept features; None with several labels a picture."""
        if self.plan["task"] != "classify":
            return None
        pictures, base = self.ladder.pictures, self.ladder.base
        view = view_of(base)
        features = Extractor.of(base).features(pictures.samples, pictures.digests, view)
        about = (pictures.targets, pictures.classes, pictures.groups, base.head)
        return learning_curve(features, *about, folds=pictures.folds, seed=self.ladder.settings.seed)

    def _write(self, found: list[dict[str, Any]], **more: Any) -> None:
        """ladder.json, whole."""
        about, settings = self.run.about, self.ladder.settings
        known = {
            "format": FORMAT,
            "data": about.get("data"),
            "in_memory": not self.plan["is_path"],
            "reading": about.get("reading") or {},
            "on_bad": self.plan["on_bad"],
            "task": self.plan["task"],
            "classes": about.get("classes"),
            "n": len(self.ladder.pictures.groups),
            "folds": self.ladder.pictures.folds,
            "repeats": settings.repeats,
            "costly_repeats": settings.costly_repeats,
            "seed": settings.seed,
            "minutes": about.get("minutes"),
            "base": self.ladder.rungs[0].name,
            "rungs": found,
            "winner": None,
            "learning_curve": None,
            "seconds": round(time.perf_counter() - self.began, 3),
            "versions": about.get("versions"),
        }
        self.run.write_json("ladder.json", {**known, **more})


def _free(place: Path) -> Path:
    """Where an unfinished winner is put aside."""
    number = 1
    while (other := place.with_name(f"{place.name}-unfinished-{number}")).exists():
        number += 1
    return other


def _why(best: dict[str, Any], found: Sequence[dict[str, Any]]) -> str:
    """Why the winner is the winner, in words."""
    if "verdict" not in best:  # the base
        if any(rung.get("verdict") == HELPS for rung in found):
            return "Rungs help by log loss alone, and their accuracy lies below the base's, so the base stays."
        return "No rung was shown to help, so the base stays."
    if best["shown_in"] == ["log_loss"]:
        gain = f"{best['log_loss_difference']:+.3f} in log loss, accuracy {best['difference']:+.3f} (not shown)"
    else:
        gain = f"accuracy {best['difference']:+.3f}"
    return (
        f"It gains most of the rungs that help: {gain}, against the base on the same pictures, which their folds had "
        "not seen. The best of several flatters itself a little there; the held-out part does not."
    )
