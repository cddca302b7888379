"""What was found in one picture: boxes, how sure each is, and what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from boda.boxes.array import as_boxes
from boda.errors import LabelError


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Boxes that were found in one picture; lists are taken too, and become arrays.

    Attributes:
        boxes: (n, 4) float32, xyxy pixels in the displayed frame.
        scores: (n,) float32 confidences.
        labels: (n,) int64 class indices.

    Raises:
        LabelError: Not as many scores or labels as boxes.

    Example:
        >>> found = Detections([[0, 0, 9, 9], [5, 5, 8, 8]], [0.3, 0.8], [0, 1])
        >>> len(found), len(found.above(0.5)), found.best(1).labels.tolist()
        (2, 1, [1])
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        for name, value in (
            ("boxes", as_boxes(self.boxes).astype(np.float32, copy=False)),
            ("scores", np.asarray(self.scores, np.float32).reshape(-1)),
            ("labels", np.asarray(self.labels, np.int64).reshape(-1)),
        ):
            object.__setattr__(self, name, value)
        if not len(self.boxes) == len(self.scores) == len(self.labels):
            raise LabelError(
                "One score and one label a box are wanted. "
                f"Received: {len(self.boxes)} boxes, {len(self.scores)} scores, {len(self.labels)} labels."
            )

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def empty(cls) -> Detections:
        """Nothing found."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))

    def take(self, rows: Any) -> Detections:
        """Those at `rows`, indices or a mask (n,) of bools, in that order."""
        return Detections(self.boxes[rows], self.scores[rows], self.labels[rows])

    def above(self, score: float) -> Detections:
        """Those whose score is `score` or more, in the order that they have."""
        return self.take(self.scores >= score)

    def best(self, k: int) -> Detections:
        """The `k` of the highest scores, highest first; all where there are fewer."""
        return self.take(np.argsort(-self.scores, kind="stable")[:k])
