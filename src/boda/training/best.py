"""The best epoch so far, as early stopping sees it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

HIGHER = ("acc", "auc", "f1", "precision", "recall", "iou")


@dataclass(frozen=True, eq=False)
class Best:
    """The value, epoch (from 1) and weights of the best epoch, and how many epochs have passed since.

    >>> best = Best().after(1, 0.5, "val_loss", list).after(2, 0.7, "val_loss", list)
    >>> best.epoch, best.waited
    (1, 1)
    """

    value: float | None = None
    epoch: int = 0
    waited: int = 0
    weights: list[np.ndarray] | None = None

    def after(self, epoch: int, value: float, monitor: str, weights: Callable[[], list[np.ndarray]]) -> Best:
        """The best of this one and of `epoch`; `weights` is called only where that is better."""
        if self.value is None or is_better(value, self.value, monitor):
            return Best(value, epoch, 0, weights())
        return replace(self, waited=self.waited + 1)


def is_better(value: float, other: float, monitor: str) -> bool:
    """Whether `value` of the figure `monitor` beats `other`: higher for an accuracy and its kin, else lower."""
    return value > other if any(word in monitor for word in HIGHER) else value < other
