"""`boda ladder` for sequences: its beginning, and its way from the plan to the page where that of pictures differs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from boda.data.sequences.encoder import Encoder
from boda.errors import DataError
from boda.recipe.sequence import SequenceRecipe
from boda.run import Run
from boda.training.ladder import Settings
from boda.training.rungs import Rung, chosen
from boda.training.sequences.ladder import SequenceLadder
from boda.training.sequences.ladder_sequences import LadderSequences
from boda.training.sequences.rung_scores import SCORES, fixed
from boda.training.sequences.rungs import own as own_rung
from boda.training.sequences.rungs import standard, together
from boda.training.sequences.standings import standings
from boda.verbs.climb import PLAN, Climb
from boda.verbs.material import name_of, refuse_to_write_into
from boda.verbs.sequence_material import SequenceMaterial
from boda.verbs.sequence_start import checked, describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.recipe import Recipe

GIVEN = ("n", "accuracy", "log_loss", "ece", "nll", "mae")
CALLED = {"exact_match": "accuracy"}  # of pairs, that an answer is wholly right


@dataclass(frozen=True, eq=False)
class SequenceClimb(Climb):
    """One ladder of sequences under way."""

    ladder: SequenceLadder

    @classmethod
    def of(cls, run: Run, data: Any, deadline: float | None, began: float) -> SequenceClimb:
        """What is planned in `run`; no rung begins after `deadline` (seconds since 1970)."""
        plan, base = run.read_json(PLAN), SequenceRecipe.read(run.path / "recipe.toml")
        rungs = tuple(Rung(**about) for about in plan["rungs"])
        settings = Settings(**plan["settings"], deadline=deadline)
        ladder = SequenceLadder(run.path, base, rungs, LadderSequences.read(run.path), settings)
        earlier = run.read_json("ladder.json")["seconds"] if run.has("ladder.json") else 0.0
        return cls(run, plan, ladder, data, began - earlier)

    @property
    def task(self) -> str:
        """What a sequence is turned into."""
        return str(self.plan["task"])

    def _standings(self, *, final: bool) -> list[dict[str, Any]]:
        return standings(self.ladder, final=final)

    def _combined(self, helpful: Sequence[tuple[Rung, float]]) -> Rung | None:
        return together(helpful, self.ladder.base, self.task)

    def _why(self, best: dict[str, Any], found: Sequence[dict[str, Any]]) -> str:
        key = SCORES[self.task][0]
        if key == "accuracy":
            return super()._why(best, found)
        if best["name"] == self.ladder.rungs[0].name:
            return "No rung was shown to help, so the base stays."
        return (
            f"It gains most of the rungs that help: {best['difference']:.4g} less {WORDS[key]} than the base on the "
            "same values, which their folds had not seen. The best of several flatters itself a little there; the "
            "held-out part does not."
        )

    def _held_out(self, metrics: dict[str, Any]) -> dict[str, Any]:
        part = metrics[metrics.get("reported") or "val"]
        known = {CALLED.get(name, name): name for name in (*GIVEN, *CALLED) if name in part}
        ends = {f"{ours}_interval": part.get(f"{name}_interval") for ours, name in known.items() if ours != "n"}
        tokens = {"n": part["steps"], "unit": "token"} if self.task == "tag" else {}
        return {**{ours: part[name] for ours, name in known.items()}, **ends, **tokens}

    def _curve(self) -> dict[str, Any] | None:
        return None

    def _write(self, found: list[dict[str, Any]], **more: Any) -> None:
        dealt = self.ladder.pictures
        known = {"kind": "sequences", "unit": _unit(dealt), "score": SCORES[self.task][0]}
        super()._write(found, **{**known, "in_blocks": bool(dealt.ends), "epochs": self.ladder.base.epochs, **more})


WORDS = {"nll": "nats a step", "mae": "mean absolute error"}


def begin_sequences(
    data: Any,
    recipe: tuple[Recipe | SequenceRecipe | Path | str | None, dict[str, Any]],
    rungs: tuple[Sequence[str] | None, Sequence[str]],
    dealing: tuple[int, int, int],
    place: tuple[Path | None, Path],
    split: Run | Path | str | None,
    on_bad: Literal["skip", "error"],
    reading: dict[str, Any],
) -> Run:
    """A new ladder's folder, with all in it that its rungs and a later resume need.

    Args:
        data: what `train` takes.
        recipe: the base, and changes of it.
        rungs: names, and rungs of one's own as text.
        dealing: folds, repeats and seed.
        place: the ladder's folder, and where numbered ones go.
        split: a Run whose split is used again.
        on_bad: "skip" or "error".
        reading: options of the reader.
    """
    (given, changes), (names, texts), (folds, repeats, seed) = recipe, rungs, dealing
    own, share = checked(given, changes)
    material = SequenceMaterial.read(data, seed, validation_split=share, on_bad=on_bad, reading=reading, split=split)
    asked = (own or material.usual_recipe(changes.get("cell"))).replace(**changes)
    base, sequences = _dealt(material, asked, folds, repeats)
    task = material.dataset.task
    numbers, long = material.dataset.unit == "numbers", sum(map(len, sequences.dataset.inputs)) if sequences.ends else 0
    every = standard(base, task, numbers=numbers, long=long)
    some = chosen(every, names, [own_rung(text, base, task) for text in texts])
    refuse_to_write_into(data, place[0] or place[1])
    run = Run.create(place[0], runs=place[1], task="ladder", seed=seed)
    describe(run, base, material, source=name_of(data), reading=reading, on_bad=on_bad)
    sequences.write(run.path)
    settings = {"repeats": repeats, "costly_repeats": repeats, "seed": seed}
    plan = {"task": task, "on_bad": on_bad, "is_path": isinstance(data, (str, Path)), "settings": settings}
    run.write_json(PLAN, {**plan, "rungs": [rung.to_json() for rung in some]})
    return run


def is_of_sequences(run: Run) -> bool:
    """Whether a ladder is one of sequences."""
    return run.about.get("kind") == "sequences"


def refuse_other_sequences(run: Run, data: Any, on_bad: Literal["skip", "error"]) -> None:
    """Look through the sequences now: the winner would, hours later."""
    about, base = run.about, SequenceRecipe.read(run.path / "recipe.toml")
    given: dict[str, Any] = {"validation_split": base.validation_split, "on_bad": on_bad, "split": run}
    material = SequenceMaterial.read(data, about["seed"], reading=about.get("reading"), **given)
    if material.fingerprint != about.get("fingerprint"):
        raise DataError(f"The sequences are not those that {run.path} began with. Begin a ladder in another folder.")


def _dealt(
    material: SequenceMaterial, recipe: SequenceRecipe, folds: int, repeats: int
) -> tuple[SequenceRecipe, LadderSequences]:
    """The base recipe, and the training part in folds."""
    train = material.indices("train")
    encoder = Encoder.of(material.dataset, train, recipe)
    some = LadderSequences.dealt(
        material.dataset.select(train), encoder, count=folds, repeats=repeats, seed=material.seed
    )
    return fixed(recipe, encoder), some


def _unit(sequences: LadderSequences) -> str:
    """What is told of, one at a time."""
    if not sequences.ends:
        return "sequence"
    return "forecast" if sequences.dataset.task == "forecast" else "piece"
