"""Standardising: the steps that centre, scale or whiten pictures, by their own numbers or by a data set's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boda.augment import tone, whiten
from boda.augment.effects import Effect, Paint, Scene
from boda.augment.statistics import FLOOR, fit_statistics
from boda.augment.step import Augmentation
from boda.errors import AugmentError

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class SamplewiseCenter(Augmentation):
    """Subtract a picture's own mean, over all its pixels and channels.

    It is the `samplewise_center` of `ImageDataGenerator`; Keras has no layer for it.
    """

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - nothing to draw
        """One Tone."""
        return (tone.samplewise(scaled=False),)


@dataclass(frozen=True)
class SamplewiseNormalization(Augmentation):
    """Subtract a picture's own mean and divide by its own deviation: (x - mean) / (std + 1e-6).

    It is `samplewise_center` with `samplewise_std_normalization` of `ImageDataGenerator`; Keras has no layer for it.
    """

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - nothing to draw
        """One Tone."""
        return (tone.samplewise(scaled=True),)


@dataclass(frozen=True)
class FeaturewiseNormalization(Augmentation):
    """Subtract a data set's mean of each channel and divide by its deviation: (x_c - mean_c) / (std_c + 1e-6).

    It is `featurewise_center` with `featurewise_std_normalization` of `ImageDataGenerator`, and `adapt` is the
    generator's `fit`.

    Args:
        mean: one number a channel, or one for all; None subtracts nothing.
        variance: std^2, as `mean`; None divides by nothing. With neither, the step has to be adapted before use.

    Example:
        >>> step = FeaturewiseNormalization().adapt(np.array([[[[0.0]], [[4.0]]]]))
        >>> step
        FeaturewiseNormalization(mean=(2.0,), variance=(4.0,))

    Reference:
        keras.layers.Normalization, which divides by max(std, 1e-7)
    """

    mean: tuple[float, ...] | None = None
    variance: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse what are no numbers, or no variances."""
        for name, least in (("mean", -np.inf), ("variance", 0.0)):
            numbers = getattr(self, name)
            rows = isinstance(numbers, (tuple, list)) and len(numbers) > 0
            fits = numbers is None or (rows and all(isinstance(x, (int, float)) and x >= least for x in numbers))
            self.expect(fits, name, "a tuple of numbers" + (" from 0, one a channel" if least == 0 else ""))

    @property
    def fitted(self) -> bool:
        """Whether there is anything to subtract or to divide by."""
        return self.mean is not None or self.variance is not None

    def adapt(self, images: np.ndarray | Iterable[np.ndarray]) -> FeaturewiseNormalization:
        """A step with the mean and the variance of `images`, (n, h, w, c) or batches of such, uint8 or float."""
        found = fit_statistics(images)
        return replace(self, mean=tuple(found.mean.tolist()), variance=tuple(np.square(found.std).tolist()))

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - nothing to draw
        """Two Tones, or, for more channels than tones have, a Paint."""
        self.expect(self.fitted, "mean", "known before use: call adapt(images) of the step or of the pipeline")
        mean = self._each_channel("mean", self.mean or (0.0,), scene)
        gain = np.ones(scene.channels)
        if self.variance is not None:
            gain = 1.0 / (np.sqrt(self._each_channel("variance", self.variance, scene)) + FLOOR)
        if scene.channels > tone.MOST_CHANNELS:
            return (Paint(partial(_normalize, mean=mean.astype(np.float32), gain=gain.astype(np.float32))),)
        zeros = [0.0] * scene.channels
        return tone.channelwise([1.0] * scene.channels, (-mean).tolist()), tone.channelwise(gain.tolist(), zeros)

    def _each_channel(self, name: str, numbers: tuple[float, ...], scene: Scene) -> np.ndarray:
        fits = len(numbers) in {1, scene.channels}
        self.expect(fits, name, f"one number, or one for each of the picture's {scene.channels} channels")
        return np.broadcast_to(np.asarray(numbers, np.float64), (scene.channels,))


@dataclass(frozen=True)
class Whitening(Augmentation):
    """Make the values of a data set's pictures uncorrelated (ZCA), all pictures being of one size.

    It is the `zca_whitening` of `ImageDataGenerator`, and `adapt` is the generator's `fit`; Keras has no layer for
    it. Put it last, behind everything that moves or recolours.

    Args:
        path: the file that `save` wrote, from which the fitted whitening is read when it is first needed. TOML keeps
            this path alone, so save a step before you write its pipeline.
        epsilon: added to the singular values by `adapt`; see `boda.augment.whiten`.

    Reference:
        Bell and Sejnowski, The "independent components" of natural scenes are edge filters, 1997
    """

    path: str | None = None
    epsilon: float = 1e-6
    _known: whiten.Whitening | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no epsilon."""
        self.expect(isinstance(self.epsilon, (int, float)) and self.epsilon >= 0, "epsilon", "a number from 0")

    @property
    def fitted(self) -> bool:
        """Whether it has learned from pictures, or has a file of one that has."""
        return self._known is not None or self.path is not None

    @cached_property
    def value(self) -> whiten.Whitening:
        """The fitted whitening.

        Raises:
            AugmentError: There is none, or the file at `path` is none.
        """
        self.expect(self.fitted, "path", "a file, unless adapt(images) of the step or of the pipeline comes before use")
        return self._known if self._known is not None else whiten.Whitening.from_npz(Path(self.path or ""))

    def adapt(self, images: np.ndarray | Iterable[np.ndarray]) -> Whitening:
        """A step that has learned from `images`, (n, h, w, c) or batches of such, uint8 or float."""
        return Whitening(None, self.epsilon, whiten.fit_whitening(images, self.epsilon))

    def save(self, path: str | Path) -> Whitening:
        """Write the fitted whitening to `path`, an .npz; the step that reads it from there."""
        self.value.to_npz(Path(path))
        return replace(self, path=str(path))

    def arguments(self) -> dict[str, Any]:
        """The step's arguments by name, without what was learned."""
        return {name: value for name, value in super().arguments().items() if name != "_known"}

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:  # noqa: ARG002 - nothing to draw
        """One Paint."""
        return (Paint(partial(_whiten, whitening=self.value)),)


def _whiten(image: np.ndarray, whitening: whiten.Whitening) -> np.ndarray:
    if image.shape != whitening.shape:
        raise AugmentError(
            f"Whitening: it was learned from pictures of {whitening.shape}, height, width and channels. Received: "
            f"{image.shape}. Put a Resizing before it, or adapt it to such pictures."
        )
    return whitening.apply(image).astype(np.float32, copy=False)


def _normalize(image: np.ndarray, mean: np.ndarray, gain: np.ndarray) -> np.ndarray:
    image -= mean
    image *= gain
    return image
