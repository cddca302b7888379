"""`boda find-rate`: which learning rate suits these pictures, for the head and for each stage that thaws layers."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from boda import atomic
from boda.data import read
from boda.data.split import folds, units_of
from boda.errors import RecipeError
from boda.progress import track
from boda.recipe import Recipe
from boda.reports import canvas
from boda.reports.rate_curve import rate_curves
from boda.training.choose import Training, choose_head, class_means
from boda.training.features import Extractor, head_views
from boda.training.pictures import Pictures, view_of
from boda.training.rate_finder import RateCurve
from boda.training.rate_finder import find_rate as find
from boda.verbs.material import Material, refuse_boxes, refuse_sequences, refuse_to_write_into
from boda.verbs.train import check_stages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from boda.models.heads.classify import Head
    from boda.recipe import Stage
    from boda.run import Run

EXACT = (
    " The head of this recipe is solved exactly, without any learning rate; this one counts as soon as head.optimizer "
    "is set, or the head gets hidden layers, dropout or batch_norm."
)


KNOWN = 0.05  # nats
BY_HEART = (
    " The head knows these pictures nearly by heart already, so that the curve shows where steps begin to do harm, "
    "rather than at which rate most is learned; views (stage.augment) show more."
)


@dataclass(frozen=True, eq=False)
class Rates:
    """The curve of each stage, by its name, and the files that show them."""

    curves: dict[str, RateCurve]
    picture: Path
    data: Path

    def to_json(self) -> dict[str, Any]:
        """What `data` holds: for each stage rates, losses, smoothed, suggestion and why."""
        return {name: _plain(curve) for name, curve in self.curves.items()}


def find_rate(
    data: Any,
    *,
    stages: str | None = None,
    out: Path | str | None = None,
    seed: int = 0,
    recipe: Recipe | Path | str | None = None,
    lowest: float = 1e-7,
    highest: float = 10.0,
    steps: int = 100,
    split: Run | Path | str | None = None,
    on_bad: Literal["skip", "error"] = "skip",
    reading: dict[str, Any] | None = None,
    **changes: Any,
) -> Rates:
    """Find a learning rate for each stage, by training a little while the rate rises (Smith, arXiv 1506.01186).

    It learns from the training part alone, and nothing of it is kept.
    Each stage that thaws layers begins with the trained head, whatever stages may stand before it.

    Args:
        data: what `train` takes.
        stages: such as "head,last-5"; by default the recipe's.
        out: where rates.png and rates.json go; by default `boda-rate/NAME`.
        seed: of the split, the order of pictures and the weights.
        recipe: a Recipe or a TOML file; optimizer, batch size and whatever else shapes a step come from it.
        lowest: the first rate.
        highest: the last one, unless the loss diverges before.
        steps: how many batches.
        split: a Run whose split is used again.
        on_bad: "skip" leaves damaged pictures out; "error" stops at the first.
        reading: options of the reader, such as `label_column`.
        **changes: entries of the recipe, such as `head_optimizer="sgd"`.

    Raises:
        DataError, RecipeError, WeightsError, RunError: each says where, what was expected, what came, what to do.
    """
    refuse_sequences(data, "boda find-rate", reading)
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.read(Path(recipe)) if recipe else Recipe()
    recipe = recipe.replace(**changes, **({"stages": stages} if stages else {}))
    check_stages(recipe)
    names = [stage.thaw for stage in recipe.stages if stage.thaw != "as-is"]
    if not names:
        raise RecipeError("as-is trains nothing, and has no learning rate. Use --stages head,last-5")
    name = Path(data).resolve().name if isinstance(data, (str, Path)) else type(data).__name__
    folder = Path(out) if out is not None else Path("boda-rate") / (name or "pictures")
    refuse_to_write_into(data, folder)
    dataset = read(data, **(reading or {}))
    refuse_boxes(dataset.task, "boda find-rate")
    material = Material.read(dataset, recipe, seed, on_bad=on_bad, split=split)
    subject = _Subject.of(material, recipe)
    curves = {name: _curve(subject.step(name), name, lowest, highest, steps) for name in names}
    return _write({name: _with_remarks(name, curve, recipe) for name, curve in curves.items()}, folder)


@dataclass(eq=False)
class _Subject:
    """The training part, and the head fitted on it, which every stage that thaws layers begins with."""

    recipe: Recipe
    pictures: Pictures
    training: Training
    seed: int
    _head: Head | None = None

    @classmethod
    def of(cls, material: Material, recipe: Recipe) -> _Subject:
        seed = material.seed
        named = set(material.split.parts["train"])
        where = np.array([i for i, sample in enumerate(material.dataset) if sample.name in named])
        samples, digests = [material.dataset.samples[i] for i in where], [material.scanned.digests[i] for i in where]
        view = view_of(recipe)
        targets, classes = material.dataset.targets()[where], len(material.dataset.classes)
        pictures = Pictures(samples, digests, targets, classes, view)
        views: tuple[np.ndarray, ...] = (np.zeros((len(where), 0), np.float32),)
        if recipe.stages[0].thaw != "scratch":
            views = head_views(recipe, Extractor.of(recipe), pictures, seed)
        units = units_of(material.dataset, material.scanned.group_ids)[where]
        training = Training(views, targets, classes, folds(targets, units, recipe.folds, seed))
        return cls(recipe, pictures, training, seed)

    def step(self, name: str) -> Callable[[float], float]:
        """A function that trains what `name` thaws on one batch at a rate, and gives the batch's loss."""
        if name == "head":
            from boda.training.fit import head_step

            rows = self.training.rows(np.arange(len(self.training.targets)))
            return head_step(*rows, self.training.classes, self.recipe.head, self.seed)
        stage = next(stage for stage in self.recipe.stages if stage.thaw == name)
        return stage_step(self.recipe, self.pictures, stage, self.head() if name != "scratch" else None, self.seed)

    def head(self) -> Head:
        """The head, chosen and fitted once; the nearest class mean where the first stage is as-is."""
        if self._head is None and self.recipe.stages[0].thaw == "as-is":
            self._head = class_means(self.training, np.arange(len(self.training.targets)))
        elif self._head is None:
            self._head = choose_head(self.training, self.recipe.head, self.seed).head
        return self._head


def stage_step(
    recipe: Recipe, pictures: Pictures, stage: Stage, head: Head | None, seed: int
) -> Callable[[float], float]:
    """The same for a stage that trains the backbone: it takes its network and its batches from `training.stages`."""
    from boda.models.cut import cut_layer, freeze, layer_depths, tail
    from boda.models.keras_import import import_keras
    from boda.training.objectives import loss_of
    from boda.training.optimizers import optimizer_of
    from boda.training.sources import Lesson
    from boda.training.stage_fit import Setting, learner_of, source_of
    from boda.training.step import Step, accuracy

    setting = Setting(recipe, pictures, seed)
    learner, layer = learner_of(setting, head), cut_layer(recipe.backbone, stage.thaw)
    freeze(learner.model, learner.name, stage.thaw, batch_norm=stage.batch_norm)
    above = tail(learner.model, layer)
    above = import_keras().Model(above.input, above.outputs[-1])
    lesson = Lesson.of(pictures, np.arange(len(pictures)), stage, seed)
    optimizer = optimizer_of(
        replace(stage, schedule="constant", warmup=0.0),
        steps_per_epoch=1,
        epochs=1,
        variables_depth=layer_depths(learner.model, learner.name),
        layer_decay=stage.layer_decay,
        clip_norm=stage.clip_norm,
    )
    optimizer.build(above.trainable_variables)
    learn = Step(above, optimizer, loss_of(stage, multilabel=pictures.targets.ndim == 2), accuracy, [])
    batches = _endless(source_of(setting, learner, lesson, stage, layer)[0])

    def step(rate: float) -> float:
        optimizer.learning_rate = rate
        return learn(*next(batches), momentum=0.0)[0]

    return step


def _endless(source: Any) -> Iterator[Any]:
    """The batches of one epoch after another."""
    epoch = 0
    while True:
        yield from source.batches(epoch)
        epoch += 1


def _curve(step: Callable[[float], float], name: str, lowest: float, highest: float, steps: int) -> RateCurve:
    """The curve, with progress; it may end before all steps are done."""
    shown = iter(track(range(steps), f"{name}: rates", total=steps))

    def shown_step(rate: float) -> float:
        next(shown, None)
        return step(rate)

    return find(shown_step, lowest, highest, steps)


def _with_remarks(name: str, curve: RateCurve, recipe: Recipe) -> RateCurve:
    """The curve, with what else should be known of it."""
    if name == "head":
        return replace(curve, why=curve.why + EXACT) if recipe.head.is_linear else curve
    knows = len(curve.smoothed) > 0 and curve.smoothed[0] < KNOWN
    return replace(curve, why=curve.why + BY_HEART) if knows else curve


def _write(curves: dict[str, RateCurve], folder: Path) -> Rates:
    folder.mkdir(parents=True, exist_ok=True)
    rates = Rates(curves, folder / "rates.png", folder / "rates.json")
    atomic.write_bytes(rates.picture, canvas.to_png(rate_curves(rates.to_json())))
    atomic.write_text(rates.data, json.dumps(rates.to_json(), indent=2) + "\n")
    return rates


def _plain(curve: RateCurve) -> dict[str, Any]:
    arrays = {name: getattr(curve, name).tolist() for name in ("rates", "losses", "smoothed")}
    return {"suggestion": curve.suggestion, "why": curve.why, **arrays}
