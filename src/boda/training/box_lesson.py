"""A lesson in boxes: batches with what each place of the network is asked for."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from boda.models.heads.detect import encode_detect
from boda.models.heads.locate import encode_locate
from boda.training.sources import Order

if TYPE_CHECKING:
    from boda.augment.pipeline import Pipeline
    from boda.training.box_pictures import BoxPictures
    from boda.training.sources import Batch

REMEMBERED = 2**28  # bytes of what is asked for, that are not worked out again in each epoch


@dataclass(frozen=True, eq=False)
class BoxLesson(Order):
    """Pictures to learn boxes from.

    Args:
        task: "locate" or "detect".
        pipeline: how pictures are varied.

    The others are those of `Order`.
    """

    pictures: BoxPictures
    task: str
    pipeline: Pipeline

    def __post_init__(self) -> None:
        """Remember what has been worked out, within a limit."""
        one = self._work_out(int(self.indices[0]), 0)
        remembered = functools.lru_cache(maxsize=max(1, REMEMBERED // one.nbytes))(self._work_out)
        object.__setattr__(self, "_asked", remembered)

    def finish(self, x: np.ndarray, epoch: int, batch: int, views: np.ndarray) -> Batch:
        """A batch of `x`, whose pictures come in `views` (m,), with what is asked of each."""
        places = self.indices[self.rows(epoch, batch)]
        asked = [self._asked(int(i), int(view)) for i, view in zip(places, views, strict=True)]  # type: ignore[attr-defined]
        return x, np.stack(asked), np.ones(len(asked), np.float32)

    def _work_out(self, index: int, view: int) -> np.ndarray:
        return self.encode(*self.pictures.asked(index, self.pipeline, view))

    def encode(self, boxes: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """What each place is asked for, where these boxes (n, 4), in pixels of the view, are to be found."""
        size = self.pictures.view.size
        if self.task == "locate":
            return encode_locate(boxes, labels, size)
        return encode_detect(boxes, labels, size, self.pictures.classes)
