"""One stage of a network of boxes: what thaws, the batches, and the training; a learner is changed in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.models.cut import freeze, layer_depths, tail_of
from boda.models.heads.box_decode import decode_detect, decode_locate
from boda.models.keras_import import import_keras
from boda.models.pieces import Pieces
from boda.models.taps import cut_layers
from boda.training import activations
from boda.training.box_lesson import BoxLesson
from boda.training.box_mixing import Mixed
from boda.training.box_objectives import detect_loss, detect_metric, locate_loss, locate_metric
from boda.training.box_pictures import box_pipeline_of
from boda.training.loop import train
from boda.training.networks import cut_names, cut_networks
from boda.training.optimizers import optimizer_of
from boda.training.pictures import variants
from boda.training.sources import Kept, Live
from boda.training.stage_fit import BATCH, callbacks_for, checkpoints_for

if TYPE_CHECKING:
    from boda.boxes import Detections
    from boda.recipe import Recipe, Stage
    from boda.training.box_learner import BoxLearner
    from boda.training.box_pictures import BoxPictures
    from boda.training.stage_fit import Setting

SOLID = {"detect": (detect_loss, detect_metric), "locate": (locate_loss, locate_metric)}
Plain = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class FittedBoxes:
    """One stage, trained: a line an epoch, and what was found on each unseen picture, in pixels of the view."""

    history: list[dict[str, Any]]
    found: list[Detections]


def fit_boxes(
    setting: Setting,
    learner: BoxLearner,
    stage: Stage,
    seen: np.ndarray,
    unseen: np.ndarray | None,
    name: str,
    *,
    what: str = "",
) -> FittedBoxes:
    """Train one stage in place on the pictures `seen`, and answer on `unseen`.

    Args:
        setting: what all stages share; its pictures are `BoxPictures`.
        learner: is changed.
        stage: what thaws, and how; of "head" the recipe's head says how.
        seen: places to learn from.
        unseen: places to answer on; None for none.
        name: of the checkpoints' folder.
        what: its name for people; what thaws where it is empty.
    """
    recipe, levers = setting.recipe, setting.recipe.head if stage.thaw == "head" else stage
    freeze(learner.model, learner.name, stage.thaw, batch_norm=stage.batch_norm)
    layers = cut_layers(learner.name, stage.thaw, learner.tapped)
    above = tail_of(learner.model, layers)
    pipeline = box_pipeline_of(recipe, levers, setting.seed)
    lesson = BoxLesson(setting.pictures, seen, levers, setting.seed, learner.task, pipeline)
    source, plain, parted = source_of(recipe, learner, lesson, layers)
    loss, metric = SOLID[learner.task]
    overlap = "giou" if recipe.boxes is None else recipe.boxes.overlap
    trained = train(
        above,
        source,
        optimizer=optimizer_of(
            levers,
            lesson.steps,
            levers.epochs,
            variables_depth=layer_depths(learner.model, learner.name),
            layer_decay=stage.layer_decay,
            clip_norm=stage.clip_norm,
        ),
        loss=loss(learner.classes, overlap),
        epochs=levers.epochs,
        seed=setting.seed,
        ema=levers.ema,
        metric=metric,
        metric_name="iou",
        parted=parted,
        checkpoints=checkpoints_for(setting, name, source),
        callbacks=callbacks_for(setting, levers, lesson.steps, levers.epochs, name, monitor="loss"),
        stop=setting.stop,
        what=what or stage.thaw,
    )
    places = np.zeros(0, np.int64) if unseen is None else unseen
    return FittedBoxes(trained.history, answer(setting, learner, above, plain, parted, places))


def source_of(
    recipe: Recipe, learner: BoxLearner, lesson: BoxLesson, layers: tuple[str, ...]
) -> tuple[Kept | Live, Plain, Callable[[Any], Any] | None]:
    """Where batches come from, what the tail takes of plain pictures, and how that becomes the tail's inputs."""
    pictures = lesson.pictures

    def pixels(places: np.ndarray) -> np.ndarray:
        return np.stack([pictures.plain(int(i)) for i in places]).astype(np.float32)

    anew = Live if lesson.levers.mix == "none" else Mixed
    if not layers:
        return anew(lesson, lesson.pipeline, None), pixels, None
    path, key = cut_networks(learner.name, learner.model, layers)
    pieces = Pieces(tuple(tuple(learner.model.get_layer(layer).output.shape[1:]) for layer in layers))
    trunk = activations.Trunk(path, key, (pieces.length,), recipe.precision, cut_names(layers))
    kept = None
    if anew is Live:
        kept = activations.keep(trunk, pictures, lesson.pipeline, variants(lesson.levers))
    if kept is not None:
        return Kept(lesson, kept), kept.batch, pieces.part
    return (
        anew(lesson, lesson.pipeline, trunk),
        lambda places: np.stack(list(trunk.run(iter(pixels(places))))),
        pieces.part,
    )


def answer(
    setting: Setting,
    learner: BoxLearner,
    above: Any,
    plain: Plain,
    parted: Callable[[Any], Any] | None,
    places: np.ndarray,
) -> list[Detections]:
    """What the tail `above` finds on the plain pictures at `places`; scores are logits."""
    found: list[Detections] = []
    for start in range(0, len(places), BATCH):
        setting.stop.check()
        x = plain(places[start : start + BATCH])
        given = x if parted is None else parted(import_keras().ops.convert_to_tensor(x))
        rows = np.asarray(above.predict_on_batch(given))
        found += [decoded(learner, row, setting.pictures.view.size) for row in rows]
    return found


def decoded(learner: BoxLearner, row: np.ndarray, size: int) -> Detections:
    """One picture's answer as boxes in pixels of the view."""
    if learner.task == "locate":
        return decode_locate(row[:4], float(row[4]), row[5:] if learner.classes > 1 else None, size=size)
    return decode_detect(row[:, :4] * size, row[:, 4:])


def truth_of(pictures: BoxPictures, places: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Boxes in displayed pixels and class indices of each picture."""
    return [pictures.truth(int(i)) for i in places]
