"""Light and colour: what changes values and moves nothing, so that boxes, masks and points stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from boda.augment import tone
from boda.augment.effects import Effect, Paint, Scene
from boda.augment.factors import FULL, Factor, Range, draw_factor, expect_factor, expect_range
from boda.augment.step import Augmentation

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class _OfFactor(Augmentation):
    """A step that draws one number from a factor between `least` and `most`, for values of a range."""

    factor: Factor
    value_range: Range = FULL

    least: ClassVar[float] = 0.0
    most: ClassVar[float] = 1.0

    def __post_init__(self) -> None:
        """Refuse what no factor or range is."""
        expect_factor(self, "factor", self.least, self.most)
        expect_range(self)


@dataclass(frozen=True)
class RandomBrightness(_OfFactor):
    """Add one number to all values.

    Args:
        factor: the range of what is added, as a share of the value range, -1 to 1; 0.2 stands for (-0.2, 0.2).
        value_range: the least and the greatest value; results are clipped to it.

    Reference:
        keras.layers.RandomBrightness
    """

    least: ClassVar[float] = -1.0

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - any scene
        """One Tone."""
        low, high = self.value_range
        return (tone.linear(1.0, draw_factor(rng, self.factor) * (high - low), low, high),)


@dataclass(frozen=True)
class RandomContrast(_OfFactor):
    """Stretch or shrink the distance of each value from its channel's mean.

    Args:
        factor: (lower, upper), from 0 to 1: distances are multiplied by 1 - lower to 1 + upper; 0.2 stands for
            (0.2, 0.2). Keras documents the same, though its 3.15 draws from 1 to 1.2 for a lone 0.2.
        value_range: the least and the greatest value; results are clipped to it.

    Reference:
        keras.layers.RandomContrast
    """

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - any scene
        """One Tone."""
        lower, upper = (self.factor, self.factor) if isinstance(self.factor, (int, float)) else self.factor
        return (tone.contrast(draw_factor(rng, (1.0 - lower, 1.0 + upper)), *self.value_range),)


@dataclass(frozen=True)
class RandomSaturation(_OfFactor):
    """Make colours paler or stronger; it harms classes that differ by how colourful they are.

    The saturation of HSV is multiplied by f / (1 - f), and stays at most 1. (In Keras 3.15 it may pass 1 for values of
    0 to 255, and colours then turn over.)

    Args:
        factor: the range of f, 0 to 1: 0 is grey, 0.5 leaves the picture, 1 is the strongest; a number f stands for
            (0, f).
        value_range: the least and the greatest value.

    Reference:
        keras.layers.RandomSaturation
    """

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - any scene
        """One Tone."""
        factor = draw_factor(rng, self.factor, symmetric=False)
        return (tone.saturation(factor / (1.0 - factor + 1e-7), self.value_range[0]),)


@dataclass(frozen=True)
class RandomHue(_OfFactor):
    """Turn all colours around the circle of hues; it destroys labels that are colours.

    Args:
        factor: the range of the turn to either side, 0 to 1, where 1 is half the circle; a number f stands for (0, f).
        value_range: the least and the greatest value.

    Reference:
        keras.layers.RandomHue
    """

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - any scene
        """One Tone."""
        sign = -1.0 if rng.random() > 0.5 else 1.0
        return (tone.hue(0.5 * sign * draw_factor(rng, self.factor, symmetric=False), self.value_range[0]),)


@dataclass(frozen=True)
class RandomColorJitter(Augmentation):
    """RandomBrightness, RandomContrast, RandomSaturation and RandomHue in turn, those that are wanted.

    Args:
        value_range: the least and the greatest value.
        brightness_factor: as the factor of RandomBrightness; None leaves it out.
        contrast_factor: as that of RandomContrast.
        saturation_factor: as that of RandomSaturation.
        hue_factor: as that of RandomHue.

    Reference:
        keras.layers.RandomColorJitter
    """

    value_range: Range = FULL
    brightness_factor: Factor | None = None
    contrast_factor: Factor | None = None
    saturation_factor: Factor | None = None
    hue_factor: Factor | None = None

    def __post_init__(self) -> None:
        """Refuse what no factor or range is."""
        self.steps()

    def steps(self) -> list[Augmentation]:
        """The steps that it stands for."""
        wanted: list[tuple[Callable[..., Augmentation], Factor | None]] = [
            (RandomBrightness, self.brightness_factor),
            (RandomContrast, self.contrast_factor),
            (RandomSaturation, self.saturation_factor),
            (RandomHue, self.hue_factor),
        ]
        return [step(factor, self.value_range) for step, factor in wanted if factor is not None]

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
        """Up to four Tones."""
        return tuple(effect for step in self.steps() for effect in step.draw(rng, scene))


@dataclass(frozen=True)
class RandomColorDegeneration(_OfFactor):
    """Go some of the way to grey.

    Args:
        factor: the range of the share, 0 to 1, where 1 is grey; a number f stands for (0, f).
        value_range: the least and the greatest value; results are clipped to it.

    Reference:
        keras.layers.RandomColorDegeneration
    """

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - any scene
        """One Tone."""
        return (tone.grey(draw_factor(rng, self.factor, symmetric=False), *self.value_range),)


@dataclass(frozen=True)
class RandomGrayscale(Augmentation):
    """Make a picture grey, by chance; it keeps its three channels.

    Args:
        factor: the chance, 0 to 1.

    Reference:
        keras.layers.RandomGrayscale
    """

    factor: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what no chance is."""
        self.expect(isinstance(self.factor, (int, float)) and 0 <= self.factor <= 1, "factor", "a chance from 0 to 1")

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - any scene
        """At most one Tone."""
        return (tone.grey(1.0, -np.inf, np.inf),) if rng.random() < self.factor else ()


@dataclass(frozen=True)
class RandomChannelShift(Augmentation):
    """Add one number to all values, clipped to the picture's own least and greatest value.

    It is the `channel_shift_range` of `ImageDataGenerator`; Keras has no layer for it.

    Args:
        factor: the range of what is added, in the values' own units; 20 stands for (-20, 20).
    """

    factor: Factor

    def __post_init__(self) -> None:
        """Refuse what no factor is."""
        expect_factor(self, "factor", -np.inf, np.inf)

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - any scene
        """One Tone."""
        return (tone.channel_shift(draw_factor(rng, self.factor)),)


@dataclass(frozen=True)
class RandomGain(_OfFactor):
    """Multiply all values by one number.

    It is the `brightness_range` of `ImageDataGenerator`; Keras's layer RandomBrightness adds instead.

    Args:
        factor: the range (low, high) of the number, from 0: (0.8, 1.2); a number f stands for (1 - f, 1 + f).
        value_range: the least and the greatest value, from the least of which is measured; results are clipped to it.
    """

    most: ClassVar[float] = np.inf

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - any scene
        """One Tone."""
        f, (low, high) = self.factor, self.value_range
        gain = draw_factor(rng, (1.0 - f, 1.0 + f) if isinstance(f, (int, float)) else f)
        return (tone.linear(gain, low * (1.0 - gain), low, high),)


@dataclass(frozen=True)
class RandomPosterization(Augmentation):
    """Keep only the upper bits of each value.

    Args:
        factor: how many bits, 1 to 8; a pair (low, high) draws one from low to below high.
        value_range: the least and the greatest value.

    Reference:
        keras.layers.RandomPosterization
    """

    factor: int | tuple[int, int]
    value_range: Range = FULL

    def __post_init__(self) -> None:
        """Refuse what no number of bits or range is."""
        numbers = self.factor if isinstance(self.factor, (tuple, list)) else (self.factor, self.factor)
        whole = all(isinstance(n, int) and 1 <= n <= 8 for n in numbers)
        self.expect(whole and len(numbers) == 2, "factor", "a whole number of bits from 1 to 8, or a pair of them")
        expect_range(self)

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - any scene
        """One Tone."""
        low, high = sorted(self.factor) if isinstance(self.factor, (tuple, list)) else (self.factor, self.factor)
        bits = low if low == high else int(rng.integers(low, high))
        return (tone.posterize(bits, *self.value_range),)


@dataclass(frozen=True)
class RandomInvert(_OfFactor):
    """Make a negative, by chance.

    Args:
        factor: the chance, 0 to 1; a pair (low, high) draws the chance itself.
        value_range: the least and the greatest value; x becomes greatest - x.

    Reference:
        keras.layers.RandomInvert
    """

    factor: Factor = 1.0

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - any scene
        """At most one Tone."""
        pair = (self.factor, self.factor) if isinstance(self.factor, (int, float)) else self.factor
        chance = draw_factor(rng, (float(pair[0]), float(pair[1])))
        return (tone.linear(-1.0, self.value_range[1]),) if rng.random() < chance else ()


@dataclass(frozen=True)
class Solarization(Augmentation):
    """Add to all values, then invert those that are not below a threshold.

    Args:
        addition_factor: the range of what is added, as a share of the value range, 0 to 1; a number f for (0, f).
        threshold_factor: the range of the threshold, 0 to 1; a number f for (0, f).
        value_range: the least and the greatest value.

    Reference:
        keras.layers.Solarization
    """

    addition_factor: Factor = 0.0
    threshold_factor: Factor = 0.0
    value_range: Range = FULL

    def __post_init__(self) -> None:
        """Refuse what no factor or range is."""
        expect_factor(self, "addition_factor", 0, 1)
        expect_factor(self, "threshold_factor", 0, 1)
        expect_range(self)

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - any scene
        """One Tone."""
        added = 255.0 * draw_factor(rng, self.addition_factor, symmetric=False)
        threshold = 255.0 * draw_factor(rng, self.threshold_factor, symmetric=False)
        return (tone.solarize(added, threshold, *self.value_range),)


@dataclass(frozen=True)
class AutoContrast(Augmentation):
    """Stretch each channel so that it fills the whole range.

    Args:
        value_range: the range to fill.

    Reference:
        keras.layers.AutoContrast
    """

    value_range: Range = FULL

    def __post_init__(self) -> None:
        """Refuse what no range is."""
        expect_range(self)

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - nothing to draw
        """One Tone."""
        return (tone.stretch(*self.value_range),)


@dataclass(frozen=True)
class Equalization(Augmentation):
    """Make all levels of each channel about equally frequent; a channel of one level stays.

    Args:
        value_range: the least and the greatest value.
        bins: how many levels are counted, 2 or more.

    Reference:
        keras.layers.Equalization
    """

    value_range: Range = FULL
    bins: int = 256

    def __post_init__(self) -> None:
        """Refuse what no range or number of levels is."""
        expect_range(self)
        self.expect(isinstance(self.bins, int) and self.bins >= 2, "bins", "a whole number from 2")

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - nothing to draw
        """One Paint."""
        return (Paint(self._equalize),)

    def _equalize(self, image: np.ndarray) -> np.ndarray:
        """Level -> round(255 (cdf(level) - least) / (n - least)), least being how many have the least level."""
        from boda.augment import tone_kernels

        image = np.ascontiguousarray(image)
        low, high = (np.float32(limit) for limit in self.value_range)
        tone_kernels.equalize(image.reshape(-1), image.shape[2], self.bins, low, high)
        return image
