"""What `boda look DATA --augment RECIPE` adds: draws of the user's own pictures, and what they do to labels."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from boda import atomic
from boda.augment import AUGMENTATIONS, Labels, Pipeline
from boda.augment.batch import Augmented, BatchAugmentation
from boda.data import decode
from boda.errors import AugmentError, ImageError
from boda.reports.augment_sheet import Row, augment_html, augment_png, boxes_of
from boda.reports.augment_words import drawn_words, warning_words
from boda.reports.overlay import Shown
from boda.training.label_risk import LabelRisk, measure_risk
from boda.training.trials import LARGE, as_pixels, counts_pixels, levels, step_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from boda.sample import Sample

PICTURES, DRAWS = 6, 6


@dataclass(frozen=True)
class Trying:
    """What was found by augmenting: a summary that json can say, and the files that show it."""

    summary: dict[str, Any]
    page: Path
    sheet: Path


def try_augmentation(
    pipeline: Pipeline, samples: Sequence[Sample], folder: Path, about: dict[str, Any], *, measure: bool, seed: int
) -> Trying:
    """Write augment.html and augment.png into `folder`, and measure what the steps do to labels if `measure`.

    Args:
        pipeline: what to look at.
        samples: some of each class, readable or not.
        folder: there already.
        about: "data" and "recipe", for the titles.
        measure: needs the backbone, about half a minute.
        seed: of the choice of pictures.
    """
    pipeline = replace(pipeline, data_format="channels_last")  # as pictures are decoded
    rows, notes = _rows(pipeline, samples, seed)
    learned = [sample for sample in samples if sample.part in (None, "train")]  # no choice is made on the other parts
    risk = measure_risk(learned, pipeline, seed=seed) if measure else LabelRisk(skipped="a fast look leaves it out")
    found = risk.to_json()
    summary = {
        **about,
        "seed": pipeline.seed,
        "steps": [step_name(step) for step in pipeline.steps],
        "toml": pipeline.to_toml(),
        "pictures": [row.name for row in rows],
        "boxes": boxes_of(rows),
        "notes": notes,
        "warnings": [warning_words(step) for step in found["steps"] if step["verdict"] != "no difference shown"],
        "risk": found,
    }
    page, sheet = folder / "augment.html", folder / "augment.png"
    atomic.write_text(page, augment_html(summary, rows))
    atomic.write_bytes(sheet, augment_png(summary, rows))
    return Trying(summary, page, sheet)


def _rows(pipeline: Pipeline, samples: Sequence[Sample], seed: int) -> tuple[list[Row], list[str]]:
    """The sheet's rows, and what there is to say about them."""
    opened = (_open(pipeline, sample) for sample in _in_turn(samples, seed))
    pictures = list(itertools.islice((picture for picture in opened if picture is not None), PICTURES))
    notes: list[str] = []
    drawn = _draw_together(pipeline, pictures) if _mixes(pipeline) else None
    if drawn is None:
        if _mixes(pipeline):
            names = ", ".join(step_name(step) for step in pipeline.steps if isinstance(step, BatchAugmentation))
            notes.append(f"{names} mixes the pictures of a batch of one size; these draws are without it.")
        alone = _without_mixing(pipeline)
        drawn = [_draw(alone, sample, pixels, given, i) for i, (sample, pixels, given) in enumerate(pictures)]
    shown = [[_shown(pipeline, picture) for picture in row] for row in drawn]
    if any(stretched for row in shown for _, stretched in row):
        notes.append(
            "Values are far from those of pixels, so that each draw is stretched from its least to its greatest."
        )
    rows = [
        Row(sample.name, _label(sample), _original(pixels, given), [one for one, _ in row])
        for (sample, pixels, given), row in zip(pictures, shown, strict=True)
    ]
    return rows, notes


def _in_turn(samples: Sequence[Sample], seed: int) -> list[Sample]:
    """A sample of each class, then a second one, drawn by `seed`; many classes are thinned out."""
    rng = np.random.default_rng([seed, 12])
    by_class: dict[str, list[Sample]] = {}
    for sample in sorted(samples, key=lambda sample: sample.name):
        by_class.setdefault(_label(sample), []).append(sample)
    queues = [[some[i] for i in rng.permutation(len(some))] for _, some in sorted(by_class.items())]
    if len(queues) > PICTURES:
        first = [queues[i] for i in np.linspace(0, len(queues) - 1, PICTURES).round().astype(int)]
        queues = [*first, *(queue for queue in queues if queue not in first)]
    return [queue[turn] for turn in range(max(map(len, queues), default=0)) for queue in queues if turn < len(queue)]


def _open(pipeline: Pipeline, sample: Sample) -> tuple[Sample, np.ndarray, Labels] | None:
    """The sample's pixels and labels, shrunk where it is large and nothing counts in pixels; None where unreadable."""
    try:
        pixels = sample.image if isinstance(sample.image, np.ndarray) else decode.decode(sample.read_bytes())
    except (ImageError, OSError):
        return None
    given = Labels(sample.boxes, sample.box_labels, sample.masks, sample.points)
    longest = max(pixels.shape[:2])
    if longest <= LARGE or counts_pixels(pipeline):
        return sample, pixels, given
    height, width = (max(1, round(side * LARGE / longest)) for side in pixels.shape[:2])
    small = AUGMENTATIONS["Resizing"](height, width, antialias=True)  # type: ignore[call-arg]
    done = Pipeline([small], min_visible=0.0, seed=0)(
        pixels, boxes=given.boxes, labels=given.labels, masks=given.masks, points=given.points, sample=0
    )
    done = done if isinstance(done, Augmented) else Augmented(done)
    return (
        sample,
        np.rint(done.image).clip(0, 255).astype(np.uint8),
        Labels(done.boxes, done.labels, done.masks, done.points),
    )


def _draw(
    pipeline: Pipeline, sample: Sample, pixels: np.ndarray, given: Labels, index: int
) -> list[tuple[Augmented, tuple[str, ...]]]:
    draws = []
    for epoch in range(DRAWS):
        try:
            done = pipeline(
                pixels, boxes=given.boxes, labels=given.labels if given.labels is not None else _label(sample),
                masks=given.masks, points=given.points, epoch=epoch, sample=index,
            )  # fmt: skip
        except AugmentError as error:
            raise AugmentError(f"{sample.name}: {error}") from error
        draws.append((done, drawn_words(pipeline, pixels.shape, given, epoch=epoch, sample=index)))
    return draws


def _draw_together(
    pipeline: Pipeline, pictures: Sequence[tuple[Sample, np.ndarray, Labels]]
) -> list[list[tuple[Augmented, tuple[str, ...]]]] | None:
    """Draws of all pictures as one batch with their classes, for steps that mix; None where these cannot be mixed."""
    if any(given for _, _, given in pictures):
        return None
    classes = sorted({_label(sample) for sample, _, _ in pictures})
    labels = np.eye(len(classes))[[classes.index(_label(sample)) for sample, _, _ in pictures]]
    rows: list[list[tuple[Augmented, tuple[str, ...]]]] = [[] for _ in pictures]
    for epoch in range(DRAWS):
        try:
            batch = pipeline([p for _, p, _ in pictures], labels=labels, epoch=epoch, sample=range(len(pictures)))
        except (AugmentError, ValueError):
            return None
        for row, image, shares in zip(rows, batch.image, batch.labels, strict=True):
            row.append((Augmented(image), _mixture(classes, shares)))
    return rows


def _mixture(classes: Sequence[str], shares: np.ndarray) -> tuple[str, ...]:
    """The classes that a mixed picture shows, the largest share first."""
    return tuple(f"{100 * shares[i]:.0f}\u202f% {classes[i]}" for i in np.argsort(-shares) if shares[i] > 0.005)


def _shown(pipeline: Pipeline, picture: tuple[Augmented, tuple[str, ...]]) -> tuple[Shown, bool]:
    done, words = picture
    pixels, stretched = as_pixels(done.image, levels(pipeline.steps))
    labels = done.labels if done.boxes is not None and not isinstance(done.labels, str) else None
    caption = words or ("unchanged",)
    return Shown(pixels, caption, done.boxes, labels, done.masks, done.points, done.kept), stretched


def _original(pixels: np.ndarray, given: Labels) -> Shown:
    return Shown(pixels, ("original",), given.boxes, given.labels, given.masks, given.points)


def _label(sample: Sample) -> str:
    return sample.label if isinstance(sample.label, str) else ", ".join(sample.label or ("no label",))


def _mixes(pipeline: Pipeline) -> bool:
    return any(isinstance(step, BatchAugmentation) for step in pipeline.steps)


def _without_mixing(pipeline: Pipeline) -> Pipeline:
    steps = [step for step in pipeline.steps if not isinstance(step, BatchAugmentation)]
    return replace(pipeline, steps=steps)
