"""One training of sequences under way: the steps in order, each leaving its files in the Run."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.data.sequences.encoder import Encoder
from boda.data.sequences.steps import times_ahead
from boda.metrics import sequence_rivals
from boda.models.sequence_plan import Plan, save_network
from boda.models.step import Recurrent
from boda.progress import say
from boda.reports.html import write_report
from boda.sequence_answers import HISTORY, SequenceModel, history_bytes
from boda.training.cache import key_of
from boda.training.checkpoint import Checkpoints
from boda.training.sequences.examples import lessons
from boda.verbs.measures import MEASURES, Measure, Part
from boda.verbs.sequence_inside import look_inside
from boda.verbs.sequence_next import next_sequence_steps
from boda.verbs.work import CHECKPOINTS
from boda.verbs.written_samples import WrittenSamples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.data.sequences.dataset import SequenceDataset
    from boda.recipe.sequence import SequenceRecipe
    from boda.run import Run
    from boda.training.sequences.fit import Fitted
    from boda.verbs.clock import Clock
    from boda.verbs.sequence_material import SequenceMaterial


@dataclass(frozen=True, eq=False)
class SequenceWork:
    """One training of sequences under way."""

    run: Run
    recipe: SequenceRecipe
    material: SequenceMaterial
    clock: Clock
    callbacks: Sequence[Any] = ()

    @property
    def dataset(self) -> SequenceDataset:
        """What is learned from and measured on."""
        return self.material.dataset

    @property
    def measure(self) -> Measure:
        """How the task is measured."""
        return MEASURES[self.dataset.task]

    def train(self) -> None:
        """Network, calibration, figures, what is seen inside, report."""
        learned, inner, told = self.material.learned_and_inner()
        say(told)
        encoder = Encoder.of(self.dataset, learned, self.recipe)
        with self.clock("train"):
            fitted = self._fit(encoder, learned, inner)
        model = self._model(encoder, fitted)
        with self.clock("measure"):
            calibration = self.measure.calibrate(model, self._inner(learned, inner))
        self.run.write_json("calibration.json", calibration)
        model = replace(model, calibration=calibration)
        self._write_figures(model, told)
        with self.clock("explain"):
            look_inside(self.run, model, self._part("val"), self.material.seed)
        self._finish()

    def _fit(self, encoder: Encoder, learned: np.ndarray, inner: np.ndarray) -> Fitted:
        from boda.training.sequences.fit import fit

        seed = self.material.seed
        train, held = lessons(self.dataset, learned, inner, encoder, self.recipe)
        key = key_of(self.recipe.to_toml(), str(seed), self.material.fingerprint)
        written = WrittenSamples(self.run, encoder, self.dataset, seed) if self.dataset.task == "language" else None
        fitted = fit(
            self.recipe,
            encoder,
            train,
            held,
            seed=seed,
            checkpoints=Checkpoints(self.run.path / CHECKPOINTS, key),
            callbacks=[*self.callbacks, *self._board()],
            history_file=self.run.path / "history.jsonl",
            on_epoch=written,
        )
        self.run.write_text("history.jsonl", "".join(json.dumps(line) + "\n" for line in fitted.history))
        self.run.update(best_epoch=fitted.best_epoch, learned_from=len(train), choices_on=len(held or ()))
        return fitted

    def _board(self) -> list[Any]:
        if not self.run.about.get("tensorboard"):
            return []
        from boda.training.callbacks import tensorboard

        return [tensorboard(self.run.path / "tensorboard")]

    def _model(self, encoder: Encoder, fitted: Fitted) -> SequenceModel:
        """The network as `boda predict` runs it; all that it needs is written."""
        plan = Plan.from_json(fitted.plan)
        with self.clock("write"):
            save_network(self.run.path / "model", plan, fitted.weights)
            self.run.write_json("encoder.json", encoder.to_json())
            history, ahead = self._history(encoder)
            if history:
                self.run.write_bytes(HISTORY, history_bytes(history, ahead))
        network = Recurrent(plan, fitted.weights)
        return SequenceModel(network, encoder, encoder.task, self.dataset.classes, {}, history, ahead)

    def _history(self, encoder: Encoder) -> tuple[dict[str, np.ndarray], dict[str, tuple[str, ...]]]:
        """The end of each series, from which `boda predict` goes on, and what the times ahead are called."""
        if encoder.task != "forecast":
            return {}, {}
        pairs = [*zip(self.dataset.names, self.dataset.inputs, strict=True)]
        long = [(name, series) for name, series in pairs if len(series) >= encoder.context]
        if short := len(pairs) - len(long):
            say(f"{short} series are shorter than the {encoder.context} steps looked back on, and get no forecast.")
        ends = {name: np.asarray(series[-encoder.context :], np.float32) for name, series in long}
        return ends, times_ahead(self.dataset, encoder.horizon)

    def _inner(self, learned: np.ndarray, inner: np.ndarray) -> Part | None:
        """What calibration is fitted on; series keep back an end of their own."""
        if self.dataset.task == "forecast":
            return Part.of(self.dataset, learned, "inner")
        return Part.of(self.dataset, inner, "inner") if len(inner) else None

    def _part(self, name: str) -> Part:
        return Part.of(self.dataset, self.material.indices(name), name)

    def _write_figures(self, model: SequenceModel, told: str) -> None:
        """The figures beside those of baselines, which may learn from the inner tenth as well."""
        seed, measure = self.material.seed, self.measure
        parts = {name: part for name in ("val", "test") if len(part := self._part(name))}
        with self.clock("measure"):
            ours = {name: measure.answers(model, part) for name, part in parts.items()}
            figures = {name: measure.figures(model, part, ours[name], seed) for name, part in parts.items()}
        reported = "test" if "test" in parts else "val"
        with self.clock("baselines"):
            held = parts[reported]
            theirs = measure.rivals(model, self._part("train"), held, seed)
            bare = replace(model, calibration={})  # its intervals are around our answers, not around a baseline's
            beside = {name: measure.figures(bare, held, some, seed) for name, some in theirs.items()}
        figure = measure.difference(model, held, ours[reported], next(iter(theirs.values())), seed)["figure"]
        rival = sequence_rivals.strongest(beside, figure)
        against = measure.difference(model, held, ours[reported], theirs[rival], seed)
        self.run.write_json(
            "metrics.json",
            {
                "task": self.dataset.task,
                **figures,
                "reported": reported,
                "choices": told,
                "baselines": beside,
                "against_baseline": sequence_rivals.against(rival, against),
                "seconds": self.clock.total(),
            },
        )
        self.run.write_json("predictions.json", measure.predictions(model, held, ours[reported]))

    def _finish(self) -> None:
        self.run.write_json("next.json", next_sequence_steps(self.run))
        self.run.finish()
        self._write_seconds()
        with self.clock("report"):
            write_report(self.run)
        self._write_seconds()
        self.run.finish()
        shutil.rmtree(self.run.path / CHECKPOINTS, ignore_errors=True)  # last: until then --resume needs them

    def _write_seconds(self) -> None:
        self.run.write_json("metrics.json", {**self.run.metrics, "seconds": self.clock.total()})
