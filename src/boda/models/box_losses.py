"""Losses of boxes for Keras: smooth L1, and one less IoU, GIoU, DIoU or CIoU.

Importing this imports Keras; `boda` does so when one of the names is first used.
"""

from __future__ import annotations

from typing import Any, ClassVar

from boda.errors import RecipeError
from boda.models.box_overlap import OVERLAPS, as_pair, check_format, to_xyxy
from boda.models.keras_import import import_keras

keras = import_keras()


class _OverlapLoss(keras.losses.Loss):  # type: ignore[misc, name-defined]
    """One less an overlap of two boxes, (...) from (..., 4)."""

    kind: ClassVar[str]

    def __init__(
        self,
        box_format: str = "xyxy",
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name or f"{self.kind}_loss", reduction=reduction, dtype=dtype)
        self.box_format = check_format(box_format)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each pair, (...), of boxes (..., 4)."""
        true, found = (to_xyxy(boxes, self.box_format) for boxes in as_pair(y_true, y_pred, self.dtype))
        return 1.0 - OVERLAPS[self.kind](true, found)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes the same loss of."""
        return {**super().get_config(), "box_format": self.box_format}


@keras.saving.register_keras_serializable("boda")
class IoULoss(_OverlapLoss):
    """One less intersection over union, 0 to 1.

    Boxes that do not meet all lose 1, with a slope of 0: such a box learns nothing. Take another of the family to
    train by, this one to compare with.

    Args:
        box_format: what the four numbers are: "xyxy", "cxcywh" or "xywh", pixels or shares alike.
        reduction: as in every Keras loss: "sum_over_batch_size" (the mean), "sum" or None.
        name: of the loss.
        dtype: in which it is computed.

    Inputs:
        y_true, y_pred: (..., 4). The loss of each pair is (...) before it is reduced.

    Raises:
        RecipeError: There is no such format, or what comes is not (..., 4).

    Example:
        >>> import boda
        >>> float(boda.IoULoss()([[0.0, 0.0, 2.0, 2.0]], [[0.0, 0.0, 2.0, 1.0]]))
        0.5

    Reference: Yu et al., UnitBox, ACM Multimedia 2016, arXiv 1608.01471 (there as -ln IoU).
    """

    kind = "iou"


@keras.saving.register_keras_serializable("boda")
class GIoULoss(_OverlapLoss):
    """One less generalised IoU, 0 to 2: boxes that do not meet are drawn together.

        loss = 1 - IoU + (area(C) - area(A or B)) / area(C),   C the smallest box that holds both

    Args, Inputs, Raises: as `IoULoss`.

    Example:
        >>> import boda
        >>> round(float(boda.GIoULoss()([[0.0, 0.0, 1.0, 1.0]], [[2.0, 0.0, 3.0, 1.0]])), 4)
        1.3333

    Reference: Rezatofighi et al., Generalized Intersection over Union, CVPR 2019, arXiv 1902.09630.
    """

    kind = "giou"


@keras.saving.register_keras_serializable("boda")
class DIoULoss(_OverlapLoss):
    """One less distance IoU, 0 to 2: centres are drawn together, also of boxes within each other.

        loss = 1 - IoU + d² / c²,   d between the centres, c the diagonal of the smallest box that holds both

    Args, Inputs, Raises: as `IoULoss`.

    Example:
        >>> import boda
        >>> round(float(boda.DIoULoss()([[0.0, 0.0, 1.0, 1.0]], [[2.0, 0.0, 3.0, 1.0]])), 4)
        1.4

    Reference: Zheng et al., Distance-IoU Loss, AAAI 2020, arXiv 1911.08287.
    """

    kind = "diou"


@keras.saving.register_keras_serializable("boda")
class CIoULoss(_OverlapLoss):
    """The loss of DIoU, and a term for unequal aspects.

        loss = 1 - IoU + d² / c² + a v,   v = (4 / π²) (arctan(w / h) - arctan(w' / h'))²,   a = v / (1 - IoU + v)

    The weight a passes no slope back.

    Args, Inputs, Raises: as `IoULoss`.

    Example:
        >>> import boda
        >>> round(float(boda.CIoULoss()([[0.0, 0.0, 2.0, 2.0]], [[0.0, 0.0, 2.0, 1.0]])), 4)
        0.5345

    Reference: Zheng et al., Distance-IoU Loss, AAAI 2020, arXiv 1911.08287.
    """

    kind = "ciou"


@keras.saving.register_keras_serializable("boda")
class SmoothL1Loss(keras.losses.Loss):  # type: ignore[misc, name-defined]
    """The mean over the four numbers of d² / (2 beta) where |d| < beta, and of |d| - beta / 2 beyond.

    The numbers are compared as they are, so it matters what they are: targets in shares of the picture want a small
    beta, such as 0.1. It is `keras.losses.Huber(delta=beta)` divided by beta.

    Args:
        beta: where the parabola becomes a line, above 0, in the unit of the numbers.
        reduction: as in every Keras loss: "sum_over_batch_size" (the mean), "sum" or None.
        name: of the loss.
        dtype: in which it is computed.

    Inputs:
        y_true, y_pred: (..., 4). The loss of each pair is (...) before it is reduced.

    Raises:
        RecipeError: beta is not above 0, or what comes is not (..., 4).

    Example:
        >>> import boda
        >>> float(boda.SmoothL1Loss()([[0.0, 0.0, 4.0, 4.0]], [[0.0, 0.0, 4.0, 7.0]]))
        0.625

    Reference: Girshick, Fast R-CNN, ICCV 2015, arXiv 1504.08083 (there with beta = 1).
    """

    def __init__(
        self,
        beta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name or "smooth_l1_loss", reduction=reduction, dtype=dtype)
        if not beta > 0:
            raise RecipeError(f"beta must be above 0, where the parabola becomes a line. Received: {beta!r}.")
        self.beta = beta

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each pair, (...), of boxes (..., 4)."""
        true, found = as_pair(y_true, y_pred, self.dtype)
        away = keras.ops.abs(found - true)
        curve, line = away * away / (2.0 * self.beta), away - self.beta / 2.0
        return keras.ops.mean(keras.ops.where(away < self.beta, curve, line), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes the same loss of."""
        return {**super().get_config(), "beta": self.beta}
