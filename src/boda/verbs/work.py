"""One training under way: the steps in order, each leaving its files in the Run."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from boda import explain as why
from boda.batches import batched, in_order
from boda.data.split import Split, folds, units_of
from boda.explain.training_part import keep_neighbours
from boda.models.engine import Network, append_dense
from boda.reports.html import write_report
from boda.training import baselines, measure
from boda.training.cache import key_of
from boda.training.choose import (
    Choice,
    Training,
    choose_head,
    is_right,
    mean_log_loss,
    nearest_means,
    probabilities_of,
)
from boda.training.features import head_views
from boda.training.pictures import Pictures, view_of
from boda.verbs.next_steps import next_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.data.audit import Scan
    from boda.data.view import View
    from boda.recipe import Recipe
    from boda.run import Run
    from boda.sample import Dataset, Sample
    from boda.training.features import Extractor
    from boda.training.learner import Learner
    from boda.training.stages import Staged
    from boda.verbs.clock import Clock
    from boda.verbs.material import Material

BATCH = 4
CHECKPOINTS = "checkpoints"


@dataclass(frozen=True, eq=False)
class Made:
    """What was trained: the head with its answers on inner folds, and the network where stages changed it."""

    choice: Choice
    learner: Learner | None = None
    outcomes: tuple[dict[str, Any], ...] = ()

    @classmethod
    def of(cls, choice: Choice | None, staged: Staged | None) -> Made:
        """The head's choice, or what the stages made of it where one was kept."""
        if staged is None:
            assert choice is not None  # noqa: S101 - from scratch there are stages
            return cls(choice)
        history = [*(choice.history if choice else []), *staged.history]
        if staged.learner is None:
            assert choice is not None  # noqa: S101 - from scratch no stage is rolled back
            return cls(replace(choice, history=history), None, tuple(staged.outcomes))
        chosen = Choice(staged.learner.head, staged.logits, history, bool(choice and choice.interrupted))
        return cls(chosen, staged.learner, tuple(staged.outcomes))


@dataclass(frozen=True, eq=False)
class Work:
    """One training under way: the steps in order, each leaving its files in the Run."""

    run: Run
    recipe: Recipe
    dataset: Dataset
    scanned: Scan
    split: Split
    extractor: Extractor
    view: View
    seed: int
    clock: Clock
    fingerprint: str = ""
    callbacks: Sequence[Any] = ()

    @classmethod
    def of(
        cls,
        run: Run,
        recipe: Recipe,
        material: Material,
        extractor: Extractor,
        clock: Clock,
        callbacks: Sequence[Any] = (),
    ) -> Work:
        """The work that `recipe` makes of `material`."""
        view = view_of(recipe)
        parts = (material.dataset, material.scanned, material.split)
        return cls(run, recipe, *parts, extractor, view, material.seed, clock, material.fingerprint, callbacks)

    def train(self) -> None:
        """Features, head, stages, baselines, figures, pictures, report."""
        pictures = {name: self._pictures_of(name) for name in ("train", "val", "test") if self._indices(name).size}
        training = self._training(pictures["train"])
        choice = self._head(training)
        staged = self._stages(pictures["train"], training, choice)
        made = Made.of(choice, staged)
        with self.clock("train"):
            calibration = measure.calibration_of(made.choice, training, self.recipe.precision_wanted)
        self._write_model(made)
        with self.clock("measure"):
            logits = {name: self._logits(made, some) for name, some in pictures.items() if name != "train"}
            beside = self._beside(made, choice, pictures["val"], logits["val"])
        with self.clock("baselines"):
            rivals = self._rivals(training)
        self._write_figures(made, calibration, training, logits, rivals, beside)
        with self.clock("explain"):
            self._explain(made, pictures["train"], logits["val"])
        self._finish(made.choice)

    def _explain(self, made: Made, train: Pictures, logits: np.ndarray) -> None:
        """Where the network looks on the validation part, and which training pictures it takes them for."""
        features = self._features(train) if made.learner is None else None
        known = keep_neighbours(self.run, train.samples, features)
        shown, head = self._samples("val"), made.choice.head
        why.explain(self.run, shown, self.view, head, logits, neighbours=known, learnt_from=train.samples)

    def _training(self, pictures: Pictures) -> Training:
        where = self._indices("train")
        views: tuple[np.ndarray, ...] = (np.zeros((len(where), 0), np.float32),)
        if self.recipe.stages[0].thaw != "scratch":
            with self.clock("features"):
                views = head_views(self.recipe, self.extractor, pictures, self.seed)
        units = units_of(self.dataset, self.scanned.group_ids)[where]
        inner = folds(pictures.targets, units, self.recipe.folds, self.seed)
        return Training(views, pictures.targets, pictures.classes, inner)

    def _head(self, training: Training) -> Choice | None:
        """The head on frozen features; none for a network from scratch."""
        first = self.recipe.stages[0].thaw
        with self.clock("train"):
            if first == "scratch":
                return None
            if first == "as-is":
                return nearest_means(training)
            choice = choose_head(training, self.recipe.head, self.seed)
        if choice.interrupted and self._has_stages:
            raise KeyboardInterrupt  # who stops the head wants no stages, and they would begin with another one
        return choice

    @property
    def _has_stages(self) -> bool:
        return any(stage.trains_backbone for stage in self.recipe.stages)

    def _stages(self, pictures: Pictures, training: Training, choice: Choice | None) -> Staged | None:
        """The stages that train the backbone; none where the recipe has none. Keras is not loaded for that."""
        if not self._has_stages:
            return None
        from boda.training.stage_fit import Setting
        from boda.training.stages import run_stages

        key = key_of(self.recipe.to_toml(), str(self.seed), self.fingerprint)
        folder = self.run.path
        board = folder / "tensorboard" if self.run.about.get("tensorboard") else None
        setting = Setting(self.recipe, pictures, self.seed, folder / CHECKPOINTS, key, self.callbacks, board)
        with self.clock("stages"):
            return run_stages(setting, training, choice)

    def _logits(self, made: Made, pictures: Pictures) -> np.ndarray:
        """Answers (n, classes) on a part that is held out."""
        if made.learner is None:
            return made.choice.head.logits(self._features(pictures))
        network = Network(self.run.path / "model" / "network.xml", self.recipe.precision, outputs=("logits",))
        seen = in_order(pictures.plain, range(len(pictures)))
        return np.concatenate([output["logits"] for output in network.run(batched(seen, BATCH))])

    def _beside(self, made: Made, choice: Choice | None, val: Pictures, logits: np.ndarray) -> dict[str, Any] | None:
        """What the stages gained on the held-out part over the head alone; None where there is nothing to compare."""
        if made.learner is None or choice is None:
            return None
        head = choice.head.logits(self._features(val))
        right, before = is_right(logits, val.targets), is_right(head, val.targets)
        return {"accuracy": float(before.mean()), **measure.against(right, before)}

    def _features(self, pictures: Pictures) -> np.ndarray:
        return self.extractor.features(pictures.samples, pictures.digests, self.view)

    def _pictures_of(self, part: str) -> Pictures:
        where = self._indices(part)
        samples, digests = zip(*self._pictures(part), strict=True)
        return Pictures(samples, digests, self.dataset.targets()[where], len(self.dataset.classes), self.view)

    def _rivals(self, training: Training) -> dict[str, np.ndarray]:
        """The baselines' probabilities on the validation part."""
        held_out, classes = self._pictures("val"), training.classes
        return {
            "most_frequent": baselines.most_frequent(training.targets, classes, len(held_out)),
            "raw_pixels": baselines.raw_pixels(
                self._pictures("train"), training.targets, held_out, classes, training.folds
            ),
        }

    def _pictures(self, part: str) -> list[tuple[Sample, str]]:
        """The samples of `part`, each with the digest of its content."""
        return [(self.dataset.samples[i], self.scanned.digests[i]) for i in self._indices(part)]

    def _write_model(self, made: Made) -> None:
        """The head, then the network: OpenVINO's, and where stages changed it its weights for Keras too."""
        self.run.write_bytes("model/head.npz", made.choice.head.to_bytes())
        network = self.run.path / "model" / "network.xml"
        if made.learner is None:
            append_dense(self.extractor.network, network, made.choice.head.dense())
        else:
            made.learner.export(network)
            self.run.write_bytes("model/backbone.weights.h5", made.learner.weights_file())

    def _write_figures(
        self,
        made: Made,
        calibration: dict[str, Any],
        training: Training,
        logits: dict[str, np.ndarray],
        rivals: dict[str, np.ndarray],
        before: dict[str, Any] | None,
    ) -> None:
        targets = {name: self.dataset.targets()[self._indices(name)] for name in logits}
        temperature, classes = calibration["temperature"], self.dataset.classes
        with self.clock("measure"):
            parts = {
                name: measure.figures(targets[name], some, classes, temperature, self.seed)
                for name, some in logits.items()
            }
            beside = {name: measure.evaluate(targets["val"], p, classes, self.seed) for name, p in rivals.items()}
        strongest = max(beside, key=lambda name: beside[name]["accuracy"])
        ours = is_right(logits["val"], targets["val"])
        theirs = is_right(rivals[strongest], targets["val"], boundary=0.5)
        self.run.write_json(
            "metrics.json",
            {
                "task": self.dataset.task,
                **parts,
                "baselines": {name: _short(found) for name, found in beside.items()},
                "against_baseline": {"baseline": strongest, **measure.against(ours, theirs)},
                **({"stages": made.outcomes} if made.outcomes else {}),
                **({"against_head": before} if before else {}),
                "inner": _inner(made.choice, training),
                "seconds": self.clock.total(),
            },
        )
        self.run.write_json("calibration.json", measure.add_reliability(calibration, logits["val"], targets["val"]))
        self.run.write_text("history.jsonl", _json_lines(made.choice.history))
        probabilities = probabilities_of(logits["val"], multilabel=training.multilabel, temperature=temperature)
        self.run.write_json(
            "predictions.json",
            {
                "names": [s.name for s in self._samples("val")],
                "labels": targets["val"].tolist(),
                "probabilities": np.round(probabilities, 6).tolist(),
            },
        )

    def _finish(self, choice: Choice) -> None:
        self.run.write_json("next.json", next_steps(self.run))
        self.run.finish(stopped_early=choice.interrupted)
        self._write_seconds()
        with self.clock("report"):
            write_report(self.run)
        self._write_seconds()
        self.run.finish(stopped_early=choice.interrupted)
        shutil.rmtree(self.run.path / CHECKPOINTS, ignore_errors=True)  # last: until then --resume needs them

    def _write_seconds(self) -> None:
        self.run.write_json("metrics.json", {**self.run.metrics, "seconds": self.clock.total()})

    def _indices(self, part: str) -> np.ndarray:
        wanted = set(self.split.parts.get(part, ()))
        return np.array([i for i, s in enumerate(self.dataset) if s.name in wanted], dtype=np.int64)

    def _samples(self, part: str) -> list[Sample]:
        return [self.dataset.samples[i] for i in self._indices(part)]


def _short(found: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("n", "accuracy", "accuracy_interval", "log_loss")}


def _inner(choice: Choice, training: Training) -> dict[str, Any]:
    """How the chosen head did on training pictures that it had not seen."""
    answered = np.isfinite(choice.logits).all(axis=1)
    logits, targets = choice.logits[answered], training.targets[answered]
    return {
        "n": int(answered.sum()),
        "accuracy": float(is_right(logits, targets).mean()),
        "log_loss": mean_log_loss(logits, targets),
        "folds": len(training.folds),
    }


def _json_lines(lines: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)
