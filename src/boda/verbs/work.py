"""One training under way: the steps in order, each leaving its files in the Run."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from boda import explain as why
from boda.data.split import Split, folds, units_of
from boda.data.view import View
from boda.models import backbones
from boda.models.engine import append_dense
from boda.reports.html import write_report
from boda.training import baselines, measure
from boda.training.choose import Choice, Training, choose_head, is_right, mean_log_loss, probabilities_of
from boda.verbs.next_steps import next_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boda.data.audit import Scan
    from boda.recipe import Recipe
    from boda.run import Run
    from boda.sample import Dataset, Sample
    from boda.training.features import Extractor

PACKAGES = ("boda", "keras", "numpy", "openvino", "pillow", "scikit-learn", "scipy")


@dataclass
class Clock:
    """Seconds a step, and in all."""

    began: float = field(default_factory=time.perf_counter)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        """Add the time that the block takes to `step`."""
        start = time.perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - start

    def total(self) -> dict[str, float]:
        """Seconds a step so far, rounded, with their "total" since the beginning."""
        return {
            "total": round(time.perf_counter() - self.began, 3),
            **{k: round(v, 3) for k, v in self.seconds.items()},
        }


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

    def describe(self, source: str, reading: dict[str, Any]) -> None:
        """Write down what is trained on what, before anything costly begins."""
        backbone = backbones.get(self.recipe.backbone)
        self.run.update(
            classes=list(self.dataset.classes),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            data=source,
            reading=reading,
            backbone={
                "name": backbone.name,
                "title": backbone.title,
                "params": round(backbone.params * 1e6),
                "size": backbone.size,
                "features": backbone.features,
            },
            view=asdict(self.view),
            precision=self.recipe.precision,
            versions={name: metadata.version(name) for name in PACKAGES},
        )
        self.run.write_text("recipe.toml", self.recipe.to_toml())
        self.run.write_json("split.json", self.split.to_json())
        self.run.write_json("data.json", self.scanned.to_json(self.dataset, self.split))
        self.run.write_text("bad_files.csv", self.scanned.bad_csv(self.dataset))

    def train(self) -> None:
        """Features, baselines, head, figures, pictures, report."""
        with self.clock("features"):
            features = {name: self._features(name) for name in ("train", "val", "test") if self._indices(name).size}
        training = self._training(features["train"])
        with self.clock("train"):
            choice = choose_head(training, self.recipe.head, self.seed)
            calibration = measure.calibration_of(choice, training, self.recipe.precision_wanted)
        logits = {name: choice.head.logits(features[name]) for name in features if name != "train"}
        with self.clock("baselines"):
            rivals = self._rivals(training)
        self._write_model(choice)
        self._write_figures(choice, calibration, training, logits, rivals)
        with self.clock("explain"):
            why.explain(self.run, self._samples("val"), self.view, choice.head, logits["val"])
        self._finish(choice)

    def _training(self, plain: np.ndarray) -> Training:
        where = self._indices("train")
        targets = self.dataset.targets()[where]
        views: tuple[np.ndarray, ...] = (plain,)
        if self.recipe.views == "flip":
            with self.clock("features"):
                views = (plain, self._features("train", mirrored=True))
        inner = folds(targets, units_of(self.dataset, self.scanned.group_ids)[where], self.recipe.folds, self.seed)
        return Training(views, targets, len(self.dataset.classes), inner)

    def _features(self, part: str, *, mirrored: bool = False) -> np.ndarray:
        view = View(self.view.size, self.view.resize, self.view.crop_share, mirrored)
        samples, digests = zip(*self._pictures(part), strict=True)
        return self.extractor.features(samples, digests, view)

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

    def _write_model(self, choice: Choice) -> None:
        self.run.write_bytes("model/head.npz", choice.head.to_bytes())
        append_dense(self.extractor.network, self.run.path / "model" / "network.xml", choice.head.dense())

    def _write_figures(
        self,
        choice: Choice,
        calibration: dict[str, Any],
        training: Training,
        logits: dict[str, np.ndarray],
        rivals: dict[str, np.ndarray],
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
                "inner": _inner(choice, training),
                "seconds": self.clock.total(),
            },
        )
        self.run.write_json("calibration.json", measure.add_reliability(calibration, logits["val"], targets["val"]))
        self.run.write_text("history.jsonl", _json_lines(choice.history))
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
