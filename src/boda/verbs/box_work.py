"""One training of boxes under way: the steps in order, each leaving its files in the Run."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.box_answers import BoxModel
from boda.box_trust import Trust
from boda.boxes import Detections
from boda.data.box_view import BoxView
from boda.data.split import folds, strata_of, units_of
from boda.errors import DataError
from boda.explain.box_pictures import keep_box_pictures
from boda.metrics import box_calibrate
from boda.metrics import boxes as box_metrics
from boda.metrics import locate as locate_metrics
from boda.metrics.box_matches import is_right, match
from boda.metrics.margin import fit_margin
from boda.models import backbones
from boda.progress import say
from boda.reports.html import write_report
from boda.training.box_fit import truth_of
from boda.training.box_pictures import BoxPictures
from boda.training.cache import key_of
from boda.verbs.next_steps import next_steps
from boda.verbs.work import CHECKPOINTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.metrics.box_matches import Truth
    from boda.recipe import Recipe
    from boda.run import Run
    from boda.sample import Dataset, Sample
    from boda.training.box_stages import StagedBoxes
    from boda.verbs.clock import Clock
    from boda.verbs.material import Material

LEVEL = 0.9  # of the margin
MOST_SCORE = 0.5  # of the constant answer, which has no opinion
KEPT = 0.01  # confidence from which boxes are written into predictions.json


@dataclass(frozen=True, eq=False)
class BoxWork:
    """One training of boxes under way."""

    run: Run
    recipe: Recipe
    material: Material
    view: BoxView
    clock: Clock
    callbacks: Sequence[Any] = ()

    @classmethod
    def of(cls, run: Run, recipe: Recipe, material: Material, clock: Clock, callbacks: Sequence[Any] = ()) -> BoxWork:
        """The work that `recipe` makes of `material`."""
        assert recipe.resize != "crop"  # noqa: S101 - the recipe has refused it
        view = BoxView(backbones.side(recipe.backbone, recipe.size), recipe.resize)
        return cls(run, recipe, material, view, clock, callbacks)

    @property
    def task(self) -> str:
        """Whether one box a picture is wanted or many."""
        return self.dataset.task

    @property
    def dataset(self) -> Dataset:
        """What is learned from and measured on."""
        return self.material.dataset

    def train(self) -> None:
        """Stages, calibration, figures, pictures, report."""
        train = self._pictures("train")
        staged = self._stages(train)
        with self.clock("measure"):
            calibration = self._calibration(staged, truth_of(train, staged.unseen))
        with self.clock("write"):
            staged.learner.export(self.run.path / "model" / "network.xml")
            self.run.write_bytes("model/network.weights.h5", staged.learner.weights_file())
        model = self._model(calibration)
        with self.clock("measure"):
            parts = {name: self._answers(model, name) for name in ("val", "test") if self._indices(name).size}
            self._write_figures(staged, calibration, parts, truth_of(train, np.arange(len(train))), train.sizes)
        with self.clock("explain"):
            keep_box_pictures(self.run, [self.dataset.samples[i] for i in self._indices("val")])
        self._finish()

    def _stages(self, train: BoxPictures) -> StagedBoxes:
        from boda.training.box_stages import folds_for, run_box_stages
        from boda.training.stage_fit import Setting

        seed, where = self.material.seed, self._indices("train")
        units = units_of(self.dataset, self.material.scanned.group_ids)[where]
        inner = folds(strata_of(self.dataset)[where], units, folds_for(len(where), self.recipe.folds), seed)
        key = key_of(self.recipe.to_toml(), str(seed), self.material.fingerprint)
        board = self.run.path / "tensorboard" if self.run.about.get("tensorboard") else None
        setting = Setting(self.recipe, train, seed, self.run.path / CHECKPOINTS, key, self.callbacks, board)
        with self.clock("stages"):
            return run_box_stages(setting, self.task, inner)

    def _calibration(self, staged: StagedBoxes, truth: Sequence[Truth]) -> dict[str, Any]:
        """Confidence, threshold and margin, from answers of networks that had not seen the pictures."""
        right = np.concatenate(is_right(truth, staged.found, len(self.dataset.classes)))
        logits = np.concatenate([one.scores for one in staged.found])
        slope, offset = box_calibrate.fit(logits, right)
        told: dict[str, Any] = {"kind": "logistic", "slope": slope, "offset": offset, "n": len(staged.found)}
        if self.task == "locate":
            boxes, answers = _firsts(truth), np.concatenate([one.boxes for one in staged.found])
            margin = {"level": LEVEL, "pixels_relative": fit_margin(boxes, answers, LEVEL), "n": len(boxes)}
            return {**told, "threshold": 0.0, "margin": margin}
        objects = sum(len(labels) for _, labels in truth)
        confidences = box_calibrate.apply(logits, slope, offset)
        return {**told, **box_calibrate.best_threshold(confidences, right, objects)}

    def _model(self, calibration: dict[str, Any]) -> BoxModel:
        """The network as `boda predict` runs it."""
        trust = Trust.of(calibration)
        path = self.run.path / "model" / "network.xml"
        return BoxModel(path, self.view, self.dataset.classes, self.task, trust, self.recipe.precision)  # type: ignore[arg-type]

    def _answers(self, model: BoxModel, part: str) -> list[Detections]:
        """What is found on each picture of a part, with calibrated confidences."""
        samples = [self.dataset.samples[i] for i in self._indices(part)]
        return [replace(one, scores=model.trust.confidence(one.scores)) for one in model.detections(samples)]

    def _write_figures(
        self,
        staged: StagedBoxes,
        calibration: dict[str, Any],
        parts: dict[str, list[Detections]],
        learned: Sequence[Truth],
        learned_sizes: np.ndarray,
    ) -> None:
        truth = {name: self._truth(name) for name in parts}
        constant = {name: self._constant(learned, learned_sizes, name) for name in parts}
        threshold = calibration["threshold"]
        figures = {name: self._figures(truth[name], parts[name], constant[name], threshold) for name in parts}
        right = np.concatenate(is_right(truth["val"], parts["val"], len(self.dataset.classes)))
        scores = np.concatenate([one.scores for one in parts["val"]])
        self.run.write_json(
            "calibration.json", {**calibration, "reliability": box_calibrate.reliability(scores, right)}
        )
        if self.task == "detect":
            self.run.write_json("curves.json", box_metrics.curves(truth["val"], parts["val"], self.dataset.classes))
        self.run.write_text("history.jsonl", "".join(json.dumps(line) + "\n" for line in staged.history))
        self.run.write_json(
            "metrics.json",
            {
                "task": self.task,
                **figures,
                **self._beside(truth["val"], parts["val"], constant["val"]),
                "stages": staged.outcomes,
                "inner": {"n": len(staged.found)},
                "seconds": self.clock.total(),
            },
        )
        self._write_predictions(truth["val"], parts["val"])

    def _figures(
        self, truth: list[Truth], found: list[Detections], constant: list[Detections], threshold: float
    ) -> dict[str, Any]:
        rng = np.random.default_rng([self.material.seed, 1])
        if self.task == "detect":
            return box_metrics.evaluate(truth, found, self.dataset.classes, rng, threshold=threshold)
        right = None
        if len(self.dataset.classes) > 1:
            right = np.array([one.labels[0] == labels[0] for one, (_, labels) in zip(found, truth, strict=True)])
        return locate_metrics.evaluate(_firsts(truth), _boxes(found), _boxes(constant), rng, right=right)

    def _beside(self, truth: list[Truth], found: list[Detections], constant: list[Detections]) -> dict[str, Any]:
        """The constant answer on the same pictures."""
        rng = np.random.default_rng([self.material.seed, 2])
        if self.task == "locate":
            against = locate_metrics.against_constant(_firsts(truth), _boxes(found), _boxes(constant), rng)
            alone = locate_metrics.evaluate(_firsts(truth), _boxes(constant), _boxes(constant), rng)
            short = {name: alone[name] for name in ("n", "mean_iou", "mean_iou_interval", "iou_50", "iou_75")}
            return {"baselines": {"constant": short}, "against_baseline": against}
        classes = self.dataset.classes
        ours, theirs = match(truth, found, len(classes)), match(truth, constant, len(classes))
        against = {"baseline": "constant", **box_metrics.difference(ours, theirs, rng)}
        rival = box_metrics.evaluate(truth, constant, classes, rng, draws=0)
        return {
            "baselines": {"constant": {name: rival[name] for name in ("n", "ap", "ap50", "ap75", "ar100")}},
            "against_baseline": against,
        }

    def _constant(self, learned: Sequence[Truth], sizes: np.ndarray, part: str) -> list[Detections]:
        """The same answer for every picture: the mean box of the training part, under its most frequent class."""
        boxes = np.concatenate([boxes for boxes, _ in learned])
        repeated = np.repeat(sizes, [len(boxes) for boxes, _ in learned], axis=0)
        label = np.bincount(np.concatenate([labels for _, labels in learned])).argmax()
        where = self.material.scanned.sizes[self._indices(part)]
        placed = locate_metrics.constant_boxes(locate_metrics.mean_box(boxes, repeated), where)
        return [Detections(box[None], np.array([MOST_SCORE]), np.array([label])) for box in placed]

    def _write_predictions(self, truth: list[Truth], found: list[Detections]) -> None:
        where = self._indices("val")
        shown = [one.above(KEPT) if self.task == "detect" else one for one in found]
        self.run.write_json(
            "predictions.json",
            {
                "names": [self.dataset.samples[i].name for i in where],
                "sizes": self.material.scanned.sizes[where].tolist(),
                "truth": [{"boxes": np.round(b, 3).tolist(), "labels": labels.tolist()} for b, labels in truth],
                "found": [
                    {
                        "boxes": np.round(one.boxes, 3).tolist(),
                        "scores": np.round(one.scores, 6).tolist(),
                        "labels": one.labels.tolist(),
                    }
                    for one in shown
                ],
            },
        )

    def _finish(self) -> None:
        self.run.write_json("next.json", next_steps(self.run))
        self.run.finish(stopped_early=False)
        self._write_seconds()
        with self.clock("report"):
            write_report(self.run)
        self._write_seconds()
        self.run.finish(stopped_early=False)
        shutil.rmtree(self.run.path / CHECKPOINTS, ignore_errors=True)  # last: until then --resume needs them

    def _write_seconds(self) -> None:
        self.run.write_json("metrics.json", {**self.run.metrics, "seconds": self.clock.total()})

    def _pictures(self, part: str) -> BoxPictures:
        scanned = self.material.scanned
        return BoxPictures.of(self.dataset, scanned.digests, scanned.sizes, self._indices(part), self.view)

    def _truth(self, part: str) -> list[Truth]:
        pictures = self._pictures(part)
        return truth_of(pictures, np.arange(len(pictures)))

    def _indices(self, part: str) -> np.ndarray:
        """Places of the pictures of a part; of one box a picture, those that have it."""
        where = self.material.split.indices(self.dataset, part)
        if self.task == "detect":
            return where
        return where[[_has_box(self.dataset.samples[i]) for i in where]]


def check_boxes(material: Material) -> None:
    """Say how many pictures without a box are left out where each is to have one; DataError where none is left."""
    if material.dataset.task != "locate":
        return
    for part in ("train", "val"):
        where = material.split.indices(material.dataset, part)
        if not any(map(_has_box, (material.dataset.samples[i] for i in where))):
            raise DataError(
                f"None of the {len(where)} pictures of {part} has a box. Label some, or train with --task detect."
            )
    if without := sum(not _has_box(sample) for sample in material.dataset):
        say(f"{without} pictures have no box and are left out, since one is to be found in each (but --task detect).")


def _has_box(sample: Sample) -> bool:
    return sample.boxes is not None and len(sample.boxes) > 0


def _firsts(truth: Sequence[Truth]) -> np.ndarray:
    return np.concatenate([boxes[:1] for boxes, _ in truth])


def _boxes(found: Sequence[Detections]) -> np.ndarray:
    return np.concatenate([one.boxes[:1] for one in found])
