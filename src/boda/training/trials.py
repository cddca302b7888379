"""Trials: a pipeline taken apart into what can be tried on its own, and the pictures that a network sees of each.

A step is tried behind the fixed steps that stand before it, since a crop of 200 pixels is another one after a Resizing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.augment.batch import BatchAugmentation
from boda.augment.effects import Scene
from boda.augment.pipeline import Pipeline
from boda.augment.rescale import Rescaling
from boda.data import decode
from boda.errors import AugmentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from boda.augment.step import Augmentation
    from boda.sample import Sample

WHOLE = "the whole pipeline"
LARGE = 640  # pixels; longer pictures are shrunk before they are tried, unless a step counts in pixels
FAR = 64  # levels beyond 0 to 255 at which values are no longer taken for those of a picture
TRIES = 64  # draws among which those are looked for in which a step does something


@dataclass(frozen=True, eq=False)
class Trial:
    """Something to try: `pipeline` beside `before`, the same without what is tried; its kind is for the words.

    `draws` is how often each picture is drawn: once where nothing is left to chance.
    """

    name: str
    kind: str
    pipeline: Pipeline
    before: Pipeline
    draws: int

    @property
    def has_own_before(self) -> bool:
        """Whether the picture already looks another way before it is tried: the fixed steps move its pixels."""
        return any(not isinstance(step, Rescaling) for step in self.before.steps)


def trials(pipeline: Pipeline, draws: int) -> tuple[list[Trial], dict[str, str]]:
    """Each step of `pipeline` alone, then the whole; and the steps that are not tried, with the reason."""
    tried: list[Trial] = []
    untried: dict[str, str] = {}
    fixed: list[Augmentation] = []
    all_of_them: list[Augmentation] = []
    for step in pipeline.steps:
        name = step_name(step)
        if isinstance(step, BatchAugmentation):
            untried[name] = "mixes pictures, and their labels with them"
            continue
        chance, scales = _takes_chance(step), isinstance(step, Rescaling)
        if not chance and not scales and not _leaves_a_picture(step, levels(fixed)):
            untried[name] = "brings values to a scale that is no picture's"
            continue
        all_of_them.append(step)
        if not scales:
            tried.append(_trial(name, type(step).__name__, pipeline, (*fixed, step), fixed, draws if chance else 1))
        if not chance:
            fixed.append(step)
    if len(tried) > 1:
        tried.append(_trial(WHOLE, "", pipeline, all_of_them, _scales(all_of_them), draws))
    return tried, untried


def step_name(step: Augmentation) -> str:
    """A step with the arguments that are not the default.

    >>> from boda.augment import RandomFlip
    >>> step_name(RandomFlip("vertical"))
    'RandomFlip(vertical)'
    """
    given = step.arguments()
    shown = [_short(value) if len(given) == 1 else f"{key}={_short(value)}" for key, value in given.items()]
    return f"{type(step).__name__}({', '.join(shown)})"


def _short(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(map(_short, value[:6])) + (", …)" if len(value) > 6 else ")")
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def levels(steps: Sequence[Augmentation]) -> tuple[float, float]:
    """To which values the Rescalings among `steps` bring 0 and 255."""
    low, high = 0.0, 255.0
    for step in steps:
        if isinstance(step, Rescaling):
            low, high = step.scale * low + step.offset, step.scale * high + step.offset
    return low, high


def as_pixels(image: np.ndarray, ends: tuple[float, float]) -> tuple[np.ndarray, bool]:
    """Values back as pixels: (h, w, c) float to uint8, and whether they had to be stretched.

    `ends` are what 0 and 255 became. Values far from there, as a normalization leaves them, are stretched from their
    least to their greatest instead.
    """
    low, high = ends
    values = (image - np.float32(low)) * np.float32(255.0 / ((high - low) or 1.0))
    least, greatest = float(values.min()), float(values.max())
    stretched = least < -FAR or greatest > 255 + FAR or (least < -0.5 and greatest < FAR / 4) or low == high
    if stretched:
        values = (values - least) * (255.0 / max(greatest - least, 1e-9))
    return np.rint(values).clip(0, 255).astype(np.uint8), stretched


def views(sample: Sample, index: int, tried: Sequence[tuple[Pipeline, Pipeline, int]], side: int) -> list[np.ndarray]:
    """What a network of `side` x `side` sees of `sample`: for each (pipeline, before, draws), so many uint8 pictures.

    Draws in which the pipeline does no more than `before` are passed over where others are found.
    """
    pixels = sample.image if isinstance(sample.image, np.ndarray) else decode.decode(sample.read_bytes())
    if max(pixels.shape[:2]) > LARGE and not any(counts_pixels(pipeline) for pipeline, *_ in tried):
        share = LARGE / max(pixels.shape[:2])
        pixels = decode.resize(pixels, (max(1, round(pixels.shape[0] * share)), max(1, round(pixels.shape[1] * share))))
    seen = []
    for pipeline, before, draws in tried:
        ends = levels(pipeline.steps)
        for epoch in _acting(pipeline, before, draws, pixels.shape, index):
            image, _ = as_pixels(pipeline(pixels, epoch=epoch, sample=index), ends)
            seen.append(decode.resize(image, (side, side)))
    return seen


def counts_pixels(pipeline: Pipeline) -> bool:
    """Whether some step is told in pixels, so that it does another thing to a picture of another size."""
    return any(hasattr(step, "height") for step in pipeline.steps)


def _acting(pipeline: Pipeline, before: Pipeline, draws: int, shape: tuple[int, ...], index: int) -> list[int]:
    """The first `draws` epochs in which `pipeline` does more than `before`, or others where these do not suffice."""
    fixed = len(before.draw(shape, sample=index))
    idle: list[int] = []
    found: list[int] = []
    for epoch in range(TRIES):
        acts = len(pipeline.draw(shape, epoch=epoch, sample=index)) > fixed
        (found if acts else idle).append(epoch)
        if len(found) == draws:
            break
    return [*found, *idle][:draws]


def _trial(
    name: str,
    kind: str,
    pipeline: Pipeline,
    steps: Sequence[Augmentation],
    before: Sequence[Augmentation],
    draws: int,
) -> Trial:
    return Trial(name, kind, Pipeline(steps, seed=pipeline.seed), Pipeline(before, seed=pipeline.seed), draws)


def _scales(steps: Sequence[Augmentation]) -> list[Augmentation]:
    return [step for step in steps if isinstance(step, Rescaling)]


def _takes_chance(step: Augmentation) -> bool:
    """Whether the step draws anything at all."""
    rng = np.random.default_rng(0)
    state = str(rng.bit_generator.state)
    step.draw(rng, Scene(224, 224, 3))
    return str(rng.bit_generator.state) != state


def _leaves_a_picture(step: Augmentation, ends: tuple[float, float]) -> bool:
    """Whether a picture is one still after a step without chance: normalizations and whitening end elsewhere."""
    low, high = ends
    ramp = np.linspace(low, high, 32 * 32 * 3, dtype=np.float32).reshape(32, 32, 3)
    try:
        return not as_pixels(Pipeline([step], seed=0)(ramp, sample=0), ends)[1]
    except AugmentError:  # it was made for pictures of one size
        return False
