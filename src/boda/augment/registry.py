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
from boda.augment.crop import CenterCrop, RandomCrop
from boda.augment.flip import RandomFlip
from boda.augment.project import RandomPerspective
from boda.augment.rescale import Rescaling
from boda.augment.resize import Resizing
from boda.augment.turn import RandomRotation, RandomShear, RandomTranslation, RandomZoom

if TYPE_CHECKING:
    from boda.augment.step import Augmentation

AUGMENTATIONS: dict[str, type[Augmentation]] = {
    "AutoContrast": AutoContrast,
    "CenterCrop": CenterCrop,
    "Equalization": Equalization,
    "RandomBrightness": RandomBrightness,
    "RandomChannelShift": RandomChannelShift,
    "RandomColorDegeneration": RandomColorDegeneration,
    "RandomColorJitter": RandomColorJitter,
    "RandomContrast": RandomContrast,
    "RandomCrop": RandomCrop,
    "RandomFlip": RandomFlip,
    "RandomGain": RandomGain,
    "RandomGrayscale": RandomGrayscale,
    "RandomHue": RandomHue,
    "RandomInvert": RandomInvert,
    "RandomPerspective": RandomPerspective,
    "RandomPosterization": RandomPosterization,
    "RandomRotation": RandomRotation,
    "RandomSaturation": RandomSaturation,
    "RandomShear": RandomShear,
    "RandomTranslation": RandomTranslation,
    "RandomZoom": RandomZoom,
    "Rescaling": Rescaling,
    "Resizing": Resizing,
    "Solarization": Solarization,
}
