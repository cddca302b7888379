"""An ImageDataGenerator as a boda pipeline and as Keras layers, and how far they agree on pictures."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.augment.colour import RandomChannelShift, RandomGain
from boda.augment.flip import RandomFlip
from boda.augment.pipeline import Pipeline
from boda.augment.rescale import Rescaling
from boda.augment.standardise import FeaturewiseNormalization, SamplewiseCenter, SamplewiseNormalization
from boda.augment.statistics import FLOOR
from boda.augment.turn import RandomRotation, RandomShear, RandomTranslation, RandomZoom
from boda.preprocessing.to_keras import to_keras

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import keras

    from boda.augment.step import Augmentation
    from boda.preprocessing.image.generator import ImageDataGenerator

SIGNS = 8  # draws among which one has the wanted sign of the shear, but for a chance of 1 in 256
FILLS = ("nearest", "constant", "reflect", "wrap")
Pair = tuple[float, float]


@dataclass(frozen=True)
class Translation:
    """What became of an ImageDataGenerator.

    Attributes:
        generator: it.
        pipeline: the boda pipeline that does the same, in the units of Keras's layers: rotation in turns, zoom as a
            change (0.2 shows a fifth more), shear as a slope.
        notes: what the pipeline does otherwise, in sentences; empty where nothing is.
    """

    generator: ImageDataGenerator
    pipeline: Pipeline
    notes: tuple[str, ...]

    def to_keras(self) -> keras.Sequential:
        """The pipeline as Keras layers; a warning names the steps that no layer does, which are left out.

        The layer RandomShear slants about the upper left pixel instead of the centre.
        """
        return to_keras(_for_layers(self.pipeline), skip=True)

    def agreement(self, images: Sequence[np.ndarray] | np.ndarray, seed: int = 0) -> dict[str, dict[str, float]]:
        """How far the generator, the pipeline and Keras's layers agree when all draw the same.

        Args:
            images: pictures (h, w, c) of any sizes, in the values that the generator gets.
            seed: of the draws; each picture is drawn once. Flips are exact everywhere and left out.

        Returns:
            For "pipeline" and "layers": "mean" and "median" absolute difference from the generator's picture, in
            levels of 255, and the share of values "within_2" levels.
        """
        state = np.random.get_state()  # noqa: NPY002 - the generator draws from NumPy's global state
        np.random.seed(seed)  # noqa: NPY002
        try:
            drawn = [self.generator.get_random_transform(np.shape(image)) for image in images]
        finally:
            np.random.set_state(state)  # noqa: NPY002
        pairs = [self._differences(np.asarray(image), values) for image, values in zip(images, drawn, strict=True)]
        return {name: _summary([pair[i] for pair in pairs]) for i, name in enumerate(("pipeline", "layers"))}

    def _differences(self, image: np.ndarray, drawn: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        still = {**drawn, "flip_horizontal": False, "flip_vertical": False}
        wanted = self.generator.apply_transform(image.astype(np.float32), still)
        made = Units.of_draw(drawn, *image.shape[:2]).steps(self.generator)
        ours = [Pipeline(made, seed=0)(image, sample=i) for i in range(SIGNS)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            layers = [to_keras(_for_layers(Pipeline(made, seed=i)), skip=True) for i in range(SIGNS)]
        batch = image[None].astype(np.float32)
        theirs = [np.asarray(layer(batch, training=True))[0] if layer.layers else image for layer in layers]
        best = [min((np.abs(one - wanted) for one in many), key=np.mean) for many in (ours, theirs)]
        return best[0], best[1]


def _for_layers(pipeline: Pipeline) -> Pipeline:
    """The same pipeline with the one argument left out that Keras's layer does not know."""
    steps = [replace(step, center=False) if isinstance(step, RandomShear) else step for step in pipeline.steps]
    return replace(pipeline, steps=steps)


@dataclass(frozen=True)
class Units:
    """Ranges in the units of Keras's layers; None where nothing is drawn.

    `turns` of a full circle; `down` and `right` as shares of the height and the width; `slope`; `along` and `across`,
    the change of the height and the width that is shown; `added` to the values; `gain`, what they are multiplied by.
    """

    turns: Pair | None = None
    down: Pair | None = None
    right: Pair | None = None
    slope: Pair | None = None
    along: Pair | None = None
    across: Pair | None = None
    added: Pair | None = None
    gain: Pair | None = None

    @classmethod
    def of_generator(cls, generator: ImageDataGenerator, size: tuple[int, int] | None) -> Units:
        """The ranges that a generator draws from; it moves columns by what it draws for the height."""
        height, width = size or (0, 0)
        zoom = _plus(tuple(generator.zoom_range), -1.0)
        return cls(
            _either(generator.rotation_range / 360),
            _either(_share(generator.width_shift_range, width, height)),
            _either(_share(generator.height_shift_range, height, width)),
            _either(math.sin(math.radians(generator.shear_range))),
            zoom,
            zoom,
            _either(generator.channel_shift_range),
            None if generator.brightness_range is None else _plus(tuple(generator.brightness_range), 0.0),
        )

    @classmethod
    def of_draw(cls, drawn: Mapping[str, Any], height: int, width: int) -> Units:
        """What was drawn for one picture of `height` x `width`, as ranges of one number each."""
        shift, gain = drawn["channel_shift_intensity"], drawn["brightness"]
        return cls(
            _point(drawn["theta"] / 360),
            _point(-drawn["ty"] / height),
            _point(-drawn["tx"] / width),
            _point(abs(math.sin(math.radians(drawn["shear"])))),
            _point(drawn["zy"] - 1.0),
            _point(drawn["zx"] - 1.0),
            None if shift is None else (shift, shift),
            None if gain is None else (gain, gain),
        )

    def steps(self, generator: ImageDataGenerator) -> list[Augmentation]:
        """The steps that do it, in the generator's order."""
        fill: dict[str, Any] = {
            "fill_mode": generator.fill_mode if generator.fill_mode in FILLS else "nearest",
            "interpolation": "nearest" if generator.interpolation_order == 0 else "bilinear",
            "fill_value": float(generator.cval),
        }
        still = (0.0, 0.0)
        made: list[Augmentation | None] = [
            RandomRotation(self.turns, **fill) if self.turns else None,
            RandomTranslation(self.down or still, self.right or still, **fill) if self.down or self.right else None,
            RandomShear((max(self.slope[0], 0.0), self.slope[1]), still, center=True, **fill) if self.slope else None,
            RandomZoom(self.along or still, self.across or still, **fill) if self.along or self.across else None,
            RandomChannelShift(self.added) if self.added else None,
            RandomGain(self.gain) if self.gain else None,
        ]
        return [step for step in made if step is not None]


def translate(generator: ImageDataGenerator, size: tuple[int, int] | None = None) -> Translation:
    """The Translation of `generator`; `size` (h, w) of its pictures is needed where it shifts by pixels."""
    flips = {(True, False): "horizontal", (False, True): "vertical", (True, True): "horizontal_and_vertical"}
    mode: Any = flips.get((bool(generator.horizontal_flip), bool(generator.vertical_flip)))
    made = Units.of_generator(generator, size).steps(generator)
    mirrored = [RandomFlip(mode)] if mode else []
    return Translation(generator, Pipeline([*made, *mirrored, *_values(generator)]), tuple(_notes(generator, size)))


def _values(generator: ImageDataGenerator) -> list[Augmentation]:
    """What the generator does to values after its augmentation."""
    made: list[Augmentation] = []
    if generator.rescale:
        made.append(Rescaling(float(generator.rescale)))
    if generator.samplewise_std_normalization:
        made.append(SamplewiseNormalization())
    elif generator.samplewise_center:
        made.append(SamplewiseCenter())
    if generator.featurewise_center and generator.mean is not None:
        mean = tuple(np.ravel(generator.mean).tolist())
        deviation = np.ones(len(mean)) if generator.std is None else np.ravel(generator.std) + FLOOR
        made.append(FeaturewiseNormalization(mean, tuple((deviation**2).tolist())))
    return made


def _notes(generator: ImageDataGenerator, size: tuple[int, int] | None) -> Iterator[str]:
    """Where the pipeline does otherwise."""
    shifts = [_share(shift, 0, 0) for shift in (generator.width_shift_range, generator.height_shift_range)]
    if None in shifts and size is None:
        yield "A shift by pixels is left out: give to_pipeline the pictures' size=(h, w)."
    if generator.width_shift_range != generator.height_shift_range:
        yield "The generator moves rows by width_shift_range and columns by height_shift_range; so does the pipeline."
    if generator.shear_range:
        yield (
            "The generator's shear also stretches the height by the angle's cosine, which the pipeline leaves out; "
            "Keras's layer slants about the upper left pixel, the other two about the centre."
        )
    if generator.fill_mode == "wrap":
        yield "The generator's wrap repeats after n - 1 pixels, that of the pipeline and the layers after n."
    elif generator.fill_mode not in FILLS:
        yield f"fill_mode={generator.fill_mode!r} has no equal; the pipeline takes 'nearest'."
    if generator.brightness_range is not None:
        yield "The generator rounds values down to whole levels before and after the brightness; the pipeline does not."
    if generator.preprocessing_function:
        yield "preprocessing_function is left out: call it yourself."
    yield from _notes_on_statistics(generator)
    if generator.rotation_range or generator.shear_range or tuple(generator.zoom_range) != (1, 1):
        yield "Pictures that are not square turn about their centre; the generator's turn about another point."


def _notes_on_statistics(generator: ImageDataGenerator) -> Iterator[str]:
    if generator.zca_whitening:
        yield "zca_whitening is left out: add boda.augment.Whitening and call pipeline.adapt(images)."
    if (generator.featurewise_center or generator.featurewise_std_normalization) and generator.mean is None:
        yield "The featurewise statistics are left out: call fit(images) before to_pipeline()."


def _share(shift: Any, side: int, other: int) -> float | None:
    """A shift range as a share of the side that it really moves, `other`; None for pixels of an unknown size."""
    most = float(np.max(np.abs(shift))) if np.size(shift) else 0.0
    if most < 1:
        return most * side / other if other else most
    return most / other if other else None


def _either(most: float | None) -> Pair | None:
    return (-float(most), float(most)) if most else None


def _point(value: float) -> Pair | None:
    return (float(value), float(value)) if value else None


def _plus(pair: Any, added: float) -> Pair | None:
    low, high = float(pair[0]) + added, float(pair[1]) + added
    return (low, high) if low or high else None


def _summary(differences: list[np.ndarray]) -> dict[str, float]:
    levels = np.concatenate([difference.ravel() for difference in differences])
    return {
        "mean": float(levels.mean()),
        "median": float(np.median(levels)),
        "within_2": float((levels <= 2).mean()),
    }
