"""Every augmentation step by its name; a new step has a row here, and `tests/contracts` then tests it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boda.augment.colour import (
    AutoContrast,
    Equalization,
    RandomBrightness,
    RandomChannelShift,
    RandomColorDegeneration,
    RandomColorJitter,
    RandomContrast,
    RandomGain,
    RandomGrayscale,
    RandomHue,
    RandomInvert,
    RandomPosterization,
    RandomSaturation,
    Solarization,
)
from boda.augment.compress import RandomJpegCompression
from boda.augment.crop import CenterCrop, RandomCrop
from boda.augment.erase import RandomErasing
from boda.augment.flip import RandomFlip
from boda.augment.mix import CutMix, MixUp
from boda.augment.mosaic import Mosaic
from boda.augment.policy import AugMix, RandAugment
from boda.augment.project import RandomPerspective
from boda.augment.rescale import Rescaling
from boda.augment.resize import Resizing
from boda.augment.soften import RandomGaussianBlur, RandomSharpness
from boda.augment.standardise import FeaturewiseNormalization, SamplewiseCenter, SamplewiseNormalization, Whitening
from boda.augment.turn import RandomRotation, RandomShear, RandomTranslation, RandomZoom

if TYPE_CHECKING:
    from boda.augment.step import Augmentation

AUGMENTATIONS: dict[str, type[Augmentation]] = {
    "AugMix": AugMix,
    "AutoContrast": AutoContrast,
    "CenterCrop": CenterCrop,
    "CutMix": CutMix,
    "Equalization": Equalization,
    "FeaturewiseNormalization": FeaturewiseNormalization,
    "MixUp": MixUp,
    "Mosaic": Mosaic,
    "RandAugment": RandAugment,
    "RandomBrightness": RandomBrightness,
    "RandomChannelShift": RandomChannelShift,
    "RandomColorDegeneration": RandomColorDegeneration,
    "RandomColorJitter": RandomColorJitter,
    "RandomContrast": RandomContrast,
    "RandomCrop": RandomCrop,
    "RandomErasing": RandomErasing,
    "RandomFlip": RandomFlip,
    "RandomGain": RandomGain,
    "RandomGaussianBlur": RandomGaussianBlur,
    "RandomGrayscale": RandomGrayscale,
    "RandomHue": RandomHue,
    "RandomInvert": RandomInvert,
    "RandomJpegCompression": RandomJpegCompression,
    "RandomPerspective": RandomPerspective,
    "RandomPosterization": RandomPosterization,
    "RandomRotation": RandomRotation,
    "RandomSaturation": RandomSaturation,
    "RandomSharpness": RandomSharpness,
    "RandomShear": RandomShear,
    "RandomTranslation": RandomTranslation,
    "RandomZoom": RandomZoom,
    "Rescaling": Rescaling,
    "Resizing": Resizing,
    "SamplewiseCenter": SamplewiseCenter,
    "SamplewiseNormalization": SamplewiseNormalization,
    "Solarization": Solarization,
    "Whitening": Whitening,
}
