"""Augmentation: pictures, and their boxes, masks and points, moved and recoloured by chance.

>>> from boda.augment import Pipeline, RandomFlip, Rescaling
>>> Pipeline([RandomFlip("horizontal"), Rescaling(1 / 255)], seed=1).steps
(RandomFlip(mode='horizontal'), Rescaling(scale=0.00392156862745098, offset=0.0))
"""

from __future__ import annotations

from typing import Any

from boda.augment.batch import Augmented, BatchAugmentation
from boda.augment.labels import Labels
from boda.augment.pipeline import Pipeline
from boda.augment.registry import AUGMENTATIONS
from boda.augment.step import Augmentation

_OWN = (Augmentation, Augmented, BatchAugmentation, Labels, Pipeline)

__all__ = sorted(["AUGMENTATIONS", *(own.__name__ for own in _OWN), *AUGMENTATIONS])  # noqa: PLE0605 - the registry


def __getattr__(name: str) -> Any:
    """The steps, by their names in the registry."""
    if name not in AUGMENTATIONS:
        raise AttributeError(f"module 'boda.augment' has no attribute {name!r}")
    return AUGMENTATIONS[name]


def __dir__() -> list[str]:
    return list(__all__)
