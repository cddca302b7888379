"""Augmentation: one step of a pipeline. It draws its chances once a sample and says what they do to it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boda.errors import AugmentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np

    from boda.augment.effects import Effect, Scene


@dataclass(frozen=True)
class Augmentation:
    """A step that treats each sample by itself.

    A subclass is a frozen dataclass whose fields are the arguments of Keras's layer of that name, and has a row in
    `AUGMENTATIONS`. It defines `draw` alone: pixels, boxes, masks and points all follow from the effects.
    """

    def draw(self, rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
        """Draw this step's chances for one sample; every chance comes from `rng`, in the same order each time."""
        raise NotImplementedError

    def arguments(self) -> dict[str, Any]:
        """The step's arguments by name, those that differ from the default."""
        return {f.name: value for f in dataclasses.fields(self) if not _is_default(f, value := getattr(self, f.name))}

    def expect(self, fact: bool, argument: str, wanted: str) -> None:  # noqa: FBT001 - reads as a sentence
        """Refuse a wrong argument, by its name.

        Raises:
            AugmentError: `fact` is false.
        """
        if not fact:
            raise AugmentError(
                f"{type(self).__name__}: {argument} must be {wanted}. Received: {argument}={getattr(self, argument)!r}."
            )


def draw_in_turn(steps: Iterable[Augmentation], rng: np.random.Generator, scene: Scene) -> tuple[Effect, ...]:
    """What `steps` do one after the other, each drawing in the scene that those before it leave."""
    effects: list[Effect] = []
    for step in steps:
        for effect in step.draw(rng, scene):
            effects.append(effect)
            scene = scene.after(effect)
    return tuple(effects)


def _is_default(field: dataclasses.Field[Any], value: Any) -> bool:
    return field.default is not dataclasses.MISSING and type(value) is type(field.default) and value == field.default
