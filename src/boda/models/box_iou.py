"""A metric of boxes for Keras: the mean IoU of paired boxes, or the share of pairs that agree well enough.

Importing this imports Keras; `boda` does so when the name is first used.
"""

from __future__ import annotations

from typing import Any

from boda.errors import RecipeError
from boda.models.box_overlap import as_pair, check_format, iou, to_xyxy
from boda.models.keras_import import import_keras

keras = import_keras()


@keras.saving.register_keras_serializable("boda")
class BoxIoU(keras.metrics.Mean):  # type: ignore[misc, name-defined]
    """Mean IoU of paired boxes, or the share of pairs whose IoU is `threshold` or more; 0 to 1, over all pairs seen.

    `keras.metrics.MeanIoU` is another thing: it counts class indices of pixels, and takes the four numbers of a box for
    classes.

    Args:
        threshold: None for the mean, or an IoU from 0 to 1 for the share of pairs that reach it.
        box_format: what the four numbers are: "xyxy", "cxcywh" or "xywh", pixels or shares alike.
        name: of the metric; "box_iou", or "box_iou_50" for a threshold of 0.5, if None.
        dtype: of the sums that it keeps.

    Inputs:
        y_true, y_pred: (n, ..., 4); weights of the samples, where given, (n,) or (n, ...).

    Raises:
        RecipeError: The threshold is not from 0 to 1, there is no such format, or what comes is not (..., 4).

    Example:
        >>> import boda
        >>> metric = boda.BoxIoU()
        >>> metric.update_state([[0, 0, 2, 2], [0, 0, 1, 1]], [[0, 0, 2, 1], [5, 5, 6, 6]])
        >>> float(metric.result())
        0.25
    """

    def __init__(
        self,
        threshold: float | None = None,
        box_format: str = "xyxy",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        if threshold is not None and not 0 <= threshold <= 1:
            raise RecipeError(f"threshold must be None, or an IoU from 0 to 1. Received: {threshold!r}.")
        super().__init__(
            name=name or ("box_iou" if threshold is None else f"box_iou_{100 * threshold:.0f}"), dtype=dtype
        )
        self.threshold = threshold
        self.box_format = check_format(box_format)
        self._direction = "up"  # for Keras's callbacks: more is better

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add the pairs of `y_true` and `y_pred`, both (n, ..., 4)."""
        true, found = (to_xyxy(boxes, self.box_format) for boxes in as_pair(y_true, y_pred, self.dtype))
        overlap = iou(true, found)
        if self.threshold is not None:
            overlap = keras.ops.cast(overlap >= self.threshold, self.dtype)
        super().update_state(overlap, sample_weight=sample_weight)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes the same metric of."""
        return {**super().get_config(), "threshold": self.threshold, "box_format": self.box_format}
