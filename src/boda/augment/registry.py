"""Every augmentation step by its name; a new step has a row here, and `tests/contracts` then tests it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from boda.augment.flip import RandomFlip
from boda.augment.rescale import Rescaling
from boda.augment.turn import RandomRotation

if TYPE_CHECKING:
    from boda.augment.step import Augmentation

AUGMENTATIONS: dict[str, type[Augmentation]] = {
    "RandomFlip": RandomFlip,
    "RandomRotation": RandomRotation,
    "Rescaling": Rescaling,
}
